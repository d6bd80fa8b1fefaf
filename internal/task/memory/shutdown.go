package memory

import (
	"context"
	"fmt"
	"time"

	"github.com/trilha/trilha/internal/task"
)

// stopGrace is how long a work may take to return after its context has ended.
const stopGrace = time.Second

// Shutdown implements task.Store: what waits fails at once, what runs fails
// when ctx ends. Works that ignore their context are left behind a second
// later, and the error tells how many. It may be called again, and reads go on
// working.
func (s *Store) Shutdown(ctx context.Context) error {
	s.close()
	select {
	case <-s.idle:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	s.failAll(task.Running)
	s.mu.Unlock()
	return s.awaitIdle()
}

// close refuses new tasks, and fails those that can never start.
func (s *Store) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing {
		return
	}
	s.closing = true
	if s.janitor != nil {
		s.janitor.Stop()
	}
	s.failAll(task.Pending)
	s.noteIdle()
}

func (s *Store) awaitIdle() error {
	timer := time.NewTimer(stopGrace)
	defer timer.Stop()
	select {
	case <-s.idle:
		return nil
	case <-timer.C:
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == 0 {
		return nil
	}
	return fmt.Errorf("tasks in memory: %d still running %v after they were told to stop", s.running, stopGrace)
}

// failAll ends every task that has the given status.
func (s *Store) failAll(status task.Status) {
	for _, e := range s.tasks {
		if e.task.Status == status {
			s.end(e, outcomeStopped())
		}
	}
}

func outcomeStopped() task.Outcome {
	return task.Outcome{Status: task.Failed, Why: "the server was stopped before the task finished"}
}

// noteIdle closes idle when the last work has returned after close.
func (s *Store) noteIdle() {
	if s.closing && s.running == 0 {
		close(s.idle)
	}
}
