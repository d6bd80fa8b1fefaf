package tasktest

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/task"
)

var watching = []example{
	{
		name: "a watch begins with the task as it stands",
		check: func(t *testing.T, r *rig) {
			created, j := r.hold(ann)
			j.run.Report(35, "so far")
			w := r.watch(ann, created.ID)
			defer w.Stop()
			first := receive(t, w.Events, "the first event")
			assert.Equal(t, task.Running, first.Status)
			assert.Equal(t, 35, first.Progress)
			assert.Len(t, first.Messages, 1)
		},
	},
	{
		name: "a reader that keeps up sees every step",
		check: func(t *testing.T, r *rig) {
			created, j := r.hold(ann)
			w := r.watch(ann, created.ID)
			for percent := range 100 {
				j.run.Report(percent, "")
				assert.Equal(t, percent, receive(t, w.Events, "a step").Progress)
			}
			j.complete(`1`)
			assert.Equal(t, task.Completed, receive(t, w.Events, "the end").Status)
			assert.Empty(t, drain(t, w))
		},
	},
	{
		name: "a slow watcher sees the end and does not slow the task down",
		check: func(t *testing.T, r *rig) {
			sub := r.submit(task.Spec{Owner: ann, Kind: held, Watch: true})
			j := r.next(t)
			for i := range 1000 {
				j.run.Report(i/10, "step") // would block here
			}
			j.complete(`1`)
			end := r.finish(ann, sub.Task.ID)
			events := drain(t, sub.Watch)
			assert.Equal(t, end, events[len(events)-1])
			for i := range events[1:] {
				require.LessOrEqual(t, events[i].Progress, events[i+1].Progress)
				require.False(t, events[i].Status.Final())
			}
		},
	},
	{
		name: "a watch of an ended task gives its final snapshot and closes",
		check: func(t *testing.T, r *rig) {
			created, j := r.hold(ann)
			j.complete(`1`)
			end := r.finish(ann, created.ID)
			w := r.watch(ann, created.ID)
			assert.Equal(t, []task.Task{end}, drain(t, w))
			w.Stop()
		},
	},
	{
		name: "all who watch see the same end, whether they were there first or last",
		check: func(t *testing.T, r *rig) {
			sub := r.submit(task.Spec{Owner: ann, Kind: held, Watch: true})
			j := r.next(t)
			watches := []*task.Watch{sub.Watch}
			for percent := range 50 {
				j.run.Report(percent, "")
				watches = append(watches, r.watch(ann, sub.Task.ID))
			}
			j.complete(`1`)
			end := r.finish(ann, sub.Task.ID)
			for _, w := range watches {
				events := drain(t, w)
				require.NotEmpty(t, events)
				assert.Equal(t, end, events[len(events)-1])
			}
		},
	},
	{
		name: "a watch that is stopped, or whose context ends, closes without the end",
		check: func(t *testing.T, r *rig) {
			created, j := r.hold(ann)
			stopped, other := r.watch(ann, created.ID), r.watch(ann, created.ID)
			ctx, cancel := context.WithCancel(t.Context())
			abandoned, err := r.Watch(ctx, ann, created.ID)
			require.NoError(t, err)
			stopped.Stop()
			stopped.Stop()
			cancel()
			for _, w := range []*task.Watch{stopped, abandoned} {
				for _, e := range drain(t, w) {
					assert.False(t, e.Status.Final())
				}
			}
			abandoned.Stop()
			j.complete(`1`)
			events := drain(t, other)
			assert.Equal(t, task.Completed, events[len(events)-1].Status, "for the one who stayed")
			other.Stop()
		},
	},
	{
		name: "waiting ends with the context, and gives the task as it stands",
		check: func(t *testing.T, r *rig) {
			created, j := r.hold(ann)
			j.run.Report(10, "")
			ctx, cancel := context.WithCancel(t.Context())
			answers := make(chan task.Task, 1)
			go func() {
				got, err := task.Wait(ctx, r.Store, ann, created.ID)
				assert.NoError(t, err)
				answers <- got
			}()
			cancel()
			got := receive(t, answers, "the wait to end")
			assert.Equal(t, task.Running, got.Status)
			assert.Equal(t, 10, got.Progress)
		},
	},
}
