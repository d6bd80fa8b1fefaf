package generate

import (
	"slices"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/learning"
)

// Choice is one of the topics that an ambiguous one may mean.
type Choice struct {
	ID   string `json:"id"`
	Name string `json:"name,omitempty"` // of it, which what was typed is, or is a part of
}

// PlanAsking is Plan for whom can be asked: an ambiguous topic gives a plan with its
// Choices, of which one has to be decided on before the plan can be run. What the other
// words mean, and whether the bounds can be met, is known only then.
func (g *Generator) PlanAsking(r learning.Request) (Plan, error) { return g.plan(r, true) }

// choices are what an ambiguous topic may mean: what is in the category that was asked
// for, where anything is.
func (p *Plan) choices(ix *catalog.Index, near []catalog.Match) []Choice {
	var all, within []Choice
	for _, m := range near {
		c := Choice{m.ID, m.Name}
		all = append(all, c)
		if p.Request.Category == ix.Category(m.ID) {
			within = append(within, c)
		}
	}
	if len(within) > 0 {
		return within
	}
	return all
}

// Question is what to ask about a plan's choices, in the request's language.
type Question struct {
	Message string
	Title   string   // of what is chosen
	Options []Option // in the order of the choices
}

// Option is a choice as it is shown.
type Option struct{ ID, Title string }

// Question gives what to ask about p's choices.
func (g *Generator) Question(p Plan) (Question, error) {
	ix, err := g.catalog.Index()
	if err != nil {
		return Question{}, err
	}
	language := p.Request.Language
	q := Question{Message: askTopic.in(language, p.Request.Topic), Title: topicWord.in(language)}
	for _, c := range p.Choices {
		title := ix.Title(c.ID, language)
		if ix.Entry(c.ID) != nil {
			title += " · " + ix.Title(catalog.SubjectOf(c.ID), language)
		}
		q.Options = append(q.Options, Option{c.ID, title})
	}
	return q, nil
}

// Decide gives the plan for one of p's choices, as if its id had been asked for.
// Errors: Conflict, with the choices, when id is none of them (empty: none was made);
// those of Plan.
func (g *Generator) Decide(p Plan, id string) (Plan, error) {
	if !slices.ContainsFunc(p.Choices, func(c Choice) bool { return c.ID == id }) {
		return Plan{}, g.undecided(p, id)
	}
	r := p.Request
	r.Topic = id
	return g.Plan(r)
}

func (g *Generator) undecided(p Plan, id string) error {
	ix, err := g.catalog.Index()
	if err != nil {
		return err
	}
	var near []catalog.Match
	for _, c := range p.Choices {
		near = append(near, catalog.Match{ID: c.ID, Name: c.Name})
	}
	means := describe(ix, near, p.Request.Language)
	e := fault.New(fault.Conflict, "topic %q is ambiguous, and none of what it may mean was chosen: %s", p.Request.Topic, means)
	if id != "" {
		e = fault.New(fault.Conflict, "topic %q is ambiguous, and %.60q is none of what it may mean: %s", p.Request.Topic, id, means)
	}
	return e.With("Ask again with one of these ids as topic")
}
