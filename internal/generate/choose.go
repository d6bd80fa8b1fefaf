package generate

import (
	"fmt"
	"maps"
	"slices"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/learning"
)

// choice is what a path will teach.
type choice struct {
	ids      []string            // in learning order
	helps    [][]int             // for each of ids, those that help it
	order    learning.Order      // over ids, through concepts that were left out as well; transitively reduced
	assumes  []string            // what it needs and does not teach
	behind   []string            // what those need in turn
	practice map[string][]string // practice step -> the concepts it goes back to
	shape    learning.Shape      // the bounds that hold for it
}

// chooser picks concepts for one request.
type chooser struct {
	ix      *catalog.Index
	request learning.Request
	shape   learning.Shape
	given   map[string]bool // what the learner has
	known   map[string]bool // given, and what only that needs: nothing to choose for its own sake
	below   map[string]bool // what the given needs: to be chosen for what is chosen, not for room to spare
	subject bool            // the topic is a whole subject
	route   bool            // or a route
	project *catalog.SubjectEntry
	*pool

	goals    []int                // what the topic is about, most central first
	goal     map[int]bool         // the same as a set
	extras   []int                // what helps, for room to spare
	must     int                  // the concept that was asked for, or -1
	has      func(id string) bool // whether a concept has exercises
	chosen   []bool
	count    int
	practice [][]int // items that a practice step goes back to
	spare    int     // places kept free for practice
	floor    int     // first steps that further choices may not cost, once they are settled
}

// choose picks the concepts for a topic of the graph: a subject, a concept or a
// route. At most shape.Nodes-1 are chosen (the root is a node too), and they can be
// arranged within the bounds. has says whether a concept has exercises.
func choose(ix *catalog.Index, p Plan, has func(id string) bool) choice {
	c := newChooser(ix, p)
	c.has = has
	c.pick()
	c.tighten()
	return c.result()
}

func newChooser(ix *catalog.Index, p Plan) *chooser {
	topic := p.Topic
	c := &chooser{ix: ix, request: p.Request, shape: p.Request.Shape(), must: -1, goal: map[int]bool{}}
	var goals, extras []string
	switch {
	case ix.Subject(topic) != nil:
		c.subject, goals = true, ix.Parts(topic)
		if s := ix.Subject(topic); s.ProjectMinutes > 0 {
			c.project = s
		}
	case ix.Route(topic) != nil:
		c.route, goals = true, ix.Route(topic).Targets
	default:
		goals, extras = append([]string{topic}, ix.Parts(topic)...), helpful(ix, topic, givenIDs(ix, p.Known))
	}
	c.pool = newPool(ix, slices.Concat(goals, extras), c.project)
	c.chosen = make([]bool, len(c.ids))
	c.goals, c.extras = c.byCentrality(c.numbers(goals)), c.numbers(extras)
	for _, i := range c.goals {
		c.goal[i] = true
	}
	if ix.Entry(topic) != nil {
		c.must = c.number[topic]
	}
	c.expandKnown(p.Known)
	c.extras = slices.DeleteFunc(c.extras, func(i int) bool {
		return c.below[c.ids[i]] && !slices.Contains(c.helps[c.must], i)
	})
	return c
}

// helpful lists what helps a concept, or what is to be learnt for it, and does not
// build on it.
func helpful(ix *catalog.Index, topic string, given map[string]bool) []string {
	var out []string
	needs := ix.Ancestors(topic, func(id string) bool { return given[id] })
	for _, id := range append([]string{topic}, sortedByPosition(ix, needs)...) {
		for _, h := range ix.Entry(id).Helps {
			if h != topic && !ix.Ancestors(h, nil)[topic] && !slices.Contains(out, h) {
				out = append(out, h)
			}
		}
	}
	return out
}

// expandKnown notes what is given, and adds to what is known everything that only
// it needs: an ancestor goes when nothing that is still to be learnt requires it.
func (c *chooser) expandKnown(known []string) {
	c.given = givenIDs(c.ix, known)
	if c.must >= 0 {
		delete(c.given, c.ids[c.must]) // it is asked for, even where the whole is known that it belongs to
	}
	c.below = map[string]bool{}
	for id := range c.given {
		maps.Copy(c.below, c.ix.Ancestors(id, nil))
	}
	c.known = maps.Clone(c.given)
	for _, id := range slices.Backward(sortedByPosition(c.ix, c.below)) {
		i, ok := c.number[id]
		if ok && i != c.must && !slices.ContainsFunc(c.after[i], func(d int) bool { return !c.known[c.ids[d]] && c.leads(d) }) {
			c.known[id] = true
		}
	}
}

// leads says whether i is a goal, a direct help to the topic or the project, or on
// the way to one: what only helps something on the way does not keep a thing from
// being known.
func (c *chooser) leads(i int) bool {
	wanted := func(j int) bool { return i == j || c.before.Before(i, j) }
	if slices.ContainsFunc(c.goals, wanted) || c.project != nil && wanted(len(c.ids)-1) {
		return true
	}
	return c.must >= 0 && slices.ContainsFunc(c.helps[c.must], wanted)
}

// pick chooses in this order: the project with what it needs; the goals that suit
// the level, most central first, each with what it needs among them; what those
// need from elsewhere, the nearest first; then the other goals and what helps; and
// practice. A default bound yields to a number of nodes that was given.
func (c *chooser) pick() {
	for {
		c.practice, c.spare, c.floor = nil, c.shape.Nodes/stepsPerPractice, 0
		c.pickProject()
		if c.cuts() {
			c.pickGoals(c.shape.Nodes)
			c.cut()
		} else {
			c.pickGoals(c.shape.MaxHeight)
		}
		c.deepen(c.elsewhere)
		c.pickRest()
		c.widen()
		c.practise()
		c.fill()
		if c.room() <= 0 {
			return
		}
		if c.request.Given("num_nodes") && c.grow() {
			continue
		}
		if c.startOver(-1) {
			c.practise()
			c.fill()
		}
		c.exchange()
		c.tryWithout()
		c.shuffle()
		c.release()
		return
	}
}

// grow lets a bound that was not given yield as far as the number of nodes could
// ask for; tighten takes back what was not needed.
func (c *chooser) grow() bool {
	switch {
	case !c.request.Given("max_height") && c.shape.MaxHeight < c.shape.Nodes:
		c.shape.MaxHeight = c.shape.Nodes // then anything fits, one on a level
	case !c.request.Given("max_width") && c.shape.MaxWidth < c.shape.Nodes:
		c.shape.MaxWidth = c.shape.Nodes
	default:
		return false
	}
	return true
}

// tighten brings bounds that yielded to a number of nodes back to the least that
// what was chosen needs.
func (c *chooser) tighten() {
	if !c.request.Given("num_nodes") {
		return
	}
	r := c.request
	r.NumNodes = 0
	was := r.Shape()
	for _, bound := range []struct{ now, from *int }{{&c.shape.MaxWidth, &was.MaxWidth}, {&c.shape.MaxHeight, &was.MaxHeight}} {
		grown := *bound.now
		for *bound.now = min(*bound.from, grown); *bound.now < grown && !c.fits(); {
			*bound.now++
		}
	}
}

// room is how many more concepts fit.
func (c *chooser) room() int { return c.shape.Nodes - 1 - c.spare - len(c.practice) - c.count }

// left lists what could still be chosen, most wanted first.
func (c *chooser) left() []int {
	var out []int
	seen := make([]bool, len(c.ids))
	consider := func(items []int) {
		for _, i := range items {
			if !seen[i] && !c.chosen[i] && !c.known[c.ids[i]] {
				out = append(out, i)
			}
			seen[i] = true
		}
	}
	consider(slices.DeleteFunc(slices.Clone(c.goals), func(i int) bool { return !c.suits(i) }))
	rest := make([]int, 0, len(c.ids))
	for i := range slices.Backward(c.ids) { // the nearest first
		spare := c.below[c.ids[i]] && !c.leads(i) && !slices.ContainsFunc(c.after[i], func(d int) bool { return c.chosen[d] })
		if !spare && !c.isProject(i) { // a project comes with all it needs or not at all
			rest = append(rest, i)
		}
	}
	consider(c.goals)
	consider(c.extras)
	consider(rest)
	return out
}

// suits says whether a level that was asked for has use for a concept: a beginner
// is spared the advanced ones, the others start above what is elementary.
func (c *chooser) suits(i int) bool {
	e := c.ix.Entry(c.ids[i])
	switch {
	case e == nil || i == c.must:
		return true
	case c.request.Level == "beginner":
		return e.Level != "advanced"
	case c.request.Level != "":
		return e.Level != "beginner"
	default:
		return true
	}
}

// elsewhere says whether the path goes down to i for the sake of what needs it:
// for those who are beyond the beginning, not to what is elementary.
func (c *chooser) elsewhere(i int) bool {
	if c.subject {
		return !c.goal[i] || c.request.Level != "advanced"
	}
	return c.suits(i)
}

// pickProject takes the project with all that it needs of the subject, unless
// that leaves less than a fifth of the path to the rest. A default height yields
// to it where the number of nodes was given.
func (c *chooser) pickProject() {
	if c.project == nil || c.chosen[len(c.ids)-1] {
		return
	}
	held := c.shape.MaxHeight
	if c.request.Given("num_nodes") && !c.request.Given("max_height") {
		c.shape.MaxHeight = max(held, c.shape.Nodes)
	}
	more := c.with(len(c.ids)-1, func(i int) bool { return c.goal[i] && c.suits(i) })
	if len(more) > c.room() || 5*len(more) > 4*c.shape.Nodes || !c.take(more...) {
		c.shape.MaxHeight = held
	}
}

// pickGoals takes the goals, within maxHeight levels: those for the level of the
// request first that it is about.
func (c *chooser) pickGoals(maxHeight int) {
	held := c.shape.MaxHeight
	c.shape.MaxHeight = max(held, maxHeight)
	own := func(i int) bool { return c.goal[i] && c.suits(i) }
	if c.route {
		c.pickTargets()
	}
	if c.must >= 0 {
		c.add(c.must, func(int) bool { return false })
	}
	if c.request.Level == "advanced" {
		for _, i := range c.goals {
			if c.ix.Entry(c.ids[i]).Level == "advanced" {
				c.add(i, own)
			}
		}
	}
	for _, i := range c.goals {
		if own(i) {
			c.add(i, own)
		}
	}
	c.shape.MaxHeight = held
}

// pickRest uses room that is left: goals of other levels, what helps, and what all
// those need.
func (c *chooser) pickRest() {
	anything := func(int) bool { return true }
	for _, i := range slices.Concat(c.goals, c.extras) {
		c.add(i, anything)
	}
	c.deepen(anything)
}

// pickTargets takes the targets of a route, each with all that leads there from
// where the level begins, so that fewer are reached rather than many without their
// foundations: the subjects in turn, of each the target that needs fewest more.
// Room that no further target fits goes to what most of them need.
func (c *chooser) pickTargets() {
	reached := map[string]int{}
	for {
		var best []int
		turn := 0
		for _, i := range c.goals {
			if c.chosen[i] || c.known[c.ids[i]] {
				continue
			}
			more, n := c.with(i, c.suits), reached[catalog.SubjectOf(c.ids[i])]
			if len(more) <= c.room() && (best == nil || n < turn || n == turn && len(more) < len(best)) {
				best, turn = more, n
			}
		}
		if best == nil || !c.take(best...) {
			break
		}
		reached[catalog.SubjectOf(c.ids[best[0]])]++
	}
	for _, i := range c.byCentrality(c.leading()) {
		c.add(i, c.suits)
	}
}

// leading lists what leads to the goals.
func (c *chooser) leading() []int {
	var out []int
	for i := range c.ids {
		if slices.ContainsFunc(c.goals, func(g int) bool { return c.before.Before(i, g) }) {
			out = append(out, i)
		}
	}
	return out
}

// with lists i and all it needs among those that own says belong, as far as they
// are not chosen yet.
func (c *chooser) with(i int, own func(int) bool) []int {
	all := []int{i}
	seen := map[int]bool{i: true}
	for k := 0; k < len(all); k++ {
		for _, j := range c.requires[all[k]] {
			if !seen[j] && !c.given[c.ids[j]] && own(j) {
				seen[j] = true
				all = append(all, j)
			}
		}
	}
	return slices.DeleteFunc(all, func(j int) bool { return c.chosen[j] })
}

// add takes in an item with all it needs among those that own says belong; what
// it needs from elsewhere is assumed. It does nothing when that is too much.
func (c *chooser) add(i int, own func(int) bool) {
	if c.chosen[i] || c.known[c.ids[i]] {
		return
	}
	if more := c.with(i, own); len(more) <= c.room() {
		c.take(more...)
	}
}

// take adds items if the whole can still be arranged.
func (c *chooser) take(more ...int) bool {
	for _, i := range more {
		c.chosen[i] = true
	}
	c.count += len(more)
	if c.fits() && (c.floor == 0 || c.sources() >= c.floor) {
		return true
	}
	c.drop(more...)
	return false
}

func (c *chooser) drop(items ...int) {
	for _, i := range items {
		c.chosen[i] = false
	}
	c.count -= len(items)
}

func (c *chooser) fits() bool { return learning.Fits(c.order(), c.shape) }

// order is the order of what is chosen: the items, the practice steps, the project.
func (c *chooser) order() learning.Order {
	items := c.items()
	order := c.before.On(items)
	last := len(items) - 1
	if last < 0 || len(c.practice) == 0 {
		return order
	}
	var project learning.Order
	if c.isProject(items[last]) {
		project, order = learning.Order{order[last]}, order[:last]
	}
	for _, group := range c.practice {
		var needs []int
		for _, i := range group {
			if !slices.ContainsFunc(group, func(other int) bool { return c.before.Before(i, other) }) {
				needs = append(needs, slices.Index(items, i))
			}
		}
		order = append(order, needs)
	}
	return slices.Concat(order, project)
}

// items lists what is chosen in learning order.
func (c *chooser) items() []int {
	items := make([]int, 0, c.count)
	for i, is := range c.chosen {
		if is {
			items = append(items, i)
		}
	}
	return items
}

// missing lists what the chosen need directly and neither have nor are given.
func (c *chooser) missing() []int {
	var out []int
	for i, is := range c.chosen {
		if is {
			continue
		}
		needed := slices.ContainsFunc(c.after[i], func(d int) bool { return c.chosen[d] })
		if needed && !c.given[c.ids[i]] {
			out = append(out, i)
		}
	}
	return out
}

// deepen takes in what the chosen need and do not have yet, the nearest first, so
// that what is left out is the most elementary.
func (c *chooser) deepen(allowed func(int) bool) {
	for again := true; again && c.room() > 0; {
		again = false
		for _, i := range slices.Backward(c.missing()) {
			if allowed(i) && c.room() > 0 && c.take(i) {
				again = true
			}
		}
	}
}

// result is the choice made, closed: every hard prerequisite that is neither chosen
// nor given as known is assumed.
func (c *chooser) result() choice {
	r := choice{order: c.order(), shape: c.shape, practice: map[string][]string{}}
	for _, i := range c.items() {
		if !c.isProject(i) {
			r.ids = append(r.ids, c.ids[i])
		}
	}
	for n, group := range c.practice {
		id := fmt.Sprintf("%s%d", practicePrefix, n+1)
		r.ids = append(r.ids, id)
		for _, i := range group {
			r.practice[id] = append(r.practice[id], c.ids[i])
		}
	}
	if c.project != nil && c.chosen[len(c.ids)-1] {
		r.ids = append(r.ids, c.ids[len(c.ids)-1])
	}
	r.helps = helping(c.ix, r.ids)
	r.assumes, r.behind = assumed(c.ix, r.ids, c.given)
	return r
}
