package learning_test

import (
	"math/bits"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/trilha/trilha/internal/learning"
)

func TestTheHeaviestFamilyIsThatOfAnExhaustiveSearch(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		o := orders(t, 9)
		closure := o.Closure()
		k := rapid.IntRange(1, 4).Draw(t, "k")
		weight := make([]int, len(o))
		for i := range weight {
			weight[i] = rapid.IntRange(1, 5).Draw(t, "weight")
		}
		sum := func(items []int) (w int) {
			for _, i := range items {
				w += weight[i]
			}
			return w
		}
		best := 0
		for set := range uint(1) << len(o) {
			if items := itemsOf(set); sum(items) > best && closure.On(items).Chain() <= k {
				best = sum(items)
			}
		}
		got := learning.Family(o, weight, k)
		assert.LessOrEqual(t, closure.On(got).Chain(), k)
		assert.Equal(t, best, sum(got))
	})
}

func itemsOf(set uint) (items []int) {
	for ; set > 0; set &= set - 1 {
		items = append(items, bits.TrailingZeros(set))
	}
	return items
}

func BenchmarkFamily150(b *testing.B) {
	o := make(learning.Order, 150)
	random := rand.New(rand.NewPCG(1, 2))
	weight := make([]int, len(o))
	for i := range o {
		weight[i] = 1000 + i
		for j := range i {
			if random.IntN(20) == 0 {
				o[i] = append(o[i], j)
			}
		}
	}
	for b.Loop() {
		learning.Family(o, weight, 5)
	}
}
