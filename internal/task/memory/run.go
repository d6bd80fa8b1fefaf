package memory

import (
	"context"
	"time"

	"github.com/trilha/trilha/internal/task"
)

// start runs e, which has left its queue and holds a slot.
func (s *Store) start(e *entry) {
	// Not the context of whoever asked: the task outlives the request.
	ctx, cancel := context.WithCancel(context.Background())
	e.life.cancel = cancel
	e.task.Status = task.Running
	e.task.UpdatedAt = time.Now()
	e.publish()
	r := &run{store: s, entry: e, began: e.snapshot()}
	go task.Perform(ctx, s.works[e.task.Kind], r, s.limits.KeptBytes, s.log, func(out task.Outcome) { s.settle(r, out) })
}

// settle ends the task or lets it ask, unless it was cancelled meanwhile, and frees
// the slot.
func (s *Store) settle(r *run, out task.Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.put != nil && r.entry.life != nil && out.Status == task.Completed {
		if err := r.put(context.Background(), nil); err != nil {
			out = task.OutcomeOf(err)
		}
	}
	if out.Status == task.Pending {
		s.ask(r.entry, out.Asks)
	} else {
		s.end(r.entry, out)
	}
	s.release(r.entry.owner)
}

// run is a task.Run.
type run struct {
	store *Store
	entry *entry
	began task.Task
	put   func(context.Context, task.Tx) error // guarded by the store's mutex; may be nil
}

func (r *run) Task() task.Task { return r.began }

func (r *run) Report(percent int, message string) {
	message = task.CleanMessage(message)
	percent = min(percent, 99)
	r.store.mu.Lock()
	defer r.store.mu.Unlock()
	e := r.entry
	if e.life == nil || (percent <= e.task.Progress && message == "") {
		return
	}
	now := time.Now()
	e.task.UpdatedAt = now
	e.task.Progress = max(e.task.Progress, percent)
	if message != "" {
		e.note(task.Message{Time: now, Text: message})
	}
	e.publish()
}

func (r *run) Keep(put func(context.Context, task.Tx) error) {
	r.store.mu.Lock()
	defer r.store.mu.Unlock()
	r.put = put
}

// note adds to the log. Snapshots share its array: append writes only behind
// what they see, and moves the lines to a new array when this one is used up.
func (e *entry) note(m task.Message) {
	log := append(e.task.Messages, m) //nolint:gocritic // snapshots keep the shorter slice
	e.task.Messages = log[max(0, len(log)-task.MaxMessages):]
}
