package tasktest

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/task"
)

var reading = []example{
	{
		name: "someone else's task and none answer alike in every method",
		check: func(t *testing.T, r *rig) {
			anns, _ := r.hold(ann)
			methods := map[string]func(owner, id string) error{
				"Get":    func(owner, id string) error { _, err := r.Get(t.Context(), owner, id); return err },
				"Watch":  func(owner, id string) error { _, err := r.Watch(t.Context(), owner, id); return err },
				"Cancel": func(owner, id string) error { _, err := r.Cancel(t.Context(), owner, id); return err },
			}
			text := func(err error, id string) string {
				requireKind(t, err, fault.NotFound)
				return strings.ReplaceAll(err.Error(), id, "ID")
			}
			for name, call := range methods {
				none, odd := uuid.NewString(), "no-uuid"
				theirs := text(call(bob, anns.ID), anns.ID)
				assert.Equal(t, text(call(bob, none), none), theirs, name)
				assert.Equal(t, text(call(bob, odd), odd), theirs, name)
				assert.Equal(t, text(call("", anns.ID), anns.ID), theirs, name)
			}
			assert.Empty(t, r.list(bob, task.Filter{}).Tasks)
			assert.Equal(t, task.Running, r.get(ann, anns.ID).Status, "after someone else cancelled it")
		},
	},
	{
		name: "a listing is newest first and leaves results out",
		check: func(t *testing.T, r *rig) {
			var made []string
			for range 5 {
				made = append(made, r.done(ann).ID)
				r.done(bob)
			}
			page := r.list(ann, task.Filter{})
			assert.Equal(t, newestFirst(made), ids(page.Tasks))
			assert.Equal(t, 5, page.Total)
			assert.Empty(t, page.Next)
			for _, listed := range page.Tasks {
				assert.Nil(t, listed.Result)
				assert.Equal(t, task.Completed, listed.Status)
			}
			assert.NotNil(t, r.get(ann, made[0]).Result)
		},
	},
	{
		name: "an owner without tasks has an empty listing",
		check: func(t *testing.T, r *rig) {
			r.done(ann)
			page := r.list(bob, task.Filter{})
			assert.Empty(t, page.Tasks)
			assert.Zero(t, page.Total)
			assert.Empty(t, page.Next)
		},
	},
	{
		name: "pages hold twenty tasks unless asked, and at most a hundred",
		check: func(t *testing.T, r *rig) {
			for range 101 {
				r.done(ann)
			}
			assert.Len(t, r.list(ann, task.Filter{}).Tasks, task.DefaultPage)
			page := r.list(ann, task.Filter{Limit: task.MaxPage})
			assert.Len(t, page.Tasks, task.MaxPage)
			assert.Equal(t, 101, page.Total)
			last := r.list(ann, task.Filter{Limit: 1, Cursor: page.Next})
			assert.Len(t, last.Tasks, 1)
			assert.Empty(t, last.Next, "after a last page that is full")
		},
	},
	{
		name:   "pages join up while tasks come and go",
		limits: task.Limits{Running: 8, RunningPerOwner: 8, Kept: 8},
		check:  pagesJoinUp,
	},
	{
		name: "a filter selects by status, and the total counts what it selects",
		check: func(t *testing.T, r *rig) {
			runs, _ := r.hold(ann)
			var done []string
			for range 3 {
				done = append(done, r.done(ann).ID)
			}
			gone := r.submit(task.Spec{Owner: ann, Kind: held}).Task
			r.cancel(ann, gone.ID)
			page := r.list(ann, task.Filter{Statuses: []task.Status{task.Completed}, Limit: 2})
			assert.Equal(t, newestFirst(done)[:2], ids(page.Tasks))
			assert.Equal(t, 3, page.Total)
			page = r.list(ann, task.Filter{Statuses: []task.Status{task.Completed}, Limit: 2, Cursor: page.Next})
			assert.Equal(t, done[:1], ids(page.Tasks))
			assert.Equal(t, 3, page.Total)
			page = r.list(ann, task.Filter{Statuses: []task.Status{task.Cancelled, task.Running}})
			assert.Equal(t, []string{gone.ID, runs.ID}, ids(page.Tasks))
			assert.Zero(t, r.list(ann, task.Filter{Statuses: []task.Status{task.Failed}}).Total)
		},
	},
	{
		name: "a bad limit, cursor or status is invalid, and the error tells which and what to do",
		check: func(t *testing.T, r *rig) {
			r.done(ann)
			for _, bad := range []struct {
				field  string
				filter task.Filter
			}{
				{"limit", task.Filter{Limit: -1}},
				{"limit", task.Filter{Limit: task.MaxPage + 1}},
				{"cursor", task.Filter{Cursor: "not a cursor"}},
				{"cursor", task.Filter{Cursor: "bm90LWEtY3Vyc29y"}},
				{"status", task.Filter{Statuses: []task.Status{task.Running, "asleep"}}},
			} {
				_, err := r.List(t.Context(), ann, bad.filter)
				f := requireKind(t, err, fault.Invalid)
				assert.Equal(t, bad.field, f.Field)
				assert.NotEmpty(t, f.Remedy)
			}
		},
	},
	{
		name: "a snapshot does not change when its task does",
		check: func(t *testing.T, r *rig) {
			anns, j := r.hold(ann)
			j.run.Report(10, "one")
			before := r.get(ann, anns.ID)
			j.run.Report(20, "two")
			j.complete(`1`)
			r.finish(ann, anns.ID)
			assert.Equal(t, task.Running, before.Status)
			assert.Equal(t, 10, before.Progress)
			assert.Len(t, before.Messages, 1)
		},
	},
}

// pagesJoinUp reads page after page while the task that the cursor came from is
// forgotten and others are made.
func pagesJoinUp(t *testing.T, r *rig) {
	var made []string
	jobs := map[string]*job{}
	for range 8 {
		created, j := r.hold(ann)
		made = append(made, created.ID)
		jobs[created.ID] = j
	}
	end := func(id string) {
		jobs[id].complete(`1`)
		r.finish(ann, id)
	}
	want := newestFirst(made)
	first := r.list(ann, task.Filter{Limit: 3})
	require.Equal(t, want[:3], ids(first.Tasks))

	end(want[2])
	end(want[4])
	fresh := []string{r.done(ann).ID, r.done(ann).ID} // they push out what ended first
	r.gone(ann, want[2])
	r.gone(ann, want[4])

	second := r.list(ann, task.Filter{Limit: 3, Cursor: first.Next})
	assert.Equal(t, slices.Concat(want[3:4], want[5:7]), ids(second.Tasks))
	assert.Equal(t, 8, second.Total)
	third := r.list(ann, task.Filter{Limit: 3, Cursor: second.Next})
	assert.Equal(t, want[7:], ids(third.Tasks))
	assert.Empty(t, third.Next)
	assert.Equal(t, newestFirst(fresh), ids(r.list(ann, task.Filter{Limit: 2}).Tasks))
}
