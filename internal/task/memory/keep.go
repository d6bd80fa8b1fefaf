package memory

import "time"

// ending lists the tasks that have ended, first to end first. Every task has
// the same time to live, so this is also the order in which they expire, and
// tasks leave it only at the front.
type ending struct{ first, last *entry }

func (l *ending) push(e *entry) {
	if l.last == nil {
		l.first = e
	} else {
		l.last.endedNext = e
	}
	l.last = e
}

func (l *ending) shift() *entry {
	e := l.first
	l.first, e.endedNext = e.endedNext, nil
	if l.first == nil {
		l.last = nil
	}
	return e
}

// keep files e, which has just ended. It fits: admit and judge let no result
// through that is larger than all may be.
func (s *Store) keep(e *entry) {
	s.ended.push(e)
	s.bytes += int64(len(e.task.Result))
	for s.bytes > s.limits.KeptBytes {
		s.forgetFirst()
	}
	s.armJanitor()
}

// tick forgets what has expired by now, and returns now. Every operation begins
// with it, so that a task is gone at its very instant, janitor or not.
func (s *Store) tick() time.Time {
	now := time.Now()
	for s.ended.first != nil && !now.Before(s.ended.first.task.ExpiresAt) {
		s.forgetFirst()
	}
	return now
}

// forgetFirst forgets the task that ended first.
func (s *Store) forgetFirst() {
	e := s.ended.shift()
	s.bytes -= int64(len(e.task.Result))
	delete(s.tasks, e.task.ID)
	e.owner.remove(e)
	s.dismiss(e.owner)
}

// dismiss forgets o if there is nothing left to know.
func (s *Store) dismiss(o *owner) {
	if o.newest == nil && o.running == 0 {
		delete(s.owners, o.name)
	}
}

// armJanitor makes the janitor come when the first task expires. A timer does,
// without a goroutine that waits.
func (s *Store) armJanitor() {
	if s.janitor != nil || s.closing || s.ended.first == nil {
		return
	}
	s.janitor = time.AfterFunc(time.Until(s.ended.first.task.ExpiresAt), func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.janitor = nil
		s.tick()
		s.armJanitor()
	})
}
