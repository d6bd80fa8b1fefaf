package generate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/learning"
)

// Plan is a checked request together with what its words mean.
type Plan struct {
	Request learning.Request `json:"request"` // normalized
	Topic   string           `json:"topic,omitempty"`
	TakenAs string           `json:"taken_as,omitempty"` // the topic's title, where what was typed is none of its names
	Known   []string         `json:"known,omitempty"`    // ids
	Missed  []string         `json:"missed,omitempty"`   // known words that mean nothing here
	Outline []string         `json:"outline,omitempty"`  // id for each outline item; "" where none
	Choices []Choice         `json:"choices,omitempty"`  // what the topic may mean, where that has to be asked: see PlanAsking

	Likeness float64 `json:"-"` // of the topic to the name that it was taken for; 1: it is the name
}

// Plan checks a request and resolves its words, without touching the network, so
// that a wrong or ambiguous topic is told before a task is made. Errors are
// Invalid (a field), NotFound (an unknown topic, with the nearest) or Conflict
// (an ambiguous one, with the candidates).
func (g *Generator) Plan(r learning.Request) (Plan, error) { return g.plan(r, false) }

func (g *Generator) plan(r learning.Request, ask bool) (Plan, error) {
	r, err := r.Normalize()
	if err != nil {
		return Plan{}, err
	}
	ix, err := g.catalog.Index()
	if err != nil {
		return Plan{}, err
	}
	if r.Category != "" && !slices.Contains(catalog.Categories(), r.Category) {
		return Plan{}, fault.InField("category", "%.40q is not known", r.Category).With("Use one of %s, or leave it out", strings.Join(catalog.Categories(), ", "))
	}
	p := Plan{Request: r}
	if len(r.Outline) > 0 {
		p.Topic = ix.Look(r.Topic, r.Language).ID
		p.resolveKnown(ix)
		if p, err = p.withOutline(ix); err != nil {
			return Plan{}, err
		}
		return p, g.rehearse(p)
	}
	if err := p.resolveTopic(ix, ask); err != nil {
		return Plan{}, err
	}
	if len(p.Choices) > 0 {
		return p, nil
	}
	p.resolveKnown(ix)
	if err := checkCategory(ix, p.Topic, r.Category); err != nil {
		return Plan{}, err
	}
	if slices.Contains(p.Known, p.Topic) {
		return Plan{}, fault.InField("known", "names the topic itself, %q", r.Topic).With("Leave it out of known, or ask for what comes after it")
	}
	return p, g.rehearse(p)
}

func checkCategory(ix *catalog.Index, topic, category string) error {
	if category == "" || category == ix.Category(topic) {
		return nil
	}
	return fault.InField("category", "the topic is in %s, not in %s", ix.Category(topic), category).With("Leave category out, or use %s", ix.Category(topic))
}

// resolveTopic finds what the topic means. What was typed is never silently taken
// for something else: see TakenAs. With ask an ambiguous one gives Choices.
func (p *Plan) resolveTopic(ix *catalog.Index, ask bool) error {
	topic, language := p.Request.Topic, p.Request.Language
	found := ix.Look(topic, language)
	near := found.Matches[:min(5, len(found.Matches))]
	switch {
	case found.ID != "":
		p.Topic, p.Likeness = found.ID, 1
		if !found.Same {
			p.TakenAs = ix.Title(found.ID, language)
			i := slices.IndexFunc(found.Matches, func(m catalog.Match) bool { return m.ID == found.ID })
			p.Likeness = found.Matches[max(i, 0)].Score
		}
		return nil
	case found.Several() && ask:
		p.Choices = p.choices(ix, near)
		return nil
	case found.Several():
		return fault.New(fault.Conflict, "topic %q is ambiguous: %s", topic, describe(ix, near, language)).
			With("Ask again with one of these ids as topic, or send your own outline")
	}
	e := fault.New(fault.NotFound, "topic %q is not in the concept graph", topic)
	if len(near) > 0 {
		return e.With("Nearest: %s. Ask again with one of these ids, or call search_concepts, or send your own outline", describe(ix, near, language))
	}
	var subjects []string
	for _, s := range ix.Subjects() {
		subjects = append(subjects, fmt.Sprintf("%q (%s)", s.Title.In(language), s.ID))
	}
	return e.With("Subjects here: %s. Ask for one of these or a concept of them (search_concepts finds them), or send your own outline", strings.Join(subjects, ", "))
}

// resolveKnown finds what is known, in the topic's subject where a word belongs
// to several.
func (p *Plan) resolveKnown(ix *catalog.Index) {
	for _, k := range p.Request.Known {
		if id := ix.LookIn(k, p.Request.Language, catalog.SubjectOf(p.Topic)).ID; id != "" {
			p.Known = append(p.Known, id)
		} else {
			p.Missed = append(p.Missed, k)
		}
	}
}

// describe lists matches: title, id, of which subject, and the name that matched
// where the title does not show it.
func describe(ix *catalog.Index, near []catalog.Match, language string) string {
	var out []string
	for _, m := range near {
		title := ix.Title(m.ID, language)
		about := m.ID
		if ix.Entry(m.ID) != nil {
			about += ", of " + ix.Title(catalog.SubjectOf(m.ID), language)
		}
		if m.Name != "" && !strings.Contains(catalog.Fold(title), catalog.Fold(m.Name)) {
			about += fmt.Sprintf("; %q", m.Name)
		}
		out = append(out, fmt.Sprintf("%q (%s)", title, about))
	}
	return strings.Join(out, ", ")
}

// withOutline grounds the caller's own outline: items that carry a name of the
// graph get its texts and links. Duplicates, unknown requirements and cycles are
// refused.
func (p Plan) withOutline(ix *catalog.Index) (Plan, error) {
	place := map[string]int{}
	for i, it := range p.Request.Outline {
		if _, twice := place[catalog.Fold(it.Title)]; twice {
			return Plan{}, fault.InField("outline", "%q stands twice", it.Title).With("Give each step a title of its own")
		}
		place[catalog.Fold(it.Title)] = i
		id := ix.LookIn(it.Title, p.Request.Language, catalog.SubjectOf(p.Topic)).ID
		if ix.Entry(id) == nil || slices.Contains(p.Outline, id) {
			id = ""
		}
		p.Outline = append(p.Outline, id)
	}
	for _, it := range p.Request.Outline {
		for _, r := range it.Requires {
			if _, ok := place[catalog.Fold(r)]; !ok {
				return Plan{}, fault.InField("outline", "%q requires %q, which is no step of the outline", it.Title, r).With("Name another step's title, or add the step")
			}
		}
	}
	if loop := findCycle(p.Request.Outline, place); loop != "" {
		return Plan{}, fault.InField("outline", "steps require each other in a circle: %s", loop).With("Remove one of these requirements")
	}
	given := givenIDs(ix, p.Known)
	steps := 0
	for _, id := range p.Outline {
		if !given[id] {
			steps++
		}
	}
	if n := p.Request.NumNodes; n > 0 && n < steps+1 {
		return Plan{}, fault.InField("num_nodes", "%d is too few for an outline of %d steps and the overview", n, steps).With("Ask for %d, or leave num_nodes out", steps+1)
	}
	return p, nil
}

// findCycle gives the titles along one cycle, or nothing.
func findCycle(items []learning.OutlineItem, place map[string]int) string {
	const visiting, done = 1, 2
	state := make([]int, len(items))
	var trail []string
	var visit func(int) bool
	visit = func(i int) bool {
		trail = append(trail, items[i].Title)
		state[i] = visiting
		for _, r := range items[i].Requires {
			j := place[catalog.Fold(r)]
			if state[j] == visiting {
				trail = append(trail[slices.Index(trail, items[j].Title):], items[j].Title)
				return true
			}
			if state[j] == 0 && visit(j) {
				return true
			}
		}
		state[i] = done
		trail = trail[:len(trail)-1]
		return false
	}
	for i := range items {
		if state[i] == 0 && visit(i) {
			return strings.Join(trail, " -> ")
		}
	}
	return ""
}
