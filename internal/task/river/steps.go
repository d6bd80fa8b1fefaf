package river

import (
	"context"
	"encoding/json"
	"sync"
)

// steps is what the finished steps of a task gave, in earlier runs and in this one.
type steps struct {
	mu      sync.Mutex
	read    bool
	outputs map[string]json.RawMessage
}

// Step implements task.Stepper.
func (r *run) Step(ctx context.Context, name string, do func(context.Context) (json.RawMessage, error)) (json.RawMessage, error) {
	if err := r.readSteps(ctx); err != nil {
		return nil, err
	}
	if out, done := r.steps.get(name); done {
		return out, nil
	}
	out, err := do(ctx)
	if err != nil {
		return nil, err
	}
	r.steps.put(name, out)
	r.keepStep(name, out)
	return out, ctx.Err()
}

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
	ON CONFLICT (task, name) DO NOTHING`

// keepStep writes what a step gave, as long as the task is this run's. If the
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
