package learning

import "slices"

// Arrange puts the items of an order on levels 1, 2, ... so that each stands on a
// greater level than all it requires, with at most width items a level. It gives
// each item's level. It is the algorithm of Coffman and Graham (1972) in its
// scheduling form: items are labelled by what depends on them, then levels are
// filled from the first, the greatest labels first among those that are ready.
// The number of levels is at most 2-2/width times the least possible.
//
// o must be transitively reduced. Ties go to the smaller item number, so that the
// same order gives the same levels.
func Arrange(o Order, width int) []int {
	rank := urgency(o)
	level := make([]int, len(o))
	placed := 0
	for l := 1; placed < len(o); l++ {
		ready := readyFor(o, level, l)
		slices.SortFunc(ready, func(a, b int) int { return rank[b] - rank[a] })
		for _, i := range ready[:min(width, len(ready))] {
			level[i] = l
			placed++
		}
	}
	return level
}

func readyFor(o Order, level []int, l int) []int {
	var ready []int
	for i, needs := range o {
		if level[i] == 0 && !slices.ContainsFunc(needs, func(j int) bool { return level[j] == 0 || level[j] == l }) {
			ready = append(ready, i)
		}
	}
	return ready
}

// urgency labels items 1..n as Coffman and Graham do, from those on which
// nothing depends: next comes the item whose dependants' labels, in falling
// order, are lexicographically least. A greater label is placed earlier.
func urgency(o Order) []int {
	after := o.dependants()
	label := make([]int, len(o))
	labels := make([][]int, len(o)) // labels of an item's dependants, falling
	missing := make([]int, len(o))
	for i := range o {
		missing[i] = len(after[i])
	}
	for next := 1; next <= len(o); next++ {
		pick := -1
		for i := len(o) - 1; i >= 0; i-- { // from the end: ties favour small numbers at placing
			if label[i] == 0 && missing[i] == 0 && (pick < 0 || slices.Compare(labels[i], labels[pick]) < 0) {
				pick = i
			}
		}
		label[pick] = next
		for _, j := range o[pick] {
			missing[j]--
			labels[j] = slices.Insert(labels[j], 0, next) // next is the greatest so far
		}
	}
	return label
}

// Stretch raises items on which nothing depends to new levels at the end, one a
// level, until there are height levels or nothing can be raised. It keeps at
// least minFirst items on level 1.
func Stretch(o Order, level []int, height, minFirst int) {
	after := o.dependants()
	for top := slices.Max(level); top < height; top++ {
		count := make([]int, top+1)
		for _, l := range level {
			count[l]++
		}
		pick := -1
		for i := range level { // the highest, last one that leaves its level inhabited
			free := len(after[i]) == 0 && count[level[i]] > 1 && (level[i] > 1 || count[1] > minFirst)
			if free && (pick < 0 || level[i] >= level[pick]) {
				pick = i
			}
		}
		if pick < 0 {
			return
		}
		level[pick] = top + 1
	}
}
