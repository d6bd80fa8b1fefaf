// Package memory is the task store of a single process: it keeps tasks in
// memory, runs them, and forgets everything when the process ends.
//
// One mutex guards all of it. No operation under the mutex waits for anyone: a
// full watcher loses its oldest event, a work runs on a goroutine of its own,
// logging happens outside. There is a goroutine per running task and none
// besides; what has expired is swept by a timer.
//
// Here are: making a task (this file), what is held about one (entry.go), whose
// turn it is (schedule.go), running it (run.go), ending it (end.go), what is
// kept and for how long (keep.go), watching (watch.go), reading (list.go,
// cursor.go) and stopping (shutdown.go).
package memory

import (
	"context"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/trilha/trilha/internal/fault"
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

	ended   ending // what has ended, first to end first
	bytes   int64  // of the results in ended
	janitor *time.Timer

	closing bool
	idle    chan struct{} // closed when closing and no work is left
}

var _ task.Store = (*Store)(nil)

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
	if err := s.check(spec); err != nil {
		return task.Submission{}, err
	}
	id := uuid.NewString()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return task.Submission{}, errStopping()
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

func (s *Store) check(spec task.Spec) error {
	if spec.Owner == "" {
		return fault.InField("owner", "is empty").With("Name whose task it is.")
	}
	if s.works[spec.Kind] == nil {
		return fault.InField("kind", "there is no work of kind %q", spec.Kind).
			With("Use one of the kinds this server was built with.")
	}
	return nil
}

// admit says whether the limits allow one more task of o. One that could start at
// once is never too many: nothing of its owner waits then.
func (s *Store) admit(o *owner, spec task.Spec) error {
	known := spec.Result != nil
	switch {
	case known && int64(len(spec.Result)) > s.limits.KeptBytes:
		return s.errTooLarge(len(spec.Result))
	case !known && len(o.queue) >= s.limits.WaitingPerOwner:
		return fault.New(fault.Limit, "%d tasks are waiting already, and no more may", len(o.queue)).
			With("Wait until one of them starts, or cancel one.")
	case len(s.tasks) >= s.limits.Kept && s.ended.first == nil:
		return fault.New(fault.Limit, "the server holds %d tasks, and no more fit", len(s.tasks)).
			With("Try again when one of them has ended.")
	}
	return nil
}

// launch lets a created task wait for its turn, unless its result is known.
func (s *Store) launch(e *entry, spec task.Spec) task.Submission {
	if spec.Result != nil {
		s.end(e, outcome{status: task.Completed, result: spec.Result})
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

func errStopping() error {
	return fault.New(fault.Unavailable, "the server is stopping and takes no new tasks").
		With("Try again in a moment.")
}

func (s *Store) errTooLarge(size int) error {
	return fault.New(fault.Limit, "a result of %d bytes is larger than all results together may be (%d)", size, s.limits.KeptBytes).
		With("Ask for less.")
}
