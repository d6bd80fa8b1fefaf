package tasktest

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/task"
)

// After a shutdown a store in memory has failed what had not ended, and a
// durable one has it pending: the examples allow both.
var stopping = []example{
	{
		name:   "while shutting down nothing new is taken, and running work may finish",
		limits: onlyRunning(1),
		check: func(t *testing.T, r *rig) {
			runs, j := r.hold(ann)
			waits := r.submit(task.Spec{Owner: ann, Kind: held, Watch: true})
			returned := shutDown(context.Background(), r)
			eventually(t, "Submit refuses", func() bool {
				_, err := r.Submit(t.Context(), task.Spec{Owner: ann, Kind: held, Result: jsonOf(`1`)})
				return errors.Is(err, fault.Unavailable)
			})
			assertGivenUp(t, r.get(ann, waits.Task.ID))
			assert.NoError(t, j.ctx.Err())
			j.run.Report(80, "nearly there")
			assert.Equal(t, 80, r.get(ann, runs.ID).Progress)
			j.complete(`1`)
			require.NoError(t, receive(t, returned, "Shutdown to return"))
			assert.Equal(t, task.Completed, r.get(ann, runs.ID).Status)
			drain(t, waits.Watch)
			assert.Empty(t, r.started, "a task that waited")
		},
	},
	{
		name: "what still runs when the time is up is stopped",
		check: func(t *testing.T, r *rig) {
			sub := r.submit(task.Spec{Owner: ann, Kind: held, Watch: true})
			j := r.next(t)
			ctx, cancel := context.WithCancel(t.Context())
			returned := shutDown(ctx, r)
			cancel()
			require.NoError(t, receive(t, returned, "Shutdown to return"))
			assert.Error(t, j.ctx.Err())
			assertGivenUp(t, r.get(ann, sub.Task.ID))
			drain(t, sub.Watch)
		},
	},
	{
		name: "a store may be shut down again, and be read after",
		check: func(t *testing.T, r *rig) {
			done := r.done(ann)
			for range 3 {
				require.NoError(t, r.Shutdown(t.Context()))
			}
			assert.Equal(t, done.ID, r.get(ann, done.ID).ID)
			assert.Equal(t, 1, r.list(ann, task.Filter{}).Total)
			assert.Len(t, drain(t, r.watch(ann, done.ID)), 1)
			_, err := r.Submit(t.Context(), task.Spec{Owner: ann, Kind: echo})
			assert.NotEmpty(t, requireKind(t, err, fault.Unavailable).Remedy)
		},
	},
}

func shutDown(ctx context.Context, r *rig) <-chan error {
	returned := make(chan error, 1)
	go func() { returned <- r.Shutdown(ctx) }()
	return returned
}

// assertGivenUp asserts that a stopped store has failed got with a reason, or
// handed it back.
func assertGivenUp(t *testing.T, got task.Task) {
	t.Helper()
	if got.Status == task.Failed {
		assert.Contains(t, got.Error, "stopped")
		return
	}
	assert.Equal(t, task.Pending, got.Status)
}
