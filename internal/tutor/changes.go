package tutor

import (
	"context"

	"github.com/trilha/trilha/internal/identity"
	"github.com/trilha/trilha/internal/task"
)

// Change is something that was done to what an owner has.
type Change struct {
	Owner string
	Made  task.Task // the task that was made; none when a path was deleted
}

// Tell has f called after each change that is made through this Tutor, by whoever made
// it: f does not wait for anything. How a task goes on is Watch's to tell. It is called
// before the Tutor is in use.
func (t *Tutor) Tell(f func(context.Context, Change)) { t.told = append(t.told, f) }

// submit makes a task and tells of it.
func (t *Tutor) submit(ctx context.Context, spec task.Spec) (task.Submission, error) {
	if p, ok := identity.From(ctx); ok && p.Name == spec.Owner {
		spec.Limits = task.OwnLimits{Waiting: p.Limits.Waiting, Running: p.Limits.Running, Kept: p.Limits.Kept}
	}
	placed := func(string) {}
	if _, known := spec.Known(); spec.Owner == identity.Anonymous && !known {
		var err error
		if placed, err = t.crowd.enter(ctx, t.inWork); err != nil {
			return task.Submission{}, err
		}
	}
	s, err := t.tasks.Submit(ctx, spec)
	placed(s.Task.ID)
	if err == nil && !s.Repeated {
		t.tell(ctx, Change{Owner: spec.Owner, Made: s.Task})
	}
	return s, err
}

// tell tells of a change. Of the anonymous none is told: who listens under that name
// is anybody.
func (t *Tutor) tell(ctx context.Context, c Change) {
	if c.Owner == identity.Anonymous {
		return
	}
	for _, f := range t.told {
		f(ctx, c)
	}
}
