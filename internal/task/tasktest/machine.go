package tasktest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/task"
)

// Opener is what the state machine needs to know of a store.
type Opener struct {
	Open Open
	// Advance lets time pass for test and store alike. Without it nothing
	// expires in the machine's runs.
	Advance func(time.Duration)
}

// StateMachine drives stores through random runs of submit, report, complete,
// fail, ask, answer, cancel, list and, where time can be advanced, expiry, and compares each
// with a model after every step. How many runs and steps: see the flags and
// variables of package rapid.
//
// It may be called inside a synctest bubble.
func StateMachine(t *testing.T, o Opener) {
	limits := task.Limits{
		Running: 3, RunningPerOwner: 2, WaitingPerOwner: 2, Kept: 8,
		TTL: 24 * time.Hour, MinTTL: longestAdvance + time.Second, Ageing: 10 * time.Second, AnswerWithin: time.Hour,
	}
	if o.Advance != nil {
		limits.TTL, limits.AnswerWithin = time.Minute, 50*time.Second
	}
	// Hides that it is a *testing.T: rapid would ask for the deadline, which
	// nobody may inside a bubble.
	hidden := struct{ testing.TB }{t}
	rapid.Check(hidden, func(rt *rapid.T) {
		c := newCrew()
		m := &machine{
			rig:     rig{crew: c, Store: o.Open(t, c.works(), limits), t: rt},
			model:   model{limits: limits},
			advance: o.Advance,
		}
		defer m.close()
		actions := rapid.StateMachineActions(m)
		if o.Advance == nil {
			delete(actions, "Advance")
		}
		rt.Repeat(actions)
		m.checkWatches(rt)
	})
}

// machine is a store and its model. Its exported methods are the actions, as
// package rapid wants them.
type machine struct {
	rig
	model
	advance func(time.Duration)
}

var owners = []string{ann, bob, cid}

// close leaves nothing running, whatever the run came to.
func (m *machine) close() {
	close(m.over)
	_ = m.Shutdown(ended()) // a leak is for the caller's own tests to find
	for _, k := range slices.Concat(m.kept, m.forgotten) {
		if k.watch != nil {
			k.watch.Stop()
		}
	}
}

func drawSpec(t *rapid.T) task.Spec {
	spec := task.Spec{
		Owner:          rapid.SampledFrom(owners).Draw(t, "owner"),
		Kind:           held,
		Priority:       rapid.SampledFrom([]task.Priority{task.High, task.Normal, task.Low}).Draw(t, "priority"),
		Input:          rapid.SampledFrom([]json.RawMessage{jsonOf(`1`), jsonOf(`2`)}).Draw(t, "input"),
		IdempotencyKey: rapid.SampledFrom([]string{"", "", "k", "l"}).Draw(t, "key"),
		Unique:         rapid.SampledFrom([]string{"", "", "u"}).Draw(t, "unique"),
		TTL:            rapid.SampledFrom([]time.Duration{0, 0, time.Second, 50 * time.Second, 48 * time.Hour}).Draw(t, "ttl"),
		Watch:          rapid.Bool().Draw(t, "watch"),
	}
	switch rapid.IntRange(0, 5).Draw(t, "known") {
	case 0:
		spec.Result = results[0]
	case 1:
		spec.Failure = "it cannot be"
	}
	return spec
}

// Submit makes a task, repeats one, or is refused.
func (m *machine) Submit(t *rapid.T) {
	spec := drawSpec(t)
	sub, err := m.rig.Submit(context.Background(), spec)
	k, conflict := m.repeats(spec)
	switch {
	case conflict:
		requireKind(t, err, fault.Conflict)
	case k != nil:
		require.NoError(t, err)
		require.True(t, sub.Repeated)
		require.Equal(t, k.id, sub.Task.ID)
		m.agree(t, k, sub.Task)
		if sub.Watch != nil {
			sub.Watch.Stop()
		}
	case m.refuses(spec):
		requireKind(t, err, fault.Limit)
	default:
		require.NoError(t, err)
		require.False(t, sub.Repeated)
		k = m.add(spec, sub.Task)
		k.watch = sub.Watch
		if out, known := spec.Known(); known {
			m.settle(k, sub.Task)
			require.Equal(t, out.Status, k.end.Status)
			require.Equal(t, out.Why, k.end.Error)
		}
	}
	m.awaitStarts(t)
}

// awaitStarts waits for every task that should start now, and for no others.
func (m *machine) awaitStarts(t *rapid.T) {
	for may := m.mayStart(); len(may) > 0; may = m.mayStart() {
		j := m.next(t)
		i := slices.IndexFunc(may, func(k *known) bool { return k.id == j.id() })
		require.GreaterOrEqual(t, i, 0, "task %s started out of turn", j.id())
		may[i].status, may[i].job = task.Running, j
	}
	require.Empty(t, m.started, "started although nothing more may run")
}

// draw picks a task of a status, or skips the action.
func (m *machine) draw(t *rapid.T, is func(task.Status) bool) *known {
	some := m.find(func(k *known) bool { return is(k.status) })
	if len(some) == 0 {
		t.Skip("no such task")
	}
	return some[rapid.IntRange(0, len(some)-1).Draw(t, "task")]
}

func isRunning(s task.Status) bool { return s == task.Running }

// Report has a running work report.
func (m *machine) Report(t *rapid.T) {
	k := m.draw(t, isRunning)
	percent := rapid.IntRange(-10, 120).Draw(t, "percent")
	line := rapid.SampledFrom([]string{"", "a line"}).Draw(t, "line")
	k.job.run.Report(percent, line)
	k.reported(percent, line)
}

// Complete has a running work return.
func (m *machine) Complete(t *rapid.T) {
	k := m.draw(t, isRunning)
	result := rapid.SampledFrom(results).Draw(t, "result")
	k.job.complete(string(result))
	m.awaitEnd(t, k, task.Completed)
	require.JSONEq(t, string(result), string(k.end.Result))
	m.awaitStarts(t)
}

// Fail has a running work return an error, or panic.
func (m *machine) Fail(t *rapid.T) {
	k := m.draw(t, isRunning)
	known := fault.New(fault.Unavailable, "a known fault")
	want := "internal error"
	switch rapid.SampledFrom([]string{"fault", "error", "panic"}).Draw(t, "how") {
	case "fault":
		want = known.Error()
		k.job.fail(known)
	case "error":
		k.job.fail(errors.New("secret"))
	case "panic":
		k.job.panic("secret")
	}
	m.awaitEnd(t, k, task.Failed)
	require.Contains(t, k.end.Error, want)
	require.NotContains(t, k.end.Error, "secret")
	m.awaitStarts(t)
}

// Ask has a running work ask something.
func (m *machine) Ask(t *rapid.T) {
	k := m.draw(t, isRunning)
	asks := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c"}), 1, 2, rapid.ID).Draw(t, "keys")
	k.open = nil
	for _, key := range asks {
		k.open = append(k.open, fmt.Sprint(key, k.answered)) // each is new
	}
	got := m.ask(task.Task{ID: k.id, Owner: k.spec.Owner}, k.job, k.open...)
	k.status, k.job = task.Pending, nil
	k.asked, k.expires = got.Question.Asked, got.Question.Expires
	require.Equal(t, m.limits.AnswerWithin, k.expires.Sub(k.asked))
	m.awaitStarts(t)
}

// Answer gives replies to any task, of which some may answer what it asks.
func (m *machine) Answer(t *rapid.T) {
	k := m.draw(t, func(task.Status) bool { return true })
	owner := rapid.SampledFrom([]string{k.spec.Owner, k.spec.Owner, k.spec.Owner, ann}).Draw(t, "owner")
	given := replies("other", accept(`{}`))
	for _, key := range k.open {
		if rapid.IntRange(0, 3).Draw(t, "answered") > 0 {
			given[key] = accept(`{"n":%d}`, k.answered)
		}
	}
	got, err := m.rig.Answer(context.Background(), owner, k.id, given)
	if owner != k.spec.Owner {
		requireKind(t, err, fault.NotFound)
		return
	}
	require.NoError(t, err)
	asks := len(k.open) > 0
	k.open = slices.DeleteFunc(k.open, func(key string) bool { _, is := given[key]; return is })
	k.answered += len(given) - 1
	if asks && len(k.open) == 0 {
		k.away += got.UpdatedAt.Sub(k.asked)
	}
	m.agree(t, k, got)
	m.awaitStarts(t)
}

func (m *machine) awaitEnd(t *rapid.T, k *known, as task.Status) {
	progress, lines := k.progress, k.lines
	if as == task.Completed {
		progress = 100
	}
	m.settle(k, m.finish(k.spec.Owner, k.id))
	require.Equal(t, as, k.status)
	require.Equal(t, progress, k.progress)
	require.Equal(t, lines, k.lines)
}

// Cancel cancels any task, for its owner or for someone else.
func (m *machine) Cancel(t *rapid.T) {
	k := m.draw(t, func(task.Status) bool { return true })
	owner := rapid.SampledFrom(owners).Draw(t, "owner")
	got, err := m.rig.Cancel(context.Background(), owner, k.id)
	switch {
	case owner != k.spec.Owner:
		requireKind(t, err, fault.NotFound)
	case k.status == task.Cancelled:
		require.NoError(t, err)
		require.Equal(t, k.end, got)
	case k.status.Final():
		requireKind(t, err, fault.Conflict)
		require.Equal(t, k.end, got)
	default:
		require.NoError(t, err)
		require.Equal(t, task.Cancelled, got.Status)
		require.NotEmpty(t, got.Error)
		m.settle(k, got)
		m.awaitStarts(t)
	}
}

// List reads all pages of a listing.
func (m *machine) List(t *rapid.T) {
	owner := rapid.SampledFrom(owners).Draw(t, "owner")
	f := task.Filter{
		Limit:    rapid.IntRange(1, 3).Draw(t, "limit"),
		Statuses: rapid.SliceOfN(rapid.SampledFrom(task.Statuses()), 0, 2).Draw(t, "statuses"),
	}
	want := m.listing(owner, f.Statuses)
	got := []string{}
	for more := true; more; more = f.Cursor != "" {
		page := m.list(owner, f)
		require.Equal(t, len(want), page.Total)
		require.LessOrEqual(t, len(page.Tasks), f.Limit)
		got = append(got, ids(page.Tasks)...)
		require.LessOrEqual(t, len(got), len(want), "too many tasks, or pages without end")
		f.Cursor = page.Next
	}
	require.Equal(t, want, got)
}

// StopWatching ends a subscription early.
func (m *machine) StopWatching(t *rapid.T) {
	k := m.draw(t, func(s task.Status) bool { return !s.Final() })
	if k.watch == nil {
		t.Skip("not watched")
	}
	k.watch.Stop()
	for _, e := range drain(t, k.watch) {
		require.False(t, e.Status.Final())
	}
	k.watch = nil
}

// longestAdvance is less than any task is kept: the end of one whose time to be answered
// is over in an Advance can be read after it.
const longestAdvance = 40 * time.Second

// Advance lets time pass.
func (m *machine) Advance(t *rapid.T) {
	m.advance(time.Duration(rapid.IntRange(1, int(longestAdvance/time.Second)).Draw(t, "seconds")) * time.Second)
	for _, k := range m.unanswered(time.Now()) {
		end := m.get(k.spec.Owner, k.id)
		require.Equal(t, task.Failed, end.Status)
		require.Equal(t, k.expires, end.CompletedAt)
		m.settle(k, end)
	}
	m.forgetExpired(time.Now())
}

// Check compares the store with the model.
func (m *machine) Check(t *rapid.T) {
	for _, k := range m.kept {
		m.agree(t, k, m.get(k.spec.Owner, k.id))
	}
	for _, k := range m.forgotten {
		m.gone(k.spec.Owner, k.id)
	}
	for _, owner := range owners {
		require.Equal(t, m.listing(owner, nil), ids(m.list(owner, task.Filter{}).Tasks))
	}
}

// agree requires that got is k as the model has it.
func (m *machine) agree(t *rapid.T, k *known, got task.Task) {
	require.Equal(t, m.limits.TTLOf(k.spec.TTL), got.TTL)
	if k.status.Final() {
		require.Equal(t, k.end, got, "after the end")
		return
	}
	require.Equal(t, k.status, got.Status)
	require.Equal(t, k.progress, got.Progress)
	require.Len(t, got.Messages, k.lines)
	require.Empty(t, got.Error)
	require.Empty(t, got.Result)
	require.Equal(t, len(k.open) > 0, got.Awaits())
	if got.Question != nil {
		require.ElementsMatch(t, k.open, slices.Collect(maps.Keys(got.Question.Forms)))
		require.Len(t, got.Question.Replies, k.answered)
	}
	require.True(t, got.CompletedAt.IsZero())
}

// checkWatches requires that every watch of an ended task has its end, and
// nothing that contradicts it.
func (m *machine) checkWatches(t *rapid.T) {
	for _, k := range slices.Concat(m.kept, m.forgotten) {
		if k.watch == nil || !k.status.Final() {
			continue
		}
		events := drain(t, k.watch)
		require.NotEmpty(t, events)
		require.Equal(t, k.end, events[len(events)-1])
		for i := range events[1:] {
			require.LessOrEqual(t, events[i].Progress, events[i+1].Progress)
			require.True(t, events[i].Status == events[i+1].Status || events[i].Status.CanMove(events[i+1].Status))
		}
	}
}
