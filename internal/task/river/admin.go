package river

import (
	"context"
	"time"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/task"
)

// All gives tasks of one owner, or of everyone where owner is empty, without results
// and the newest first, at most so many. It is for who looks after the store.
func (s *Store) All(ctx context.Context, owner string, most int) (found []task.Task, err error) {
	err = s.reads(ctx, func(ctx context.Context, q querier) error {
		records, err := all(ctx, q, scanRecord, `SELECT `+listed+` FROM tasks WHERE $1 = '' OR owner = $1 ORDER BY seq DESC LIMIT $2`, text(owner), most)
		for i := range records {
			found = append(found, records[i].Task)
		}
		return err
	})
	return found, s.broken(err)
}

// OwnerOf tells whose a task is, or gives NotFound.
func (s *Store) OwnerOf(ctx context.Context, id string) (owner string, err error) {
	err = s.reads(ctx, func(ctx context.Context, q querier) error {
		owners, err := all(ctx, q, scanValue[string], `SELECT owner FROM tasks WHERE id = $1`, text(id))
		if err == nil && len(owners) == 0 {
			err = task.ErrNotFound(id)
		}
		if err == nil {
			owner = owners[0]
		}
		return err
	})
	return owner, s.broken(err)
}

// How long Erase waits for works to return that it has cancelled.
const (
	eraseTime  = 30 * time.Second
	erasePause = 50 * time.Millisecond
)

// Erase cancels what an owner has in work, waits until it has returned, and removes
// their tasks, with steps and River's jobs, for good. It tells how many there were.
func (s *Store) Erase(ctx context.Context, owner string) (gone int64, err error) {
	if err := s.cancelAll(ctx, owner); err != nil {
		return 0, s.broken(err)
	}
	if err := s.untilReturned(ctx, owner); err != nil {
		return 0, s.broken(err)
	}
	owner = text(owner)
	for more := true; more && err == nil; {
		err = s.change(ctx, func(ctx context.Context, c *change) error {
			_, err := c.exec(ctx, `DELETE FROM river_job WHERE kind = 'trilha_task' AND finalized_at IS NOT NULL
				AND `+s.db.jobsTask()+` IN (SELECT id FROM tasks WHERE owner = $1)`, owner)
			if err != nil {
				return err
			}
			n, err := c.forget(ctx, `owner = $2 AND expires_at IS NOT NULL`, sweepBatch, owner)
			gone, more = gone+n, n == sweepBatch
			if c.counts.served == owner {
				c.counts.served = ""
			}
			return err
		})
	}
	return gone, s.broken(err)
}

// cancelAll cancels what has not ended.
func (s *Store) cancelAll(ctx context.Context, owner string) error {
	for {
		page, err := s.List(ctx, owner, task.Filter{Statuses: []task.Status{task.Pending, task.Running}, Limit: task.MaxPage})
		if err != nil || len(page.Tasks) == 0 {
			return err
		}
		for i := range page.Tasks {
			if _, err := s.Cancel(ctx, owner, page.Tasks[i].ID); err != nil {
				if f, ok := fault.Of(err); !ok || f.Kind != fault.Conflict && f.Kind != fault.NotFound {
					return err
				}
			}
		}
	}
}

// untilReturned waits until no work of an owner's runs anywhere.
func (s *Store) untilReturned(ctx context.Context, owner string) error {
	ctx, cancel := context.WithTimeout(ctx, eraseTime)
	defer cancel()
	for {
		var running int64
		err := s.reads(ctx, func(ctx context.Context, q querier) error {
			return one(ctx, q, `SELECT count(*) FROM task_runs WHERE owner = $1`, []any{text(owner)}, &running)
		})
		if err != nil || running == 0 {
			return err
		}
		pause := time.NewTimer(erasePause)
		select {
		case <-pause.C:
		case <-ctx.Done():
			pause.Stop()
			return fault.New(fault.Unavailable, "%d works of %s have not returned", running, owner).With("Try again in a moment.")
		}
	}
}
