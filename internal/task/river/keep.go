package river

import (
	"context"
	"time"

	"github.com/trilha/trilha/internal/task"
)

// sweepBatch is how many tasks one transaction forgets at most: it holds up all
// others.
const sweepBatch = 500

func micros(t time.Time) *int64 {
	us := t.UnixMicro()
	return &us
}

// keep counts t, which has just ended, and makes room for its result.
func (c *change) keep(ctx context.Context, t task.Task) error {
	c.counts.bytes += int64(len(t.Result))
	for c.counts.bytes > c.s.limits.KeptBytes {
		n, err := c.forget(ctx, `expires_at IS NOT NULL`, 1)
		if err != nil || n == 0 {
			return err
		}
	}
	return nil
}

// makeRoom forgets who expires first if one more task would be too many.
func (c *change) makeRoom(ctx context.Context) error {
	over := c.counts.tasks + 1 - int64(c.s.limits.Kept)
	if over <= 0 {
		return nil
	}
	n, err := c.forget(ctx, `expires_at IS NOT NULL`, min(over, sweepBatch))
	if err == nil && n == 0 {
		err = task.ErrFull(int(c.counts.tasks))
	}
	return err
}

// makeOwnRoom forgets who of an owner expires first if one more task would be too many
// of theirs.
func (c *change) makeOwnRoom(ctx context.Context, spec task.Spec) error {
	if spec.Limits.Kept <= 0 {
		return nil
	}
	var kept int64
	if err := one(ctx, c, `SELECT count(*) FROM tasks WHERE owner = $1`, []any{spec.Owner}, &kept); err != nil {
		return err
	}
	over := kept + 1 - int64(spec.Limits.Kept)
	if over <= 0 {
		return nil
	}
	n, err := c.forget(ctx, `owner = $2 AND expires_at IS NOT NULL`, min(over, sweepBatch), spec.Owner)
	if err == nil && n == 0 {
		err = task.ErrOwnFull(int(kept))
	}
	return err
}

// forgetExpired forgets what has expired, so that its keys are free.
func (c *change) forgetExpired(ctx context.Context) error {
	if c.expiry == nil || *c.expiry > c.now.UnixMicro() {
		return nil
	}
	_, err := c.forget(ctx, `expires_at <= $2`, sweepBatch, c.now.UnixMicro())
	return err
}

// forget removes ended tasks, the first to expire first.
func (c *change) forget(ctx context.Context, which string, most int64, args ...any) (int64, error) {
	sizes, err := all(ctx, c, scanValue[int64], `DELETE FROM tasks WHERE seq IN (SELECT seq FROM tasks WHERE `+which+` ORDER BY expires_at, seq LIMIT $1)
		RETURNING coalesce(length(result), 0)`, append([]any{most}, args...)...)
	for _, size := range sizes {
		c.counts.tasks--
		c.counts.bytes -= size
	}
	return int64(len(sizes)), err
}

// sweepEvery is how often expired tasks are looked for, over all instances.
const sweepEvery = 30 * time.Second

// sweep forgets what has expired although nobody asks. Whoever comes first after
// the last time does it for all instances.
func (s *Store) sweep(ctx context.Context) error {
	for {
		more := false
		err := s.change(ctx, func(ctx context.Context, c *change) error {
			if c.expiry == nil || *c.expiry > c.now.UnixMicro() {
				return nil
			}
			turn, err := c.exec(ctx, `UPDATE task_store SET swept = $1 WHERE swept <= $2`,
				c.now.UnixMicro(), c.now.Add(-sweepEvery).UnixMicro())
			if err != nil || turn == 0 {
				return err
			}
			n, err := c.forget(ctx, `expires_at <= $2`, sweepBatch, c.now.UnixMicro())
			if n == sweepBatch {
				more = true
				_, err = c.exec(ctx, `UPDATE task_store SET swept = 0`)
			}
			return err
		})
		if err != nil || !more {
			return err
		}
	}
}
