package task

import (
	"context"
	"slices"
)

// watchBuffer is how many snapshots a reader may be behind before it misses some.
const watchBuffer = 64

// Watchers is for stores: who watches one task. A store guards it with the lock under
// which the task changes.
type Watchers struct{ all []*watcher }

// watcher is one subscription.
type watcher struct {
	events  chan Task
	release func() bool // ends the wait for the subscriber's context
}

// Add begins a watch of a task that stands as now says, until it is stopped or ctx ends.
// locked runs a function under the store's lock.
func (ws *Watchers) Add(ctx context.Context, now Task, locked func(func())) *Watch {
	w := &watcher{events: make(chan Task, watchBuffer)}
	w.events <- now
	ws.all = append(ws.all, w)
	stop := func() { locked(func() { ws.remove(w) }) }
	w.release = context.AfterFunc(ctx, stop)
	return NewWatch(w.events, stop)
}

// remove ends one watch, unless Close has.
func (ws *Watchers) remove(w *watcher) {
	if i := slices.Index(ws.all, w); i >= 0 {
		ws.all = slices.Delete(ws.all, i, i+1)
		w.close()
	}
}

// None reports whether nobody watches.
func (ws *Watchers) None() bool { return len(ws.all) == 0 }

// Publish tells everyone how the task stands, without waiting for them.
func (ws *Watchers) Publish(now Task) {
	for _, w := range ws.all {
		w.send(now)
	}
}

// Close ends all watches.
func (ws *Watchers) Close() {
	for _, w := range ws.all {
		w.close()
	}
	ws.all = nil
}

func (w *watcher) close() {
	w.release()
	close(w.events)
}

// send drops the oldest event where t would not fit. It ends: nobody else sends, so
// room that was made stays.
func (w *watcher) send(t Task) {
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

// WatchOnce is for stores: a watch that gives one snapshot and no more.
func WatchOnce(t Task) *Watch {
	events := make(chan Task, 1)
	events <- t
	close(events)
	return NewWatch(events, func() {})
}
