package river

import (
	"context"
	"sync"
	"time"

	"github.com/trilha/trilha/internal/task"
)

const (
	// stopGrace is how long a work may take to return after its context has ended.
	stopGrace = time.Second
	// riverGrace is how long River may take to stop when no work is left.
	riverGrace = 5 * time.Second
)

// stopping is how far a shutdown has come.
type stopping struct {
	begin, hurry *sync.Once
	hurrying     chan struct{} // closed when the grace is over
	done         chan struct{} // closed when all has stopped
}

func newStopping() stopping {
	return stopping{begin: new(sync.Once), hurry: new(sync.Once), hurrying: make(chan struct{}), done: make(chan struct{})}
}

func (st *stopping) hurried() bool {
	select {
	case <-st.hurrying:
		return true
	default:
		return false
	}
}

func (s *Store) isClosing() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closing
}

// Shutdown implements task.Store: what waits is left for other instances and for
// later, and what runs when ctx ends is handed back, to be resumed. Works that
// ignore their context are left behind a second later: their tasks are handed back
// too, or taken back when their lease is over. It may be called again, and reads go
// on working.
func (s *Store) Shutdown(ctx context.Context) error {
	s.stop.begin.Do(func() {
		s.mu.Lock()
		s.closing = true
		s.noteQuiet()
		s.mu.Unlock()
		go s.shutDown()
	})
	select {
	case <-s.stop.done:
	case <-ctx.Done():
		s.stop.hurry.Do(func() { close(s.stop.hurrying) })
		<-s.stop.done
	}
	return nil
}

// noteQuiet closes quiet when the last run has been settled after closing began, or
// cannot be. Store.mu is held.
func (s *Store) noteQuiet() {
	if !s.closing {
		return
	}
	if s.runs == s.stuckRuns() {
		select {
		case <-s.quiet:
		default:
			close(s.quiet)
		}
	}
}

// stuckRuns counts the runs that cannot be settled. Store.mu is held.
func (s *Store) stuckRuns() (stuck int) {
	for _, e := range s.entries {
		if e.run != nil && e.run.stuck != nil {
			stuck++
		}
	}
	return stuck
}

func (s *Store) shutDown() {
	defer close(s.stop.done)
	select {
	case <-s.quiet:
	case <-s.stop.hurrying:
		s.giveAllBack()
		s.awaitQuiet()
	}
	left := s.handOver()
	s.endSettling()
	ctx, cancel := context.WithTimeout(context.Background(), riverGrace)
	defer cancel()
	s.stopRiver(ctx, left)
	s.endLife()
	s.crew.Wait()
	s.closeWatches()
	if err := s.db.leave(ctx, s.id); err != nil { // its lease will tell
		s.log.Warn("task store", "error", err)
	}
	s.pools.Lock()
	defer s.pools.Unlock()
	s.shut = true
	s.db.close()
}

func (s *Store) giveAllBack() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.entries {
		if e.run != nil {
			e.run.giveBack()
		}
	}
}

// awaitQuiet waits for works that were told to stop.
func (s *Store) awaitQuiet() {
	timer := time.NewTimer(stopGrace)
	defer timer.Stop()
	select {
	case <-s.quiet:
	case <-timer.C:
	}
}

// handOver hands back the tasks of works that have not returned, or whose end cannot be
// written, and gives how many they are. Where that cannot be written either another
// instance takes them back.
func (s *Store) handOver() (left int) {
	s.giveAllBack()
	for _, r := range s.runsThat(func(*run) bool { return true }) {
		err := s.change(context.Background(), func(ctx context.Context, c *change) error { return c.giveUp(ctx, r) })
		if err != nil {
			s.log.Warn("a task is not handed back, and will be taken back", "task", r.id, "error", err)
		}
		if s.begun(r) {
			left++
		}
	}
	if left > 0 {
		s.log.Warn("works that have not returned are left behind; their tasks go on elsewhere, or at the next start", "tasks", left)
	}
	return left
}

// runsThat gives the runs here of which the condition holds.
func (s *Store) runsThat(hold func(*run) bool) (found []*run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.entries {
		if e.run != nil && hold(e.run) {
			found = append(found, e.run)
		}
	}
	return found
}

func (s *Store) begun(r *run) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return r.job != nil && !r.gone
}

// giveUp settles a run without its work, which has not begun or does not return.
func (c *change) giveUp(ctx context.Context, r *run) error {
	held, job, err := c.leave(ctx, r)
	if err != nil || !held {
		return err
	}
	if _, err := c.settleTask(ctx, r, task.Outcome{}); err != nil {
		return err
	}
	return c.dropJob(ctx, job)
}

// dropJob takes a job from River that is worked no more. It has no call for that:
// to River a job that runs is its worker's.
func (c *change) dropJob(ctx context.Context, job int64) error {
	return c.later(ctx, `DELETE FROM river_job WHERE id = $1`, job)
}

// stopRiver stops River, which nothing depends on any more: what it has not written
// ends with the instance's lease.
func (s *Store) stopRiver(ctx context.Context, left int) {
	if s.worker == nil {
		return
	}
	if left > 0 { // it would wait for them
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, 100*time.Millisecond)
		defer cancel()
	}
	if err := s.worker.StopAndCancel(ctx); err != nil && left == 0 {
		s.log.Warn("River did not stop in time", "error", err)
	}
}

// closeWatches ends the watches of tasks that have not ended.
func (s *Store) closeWatches() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deaf = true
	for id, e := range s.entries {
		e.watchers.Close()
		s.dropIfIdle(id, e)
	}
}
