package main

// A family is the answer to: how many items can k levels hold, when a level may be
// as wide as it likes? Of Greene and Kleitman (1976): the most items that a union
// of k antichains can have is the least, over all ways to cut the order into
// chains, of the sum of min(k, length of the chain). The chains are found as a flow
// of least cost (Frank 1980), one more at a time along the residual path that covers
// most; how many items each one covers more is shape, which never rises.
//
// An item that has to be chosen weighs as much as all items together (chains may
// then cover it that often).
type family struct {
	order order
	arcs  []arc
	out   [][]int // arcs by the vertex they leave
	shape []chains
}

// chains are so many that cover so many items more, each.
type chains struct{ many, cover int }

// arc is half of a pair: the arc with the number ^1 goes back.
type arc struct{ to, room, cost int }

const unlimited = 1 << 30

// Vertices: each item's entry and exit, then the two ends.
func (f *family) entry(i int) int { return 2 * i }
func (f *family) exit(i int) int  { return 2*i + 1 }
func (f *family) begin() int      { return 2 * f.order.n }
func (f *family) end() int        { return 2*f.order.n + 1 }

// newFamily begins with an order, and an item that has to be chosen, or -1.
func newFamily(o order, must int) *family {
	f := &family{order: o, out: make([][]int, 2*o.n+2)}
	for i, direct := range o.reduction() {
		f.link(f.begin(), f.entry(i), unlimited, 0)
		weight := 1
		if i == must {
			weight = o.n
		}
		f.link(f.entry(i), f.exit(i), weight, -1)   // covers i
		f.link(f.entry(i), f.exit(i), unlimited, 0) // passes through it
		f.link(f.exit(i), f.end(), unlimited, 0)
		for j := range direct.all() {
			f.link(f.exit(j), f.entry(i), unlimited, 0)
		}
	}
	return f
}

func (f *family) link(from, to, room, cost int) {
	f.out[from] = append(f.out[from], len(f.arcs))
	f.out[to] = append(f.out[to], len(f.arcs)+1)
	f.arcs = append(f.arcs, arc{to, room, cost}, arc{from, 0, -cost})
}

// distances gives the cost of the cheapest residual way from begin to each vertex,
// and the arc by which it comes (Bellman-Ford with a queue).
func (f *family) distances() (cost, by []int) {
	cost, by = make([]int, len(f.out)), make([]int, len(f.out))
	for v := range cost {
		cost[v], by[v] = unlimited, -1
	}
	cost[f.begin()] = 0
	queue, queued := []int{f.begin()}, make([]bool, len(f.out))
	for len(queue) > 0 {
		v := queue[0]
		queue = queue[1:]
		queued[v] = false
		for _, a := range f.out[v] {
			if c := cost[v] + f.arcs[a].cost; f.arcs[a].room > 0 && c < cost[f.arcs[a].to] {
				w := f.arcs[a].to
				cost[w], by[w] = c, a
				if !queued[w] {
					queue, queued[w] = append(queue, w), true
				}
			}
		}
	}
	return cost, by
}

// most is the largest number of items that so many levels can hold. Levels must
// not rise from call to call: the flow only grows.
func (f *family) most(levels int) int {
	total := f.order.n
	for {
		cost, by := f.distances()
		gain := -cost[f.end()]
		if gain <= levels {
			break
		}
		f.shape = append(f.shape, chains{f.push(by), gain})
	}
	for _, c := range f.shape {
		total -= c.many * max(0, c.cover-levels)
	}
	return total
}

// push sends as many chains as there is room for along a way, and says how many.
func (f *family) push(by []int) int {
	room := unlimited
	for v := f.end(); v != f.begin(); v = f.arcs[by[v]^1].to {
		room = min(room, f.arcs[by[v]].room)
	}
	for v := f.end(); v != f.begin(); v = f.arcs[by[v]^1].to {
		f.arcs[by[v]].room -= room
		f.arcs[by[v]^1].room += room
	}
	return room
}

// choose gives most(levels) items without a chain of more than levels. They are
// read off the dual of the flow: an item is chosen when its exit is farther than
// its entry, with the two ends levels apart.
func (f *family) choose(levels int) (most int, chosen []int) {
	most = f.most(levels)
	first := len(f.arcs)
	f.link(f.begin(), f.end(), 1, -levels)
	cost, _ := f.distances()
	f.arcs = f.arcs[:first]
	f.out[f.begin()] = f.out[f.begin()][:len(f.out[f.begin()])-1]
	f.out[f.end()] = f.out[f.end()][:len(f.out[f.end()])-1]
	for i := range f.order.n {
		if cost[f.exit(i)] < cost[f.entry(i)] {
			chosen = append(chosen, i)
		}
	}
	return most, chosen
}
