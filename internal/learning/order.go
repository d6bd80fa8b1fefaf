package learning

import "slices"

// Order is a strict partial order over n items, as sets of direct requirements:
// Order[i] holds the items that must come before item i. Items are numbered so
// that requirements have smaller numbers (a topological order).
type Order [][]int

// bits is a set of item numbers.
type bits []uint64

func newBits(n int) bits      { return make(bits, (n+63)/64) }
func (b bits) set(i int)      { b[i/64] |= 1 << (i % 64) }
func (b bits) has(i int) bool { return b[i/64]&(1<<(i%64)) != 0 }
func (b bits) unite(other bits) {
	for i, w := range other {
		b[i] |= w
	}
}

// Closure is an order with all that it implies: what must come before each item,
// directly or not.
type Closure []bits

// Before says whether item j must come before item i.
func (c Closure) Before(j, i int) bool { return c[i].has(j) }

// On gives the order that c implies among some of its items, transitively
// reduced. Item k of the answer is items[k]; items must be in rising order.
func (c Closure) On(items []int) Order {
	o := make(Order, len(items))
	for k, i := range items {
		implied := newBits(len(c))
		for n, j := range slices.Backward(items[:k]) { // the nearest first: they imply the farther ones
			if c[i].has(j) && !implied.has(j) {
				o[k] = append(o[k], n)
				implied.unite(c[j])
			}
		}
		slices.Sort(o[k])
	}
	return o
}

// Closure gives, for each item, everything that must come before it.
func (o Order) Closure() Closure {
	before := make(Closure, len(o))
	for i, needs := range o {
		before[i] = newBits(len(o))
		for _, j := range needs {
			before[i].set(j)
			before[i].unite(before[j])
		}
	}
	return before
}

// Reduce gives the transitive reduction: the fewest requirements that say the
// same (Aho, Garey, Ullman 1972; unique for an acyclic order).
func (o Order) Reduce() Order {
	items := make([]int, len(o))
	for i := range items {
		items[i] = i
	}
	return o.Closure().On(items)
}

// Chain is the number of items in the longest chain.
func (o Order) Chain() int {
	longest := 0
	length := make([]int, len(o))
	for i, needs := range o {
		for _, j := range needs {
			length[i] = max(length[i], length[j])
		}
		length[i]++
		longest = max(longest, length[i])
	}
	return longest
}

// Sources counts the items that require nothing.
func (o Order) Sources() (n int) {
	for _, needs := range o {
		if len(needs) == 0 {
			n++
		}
	}
	return n
}

// dependants is the order turned round.
func (o Order) dependants() [][]int {
	after := make([][]int, len(o))
	for i, needs := range o {
		for _, j := range needs {
			after[j] = append(after[j], i)
		}
	}
	return after
}
