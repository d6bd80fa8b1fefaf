package generate

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/trilha/trilha/internal/learning"
)

// Step carries out one step of a run and keeps what it gave, or gives what it gave
// before without carrying it out. do goes on from a cursor that an earlier run
// committed, if there is one, and commits its own.
type Step func(ctx context.Context, name string, do CursorStep) (json.RawMessage, error)

// CursorStep is what a step does, on from a cursor or from the beginning.
type CursorStep = func(ctx context.Context, cursor json.RawMessage, commit Commit) (json.RawMessage, error)

// Commit keeps how far a step has come, when it is worth it; save makes what is kept.
type Commit = func(save func() (json.RawMessage, error)) error

// A run has three steps that are kept: the outline (which concepts, in which order,
// on which levels), the resources, node by node, and the quizzes. Texts are written
// anew: they cost less than keeping them. Offline all of it takes a millisecond, so
// that no cursor is written; one is where sources are slow.

// always is a stage that is not kept.
func (*builder) always(do func() error) func(context.Context) error {
	return func(context.Context) error { return do() }
}

// kept is what the steps gave, one field or more each.
type kept struct {
	Choice    *keptChoice                    `json:"choice,omitempty"`
	Places    []int                          `json:"places,omitempty"`
	Levels    []int                          `json:"levels,omitempty"`
	Shape     *learning.Shape                `json:"shape,omitempty"`
	Resources map[string][]learning.Resource `json:"resources,omitempty"` // by node
	WithLinks int                            `json:"with_links,omitempty"`
	Unmet     []learning.Unmet               `json:"unmet,omitempty"`   // so far
	Quizzes   map[string]*learning.Quiz      `json:"quizzes,omitempty"` // by node
}

// keptChoice is a choice as JSON takes it.
type keptChoice struct {
	IDs      []string            `json:"ids"`
	Helps    [][]int             `json:"helps"`
	Order    learning.Order      `json:"order"`
	Assumes  []string            `json:"assumes,omitempty"`
	Behind   []string            `json:"behind,omitempty"`
	Practice map[string][]string `json:"practice,omitempty"`
	Shape    learning.Shape      `json:"shape"`
}

func (c choice) keep() *keptChoice {
	return &keptChoice{c.ids, c.helps, c.order, c.assumes, c.behind, c.practice, c.shape}
}

func (k *keptChoice) choice() choice {
	return choice{k.IDs, k.Helps, k.Order, k.Assumes, k.Behind, k.Practice, k.Shape}
}

// part is what a step does, from a cursor on or from the beginning.
type part func(ctx context.Context, cursor json.RawMessage, commit Commit) error

// atOnce is a part without a cursor.
func atOnce(do func() error) part {
	return func(context.Context, json.RawMessage, Commit) error { return do() }
}

// step carries out a step, unless it is kept already: then it takes what is kept.
func (b *builder) step(ctx context.Context, name string, do part, save func() kept, take func(kept)) error {
	if b.keep == nil {
		return do(ctx, nil, func(func() (json.RawMessage, error)) error { return nil })
	}
	done := false
	if v := b.catalog.Version(); v != "" { // what another catalogue gave is not taken
		name += " " + v
	}
	raw, err := b.keep(ctx, name, func(ctx context.Context, cursor json.RawMessage, commit Commit) (json.RawMessage, error) {
		if err := do(ctx, cursor, commit); err != nil {
			return nil, err
		}
		done = true
		return json.Marshal(save())
	})
	if err != nil || done {
		return err
	}
	var k kept
	if err := json.Unmarshal(raw, &k); err != nil {
		return fmt.Errorf("step %s as it was kept: %w", name, err)
	}
	take(k)
	return nil
}

func (b *builder) outline(ctx context.Context) error {
	do := func() error {
		if err := b.choose(); err != nil {
			return err
		}
		return b.arrange()
	}
	return b.step(ctx, "outline", atOnce(do), func() kept {
		return kept{Choice: b.choice.keep(), Places: b.places, Levels: b.levels, Shape: &b.shape, Unmet: b.unmet}
	}, func(k kept) {
		b.choice, b.places, b.levels, b.shape, b.unmet = k.Choice.choice(), k.Places, k.Levels, *k.Shape, k.Unmet
	})
}

func (b *builder) resources(ctx context.Context) error {
	return b.step(ctx, "resources", b.links, func() kept {
		k := kept{Resources: map[string][]learning.Resource{}, WithLinks: b.withLinks, Unmet: b.unmet}
		for i := range b.path.Nodes {
			if n := &b.path.Nodes[i]; len(n.Resources) > 0 {
				k.Resources[n.ID] = n.Resources
			}
		}
		return k
	}, func(k kept) {
		b.withLinks, b.unmet = k.WithLinks, k.Unmet
		for i := range b.path.Nodes {
			n := &b.path.Nodes[i]
			n.Resources = append(n.Resources, k.Resources[n.ID]...)
		}
	})
}

func (b *builder) quizzed(ctx context.Context) error {
	return b.step(ctx, "quizzes", atOnce(b.quizzes), func() kept {
		k := kept{Quizzes: map[string]*learning.Quiz{}}
		for i := range b.path.Nodes {
			if n := &b.path.Nodes[i]; n.Quiz != nil {
				k.Quizzes[n.ID] = n.Quiz
			}
		}
		return k
	}, func(k kept) {
		for i := range b.path.Nodes {
			n := &b.path.Nodes[i]
			n.Quiz = k.Quizzes[n.ID]
		}
	})
}
