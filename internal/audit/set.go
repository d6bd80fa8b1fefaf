package main

import (
	"iter"
	"math/bits"
)

// set is a set of small numbers.
type set []uint64

func newSet(n int) set { return make(set, (n+63)/64) }

func setOf(n int, members ...int) set {
	s := newSet(n)
	for _, i := range members {
		s.add(i)
	}
	return s
}

func (s set) add(i int)      { s[i/64] |= 1 << (i % 64) }
func (s set) remove(i int)   { s[i/64] &^= 1 << (i % 64) }
func (s set) has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }

func (s set) addAll(other set) {
	for w := range s {
		s[w] |= other[w]
	}
}

func (s set) removeAll(other set) {
	for w := range s {
		s[w] &^= other[w]
	}
}

func (s set) clone() set { return append(set(nil), s...) }

func (s set) len() (n int) {
	for _, w := range s {
		n += bits.OnesCount64(w)
	}
	return n
}

// within says that every member of s is one of other.
func (s set) within(other set) bool {
	for w := range s {
		if s[w]&^other[w] != 0 {
			return false
		}
	}
	return true
}

// all gives the members in rising order.
func (s set) all() iter.Seq[int] {
	return func(yield func(int) bool) {
		for w, word := range s {
			for ; word != 0; word &= word - 1 {
				if !yield(w*64 + bits.TrailingZeros64(word)) {
					return
				}
			}
		}
	}
}
