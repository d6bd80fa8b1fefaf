package river

import (
	"context"
	"time"
)

// writeTime is how long one transaction may take, with the wait for the lock.
const writeTime = 10 * time.Second

// counts is the row of task_store.
type counts struct {
	tasks, bytes, waiting int64
	turn                  int64
	served                string
}

// change is a transaction under the store's lock, as it goes.
type change struct {
	tx
	s       *Store
	now     time.Time // taken under the lock, so that it orders what happens
	counts  counts
	before  counts // as they are in the database
	running int    // works of this instance
	alone   int    // of them such as run alone
	expiry  *int64 // when the first task expires
	news    []string
	rung    bool
	after   []func() // run under Store.mu when the transaction has been committed
	undo    []func() // run under Store.mu when it has not
}

// change runs f in a transaction. It does not end with ctx once it has begun: an
// answer that nobody waits for is better than a commit of which nobody knows.
func (s *Store) change(ctx context.Context, f func(ctx context.Context, c *change) error) error {
	select {
	case s.writing <- struct{}{}:
		defer func() { <-s.writing }()
	case <-ctx.Done():
		return s.broken(ctx.Err())
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeTime)
	defer cancel()
	c := &change{s: s}
	err := s.db.write(ctx, func(t tx) error {
		c.tx, c.now = t, now()
		if err := c.load(ctx); err != nil {
			return err
		}
		if err := f(ctx, c); err != nil {
			return err
		}
		return c.save(ctx)
	})
	s.mu.Lock()
	defer s.mu.Unlock()
	follow := c.after
	if err != nil {
		follow = c.undo
	}
	for _, f := range follow {
		f()
	}
	if err == nil && c.rung {
		s.bell.ring()
	}
	return s.broken(err)
}

const sqlLoad = `SELECT tasks, bytes, waiting, turn, served,
	(SELECT count(*) FROM task_runs WHERE holder = $1),
	(SELECT count(*) FROM task_runs r JOIN tasks t ON t.id = r.task WHERE r.holder = $1 AND t.losses >= $2 AND t.attempt = r.attempt),
	(SELECT expires_at FROM tasks WHERE expires_at IS NOT NULL ORDER BY expires_at LIMIT 1)
	FROM task_store`

func (c *change) load(ctx context.Context) error {
	err := one(ctx, c, sqlLoad, []any{c.s.id, mostLosses - 1}, &c.counts.tasks, &c.counts.bytes, &c.counts.waiting, &c.counts.turn, &c.counts.served, &c.running, &c.alone, &c.expiry)
	c.before = c.counts
	return err
}

func (c *change) save(ctx context.Context) error {
	if len(c.news) > 0 {
		if err := c.tell(ctx, c.news...); err != nil {
			return err
		}
	}
	if c.counts == c.before {
		return nil
	}
	n := c.counts
	_, err := c.exec(ctx, `UPDATE task_store SET tasks = $1, bytes = $2, waiting = $3, turn = $4, served = $5`,
		n.tasks, n.bytes, n.waiting, n.turn, n.served)
	return err
}

// then adds what follows a commit.
func (c *change) then(f func()) { c.after = append(c.after, f) }

// otherwise adds what follows a failure.
func (c *change) otherwise(f func()) { c.undo = append(c.undo, f) }
