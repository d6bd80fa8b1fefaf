package tasktest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/task"
)

var running = []example{
	{
		name: "a work sees its task, and its result is kept",
		check: func(t *testing.T, r *rig) {
			created := r.submit(task.Spec{Owner: ann, Kind: held, Description: "d", Input: json.RawMessage(`{"a":1}`)}).Task
			j := r.next(t)
			seen := j.run.Task()
			assert.Equal(t, created.ID, seen.ID)
			assert.Equal(t, ann, seen.Owner)
			assert.Equal(t, "d", seen.Description)
			assert.Equal(t, task.Running, seen.Status)
			assert.JSONEq(t, `{"a":1}`, string(seen.Input))
			j.complete(`{"b":2}`)
			end := r.finish(ann, created.ID)
			assert.Equal(t, end, r.get(ann, created.ID))
			assert.Equal(t, task.Completed, end.Status)
			assert.Equal(t, 100, end.Progress)
			assert.JSONEq(t, `{"b":2}`, string(end.Result))
			assert.Empty(t, end.Error)
			assert.False(t, end.CompletedAt.Before(end.CreatedAt))
			assert.False(t, end.UpdatedAt.Before(end.CompletedAt))
			assert.True(t, end.ExpiresAt.After(end.CompletedAt))
		},
	},
	{
		name: "what a work keeps beside its result is put once, when its task is completed and not otherwise",
		check: func(t *testing.T, r *rig) {
			var put atomic.Int32
			keep := func(context.Context, task.Tx) error { put.Add(1); return nil }
			fails, j := r.hold(ann)
			j.run.Keep(keep)
			j.fail(errors.New("no"))
			r.finish(ann, fails.ID)
			done, j := r.hold(ann)
			j.run.Keep(keep)
			j.complete(`1`)
			r.finish(ann, done.ID)
			assert.EqualValues(t, 1, put.Load())
			cancelled, j := r.hold(ann)
			j.run.Keep(keep)
			r.cancel(ann, cancelled.ID)
			j.complete(`1`)
			done, j = r.hold(ann)
			j.complete(`1`)
			r.finish(ann, done.ID)
			assert.EqualValues(t, 1, put.Load())
		},
	},
	{
		name: "progress never falls, and stays below a hundred until the task is completed",
		check: func(t *testing.T, r *rig) {
			created, j := r.hold(ann)
			for _, step := range []struct{ report, want int }{{-5, 0}, {30, 30}, {20, 30}, {31, 31}, {150, 99}, {100, 99}} {
				j.run.Report(step.report, "")
				assert.Equal(t, step.want, r.get(ann, created.ID).Progress, "after reporting %d", step.report)
			}
			j.run.Report(3, "still there")
			got := r.get(ann, created.ID)
			assert.Equal(t, 99, got.Progress)
			require.Len(t, got.Messages, 1)
			assert.Equal(t, "still there", got.Messages[0].Text)
			j.fail(errors.New("no"))
			assert.Equal(t, 99, r.finish(ann, created.ID).Progress)
		},
	},
	{
		name: "messages keep their order and lose control characters and excess",
		check: func(t *testing.T, r *rig) {
			created, j := r.hold(ann)
			long := strings.Repeat("é", 400)
			j.run.Report(1, "a\x00b\x1b[31m")
			j.run.Report(1, "\x07\x00")
			j.run.Report(1, "\xffbroken")
			j.run.Report(1, long)
			got := r.get(ann, created.ID)
			require.Len(t, got.Messages, 3)
			assert.Equal(t, "ab[31m", got.Messages[0].Text)
			assert.True(t, utf8.ValidString(got.Messages[1].Text))
			assert.LessOrEqual(t, len(got.Messages[2].Text), 500)
			assert.Greater(t, len(got.Messages[2].Text), 400)
			assert.True(t, strings.HasPrefix(long, got.Messages[2].Text))
			assert.True(t, slices.IsSortedFunc(got.Messages, func(a, b task.Message) int { return a.Time.Compare(b.Time) }))
		},
	},
	{
		name: "a full log drops its oldest lines and leaves earlier snapshots alone",
		check: func(t *testing.T, r *rig) {
			created, j := r.hold(ann)
			lines := func(from, to int) (out []string) {
				for i := from; i < to; i++ {
					out = append(out, fmt.Sprint("line ", i))
				}
				return out
			}
			texts := func(s task.Task) (out []string) {
				for _, m := range s.Messages {
					out = append(out, m.Text)
				}
				return out
			}
			var snapshots []task.Task
			const n = 2*task.MaxMessages + 50
			for i, line := range lines(0, n) {
				j.run.Report(i, line)
				snapshots = append(snapshots, r.get(ann, created.ID))
			}
			for i, s := range snapshots {
				require.Equal(t, lines(max(0, i+1-task.MaxMessages), i+1), texts(s))
			}
		},
	},
	{
		name:   "a panic fails its task with a clean message and nothing else",
		limits: onlyRunning(2),
		check: func(t *testing.T, r *rig) {
			bad, badJob := r.hold(ann)
			good, goodJob := r.hold(bob)
			badJob.run.Report(20, "so far")
			badJob.panic("secret text")
			end := r.finish(ann, bad.ID)
			assert.Equal(t, task.Failed, end.Status)
			assert.Contains(t, end.Error, "internal error")
			assert.NotContains(t, end.Error, "secret")
			assert.NotContains(t, end.Error, "goroutine")
			assert.Nil(t, end.Result)
			assert.Equal(t, 20, end.Progress)
			assert.Len(t, end.Messages, 1)
			goodJob.complete(`1`)
			assert.Equal(t, task.Completed, r.finish(bob, good.ID).Status)
			_, next := r.hold(ann)
			next.complete(`1`)
		},
	},
	{
		name: "a fault's text reaches the owner and any other error's does not",
		check: func(t *testing.T, r *rig) {
			known := fault.New(fault.Unavailable, "the encyclopedia is away").With("Try again later.").Because(errors.New("dial 10.0.0.1"))
			created, j := r.hold(ann)
			j.fail(fmt.Errorf("stage 2: %w", known))
			end := r.finish(ann, created.ID)
			assert.Equal(t, task.Failed, end.Status)
			assert.Equal(t, known.Error(), end.Error)

			created, j = r.hold(ann)
			j.fail(errors.New("open /secret/path"))
			end = r.finish(ann, created.ID)
			assert.Equal(t, task.Failed, end.Status)
			assert.Contains(t, end.Error, "internal error")
			assert.NotContains(t, end.Error, "secret")
		},
	},
	{
		name: "a step gives what it made, and fails as it failed",
		check: func(t *testing.T, r *rig) {
			_, j := r.hold(ann)
			out, err := task.Step(j.ctx, j.run, "one", func(context.Context) (json.RawMessage, error) { return jsonOf(`{"a":1}`), nil })
			require.NoError(t, err)
			assert.JSONEq(t, `{"a":1}`, string(out))
			broken := errors.New("broken")
			_, err = task.Step(j.ctx, j.run, "two", func(context.Context) (json.RawMessage, error) { return nil, broken })
			require.ErrorIs(t, err, broken)
			out, err = task.Step(j.ctx, j.run, "two", func(context.Context) (json.RawMessage, error) { return jsonOf(`2`), nil })
			require.NoError(t, err, "a step that failed may be tried again")
			assert.JSONEq(t, `2`, string(out))
			out, err = task.StepCursor(j.ctx, j.run, "three", func(_ context.Context, cursor json.RawMessage, commit task.Commit) (json.RawMessage, error) {
				assert.Nil(t, cursor)
				assert.NoError(t, commit(func() (json.RawMessage, error) { return jsonOf(`"so far"`), nil }))
				return jsonOf(`3`), nil
			})
			require.NoError(t, err)
			assert.JSONEq(t, `3`, string(out))
			j.complete(`1`)
		},
	},
	{
		name: "a report after the end does nothing",
		check: func(t *testing.T, r *rig) {
			created, j := r.hold(ann)
			j.complete(`1`)
			end := r.finish(ann, created.ID)
			j.run.Report(50, "late")
			assert.Equal(t, end, r.get(ann, created.ID))

			created = r.submit(task.Spec{Owner: ann, Kind: stubborn}).Task
			j = r.next(t)
			end = r.cancel(ann, created.ID)
			j.run.Report(50, "late")
			assert.Equal(t, end, r.get(ann, created.ID))
			j.complete(`1`)
		},
	},
}
