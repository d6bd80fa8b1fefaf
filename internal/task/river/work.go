package river

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/riverqueue/river"

	"github.com/trilha/trilha/internal/task"
)

// args are those of a River job: one run of a task.
type args struct {
	Task    string `json:"task"`
	Attempt int64  `json:"attempt"`
}

// Kind is for River.
func (args) Kind() string { return "trilha_task" }

// River fetches when the bell rings. The poll is for a ring that was lost with the
// process that should have heard it, which cannot be: it is slow.
const (
	fetchPause = time.Millisecond
	fetchPoll  = 5 * time.Second
	never      = 100 * 365 * 24 * time.Hour
	jobsKept   = time.Hour
	// fetchTime is how long River may take to begin a job. There is always room for
	// it: no more is admitted than River may work.
	fetchTime = 2 * fetchPoll
)

func (s *Store) startRiver(ctx context.Context) (worker, error) {
	workers := river.NewWorkers()
	river.AddWorker(workers, &jobWorker{s: s})
	return s.db.work(context.WithoutCancel(ctx), &river.Config{
		ID:                s.id,
		Queues:            map[string]river.QueueConfig{s.id: {MaxWorkers: s.limits.Running}},
		Workers:           workers,
		Logger:            slog.New(s.log.Handler()).With("part", "river"),
		FetchCooldown:     fetchPause,
		FetchPollInterval: fetchPoll,
		JobTimeout:        -1,
		// It goes by elapsed time alone, so it would run twice what takes long. What
		// a lost instance ran is taken back by its lease instead.
		RescueStuckJobsAfter:        never,
		CompletedJobRetentionPeriod: jobsKept,
		CancelledJobRetentionPeriod: jobsKept,
		DiscardedJobRetentionPeriod: jobsKept,
	}, s.bell)
}

// jobWorker is what River calls.
type jobWorker struct {
	river.WorkerDefaults[args]
	s *Store
}

// Work is for River. How the task ends is in its row; to River every job is done.
func (w *jobWorker) Work(ctx context.Context, job *river.Job[args]) error {
	s := w.s
	r := s.fetched(ctx, job)
	if r == nil {
		return nil
	}
	// A goroutine of its own: a work may end the one that it is given.
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.perform(r)
	}()
	<-done
	return nil
}

// fetched gives the run that a job is for, or nil when this process runs the task
// anew already: the job was taken back while River fetched it.
func (s *Store) fetched(ctx context.Context, job *river.Job[args]) *run {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[job.Args.Task]; e != nil && e.run != nil && e.run.attempt > job.Args.Attempt {
		return nil
	}
	r := s.runOf(job.Args.Task, job.Args.Attempt)
	r.job, r.jobCtx = job, ctx
	return r
}

func (s *Store) perform(r *run) {
	rec, err := s.started(r)
	if err != nil {
		s.settle(r, task.Outcome{})
		return
	}
	r.began = rec.Task
	r.began.Trace = s.traceOf(r.ctx, r.id)
	task.Perform(r.ctx, s.works[rec.Kind], r, s.limits.KeptBytes, s.log, func(out task.Outcome) { s.settle(r, out) })
}

var errOver = errors.New("the task is no longer this run's")

// started gives the task of r as it stands, or an error if r need not begin.
func (s *Store) started(r *run) (record, error) {
	var rec record
	err := s.insistently(r.ctx, func() error {
		found, err := s.byID(r.ctx, r.id)
		if err == nil {
			rec = found
		}
		if errors.Is(err, errNoRow) {
			rec, err = record{}, nil
		}
		return err
	})
	if err != nil {
		return record{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if rec.Status != task.Running || rec.attempt != r.attempt {
		s.learn(rec)
		return record{}, errOver
	}
	s.learn(rec)
	return rec, r.ctx.Err()
}

// insistently calls f until it succeeds, with growing pauses, or ctx or the store
// ends: the database may be away for a while.
func (s *Store) insistently(ctx context.Context, f func() error) error {
	pause := 50 * time.Millisecond
	for {
		err := f()
		if err == nil {
			return nil
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
			pause = min(2*pause, 2*time.Second)
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		case <-s.life.Done():
			timer.Stop()
			return err
		}
	}
}

// run is one run of a task in this process; a task.Run. Fields without a word are
// set before the work begins.
type run struct {
	s       *Store
	id      string
	attempt int64
	made    time.Time
	job     *river.Job[args] // nil until River has fetched it; guarded by Store.mu
	jobCtx  context.Context  // River's
	ctx     context.Context  // the work's
	cancel  context.CancelFunc
	began   task.Task
	steps   steps
	writing sync.Mutex // held while progress is written

	// Guarded by Store.mu.
	live     bool                                 // entry.task and entry.ahead are what this run made of it
	ended    bool                                 // the task has been ended, or is being, or is another's
	handBack bool                                 // the store stops, and the task is to be resumed
	put      func(context.Context, task.Tx) error // with its completion; may be nil
	stuck    error                                // why the database has not taken for a while how it left
	gone     bool                                 // the run has been settled
	reports  int                                  // that changed something
	written  time.Time                            // when the last write began, later if it failed
	failing  time.Duration                        // the pause after a write that failed
	spent    time.Time                            // when all writes so far would have been, at one a pause
}

// runOf finds or makes the run of this process for an attempt. Store.mu is held.
func (s *Store) runOf(id string, attempt int64) *run {
	e := s.entry(id)
	if e.run != nil && e.run.attempt == attempt {
		return e.run
	}
	if old := e.run; old != nil { // taken back, and started here anew before that was heard of
		old.over()
		if old.job == nil { // nor will River begin it: see fetched
			go s.settle(old, task.Outcome{})
		}
	}
	r := &run{s: s, id: id, attempt: attempt, made: time.Now()}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	e.run = r
	s.runs++
	if s.stop.hurried() {
		r.giveBack()
	}
	return r
}

// returned forgets a run that has been settled. Store.mu is held.
func (s *Store) returned(r *run) {
	r.cancel()
	if r.gone {
		return
	}
	r.gone, r.ended = true, true
	s.runs--
	if e := s.entries[r.id]; e != nil && e.run == r {
		e.run = nil
		s.dropIfIdle(r.id, e)
	}
	s.noteQuiet()
}

// over tells a run that its task is no longer its own. Store.mu is held.
func (r *run) over() {
	r.ended = true
	r.cancel()
}

func (r *run) giveBack() {
	r.handBack = true
	r.cancel()
}

// Keep implements task.Run.
func (r *run) Keep(put func(context.Context, task.Tx) error) {
	r.s.mu.Lock()
	defer r.s.mu.Unlock()
	r.put = put
}

// keeper is the transaction of a change as works see it.
type keeper struct{ tx }

func (k keeper) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	return k.exec(ctx, query, args...)
}

// Task implements task.Run.
func (r *run) Task() task.Task { return r.began }
