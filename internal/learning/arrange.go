package learning

import (
	"slices"
	"strings"
)

// Arrange puts the items of an order on levels 1, 2, ... below the root, each on
// a greater level than all it requires, within the bounds of s (whose heights
// count the root's level too). It gives each item's level, or nil when no
// arrangement keeps the maxima. The minima hold whenever an arrangement within the
// maxima admits them, the first level's before the height; no edge is dropped for
// either.
//
// Levels are filled in the order of the items' numbers, which is the order in which
// the authors would teach them, and with as many of the wishes as that allows. Where
// it needs too many levels, they are filled by the algorithm of Coffman and Graham
// (1972) in its scheduling form, which needs at most 2-2/width times the fewest; and
// where those are too many, by a search that is exact (see search). More levels come
// from splitting wide ones, which any order admits.
//
// o must be transitively reduced. The same order gives the same levels.
func Arrange(o Order, s Shape, w Wishes) []int {
	if len(o) == 0 {
		return []int{}
	}
	level := layer(o, s.MaxWidth, s.MaxHeight-1)
	if level == nil {
		return nil
	}
	if wished := wish(o, s, w); wished != nil {
		level = wished
	}
	first := onFirst(level)
	spread(level, s.MinHeight-1, min(first, s.MinWidth))
	if first < s.MinWidth && len(o) >= s.MinHeight-1 { // a width that cannot hold keeps no height from holding
		for top := slices.Max(level); top < s.MinHeight-1; top++ {
			first--
			spread(level, top+1, first)
		}
	}
	return level
}

// Fits says whether Arrange finds an arrangement.
func Fits(o Order, s Shape) bool {
	return len(o) == 0 || layer(o, s.MaxWidth, s.MaxHeight-1) != nil
}

// FewestLevels is the least number of levels that an order needs with at most
// width items a level.
func FewestLevels(o Order, width int) int {
	if len(o) == 0 {
		return 0
	}
	least := max(o.Chain(), (len(o)+width-1)/width)
	for layer(o, width, least) == nil {
		least++
	}
	return least
}

// layer arranges o on at most height levels of at most width items, or gives nil.
// Its first level holds as many of the first items as width admits.
func layer(o Order, width, height int) []int {
	if o.Chain() > height || len(o) > width*height {
		return nil
	}
	rank := urgency(o)
	level := fill(o, width, rank)
	switch {
	case slices.Max(level) <= height:
		return level
	case width <= 2: // the algorithm is exact there
		return nil
	default:
		return newSearch(o, width, height, rank).run()
	}
}

// fill fills levels from the first, the greatest ranks first among what is ready.
func fill(o Order, width int, rank []int) []int {
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

// patience is how many levels the search tries to fill before it gives up and
// says that there is no arrangement. Orders of up to nine items end long before;
// none of the catalogue's has come near.
const patience = 5_000

// search looks for an arrangement on height levels, level by level, going back
// where it fails. It may take a level either full or with all that is ready:
// moving an item forward to a level with room never makes the rest harder. What
// failed once is remembered by the set of items placed.
type search struct {
	o             Order
	width, height int
	rank          []int
	tail          []int // of each item: the longest chain from it to an end, itself included
	level         []int
	failed        map[string]int // set of items placed -> the least level from which the rest failed
	tries         int
}

func newSearch(o Order, width, height int, rank []int) *search {
	s := &search{o: o, width: width, height: height, rank: rank, tail: make([]int, len(o)), level: make([]int, len(o)), failed: map[string]int{}}
	for i := len(o) - 1; i >= 0; i-- {
		s.tail[i]++
		for _, j := range o[i] {
			s.tail[j] = max(s.tail[j], s.tail[i])
		}
	}
	return s
}

func (s *search) run() []int {
	if s.from(1) {
		return s.level
	}
	return nil
}

// from places all that is not placed yet on levels l and above.
func (s *search) from(l int) bool {
	if !slices.Contains(s.level, 0) {
		return true
	}
	if s.tries++; s.tries > patience || !s.hopeful(l) {
		return false
	}
	key := s.key()
	if at, ok := s.failed[key]; ok && at <= l {
		return false
	}
	ready := readyFor(s.o, s.level, l)
	slices.SortFunc(ready, func(a, b int) int { // what must come now stands first
		if s.tail[a] != s.tail[b] {
			return s.tail[b] - s.tail[a]
		}
		return s.rank[b] - s.rank[a]
	})
	if s.pick(ready, min(s.width, len(ready)), l) {
		return true
	}
	s.failed[key] = l
	return false
}

// pick puts some of ready on level l, count in all, and goes on with the next.
func (s *search) pick(ready []int, count, l int) bool {
	if count == 0 {
		return s.from(l + 1)
	}
	for k := 0; k+count <= len(ready); k++ {
		s.level[ready[k]] = l
		if s.pick(ready[k+1:], count-1, l) {
			return true
		}
		s.level[ready[k]] = 0
		if s.tries > patience || s.tail[ready[k]] == s.height-l+1 { // this one cannot come later
			return false
		}
	}
	return false
}

// hopeful says whether what is not placed may still fit from level l on: of the
// items with t or more of a chain to go, no more than the levels hold on which
// those can stand.
func (s *search) hopeful(l int) bool {
	left := s.height - l + 1
	count := make([]int, left+1)
	for i, at := range s.level {
		if at > 0 {
			continue
		}
		if s.tail[i] > left {
			return false
		}
		count[s.tail[i]]++
	}
	for t, sum := left, 0; t >= 1; t-- {
		if sum += count[t]; sum > s.width*(left-t+1) {
			return false
		}
	}
	return true
}

// key names the set of items placed.
func (s *search) key() string {
	var b strings.Builder
	for _, at := range s.level {
		if at > 0 {
			b.WriteByte('1')
		} else {
			b.WriteByte('0')
		}
	}
	return b.String()
}

// spread splits levels in two, the widest first, the last of them among equals,
// until there are height levels or every level holds one item, the first at least
// minFirst. The items of one level are free of each other, so that any of them may
// come later than the others; the greater numbers do.
func spread(level []int, height, minFirst int) {
	for top := slices.Max(level); top < height; top++ {
		wide, stay := widest(level, top, minFirst)
		if wide == 0 {
			return
		}
		for i := range level {
			if level[i] == wide && stay > 0 {
				stay--
			} else if level[i] >= wide {
				level[i]++
			}
		}
	}
}

// widest gives the widest level that can be split, and how many items stay on it;
// 0 where none can.
func widest(level []int, top, minFirst int) (wide, stay int) {
	count := make([]int, top+1)
	for _, l := range level {
		count[l]++
	}
	for l := 1; l <= top; l++ {
		keep := max(1, (count[l]+1)/2)
		if l == 1 {
			keep = max(keep, minFirst)
		}
		if count[l] > keep && (wide == 0 || count[l] >= count[wide]) {
			wide, stay = l, keep
		}
	}
	return wide, stay
}

// onFirst counts the items on the first level.
func onFirst(level []int) (n int) {
	for _, l := range level {
		if l == 1 {
			n++
		}
	}
	return n
}

// Postpone moves an item to the last level, where nothing requires it: into room
// that is there, or in exchange for an item that may stand where it stood. It does
// nothing where neither can be had within s.
func Postpone(o Order, level []int, s Shape, item int) {
	top, from := slices.Max(level), level[item]
	if from == top || slices.ContainsFunc(o, func(needs []int) bool { return slices.Contains(needs, item) }) {
		return
	}
	count := make([]int, top+1)
	for _, l := range level {
		count[l]++
	}
	if count[top] < s.MaxWidth && count[from] > 1 && (from > 1 || count[1] > s.MinWidth) {
		level[item] = top
		return
	}
	for i, l := range level {
		if l == top && !slices.ContainsFunc(o[i], func(j int) bool { return level[j] >= from }) {
			level[i], level[item] = from, top
			return
		}
	}
}
