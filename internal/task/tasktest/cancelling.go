package tasktest

import (
	"context"
	"encoding/json"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/task"
)

var cancelling = []example{
	{
		name:   "a task that waits is cancelled and never runs",
		limits: onlyRunning(1),
		check: func(t *testing.T, r *rig) {
			_, j := r.hold(ann)
			waits := r.submit(task.Spec{Owner: ann, Kind: held, Watch: true})
			after := r.submit(task.Spec{Owner: ann, Kind: held})
			got := r.cancel(ann, waits.Task.ID)
			assert.Equal(t, task.Cancelled, got.Status)
			assert.NotEmpty(t, got.Error)
			assert.False(t, got.CompletedAt.IsZero())
			assert.Equal(t, got, r.get(ann, waits.Task.ID))
			events := drain(t, waits.Watch)
			assert.Equal(t, got, events[len(events)-1])
			j.complete(`1`)
			assert.Equal(t, after.Task.ID, r.next(t).id(), "the next to run")
		},
	},
	{
		name: "a running task is cancelled at once, and its work learns",
		check: func(t *testing.T, r *rig) {
			sub := r.submit(task.Spec{Owner: ann, Kind: held, Watch: true})
			j := r.next(t)
			j.run.Report(60, "")
			got := r.cancel(ann, sub.Task.ID)
			assert.Equal(t, task.Cancelled, got.Status)
			assert.Equal(t, 60, got.Progress)
			receive(t, closed(j.ctx), "the work's context to end")
			events := drain(t, sub.Watch)
			assert.Equal(t, got, events[len(events)-1])
			assert.Equal(t, got, r.get(ann, sub.Task.ID))
		},
	},
	{
		name:   "a cancelled task holds its slot until its work has returned",
		limits: onlyRunning(1),
		check: func(t *testing.T, r *rig) {
			created := r.submit(task.Spec{Owner: ann, Kind: stubborn}).Task
			j := r.next(t)
			end := r.cancel(ann, created.ID)
			next := r.submit(task.Spec{Owner: bob, Kind: held}).Task
			assert.Equal(t, task.Pending, r.get(bob, next.ID).Status)
			var returned atomic.Bool
			j.leave <- func() (json.RawMessage, error) {
				returned.Store(true)
				return json.RawMessage(`1`), nil
			}
			assert.Equal(t, next.ID, r.next(t).id())
			assert.True(t, returned.Load(), "the work had returned when the next began")
			assert.Equal(t, end, r.get(ann, created.ID), "after its work returned a result")
		},
	},
	{
		name:   "a slot is held even when its task has been forgotten",
		limits: task.Limits{Running: 2, RunningPerOwner: 1, Kept: 2},
		check: func(t *testing.T, r *rig) {
			created := r.submit(task.Spec{Owner: ann, Kind: stubborn}).Task
			j := r.next(t)
			r.cancel(ann, created.ID)
			r.done(bob)
			r.done(bob) // takes the place of the cancelled one
			r.gone(ann, created.ID)
			waits := r.submit(task.Spec{Owner: ann, Kind: held}).Task
			_, bobs := r.hold(bob) // may start, and does so before
			assert.Equal(t, task.Pending, r.get(ann, waits.ID).Status)
			bobs.complete(`1`)
			j.complete(`1`)
			assert.Equal(t, waits.ID, r.next(t).id())
		},
	},
	{
		name: "cancelling twice changes nothing and is no error",
		check: func(t *testing.T, r *rig) {
			created, _ := r.hold(ann)
			first := r.cancel(ann, created.ID)
			assert.Equal(t, first, r.cancel(ann, created.ID))
		},
	},
	{
		name: "cancelling what has ended otherwise is a conflict that comes with the task",
		check: func(t *testing.T, r *rig) {
			completed, j := r.hold(ann)
			j.complete(`1`)
			r.finish(ann, completed.ID)
			failed, j := r.hold(ann)
			j.fail(errors.New("no"))
			r.finish(ann, failed.ID)
			for _, id := range []string{completed.ID, failed.ID} {
				before := r.get(ann, id)
				got, err := r.Cancel(t.Context(), ann, id)
				requireKind(t, err, fault.Conflict)
				assert.Equal(t, before, got)
				assert.Equal(t, before, r.get(ann, id))
			}
		},
	},
	{
		name: "a race of cancelling and completing has one outcome, for everyone",
		check: func(t *testing.T, r *rig) {
			for range 200 {
				raceOnce(t, r)
			}
		},
	},
}

// raceOnce cancels a task while it completes.
func raceOnce(t *testing.T, r *rig) {
	sub := r.submit(task.Spec{Owner: ann, Kind: held, Watch: true})
	j := r.next(t)
	type answer struct {
		task task.Task
		err  error
	}
	answers := make(chan answer, 1)
	go func() {
		got, err := r.Cancel(context.Background(), ann, sub.Task.ID)
		answers <- answer{got, err}
	}()
	j.complete(`1`)
	cancel := receive(t, answers, "Cancel to return")
	events := drain(t, sub.Watch)
	end := events[len(events)-1]
	require.Equal(t, end, cancel.task)
	require.Equal(t, end, r.get(ann, sub.Task.ID))
	for _, e := range events[:len(events)-1] {
		require.False(t, e.Status.Final())
	}
	if cancel.err == nil {
		require.Equal(t, task.Cancelled, end.Status)
		require.Nil(t, end.Result)
		return
	}
	requireKind(t, cancel.err, fault.Conflict)
	require.Equal(t, task.Completed, end.Status)
	require.Equal(t, 100, end.Progress)
}

// closed gives a value when ctx ends, for receive.
func closed(ctx context.Context) <-chan struct{} {
	c := make(chan struct{}, 1)
	context.AfterFunc(ctx, func() { c <- struct{}{} })
	return c
}
