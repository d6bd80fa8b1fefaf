package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"time"
)

// fleet is some instances on one database.
type fleet struct {
	setting setting
	ledger  *ledger
	log     io.Writer

	mu    sync.Mutex
	slots []*child // nil: down
}

func newFleet(s setting, l *ledger, log io.Writer, size int) (*fleet, error) {
	f := &fleet{setting: s, ledger: l, log: log, slots: make([]*child, size)}
	for i := range f.slots {
		if err := f.start(i); err != nil {
			f.end()
			return nil, err
		}
	}
	return f, nil
}

func (f *fleet) start(slot int) error {
	c, err := startChild(f.setting, f.log, f.ledger.hear)
	if err != nil {
		return err
	}
	f.ledger.begins(c.started)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.slots[slot] = c
	return nil
}

// any gives an instance that is up, or nil.
func (f *fleet) any(chance *rand.Rand) *child {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.slots[chance.IntN(len(f.slots))]
}

func (f *fleet) at(slot int) *child {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.slots[slot]
}

func (f *fleet) take(slot int) *child {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := f.slots[slot]
	f.slots[slot] = nil
	return c
}

// kill ends one slot's instance, or several at once.
func (f *fleet) kill(slots []int) {
	var dying sync.WaitGroup
	for _, slot := range slots {
		dying.Go(func() {
			c := f.take(slot)
			f.ledger.killed(c, c.kill())
		})
	}
	dying.Wait()
}

// batter kills instances, and starts others in their place, until enough kills have
// hit one that was running a task.
func (f *fleet) batter(ctx context.Context, p plan, chance *rand.Rand) error {
	for f.hits() < p.kills {
		if err := pause(ctx, time.Duration(chance.Int64N(int64(p.gap)))); err != nil {
			return err
		}
		slots := chance.Perm(len(f.slots))[:1]
		if chance.IntN(5) == 0 {
			slots = chance.Perm(len(f.slots)) // all of them
		}
		if err := f.awaitWork(ctx, slots[0], p.patience); err != nil {
			return err
		}
		_ = pause(ctx, time.Duration(chance.IntN(60))*time.Millisecond)
		if chance.IntN(12) == 0 {
			if err := f.replace(slots[0]); err != nil {
				return err
			}
			continue
		}
		f.kill(slots)
		_ = pause(ctx, time.Duration(chance.IntN(200))*time.Millisecond)
		for _, slot := range slots {
			if err := f.start(slot); err != nil {
				return err
			}
		}
	}
	return nil
}

// replace stops an instance gracefully, while others begin.
func (f *fleet) replace(slot int) error {
	old := f.take(slot)
	if err := f.start(slot); err != nil {
		return err
	}
	if err := old.stop(); err != nil {
		f.ledger.complain("an instance that was asked to stop: %v", err)
	}
	f.ledger.count(func(g *figures) { g.stops++ })
	return nil
}

func (f *fleet) hits() (n int) {
	f.ledger.count(func(g *figures) { n = g.hits })
	return n
}

// awaitWork waits until an instance runs something.
func (f *fleet) awaitWork(ctx context.Context, slot int, patience time.Duration) error {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.New("nothing runs any more"))
	defer cancel()
	for len(f.at(slot).isRunning()) == 0 {
		select {
		case <-f.at(slot).dead:
			return errors.New("an instance died that nobody killed; see its log")
		default:
		}
		if pause(ctx, time.Millisecond) != nil {
			return fmt.Errorf("instance %d: %w", slot, context.Cause(ctx))
		}
	}
	return nil
}

// retire stops all instances gracefully.
func (f *fleet) retire() {
	var going sync.WaitGroup
	for slot := range f.slots {
		if c := f.take(slot); c != nil {
			going.Go(func() {
				if err := c.stop(); err != nil || !c.stopped {
					f.ledger.complain("an instance that was asked to stop: %v", err)
				}
			})
		}
	}
	going.Wait()
}

// end kills what is left.
func (f *fleet) end() {
	for slot := range f.slots {
		if c := f.take(slot); c != nil {
			c.kill()
		}
	}
}
