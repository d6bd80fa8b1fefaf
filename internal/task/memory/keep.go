package memory

import "time"

// ending lists the tasks that have ended, first to end first. Every task has
// the same time to live, so this is also the order in which they expire, and
// tasks leave it at the front, unless their owner alone has too many.
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

// takeOf takes the first of an owner out of the list.
func (l *ending) takeOf(o *owner) *entry {
	var before *entry
	for e := l.first; e != nil; before, e = e, e.endedNext {
		switch {
		case e.owner != o:
			continue
		case before == nil:
			return l.shift()
		}
		before.endedNext, e.endedNext = e.endedNext, nil
		if l.last == e {
			l.last = before
		}
		return e
	}
	return nil
}

// hasEnded says whether a task of o has ended that is kept.
func (s *Store) hasEnded(o *owner) bool {
	for e := o.newest; e != nil; e = e.older {
		if e.task.Status.Final() {
			return true
		}
	}
	return false
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

// tick forgets what has expired by now, fails what was not answered in time, and
// returns now. Every operation begins with it, so that a task is gone at its very
// instant, janitor or not.
func (s *Store) tick() time.Time {
	now := time.Now()
	s.failUnanswered(now)
	for s.ended.first != nil && !now.Before(s.ended.first.task.ExpiresAt) {
		s.forgetFirst()
	}
	return now
}

// forgetFirst forgets the task that ended first.
func (s *Store) forgetFirst() { s.forget(s.ended.shift()) }

// forgetFirstOf forgets the task of o that ended first, if one has.
func (s *Store) forgetFirstOf(o *owner) bool {
	e := s.ended.takeOf(o)
	if e != nil {
		s.forget(e)
	}
	return e != nil
}

// forget forgets a task that is in ended no more.
func (s *Store) forget(e *entry) {
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
	if s.ended.first != nil {
		at = s.ended.first.task.ExpiresAt
	}
	if len(s.asked) > 0 {
		if expires := s.asked[0].entry.task.Question.Expires; at.IsZero() || expires.Before(at) {
			at = expires
		}
	}
	return at
}
