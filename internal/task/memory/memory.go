// Package memory is the task store of a single process: it keeps tasks in
// memory, runs them, and forgets everything when the process ends.
//
// One mutex guards all of it. No operation under the mutex waits for anyone: a
// full watcher loses its oldest event, a work runs on a goroutine of its own,
// logging happens outside. There is a goroutine per running task and none
// besides; what has expired is swept by a timer.
//
// Here are: making a task (this file), what is held about one (entry.go), whose
// turn it is (schedule.go), running it (run.go), asking its owner (ask.go), ending it
// (end.go), what is kept and for how long (keep.go), watching (watch.go), reading
// (list.go) and stopping (shutdown.go).
package memory

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/trilha/trilha/internal/task"
)

// Store is a task.Store in memory. Make one with New.
type Store struct {
	works  map[string]task.Work // by task kind
	limits task.Limits
	log    *slog.Logger

	mu     sync.Mutex
	tasks  map[string]*entry // by id
	owners map[string]*owner // who has a task, or a work still running
	seq    uint64            // of the newest task

	ready   queue[*owner] // who has something waiting and may run more
	running int           // works that have not returned, of cancelled tasks too
	turn    int64         // of the owner served last
	asked   queue[*asked] // what awaits its owner, first to expire first

	ended   queue[ended] // what has ended, first to expire first
	bytes   int64        // of the results in ended
	janitor *time.Timer
	dueNext time.Time // when the janitor comes, while there is one

	closing bool
	idle    chan struct{} // closed when closing and no work is left
}

var (
	_ task.Store   = (*Store)(nil)
	_ task.Counter = (*Store)(nil)
)

// New makes a store that can run the given kinds of work. Zero limits take
// their defaults, and a nil log drops what goes there. The caller ends the store
// with Shutdown.
func New(works map[string]task.Work, limits task.Limits, log *slog.Logger) *Store {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Store{
		works:  maps.Clone(works),
		limits: limits.OrDefaults(),
		log:    log,
		tasks:  make(map[string]*entry),
		owners: make(map[string]*owner),
		// Sequences go on from the clock, so that to this process a cursor from
		// an earlier one lies before everything instead of anywhere.
		seq:  uint64(time.Now().UnixNano()),
		idle: make(chan struct{}),
	}
}

// Submit implements task.Store. It does not depend on ctx, and the work does
// not either. The task it returns is as it was created, even if its work has
// started meanwhile.
func (s *Store) Submit(_ context.Context, spec task.Spec) (task.Submission, error) {
	if err := spec.Check(s.runs); err != nil {
		return task.Submission{}, err
	}
	id := uuid.NewString()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return task.Submission{}, task.ErrStopping()
	}
	now := s.tick()
	o := s.owners[spec.Owner]
	if o == nil {
		o = &owner{name: spec.Owner, seat: -1} // known to s when it has a task
	}
	if e, err := o.existing(spec); e != nil || err != nil {
		return s.answer(e, spec, true), err
	}
	if err := s.admit(o, spec); err != nil {
		return task.Submission{}, err
	}
	return s.launch(s.create(o, spec, id, now), spec), nil
}

// runs tells whether there is work of a kind.
func (s *Store) runs(kind string) bool { return s.works[kind] != nil }

// admit says whether the limits allow one more task of o. One that could start at
// once is too many only where its owner leaves as many questions open.
func (s *Store) admit(o *owner, spec task.Spec) error {
	_, known := spec.Known()
	switch {
	case int64(len(spec.Result)) > s.limits.KeptBytes:
		return task.ErrTooLarge(len(spec.Result), s.limits.KeptBytes)
	case !known && len(o.queue)+o.asking >= cmp.Or(spec.Limits.Waiting, s.limits.WaitingPerOwner):
		return task.ErrTooManyWaiting(len(o.queue) + o.asking)
	case spec.Limits.Kept > 0 && o.tasks >= spec.Limits.Kept && o.firstEnded() == nil:
		return task.ErrOwnFull(o.tasks)
	case len(s.tasks) >= s.limits.Kept && len(s.ended) == 0:
		return task.ErrFull(len(s.tasks))
	}
	return nil
}

// launch lets a created task wait for its turn, unless its outcome is known.
func (s *Store) launch(e *entry, spec task.Spec) task.Submission {
	if out, known := spec.Known(); known {
		s.end(e, out)
		return s.answer(e, spec, false)
	}
	answer := s.answer(e, spec, false) // subscribes before the work can start
	s.enqueue(e)
	s.startWaiting()
	return answer
}

func (s *Store) answer(e *entry, spec task.Spec, repeated bool) task.Submission {
	if e == nil {
		return task.Submission{}
	}
	sub := task.Submission{Task: e.snapshot(), Repeated: repeated}
	if spec.Watch {
		sub.Watch = s.subscribe(context.Background(), e)
	}
	return sub
}
