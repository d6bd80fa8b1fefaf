package memory

import (
	"context"

	"github.com/trilha/trilha/internal/task"
)

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
		return task.WatchOnce(e.snapshot())
	}
	return e.life.watchers.Add(ctx, e.snapshot(), s.locked)
}

func (s *Store) locked(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// publish tells the watchers how e stands, without waiting for them.
func (e *entry) publish() {
	if !e.life.watchers.None() {
		e.life.watchers.Publish(e.snapshot())
	}
}

func (e *entry) publishFinal() {
	e.publish()
	e.life.watchers.Close()
}
