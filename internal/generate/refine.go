package generate

import (
	"math/rand/v2"
	"slices"

	"github.com/trilha/trilha/internal/learning"
)

// cuts says whether what is central is chosen first and shortened from below
// afterwards: where a height was given, unless a beginner asks, whose path begins
// at the beginning whatever its height.
func (c *chooser) cuts() bool {
	return c.must < 0 && c.request.Given("max_height") && c.request.Level != "beginner"
}

// cut leaves out what is most elementary until the rest can be arranged within
// the bounds: it will be assumed.
func (c *chooser) cut() {
	for !c.fits() {
		order, items := c.order(), c.items()
		drop := items[bottomOfTheLongestChain(order)]
		if worst := c.leastWanted(order, items); worst >= 0 && order.Chain() < c.shape.MaxHeight { // the width is too small
			drop = worst
		}
		c.drop(drop)
	}
}

// bottomOfTheLongestChain gives the first item of a longest chain; among several
// the one that comes first in learning order.
func bottomOfTheLongestChain(o learning.Order) int {
	tail := make([]int, len(o))
	for i := len(o) - 1; i >= 0; i-- {
		tail[i]++
		for _, j := range o[i] {
			tail[j] = max(tail[j], tail[i])
		}
	}
	return slices.Index(tail, slices.Max(tail))
}

// leastWanted gives the item that is missed least, or -1: nothing chosen needs it,
// it is neither what was asked for nor the project, and of those it stands last among
// the goals.
func (c *chooser) leastWanted(order learning.Order, items []int) int {
	needed := make([]bool, len(items))
	for _, needs := range order {
		for _, j := range needs {
			needed[j] = true
		}
	}
	worst, rank := -1, -1
	for k, i := range items {
		r := slices.Index(c.goals, i)
		if r < 0 {
			r = len(c.goals)
		}
		if !needed[k] && i != c.must && !c.isProject(i) && r >= rank {
			worst, rank = i, r
		}
	}
	return worst
}

func (c *chooser) isProject(i int) bool { return c.project != nil && i == len(c.ids)-1 }

// widen looks for more first steps where there are fewer than asked: first what
// is needed anyhow and would only be assumed, for which the least wanted makes
// room; then, where the width was given, other items of the pool, and leaving out
// what the others all hang on.
func (c *chooser) widen() {
	defer func() {
		c.prune()
		c.settle()
	}()
	given := c.request.Given("min_width")
	if !given && c.request.Level != "" && c.request.Level != "beginner" {
		return // those beyond the beginning are not sent back for the sake of a default
	}
	for _, i := range slices.Backward(c.missing()) {
		if more := c.with(i, func(int) bool { return true }); len(more) <= mostForOne {
			c.widenWith(more)
		}
	}
	if !given {
		return
	}
	for _, i := range c.left() {
		c.widenWith([]int{i})
	}
	for c.sources() < c.shape.MinWidth && c.uncover() {
		c.settle() // so that it does not come back
		c.fill()
	}
}

// settle keeps the first steps from falling below what was asked, or as near to it
// as they are.
func (c *chooser) settle() { c.floor = min(c.shape.MinWidth, c.sources()) }

// release lets first steps go for further nodes, where they are fewer than asked
// anyhow.
func (c *chooser) release() {
	if c.room() > 0 && c.sources() < c.shape.MinWidth {
		c.floor = 0
		c.fill()
		if c.startOver(-1) {
			c.practise()
			c.fill()
		}
		c.exchange()
	}
}

// prune leaves out what came in for the sake of something that has gone since: of a
// subject's path what is from elsewhere, of any what only known things need.
func (c *chooser) prune() {
	for _, i := range slices.Backward(c.items()) {
		guest := c.subject && !c.goal[i] || c.below[c.ids[i]]
		if guest && i != c.must && !c.isProject(i) && !slices.ContainsFunc(c.after[i], func(d int) bool { return c.chosen[d] }) {
			c.drop(i)
		}
	}
}

// mostForOne is how many items may come in for the sake of one more first step.
const mostForOne = 2

// widenWith takes items in if there are more first steps with them, and drops as
// many of the least wanted others, first steps excepted, as there is no room for.
func (c *chooser) widenWith(more []int) {
	had := c.sources()
	more = slices.DeleteFunc(more, func(i int) bool { return c.chosen[i] })
	if had >= c.shape.MinWidth || len(more) == 0 {
		return
	}
	var dropped []int
	for c.room() < len(more) {
		order, items := c.order(), c.items()
		i := c.leastWanted(order, items)
		if i < 0 || len(order[slices.Index(items, i)]) == 0 {
			break
		}
		c.drop(i)
		dropped = append(dropped, i)
	}
	if len(more) <= c.room() && c.take(more...) {
		if c.sources() > had {
			return
		}
		c.drop(more...)
	}
	c.take(dropped...)
}

// sources counts the first steps.
func (c *chooser) sources() int { return c.order().Sources() }

// uncover leaves out the first step whose absence gives most first steps, if any
// gives more than there are; with it, up to three that it alone leads to.
func (c *chooser) uncover() bool {
	const together = 4
	most := c.sources()
	var best []int
	for _, i := range c.firstSteps() {
		if i == c.must || c.isProject(i) {
			continue
		}
		was := c.firstSteps()
		out := []int{i}
		c.drop(i)
		for len(out) < together && c.sources() <= most {
			next := slices.IndexFunc(c.firstSteps(), func(j int) bool { return !slices.Contains(was, j) && j != c.must && !c.isProject(j) })
			if next < 0 {
				break
			}
			j := c.firstSteps()[next]
			c.drop(j)
			out = append(out, j)
		}
		if n := c.sources(); n > most {
			best, most = out, n
		}
		for _, j := range out {
			c.chosen[j] = true
		}
		c.count += len(out)
	}
	c.drop(best...)
	return best != nil
}

// firstSteps lists the items that need nothing chosen.
func (c *chooser) firstSteps() []int {
	var first []int
	order, items := c.before.On(c.items()), c.items()
	for k, i := range items {
		if len(order[k]) == 0 {
			first = append(first, i)
		}
	}
	return first
}

// fill takes in single items, most wanted first, without what they need, where
// there is still room.
func (c *chooser) fill() {
	for again := true; again; {
		again = false
		for _, i := range c.left() {
			if c.room() <= 0 {
				return
			}
			again = c.take(i) || again // and what it needs may be wanted next
		}
	}
}

// stepsPerPractice is how many steps a path has for each step of practice, and
// conceptsPerPractice how many concepts such a step goes back to at most.
const (
	stepsPerPractice    = 10
	conceptsPerPractice = 3
)

// practicePrefix makes the node ids of practice steps.
const practicePrefix = "practice/"

// practise adds steps that go back to the exercises of several concepts at once,
// one for each part of the path: what was practised right after its lesson is
// practised again, mixed, some time later (Rohrer and Taylor 2007). What room they
// do not need goes to further concepts.
func (c *chooser) practise() {
	want := min(c.spare, (1+c.count)/(stepsPerPractice-1))
	c.practice, c.spare = nil, 0
	want = max(0, min(want, c.room()))
	var with []int
	for _, i := range c.items() {
		if !c.isProject(i) && i != c.must && c.has(c.ids[i]) {
			with = append(with, i)
		}
	}
	want = min(want, len(with)/2)
	for part := range want {
		group := with[part*len(with)/want : (part+1)*len(with)/want]
		for ; len(group) > 1; group = group[:len(group)-1] { // what stands on the last level leaves no room after it
			c.practice = append(c.practice, c.mostWanted(group, conceptsPerPractice))
			if c.fits() {
				break
			}
			c.practice = c.practice[:len(c.practice)-1]
		}
	}
	if c.room() > 0 {
		c.pickRest()
	}
}

// mostWanted picks at most n items of a group, in learning order.
func (c *chooser) mostWanted(group []int, n int) []int {
	picked := slices.Clone(group)
	rank := func(i int) int {
		if r := slices.Index(c.goals, i); r >= 0 {
			return r
		}
		return len(c.goals)
	}
	slices.SortStableFunc(picked, func(a, b int) int { return rank(a) - rank(b) })
	picked = picked[:min(n, len(picked))]
	slices.Sort(picked)
	return picked
}

// startOver chooses anew where taking one after the other has come to an end with
// room left: a largest set that the given height admits, what was wanted most in
// it, of each level as much as the width admits. It keeps what was chosen unless the
// new choice is larger. One item can be excepted.
func (c *chooser) startOver(without int) bool {
	wanted := slices.Concat(c.items(), c.left())
	wanted = slices.DeleteFunc(wanted, func(i int) bool { return i == without || c.known[c.ids[i]] })
	if c.project != nil && !c.chosen[len(c.ids)-1] {
		wanted = append(wanted, len(c.ids)-1)
	}
	if len(wanted) <= c.count {
		return false // all is chosen that there is
	}
	rank := map[int]int{}
	for r, i := range wanted {
		rank[i] = r
	}
	if c.must >= 0 {
		rank[c.must] = -len(c.ids) * len(c.ids) * len(c.ids)
	}
	items := slices.Sorted(slices.Values(wanted))
	weights := make([]int, len(items))
	for k, i := range items {
		weights[k] = len(c.ids)*len(c.ids) - rank[i] // numbers first: all ranks together weigh less than one item
	}
	var family []int
	for _, k := range learning.Family(c.before.On(items), weights, c.shape.MaxHeight-1) {
		family = append(family, items[k])
	}
	slices.SortStableFunc(family, func(a, b int) int { return rank[a] - rank[b] })

	was, practice, count, sources := slices.Clone(c.chosen), c.practice, c.count, c.sources()
	best, most := was, count+len(practice)
	for _, level := range []map[int]int{c.earliest(family), c.latest(family)} {
		c.start(family, level)
		if c.count > most && c.sources() >= min(sources, c.floor) {
			best, most = slices.Clone(c.chosen), c.count
		}
	}
	if most == count+len(practice) {
		c.chosen, c.practice, c.count = was, practice, count
		return false
	}
	c.chosen, c.practice, c.count = best, nil, most
	return true
}

// start chooses of each level as many of the family, in its order, as the width
// and the room admit, and fills what is left.
func (c *chooser) start(family []int, level map[int]int) {
	c.practice, c.count = nil, 0
	c.chosen = make([]bool, len(c.ids))
	count := map[int]int{}
	for _, i := range family {
		if l := level[i]; c.room() > 0 && count[l] < c.shape.MaxWidth {
			c.chosen[i] = true
			c.count++
			count[l]++
		}
	}
	c.cut()
	c.fill()
}

// earliest gives each item the first level it may stand on, and latest the last
// one, counted backwards.
func (c *chooser) earliest(items []int) map[int]int {
	level := map[int]int{}
	for _, i := range slices.Sorted(slices.Values(items)) {
		for j, l := range level {
			if c.before.Before(j, i) {
				level[i] = max(level[i], l+1)
			}
		}
		level[i] += 0 // there, even if on the first
	}
	return level
}

func (c *chooser) latest(items []int) map[int]int {
	level := map[int]int{}
	for _, i := range slices.Backward(slices.Sorted(slices.Values(items))) {
		for j, l := range level {
			if c.before.Before(i, j) {
				level[i] = min(level[i], l-1)
			}
		}
		level[i] += 0 // there, even if on the last
	}
	return level
}

// exchange leaves out one item where that makes room for two, the most elementary
// first, until nothing more is gained or it has tried enough.
func (c *chooser) exchange() {
	budget := maxExchanges
	for again := true; again && c.room() > 0 && len(c.left()) > 0; {
		again = false
		for _, i := range c.items() {
			practised := slices.ContainsFunc(c.practice, func(group []int) bool { return slices.Contains(group, i) })
			if i == c.must || c.isProject(i) || practised {
				continue
			}
			was, count := slices.Clone(c.chosen), c.count
			c.drop(i)
			for _, j := range c.left() {
				if budget--; j != i && c.room() > 0 && budget > 0 {
					c.take(j)
				}
			}
			if c.count > count {
				again = true
				break
			}
			c.chosen, c.count = was, count
		}
	}
}

// tryWithout starts over without one item after the other, the most elementary first,
// where a width and a height were given that together leave hardly any choice.
func (c *chooser) tryWithout() {
	for _, i := range c.items() {
		if c.room() <= 0 || c.count > maxTried || len(c.left()) == 0 {
			return
		}
		if i != c.must && !c.isProject(i) && c.startOver(i) {
			c.practise()
			c.fill()
			c.exchange()
		}
	}
}

// shuffle starts anew from orders drawn at random, the same at every run, where all
// else left room: a last resort for bounds that only few choices fill.
func (c *chooser) shuffle() {
	if c.room() <= 0 || c.count > maxTried || len(c.left()) == 0 {
		return
	}
	random, floor := rand.New(rand.NewPCG(1, 1)), c.floor
	wanted := slices.Concat(c.items(), c.left())
	most, best, practice, sources := c.count+len(c.practice), slices.Clone(c.chosen), c.practice, c.sources()
	count := c.count
	for range shuffles {
		random.Shuffle(len(wanted), func(i, j int) { wanted[i], wanted[j] = wanted[j], wanted[i] })
		c.practice, c.count, c.chosen, c.floor = nil, 0, make([]bool, len(c.ids)), 0
		if c.must >= 0 {
			c.take(c.must)
		}
		for _, i := range wanted {
			if c.room() > 0 && !c.chosen[i] && !c.known[c.ids[i]] {
				c.take(i)
			}
		}
		if c.room() > 0 && c.project != nil && !c.chosen[len(c.ids)-1] {
			c.take(len(c.ids) - 1)
		}
		if c.count > most && c.sources() >= min(sources, floor) {
			most, best, practice, count = c.count, slices.Clone(c.chosen), nil, c.count
		}
		if c.room() <= 0 {
			break
		}
	}
	c.chosen, c.count, c.practice, c.floor = best, count, practice, floor
}

// shuffles is how many random orders are tried.
const shuffles = 100

// maxTried is up to how many items a choice is tried without each of them.
const maxTried = 40

// maxExchanges is how often exchange arranges anew; a path of a hundred steps takes
// a fifth of a second for as many.
const maxExchanges = 2000
