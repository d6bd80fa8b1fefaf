package main

import (
	"math/bits"
	"slices"
)

// order is a strict partial order of the numbers below n: before[i] holds all
// that come before i, near and far.
type order struct {
	n      int
	before []set
}

// closed makes an order of direct requirements. ok is false when they go round.
func closed(n int, direct []set) (o order, ok bool) {
	o = order{n: n, before: make([]set, n)}
	state := make([]int, n) // 1: on the way, 2: done
	ok = true
	var visit func(i int)
	visit = func(i int) {
		state[i] = 1
		o.before[i] = newSet(n)
		for j := range direct[i].all() {
			if state[j] == 1 {
				ok = false
				continue
			}
			if state[j] == 0 {
				visit(j)
			}
			o.before[i].add(j)
			o.before[i].addAll(o.before[j])
		}
		state[i] = 2
	}
	for i := range n {
		if state[i] == 0 {
			visit(i)
		}
	}
	return o, ok
}

// among is the order that o induces on some of its items, numbered anew in the
// order in which they are given.
func (o order) among(items []int) order {
	sub := order{n: len(items), before: make([]set, len(items))}
	for i, a := range items {
		sub.before[i] = newSet(len(items))
		for j, b := range items {
			if o.before[a].has(b) {
				sub.before[i].add(j)
			}
		}
	}
	return sub
}

// reduction gives the fewest pairs that say the same: what comes directly before
// each item (Aho, Garey and Ullman 1972; of an acyclic relation it is unique).
func (o order) reduction() []set {
	direct := make([]set, o.n)
	for i := range o.n {
		direct[i] = o.before[i].clone()
		for j := range o.before[i].all() {
			direct[i].removeAll(o.before[j])
		}
	}
	return direct
}

// sources counts the items that nothing comes before.
func (o order) sources() (n int) {
	for _, b := range o.before {
		if b.len() == 0 {
			n++
		}
	}
	return n
}

// rank gives the number of items in a longest chain that begins with each item.
func (o order) rank() []int {
	byDepth := make([]int, o.n)
	for i := range byDepth {
		byDepth[i] = i
	}
	// What comes before something has fewer items before it.
	slices.SortStableFunc(byDepth, func(a, b int) int { return o.before[b].len() - o.before[a].len() })
	rank := make([]int, o.n)
	for _, i := range byDepth {
		rank[i] = max(rank[i], 1)
		for j := range o.before[i].all() {
			rank[j] = max(rank[j], rank[i]+1)
		}
	}
	return rank
}

// scheduled gives the items that a simple schedule puts on so many levels of at most
// width items: those of first and what comes before them, then longest chain first
// (Hu 1961). It is a witness, not always the best.
func (o order) scheduled(width, levels int, first ...int) []int {
	rank := o.rank()
	for _, i := range first {
		rank[i] += o.n
		for j := range o.before[i].all() {
			rank[j] += o.n
		}
	}
	queue := make([]int, o.n)
	for i := range queue {
		queue[i] = i
	}
	slices.SortStableFunc(queue, func(a, b int) int { return rank[b] - rank[a] })
	done := newSet(o.n)
	for range min(levels, o.n) {
		level := newSet(o.n)
		taken := 0
		for _, i := range queue {
			if taken < width && !done.has(i) && o.before[i].within(done) {
				level.add(i)
				taken++
			}
		}
		done.addAll(level)
	}
	return slices.Collect(done.all())
}

// fits says that all items were placed so by a simple schedule. When it is false
// they may fit all the same.
func (o order) fits(width, levels int) bool { return len(o.scheduled(width, levels)) == o.n }

// mostExactly is the largest number of items that some choice of them can have on
// so many levels of at most width items, by trying everything; must is an item that
// has to be among them, or -1. For few items.
func (o order) mostExactly(width, levels, must int) int {
	e := everything{width: width, down: make([]int, o.n), known: map[tried]int{}}
	for i := range o.n {
		e.down[i] = 1 << i
		for j := range o.before[i].all() {
			e.down[i] |= 1 << j
		}
	}
	if must >= 0 {
		e.must = 1 << must
	}
	return e.most(tried{0, levels})
}

// everything tries level after level, in each every antichain of what is left.
type everything struct {
	width int
	down  []int // an item with all before it
	must  int
	known map[tried]int
}

// tried is where a try stands: closed is what was chosen with all before it, which
// can no longer be chosen.
type tried struct{ closed, levels int }

const never = -1 << 30

func (e *everything) most(t tried) int {
	if t.levels == 0 {
		if t.closed&e.must != e.must {
			return never
		}
		return 0
	}
	if n, ok := e.known[t]; ok {
		return n
	}
	best := e.most(tried{t.closed, 0})
	e.extend(t, 0, 0, 0, &best)
	e.known[t] = best
	return best
}

// extend adds items to the antichain chosen. One that would close the item that
// must be chosen, without choosing it, is no choice.
func (e *everything) extend(t tried, from, chosen, below int, best *int) {
	size := bits.OnesCount(uint(chosen))
	if size > 0 {
		*best = max(*best, size+e.most(tried{t.closed | below, t.levels - 1}))
	}
	for i := from; i < len(e.down) && size < e.width; i++ {
		free := (t.closed|below)&(1<<i) == 0 && e.down[i]&chosen == 0
		if free && (e.down[i]&e.must&^(1<<i))&^t.closed == 0 {
			e.extend(t, i+1, chosen|1<<i, below|e.down[i], best)
		}
	}
}
