package tasktest

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/task"
)

var keeping = []example{
	{
		name:   "when all places are taken the task that ended first goes",
		limits: task.Limits{Running: 3, RunningPerOwner: 3, Kept: 3},
		check: func(t *testing.T, r *rig) {
			a, jobA := r.hold(ann)
			b, jobB := r.hold(bob)
			c, _ := r.hold(ann)
			jobB.complete(`1`)
			r.finish(bob, b.ID)
			jobA.complete(`1`)
			r.finish(ann, a.ID)
			r.done(bob)
			r.gone(bob, b.ID)
			r.get(ann, a.ID)
			r.done(bob)
			r.gone(ann, a.ID)
			assert.Equal(t, task.Running, r.get(ann, c.ID).Status)
			assert.Equal(t, 1, r.list(ann, task.Filter{}).Total)
		},
	},
	{
		name:   "when all places are taken and no task has ended, a new one is refused",
		limits: task.Limits{Running: 2, RunningPerOwner: 2, Kept: 2},
		check: func(t *testing.T, r *rig) {
			a, j := r.hold(ann)
			b, _ := r.hold(bob)
			for _, spec := range []task.Spec{{Owner: bob, Kind: held}, {Owner: bob, Kind: held, Result: jsonOf(`1`)}} {
				_, err := r.Submit(t.Context(), spec)
				assert.NotEmpty(t, requireKind(t, err, fault.Limit).Remedy)
			}
			r.get(bob, b.ID)
			j.complete(`1`)
			r.finish(ann, a.ID)
			r.done(bob)
		},
	},
	{
		name:   "a task that is refused pushes out no other",
		limits: task.Limits{Running: 1, RunningPerOwner: 1, WaitingPerOwner: 1, Kept: 3},
		check: func(t *testing.T, r *rig) {
			ended := r.done(ann)
			r.hold(ann)
			r.submit(task.Spec{Owner: ann, Kind: held})
			_, err := r.Submit(t.Context(), task.Spec{Owner: ann, Kind: held})
			requireKind(t, err, fault.Limit)
			r.get(ann, ended.ID)
		},
	},
	{
		name:   "when results take too much room the tasks that ended first go",
		limits: task.Limits{KeptBytes: 100},
		check: func(t *testing.T, r *rig) {
			large := `"` + strings.Repeat("x", 40) + `"`
			var made []task.Task
			for range 4 {
				made = append(made, r.submit(task.Spec{Owner: ann, Kind: held, Result: json.RawMessage(large)}).Task)
				r.get(ann, made[len(made)-1].ID)
			}
			r.gone(ann, made[0].ID)
			r.gone(ann, made[1].ID)
			r.get(ann, made[2].ID)
			created, j := r.hold(ann)
			j.complete(large)
			r.finish(ann, created.ID)
			r.gone(ann, made[2].ID)
			r.get(ann, made[3].ID)
		},
	},
	{
		name:   "an ended task expires in every method, and one that has not ended never does",
		limits: task.Limits{TTL: 50 * time.Millisecond, Running: 3, RunningPerOwner: 3},
		check:  expires,
	},
}

func expires(t *testing.T, r *rig) {
	runs, _ := r.hold(ann)
	spec := task.Spec{Owner: ann, Kind: held, IdempotencyKey: "k", Result: jsonOf(`1`)}
	known := r.submit(spec).Task
	failed, j := r.hold(ann)
	w := r.watch(ann, failed.ID)
	j.fail(errors.New("no"))
	events := drain(t, w) // not r.finish: it looks the task up
	cancelled, _ := r.hold(ann)

	ends := map[string]task.Task{
		known.ID:     known,
		failed.ID:    events[len(events)-1],
		cancelled.ID: r.cancel(ann, cancelled.ID),
	}
	for id, end := range ends {
		assert.WithinDuration(t, end.CompletedAt.Add(50*time.Millisecond), end.ExpiresAt, time.Millisecond)
		eventually(t, "the task has expired", func() bool {
			_, err := r.Get(t.Context(), ann, id)
			return errors.Is(err, fault.NotFound)
		})
		require.False(t, time.Now().Before(end.ExpiresAt), "forgotten too early")
		_, err := r.Watch(t.Context(), ann, id)
		requireKind(t, err, fault.NotFound)
		_, err = r.Cancel(t.Context(), ann, id)
		requireKind(t, err, fault.NotFound)
	}
	assert.Equal(t, []string{runs.ID}, ids(r.list(ann, task.Filter{}).Tasks))
	assert.False(t, r.submit(spec).Repeated, "with the key of a task that has expired")
}
