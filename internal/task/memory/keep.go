package memory

import (
	"container/heap"
	"time"
)

// ended is a task that has ended, as it is in Store.ended.
type ended struct{ *entry }

// before orders by when they expire.
func (e ended) before(f ended) bool {
	if c := e.task.ExpiresAt.Compare(f.task.ExpiresAt); c != 0 {
		return c < 0
	}
	return e.seq < f.seq
}

func (e ended) sit(seat int) { e.endedSeat = seat }

// firstEnded gives the task of o that expires first, or nil when none has ended.
func (o *owner) firstEnded() (first *entry) {
	for e := o.newest; e != nil; e = e.older {
		if e.task.Status.Final() && (first == nil || (ended{e}).before(ended{first})) {
			first = e
		}
	}
	return first
}

// keep files e, which has just ended. It fits: admit and judge let no result
// through that is larger than all may be.
func (s *Store) keep(e *entry) {
	heap.Push(&s.ended, ended{e})
	s.bytes += int64(len(e.task.Result))
	for s.bytes > s.limits.KeptBytes {
		s.forgetFirst()
	}
	s.armJanitor()
}

// tick forgets what has expired by now, fails what was not answered in time, and
// returns now. Every operation begins with it, so that a task is gone at its very
// instant, janitor or not.
func (s *Store) tick() time.Time {
	now := time.Now()
	s.failUnanswered(now)
	for len(s.ended) > 0 && !now.Before(s.ended[0].task.ExpiresAt) {
		s.forgetFirst()
	}
	return now
}

// forgetFirst forgets the task that expires first.
func (s *Store) forgetFirst() { s.forget(s.ended[0].entry) }

// forget forgets a task that has ended.
func (s *Store) forget(e *entry) {
	heap.Remove(&s.ended, e.endedSeat)
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

// armJanitor makes the janitor come when the first task expires, or the first
// question. A timer does, without a goroutine that waits.
func (s *Store) armJanitor() {
	at := s.firstDue()
	switch {
	case s.closing || at.IsZero():
		return
	case s.janitor == nil:
	case s.dueNext.After(at):
		s.janitor.Stop() // it may come all the same, and finds nothing to do
	default:
		return
	}
	var own *time.Timer
	own = time.AfterFunc(time.Until(at), func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.janitor == own {
			s.janitor = nil
		}
		s.tick()
		s.armJanitor()
	})
	s.janitor, s.dueNext = own, at
}

// firstDue is when the first task or question expires; zero when there is none.
func (s *Store) firstDue() (at time.Time) {
	if len(s.ended) > 0 {
		at = s.ended[0].task.ExpiresAt
	}
	if len(s.asked) > 0 {
		if expires := s.asked[0].entry.task.Question.Expires; at.IsZero() || expires.Before(at) {
			at = expires
		}
	}
	return at
}
