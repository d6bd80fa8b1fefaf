package river

import (
	"context"
	"errors"
	"time"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/task"
)

const (
	// beat is how often at least an instance says that it is alive, and looks whether
	// the others are.
	beat = 2 * time.Second
	// mostLosses is how often a task may lose its worker with no step finished in
	// between.
	mostLosses = 3
)

// keepAlive keeps this instance known as alive, takes back what dead ones ran, and
// sweeps, until the store ends.
func (s *Store) keepAlive() {
	ticker := time.NewTicker(s.beat)
	defer ticker.Stop()
	for swept := time.Now(); ; {
		err := s.tend(&swept)
		if err != nil && s.life.Err() == nil {
			s.log.Warn("task store", "error", err)
		}
		select {
		case <-ticker.C:
		case <-s.life.Done():
			return
		}
	}
}

func (s *Store) tend(swept *time.Time) error {
	here, err := s.db.renew(s.life, s.id)
	if err != nil {
		return err
	}
	if !here { // others thought it dead, and have taken its tasks back
		if err := s.db.join(s.life, s.id); err != nil {
			return err
		}
		s.hear("")
	}
	if err := s.dropUnbegun(s.life); err != nil {
		return err
	}
	if s.isClosing() {
		return nil
	}
	if err := s.rescue(s.life); err != nil {
		return err
	}
	if time.Since(*swept) >= sweepEvery {
		*swept = time.Now()
		if err := s.sweep(s.life); err != nil {
			return err
		}
	}
	if err := s.failAllUnanswered(s.life); err != nil {
		return err
	}
	return errors.Join(s.reloadAll(s.life), s.offerWaiting(s.life)) // news may have been lost
}

// dropUnbegun settles runs that River has not begun, and never will: the task has
// ended or is another's, and the job went with it, or River fetched the job and lost
// the answer with the connection. The task of such a run waits again.
func (s *Store) dropUnbegun(ctx context.Context) error {
	var errs []error
	for _, r := range s.unbegun(time.Now()) {
		err := s.change(ctx, func(ctx context.Context, c *change) error { return c.dropUnbegun(ctx, r) })
		s.noteStuck(r, err, true)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// unbegun gives the runs that River has not begun, though it should have.
func (s *Store) unbegun(at time.Time) []*run {
	return s.runsThat(func(r *run) bool {
		if r.job == nil && at.Sub(r.made) > fetchTime {
			r.giveBack()
		}
		return r.job == nil && (r.ended || r.handBack)
	})
}

func (c *change) dropUnbegun(ctx context.Context, r *run) error {
	rec, err := c.find(ctx, r.id)
	if ignoreNoRow(err) != nil {
		return err
	}
	if rec.Status == task.Running && rec.attempt == r.attempt && !c.s.givenBack(r) {
		return nil // whoever was to end it has not, and River will begin it
	}
	if err := c.giveUp(ctx, r); err != nil {
		return err
	}
	c.then(func() { c.s.returned(r) })
	return c.admit(ctx)
}

func (s *Store) givenBack(r *run) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return r.handBack
}

// rescue takes back what dead instances ran.
func (s *Store) rescue(ctx context.Context) error {
	var holders []string
	err := s.reads(ctx, func(ctx context.Context, q querier) (err error) {
		holders, err = all(ctx, q, scanValue[string], `SELECT DISTINCT holder FROM task_runs WHERE holder <> $1`, s.id)
		return err
	})
	if err != nil || len(holders) == 0 {
		return err
	}
	dead, err := s.db.dead(ctx, holders)
	for _, holder := range dead {
		err = errors.Join(err, s.takeBack(ctx, holder))
	}
	return err
}

// lost is a run of an instance that is dead.
type lost struct {
	task, owner string
	attempt     int64
	job         int64
}

func (s *Store) takeBack(ctx context.Context, holder string) error {
	return s.change(ctx, func(ctx context.Context, c *change) error {
		if dead, err := s.db.bury(ctx, c.tx, holder); err != nil || !dead {
			return err
		}
		runs, err := all(ctx, c, func(from rows) (l lost, err error) {
			err = from.Scan(&l.task, &l.owner, &l.attempt, &l.job)
			return l, err
		}, `DELETE FROM task_runs WHERE holder = $1 RETURNING task, owner, attempt, job`, holder)
		if err != nil {
			return err
		}
		for _, l := range runs { // all of them, before any waits again and is counted anew
			if err := errors.Join(c.dropJob(ctx, l.job), c.unload(ctx, l.owner)); err != nil {
				return err
			}
		}
		for _, l := range runs {
			if err := ignoreNoRow(c.takeBackTask(ctx, l, len(runs) == 1)); err != nil {
				return err
			}
		}
		s.log.Warn("an instance is gone; what it ran is taken back", "instance", holder, "tasks", len(runs))
		return c.admit(ctx)
	})
}

// takeBackTask lets a task wait again whose worker was lost. One that is lost over
// and over may be what kills its worker: it is then run with nothing beside it (see
// admit), so that no neighbour is taken for it, and fails when that was lost too.
func (c *change) takeBackTask(ctx context.Context, l lost, alone bool) error {
	r, err := c.find(ctx, l.task)
	if err != nil {
		return err
	}
	if r.Status != task.Running || r.attempt != l.attempt {
		return nil
	}
	if r.losses+1 >= mostLosses && alone {
		why := fault.New(fault.Unavailable, "its worker was lost %d times, with no step finished in between", r.losses+1)
		return c.end(ctx, r, task.Outcome{Status: task.Failed, Why: why.Error()})
	}
	return c.handBack(ctx, r, 1)
}
