package river

import (
	"context"
	"encoding/json"
)

// traceStep is where a task's trace stands, among what its steps gave: it lives as long
// as they do, and versions that do not know of it take no notice, as with cursors.
const traceStep = " trace"

// keepTrace keeps where a task comes from, with the task.
func (c *change) keepTrace(ctx context.Context, id string, trace map[string]string) error {
	if len(trace) == 0 || !c.s.traces {
		return nil
	}
	raw, err := json.Marshal(trace)
	if err != nil {
		return err
	}
	return c.later(ctx, `INSERT INTO task_steps (task, name, output) VALUES ($1, $2, $3)`, id, traceStep, raw)
}

// traceOf gives where a task comes from; nil where that is not known.
func (s *Store) traceOf(ctx context.Context, id string) (trace map[string]string) {
	if !s.traces {
		return nil
	}
	err := s.reads(ctx, func(ctx context.Context, q querier) error {
		found, err := all(ctx, q, func(from rows) (raw []byte, err error) {
			err = from.Scan(&raw)
			return raw, err
		}, `SELECT output FROM task_steps WHERE task = $1 AND name = $2`, id, traceStep)
		if err != nil || len(found) == 0 {
			return err
		}
		return json.Unmarshal(found[0], &trace)
	})
	if err != nil && ctx.Err() == nil {
		s.log.WarnContext(ctx, "where a task comes from is not known", "task", id, "error", err)
	}
	return trace
}
