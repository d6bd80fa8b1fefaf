package river

import (
	"context"
	"errors"
	"time"

	"github.com/riverqueue/river/rivertype"

	"github.com/trilha/trilha/internal/task"
)

// finish gives t its final status, and not before anything that happened to it by
// the clock of another machine. It is kept no longer than this store's limits have it,
// whoever made it.
func (s *Store) finish(t *task.Task, out task.Outcome, at time.Time) {
	if at.Before(t.UpdatedAt) {
		at = t.UpdatedAt
	}
	t.Status, t.Result, t.Error, t.Question = out.Status, out.Result, out.Why, nil
	t.TTL = s.ttlOf(t.TTL)
	t.UpdatedAt, t.CompletedAt, t.ExpiresAt = at, at, at.Add(t.TTL)
	if out.Status == task.Completed {
		t.Progress = 100
	}
}

// ttlOf is Limits.TTLOf as a row can hold it.
func (s *Store) ttlOf(asked time.Duration) time.Duration {
	return s.limits.TTLOf(asked).Truncate(time.Microsecond)
}

const sqlEnd = `UPDATE tasks SET status = $3, progress = $4, result = $5, error = $6, messages = $7,
	updated_at = $8, completed_at = $9, expires_at = $10, unique_key = NULL, question = NULL, answer_by = NULL, revision = revision + 1
	WHERE id = $1 AND attempt = $2 AND completed_at IS NULL RETURNING revision`

// end gives the task of r its final status, as out has it: here completion,
// cancellation and loss race. errNoRow tells that another was first.
func (c *change) end(ctx context.Context, r record, out task.Outcome) error {
	c.s.finish(&r.Task, out, c.now)
	t := r.Task
	err := one(ctx, c, sqlEnd, []any{
		t.ID, r.attempt, string(t.Status), t.Progress, []byte(t.Result), text(t.Error), writeMessages(t.Messages),
		t.UpdatedAt.UnixMicro(), *micros(t.CompletedAt), *micros(t.ExpiresAt),
	}, &r.revision)
	if err != nil {
		return err
	}
	r.Error = text(t.Error)
	if r.attempt > 0 || c.s.traces { // it may have steps
		if err := c.later(ctx, `DELETE FROM task_steps WHERE task = $1`, t.ID); err != nil {
			return err
		}
	}
	c.news = append(c.news, t.ID)
	c.then(func() { c.s.learn(r) })
	return c.keep(ctx, r.Task)
}

const sqlHandBack = `UPDATE tasks SET status = 'pending', progress = $3, messages = $4, updated_at = $5, losses = losses + $6,
	revision = revision + 1 WHERE id = $1 AND attempt = $2 AND status = 'running' RETURNING revision`

// unlimited is for who was accepted long ago.
const unlimited = 1 << 40

// handBack lets the task of r wait again, to be resumed by whoever is next.
func (c *change) handBack(ctx context.Context, r record, losses int) error {
	r.Status, r.UpdatedAt = task.Pending, c.now
	err := one(ctx, c, sqlHandBack, []any{
		r.ID, r.attempt, r.Progress, writeMessages(r.Messages), c.now.UnixMicro(), losses,
	}, &r.revision)
	if err != nil {
		return err
	}
	if err := c.enqueue(ctx, r.Owner, unlimited); err != nil {
		return err
	}
	c.news = append(c.news, r.ID, newsWaiting)
	c.then(func() { c.s.learn(r) })
	return nil
}

// settle records how a run left, and frees its slot. A zero outcome is that of a
// run that did not begin.
func (s *Store) settle(r *run, out task.Outcome) {
	var ours bool // how the task stands was for this run to say
	began := time.Now()
	err := s.insistently(s.settling, func() error {
		err := s.change(context.Background(), func(ctx context.Context, c *change) (err error) {
			ours, err = c.settle(ctx, r, out)
			return err
		})
		s.noteStuck(r, err, time.Since(began) > settleTime)
		return err
	})
	if err != nil { // the store ends: another instance will take the task back
		s.log.Error("how a task ended is not kept", "task", r.id, "error", err)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.returned(r)
		return
	}
	if !ours {
		_ = s.reload(s.life, r.id) // keepAlive does it again
	}
}

// settleTime is how long the end of a task may be in being written before whoever
// asks is told why it is not.
const settleTime = 3 * time.Second

// noteStuck takes in that how r left, or that it never began, cannot be written for
// a reason that lasts, or that it can again. It is tried on all the same.
func (s *Store) noteStuck(r *run, err error, late bool) {
	trouble, _ := s.db.explain(err)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !late || !trouble.Lasts {
		err = nil
	}
	r.stuck = err
	s.noteQuiet()
}

func (c *change) settle(ctx context.Context, r *run, out task.Outcome) (ours bool, err error) {
	defer c.then(func() { c.s.returned(r) }) // after its watchers have seen the end
	held, _, err := c.leave(ctx, r)
	if err != nil || !held {
		return false, err
	}
	ours, err = c.settleTask(ctx, r, out)
	if err != nil {
		return false, err
	}
	err = c.completeJob(context.WithoutCancel(r.jobCtx), r.job)
	if err != nil && !errors.Is(err, rivertype.ErrNotFound) {
		return false, err
	}
	return ours, c.admit(ctx)
}

const sqlNotLost = `UPDATE tasks SET losses = losses - 1 WHERE id = $1 AND attempt >= $2 AND losses > 0`

// leave frees the slot of r. It is not held any more when r was taken for lost;
// then the task is not r's either, nor River's job there. That its worker lives shows
// that the task did not kill it.
func (c *change) leave(ctx context.Context, r *run) (held bool, job int64, err error) {
	var owner string
	err = one(ctx, c, `DELETE FROM task_runs WHERE task = $1 AND attempt = $2 RETURNING owner, job`, []any{r.id, r.attempt}, &owner, &job)
	if errors.Is(err, errNoRow) {
		_, err := c.exec(ctx, sqlNotLost, r.id, r.attempt)
		return false, 0, err
	}
	if err != nil {
		return false, 0, err
	}
	c.running--
	return true, job, c.unload(ctx, owner)
}

// settleTask ends the task of r, or hands it back. It is not r's to say when the task
// has been ended without it.
func (c *change) settleTask(ctx context.Context, r *run, out task.Outcome) (ours bool, err error) {
	rec, handBack, open := c.freeze(r)
	if rec.revision == 0 && open { // its beginning has not been seen here
		if rec, err = c.find(ctx, r.id); err != nil {
			return false, ignoreNoRow(err)
		}
	}
	switch {
	case !open:
		return false, nil
	case out.Status == task.Pending:
		err = c.ask(ctx, rec, out.Asks)
	case handBack && out.Status != task.Completed:
		err = c.handBack(ctx, rec, 0)
	case out.Status == "":
		return false, nil
	default:
		err = c.endRun(ctx, rec, r, out)
	}
	return err == nil, ignoreNoRow(err)
}

// endRun ends the task of r, with what its work made besides.
func (c *change) endRun(ctx context.Context, rec record, r *run, out task.Outcome) error {
	if err := c.end(ctx, rec, out); err != nil {
		return err
	}
	c.s.mu.Lock()
	put := r.put
	c.s.mu.Unlock()
	if put == nil || out.Status != task.Completed {
		return nil
	}
	return put(ctx, keeper{c.tx})
}

// ignoreNoRow is for a task that has ended otherwise, or is gone.
func ignoreNoRow(err error) error {
	if errors.Is(err, errNoRow) {
		return nil
	}
	return err
}

// freeze stops r from reporting, unless the change fails, and gives its task as it
// then stands. It is not open if the task was ended without r.
func (c *change) freeze(r *run) (rec record, handBack, open bool) {
	s := c.s
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[r.id]
	if r.ended || e == nil || e.run != r {
		return record{}, false, false
	}
	r.ended = true
	c.otherwise(func() { r.ended = r.gone })
	return record{Task: e.latest(), attempt: r.attempt, revision: e.revision}, r.handBack, true
}

// Cancel implements task.Store. The slot of a running task is free when its work
// has returned, not before.
func (s *Store) Cancel(ctx context.Context, owner, id string) (task.Task, error) {
	var got task.Task
	err := s.change(ctx, func(ctx context.Context, c *change) error {
		r, err := s.lookUp(ctx, c, owner, id, c.now)
		if err != nil {
			return err
		}
		if r.Status.Final() {
			got = r.Task
			if r.Status != task.Cancelled {
				return task.ErrEnded(id, r.Status)
			}
			return nil
		}
		if r.Status == task.Pending && !r.Awaits() {
			if err := c.dequeue(ctx, r.Owner, 0); err != nil {
				return err
			}
		}
		c.overlay(&r)
		if err := c.end(ctx, r, task.OutcomeCancelled()); err != nil {
			return err
		}
		got = r.Task
		s.finish(&got, task.OutcomeCancelled(), c.now)
		return nil
	})
	return got, err
}

// overlay brings r up to what its run in this process made of it, if there is one,
// and stops that from reporting.
func (c *change) overlay(r *record) {
	c.s.mu.Lock()
	e := c.s.entries[r.ID]
	c.s.mu.Unlock()
	if e == nil || e.run == nil || e.run.attempt != r.attempt {
		return
	}
	if live, _, open := c.freeze(e.run); open && live.revision > 0 {
		live.seq = r.seq
		*r = live
	}
}
