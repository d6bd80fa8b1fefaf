package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trilha/trilha/internal/catalog"
)

// world is the catalogue as the audit reads it: numbers instead of ids, and what
// comes before what. Concepts come first, then one project for each subject.
type world struct {
	items    []item
	number   map[string]int // of an id; a project has that of its node
	subjects []*subject
	direct   []set // what each item requires, as the authors wrote it
	order    order
	helps    []set
	routes   map[string]*catalog.RouteEntry
	names    map[string][]string // lower case -> ids of subjects and concepts that carry it
}

// item is a concept or a project.
type item struct {
	id        string
	titles    catalog.Text
	summaries catalog.Text
	partOf    string
	project   bool
	links     map[string]bool // addresses, Wikipedia's not
	hasLinks  bool
	questions map[string]bool // in any language
}

type subject struct {
	id       string
	titles   catalog.Text
	project  int
	hasLinks bool
}

const projectSuffix = "/project"

func readWorld(c *catalog.Catalog) (*world, error) {
	all, err := c.All()
	if err != nil {
		return nil, err
	}
	ix, err := c.Index()
	if err != nil {
		return nil, err
	}
	w := &world{number: map[string]int{}, names: map[string][]string{}, routes: map[string]*catalog.RouteEntry{}}
	requires := map[int][]string{}
	helps := map[int][]string{}
	for _, s := range all {
		w.name(ix, s.ID, s.Title, s.Aliases)
		for i := range s.Concepts {
			k := &s.Concepts[i]
			w.name(ix, k.ID, k.Title, k.Aliases)
			requires[len(w.items)], helps[len(w.items)] = k.Requires, k.Helps
			w.add(conceptItem(k))
		}
	}
	for _, r := range ix.Routes() {
		w.name(ix, r.ID, r.Title, r.Aliases)
		w.routes[r.ID] = r
	}
	for _, s := range all {
		w.subjects = append(w.subjects, &subject{
			id: s.ID, titles: s.Title, project: len(w.items), hasLinks: len(s.Resources) > 0 || s.Wikipedia.En != "",
		})
		requires[len(w.items)] = s.Project.Requires
		w.add(item{
			id: s.ID + projectSuffix, titles: s.Project.Title, summaries: s.Project.Summary, partOf: s.ID, project: true,
			hasLinks: len(s.Resources) > 0,
		})
	}
	w.direct = make([]set, len(w.items))
	w.helps = make([]set, len(w.items))
	for i := range w.items {
		if w.direct[i], err = w.setOf(requires[i]); err != nil {
			return nil, err
		}
		if w.helps[i], err = w.setOf(helps[i]); err != nil {
			return nil, err
		}
	}
	var ok bool
	if w.order, ok = closed(len(w.items), w.direct); !ok {
		return nil, fmt.Errorf("the catalogue's requirements go round")
	}
	return w, nil
}

func conceptItem(k *catalog.Concept) item {
	it := item{
		id: k.ID, titles: k.Title, summaries: k.Summary, partOf: k.PartOf,
		links: map[string]bool{}, hasLinks: len(k.Resources) > 0 || k.Wikipedia.En != "", questions: map[string]bool{},
	}
	for _, r := range k.Resources {
		it.links[r.URL] = true
	}
	for _, q := range k.Quiz {
		for _, l := range catalog.Languages() {
			it.questions[l+q.Question.In(l)] = true
		}
	}
	return it
}

func (w *world) add(it item) {
	w.number[it.id] = len(w.items)
	w.items = append(w.items, it)
}

// name notes a name, unless the words may mean something else too ("Functions"):
// what they mean is the search's to say, and it has tests of its own.
func (w *world) name(ix *catalog.Index, id string, title catalog.Text, aliases catalog.Texts) {
	for _, l := range catalog.Languages() {
		for _, n := range append([]string{id, title.In(l)}, aliases.In(l)...) {
			if ix.Look(n, l).ID != id {
				continue
			}
			if n = strings.ToLower(n); n != "" && !slices.Contains(w.names[n], id) {
				w.names[n] = append(w.names[n], id)
			}
		}
	}
}

func (w *world) setOf(ids []string) (set, error) {
	s := newSet(len(w.items))
	for _, id := range ids {
		i, ok := w.number[id]
		if !ok {
			return nil, fmt.Errorf("the catalogue has no %q", id)
		}
		s.add(i)
	}
	return s, nil
}

// meaning gives the one id that carries a name to the letter, but for case; or
// nothing.
func (w *world) meaning(name string) string {
	if ids := w.names[strings.ToLower(name)]; len(ids) == 1 {
		return ids[0]
	}
	return ""
}

func (w *world) subject(id string) *subject {
	for _, s := range w.subjects {
		if s.id == id {
			return s
		}
	}
	return nil
}

// titles of a subject or concept.
func (w *world) titles(id string) catalog.Text {
	if s := w.subject(id); s != nil {
		return s.titles
	}
	if r := w.routes[id]; r != nil {
		return r.Title
	}
	return w.items[w.number[id]].titles
}

// parts gives the concepts that belong to a whole, near and far, without it.
func (w *world) parts(whole string) set {
	parts := newSet(len(w.items))
	for i, it := range w.items {
		for p := it.partOf; p != "" && !it.project; {
			if p == whole {
				parts.add(i)
				break
			}
			j, concept := w.number[p]
			if !concept {
				break
			}
			p = w.items[j].partOf
		}
	}
	return parts
}

// matter is what a request is about: what its path may teach.
type matter struct {
	topic    string // an id; empty for an outline on something else
	itself   int    // the topic's concept, or -1
	known    set    // what the learner knows, without the topic
	implied  set    // what only that needs: left out as well
	pool     set    // what may be taught, and counts
	wide     set    // what helps some step beside the topic may be taught too
	unknown  []string
	knowsAll bool // known names the topic, or leaves nothing of it
}

func (w *world) matterOf(r request) matter {
	n := len(w.items)
	m := matter{topic: w.meaning(r.Topic), itself: -1, known: newSet(n), implied: newSet(n)}
	for _, k := range r.Known {
		id := w.meaning(k)
		if id == "" {
			m.unknown = append(m.unknown, k)
			continue
		}
		m.knowsAll = m.knowsAll || id == m.topic
		m.known.addAll(w.parts(id))
		if i, ok := w.number[id]; ok {
			m.known.add(i)
		}
	}
	if i, ok := w.number[m.topic]; ok {
		m.itself = i
		m.known.remove(i)
	}
	m.pool = w.base(m)
	m.wide = m.pool.clone()
	for i := range w.under(m.pool).all() {
		m.wide.addAll(w.helps[i])
	}
	m.wide = w.under(m.wide)
	m.pool = w.under(m.pool)
	m.pool.removeAll(m.known)
	m.wide.removeAll(m.known)
	m.leaveOut(w)
	m.knowsAll = m.knowsAll || m.topic != "" && w.nothingLeft(m)
	return m
}

// leavesNothing says that what is known is all that is asked for.
func (w *world) leavesNothing(r request) bool {
	m := w.matterOf(r)
	if len(r.Outline) > 0 {
		return w.steps(r, m.known) == 0
	}
	return m.knowsAll
}

// nothingLeft says that all that the topic is about is known.
func (w *world) nothingLeft(m matter) bool {
	for i := range w.base(m).all() {
		if m.pool.has(i) && !w.items[i].project {
			return false
		}
	}
	return true
}

// base is what a topic is made of, before what that needs.
func (w *world) base(m matter) set {
	base := newSet(len(w.items))
	if m.topic == "" {
		return base
	}
	base.addAll(w.parts(m.topic))
	if s := w.subject(m.topic); s != nil {
		base.add(s.project)
		return base
	}
	if r := w.routes[m.topic]; r != nil {
		for _, id := range r.Targets {
			base.add(w.number[id])
		}
		return base
	}
	base.add(m.itself)
	base.addAll(w.helps[m.itself])
	return base
}

// under gives some items with all they need.
func (w *world) under(some set) set {
	all := some.clone()
	for i := range some.all() {
		all.addAll(w.order.before[i])
	}
	return all
}

// leaveOut takes out of the pool what nothing but known things needs.
func (m *matter) leaveOut(w *world) {
	beforeKnown := newSet(len(w.items))
	for k := range m.known.all() {
		beforeKnown.addAll(w.order.before[k])
	}
	for changed := true; changed; {
		changed = false
		for i := range m.pool.all() {
			if i == m.itself || !beforeKnown.has(i) {
				continue
			}
			if !w.neededBy(m.pool, i) {
				m.pool.remove(i)
				m.wide.remove(i)
				m.implied.add(i)
				changed = true
			}
		}
	}
}

// neededBy says that one of some items requires i.
func (w *world) neededBy(by set, i int) bool {
	for j := range by.all() {
		if w.direct[j].has(i) {
			return true
		}
	}
	return false
}
