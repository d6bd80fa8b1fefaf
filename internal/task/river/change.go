package river

import (
	"context"
	"slices"
	"sync"
	"time"
)

const (
	// writeTime is how long one transaction may take, with the wait for the lock.
	writeTime = 10 * time.Second
	// mostAtOnce is how many changes share a transaction at most.
	mostAtOnce = 32
)

// counts is the row of task_store.
type counts struct {
	tasks, bytes, waiting int64
	turn                  int64
	served                string
}

// standing is what a transaction under the store's lock begins with, as it goes on.
type standing struct {
	counts  counts
	running int    // works of this instance
	listed  bool   // this instance counts as alive
	alone   int    // of them such as run alone
	expiry  *int64 // when the first task expires
}

// change is one thing that is done under the store's lock: a task made, ended, taken
// back. What waits for the lock in this process goes through in one transaction, each
// change under a savepoint of its own.
type change struct {
	tx
	standing
	s     *Store
	f     func(ctx context.Context, c *change) error
	now   time.Time // taken under the lock, so that it orders what happens
	news  []string
	rung  bool
	after []func() // run under Store.mu when it has been committed
	undo  []func() // run under Store.mu when it has not
	err   error
	done  chan struct{}
}

// then adds what follows a commit.
func (c *change) then(f func()) { c.after = append(c.after, f) }

// otherwise adds what follows a failure.
func (c *change) otherwise(f func()) { c.undo = append(c.undo, f) }

// changes is what waits for the lock in this process.
type changes struct {
	mu      sync.Mutex
	waiting []*change
}

func (q *changes) put(c *change) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, c)
}

// take gives some, the first to come first.
func (q *changes) take() []*change {
	q.mu.Lock()
	defer q.mu.Unlock()
	n := min(len(q.waiting), mostAtOnce)
	some := slices.Clone(q.waiting[:n])
	q.waiting = slices.Delete(q.waiting, 0, n)
	return some
}

// remove takes c out, unless somebody has taken it.
func (q *changes) remove(c *change) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.waiting, c)
	if i < 0 {
		return false
	}
	q.waiting = slices.Delete(q.waiting, i, i+1)
	return true
}

// change carries f out. It does not end with ctx once it has begun: an answer that
// nobody waits for is better than a commit of which nobody knows.
func (s *Store) change(ctx context.Context, f func(ctx context.Context, c *change) error) error {
	c := &change{s: s, f: f, done: make(chan struct{})}
	s.changes.put(c)
	select {
	case <-c.done: // with somebody else's
		return c.err
	case s.writing <- struct{}{}:
		defer func() { <-s.writing }()
		s.carryOut(c)
		return c.err
	case <-ctx.Done():
	}
	if s.changes.remove(c) {
		return s.broken(ctx.Err())
	}
	<-c.done
	return c.err
}

// carryOut carries out what waits, until c is done.
func (s *Store) carryOut(c *change) {
	for {
		select {
		case <-c.done:
			return
		default:
			s.commit(s.changes.take())
		}
	}
}

// commit carries changes out in one transaction, and what follows them in the same
// order.
func (s *Store) commit(some []*change) {
	ctx, cancel := context.WithTimeout(context.Background(), writeTime)
	defer cancel()
	err := s.db.write(ctx, func(t tx) error { return s.write(ctx, t, some) })
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range some {
		if c.err == nil {
			c.err = err
		}
		follow := c.after
		if c.err != nil {
			follow = c.undo
		}
		for _, f := range follow {
			f()
		}
		if c.err == nil && c.rung {
			s.bell.ring()
		}
		c.err = s.broken(c.err)
		close(c.done)
	}
}

func (s *Store) write(ctx context.Context, t tx, some []*change) error {
	at, err := s.load(ctx, t)
	if err != nil {
		return err
	}
	before := at.counts
	var news []string
	for _, c := range some {
		c.tx, c.standing, c.now = t, at, now()
		if err := c.apart(ctx, len(some) > 1); err != nil {
			return err
		}
		if c.err == nil {
			at = c.standing
			news = append(news, c.news...)
		}
	}
	return save(ctx, t, before, at.counts, news)
}

// apart carries c out so that, should it fail, the others do not.
func (c *change) apart(ctx context.Context, others bool) error {
	if !others {
		c.err = c.f(ctx, c)
		return c.err
	}
	failed, err := c.tx.apart(ctx, func() error { return c.f(ctx, c) })
	c.err = failed
	return err
}

const sqlLoad = `SELECT tasks, bytes, waiting, turn, served,
	(SELECT count(*) FROM task_runs WHERE holder = $1),
	(SELECT count(*) FROM task_runs r JOIN tasks t ON t.id = r.task WHERE r.holder = $1 AND t.losses >= $2 AND t.attempt = r.attempt),
	(SELECT expires_at FROM tasks WHERE expires_at IS NOT NULL ORDER BY expires_at LIMIT 1),
	`

func (s *Store) load(ctx context.Context, t tx) (at standing, err error) {
	n := &at.counts
	err = one(ctx, t, sqlLoad+s.db.listed()+` FROM task_store`, []any{s.id, mostLosses - 1},
		&n.tasks, &n.bytes, &n.waiting, &n.turn, &n.served, &at.running, &at.alone, &at.expiry, &at.listed)
	return at, err
}

func save(ctx context.Context, t tx, before, n counts, news []string) error {
	if len(news) > 0 {
		if err := t.tell(ctx, news...); err != nil {
			return err
		}
	}
	if n == before {
		return nil
	}
	return t.later(ctx, `UPDATE task_store SET tasks = $1, bytes = $2, waiting = $3, turn = $4, served = $5`,
		n.tasks, n.bytes, n.waiting, n.turn, n.served)
}
