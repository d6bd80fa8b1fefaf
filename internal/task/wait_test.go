package task_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/task"
)

// single is a store of one task whose watches are played back.
type single struct {
	task.Store
	now     task.Task
	events  chan task.Task
	stopped int
}

func (s *single) Get(ctx context.Context, _, id string) (task.Task, error) {
	if id != s.now.ID {
		return task.Task{}, task.ErrNotFound(id)
	}
	return s.now, ctx.Err()
}

func (s *single) Watch(ctx context.Context, _, id string) (*task.Watch, error) {
	if id != s.now.ID {
		return nil, task.ErrNotFound(id)
	}
	context.AfterFunc(ctx, func() { close(s.events) })
	return task.NewWatch(s.events, func() { s.stopped++ }), nil
}

func TestWaitReturnsTheEndAndStopsItsWatch(t *testing.T) {
	s := &single{now: task.Task{ID: "t7"}, events: make(chan task.Task, 2)}
	s.events <- task.Task{ID: "t7", Status: task.Running}
	s.events <- task.Task{ID: "t7", Status: task.Completed}
	close(s.events)
	got, err := task.Wait(context.Background(), s, "ann", "t7")
	require.NoError(t, err)
	assert.Equal(t, task.Completed, got.Status)
	assert.Equal(t, 1, s.stopped)
}

func TestWaitGivesTheTaskAsItStandsWhenTheTimeIsUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &single{now: task.Task{ID: "t7", Status: task.Running, Progress: 40}, events: make(chan task.Task, 1)}
		s.events <- task.Task{ID: "t7", Status: task.Pending}
		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 45*time.Second)
		defer cancel()
		got, err := task.Wait(ctx, s, "ann", "t7")
		require.NoError(t, err)
		assert.Equal(t, s.now, got)
		assert.Equal(t, 45*time.Second, time.Since(begin))
	})
}

func TestWaitFailsOnlyWhereThereIsNoTask(t *testing.T) {
	_, err := task.Wait(t.Context(), &single{}, "ann", "t8")
	assert.ErrorIs(t, err, fault.NotFound)
}

func TestAWatchIsStoppedOnceHoweverOften(t *testing.T) {
	stops := 0
	w := task.NewWatch(nil, func() { stops++ })
	w.Stop()
	w.Stop()
	assert.Equal(t, 1, stops)
}
