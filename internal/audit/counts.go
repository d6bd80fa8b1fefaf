package main

import "slices"

// Defaults of the bounds, as the design has them.
const (
	defaultNodes     = 15
	defaultMinWidth  = 3
	defaultMaxWidth  = 5
	defaultMinHeight = 3
	defaultMaxHeight = 7
	linksEach        = 3
)

// roomy is a bound that is none.
const roomy = 1000

func orElse(given, otherwise int) int {
	if given > 0 {
		return given
	}
	return otherwise
}

// target is the number of nodes that a path must have if it can: the default
// yields to given widths and heights.
func (r request) target() int {
	if r.NumNodes > 0 {
		return r.NumNodes
	}
	width, height := orElse(r.MaxWidth, max(defaultMaxWidth, r.MinWidth)), orElse(r.MaxHeight, max(defaultMaxHeight, r.MinHeight))
	return max(min(defaultNodes, 1+width*(height-1)), max(r.MinWidth, 1)+max(r.MinHeight, 2)-1)
}

// roofs are the width and height within which the target is sought. Defaults yield
// to a given number of nodes, as far as it takes.
func (r request) roofs() (width, height int) {
	if r.NumNodes > 0 {
		return orElse(r.MaxWidth, roomy), orElse(r.MaxHeight, roomy)
	}
	return orElse(r.MaxWidth, max(defaultMaxWidth, r.MinWidth)), orElse(r.MaxHeight, max(defaultMaxHeight, r.MinHeight))
}

// givenBounds: what was given is never exceeded.
func givenBounds(l *look) {
	r := l.asked
	for _, b := range []struct {
		name     string
		max, got int
	}{
		{"num_nodes", r.NumNodes, len(l.path.Nodes)},
		{"max_width", r.MaxWidth, l.path.width()},
		{"max_height", r.MaxHeight, l.path.height()},
	} {
		if b.max > 0 && b.got > b.max {
			l.breach("%s is %d, asked was %d", b.name, b.got, b.max)
		}
	}
}

// defaultBounds: a default is exceeded only where something given asks for it, and
// no further than it does. An outline gives its own number of steps.
func defaultBounds(l *look) {
	r := l.asked
	if len(r.Outline) > 0 || !l.sound {
		return
	}
	if roof := max(defaultNodes, orElse(r.MinWidth, defaultMinWidth)+orElse(r.MinHeight, defaultMinHeight)-1); r.NumNodes == 0 && len(l.path.Nodes) > roof {
		l.breach("%d nodes, none were asked for", len(l.path.Nodes))
	}
	width, height := l.path.width(), l.path.height()
	roofWidth, roofHeight := orElse(r.MaxWidth, max(defaultMaxWidth, r.MinWidth)), orElse(r.MaxHeight, max(defaultMaxHeight, r.MinHeight))
	// Of two defaults that cannot both stand beside a given bound, either may yield.
	yields := r.NumNodes > 0 || 1+roofWidth*(roofHeight-1) < defaultNodes
	if r.MaxWidth == 0 && width > roofWidth && (!yields || l.drawn.fits(width-1, max(height, roofHeight)-1)) {
		l.breach("width %d, the same steps can be had with less (height %d, default width %d)", width, height, roofWidth)
	}
	if r.MaxHeight == 0 && height > roofHeight && (!yields || l.drawn.fits(max(width, roofWidth), height-2)) {
		l.breach("height %d, the same steps can be had with less (width %d, default height %d)", height, width, roofHeight)
	}
}

// entries: each names a bound that can be unmet, once, and what was got is less
// than what was asked.
func entries(l *look) {
	seen := map[string]bool{}
	for _, u := range l.path.Metadata.Unmet {
		switch u.Bound {
		case "num_nodes", "min_width", "min_height", "max_resources":
		default:
			l.breach("%s cannot be unmet", u.Bound)
		}
		if seen[u.Bound] || u.Why == "" {
			l.breach("%s told before: %t, why: %q", u.Bound, seen[u.Bound], u.Why)
		}
		seen[u.Bound] = true
	}
}

// told checks the entry of a minimum against what the path has. It gives what was
// asked, if there is an entry that tells of a shortfall. least is the smallest value
// that must be had or told of; given is what the request itself says.
func (l *look) told(bound string, given, least, most, has int) (asked int, ok bool) {
	u, ok := l.path.unmet(bound)
	switch {
	case !ok && has < least && given > 0:
		l.under("not told", "%d, asked was %d", has, given)
	case !ok && has < least && len(l.asked.Outline) == 0:
		l.under("default not told", "%d, the default is %d", has, least)
	case !ok:
	case has >= u.Asked:
		l.under("told in vain", "%d of %d", has, u.Asked)
		return 0, false
	case u.Got != has || given > 0 && u.Asked != given || given == 0 && u.Asked > most:
		l.under("figures", "told: %d of %d; the path has %d, the request %d (0: not given, at most %d)", u.Got, u.Asked, has, given, most)
	}
	return u.Asked, ok
}

// unmetNodes: there are fewer nodes than asked only when no path has more.
func unmetNodes(l *look) {
	has := len(l.path.Nodes)
	asked, ok := l.told("num_nodes", l.asked.NumNodes, l.asked.target(), max(defaultNodes, l.asked.target()), has)
	if !ok || !l.sound {
		return
	}
	if len(l.asked.Outline) > 0 { // taken whole, but for what is known
		if want := 1 + l.world.steps(l.asked, l.matter.known); has != want {
			l.under("outline", "%d of the outline's %d", has, want)
		}
		return
	}
	c := l.count()
	kind := "more can be had"
	if c.least >= asked {
		kind = "can be met"
	}
	switch {
	case has >= min(asked, c.most):
	case has >= min(asked, c.least):
		l.openTo("gap", "%d of %d; %d are known to be possible, %d not excluded (pool %d)", has, asked, c.least, c.most, c.pool)
		l.found[len(l.found)-1].gap = min(asked, c.most) - has
	case l.asked.Level != "": // the contract does not say what a level leaves out
		l.openTo(kind+", level given", "%d of %d told as all; a path has %d", has, asked, min(asked, c.least))
	case !l.keepsMinimums(c):
		l.openTo(kind+", at the cost of a minimum", "%d of %d told as all; a path has %d", has, asked, min(asked, c.least))
	default:
		l.under(kind, "%d of %d told as all; a path has %d", has, asked, min(asked, c.least))
	}
}

// keepsMinimums says that the steps shown to be possible have as many first steps
// and levels as the path has, of those that a minimum asks for. A minimum that was
// not given yields to a given number of nodes.
func (l *look) keepsMinimums(c count) bool {
	first, levels := l.asked.MinWidth, l.asked.MinHeight
	if l.asked.NumNodes == 0 {
		first, levels = orElse(first, defaultMinWidth), orElse(levels, defaultMinHeight)
	}
	first, levels = min(first, l.firstSteps()), min(levels, l.path.height())
	if c.shown.n == 0 {
		return first <= 1 && levels <= 2
	}
	return canHave(c.shown.n, c.shown.sources(), first, max(1, levels-1))
}

// count says how many nodes a path can have, root included: at least as the steps
// shown have, or as trying everything has found; at most by counting.
type count struct {
	least, most, pool int
	shown             order
}

// exactly is how many items a pool may have for everything to be tried.
const exactly = 12

func (l *look) count() count {
	pool, must := l.pool()
	width, height := l.asked.roofs()
	steps := min(height-1, pool.n)
	width = min(width, pool.n)
	most, chosen := newFamily(pool, must).choose(steps)
	shown := witness(pool, width, steps, must)
	if other := witnessAmong(pool, chosen, width, steps, must); len(other) > len(shown) {
		shown = other
	}
	if len(shown) < min(most, width*steps, l.asked.target()-1) {
		shown = witnessWithoutOne(pool, shown, width, steps, must)
	}
	c := count{1 + len(shown), 1 + min(most, width*steps), pool.n, pool.among(shown)}
	if pool.n <= exactly {
		if best := 1 + pool.mostExactly(width, steps, must); best > c.least {
			c.least, c.shown = best, order{}
		}
		c.most = c.least
	}
	return c
}

// witness gives the items of a schedule that has the one that must be there. Of
// what comes before that one, as much is left out as does not fit under it.
func witness(o order, width, steps, must int) []int {
	if must < 0 {
		return o.scheduled(width, steps)
	}
	under := slices.Collect(o.before[must].all())
	kept := newSet(o.n)
	for _, i := range o.among(under).scheduled(width, steps-1) {
		kept.add(under[i])
	}
	var items []int
	place := 0
	for i := range o.n {
		if i == must {
			place = len(items)
		}
		if kept.has(i) || !o.before[must].has(i) {
			items = append(items, i)
		}
	}
	got := o.among(items).scheduled(width, steps, place)
	if !slices.Contains(got, place) {
		return []int{must}
	}
	return within(items, got)
}

// witnessAmong is a witness of some items alone.
func witnessAmong(o order, some []int, width, steps, must int) []int {
	if must >= 0 {
		must = slices.Index(some, must)
	}
	return within(some, witness(o.among(some), width, steps, must))
}

// witnessWithoutOne looks for a larger witness that leaves one item out: without the
// item on which all others hang, the first level can be fuller.
func witnessWithoutOne(o order, best []int, width, steps, must int) []int {
	for without := range o.n {
		if without == must {
			continue
		}
		some := make([]int, 0, o.n)
		for i := range o.n {
			if i != without {
				some = append(some, i)
			}
		}
		if other := witnessAmong(o, some, width, steps, must); len(other) > len(best) {
			best = other
		}
	}
	return best
}

func within(items, places []int) (some []int) {
	for _, p := range places {
		some = append(some, items[p])
	}
	return some
}

// pool is the order of all that the path may teach, with the number of the concept
// that it has to, or -1.
func (l *look) pool() (o order, must int) {
	if len(l.asked.Outline) > 0 {
		o, _ := l.outlined()
		return o, -1
	}
	items := slices.Collect(l.matter.pool.all())
	return l.world.order.among(items), slices.Index(items, l.matter.itself)
}

// outlined is the order of the caller's own steps: with the graph's, or, where that
// contradicts the caller's, without.
func (l *look) outlined() (o order, contradicted bool) {
	caller, all := l.callerOrder()
	for i := range all {
		if all[i].has(i) {
			return order{len(caller), caller}, true
		}
	}
	return order{len(all), all}, false
}

// outlineTooMuch says that an outline does not fit whole into given bounds, as far as
// a simple schedule can tell: a path has all of its steps.
func (w *world) outlineTooMuch(r request) bool {
	if len(r.Outline) == 0 {
		return false
	}
	n := w.steps(r, w.matterOf(r).known)
	width, height := orElse(r.MaxWidth, roomy), orElse(r.MaxHeight, roomy)
	l := look{world: w, asked: r}
	order, contradicted := l.outlined()
	// How much of the graph's order is left beside one that contradicts it is not told.
	return r.NumNodes > 0 && r.NumNodes <= n || !order.fits(width, height-1) || contradicted && r.MaxHeight > 0
}

// steps counts the steps of an outline that are not known.
func (w *world) steps(r request, known set) (n int) {
	for _, s := range r.Outline {
		if i, ok := w.number[w.meaning(s.Title)]; !ok || !known.has(i) {
			n++
		}
	}
	return n
}

// canHave says that n steps, so many of which need nothing, can be put on levels
// with at least first of them on the first one, and on so many levels or more: one
// each, when the first ones stand together.
func canHave(n, sources, first, levels int) bool {
	return sources >= first && n >= max(first, 1)+levels-1
}

// least minimums: a default shrinks where a given number of nodes, or a given
// maximum, leaves no room for it.
func (l *look) minimums() (width, height int) {
	r := l.asked
	width, height = r.MinWidth, r.MinHeight
	n := r.target()
	if height == 0 {
		with := orElse(width, l.shrunk("min_width", min(defaultMinWidth, l.firstSteps())))
		height = max(2, min(defaultMinHeight, orElse(r.MaxHeight, roomy), n-with+1))
	}
	if width == 0 {
		with := orElse(r.MinHeight, l.shrunk("min_height", min(defaultMinHeight, l.path.height())))
		width = max(1, min(defaultMinWidth, orElse(r.MaxWidth, roomy), n-with+1))
	}
	return width, height
}

// shrunk is what a default minimum has come to: what the path says of it, or has.
func (l *look) shrunk(bound string, has int) int {
	if u, ok := l.path.unmet(bound); ok {
		return u.Asked
	}
	return has
}

func (l *look) firstSteps() int { return l.path.perLevel()[1] }

func unmetWidth(l *look) {
	width, height := l.minimums()
	asked, ok := l.told("min_width", l.asked.MinWidth, width, defaultMinWidth, l.firstSteps())
	if !ok || !l.sound {
		return
	}
	if canHave(l.drawn.n, l.drawn.sources(), asked, min(height, l.path.height())-1) {
		l.under("can be met", "%d first steps of %d told as all: %d of the %d steps need nothing, %d levels", l.firstSteps(), asked, l.drawn.sources(), l.drawn.n, l.path.height())
	}
}

func unmetHeight(l *look) {
	width, height := l.minimums()
	asked, ok := l.told("min_height", l.asked.MinHeight, height, defaultMinHeight, l.path.height())
	if !ok || !l.sound {
		return
	}
	if canHave(l.drawn.n, l.drawn.sources(), min(width, l.firstSteps()), asked-1) {
		l.under("can be met", "%d levels of %d told as all: %d steps, of which %d come first", l.path.height(), asked, l.drawn.n, l.firstSteps())
	}
}

// unmetResources: told exactly when a node that could have a link has none. What was
// got may be read as the links that are there, or as those that each node would have
// one with.
func unmetResources(l *look) {
	total, without, could := 0, 0, 0
	for i := range l.path.Nodes {
		n := &l.path.Nodes[i].node
		total += len(n.Resources)
		switch {
		case len(n.Resources) > 0:
			could++
		case l.hasLinks(n):
			without++
			could++
		}
	}
	u, ok := l.path.unmet("max_resources")
	switch {
	case !ok && without > 0:
		l.under("not told", "%d nodes have no link; %d links in all, asked were %d", without, total, l.asked.MaxResources)
	case ok && (without == 0 || l.asked.MaxResources == 0):
		l.under("told in vain", "%d links, no node is without", total)
	case ok && (u.Asked != l.asked.MaxResources || u.Got != total && u.Got != could):
		l.under("figures", "told: %d of %d; the path has %d links and %d nodes that can have one, asked were %d", u.Got, u.Asked, total, could, l.asked.MaxResources)
	}
}
