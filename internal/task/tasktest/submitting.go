package tasktest

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/task"
)

var submitting = []example{
	{
		name: "a new task is readable before Submit returns",
		check: func(t *testing.T, r *rig) {
			spec := task.Spec{
				Owner: ann, Kind: held, Description: "learn Go", Priority: task.High, Input: json.RawMessage(`{"topic":"go"}`),
			}
			created := r.submit(spec).Task
			got := r.get(ann, created.ID)
			id, err := uuid.Parse(got.ID)
			require.NoError(t, err)
			assert.EqualValues(t, 4, id.Version())
			assert.Equal(t, spec.Owner, got.Owner)
			assert.Equal(t, spec.Kind, got.Kind)
			assert.Equal(t, spec.Description, got.Description)
			assert.Equal(t, spec.Priority, got.Priority)
			assert.JSONEq(t, string(spec.Input), string(got.Input))
			assert.Contains(t, []task.Status{task.Pending, task.Running}, got.Status)
			assert.Zero(t, got.Progress)
			assert.Empty(t, got.Result)
			assert.Empty(t, got.Error)
			assert.False(t, got.CreatedAt.IsZero())
			assert.True(t, got.CreatedAt.Equal(created.CreatedAt))
			assert.False(t, got.UpdatedAt.Before(got.CreatedAt))
			assert.True(t, got.CompletedAt.IsZero())
			assert.True(t, got.ExpiresAt.IsZero())
		},
	},
	{
		name: "a task without an owner or of an unknown kind is invalid and not kept",
		check: func(t *testing.T, r *rig) {
			for field, spec := range map[string]task.Spec{
				"owner": {Kind: held},
				"kind":  {Owner: ann, Kind: "juggling", Result: json.RawMessage(`{}`)},
			} {
				_, err := r.Submit(t.Context(), spec)
				f := requireKind(t, err, fault.Invalid)
				assert.Equal(t, field, f.Field)
				assert.NotEmpty(t, f.Remedy)
			}
			assert.Zero(t, r.list(ann, task.Filter{}).Total)
		},
	},
	{
		name: "an owner has a name that every index holds, and that is nobody else's",
		check: func(t *testing.T, r *rig) {
			longest := strings.Repeat("ä", task.MaxOwner/2)
			done := r.done(longest)
			assert.Equal(t, done.ID, r.get(longest, done.ID).ID)
			for _, owner := range []string{longest + "x", strings.Repeat("x", 100_000), "ann\x00", "ann\xff", "ann\uFFFD"} {
				_, err := r.Submit(t.Context(), task.Spec{Owner: owner, Kind: held, Result: json.RawMessage(`{}`), IdempotencyKey: "k", Unique: "u"})
				assert.Equal(t, "owner", requireKind(t, err, fault.Invalid).Field)
				r.gone(owner, done.ID)
				assert.Zero(t, r.list(owner, task.Filter{}).Total)
			}
		},
	},
	{
		name: "a task whose result is known is completed at once and runs no work",
		check: func(t *testing.T, r *rig) {
			sub := r.submit(task.Spec{Owner: ann, Kind: held, Result: json.RawMessage(`{"a":1}`), Watch: true})
			assert.Equal(t, task.Completed, sub.Task.Status)
			got := r.get(ann, sub.Task.ID)
			assert.Equal(t, task.Completed, got.Status)
			assert.Equal(t, 100, got.Progress)
			assert.JSONEq(t, `{"a":1}`, string(got.Result))
			assert.False(t, got.CompletedAt.IsZero())
			assert.True(t, got.ExpiresAt.After(got.CompletedAt))
			events := drain(t, sub.Watch)
			require.Len(t, events, 1)
			assert.Equal(t, task.Completed, events[0].Status)
			_, j := r.hold(bob) // would not be the first to start
			j.complete(`1`)
		},
	},
	{
		name: "a work does not depend on the request that submitted it",
		check: func(t *testing.T, r *rig) {
			type key struct{}
			ctx, cancel := context.WithCancel(context.WithValue(t.Context(), key{}, "secret"))
			sub, err := r.Submit(ctx, task.Spec{Owner: ann, Kind: held, Watch: true})
			require.NoError(t, err)
			j := r.next(t)
			cancel()
			assert.NoError(t, j.ctx.Err())
			assert.Nil(t, j.ctx.Value(key{}))
			j.complete(`1`)
			events := drain(t, sub.Watch)
			assert.Equal(t, task.Completed, events[len(events)-1].Status, "of a watch that outlives the request too")
		},
	},
	{
		name: "a watch asked for with the task misses nothing",
		check: func(t *testing.T, r *rig) {
			sub := r.submit(task.Spec{Owner: ann, Kind: held, Watch: true})
			j := r.next(t)
			j.run.Report(40, "half way")
			j.complete(`1`)
			var seen []task.Status
			for _, e := range drain(t, sub.Watch) {
				seen = append(seen, e.Status)
			}
			assert.Equal(t, []task.Status{task.Pending, task.Running, task.Running, task.Completed}, seen)
		},
	},
	{
		name: "a task whose failure is known is created failed",
		check: func(t *testing.T, r *rig) {
			sub := r.submit(task.Spec{Owner: ann, Kind: held, Failure: "there is no such thing", Unique: "u", Watch: true})
			assert.Equal(t, task.Failed, sub.Task.Status)
			assert.Equal(t, "there is no such thing", sub.Task.Error)
			assert.Zero(t, sub.Task.Progress)
			assert.Nil(t, sub.Task.Result)
			assert.True(t, sub.Task.ExpiresAt.After(sub.Task.CompletedAt))
			assert.Equal(t, sub.Task, r.get(ann, sub.Task.ID))
			assert.Equal(t, []task.Task{sub.Task}, drain(t, sub.Watch))
			assert.False(t, r.submit(task.Spec{Owner: ann, Kind: held, Unique: "u"}).Repeated)
			assert.NotEqual(t, sub.Task.ID, r.next(t).id())
		},
	},
	{
		name: "no watch comes unasked",
		check: func(t *testing.T, r *rig) {
			assert.Nil(t, r.submit(task.Spec{Owner: ann, Kind: echo}).Watch)
		},
	},
}
