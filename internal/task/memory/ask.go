package memory

import (
	"container/heap"
	"context"
	"time"

	"github.com/trilha/trilha/internal/task"
)

// asked is a task that awaits its owner: it is in Store.asked and in no other queue.
type asked struct {
	entry *entry
	seat  int
}

func (a *asked) before(b *asked) bool {
	if c := a.entry.task.Question.Expires.Compare(b.entry.task.Question.Expires); c != 0 {
		return c < 0
	}
	return a.entry.seq < b.entry.seq
}

func (a *asked) sit(seat int) { a.seat = seat }

// ask lets e await its owner, unless it has ended. Its work has returned. A store that
// is closing keeps no question: its answer would come too late.
func (s *Store) ask(e *entry, forms map[string]task.Form) {
	switch {
	case e.life == nil:
		return
	case s.closing:
		s.end(e, outcomeStopped())
		return
	}
	e.life.cancel()
	e.life.cancel = nil
	now := time.Now()
	e.task.Status, e.task.UpdatedAt = task.Pending, now
	e.task.Question = e.task.Question.Ask(forms, now, s.limits.AnswerWithin)
	e.life.asked = &asked{entry: e}
	heap.Push(&s.asked, e.life.asked)
	e.owner.asking++
	e.publish()
	s.armJanitor()
}

// unask takes e out of what awaits its owner, if it does.
func (s *Store) unask(e *entry) {
	if e.life.asked == nil {
		return
	}
	heap.Remove(&s.asked, e.life.asked.seat)
	e.life.asked = nil
	e.owner.asking--
}

// Answer implements task.Store.
func (s *Store) Answer(_ context.Context, owner, id string, replies map[string]task.Reply) (task.Task, error) {
	if err := task.CheckReplies(replies); err != nil {
		return task.Task{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.find(owner, id)
	if err != nil {
		return task.Task{}, err
	}
	q := e.task.Question
	next, changed := q.Answer(replies)
	if !changed {
		return e.snapshot(), nil
	}
	now := time.Now()
	if !next.Open() {
		s.unask(e) // before its place in there changes
		e.life.due = e.life.due.Add(now.Sub(q.Asked))
	}
	e.task.Question, e.task.UpdatedAt = next, now
	e.publish()
	answer := e.snapshot()
	if !next.Open() {
		s.enqueue(e)
		s.startWaiting()
	}
	return answer, nil
}

// failUnanswered ends what has awaited its owner for too long by now.
func (s *Store) failUnanswered(now time.Time) {
	for len(s.asked) > 0 {
		e := s.asked[0].entry
		if now.Before(e.task.Question.Expires) {
			return
		}
		s.end(e, task.OutcomeUnanswered(e.task.Question))
	}
}
