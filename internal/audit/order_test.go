package main

import (
	"math/bits"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"
)

// someOrder draws an order of at most n items.
func someOrder(t *rapid.T, n int) order {
	size := rapid.IntRange(1, n).Draw(t, "size")
	direct := make([]set, size)
	for i := range direct {
		direct[i] = newSet(size)
		for j := range i {
			if rapid.IntRange(0, 3).Draw(t, "pair") == 0 {
				direct[i].add(j)
			}
		}
	}
	o, ok := closed(size, direct)
	assert.True(t, ok)
	return o
}

// longest is the number of items in the longest chain among some.
func longest(o order, chosen int) int {
	var items []int
	for i := range o.n {
		if chosen&(1<<i) != 0 {
			items = append(items, i)
		}
	}
	height := 0
	for _, r := range o.among(items).rank() {
		height = max(height, r)
	}
	return height
}

func TestAUnionOfAntichainsIsCountedAsByTryingEverything(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := someOrder(t, 9)
		levels := rapid.IntRange(1, 5).Draw(t, "levels")
		must := rapid.IntRange(-1, o.n-1).Draw(t, "must")
		best := 0
		for chosen := range 1 << o.n {
			has := must < 0 || chosen&(1<<must) != 0
			if has && bits.OnesCount(uint(chosen)) > best && longest(o, chosen) <= levels {
				best = bits.OnesCount(uint(chosen))
			}
		}
		most, chosen := newFamily(o, must).choose(levels)
		assert.Equal(t, best, most)
		assert.Len(t, chosen, best)
		mask := 0
		for _, i := range chosen {
			mask |= 1 << i
		}
		assert.LessOrEqual(t, longest(o, mask), levels)
		assert.Equal(t, must >= 0, slices.Contains(chosen, must) && must >= 0)
		assert.Equal(t, best, o.mostExactly(o.n, levels, must), "without a width trying everything says the same")
	})
}

func TestAScheduleIsNeverBetterThanTheBest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := someOrder(t, 9)
		width, levels := rapid.IntRange(1, 4).Draw(t, "width"), rapid.IntRange(1, 5).Draw(t, "levels")
		must := rapid.IntRange(-1, o.n-1).Draw(t, "must")
		best := o.mostExactly(width, levels, must)
		most, chosen := newFamily(o, must).choose(levels)
		assert.LessOrEqual(t, best, min(o.n, width*levels, most))
		assert.LessOrEqual(t, len(witness(o, width, levels, must)), best)
		assert.LessOrEqual(t, len(witnessAmong(o, chosen, width, levels, must)), best)
		assert.LessOrEqual(t, len(witnessWithoutOne(o, nil, width, levels, must)), best)
		shown := o.among(witness(o, width, levels, must))
		assert.True(t, shown.fits(width, levels))
		assert.Equal(t, must >= 0, slices.Contains(witness(o, width, levels, must), must))
	})
}

func TestTheReductionSaysTheSameWithTheFewestPairs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := someOrder(t, 9)
		direct := o.reduction()
		again, ok := closed(o.n, direct)
		assert.True(t, ok)
		assert.Equal(t, o.before, again.before)
		for i := range o.n {
			for j := range direct[i].all() {
				fewer := make([]set, o.n)
				for k := range direct {
					fewer[k] = direct[k].clone()
				}
				fewer[i].remove(j)
				less, _ := closed(o.n, fewer)
				assert.NotEqual(t, o.before, less.before, "without %d before %d", j, i)
			}
		}
	})
}

func TestWhatGoesRoundIsNoOrder(t *testing.T) {
	t.Parallel()
	_, ok := closed(3, []set{setOf(3, 2), setOf(3, 0), setOf(3, 1)})
	assert.False(t, ok)
}

// firstAndLevels tries every way to put the items on levels: whether some way has
// at least so many on the first level and exactly so many levels.
func firstAndLevels(o order, first, levels int) bool {
	level := make([]int, o.n)
	var try func(i int) bool
	try = func(i int) bool {
		if i == o.n {
			used, onFirst := newSet(levels), 0
			for _, l := range level {
				used.add(l)
				if l == 0 {
					onFirst++
				}
			}
			return used.len() == levels && onFirst >= first
		}
		for l := range levels {
			free := true
			for j := range o.before[i].all() { // all are smaller numbers
				free = free && level[j] < l
			}
			if level[i] = l; free && try(i+1) {
				return true
			}
		}
		return false
	}
	return try(0)
}

// The counting argument of unmet widths and heights, against trying everything.
func TestFirstStepsAndLevelsCanBeHadAsCounted(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := someOrder(t, 6)
		first, levels := rapid.IntRange(1, 4).Draw(t, "first"), rapid.IntRange(1, 6).Draw(t, "levels")
		got := false
		for l := levels; l <= o.n && !got; l++ {
			got = firstAndLevels(o, first, l)
		}
		assert.Equal(t, got, canHave(o.n, o.sources(), first, levels), "%v", o.before)
	})
}
