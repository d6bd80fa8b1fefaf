package river

import (
	"bytes"
	"cmp"
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/trilha/trilha/internal/task"
)

// Submit implements task.Store. The task it returns is as it was created, even if
// its work has started meanwhile.
func (s *Store) Submit(ctx context.Context, spec task.Spec) (task.Submission, error) {
	if err := spec.Check(s.knows); err != nil {
		return task.Submission{}, err
	}
	if s.isClosing() {
		return task.Submission{}, task.ErrStopping()
	}
	var sub task.Submission
	err := s.change(ctx, func(ctx context.Context, c *change) error {
		if s.isClosing() {
			return task.ErrStopping()
		}
		if err := c.forgetExpired(ctx); err != nil {
			return err
		}
		switch r, err := c.existing(ctx, spec); {
		case err == nil:
			c.then(func() { sub = s.repeated(r, spec) })
			return nil
		case !errors.Is(err, errNoRow):
			return err
		}
		return c.create(ctx, spec, &sub)
	})
	if err != nil {
		return task.Submission{}, err
	}
	return sub, nil
}

// knows tells whether there is work of a kind.
func (s *Store) knows(kind string) bool { return s.works[kind] != nil }

// repeated is the answer with a task that is there already.
func (s *Store) repeated(r record, spec task.Spec) task.Submission {
	sub := task.Submission{Task: r.Task, Repeated: true}
	if spec.Watch {
		sub.Watch = s.subscribe(context.Background(), r)
	}
	return sub
}

// existing finds the task that spec repeats: by its key, then by what is to be
// unique.
func (c *change) existing(ctx context.Context, spec task.Spec) (record, error) {
	repeats, unique := key(spec.IdempotencyKey), key(spec.Unique)
	if repeats != nil {
		r, err := c.findBy(ctx, `owner = $1 AND idempotency_key = $2`, spec.Owner, *repeats)
		if err == nil && (r.Kind != spec.Kind || !bytes.Equal(r.Input, spec.Input)) {
			return record{}, task.ErrKeyTaken(spec.IdempotencyKey, r.ID)
		}
		if !errors.Is(err, errNoRow) {
			return r, err
		}
	}
	if unique != nil {
		return c.findBy(ctx, `owner = $1 AND unique_key = $2`, spec.Owner, *unique)
	}
	return record{}, errNoRow
}

func (c *change) find(ctx context.Context, id string) (record, error) {
	return c.findBy(ctx, `id = $1`, id)
}

// findBy gives the one task of which the condition holds, or errNoRow.
func (c *change) findBy(ctx context.Context, condition string, params ...any) (record, error) {
	found, err := all(ctx, c, scanRecord, `SELECT `+columns+` FROM tasks WHERE `+condition, params...)
	if err == nil && len(found) == 0 {
		err = errNoRow
	}
	if err != nil {
		return record{}, err
	}
	return found[0], nil
}

// create makes the task for spec, and starts it if it may.
func (c *change) create(ctx context.Context, spec task.Spec, sub *task.Submission) error {
	s := c.s
	out, known := spec.Known()
	if int64(len(spec.Result)) > s.limits.KeptBytes {
		return task.ErrTooLarge(len(spec.Result), s.limits.KeptBytes)
	}
	if err := c.makeOwnRoom(ctx, spec); err != nil {
		return err
	}
	if err := c.makeRoom(ctx); err != nil {
		return err
	}
	r := record{Task: task.Task{
		ID: uuid.NewString(), Owner: spec.Owner, Kind: spec.Kind, Description: text(spec.Description),
		Priority: spec.Priority, Input: bytes.Clone(spec.Input), TTL: s.ttlOf(spec.TTL),
		Status: task.Pending, CreatedAt: c.now, UpdatedAt: c.now,
	}, revision: 1}
	if known {
		out.Result, out.Why = bytes.Clone(out.Result), text(out.Why)
		s.finish(&r.Task, out, c.now)
	}
	if err := c.insert(ctx, r, spec); err != nil {
		return err
	}
	if known {
		c.then(func() { *sub = s.answer(r, spec) })
		return c.keep(ctx, r.Task)
	}
	if err := c.keepTrace(ctx, r.ID, spec.Trace); err != nil {
		return err
	}
	// In place before anything can start, so that it misses nothing.
	s.hold(r.ID, 1)
	s.mu.Lock()
	*sub = s.answer(r, spec)
	s.mu.Unlock()
	c.then(func() { s.holdLocked(r.ID, -1) })
	c.otherwise(func() { s.abandon(r.ID) })
	if err := c.enqueue(ctx, r.Owner, int64(cmp.Or(spec.Limits.Waiting, s.limits.WaitingPerOwner))); err != nil {
		return err
	}
	return c.admit(ctx)
}

func (s *Store) answer(r record, spec task.Spec) task.Submission {
	sub := task.Submission{Task: r.Task}
	if spec.Watch {
		sub.Watch = s.subscribe(context.Background(), r)
	}
	return sub
}

// own is a limit of one owner's, or null where there is none.
func own(limit int) *int64 {
	if limit <= 0 {
		return nil
	}
	most := int64(limit)
	return &most
}

const sqlInsert = `INSERT INTO tasks (id, owner, kind, description, priority, input, idempotency_key, unique_key,
	status, progress, result, error, created_at, updated_at, completed_at, expires_at, due, own_running, ttl)
	VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`

func (c *change) insert(ctx context.Context, r record, spec task.Spec) error {
	var completed, expires *int64
	unique := key(spec.Unique)
	if r.Status.Final() {
		completed, expires = micros(r.CompletedAt), micros(r.ExpiresAt)
		unique = nil
	}
	due := r.CreatedAt.UnixMicro() + int64(r.Priority.Rank())*c.s.limits.Ageing.Microseconds()
	c.counts.tasks++
	return c.later(ctx, sqlInsert,
		r.ID, r.Owner, r.Kind, r.Description, string(r.Priority), []byte(r.Input), key(spec.IdempotencyKey), unique,
		string(r.Status), r.Progress, []byte(r.Result), r.Error, r.CreatedAt.UnixMicro(), r.UpdatedAt.UnixMicro(), completed, expires, due, own(spec.Limits.Running), r.TTL.Microseconds())
}
