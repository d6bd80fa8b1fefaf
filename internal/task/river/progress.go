package river

import (
	"time"

	"github.com/trilha/trilha/internal/task"
)

// writePause is how long at least lies between two writes of one task's progress.
const writePause = 200 * time.Millisecond

// Report implements task.Run. Watchers in this process see it at once, those in
// others when it has been written.
func (r *run) Report(percent int, message string) {
	message = task.CleanMessage(message)
	percent = min(percent, 99)
	s := r.s
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[r.id]
	if e == nil || e.run != r || !r.live || r.ended || e.task.Status != task.Running ||
		(percent <= e.task.Progress && message == "") {
		return
	}
	at := now()
	e.task.UpdatedAt = at
	e.task.Progress = max(e.task.Progress, percent)
	if message != "" {
		e.note(task.Message{Time: at, Text: message})
	}
	e.publish()
	r.dirty = true
	signal(s.tended)
}

// note adds to the log. Snapshots share its array: append writes only behind what
// they see, and moves the lines to a new array when this one is used up.
func (e *entry) note(m task.Message) {
	log := append(e.task.Messages, m) //nolint:gocritic // snapshots keep the shorter slice
	e.task.Messages = log[max(0, len(log)-task.MaxMessages):]
}

// signal wakes whoever waits for c, once.
func signal(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// flush writes what works report until the store ends: of each task at once what
// comes after a pause, and later what comes too fast.
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
			s.writeProgress(r)
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
		if r == nil || !r.dirty || r.ended {
			continue
		}
		if wait := r.written.Add(writePause).Sub(at); wait > 0 {
			next = min(next, wait)
			continue
		}
		r.dirty, r.written = false, at
		due = append(due, r)
	}
	return due, next
}

const sqlProgress = `UPDATE tasks SET progress = $3, messages = $4, updated_at = $5, revision = revision + 1
	WHERE id = $1 AND attempt = $2 AND status = 'running'`

func (s *Store) writeProgress(r *run) {
	s.mu.Lock()
	e := s.entries[r.id]
	if e == nil || e.run != r || r.ended {
		s.mu.Unlock()
		return
	}
	t := e.snapshot()
	s.mu.Unlock()
	_, err := s.db.update(s.life, sqlProgress, r.id, r.attempt, t.Progress, writeMessages(t.Messages), t.UpdatedAt.UnixMicro())
	if err == nil || s.life.Err() != nil {
		return
	}
	s.log.Warn("progress is not written", "task", r.id, "error", err)
	s.mu.Lock()
	defer s.mu.Unlock()
	r.dirty = true // comes again after the pause
	signal(s.tended)
}
