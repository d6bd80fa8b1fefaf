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

// scheduled counts the items that fit on so many levels of at most width items,
// longest chain first (Hu 1961): a witness, not always the best.
func (o order) scheduled(width, levels int) (placed int) {
	rank := o.rank()
	queue := make([]int, o.n)
	for i := range queue {
		queue[i] = i
	}
	slices.SortStableFunc(queue, func(a, b int) int { return rank[b] - rank[a] })
	done := newSet(o.n)
	for range levels {
		level := newSet(o.n)
		taken := 0
		for _, i := range queue {
			if taken < width && !done.has(i) && o.before[i].within(done) {
				level.add(i)
				taken++
			}
		}
		if taken == 0 {
			break
		}
		done.addAll(level)
		placed += taken
	}
	return placed
}

// fits says that all items were placed so by a simple schedule. When it is false
// they may fit all the same.
func (o order) fits(width, levels int) bool { return o.scheduled(width, levels) == o.n }

// mostExactly is the largest number of items that some choice of them can have on
// so many levels of at most width items, by trying everything. For few items.
func (o order) mostExactly(width, levels int) int {
	type state struct{ closed, levels int }
	down := make([]int, o.n) // an item with all before it
	for i := range o.n {
		down[i] = 1 << i
		for j := range o.before[i].all() {
			down[i] |= 1 << j
		}
	}
	known := map[state]int{}
	var most func(s state) int
	most = func(s state) int {
		if s.levels == 0 || s.closed == 1<<o.n-1 {
			return 0
		}
		if n, ok := known[s]; ok {
			return n
		}
		best := 0
		// Antichains of what is not closed; each closes what is below it.
		var extend func(from, chosen, below int)
		extend = func(from, chosen, below int) {
			if chosen != 0 {
				best = max(best, bits.OnesCount(uint(chosen))+most(state{s.closed | below, s.levels - 1}))
			}
			if bits.OnesCount(uint(chosen)) == width {
				return
			}
			for i := from; i < o.n; i++ {
				if (s.closed|below)&(1<<i) == 0 && down[i]&chosen == 0 {
					extend(i+1, chosen|1<<i, below|down[i])
				}
			}
		}
		extend(0, 0, 0)
		known[s] = best
		return best
	}
	return most(state{0, levels})
}
