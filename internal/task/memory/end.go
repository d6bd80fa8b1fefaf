package memory

import (
	"context"
	"slices"
	"time"

	"github.com/trilha/trilha/internal/task"
)

// end gives e its final status. The first call wins and the others do nothing:
// this is where completion, cancellation and shutdown race.
func (s *Store) end(e *entry, out task.Outcome) {
	if e.life == nil {
		return
	}
	s.leaveQueue(e)
	s.unask(e)
	if e.life.cancel != nil {
		e.life.cancel()
	}
	if e.life.unique != "" {
		delete(e.owner.unique, e.life.unique)
	}
	now := time.Now()
	t := &e.task
	t.Status, t.Result, t.Error = out.Status, out.Result, out.Why
	t.UpdatedAt, t.CompletedAt, t.ExpiresAt = now, now, now.Add(t.TTL)
	t.Question, t.Trace = nil, nil
	t.Messages = slices.Clone(t.Messages) // leaves the spare room behind
	if out.Status == task.Completed {
		t.Progress = 100
	}
	e.publishFinal()
	e.life = nil
	s.keep(e)
}

// Cancel implements task.Store. The slot of a running task is free when its
// work has returned, not before.
func (s *Store) Cancel(_ context.Context, owner, id string) (task.Task, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.find(owner, id)
	if err != nil {
		return task.Task{}, err
	}
	if e.task.Status.Final() && e.task.Status != task.Cancelled {
		return e.snapshot(), task.ErrEnded(id, e.task.Status)
	}
	s.end(e, task.OutcomeCancelled())
	return e.snapshot(), nil
}
