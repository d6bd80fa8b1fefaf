package task

import (
	"context"
	"time"
)

// Counter is a Store that can count what it holds, over all owners and instances.
type Counter interface {
	// Count counts the tasks that are kept. It costs a pass over them.
	Count(ctx context.Context) (Counts, error)
}

// Counts are the tasks of a store.
type Counts struct {
	ByStatus map[Status]int // without those that await their owner
	Awaiting int            // pending until their owner has answered
	Oldest   time.Time      // when the oldest that waits for its turn was made; zero: none waits
}

// Add counts n tasks that stand alike; oldest is when the first of them was made.
func (c *Counts) Add(s Status, awaits bool, n int, oldest time.Time) {
	if awaits {
		c.Awaiting += n
		return
	}
	if c.ByStatus == nil {
		c.ByStatus = map[Status]int{}
	}
	c.ByStatus[s] += n
	if s == Pending && (c.Oldest.IsZero() || oldest.Before(c.Oldest)) {
		c.Oldest = oldest
	}
}
