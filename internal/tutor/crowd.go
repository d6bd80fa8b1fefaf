package tutor

import (
	"container/list"
	"context"
	"errors"
	"sync"
	"time"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/identity"
)

const (
	mostOfAddress = 100         // tasks in work of one address of the anonymous
	maxRemembered = 20_000      // tasks of all of them; beyond it the address is forgotten that was quiet the longest
	lookAgain     = time.Second // at the tasks of an address of which none had ended
)

// crowd bounds how many tasks each address of the anonymous has in work. To the store
// they are one owner, and one address could fill its limits for all. It counts what was
// made in this process.
type crowd struct {
	most int

	mu     sync.Mutex
	at     map[string]*list.Element // of *visitor, by what an address is counted as
	recent *list.List               // most recently used first
	tasks  int                      // of all
}

// visitor is one address, with its tasks that had not ended when they were last
// looked at, and how many are being made.
type visitor struct {
	name   string
	tasks  []string
	coming int
	looked time.Time // with none of them ended
}

func newCrowd(most int) crowd {
	return crowd{most: most, at: map[string]*list.Element{}, recent: list.New()}
}

// LimitAddresses sets how many tasks each address of the anonymous may have waiting or
// running. It is called before the Tutor is in use.
func (t *Tutor) LimitAddresses(most int) { t.crowd.most = most }

// inWork tells whether a task of the anonymous is waiting or running.
func (t *Tutor) inWork(ctx context.Context, id string) bool {
	found, err := t.tasks.Get(ctx, identity.Anonymous, id)
	if err != nil {
		return !errors.Is(err, fault.NotFound) // of one who has hung up nothing is known
	}
	return !found.Status.Final()
}

// enter takes a place for one more task, or says that there is none. placed is called
// with the task's id, or with nothing when there is no task.
func (c *crowd) enter(ctx context.Context, inWork func(context.Context, string) bool) (placed func(id string), err error) {
	p, _ := identity.From(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	v := c.visitor(p.Counted())
	if len(v.tasks)+v.coming >= c.most && time.Since(v.looked) >= lookAgain {
		c.look(ctx, v, inWork)
	}
	if len(v.tasks)+v.coming >= c.most {
		return nil, fault.New(fault.Limit, "%d tasks from this address are waiting or running already, and no more may", len(v.tasks)+v.coming).
			With("Wait until one of them ends, answer one that asks, or cancel one.")
	}
	v.coming++
	return func(id string) { c.place(v, id) }, nil
}

func (c *crowd) place(v *visitor, id string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	v.coming--
	if e := c.at[v.name]; id == "" || e == nil || e.Value != v {
		return
	}
	v.tasks = append(v.tasks, id)
	c.tasks++
	for e := c.recent.Back(); e != nil && c.tasks > maxRemembered; e = c.recent.Back() {
		c.forget(e)
	}
}

// look keeps the tasks of v that are still in work. mu is let go of meanwhile: a store
// may be slow.
func (c *crowd) look(ctx context.Context, v *visitor, inWork func(context.Context, string) bool) {
	tasks := v.tasks
	v.looked = time.Now() // nobody else looks at the same time
	c.mu.Unlock()
	ended := map[string]bool{}
	for _, id := range tasks {
		if !inWork(ctx, id) {
			ended[id] = true
		}
	}
	c.mu.Lock()
	var left []string
	for _, id := range v.tasks { // some may have been added
		if !ended[id] {
			left = append(left, id)
		}
	}
	if e := c.at[v.name]; e != nil && e.Value == v {
		c.tasks -= len(v.tasks) - len(left)
	}
	if len(left) < len(v.tasks) {
		v.looked = time.Time{}
	}
	v.tasks = left
}

// visitor gives the visitor of an address. Callers hold mu.
func (c *crowd) visitor(name string) *visitor {
	if e := c.at[name]; e != nil {
		c.recent.MoveToFront(e)
		return e.Value.(*visitor)
	}
	v := &visitor{name: name}
	c.at[name] = c.recent.PushFront(v)
	if len(c.at) > maxRemembered {
		c.forget(c.recent.Back())
	}
	return v
}

func (c *crowd) forget(e *list.Element) {
	v := e.Value.(*visitor)
	c.recent.Remove(e)
	delete(c.at, v.name)
	c.tasks -= len(v.tasks)
}
