package tasktest

import (
	"encoding/json"
	"errors"
	"math"
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
	{
		name:   "a task is kept as long as is asked for it, within the limits",
		limits: task.Limits{TTL: time.Hour, MinTTL: time.Minute},
		check: func(t *testing.T, r *rig) {
			for _, c := range []struct{ asked, given time.Duration }{
				{0, time.Hour},
				{10 * time.Minute, 10 * time.Minute},
				{time.Second, time.Minute},
				{-time.Second, time.Minute},
				{48 * time.Hour, time.Hour},
				{math.MaxInt64, time.Hour},
			} {
				known := r.submit(task.Spec{Owner: ann, Kind: held, TTL: c.asked, Result: jsonOf(`1`)}).Task
				runs := r.submit(task.Spec{Owner: ann, Kind: held, TTL: c.asked}).Task
				assert.Equal(t, c.given, runs.TTL)
				r.next(t).complete(`1`)
				dropped := r.submit(task.Spec{Owner: ann, Kind: held, TTL: c.asked}).Task
				r.next(t)
				for _, end := range []task.Task{known, r.get(ann, known.ID), r.finish(ann, runs.ID), r.cancel(ann, dropped.ID), r.get(ann, dropped.ID)} {
					assert.Equal(t, c.given, end.TTL, c.asked)
					assert.Equal(t, c.given, end.ExpiresAt.Sub(end.CompletedAt), c.asked)
				}
			}
		},
	},
	{
		name:   "of tasks with times of their own each expires at its own",
		limits: task.Limits{TTL: time.Hour, MinTTL: time.Millisecond},
		check: func(t *testing.T, r *rig) {
			long := r.submit(task.Spec{Owner: ann, Kind: held, Result: jsonOf(`1`)}).Task
			short := r.submit(task.Spec{Owner: ann, Kind: held, TTL: 50 * time.Millisecond, Result: jsonOf(`1`)}).Task
			eventually(t, "the later of two has expired", func() bool {
				_, err := r.Get(t.Context(), ann, short.ID)
				return errors.Is(err, fault.NotFound)
			})
			require.False(t, time.Now().Before(short.ExpiresAt), "forgotten too early")
			assert.Equal(t, []string{long.ID}, ids(r.list(ann, task.Filter{}).Tasks))
		},
	},
	{
		name:   "when all places are taken the task that expires first goes, whichever ended first",
		limits: task.Limits{Kept: 2, TTL: time.Hour},
		check: func(t *testing.T, r *rig) {
			long := r.submit(task.Spec{Owner: ann, Kind: held, Result: jsonOf(`1`)}).Task
			short := r.submit(task.Spec{Owner: ann, Kind: held, TTL: 30 * time.Minute, Result: jsonOf(`1`)}).Task
			r.done(bob)
			r.gone(ann, short.ID)
			r.get(ann, long.ID)
			spec := task.Spec{Owner: ann, Kind: held, Result: jsonOf(`1`), TTL: 10 * time.Minute, Limits: task.OwnLimits{Kept: 1}}
			own := r.submit(spec).Task
			r.gone(ann, long.ID)
			r.submit(spec)
			r.gone(ann, own.ID)
		},
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
