package tasktest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/task"
)

// patience is how long something that must happen may take.
const patience = 20 * time.Second

// The owners of most examples.
const (
	ann = "ann"
	bob = "bob"
	cid = "cid"
)

// The kinds of work under test.
const (
	held     = "held"     // runs until the test lets it go, or its context ends
	stubborn = "stubborn" // the same, but ignores its context
	echo     = "echo"     // returns its input at once
)

// tester is what *testing.T and *rapid.T have in common here.
type tester interface {
	require.TestingT
	Helper()
}

// crew is the works under test: each held one that starts shows up in started.
type crew struct {
	started chan *job
	over    chan struct{} // lets every stubborn work go
}

func newCrew() *crew {
	return &crew{started: make(chan *job, 4096), over: make(chan struct{})}
}

func (c *crew) works() map[string]task.Work {
	return map[string]task.Work{
		held:     func(ctx context.Context, run task.Run) (json.RawMessage, error) { return c.hold(ctx, run, ctx.Done()) },
		stubborn: func(ctx context.Context, run task.Run) (json.RawMessage, error) { return c.hold(ctx, run, nil) },
		echo:     func(_ context.Context, run task.Run) (json.RawMessage, error) { return run.Task().Input, nil },
	}
}

func (c *crew) hold(ctx context.Context, run task.Run, stop <-chan struct{}) (json.RawMessage, error) {
	j := &job{ctx: ctx, run: run, leave: make(chan func() (json.RawMessage, error), 1)}
	c.started <- j
	select {
	case how := <-j.leave:
		return how()
	case <-stop:
	case <-c.over:
	}
	return nil, ctx.Err()
}

// next waits for the next work to start.
func (c *crew) next(t tester) *job {
	t.Helper()
	return receive(t, c.started, "a work to start")
}

// job is one held work, from the test's side.
type job struct {
	ctx   context.Context
	run   task.Run
	leave chan func() (json.RawMessage, error)
}

func (j *job) id() string { return j.run.Task().ID }

func (j *job) complete(result string) {
	j.leave <- func() (json.RawMessage, error) { return json.RawMessage(result), nil }
}

func (j *job) fail(err error) {
	j.leave <- func() (json.RawMessage, error) { return nil, err }
}

func (j *job) panic(value any) {
	j.leave <- func() (json.RawMessage, error) { panic(value) }
}

// rig is a store with its works, and shorthands for what must succeed.
type rig struct {
	*crew
	task.Store
	t tester
}

func openRig(t *testing.T, open Open, limits task.Limits) *rig {
	c := newCrew()
	r := &rig{crew: c, Store: open(t, c.works(), limits), t: t}
	t.Cleanup(func() {
		close(c.over)
		assert.NoError(t, r.Shutdown(ended()), "shutdown at the end")
	})
	return r
}

func (r *rig) submit(spec task.Spec) task.Submission {
	r.t.Helper()
	sub, err := r.Submit(context.Background(), spec)
	require.NoError(r.t, err)
	return sub
}

// hold submits a held task and waits until it runs.
func (r *rig) hold(owner string) (task.Task, *job) {
	r.t.Helper()
	sub := r.submit(task.Spec{Owner: owner, Kind: held})
	j := r.next(r.t)
	require.Equal(r.t, sub.Task.ID, j.id(), "the one to start")
	return sub.Task, j
}

// done submits a task whose result is known.
func (r *rig) done(owner string) task.Task {
	r.t.Helper()
	return r.submit(task.Spec{Owner: owner, Kind: held, Result: json.RawMessage(`{}`)}).Task
}

func (r *rig) get(owner, id string) task.Task {
	r.t.Helper()
	got, err := r.Get(context.Background(), owner, id)
	require.NoError(r.t, err)
	return got
}

func (r *rig) watch(owner, id string) *task.Watch {
	r.t.Helper()
	w, err := r.Watch(context.Background(), owner, id)
	require.NoError(r.t, err)
	return w
}

func (r *rig) cancel(owner, id string) task.Task {
	r.t.Helper()
	got, err := r.Cancel(context.Background(), owner, id)
	require.NoError(r.t, err)
	return got
}

func (r *rig) list(owner string, f task.Filter) task.Page {
	r.t.Helper()
	page, err := r.List(context.Background(), owner, f)
	require.NoError(r.t, err)
	return page
}

// finish waits for the end of a task.
func (r *rig) finish(owner, id string) task.Task {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	got, err := task.Wait(ctx, r.Store, owner, id)
	require.NoError(r.t, err)
	require.True(r.t, got.Status.Final(), "task %s is still %s", id, got.Status)
	return got
}

// gone requires that owner has no such task.
func (r *rig) gone(owner, id string) {
	r.t.Helper()
	_, err := r.Get(context.Background(), owner, id)
	requireKind(r.t, err, fault.NotFound)
}

// ended is a context whose time is up.
func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func receive[T any](t tester, from <-chan T, what string) T {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case v, open := <-from:
		require.True(t, open, "closed while waiting for %s", what)
		return v
	case <-timer.C:
		require.FailNow(t, "waited too long for "+what)
	}
	panic("unreachable")
}

// drain reads a watch to its end.
func drain(t tester, w *task.Watch) []task.Task {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	var events []task.Task
	for {
		select {
		case e, open := <-w.Events:
			if !open {
				return events
			}
			events = append(events, e)
		case <-timer.C:
			require.FailNow(t, "waited too long for a watch to close")
		}
	}
}

// eventually polls until ok.
func eventually(t tester, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			require.FailNow(t, "waited too long until "+what)
		}
	}
}

// requireKind requires a fault of kind, with words for the caller.
func requireKind(t tester, err error, kind fault.Kind) *fault.Error {
	t.Helper()
	require.ErrorIs(t, err, kind)
	f, ok := fault.Of(err)
	require.True(t, ok, "%v is not a fault", err)
	require.NotEmpty(t, f.Msg)
	return f
}

func ids(tasks []task.Task) []string {
	out := make([]string, len(tasks))
	for i, t := range tasks {
		out[i] = t.ID
	}
	return out
}

// newestFirst turns ids in order of creation into the order of a listing.
func newestFirst(created []string) []string {
	out := slices.Clone(created)
	slices.Reverse(out)
	return out
}

func jsonOf(format string, args ...any) json.RawMessage {
	return json.RawMessage(fmt.Sprintf(format, args...))
}

// onlyRunning are limits under which a single task runs at a time.
func onlyRunning(n int) task.Limits { return task.Limits{Running: n, RunningPerOwner: n} }
