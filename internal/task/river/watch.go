package river

import (
	"context"
	"errors"

	"github.com/trilha/trilha/internal/task"
)

// entry is what this process knows of a task that it runs, or that somebody here
// watches. All of it is guarded by Store.mu.
//
// Snapshots of a task that runs here come from its run, once they are written: see
// Report. Others come with news from other instances: each names a task, whose row is then
// read. Revisions keep late ones from undoing newer ones.
type entry struct {
	task     task.Task // as it was last seen; nothing while revision is 0
	ahead    []report  // what the run reported since, oldest first
	revision int64
	run      *run
	watchers task.Watchers
	held     int // by who is about to watch
}

func (s *Store) entry(id string) *entry {
	e := s.entries[id]
	if e == nil {
		e = &entry{}
		s.entries[id] = e
		signal(s.bell.stirred)
	}
	return e
}

func (s *Store) dropIfIdle(id string, e *entry) {
	if e.run == nil && e.held == 0 && e.watchers.None() && s.entries[id] == e {
		delete(s.entries, id)
	}
}

// snapshot is safe to hand out: messages are only ever added behind its end.
func (e *entry) snapshot() task.Task {
	t := e.task
	t.Messages = t.Messages[:len(t.Messages):len(t.Messages)]
	return t
}

// runs tells whether e has what this process's run made of the task of r.
func (e *entry) runs(r record) bool {
	return e.run != nil && e.run.live && e.run.attempt == r.attempt && r.Status == task.Running
}

// learn takes in how a task stands, if that is news. Store.mu is held.
func (s *Store) learn(r record) {
	e := s.entries[r.ID]
	if e == nil || r.revision < e.revision {
		return
	}
	ours := e.run != nil && r.Status == task.Running && e.run.attempt == r.attempt
	takenUp := ours && e.run.live // the run knows better
	if ours {
		e.run.live = true
	}
	news := r.revision > e.revision
	e.revision = r.revision
	if takenUp || !news {
		return
	}
	if e.run != nil && e.run.attempt == r.attempt { // written with this
		e.show(func(rep report) bool { return rep.task.Progress <= r.Progress })
	}
	e.task, e.ahead = r.Task, nil
	if e.run != nil && !ours && r.attempt >= e.run.attempt {
		e.run.over()
	}
	e.publish()
	if e.task.Status.Final() {
		e.watchers.Close()
		s.dropIfIdle(r.ID, e)
	}
}

// settledRevision gives the revision of a task that is known to be in the database, or 0.
func (s *Store) settledRevision(id string) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[id]
	if e == nil || e.held > 0 {
		return 0
	}
	return e.revision
}

// vanished closes the watches of a task that is no longer there, and was when it had
// the given revision: it has ended and was forgotten. Store.mu is held.
func (s *Store) vanished(id string, revision int64) {
	e := s.entries[id]
	if e == nil || revision == 0 || e.revision != revision {
		return
	}
	if e.run != nil {
		e.run.over()
		return
	}
	e.watchers.Close()
	s.dropIfIdle(id, e)
}

// abandon forgets a task that was not created after all. Store.mu is held.
func (s *Store) abandon(id string) {
	if e := s.entries[id]; e != nil {
		e.watchers.Close()
		delete(s.entries, id)
	}
}

// Watch implements task.Store.
func (s *Store) Watch(ctx context.Context, owner, id string) (*task.Watch, error) {
	s.hold(id, 1) // news count from now on
	defer s.hold(id, -1)
	r, err := s.get(context.WithoutCancel(ctx), owner, id) // a watch whose time is up begins all the same
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.subscribe(ctx, r), nil
}

// hold keeps an entry, or lets it go, while its task may not be in the database.
func (s *Store) hold(id string, more int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.holdLocked(id, more)
}

func (s *Store) holdLocked(id string, more int) {
	e := s.entry(id)
	e.held += more
	s.dropIfIdle(id, e)
}

// subscribe begins a watch of the task of r. Store.mu is held.
func (s *Store) subscribe(ctx context.Context, r record) *task.Watch {
	if r.Status.Final() {
		return task.WatchOnce(r.Task)
	}
	e := s.entry(r.ID)
	s.learn(r)
	if e.task.Status.Final() || s.deaf {
		s.dropIfIdle(r.ID, e)
		return task.WatchOnce(e.snapshot())
	}
	return e.watchers.Add(ctx, e.snapshot(), func(stop func()) {
		s.mu.Lock()
		defer s.mu.Unlock()
		stop()
		s.dropIfIdle(r.ID, e)
	})
}

// publish tells the watchers how e stands, without waiting for them.
func (e *entry) publish() {
	if !e.watchers.None() {
		e.watchers.Publish(e.snapshot())
	}
}

// busy tells whether news of other instances are waited for.
func (s *Store) busy() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.entries) > 0
}

// hear takes in what another instance tells.
func (s *Store) hear(news string) {
	var err error
	switch news {
	case "":
		err = errors.Join(s.reloadAll(s.life), s.offerWaiting(s.life))
	case newsWaiting:
		err = s.offerWaiting(s.life)
	default:
		if s.knowsOf(news) {
			err = s.reload(s.life, news)
		}
	}
	if err != nil && s.life.Err() == nil {
		s.log.Warn("news of other instances", "error", err)
	}
}

func (s *Store) knowsOf(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.entries[id] != nil
}

// offerWaiting starts what waits, if anything does.
func (s *Store) offerWaiting(ctx context.Context) error {
	if s.idles || !s.hasRoom() {
		return nil
	}
	var waiting int64
	err := s.reads(ctx, func(ctx context.Context, q querier) error {
		return one(ctx, q, `SELECT waiting FROM task_store`, nil, &waiting)
	})
	if err != nil || waiting == 0 {
		return err
	}
	return s.offer(ctx)
}
