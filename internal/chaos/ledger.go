package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/trilha/trilha/internal/task"
)

// entry is what is known of one task that a client asked for.
type entry struct {
	key, owner string
	given      assignment
	input      json.RawMessage

	// Touched by the client that made it, and by the judge when the clients are done.
	id        string // empty until it is acknowledged
	last      seen
	cancelled bool // it was asked for, whatever came of it
}

// over tells whether e was seen to have ended.
func (e *entry) over() bool { return e.last.ID != "" && e.last.Status.Final() }

// events is what instances told of one task. Guarded by ledger.mu.
type events struct {
	runs   int
	begun  map[string]int // steps, how often each was begun
	did    map[string]int // and carried out
	on     []*child       // where its work is
	lostAt time.Time      // when an instance that ran it was killed
}

// ledger is what was acknowledged, and what became of it.
type ledger struct {
	mu             sync.Mutex
	entries        []*entry
	told           map[string]*events
	contradictions []string
	figures        figures
	nextStart      time.Time // of an instance, after the last kill
}

func newLedger() *ledger {
	return &ledger{told: map[string]*events{}, figures: figures{ended: ends{}}}
}

// complain notes that a promise was broken.
func (l *ledger) complain(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.contradictions = append(l.contradictions, fmt.Sprintf(format, args...))
}

func (l *ledger) add(e *entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = append(l.entries, e)
}

// count changes a figure.
func (l *ledger) count(f func(*figures)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f(&l.figures)
}

// acknowledge notes that a create was answered.
func (l *ledger) acknowledge(e *entry, s seen) {
	if e.id == "" {
		e.id = s.ID
		l.count(func(f *figures) { f.acknowledged++ })
	}
	l.see(e, s)
}

// see takes in how a task stands, and judges it.
func (l *ledger) see(e *entry, s seen) {
	switch before := e.last; {
	case s.ID != e.id:
		l.complain("task %s: key %s also names task %s", e.id, e.key, s.ID)
		return
	case e.over():
		if !s.equal(before) {
			l.complain("task %s changed after its end: was %+v, is %+v", e.id, before, s)
		}
		return
	case before.ID != "" && s.Progress < before.Progress:
		l.count(func(f *figures) {
			f.fell++
			if told := l.told[s.ID]; told != nil && (told.runs > 1 || !told.lostAt.IsZero()) {
				f.fellAfterLoss++
			}
		})
	}
	e.last = s
	if s.Status.Final() {
		l.judge(e, s)
	}
}

// judge looks at an end.
func (l *ledger) judge(e *entry, s seen) {
	l.count(func(f *figures) {
		f.ended[s.Status]++
		if told := l.told[s.ID]; told != nil {
			told.lostAt = time.Time{} // cancelled, or over when its worker was killed
		}
	})
	switch s.Status {
	case task.Completed:
		var p product
		if err := json.Unmarshal([]byte(s.Result), &p); err != nil {
			l.complain("task %s: its result is no product: %q", e.id, s.Result)
			return
		}
		if why := flaw(e.given, p.Links); why != "" || p.Token != e.given.Token || len(p.Links) != len(e.given.Steps) || e.given.Fail {
			l.complain("task %s was given %+v and gave %s (%s)", e.id, e.given, s.Result, why)
		}
	case task.Cancelled:
		if !e.cancelled {
			l.complain("task %s is cancelled, and nobody asked for that", e.id)
		}
	case task.Failed:
		switch {
		case e.given.Fail && s.Error == toldTo:
		case isLoss(s.Error):
			l.count(func(f *figures) { f.givenUp++ })
		default:
			l.complain("task %s failed: %s", e.id, s.Error)
		}
	}
	if s.Status != task.Completed && s.Result != "" {
		l.complain("task %s is %s and has a result", e.id, s.Status)
	}
}

// cancelAnswered judges the answer to a cancel: it is decided.
func (l *ledger) cancelAnswered(e *entry, s seen) {
	l.see(e, s)
	if !e.over() {
		l.complain("task %s is %s after its cancel was answered", e.id, e.last.Status)
	}
}

// hear takes in what an instance tells of its works.
func (l *ledger) hear(c *child, told line) {
	if told.Task == "" {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.told[told.Task]
	if e == nil {
		e = &events{begun: map[string]int{}, did: map[string]int{}}
		l.told[told.Task] = e
	}
	switch told.Event {
	case "begun":
		e.runs++
		l.again(e)
		if len(e.on) > 0 {
			l.figures.atOnce++
		}
		e.on = append(e.on, c)
	case "left":
		e.on = slices.DeleteFunc(e.on, func(o *child) bool { return o == c })
	case "step":
		e.begun[told.Step]++
	case "did":
		e.did[told.Step]++
	}
}

// again notes how long a task that lost its worker waited to run again. l.mu is held.
func (l *ledger) again(e *events) {
	if e.lostAt.IsZero() {
		return
	}
	l.figures.recovery = append(l.figures.recovery, time.Since(e.lostAt))
	if l.nextStart.After(e.lostAt) {
		l.figures.afterStart = append(l.figures.afterStart, time.Since(l.nextStart))
	}
	e.lostAt = time.Time{}
}

// killed notes that an instance died, and what it ran.
func (l *ledger) killed(c *child, at time.Time) {
	ids := c.isRunning()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.figures.kills++
	if len(ids) > 0 {
		l.figures.hits++
	}
	l.figures.interrupted += len(ids)
	for _, id := range ids {
		e := l.told[id]
		e.on = slices.DeleteFunc(e.on, func(o *child) bool { return o == c })
		e.lostAt = at
	}
}

// waiting is how many tasks have lost their worker and do not run again.
func (l *ledger) waiting() (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.told {
		if !e.lostAt.IsZero() {
			n++
		}
	}
	return n
}

// begins notes that an instance is started.
func (l *ledger) begins(at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.nextStart = at
}

// sum counts what was run more than once.
func (l *ledger) sum() {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := &l.figures
	for _, e := range l.told {
		f.runs += e.runs
		for step, n := range e.begun {
			f.steps++
			f.begunAgain += n - 1
			f.didAgain += max(0, e.did[step]-1)
		}
	}
}
