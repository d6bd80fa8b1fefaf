package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/task"
)

// mostOpen is how many tasks a client has going at a time.
const mostOpen = 4

// client is one owner, who makes tasks and looks after them on whichever instance is
// up.
type client struct {
	owner  string
	fleet  *fleet
	ledger *ledger
	chance *rand.Rand

	made  int
	open  []*entry // acknowledged or not, and not seen to end
	ended []*entry
}

// use goes on until ctx ends.
func (c *client) use(ctx context.Context) {
	for pause(ctx, time.Duration(2+c.chance.IntN(20))*time.Millisecond) == nil {
		if len(c.open) < mostOpen && c.chance.IntN(10) < 6 {
			c.make(ctx)
			continue
		}
		c.lookAfter(ctx)
		c.sort()
	}
}

// sort takes what has ended out of what is open.
func (c *client) sort() {
	var open []*entry
	for _, e := range c.open {
		if e.over() {
			c.ended = append(c.ended, e)
		} else {
			open = append(open, e)
		}
	}
	c.open = open
}

// make asks for a task.
func (c *client) make(ctx context.Context) {
	c.made++
	e := &entry{key: fmt.Sprintf("%s/%d", c.owner, c.made), owner: c.owner}
	e.given = assignment{Token: e.key, Fail: c.chance.IntN(20) == 0}
	for left := 50 + c.chance.IntN(451); left > 0; {
		step := min(left, 20+c.chance.IntN(150))
		e.given.Steps = append(e.given.Steps, step)
		left -= step
	}
	e.input, _ = json.Marshal(e.given) // strings and numbers
	c.ledger.add(e)
	c.open = append(c.open, e)
	c.create(ctx, e)
}

// create asks for e, perhaps not for the first time: whether an earlier create came
// through is not known when its answer was lost.
func (c *client) create(ctx context.Context, e *entry) {
	first := e.id == ""
	began := time.Now()
	l, ok := c.call(ctx, request{Op: "create", Owner: e.owner, Key: e.key, Input: e.input})
	if !ok || l.Kind != "" {
		c.ledger.count(func(f *figures) { f.slowestRefusal = max(f.slowestRefusal, time.Since(began)) })
		return
	}
	c.ledger.acknowledge(e, l.Tasks[0])
	if first {
		c.ledger.count(func(f *figures) { f.lastCreate = time.Now() })
	}
}

// lookAfter does something with one of the tasks.
func (c *client) lookAfter(ctx context.Context) {
	if len(c.ended) > 0 && c.chance.IntN(5) == 0 {
		e := c.ended[c.chance.IntN(len(c.ended))]
		if c.chance.IntN(4) == 0 {
			c.create(ctx, e) // the key gives the old task
			return
		}
		c.ask(ctx, e, "get")
		return
	}
	if c.chance.IntN(30) == 0 {
		c.list(ctx)
		return
	}
	if len(c.open) == 0 {
		return
	}
	e := c.open[c.chance.IntN(len(c.open))]
	switch {
	case e.id == "":
		c.create(ctx, e)
	case c.chance.IntN(150) == 0:
		c.cancel(ctx, e)
	case c.chance.IntN(2) == 0:
		c.ask(ctx, e, "wait")
	default:
		c.ask(ctx, e, "get")
	}
}

func (c *client) ask(ctx context.Context, e *entry, op string) {
	l, ok := c.call(ctx, request{Op: op, Owner: e.owner, Task: e.id})
	switch {
	case !ok:
	case l.Kind == string(fault.NotFound):
		c.ledger.complain("task %s was acknowledged and is not found", e.id)
	case l.Kind == "":
		c.ledger.see(e, l.Tasks[0])
	}
}

func (c *client) cancel(ctx context.Context, e *entry) {
	e.cancelled = true
	l, ok := c.call(ctx, request{Op: "cancel", Owner: e.owner, Task: e.id})
	switch {
	case !ok:
	case l.Kind == "" || l.Kind == string(fault.Conflict): // it had ended
		c.ledger.cancelAnswered(e, l.Tasks[0])
	case l.Kind == string(fault.NotFound):
		c.ledger.complain("task %s was acknowledged and is not found", e.id)
	}
}

// list looks whether more runs than the owner may have running.
func (c *client) list(ctx context.Context) {
	l, ok := c.call(ctx, request{Op: "list", Owner: c.owner})
	if ok && l.Kind == "" && len(l.Tasks) > runningPerOwner {
		c.ledger.complain("%d tasks of %s run at once", len(l.Tasks), c.owner)
	}
}

// call asks some instance. It is not ok when there is no telling what came of it.
func (c *client) call(ctx context.Context, r request) (l line, ok bool) {
	instance := c.fleet.any(c.chance)
	if instance == nil {
		return line{}, false
	}
	select {
	case <-instance.ready:
	case <-instance.dead:
		return line{}, false
	case <-ctx.Done():
		return line{}, false
	}
	// The end of the load does not cut calls off: they are answered soon.
	l, err := instance.call(context.WithoutCancel(ctx), r)
	c.ledger.count(func(f *figures) {
		f.calls++
		switch {
		case errors.Is(err, errSlow):
			f.unanswered++
		case err != nil:
			f.cutOff++
		case l.Kind == string(fault.Unavailable):
			f.unavailable++
		}
	})
	if err == nil && l.Kind == "error" {
		c.ledger.complain("%s: %s", r.Op, l.Error)
	}
	return l, err == nil
}

// settle goes on until every task of the client is acknowledged and has ended.
func (c *client) settle(ctx context.Context) {
	for c.sort(); len(c.open) > 0; c.sort() {
		for _, e := range c.open {
			if e.id == "" {
				c.create(ctx, e)
			} else {
				c.ask(ctx, e, "wait")
			}
		}
		if pause(ctx, time.Millisecond) != nil {
			for _, e := range c.open {
				c.ledger.complain("task %q (key %s) has not ended: %+v", e.id, e.key, e.last)
			}
			return
		}
	}
}

// review looks at everything once more, through a store that had no part in it.
func (c *client) review(ctx context.Context, s task.Store) {
	kept := map[string]bool{}
	for f := (task.Filter{Limit: task.MaxPage}); ; {
		page, err := s.List(ctx, c.owner, f)
		if err != nil {
			c.ledger.complain("list: %v", err)
			return
		}
		for _, t := range page.Tasks {
			kept[t.ID] = true
		}
		if f.Cursor = page.Next; f.Cursor == "" {
			break
		}
	}
	for _, e := range c.ended {
		t, err := s.Get(ctx, c.owner, e.id)
		if err != nil || !kept[e.id] {
			c.ledger.complain("task %s was acknowledged and is lost: %v", e.id, err)
			continue
		}
		c.ledger.see(e, asSeen(t))
		delete(kept, e.id)
	}
	for _, e := range c.open { // of which there was a complaint
		delete(kept, e.id)
	}
	for id := range kept {
		c.ledger.complain("task %s of %s is there, and nobody made it", id, c.owner)
	}
}
