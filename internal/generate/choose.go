package generate

import (
	"cmp"
	"maps"
	"slices"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/learning"
)

// projectSuffix makes the node id of a subject's project from the subject's id.
const projectSuffix = "/project"

// choice is what a path will teach: chosen ids in learning order, what each
// requires among them (through concepts that were left out as well), and what is
// needed but not taught.
type choice struct {
	ids     []string
	order   learning.Order // over ids
	assumes []string
}

// chooser picks concepts for one request.
type chooser struct {
	ix      *catalog.Index
	request learning.Request
	shape   learning.Shape
	given   map[string]bool // what the learner has
	known   map[string]bool // given, and what only that needs: nothing to choose for its own sake
	project *catalog.SubjectEntry
	chosen  map[string]bool
}

// choose picks the concepts for a topic of the graph: a subject or a concept. At
// most shape.Nodes-1 are chosen (the root is a node too), and no chain among them
// is longer than the levels below the root.
func choose(ix *catalog.Index, topic string, r learning.Request, known []string) choice {
	c := &chooser{ix: ix, request: r, shape: r.Shape(), chosen: map[string]bool{}}
	if s := ix.Subject(topic); s != nil {
		parts := ix.Parts(topic)
		c.project = s
		c.expandKnown(known, parts)
		c.chooseParts(parts)
	} else {
		c.expandKnown(known, append(sortedByPosition(ix, ix.Ancestors(topic, nil)), topic))
		delete(c.given, topic)
		delete(c.known, topic)
		c.chooseTowards(topic)
	}
	return c.result()
}

// expandKnown notes what is given, and adds to what is known everything that only
// it needs: an ancestor goes when nothing that is still to be learnt (of wanted, or
// the project) requires it.
func (c *chooser) expandKnown(known, wanted []string) {
	c.given = map[string]bool{}
	below := map[string]bool{}
	for _, k := range known {
		for _, id := range append(c.ix.Parts(k), k) { // knowing the whole is knowing its parts
			c.given[id] = true
			for a := range c.ix.Ancestors(id, nil) {
				below[a] = true
			}
		}
	}
	out := maps.Clone(c.given)
	ordered := sortedByPosition(c.ix, below)
	for _, id := range slices.Backward(ordered) {
		needed := slices.ContainsFunc(c.ix.Dependants(id), func(d string) bool {
			return !out[d] && (below[d] || slices.Contains(wanted, d))
		}) || c.project != nil && slices.Contains(c.project.ProjectRequires, id)
		if !needed {
			out[id] = true
		}
	}
	c.known = out
}

// budget is how many more concepts fit.
func (c *chooser) budget() int { return c.shape.Nodes - 1 - len(c.chosen) }

// maxChain is the longest chain that fits below the root.
func (c *chooser) maxChain() int { return c.shape.MaxHeight - 1 }

// chooseParts picks from a subject: its project first where it fits with all that
// it needs, then its parts, most central first, then what they need from
// elsewhere, as far as there is room.
func (c *chooser) chooseParts(parts []string) {
	inSubject := map[string]bool{}
	for _, p := range parts {
		inSubject[p] = true
	}
	own := func(id string) bool { return inSubject[id] && c.suits(id) }
	if c.project.ProjectMinutes > 0 {
		c.addProject(own)
	}
	for _, id := range c.byCentrality(parts) {
		if own(id) {
			c.add(id, own)
		}
	}
	c.deepen(func(id string) bool { return !inSubject[id] || c.request.Level != "advanced" })
	for _, id := range c.byCentrality(parts) { // room left: parts of other levels too
		c.add(id, func(string) bool { return true })
	}
}

// suits says whether a level that was asked for has use for a concept: a beginner
// is spared the advanced ones, the others start above what is elementary.
func (c *chooser) suits(id string) bool {
	level := c.ix.Entry(id).Level
	switch c.request.Level {
	case "beginner":
		return level != "advanced"
	case "intermediate", "advanced":
		return level != "beginner"
	default:
		return true
	}
}

// byCentrality orders parts by how many others of them need them, directly or
// not; among equals the one with fewer requirements first, then the authors' order.
func (c *chooser) byCentrality(parts []string) []string {
	needs := map[string]int{}
	ancestors := map[string]int{}
	for _, p := range parts {
		for a := range c.ix.Ancestors(p, nil) {
			needs[a]++
			ancestors[p]++
		}
	}
	out := slices.Clone(parts)
	slices.SortStableFunc(out, func(a, b string) int {
		return cmp.Or(needs[b]-needs[a], ancestors[a]-ancestors[b], c.ix.Position(a)-c.ix.Position(b))
	})
	return out
}

// add takes in a concept with all it needs among those that own says belong; what
// it needs from elsewhere is assumed. It does nothing when that is too much.
func (c *chooser) add(id string, own func(string) bool) bool {
	if c.chosen[id] || c.known[id] {
		return false
	}
	more := map[string]bool{id: true}
	for a := range c.ix.Ancestors(id, func(a string) bool { return c.given[a] || !own(a) }) {
		if !c.chosen[a] {
			more[a] = true
		}
	}
	return c.take(more)
}

// take adds a set if it fits: in number, in height, and in what the levels hold.
func (c *chooser) take(more map[string]bool) bool {
	if len(more) > c.budget() {
		return false
	}
	for id := range more {
		c.chosen[id] = true
	}
	if !c.fits() {
		for id := range more {
			delete(c.chosen, id)
		}
		return false
	}
	return true
}

// fits says whether what is chosen can be arranged within the given width and
// height.
func (c *chooser) fits() bool {
	order := c.order(c.ids())
	if order.Chain() > c.maxChain() {
		return false
	}
	if len(order) == 0 {
		return true
	}
	return slices.Max(learning.Arrange(order.Reduce(), c.shape.MaxWidth)) <= c.maxChain()
}

// addProject takes the subject's project in with what it needs, unless that
// would leave too little room for the rest.
func (c *chooser) addProject(own func(string) bool) {
	id := c.project.ID + projectSuffix
	more := map[string]bool{id: true}
	for _, r := range c.project.ProjectRequires {
		if c.given[r] || !own(r) {
			continue
		}
		more[r] = true
		for a := range c.ix.Ancestors(r, func(a string) bool { return c.given[a] || !own(a) }) {
			more[a] = true
		}
	}
	if len(more) <= c.budget() {
		c.take(more)
	}
}

// deepen takes in what the chosen need and do not have yet, the nearest first.
func (c *chooser) deepen(allowed func(string) bool) {
	for again := true; again && c.budget() > 0; {
		again = false
		missing := map[string]bool{}
		for id := range c.chosen {
			for _, r := range c.requires(id) {
				if !c.chosen[r] && !c.given[r] && allowed(r) {
					missing[r] = true
				}
			}
		}
		// The nearest are those that the others missing do not need.
		for _, id := range slices.Backward(sortedByPosition(c.ix, missing)) {
			if c.take(map[string]bool{id: true}) {
				again = true
			}
		}
	}
}

// chooseTowards picks the path that leads to one concept: what it needs, nearest
// first, so that what is left out is the most elementary; with room to spare, its
// own parts and what helps.
func (c *chooser) chooseTowards(target string) {
	c.take(map[string]bool{target: true})
	c.deepen(func(string) bool { return true })
	anything := func(string) bool { return true }
	for _, p := range c.ix.Parts(target) {
		c.add(p, anything)
	}
	for _, id := range append([]string{target}, sortedByPosition(c.ix, c.ix.Ancestors(target, nil))...) {
		for _, h := range c.ix.Entry(id).Helps {
			if !c.ix.Ancestors(h, nil)[target] {
				c.add(h, anything)
			}
		}
	}
}

// requires gives what a concept, or the project, needs directly.
func (c *chooser) requires(id string) []string {
	if c.project != nil && id == c.project.ID+projectSuffix {
		return c.project.ProjectRequires
	}
	if e := c.ix.Entry(id); e != nil {
		return e.Requires
	}
	return nil
}

// ids lists what is chosen in learning order, the project last.
func (c *chooser) ids() []string {
	ids := sortedByPosition(c.ix, c.chosen)
	if c.project != nil && c.chosen[c.project.ID+projectSuffix] {
		ids = slices.DeleteFunc(ids, func(id string) bool { return id == c.project.ID+projectSuffix })
		ids = append(ids, c.project.ID+projectSuffix)
	}
	return ids
}

// order gives what each id requires among ids, through others as well.
func (c *chooser) order(ids []string) learning.Order {
	number := make(map[string]int, len(ids))
	for i, id := range ids {
		number[id] = i
	}
	order := make(learning.Order, len(ids))
	for i, id := range ids {
		seen := map[string]bool{}
		var walk func(string)
		walk = func(of string) {
			for _, r := range c.requires(of) {
				if seen[r] {
					continue
				}
				seen[r] = true
				if n, ok := number[r]; ok {
					order[i] = append(order[i], n) // what r needs is found from r
				} else {
					walk(r)
				}
			}
		}
		walk(id)
		slices.Sort(order[i])
	}
	return order
}

// result closes the choice: every hard prerequisite that is neither chosen nor
// given as known is assumed.
func (c *chooser) result() choice {
	ids := c.ids()
	missing := map[string]bool{}
	for _, id := range ids {
		for _, r := range c.requires(id) {
			if !c.chosen[r] && !c.given[r] {
				missing[r] = true
			}
		}
	}
	return choice{ids: ids, order: c.order(ids), assumes: sortedByPosition(c.ix, missing)}
}

func sortedByPosition(ix *catalog.Index, set map[string]bool) []string {
	ids := make([]string, 0, len(set))
	for id := range set {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int {
		return cmp.Or(ix.Position(a)-ix.Position(b), cmp.Compare(a, b))
	})
	return ids
}
