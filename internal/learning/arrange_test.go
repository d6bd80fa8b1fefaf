package learning_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/trilha/trilha/internal/learning"
)

// orders draws an order of up to most items, with requirements that others imply
// and some that stand twice.
func orders(t *rapid.T, most int) learning.Order {
	n := rapid.IntRange(1, most).Draw(t, "items")
	dense := rapid.IntRange(1, 6).Draw(t, "one edge in")
	o := make(learning.Order, n)
	for i := range o {
		for j := range i {
			if rapid.IntRange(1, dense).Draw(t, "edge") == 1 {
				o[i] = append(o[i], j)
			}
		}
	}
	return o
}

// before is what must come before what, by brute force.
func before(o learning.Order) [][]bool {
	n := len(o)
	b := make([][]bool, n)
	for i := range o {
		b[i] = make([]bool, n)
		for _, j := range o[i] {
			b[i][j] = true
		}
	}
	for k := range n {
		for i := range n {
			for j := range n {
				b[i][j] = b[i][j] || b[i][k] && b[k][j]
			}
		}
	}
	return b
}

func TestReducingKeepsTheOrderWithTheFewestEdges(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := orders(t, 12)
		b, reduced := before(o), o.Reduce()
		assert.Equal(t, b, before(reduced), "it says the same")
		for i := range o {
			for j := range o {
				between := slices.ContainsFunc(slices.Collect(numbers(len(o))), func(k int) bool { return b[i][k] && b[k][j] })
				assert.Equal(t, b[i][j] && !between, slices.Contains(reduced[i], j), "%d requires %d", i, j)
			}
		}
		assert.Equal(t, reduced, reduced.Reduce())
	})
}

func numbers(n int) func(func(int) bool) {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

func TestReducingDropsWhatStandsTwice(t *testing.T) {
	t.Parallel()
	assert.Equal(t, learning.Order{nil, {0}, {1}}, learning.Order{nil, {0, 0}, {0, 1, 1}}.Reduce())
}

func TestAChainIsAsLongAsItsItems(t *testing.T) {
	t.Parallel()
	assert.Equal(t, 0, learning.Order{}.Chain())
	assert.Equal(t, 1, learning.Order{nil, nil}.Chain())
	assert.Equal(t, 3, learning.Order{nil, {0}, {0}, {1, 2}}.Chain())
}

// lawful holds what every arrangement satisfies.
func lawful(t *rapid.T, o learning.Order, level []int, width int) {
	counts := map[int]int{}
	for i, needs := range o {
		counts[level[i]]++
		for _, j := range needs {
			assert.Less(t, level[j], level[i], "%d before %d", j, i)
		}
	}
	for l := 1; l <= slices.Max(level); l++ {
		assert.Positive(t, counts[l], "level %d is empty", l)
		assert.LessOrEqual(t, counts[l], width, "level %d", l)
	}
	assert.Zero(t, counts[0])
}

func TestArrangingRespectsOrderAndWidthAndRepeatsItself(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := orders(t, 40).Reduce()
		width := rapid.IntRange(1, 8).Draw(t, "width")
		level := learning.Arrange(o, width)
		lawful(t, o, level, width)
		assert.Equal(t, level, learning.Arrange(o, width))
		if width >= len(o) {
			assert.Equal(t, o.Chain(), slices.Max(level), "with room for all, no level is wasted")
		}
	})
}

func TestArrangingComesNearTheFewestLevels(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := orders(t, 7).Reduce()
		width := rapid.IntRange(1, 4).Draw(t, "width")
		best, got := fewestLevels(o, width), slices.Max(learning.Arrange(o, width))
		assert.GreaterOrEqual(t, got, best)
		if width <= 2 {
			assert.Equal(t, best, got, "the algorithm is exact up to width two")
			return
		}
		assert.LessOrEqual(t, got*width, (2*width-2)*best)
	})
}

// fewestLevels tries every way to fill levels (a breadth-first search over sets of
// placed items).
func fewestLevels(o learning.Order, width int) int {
	need := make([]uint, len(o))
	for i := range o {
		for _, j := range o[i] {
			need[i] |= 1 << j
		}
	}
	all := uint(1)<<len(o) - 1
	reached := map[uint]bool{0: true}
	for levels := 0; ; levels++ {
		if reached[all] {
			return levels
		}
		next := map[uint]bool{}
		for placed := range reached {
			for set := uint(1); set <= all; set++ {
				if set&placed == 0 && fitsLevel(set, placed, need, width) {
					next[placed|set] = true
				}
			}
		}
		reached = next
	}
}

func fitsLevel(set, placed uint, need []uint, width int) bool {
	n := 0
	for i := range need {
		if set&(1<<i) == 0 {
			continue
		}
		n++
		if need[i]&^placed != 0 {
			return false
		}
	}
	return n <= width
}

func TestStretchingOnlyAddsLevelsAtTheEnd(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := orders(t, 20).Reduce()
		width := rapid.IntRange(1, 6).Draw(t, "width")
		height := rapid.IntRange(1, 24).Draw(t, "height")
		minFirst := rapid.IntRange(1, 6).Draw(t, "first")
		was := learning.Arrange(o, width)
		level := slices.Clone(was)
		learning.Stretch(o, level, height, minFirst)
		lawful(t, o, level, width)
		assert.GreaterOrEqual(t, slices.Max(level), slices.Max(was))
		assert.LessOrEqual(t, slices.Max(level), max(height, slices.Max(was)), "never beyond what was asked")
		assert.GreaterOrEqual(t, first(level), min(first(was), minFirst), "the first level keeps its least")
		for i := range level {
			assert.True(t, level[i] == was[i] || level[i] > slices.Max(was), "an item stays or goes to a new level")
		}
	})
}

func first(level []int) (n int) {
	for _, l := range level {
		if l == 1 {
			n++
		}
	}
	return n
}

func TestStretchingReachesAHeightThatLooseItemsAllow(t *testing.T) {
	t.Parallel()
	o := make(learning.Order, 6)
	level := learning.Arrange(o, 6)
	learning.Stretch(o, level, 3, 3)
	assert.Equal(t, 3, slices.Max(level))
	learning.Stretch(o, level, 9, 3)
	assert.Equal(t, 4, slices.Max(level), "three stay on the first level")
}
