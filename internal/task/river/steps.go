package river

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/trilha/trilha/internal/task"
)

// steps is what the finished steps of a task gave, in earlier runs and in this one.
type steps struct {
	mu      sync.Mutex
	read    bool
	outputs map[string]json.RawMessage
}

// StepCursor implements task.Stepper.
func (r *run) StepCursor(ctx context.Context, name string, do task.CursorStep) (json.RawMessage, error) {
	if err := r.readSteps(ctx); err != nil {
		return nil, err
	}
	if out, done := r.steps.get(name); done {
		return out, nil
	}
	cursor, _ := r.steps.get(cursorOf(name))
	out, err := do(ctx, cursor, r.commit(name))
	if err != nil {
		return nil, err
	}
	r.steps.put(name, out)
	r.keepStep(name, out)
	return out, ctx.Err()
}

// commitPause is how long a step goes on at least before what it has come to is
// written, and then again: a task costs five such writes a second at most.
const commitPause = 200 * time.Millisecond

// commit is what a step keeps its cursor with.
func (r *run) commit(name string) task.Commit {
	last := time.Now()
	return func(save func() (json.RawMessage, error)) error {
		if time.Since(last) < commitPause {
			return nil
		}
		cursor, err := save()
		if err != nil {
			return err
		}
		r.keepStep(cursorOf(name), cursor)
		last = time.Now()
		return nil
	}
}

// cursorOf is the name that the cursor of a step is kept by, beside what steps gave:
// a version that does not know of cursors takes no notice of it. No step has it, since
// none begins with a space.
func cursorOf(step string) string { return " cursor of " + step }

func (st *steps) get(name string) (json.RawMessage, bool) {
	st.mu.Lock()
	defer st.mu.Unlock()
	out, done := st.outputs[name]
	return out, done
}

func (st *steps) put(name string, out json.RawMessage) {
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.outputs == nil {
		st.outputs = make(map[string]json.RawMessage)
	}
	st.outputs[name] = out
}

// readSteps reads what earlier runs finished.
func (r *run) readSteps(ctx context.Context) error {
	r.steps.mu.Lock()
	read := r.steps.read || r.attempt == 1
	r.steps.read = true
	r.steps.mu.Unlock()
	if read {
		return nil
	}
	type step struct {
		name string
		out  []byte
	}
	return r.s.insistently(ctx, func() error {
		return r.s.reads(ctx, func(ctx context.Context, q querier) error {
			found, err := all(ctx, q, func(from rows) (st step, err error) {
				err = from.Scan(&st.name, &st.out)
				return st, err
			}, `SELECT name, output FROM task_steps WHERE task = $1`, r.id)
			for _, st := range found {
				r.steps.put(st.name, st.out)
			}
			return err
		})
	})
}

const sqlStep = `INSERT INTO task_steps (task, name, output)
	SELECT id, $3, $4 FROM tasks WHERE id = $1 AND attempt = $2 AND status = 'running'
	ON CONFLICT (task, name) DO UPDATE SET output = excluded.output`

// keepStep writes what a step gave, or its cursor, as long as the task is this run's. If the
// database is away the work goes on: at worst the step is run again some day.
func (r *run) keepStep(name string, out json.RawMessage) {
	err := r.s.change(r.ctx, func(ctx context.Context, c *change) error {
		kept, err := c.exec(ctx, sqlStep, r.id, r.attempt, text(name), []byte(out))
		if err != nil || kept == 0 {
			return err
		}
		_, err = c.exec(ctx, `UPDATE tasks SET losses = 0 WHERE id = $1 AND losses > 0`, r.id)
		return err
	})
	if err != nil && r.ctx.Err() == nil {
		r.s.log.Warn("a finished step is not kept", "task", r.id, "step", name, "error", err)
	}
}
