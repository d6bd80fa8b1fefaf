package learning

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

// closure gives, for each item, everything that must come before it.
func (o Order) closure() []bits {
	before := make([]bits, len(o))
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
	before := o.closure()
	reduced := make(Order, len(o))
	for i, needs := range o {
		implied := newBits(len(o))
		for _, j := range needs {
			implied.unite(before[j])
		}
		seen := newBits(len(o))
		for _, j := range needs {
			if !implied.has(j) && !seen.has(j) {
				seen.set(j)
				reduced[i] = append(reduced[i], j)
			}
		}
	}
	return reduced
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
