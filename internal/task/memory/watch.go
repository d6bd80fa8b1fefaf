package memory

import (
	"context"
	"slices"

	"github.com/trilha/trilha/internal/task"
)

// watchBuffer is how many snapshots a reader may be behind before it misses
// some.
const watchBuffer = 64

// watcher is one subscription. Its channel is written and closed under the
// store's mutex only.
type watcher struct {
	events  chan task.Task
	release func() bool // ends the wait for the subscriber's context
}

// Watch implements task.Store.
func (s *Store) Watch(ctx context.Context, owner, id string) (*task.Watch, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.find(owner, id)
	if err != nil {
		return nil, err
	}
	return s.subscribe(ctx, e), nil
}

func (s *Store) subscribe(ctx context.Context, e *entry) *task.Watch {
	if e.life == nil {
		events := make(chan task.Task, 1)
		events <- e.snapshot()
		close(events)
		return task.NewWatch(events, func() {})
	}
	w := &watcher{events: make(chan task.Task, watchBuffer)}
	w.events <- e.snapshot()
	e.life.watchers = append(e.life.watchers, w)
	stop := func() { s.unsubscribe(e, w) }
	w.release = context.AfterFunc(ctx, stop)
	return task.NewWatch(w.events, stop)
}

func (s *Store) unsubscribe(e *entry, w *watcher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e.life == nil {
		return // closed after the final event
	}
	if i := slices.Index(e.life.watchers, w); i >= 0 {
		e.life.watchers = slices.Delete(e.life.watchers, i, i+1)
		w.release()
		close(w.events)
	}
}

// publish tells the watchers how e stands, without waiting for them.
func (e *entry) publish() {
	if len(e.life.watchers) == 0 {
		return
	}
	t := e.snapshot()
	for _, w := range e.life.watchers {
		w.send(t)
	}
}

func (e *entry) publishFinal() {
	e.publish()
	for _, w := range e.life.watchers {
		w.release()
		close(w.events)
	}
}

// send drops the oldest event where t would not fit. It ends: nobody else
// sends, so room that was made stays.
func (w *watcher) send(t task.Task) {
	for {
		select {
		case w.events <- t:
			return
		default:
		}
		select {
		case <-w.events:
		default: // the reader was faster
		}
	}
}
