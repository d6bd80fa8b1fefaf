package learning

import "slices"

// Wishes are what an arrangement should respect as far as its bounds admit.
type Wishes struct {
	After [][]int // for each item, smaller numbers that had better stand before it
	Soon  []int   // items, required by nothing, to come soon after what they require
}

// wisher arranges in the order of the items' numbers, with as many wishes as the
// bounds admit.
type wisher struct {
	shape Shape
	least int   // items on the first level, at least
	rank  []int // the greatest comes first
	held  Order // what is required, and the wishes that hold so far
	best  []int // how that comes out
}

// wish gives the levels of o under its wishes, or nil when even without wishes
// neither the order of the numbers nor that of urgency keeps the bounds.
func wish(o Order, s Shape, w Wishes) []int {
	authors := make([]int, len(o))
	for i := range authors {
		authors[i] = len(o) - i
	}
	a := wisher{shape: s, least: min(s.MinWidth, s.MaxWidth, o.Sources()), rank: hurry(o, authors, w.Soon), held: slices.Clone(o)}
	if a.best = a.within(o); a.best == nil {
		a.rank = hurry(o, urgency(o), w.Soon)
		if a.best = a.within(o); a.best == nil {
			return nil
		}
	}
	var pairs []pair
	for i, before := range w.After {
		for _, j := range before {
			pairs = append(pairs, pair{j, i})
		}
	}
	a.add(pairs)
	return a.best
}

type pair struct{ before, after int }

// add holds all of these wishes, or else what can be had of each half.
func (a *wisher) add(pairs []pair) {
	if len(pairs) == 0 {
		return
	}
	try := slices.Clone(a.held)
	for _, p := range pairs {
		try[p.after] = append(slices.Clip(try[p.after]), p.before)
	}
	if level := a.within(try); level != nil {
		a.held, a.best = try, level
	} else if len(pairs) > 1 {
		a.add(pairs[:len(pairs)/2])
		a.add(pairs[len(pairs)/2:])
	}
}

// within gives the levels of o if they keep the bounds.
func (a *wisher) within(o Order) []int {
	level := fill(o, a.shape.MaxWidth, a.rank)
	if slices.Max(level) >= a.shape.MaxHeight || onFirst(level) < a.least {
		return nil
	}
	return level
}

// hurry gives ranks in which each item of soon comes right after the least urgent
// of what it requires.
func hurry(o Order, rank, soon []int) []int {
	ranks := make([]int, len(rank))
	for i, r := range rank {
		ranks[i] = 2 * r
	}
	for _, i := range soon {
		least := 2 * len(o)
		for _, j := range o[i] {
			least = min(least, ranks[j])
		}
		ranks[i] = least - 1
	}
	return ranks
}
