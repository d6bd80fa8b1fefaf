package learning_test

import (
	"fmt"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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

// shapes draws bounds for an arrangement, small ones often, with minima that do
// not exceed the maxima.
func shapes(t *rapid.T, items int) learning.Shape {
	s := learning.Shape{MaxWidth: rapid.IntRange(1, items+1).Draw(t, "max_width"), MaxHeight: rapid.IntRange(2, items+2).Draw(t, "max_height")}
	s.MinWidth = rapid.IntRange(1, s.MaxWidth).Draw(t, "min_width")
	s.MinHeight = rapid.IntRange(2, s.MaxHeight).Draw(t, "min_height")
	return s
}

func TestArrangingAgreesWithAnExhaustiveSearch(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := orders(t, 9).Reduce()
		s := shapes(t, len(o))
		level := learning.Arrange(o, s, learning.Wishes{})
		could := everyArrangement(o, s.MaxWidth, s.MaxHeight-1)
		if level == nil {
			require.Empty(t, could, "an arrangement was missed")
			return
		}
		lawful(t, o, level, s.MaxWidth)
		got := extent{levels: slices.Max(level), first: first(level)}
		require.Contains(t, could, got)
		met := got.of(s)
		for c := range could {
			better := c.of(s)
			assert.False(t, better.levels >= met.levels && better.first >= met.first && better != met, "%+v keeps more of %+v than %+v does", c, s, got)
			assert.False(t, met.levels < s.MinHeight-1 && met.first < s.MinWidth && (better.levels == s.MinHeight-1 || better.first == s.MinWidth), "one of two minima could hold: %+v", c)
		}
		assert.Less(t, got.levels, s.MaxHeight)
	})
}

// extent is what the bounds speak of: how many levels, how many items on the first.
type extent struct{ levels, first int }

// of is how much of the minima an arrangement keeps.
func (e extent) of(s learning.Shape) extent {
	return extent{levels: min(e.levels, s.MinHeight-1), first: min(e.first, s.MinWidth)}
}

// everyArrangement gives the extents of all arrangements of o on at most height
// levels of at most width items: by trying, for each set of items already placed,
// every set that may stand on the next level.
func everyArrangement(o learning.Order, width, height int) map[extent]bool {
	need := make([]uint, len(o))
	for i := range o {
		for _, j := range o[i] {
			need[i] |= 1 << j
		}
	}
	all := uint(1)<<len(o) - 1
	rest := make(map[uint]map[int]bool) // items placed -> the numbers of levels that can hold the others
	var levels func(placed uint) map[int]bool
	levels = func(placed uint) map[int]bool {
		if placed == all {
			return map[int]bool{0: true}
		}
		if found, ok := rest[placed]; ok {
			return found
		}
		found := map[int]bool{}
		for set := range nextLevels(placed, all, need, width) {
			for n := range levels(placed | set) {
				found[n+1] = true
			}
		}
		rest[placed] = found
		return found
	}
	could := map[extent]bool{}
	for set := range nextLevels(0, all, need, width) {
		for n := range levels(set) {
			if n+1 <= height {
				could[extent{levels: n + 1, first: bits.OnesCount(set)}] = true
			}
		}
	}
	return could
}

// nextLevels gives every set that may follow what is placed.
func nextLevels(placed, all uint, need []uint, width int) func(func(uint) bool) {
	return func(yield func(uint) bool) {
		free := all &^ placed
		for set := free; set > 0; set = (set - 1) & free {
			if bits.OnesCount(set) <= width && ready(set, placed, need) && !yield(set) {
				return
			}
		}
	}
}

func ready(set, placed uint, need []uint) bool {
	for i := range need {
		if set&(1<<i) != 0 && need[i]&^placed != 0 {
			return false
		}
	}
	return true
}

func TestArrangingRespectsOrderAndBoundsAndRepeatsItself(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := orders(t, 99).Reduce()
		s := shapes(t, len(o))
		level := learning.Arrange(o, s, learning.Wishes{})
		assert.Equal(t, level, learning.Arrange(o, s, learning.Wishes{}))
		if level == nil {
			assert.True(t, o.Chain() >= s.MaxHeight || s.MaxWidth < len(o), "with room for all on a level only a chain is too high")
			return
		}
		lawful(t, o, level, s.MaxWidth)
		n, w, sources := len(o), first(level), o.Sources()
		assert.Equal(t, w >= s.MinWidth, sources >= s.MinWidth, "first steps: %d of %d, asked %d", w, sources, s.MinWidth)
		highest := n - min(s.MinWidth, w) + 1
		if sources < s.MinWidth {
			highest = n
		}
		assert.Equal(t, slices.Max(level) >= s.MinHeight-1, highest >= s.MinHeight-1, "levels: %d, asked %d", slices.Max(level), s.MinHeight-1)
		assert.Less(t, slices.Max(level), s.MaxHeight)
	})
}

func TestTheFewestLevelsAreThoseOfTheSearch(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := orders(t, 8).Reduce()
		width := rapid.IntRange(1, 5).Draw(t, "width")
		least := len(o)
		for c := range everyArrangement(o, width, len(o)) {
			least = min(least, c.levels)
		}
		assert.Equal(t, least, learning.FewestLevels(o, width))
	})
}

func TestTheSearchFindsWhatFillingByLabelsMisses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		o               learning.Order
		filling, fewest int
	}{
		{learning.Order{{}, {}, {}, {1, 2}, {}, {3}, {0, 3}, {1, 4}, {3, 4}}, 4, 3},
		{learning.Order{{}, {}, {}, {1}, {0, 2, 3}, {}, {3}, {5}, {4, 6}, {3}, {9}, {5}}, 5, 4},
		{learning.Order{{}, {}, {}, {1}, {0}, {}, {2, 3, 4, 5}, {0, 2}, {7}, {3}, {6, 8}, {0, 2, 5, 9}, {6, 11}, {4, 5, 8}, {8}}, 6, 5},
	} {
		const width = 3
		assert.Equal(t, c.filling, learning.HeuristicLevels(c.o, width))
		assert.Equal(t, c.fewest, learning.FewestLevels(c.o, width))
		assert.Nil(t, learning.Arrange(c.o, learning.Shape{MaxWidth: width, MaxHeight: c.fewest}, learning.Wishes{}), "the root is a level too")
	}
}

func first(level []int) (n int) {
	for _, l := range level {
		if l == 1 {
			n++
		}
	}
	return n
}

func TestSplittingLevelsReachesTheHeightAsked(t *testing.T) {
	t.Parallel()
	free := make(learning.Order, 6)
	assert.Equal(t, []int{1, 1, 1, 2, 2, 3}, learning.Arrange(free, learning.Shape{MinWidth: 3, MaxWidth: 6, MinHeight: 4, MaxHeight: 9}, learning.Wishes{}))
	assert.Equal(t, []int{1, 1, 1, 2, 3, 4}, learning.Arrange(free, learning.Shape{MinWidth: 3, MaxWidth: 6, MinHeight: 9, MaxHeight: 9}, learning.Wishes{}), "three stay on the first level")
}

func TestPostponingPutsAnItemLastWhereItMay(t *testing.T) {
	t.Parallel()
	moved := 0
	rapid.Check(t, func(t *rapid.T) {
		o := orders(t, 20).Reduce()
		s := shapes(t, len(o))
		level := learning.Arrange(o, s, learning.Wishes{})
		if level == nil {
			return
		}
		was := slices.Clone(level)
		item := rapid.IntRange(0, len(o)-1).Draw(t, "item")
		learning.Postpone(o, level, s, item)
		lawful(t, o, level, s.MaxWidth)
		assert.Equal(t, slices.Max(was), slices.Max(level))
		assert.GreaterOrEqual(t, first(level), min(first(was), s.MinWidth))
		if level[item] != was[item] {
			moved++
			assert.Equal(t, slices.Max(level), level[item])
		} else {
			assert.Equal(t, was, level)
		}
	})
	assert.Positive(t, moved)
}

func TestWhatShouldComeSoonComesRightAfterWhatItRequires(t *testing.T) {
	t.Parallel()
	// A chain of four beside many free items; item 9 requires only the chain's first.
	o := learning.Order{{}, {0}, {1}, {2}, {}, {}, {}, {}, {}, {0}}
	s := learning.Shape{MinWidth: 1, MaxWidth: 3, MinHeight: 2, MaxHeight: 5}
	assert.Equal(t, 3, learning.Arrange(o, s, learning.Wishes{})[9])
	assert.Equal(t, 2, learning.Arrange(o, s, learning.Wishes{Soon: []int{9}})[9])
	rapid.Check(t, func(t *rapid.T) {
		o := orders(t, 20).Reduce()
		s := shapes(t, len(o))
		var soon []int
		for i := range o {
			if !slices.ContainsFunc(o, func(needs []int) bool { return slices.Contains(needs, i) }) && len(o[i]) > 0 {
				soon = append(soon, i)
			}
		}
		plain, level := learning.Arrange(o, s, learning.Wishes{}), learning.Arrange(o, s, learning.Wishes{Soon: soon})
		assert.Equal(t, plain == nil, level == nil, "it costs no bound")
		if level != nil {
			lawful(t, o, level, s.MaxWidth)
			assert.Less(t, slices.Max(level), s.MaxHeight)
		}
	})
}

func TestWishesAreHeldAsFarAsTheBoundsAdmit(t *testing.T) {
	t.Parallel()
	free := make(learning.Order, 4)
	chain := learning.Wishes{After: [][]int{{}, {0}, {1}, {2}}}
	assert.Equal(t, []int{1, 2, 3, 4}, learning.Arrange(free, learning.Shape{MaxWidth: 4, MaxHeight: 5}, chain))
	assert.Equal(t, []int{1, 2, 3, 1}, learning.Arrange(free, learning.Shape{MinWidth: 2, MaxWidth: 4, MaxHeight: 5}, chain), "not at the cost of a minimum")
	assert.Equal(t, 2, slices.Max(learning.Arrange(free, learning.Shape{MaxWidth: 4, MaxHeight: 3}, chain)), "nor of a maximum")
	rapid.Check(t, func(t *rapid.T) {
		o := orders(t, 30).Reduce()
		s := shapes(t, len(o))
		var w learning.Wishes
		w.After = orders(t, len(o))
		w.After = append(w.After, make([][]int, len(o)-len(w.After))...)
		plain, level := learning.Arrange(o, s, learning.Wishes{}), learning.Arrange(o, s, w)
		assert.Equal(t, plain == nil, level == nil, "they cost no bound")
		if level == nil {
			return
		}
		lawful(t, o, level, s.MaxWidth)
		assert.Less(t, slices.Max(level), s.MaxHeight)
		assert.Equal(t, first(plain) >= s.MinWidth, first(level) >= s.MinWidth)
		assert.Equal(t, slices.Max(plain) >= s.MinHeight-1, slices.Max(level) >= s.MinHeight-1)
	})
}

func BenchmarkArrange100(b *testing.B) {
	o := make(learning.Order, 99)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range o {
		for j := range i {
			if random.IntN(12) == 0 {
				o[i] = append(o[i], j)
			}
		}
	}
	o = o.Reduce()
	for width := range 6 {
		s := learning.Shape{MinWidth: 1, MaxWidth: width + 4, MinHeight: 2, MaxHeight: 1 + learning.FewestLevels(o, width+4)}
		b.Run(fmt.Sprintf("width %d, %d levels allowed", s.MaxWidth, s.MaxHeight), func(b *testing.B) {
			for b.Loop() {
				learning.Arrange(o, s, learning.Wishes{})
			}
		})
	}
}
