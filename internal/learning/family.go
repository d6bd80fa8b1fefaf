package learning

// Family gives the items of a heaviest k-family of an order: a set without a chain
// of more than k items (Greene and Kleitman 1976), here with a weight, at least 0,
// for each item. The items come in rising order.
//
// Each item i is given two heights from 0 to k, a[i] and b[i]: a[i] is at least the
// b of all it requires, and b[i] is a[i] or, where i is in the family, one more. The
// sum of weights over b[i]-a[i] is greatest where a minimum cut says so: heights are
// cut into k thresholds each, and "at least t" at one place implies it at another
// (a closure in the sense of Picard 1976).
func Family(o Order, weight []int, k int) []int {
	n := len(o)
	a := func(i, t int) int { return 2 + 2*(i*k+t) }
	b := func(i, t int) int { return 3 + 2*(i*k+t) }
	f := newFlow(2 + 2*n*k)
	for i, needs := range o {
		for t := range k {
			f.arc(source, b(i, t), weight[i])
			f.arc(a(i, t), sink, weight[i])
			f.arc(a(i, t), b(i, t), unbounded)
			if t+1 < k {
				f.arc(b(i, t+1), a(i, t), unbounded)
				f.arc(b(i, t+1), b(i, t), unbounded)
				f.arc(a(i, t+1), a(i, t), unbounded)
			}
			for _, j := range needs {
				f.arc(b(j, t), a(i, t), unbounded)
			}
		}
	}
	f.run()
	var family []int
	for i := range o {
		for t := range k {
			if f.cut(b(i, t)) && !f.cut(a(i, t)) {
				family = append(family, i)
				break
			}
		}
	}
	return family
}

const (
	source    = 0
	sink      = 1
	unbounded = 1 << 40
)

// flow finds a maximum flow by Dinic's algorithm (1970).
type flow struct {
	to, room []int   // arcs; arc x^1 is the reverse of arc x
	from     [][]int // arcs of each place
	depth    []int
	next     []int
}

func newFlow(places int) *flow {
	return &flow{from: make([][]int, places), depth: make([]int, places), next: make([]int, places)}
}

func (f *flow) arc(from, to, room int) {
	f.from[from] = append(f.from[from], len(f.to))
	f.from[to] = append(f.from[to], len(f.to)+1)
	f.to = append(f.to, to, from)
	f.room = append(f.room, room, 0)
}

func (f *flow) run() {
	for f.measure() {
		clear(f.next)
		for f.push(source, unbounded) > 0 {
		}
	}
}

// measure finds how far each place is from the source, and whether the sink is
// reached at all.
func (f *flow) measure() bool {
	for i := range f.depth {
		f.depth[i] = -1
	}
	f.depth[source] = 0
	queue := []int{source}
	for k := 0; k < len(queue); k++ {
		for _, x := range f.from[queue[k]] {
			if f.room[x] > 0 && f.depth[f.to[x]] < 0 {
				f.depth[f.to[x]] = f.depth[queue[k]] + 1
				queue = append(queue, f.to[x])
			}
		}
	}
	return f.depth[sink] >= 0
}

func (f *flow) push(at, most int) int {
	if at == sink {
		return most
	}
	for ; f.next[at] < len(f.from[at]); f.next[at]++ {
		x := f.from[at][f.next[at]]
		if f.room[x] > 0 && f.depth[f.to[x]] == f.depth[at]+1 {
			if got := f.push(f.to[x], min(most, f.room[x])); got > 0 {
				f.room[x] -= got
				f.room[x^1] += got
				return got
			}
		}
	}
	return 0
}

// cut says whether a place is on the source's side of the minimum cut.
func (f *flow) cut(place int) bool { return f.depth[place] >= 0 }
