package river

import (
	"context"
	"time"

	"github.com/trilha/trilha/internal/task"
)

// A task's progress is written at most five times a second over time, a hundred times
// at once, and never sooner than writeGap after the last.
const (
	writePause = 200 * time.Millisecond
	writeBurst = 100
	writeGap   = 10 * time.Millisecond
	// mostAhead is how many reports that are not written are kept to be shown one by one.
	mostAhead = 64
	// mostFailing is the longest pause while writing fails.
	mostFailing = 5 * time.Second
)

// Report implements task.Run. It is seen when it has been written, here too: whoever
// sees progress, on any instance and in any run, never sees less later.
func (r *run) Report(percent int, message string) {
	message = task.CleanMessage(message)
	percent = min(percent, 99)
	s := r.s
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[r.id]
	if e == nil || e.run != r || !r.live || r.ended {
		return
	}
	t := e.latest()
	if t.Status != task.Running || percent <= t.Progress && message == "" {
		return
	}
	t.UpdatedAt = now()
	t.Progress = max(t.Progress, percent)
	if message != "" {
		t.Messages = note(t.Messages, task.Message{Time: t.UpdatedAt, Text: message})
	}
	r.reports++
	e.ahead = append(e.ahead, report{r.reports, t})
	e.ahead = e.ahead[max(0, len(e.ahead)-mostAhead):]
	signal(s.tended)
}

// report is how a task stands after one report of its run.
type report struct {
	number int
	task   task.Task
}

// note adds to a log. Snapshots share its array: append writes only behind what
// they see, and moves the lines to a new array when this one is used up.
func note(log []task.Message, m task.Message) []task.Message {
	longer := append(log, m) //nolint:gocritic // snapshots keep the shorter slice
	return longer[max(0, len(longer)-task.MaxMessages):]
}

// latest is the task with what its run has reported, written or not.
func (e *entry) latest() task.Task {
	if n := len(e.ahead); n > 0 {
		return e.ahead[n-1].task
	}
	return e.task
}

// show tells the watchers of reports that are written: those that seen holds for,
// from the first on.
func (e *entry) show(seen func(report) bool) {
	for len(e.ahead) > 0 && seen(e.ahead[0]) {
		e.task = e.ahead[0].task
		e.ahead = e.ahead[1:]
		e.publish()
	}
}

// signal wakes whoever waits for c, once.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// flush writes what works report until the store ends.
func (s *Store) flush() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		select {
		case <-s.life.Done():
			return
		case <-s.tended:
		case <-timer.C:
		}
		due, next := s.unwritten(time.Now())
		for _, r := range due {
			s.writeProgress(s.life, r)
		}
		timer.Reset(next)
	}
}

// unwritten gives the runs whose progress is to be written now, and when to ask
// again.
func (s *Store) unwritten(at time.Time) (due []*run, next time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next = time.Hour
	for _, e := range s.entries {
		r := e.run
		if r == nil || len(e.ahead) == 0 || r.ended {
			continue
		}
		if wait := max(r.written.Add(writeGap).Sub(at), r.spent.Add(-writeBurst*writePause).Sub(at)); wait > 0 {
			next = min(next, wait)
			continue
		}
		due = append(due, r)
	}
	return due, next
}

const sqlProgress = `UPDATE tasks SET progress = $3, messages = $4, updated_at = $5, revision = revision + 1
	WHERE id = $1 AND attempt = $2 AND status = 'running'`

// writeProgress writes what r has reported, and shows it then.
func (s *Store) writeProgress(ctx context.Context, r *run) {
	r.writing.Lock() // one after another, or an earlier one would overwrite a later
	defer r.writing.Unlock()
	t, number, ok := s.toWrite(r)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, writeTime)
	defer cancel()
	written, err := s.db.update(ctx, sqlProgress, r.id, r.attempt, t.Progress, writeMessages(t.Messages), t.UpdatedAt.UnixMicro())
	if err != nil && ctx.Err() == nil {
		s.log.Warn("progress is not written", "task", r.id, "error", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	r.failing = min(2*r.failing+writePause, mostFailing)
	if err == nil {
		r.failing = 0
	}
	r.written = r.written.Add(r.failing)
	if e := s.entries[r.id]; err == nil && written > 0 && e != nil && e.run == r && !r.ended {
		e.show(func(rep report) bool { return rep.number <= number })
		e.task = t // should so many have come meanwhile that its own was dropped
	}
	signal(s.tended) // for what came meanwhile, or again after the pause
}

// toWrite gives what r has reported and is not written, and the number of the last
// report in it.
func (s *Store) toWrite(r *run) (t task.Task, number int, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[r.id]
	if e == nil || e.run != r || r.ended || len(e.ahead) == 0 {
		return task.Task{}, 0, false
	}
	r.written = time.Now()
	if r.spent.Before(r.written) {
		r.spent = r.written
	}
	r.spent = r.spent.Add(writePause)
	last := e.ahead[len(e.ahead)-1]
	return last.task, last.number, true
}

// runHere gives the run of a task in this process, or nil.
func (s *Store) runHere(id string) *run {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[id]; e != nil {
		return e.run
	}
	return nil
}
