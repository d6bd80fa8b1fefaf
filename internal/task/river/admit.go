package river

import (
	"context"
	"errors"

	"github.com/trilha/trilha/internal/task"
)

// What other instances are told besides the ids of tasks.
const newsWaiting = "waiting" // something waits that the teller cannot run

// An owner's turn counts from its last start or from when it began to wait,
// whichever is later: a newcomer goes ahead of who was served last, and an endless
// row of newcomers goes ahead of nobody else. Only of who was served last need the
// turn be remembered while nothing of theirs waits.
const sqlEnqueue = `INSERT INTO task_waiting (owner, turn, waiting, running, most)
	SELECT $1, $2, 1, (SELECT count(*) FROM task_runs WHERE owner = $1),
		(SELECT own_running FROM tasks WHERE owner = $1 ORDER BY seq DESC LIMIT 1)
		WHERE (SELECT count(*) FROM tasks WHERE owner = $1 AND status = '` + statusAsking + `') < $3
	ON CONFLICT (owner) DO UPDATE SET waiting = task_waiting.waiting + 1, most = excluded.most
		WHERE task_waiting.waiting + (SELECT count(*) FROM tasks WHERE owner = $1 AND status = '` + statusAsking + `') < $3
	RETURNING waiting`

// enqueue lets one more task of owner wait, of at most so many together with those
// that await their owner.
func (c *change) enqueue(ctx context.Context, owner string, most int64) error {
	turn := c.counts.turn - 1
	if c.counts.served == owner {
		turn = c.counts.turn
	}
	var waiting int64
	err := one(ctx, c, sqlEnqueue, []any{owner, turn, most}, &waiting)
	if errors.Is(err, errNoRow) {
		return task.ErrTooManyWaiting(int(most))
	}
	c.counts.waiting++
	return err
}

// dequeue takes one task of owner out of what waits. served is 1 if that is
// because it starts, which is then owner's turn.
func (c *change) dequeue(ctx context.Context, owner string, served int) error {
	c.counts.waiting--
	if c.counts.waiting == 0 {
		return c.later(ctx, `DELETE FROM task_waiting WHERE owner = $1`, owner)
	}
	err := c.later(ctx, `UPDATE task_waiting SET waiting = waiting - 1, running = running + $2,
		turn = CASE WHEN $2 = 1 THEN $3 ELSE turn END WHERE owner = $1`, owner, served, c.counts.turn)
	if err != nil {
		return err
	}
	return c.later(ctx, `DELETE FROM task_waiting WHERE owner = $1 AND waiting <= 0`, owner)
}

// unload takes a run from the count of its owner.
func (c *change) unload(ctx context.Context, owner string) error {
	if c.counts.waiting == 0 {
		return nil
	}
	return c.later(ctx, `UPDATE task_waiting SET running = running - 1 WHERE owner = $1`, owner)
}

// sqlNext finds whose turn it is: of owners who may run more, who runs least, then
// whose turn is longest ago, then whose next task is due first.
const sqlNext = `SELECT ` + columns + ` FROM (
		SELECT (SELECT p.seq FROM tasks p WHERE p.owner = w.owner AND p.status = 'pending' ORDER BY p.due, p.seq LIMIT 1) AS head
		FROM task_waiting w WHERE w.running < coalesce(w.most, $1) AND (w.running, w.turn) =
			(SELECT running, turn FROM task_waiting WHERE running < coalesce(most, $1) ORDER BY running, turn LIMIT 1)
	) q JOIN tasks t ON t.seq = q.head
	ORDER BY t.due, t.seq LIMIT 1`

// admit starts what waits until no more may run here. If something is left that
// another instance might run, they are told. A task that lost its worker over and
// over runs alone: see takeBackTask.
func (c *change) admit(ctx context.Context) error {
	if c.s.isClosing() {
		return nil
	}
	if c.s.idles && c.counts.waiting > 0 {
		c.news = append(c.news, newsWaiting)
		return nil
	}
	for c.counts.waiting > 0 {
		found, err := all(ctx, c, scanRecord, sqlNext, c.s.limits.RunningPerOwner)
		if err != nil || len(found) == 0 {
			return err
		}
		suspect := found[0].losses >= mostLosses-1
		if c.running >= c.s.limits.Running || c.alone > 0 || suspect && c.running > 0 {
			c.news = append(c.news, newsWaiting)
			return nil
		}
		if err := c.launch(ctx, found[0]); err != nil {
			return err
		}
		if suspect {
			c.alone++
		}
	}
	return nil
}

// launch gives a task that waits to River. An instance that was taken for dead is back
// with it: what it starts would be taken from it at once.
func (c *change) launch(ctx context.Context, r record) error {
	if !c.listed {
		if err := c.s.db.relist(ctx, c.tx, c.s.id); err != nil {
			return err
		}
		c.listed = true
	}
	c.counts.turn += 2 // leaves room for who begins to wait before the next start
	c.counts.served = r.Owner
	if err := c.dequeue(ctx, r.Owner, 1); err != nil {
		return err
	}
	r.Status, r.UpdatedAt = task.Running, c.now
	r.attempt++
	r.revision++
	err := c.later(ctx, `UPDATE tasks SET status = 'running', updated_at = $2, attempt = $3, revision = $4 WHERE seq = $1`,
		r.seq, c.now.UnixMicro(), r.attempt, r.revision)
	if err != nil {
		return err
	}
	job, err := c.insertJob(ctx, args{Task: r.ID, Attempt: r.attempt})
	if err != nil {
		return err
	}
	err = c.later(ctx, `INSERT INTO task_runs (task, attempt, owner, holder, job) VALUES ($1, $2, $3, $4, $5)`,
		r.ID, r.attempt, r.Owner, c.s.id, job)
	if err != nil {
		return err
	}
	c.running++
	c.rung = true
	c.news = append(c.news, r.ID)
	c.then(func() {
		c.s.runOf(r.ID, r.attempt)
		c.s.learn(r)
	})
	return nil
}

// offer starts what waits, for whatever reason it may now.
func (s *Store) offer(ctx context.Context) error {
	if s.idles || s.isClosing() || !s.hasRoom() {
		return nil
	}
	return s.change(ctx, func(ctx context.Context, c *change) error { return c.admit(ctx) })
}

func (s *Store) hasRoom() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.runs < s.limits.Running
}
