package catalog

import (
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Index is the graph without its texts: every concept, subject and route with
// titles, aliases and edges. It does not change once built.
type Index struct {
	concepts  []*Entry // in learning order: what is required comes first
	subjects  []*SubjectEntry
	routes    []*RouteEntry
	byID      map[string]*Entry
	subjByID  map[string]*SubjectEntry
	position  map[string]int // in concepts
	dependant map[string][]string
	parts     map[string][]string
	names     names
	lexicon   func() *lexicon            // built at the first query that is no name
	texts     func() (*textIndex, error) // read at the first query that names are not near to
}

type indexData struct {
	Concepts []*Entry        `json:"concepts"`
	Subjects []*SubjectEntry `json:"subjects"`
	Routes   []*RouteEntry   `json:"routes"`
}

// SubjectOf gives the subject part of a concept id.
func SubjectOf(conceptID string) string {
	subject, _, _ := strings.Cut(conceptID, "/")
	return subject
}

func indexOf(subjects []*Subject, routes ...*Route) indexData {
	var data indexData
	for _, r := range routes {
		data.Routes = append(data.Routes, &r.RouteEntry)
	}
	for _, s := range subjects {
		data.Subjects = append(data.Subjects, &SubjectEntry{
			ID: s.ID, Category: s.Category, Title: s.Title, Aliases: s.Aliases, Broad: s.Broad,
			ProjectMinutes: s.Project.Minutes, ProjectRequires: s.Project.Requires,
		})
		for i := range s.Concepts {
			data.Concepts = append(data.Concepts, &s.Concepts[i].Entry)
		}
	}
	return data
}

func newIndex(data indexData) (*Index, error) {
	ix := &Index{
		subjects: data.Subjects, routes: data.Routes,
		byID: make(map[string]*Entry, len(data.Concepts)), subjByID: map[string]*SubjectEntry{},
		position: map[string]int{}, dependant: map[string][]string{}, parts: map[string][]string{},
	}
	for _, s := range data.Subjects {
		ix.subjByID[s.ID] = s
	}
	for _, c := range data.Concepts {
		ix.byID[c.ID] = c
		if c.PartOf != "" {
			ix.parts[c.PartOf] = append(ix.parts[c.PartOf], c.ID)
		}
	}
	var err error
	if ix.concepts, err = topological(data.Concepts, ix.byID); err != nil {
		return nil, err
	}
	for i, c := range ix.concepts {
		ix.position[c.ID] = i
		for _, r := range c.Requires {
			ix.dependant[r] = append(ix.dependant[r], c.ID)
		}
	}
	ix.names = indexNames(ix)
	ix.texts = func() (*textIndex, error) { return &textIndex{}, nil }
	ix.lexicon = sync.OnceValue(func() *lexicon { return newLexicon(ix) })
	return ix, nil
}

// topological orders concepts so that what is required comes first, and otherwise
// as the authors wrote them: each concept right after those of its requirements that
// have not come before (the postorder of a depth-first search, Tarjan 1976), so that
// what a concept needs of another subject comes with it and does not delay it.
func topological(concepts []*Entry, byID map[string]*Entry) ([]*Entry, error) {
	const visiting, done = 1, 2
	state := make(map[string]int, len(concepts))
	ordered := make([]*Entry, 0, len(concepts))
	var visit func(*Entry) error
	visit = func(c *Entry) error {
		switch state[c.ID] {
		case done:
			return nil
		case visiting:
			return fmt.Errorf("concept graph: %s requires itself through others, or something that does", c.ID)
		}
		state[c.ID] = visiting
		for _, r := range c.Requires {
			if needed := byID[r]; needed != nil {
				if err := visit(needed); err != nil {
					return err
				}
			}
		}
		state[c.ID] = done
		ordered = append(ordered, c)
		return nil
	}
	for _, c := range concepts {
		if err := visit(c); err != nil {
			return nil, err
		}
	}
	return ordered, nil
}

// Entry gives a concept, or nil.
func (ix *Index) Entry(id string) *Entry { return ix.byID[id] }

// Subject gives a subject, or nil.
func (ix *Index) Subject(id string) *SubjectEntry { return ix.subjByID[id] }

// Subjects lists the subjects in their order.
func (ix *Index) Subjects() []*SubjectEntry { return ix.subjects }

// Concepts lists the concepts in learning order: requirements first.
func (ix *Index) Concepts() []*Entry { return ix.concepts }

// Position is a concept's place in Concepts, or -1.
func (ix *Index) Position(id string) int {
	if p, ok := ix.position[id]; ok {
		return p
	}
	return -1
}

// Dependants lists the concepts that directly require id.
func (ix *Index) Dependants(id string) []string { return ix.dependant[id] }

// Parts lists the concepts that belong to id (a subject or a concept), those of
// its parts included, in learning order; never id itself.
func (ix *Index) Parts(id string) []string {
	seen := map[string]bool{id: true}
	var all []string
	var add func(string)
	add = func(whole string) {
		for _, p := range ix.parts[whole] {
			if !seen[p] {
				seen[p] = true
				all = append(all, p)
				add(p)
			}
		}
	}
	add(id)
	slices.SortFunc(all, func(a, b string) int { return ix.position[a] - ix.position[b] })
	return all
}

// Ancestors gives everything that id requires, directly or not, without id. The
// walk does not go past a concept for which stop says true; that concept is left
// out as well. A nil stop walks everything.
func (ix *Index) Ancestors(id string, stop func(string) bool) map[string]bool {
	found := map[string]bool{}
	var walk func(string)
	walk = func(c string) {
		e := ix.byID[c]
		if e == nil {
			return
		}
		for _, r := range e.Requires {
			if found[r] || (stop != nil && stop(r)) {
				continue
			}
			found[r] = true
			walk(r)
		}
	}
	walk(id)
	return found
}

// Title gives the title of a concept, subject or route, or the id where there is none.
func (ix *Index) Title(id, language string) string {
	if e := ix.byID[id]; e != nil {
		return e.Title.In(language)
	}
	if s := ix.subjByID[id]; s != nil {
		return s.Title.In(language)
	}
	if r := ix.Route(id); r != nil {
		return r.Title.In(language)
	}
	return id
}

// Category gives the category of a route, or of a concept's or subject's subject.
func (ix *Index) Category(id string) string {
	if s := ix.subjByID[SubjectOf(id)]; s != nil {
		return s.Category
	}
	if r := ix.Route(id); r != nil {
		return r.Category
	}
	return "general"
}
