package main

import (
	"fmt"
	"slices"
	"strings"
)

// law is one thing that every delivered path satisfies. Names are what the report
// counts by.
type law struct {
	name  string
	holds func(*look)
}

// laws lists what is looked at in a path; counts.go has those about bounds that
// could not be met.
var laws = []law{
	{"root", root},
	{"ids", ids},
	{"prerequisites", prerequisites},
	{"levels", levels},
	{"order", orders},
	{"topic", topicTaught},
	{"outside", outside},
	{"closure", closure},
	{"assumes", assumes},
	{"known", knownLeftOut},
	{"bounds given", givenBounds},
	{"bounds default", defaultBounds},
	{"links", links},
	{"quizzes", quizzes},
	{"language", language},
	{"unmet entries", entries},
	{"unmet num_nodes", unmetNodes},
	{"unmet min_width", unmetWidth},
	{"unmet min_height", unmetHeight},
	{"unmet max_resources", unmetResources},
}

// look is one path under the eyes of the laws.
type look struct {
	world  *world
	asked  request
	matter matter
	path   *path

	steps []taught // all nodes but the root
	drawn order    // of the steps, as the path's edges say
	sound bool     // the edges make an order
	found []breach
	now   string // the law that looks
}

// taught is a step: a concept, a project, the caller's own step or exercises.
type taught struct {
	*node
	item int // in world.items, or one of the below
	own  int // in the caller's outline, or -1
}

const (
	ownStep   = -1
	exercises = -2
	stranger  = -3
)

// breach is a law broken by a path. An open one is none: it is a gap between two
// countings, or something that the contract can be read to allow.
type breach struct {
	law, what string
	open      bool
	gap       int
}

func (l *look) breach(format string, args ...any) { l.under("", format, args...) }

// under is a breach of the present law, of a kind that is counted apart.
func (l *look) under(kind, format string, args ...any) {
	name := l.now
	if kind != "" {
		name += ": " + kind
	}
	l.found = append(l.found, breach{law: name, what: fmt.Sprintf(format, args...)})
}

// openTo is under a kind that the contract can be read to allow.
func (l *look) openTo(kind, format string, args ...any) {
	l.under(kind, format, args...)
	l.found[len(l.found)-1].open = true
}

// inspect looks at a path with every law.
func inspect(w *world, r request, p *path) []breach {
	l := &look{world: w, asked: r, matter: w.matterOf(r), path: p}
	for i := range p.Nodes {
		if p.Nodes[i].ID != p.RootNodeID {
			l.steps = append(l.steps, l.taught(&p.Nodes[i].node))
		}
	}
	l.drawn, l.sound = l.edges()
	for _, law := range laws {
		l.now = law.name
		law.holds(l)
	}
	return l.found
}

func (l *look) taught(n *node) taught {
	t := taught{n, stranger, -1}
	t.own = slices.IndexFunc(l.asked.Outline, func(s step) bool {
		return s.Title == n.Title || l.world.meaning(s.Title) == n.ID
	})
	switch i, ours := l.world.number[n.ID]; {
	case ours:
		t.item = i
	case n.Type == "exercise_set":
		t.item = exercises
	case t.own >= 0:
		t.item = ownStep
	}
	return t
}

// edges reads the order off the prerequisites.
func (l *look) edges() (order, bool) {
	direct := make([]set, len(l.steps))
	for i, s := range l.steps {
		direct[i] = newSet(len(l.steps))
		for _, id := range s.Prerequisites {
			if j := slices.IndexFunc(l.steps, func(t taught) bool { return t.ID == id }); j >= 0 {
				direct[i].add(j)
			}
		}
	}
	return closed(len(l.steps), direct)
}

// teaches says that an item of the world is a step.
func (l *look) teaches(item int) bool {
	return slices.ContainsFunc(l.steps, func(t taught) bool { return t.item == item })
}

// root: exactly one node needs nothing; it stands alone on level 0 and has text.
func root(l *look) {
	r := l.path.find(l.path.RootNodeID)
	if r == nil {
		l.breach("rootNodeId %q is no node", l.path.RootNodeID)
		return
	}
	for i := range l.path.Nodes {
		n := &l.path.Nodes[i]
		if isRoot := n.ID == r.ID; isRoot != (len(n.Prerequisites) == 0) || isRoot != (n.Place.Level == 0) {
			l.breach("%s on level %d has %d prerequisites, the root is %s", n.ID, n.Place.Level, len(n.Prerequisites), r.ID)
		}
	}
	if len([]rune(r.Description)) < 60 {
		l.breach("the overview's text is %q", r.Description)
	}
}

func ids(l *look) {
	seen := map[string]bool{}
	for i := range l.path.Nodes {
		n := &l.path.Nodes[i]
		if n.ID == "" || n.ID != n.key || seen[n.ID] {
			l.breach("node %q under key %q, seen before: %t", n.ID, n.key, seen[n.ID])
		}
		seen[n.ID] = true
	}
}

// prerequisites: each exists, on a smaller level; so every node is reachable from
// the root.
func prerequisites(l *look) {
	for i := range l.path.Nodes {
		n := &l.path.Nodes[i]
		for _, id := range n.Prerequisites {
			if before := l.path.find(id); before == nil {
				l.breach("%s requires %s, which is no node", n.ID, id)
			} else if before.Place.Level >= n.Place.Level {
				l.breach("%s on level %d requires %s on level %d", n.ID, n.Place.Level, id, before.Place.Level)
			}
		}
	}
	l.reachable()
}

func (l *look) reachable() {
	reached := map[string]bool{l.path.RootNodeID: true}
	for grew := true; grew; {
		grew = false
		for i := range l.path.Nodes {
			n := &l.path.Nodes[i]
			if !reached[n.ID] && slices.ContainsFunc(n.Prerequisites, func(id string) bool { return reached[id] }) {
				reached[n.ID], grew = true, true
			}
		}
	}
	if len(reached) < len(l.path.Nodes) {
		l.breach("%d of %d nodes can be reached", len(reached), len(l.path.Nodes))
	}
}

// levels: none is empty, and the metadata says how many there are and how wide.
func levels(l *look) {
	on := l.path.perLevel()
	for level := range len(on) {
		if on[level] == 0 {
			l.breach("level %d of %d is empty", level, len(on))
		}
	}
	if m := l.path.Metadata; m.Height != l.path.height() || m.Width != l.path.width() {
		l.breach("metadata says height %d and width %d, it is %d and %d", m.Height, m.Width, l.path.height(), l.path.width())
	}
}

// orders: the edges are the reduction of the order that the graph (and the outline)
// gives, no more and no less.
func orders(l *look) {
	if !l.sound {
		l.breach("the edges go round")
		return
	}
	var ordered []int // steps with a place in the order; exercises only follow
	for i, s := range l.steps {
		if s.item != exercises {
			ordered = append(ordered, i)
			continue
		}
		if slices.ContainsFunc(s.Prerequisites, func(id string) bool { n, ok := l.world.number[id]; return !ok || l.world.items[n].project }) || len(s.Prerequisites) == 0 {
			l.breach("exercises %s require %v: want concepts", s.ID, s.Prerequisites)
		}
	}
	want := l.drawn.among(ordered)
	if len(l.asked.Outline) > 0 {
		l.outlineOrder(ordered, want)
	} else {
		want = l.graphOrder(ordered)
	}
	for i, direct := range want.reduction() {
		l.edgesOf(l.steps[ordered[i]], direct, ordered)
	}
}

// graphOrder is the order that the graph induces on some steps.
func (l *look) graphOrder(steps []int) order {
	o := order{n: len(steps), before: make([]set, len(steps))}
	for i, a := range steps {
		o.before[i] = newSet(len(steps))
		for j, b := range steps {
			if x, y := l.steps[a].item, l.steps[b].item; x >= 0 && y >= 0 && l.world.order.before[x].has(y) {
				o.before[i].add(j)
			}
		}
	}
	return o
}

func (l *look) edgesOf(s taught, direct set, ordered []int) {
	var want []string
	for j := range direct.all() {
		want = append(want, l.steps[ordered[j]].ID)
	}
	if len(want) == 0 {
		want = []string{l.path.RootNodeID}
	}
	got := slices.Sorted(slices.Values(s.Prerequisites))
	slices.Sort(want)
	if !slices.Equal(got, want) {
		l.breach("%s requires %v, want %v", s.ID, got, want)
	}
}

// outlineOrder: what the caller requires always holds, what the graph orders holds
// where that does not contradict it, and nothing else is ordered.
func (l *look) outlineOrder(ordered []int, drawn order) {
	caller, all := l.callerOrder()
	graph := l.graphOrder(ordered)
	for i, a := range ordered {
		for j, b := range ordered {
			x, y := l.steps[a], l.steps[b]
			switch has := drawn.before[i].has(j); {
			case x.own < 0 || y.own < 0:
			case caller[x.own].has(y.own) && !has:
				l.breach("the outline has %s before %s, the path not", y.ID, x.ID)
			case graph.before[i].has(j) && !has && !drawn.before[j].has(i):
				l.breach("the graph has %s before %s, the path has no order of them", y.ID, x.ID)
			case has && !all[x.own].has(y.own):
				l.breach("the path has %s before %s for no reason", y.ID, x.ID)
			}
		}
	}
}

// callerOrder gives what comes before each item of the outline: as the caller says,
// and with what the graph says, which together may go round.
func (l *look) callerOrder() (caller, all []set) {
	items := l.asked.Outline
	n := len(items)
	number := map[string]int{}
	for i, s := range items {
		number[s.Title] = i
	}
	caller, all = make([]set, n), make([]set, n)
	for i, s := range items {
		caller[i] = newSet(n)
		for _, title := range s.Requires {
			caller[i].add(number[title])
		}
		all[i] = caller[i].clone()
		for j, t := range items {
			x, grounded := l.world.number[l.world.meaning(s.Title)]
			y, too := l.world.number[l.world.meaning(t.Title)]
			if grounded && too && l.world.order.before[x].has(y) {
				all[i].add(j)
			}
		}
	}
	spread(caller)
	spread(all)
	return caller, all
}

// spread closes a relation that may go round (Warshall 1962).
func spread(relation []set) {
	for k := range relation {
		for i := range relation {
			if relation[i].has(k) {
				relation[i].addAll(relation[k])
			}
		}
	}
}

// topicTaught: a concept that was asked for is taught, and the root is about the
// topic.
func topicTaught(l *look) {
	if r := l.path.find(l.path.RootNodeID); r != nil {
		title := l.asked.Topic
		if l.matter.topic != "" && len(l.asked.Outline) == 0 {
			title = l.world.titles(l.matter.topic).In(l.asked.language())
		}
		if !strings.Contains(r.Title, title) {
			l.breach("the overview is called %q, the topic %q", r.Title, title)
		}
	}
	if l.matter.itself >= 0 && len(l.asked.Outline) == 0 && !l.teaches(l.matter.itself) {
		l.breach("%s is not taught", l.matter.topic)
	}
}

// outside: nothing is taught that the topic does not need and is not made of.
func outside(l *look) {
	for _, s := range l.steps {
		switch {
		case s.item == exercises:
		case s.item == stranger:
			l.breach("%s (%s) is neither in the catalogue nor in the outline", s.ID, s.Type)
		case len(l.asked.Outline) > 0:
			if s.own < 0 {
				l.under("outline", "%s is not in the outline", s.ID)
			}
		case s.item >= 0 && !l.matter.wide.has(s.item) && !l.matter.known.has(s.item) && !l.matter.implied.has(s.item):
			l.breach("%s is not part of %s, nor needed", s.ID, l.matter.topic)
		}
	}
}

// closure: what a step requires is a step, known, or listed; so on, up to what is
// known.
func closure(l *look) {
	listed := newSet(len(l.world.items))
	for _, a := range l.path.Metadata.Assumes {
		if i, ok := l.world.number[a.ID]; ok {
			listed.add(i)
		}
	}
	seen := newSet(len(l.world.items))
	var walk func(from int, tell func(kind, format string, args ...any), kind string)
	walk = func(from int, tell func(kind, format string, args ...any), kind string) {
		for i := range l.world.direct[from].all() {
			if seen.has(i) || l.teaches(i) || l.matter.known.has(i) || l.matter.implied.has(i) {
				continue
			}
			seen.add(i)
			if !listed.has(i) {
				tell(kind, "%s requires %s: not taught, not known, not in assumes", l.world.items[from].id, l.world.items[i].id)
			} else {
				walk(i, l.openTo, "behind an assumed one")
			}
		}
	}
	for _, s := range l.steps {
		if s.item >= 0 {
			walk(s.item, l.under, "")
		}
	}
}

// assumes: what is listed is needed, not taught, not known, and says where to get
// it.
func assumes(l *look) {
	seen := map[string]bool{}
	for _, a := range l.path.Metadata.Assumes {
		i, ok := l.world.number[a.ID]
		needed := ok && slices.ContainsFunc(l.steps, func(s taught) bool { return s.item >= 0 && l.world.order.before[s.item].has(i) })
		switch {
		case !needed || seen[a.ID]:
			l.breach("%s: needed by a step: %t, listed before: %t", a.ID, needed, seen[a.ID])
		case l.teaches(i) || l.matter.known.has(i):
			l.breach("%s is taught: %t, known: %t", a.ID, l.teaches(i), l.matter.known.has(i))
		case len(a.Where) < 10 || !strings.HasPrefix(a.URL, "http"):
			l.breach("%s: where %q, url %q", a.ID, a.Where, a.URL)
		}
		seen[a.ID] = true
	}
}

// knownLeftOut: nothing that is known is taught but the topic, nor what only known
// things need; names that mean nothing are told.
func knownLeftOut(l *look) {
	taught := newSet(len(l.world.items))
	for _, s := range l.steps {
		if s.item >= 0 {
			taught.add(s.item)
		}
	}
	for i := range taught.all() {
		switch {
		case l.matter.known.has(i):
			l.breach("%s is known and taught", l.world.items[i].id)
		case l.matter.implied.has(i) && len(l.asked.Outline) == 0 && !l.world.neededBy(taught, i):
			l.under("implied", "%s is needed by known things alone, and taught", l.world.items[i].id)
		}
	}
	got, want := slices.Sorted(slices.Values(l.path.Metadata.NotKnown)), slices.Sorted(slices.Values(l.matter.unknown))
	if !slices.Equal(slices.Compact(got), slices.Compact(want)) {
		l.under("misses", "told as unrecognized: %q, want %q", got, want)
	}
}

// links: no more than asked for; each node has one before any has two; those of a
// concept are the catalogue's.
func links(l *look) {
	total, most, without := 0, 0, 0
	for i := range l.path.Nodes {
		n := &l.path.Nodes[i]
		total += len(n.Resources)
		most = max(most, len(n.Resources))
		if len(n.Resources) == 0 && l.hasLinks(&n.node) {
			without++
		}
		l.ownLinks(&n.node)
	}
	roof := l.asked.MaxResources
	if roof == 0 {
		roof = 3 * len(l.path.Nodes)
	}
	switch {
	case total > roof:
		l.breach("%d links, want at most %d", total, roof)
	case without > 0 && (most > 1 || total < roof):
		l.breach("%d nodes have no link while one has %d; %d of %d links used", without, most, total, roof)
	}
}

func (l *look) ownLinks(n *node) {
	seen := map[string]bool{}
	for _, r := range n.Resources {
		i, ok := l.world.number[n.ID]
		concept := ok && !l.world.items[i].project
		if seen[r.URL] || concept && !l.world.items[i].links[r.URL] && !strings.Contains(r.URL, ".wikipedia.org/wiki/") {
			l.under("whose", "%s has the link %s; twice: %t", n.ID, r.URL, seen[r.URL])
		}
		seen[r.URL] = true
	}
}

// hasLinks says that the catalogue has a link for a node. What cannot be told is
// taken to have none.
func (l *look) hasLinks(n *node) bool {
	if n.ID == l.path.RootNodeID {
		s := l.world.subject(l.matter.topic)
		return s != nil && s.hasLinks && len(l.asked.Outline) == 0
	}
	i, ok := l.world.number[n.ID]
	return ok && l.world.items[i].hasLinks
}

// quizzes stand on about a quarter of the nodes, and are the catalogue's.
func quizzes(l *look) {
	with, can := 0, 0
	for _, s := range l.steps {
		if s.item >= 0 && len(l.world.items[s.item].questions) > 0 {
			can++
		}
		if s.Quiz == nil {
			continue
		}
		with++
		for _, q := range s.Quiz.Questions {
			if s.item >= 0 && !l.world.items[s.item].questions[l.asked.language()+q.Text] {
				l.under("whose", "%s asks %q", s.ID, q.Text)
			}
		}
	}
	n := len(l.path.Nodes)
	if 4*with > n+4 || 4*with < n-4 && with < can {
		l.breach("%d of %d nodes have a quiz", with, n)
	}
}

// language: titles and texts are the catalogue's in the language asked for.
func language(l *look) {
	asked := l.asked.language()
	if l.path.Language != asked {
		l.breach("the path says %q, asked was %q", l.path.Language, asked)
	}
	for _, a := range l.path.Metadata.Assumes {
		if i, ok := l.world.number[a.ID]; ok && a.Title != l.world.items[i].titles.In(asked) {
			l.breach("%s, assumed, is called %q, want %q", a.ID, a.Title, l.world.items[i].titles.In(asked))
		}
	}
	for _, s := range l.steps {
		switch {
		case s.item >= 0:
			it := l.world.items[s.item]
			if s.Title != it.titles.In(asked) && (!it.project || !strings.Contains(s.Title, it.titles.In(asked))) {
				l.breach("%s is called %q, want %q", s.ID, s.Title, it.titles.In(asked))
			}
			if !strings.Contains(s.Description, it.summaries.In(asked)) {
				l.breach("%s is described as %q", s.ID, s.Description)
			}
		case strings.TrimSpace(s.Title) == "" || strings.TrimSpace(s.Description) == "":
			l.breach("%s has no title or text", s.ID)
		}
	}
}
