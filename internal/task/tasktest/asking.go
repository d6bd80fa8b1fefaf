package tasktest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/task"
)

var asking = []example{
	{
		name:   "a task that asks waits with what it asks, and holds no worker",
		limits: onlyRunning(1),
		check: func(t *testing.T, r *rig) {
			asks, j := r.hold(ann)
			j.run.Report(30, "so far")
			got := r.ask(asks, j, "a", "b")
			assert.Equal(t, task.Pending, got.Status)
			assert.Equal(t, 30, got.Progress)
			assert.Len(t, got.Messages, 1)
			assert.Empty(t, got.Error)
			assert.Equal(t, forms("a", "b"), got.Question.Forms)
			assert.Empty(t, got.Question.Replies)
			assert.Equal(t, time.Hour, got.Question.Expires.Sub(got.Question.Asked))
			assert.Equal(t, got.UpdatedAt, got.Question.Asked)
			page := r.list(ann, task.Filter{Statuses: []task.Status{task.Pending}})
			assert.Equal(t, []task.Task{got}, page.Tasks)
			assert.Empty(t, r.list(ann, task.Filter{Statuses: []task.Status{task.Running}}).Tasks)

			next, other := r.hold(ann) // in its place
			other.complete(`1`)
			r.finish(ann, next.ID)
			assert.Empty(t, r.started, "the task that asks, although it might")
			assert.Equal(t, got, r.get(ann, asks.ID))
		},
	},
	{
		name: "when everything is answered its work begins anew, and has the replies",
		check: func(t *testing.T, r *rig) {
			asks, j := r.hold(ann)
			j.run.Report(30, "so far")
			asked := r.ask(asks, j, "a", "b", "c")
			got := r.answer(ann, asks.ID, replies("b", accept(`{"n":1}`)))
			assert.Equal(t, forms("a", "c"), got.Question.Forms)
			assert.Equal(t, asked.Question.Expires, got.Question.Expires)
			assert.Equal(t, got, r.get(ann, asks.ID))
			both := replies("a", task.Reply{Action: task.Decline, Content: jsonOf(`{"ignored":1}`)})
			both["c"] = task.Reply{Action: task.Dismiss}
			got = r.answer(ann, asks.ID, both)
			assert.False(t, got.Awaits())
			assert.Equal(t, task.Pending, got.Status)

			j = r.next(t)
			began := j.run.Task()
			assert.Equal(t, asks.ID, began.ID)
			assert.Equal(t, 30, began.Progress)
			given, err := task.Ask(j.ctx, j.run, forms("a", "b", "c"))
			require.NoError(t, err)
			assert.Len(t, given, 3)
			assert.Equal(t, task.Accept, given["b"].Action)
			assert.JSONEq(t, `{"n":1}`, string(given["b"].Content))
			assert.Equal(t, task.Reply{Action: task.Decline}, given["a"])
			assert.Equal(t, task.Reply{Action: task.Dismiss}, given["c"])
			got = r.get(ann, asks.ID)
			assert.Equal(t, task.Running, got.Status)
			assert.False(t, got.Awaits())
			j.run.Report(20, "again")
			assert.Equal(t, 30, r.get(ann, asks.ID).Progress)
			j.complete(`"done"`)
			end := r.finish(ann, asks.ID)
			assert.JSONEq(t, `"done"`, string(end.Result))
			assert.Nil(t, end.Question, "what was replied is nobody's business any more")
			assert.Len(t, end.Messages, 2)
		},
	},
	{
		name: "a work may ask more and more, and keeps what it was told",
		check: func(t *testing.T, r *rig) {
			asks, j := r.hold(ann)
			const n = 8
			for i := range n {
				key := fmt.Sprint("k", i)
				asked := r.ask(asks, j, "k0", key)
				require.Equal(t, forms(key), asked.Question.Forms, "only what is new")
				require.Len(t, asked.Question.Replies, i)
				r.answer(ann, asks.ID, replies(key, accept(`{"i":%d}`, i)))
				j = r.next(t)
			}
			given, err := task.Ask(j.ctx, j.run, forms("k3"))
			require.NoError(t, err)
			assert.JSONEq(t, `{"i":3}`, string(given["k3"].Content))
			j.complete(`1`)
			assert.Equal(t, task.Completed, r.finish(ann, asks.ID).Status)
		},
	},
	{
		name: "what is not asked, and what is answered, changes nothing",
		check: func(t *testing.T, r *rig) {
			asks, j := r.hold(ann)
			before := r.get(ann, asks.ID)
			assert.Equal(t, before, r.answer(ann, asks.ID, replies("a", accept(`{}`))), "it asks nothing yet")
			asked := r.ask(asks, j, "a", "b")
			assert.Equal(t, asked, r.answer(ann, asks.ID, replies("other", accept(`{}`))))
			assert.Equal(t, asked, r.answer(ann, asks.ID, nil))
			first := r.answer(ann, asks.ID, replies("a", accept(`{"n":1}`)))
			assert.Equal(t, first, r.answer(ann, asks.ID, replies("a", accept(`{"n":2}`))))
			r.answer(ann, asks.ID, replies("b", accept(`{}`)))
			j = r.next(t)
			running := r.get(ann, asks.ID)
			assert.Equal(t, running, r.answer(ann, asks.ID, replies("b", accept(`{"n":3}`))))
			given, err := task.Ask(j.ctx, j.run, forms("a", "b"))
			require.NoError(t, err)
			assert.JSONEq(t, `{"n":1}`, string(given["a"].Content))
			assert.JSONEq(t, `{}`, string(given["b"].Content))
			j.complete(`1`)
			end := r.finish(ann, asks.ID)
			assert.Equal(t, end, r.answer(ann, asks.ID, replies("a", accept(`{}`))), "it has ended")
		},
	},
	{
		name: "someone else's question and none are answered alike",
		check: func(t *testing.T, r *rig) {
			asks, j := r.hold(ann)
			asked := r.ask(asks, j, "a")
			for _, id := range []string{asks.ID, "nonsense", ""} {
				_, err := r.Answer(t.Context(), bob, id, replies("a", accept(`{}`)))
				assert.Equal(t, task.ErrNotFound(id).Error(), requireKind(t, err, fault.NotFound).Error())
			}
			assert.Equal(t, asked, r.get(ann, asks.ID))
		},
	},
	{
		name: "a reply that makes no sense is refused with the others",
		check: func(t *testing.T, r *rig) {
			asks, j := r.hold(ann)
			asked := r.ask(asks, j, "a", "b")
			large := `{"x":"` + strings.Repeat("x", task.MaxReply) + `"}`
			for name, reply := range map[string]task.Reply{
				"no action":      {},
				"unknown action": {Action: "maybe"},
				"no JSON":        accept(`{"a"`),
				"no object":      accept(`[1]`),
				"null":           accept(`null`),
				"too large":      accept("%s", large),
			} {
				both := replies("a", reply)
				both["b"] = accept(`{}`)
				_, err := r.Answer(t.Context(), ann, asks.ID, both)
				f := requireKind(t, err, fault.Invalid)
				assert.NotEmpty(t, f.Remedy, name)
			}
			assert.Equal(t, asked, r.get(ann, asks.ID))
			most := `{"x":"` + strings.Repeat("x", task.MaxReply-8) + `"}`
			r.answer(ann, asks.ID, map[string]task.Reply{"a": accept("%s", most), "b": {Action: task.Accept}})
			given, err := task.Ask(t.Context(), r.next(t).run, forms("a", "b"))
			require.NoError(t, err)
			assert.JSONEq(t, most, string(given["a"].Content))
			assert.Empty(t, given["b"].Content)
		},
	},
	{
		name: "a question that makes no sense fails its task",
		check: func(t *testing.T, r *rig) {
			for name, form := range map[string]map[string]task.Form{
				"no key":     {"": aForm("a")},
				"long key":   {strings.Repeat("k", 200): aForm("a")},
				"no message": {"a": {Schema: jsonOf(`{"type":"object"}`)}},
				"no JSON":    {"a": {Message: "a", Schema: jsonOf(`{`)}},
				"no object":  {"a": {Message: "a", Schema: jsonOf(`{"type":"string"}`)}},
				"not flat":   {"a": {Message: "a", Schema: jsonOf(`{"type":"object","properties":{"p":{"type":"object"}}}`)}},
			} {
				asks, j := r.hold(ann)
				j.ask(form)
				end := r.finish(ann, asks.ID)
				assert.Equal(t, task.Failed, end.Status, name)
				assert.Contains(t, end.Error, "internal error", name)
			}
		},
	},
	{
		name:   "what awaits its owner counts among what waits",
		limits: task.Limits{Running: 2, RunningPerOwner: 1, WaitingPerOwner: 2},
		check: func(t *testing.T, r *rig) {
			first, j := r.hold(ann)
			r.ask(first, j, "a")
			second, j := r.hold(ann)
			r.ask(second, j, "a")
			_, err := r.Submit(t.Context(), task.Spec{Owner: ann, Kind: held})
			assert.NotEmpty(t, requireKind(t, err, fault.Limit).Remedy)
			r.done(ann)
			r.hold(bob)
			r.answer(ann, first.ID, replies("a", accept(`{}`)))
			j = r.next(t)
			require.Equal(t, first.ID, j.id())
			waits := r.submit(task.Spec{Owner: ann, Kind: held}).Task
			_, err = r.Submit(t.Context(), task.Spec{Owner: ann, Kind: held})
			requireKind(t, err, fault.Limit)
			r.answer(ann, second.ID, replies("a", accept(`{}`))) // waits for its turn now
			_, err = r.Submit(t.Context(), task.Spec{Owner: ann, Kind: held})
			requireKind(t, err, fault.Limit)
			j.complete(`1`)
			next := r.next(t)
			next.complete(`1`)
			// Which is first hangs on how long each has waited, less the asking.
			assert.ElementsMatch(t, []string{second.ID, waits.ID}, []string{next.id(), r.next(t).id()})
		},
	},
	{
		name: "a unique task is given again while it awaits its owner",
		check: func(t *testing.T, r *rig) {
			spec := task.Spec{Owner: ann, Kind: held, Unique: "u", IdempotencyKey: "k"}
			created := r.submit(spec).Task
			asked := r.ask(created, r.next(t), "a")
			again := r.submit(spec)
			assert.True(t, again.Repeated)
			assert.Equal(t, asked, again.Task)
			spec.IdempotencyKey = ""
			assert.Equal(t, asked, r.submit(spec).Task)
		},
	},
	{
		name: "who watches sees the question, what is left of it, and the end",
		check: func(t *testing.T, r *rig) {
			sub := r.submit(task.Spec{Owner: ann, Kind: held, Watch: true})
			asked := r.ask(sub.Task, r.next(t), "a", "b")
			late := r.watch(ann, asked.ID)
			left := r.answer(ann, asked.ID, replies("a", accept(`{}`)))
			all := r.answer(ann, asked.ID, replies("b", accept(`{}`)))
			r.next(t).complete(`1`)
			events := drain(t, sub.Watch)
			end := r.get(ann, asked.ID)
			assert.Equal(t, end, events[len(events)-1])
			assert.Equal(t, end, lastOf(drain(t, late)))
			for _, want := range []task.Task{asked, left, all} {
				assert.Contains(t, events, want)
			}
		},
	},
	{
		name:   "a task that awaits its owner can be cancelled",
		limits: task.Limits{WaitingPerOwner: 1},
		check: func(t *testing.T, r *rig) {
			sub := r.submit(task.Spec{Owner: ann, Kind: held, Watch: true})
			r.ask(sub.Task, r.next(t), "a")
			got := r.cancel(ann, sub.Task.ID)
			assert.Equal(t, task.Cancelled, got.Status)
			assert.Nil(t, got.Question)
			assert.Equal(t, got, r.get(ann, sub.Task.ID))
			assert.Equal(t, got, lastOf(drain(t, sub.Watch)))
			assert.Equal(t, got, r.answer(ann, sub.Task.ID, replies("a", accept(`{}`))))
			_, j := r.hold(ann) // in its place
			j.complete(`1`)
			assert.Empty(t, r.started)
		},
	},
	{
		name:   "a question that is not answered in time fails its task, once",
		limits: task.Limits{WaitingPerOwner: 1, AnswerWithin: 100 * time.Millisecond},
		check: func(t *testing.T, r *rig) {
			sub := r.submit(task.Spec{Owner: ann, Kind: held, Watch: true})
			r.next(t).ask(forms("a", "b"))
			events := drain(t, sub.Watch)
			end := lastOf(events)
			asked := events[len(events)-2]
			require.True(t, asked.Awaits())
			assert.Equal(t, task.Failed, end.Status)
			assert.Contains(t, end.Error, "none came within 100ms")
			assert.False(t, end.CompletedAt.Before(asked.Question.Expires), "ended too early")
			assert.Nil(t, end.Question)
			assert.Equal(t, end, r.get(ann, sub.Task.ID))
			assert.Equal(t, end, r.answer(ann, sub.Task.ID, replies("a", accept(`{}`))))
			_, j := r.hold(ann) // in its place
			j.complete(`1`)
		},
	},
	{
		name: "of many replies to one form at once a single one counts",
		check: func(t *testing.T, r *rig) {
			asks, j := r.hold(ann)
			r.ask(asks, j, "a")
			const n = 20
			var wg sync.WaitGroup
			errs := make([]error, n)
			for i := range n {
				wg.Go(func() {
					_, errs[i] = r.Answer(context.Background(), ann, asks.ID, replies("a", accept(`{"i":%d}`, i)))
				})
			}
			j = r.next(t)
			given, err := task.Ask(j.ctx, j.run, forms("a"))
			require.NoError(t, err)
			wg.Wait()
			require.NoError(t, errors.Join(errs...))
			assert.Equal(t, given["a"].Content, r.get(ann, asks.ID).Question.Replies["a"].Content)
			assert.Empty(t, r.started)
			j.complete(`1`)
		},
	},
	{
		name: "a race of answering and cancelling has one outcome",
		check: func(t *testing.T, r *rig) {
			for range 50 {
				raceToAnswer(t, r)
			}
		},
	},
	{
		name:   "a store that shuts down keeps the question or gives a reason",
		limits: onlyRunning(1),
		check: func(t *testing.T, r *rig) {
			sub := r.submit(task.Spec{Owner: ann, Kind: held, Watch: true})
			r.ask(sub.Task, r.next(t), "a")
			require.NoError(t, r.Shutdown(t.Context()))
			got := r.get(ann, sub.Task.ID)
			assertGivenUp(t, got)
			assert.Equal(t, got.Status == task.Pending, got.Awaits())
			drain(t, sub.Watch)
		},
	},
}

// raceToAnswer cancels a task while the last reply comes.
func raceToAnswer(t *testing.T, r *rig) {
	asks := r.submit(task.Spec{Owner: ann, Kind: held}).Task
	j := r.next(t)
	for j.id() != asks.ID { // one of an earlier race, which began and was told to stop
		j = r.next(t)
	}
	r.ask(asks, j, "a")
	answered := make(chan error, 1)
	go func() {
		_, err := r.Answer(context.Background(), ann, asks.ID, replies("a", accept(`{}`)))
		answered <- err
	}()
	end := r.cancel(ann, asks.ID)
	require.NoError(t, receive(t, answered, "Answer to return"))
	require.Equal(t, end, r.get(ann, asks.ID))
	require.Equal(t, task.Cancelled, end.Status)
}

func lastOf(events []task.Task) task.Task { return events[len(events)-1] }

// aForm is a form that asks for what its key says.
func aForm(key string) task.Form {
	return task.Form{Message: "Which " + key + "?", Schema: jsonOf(`{"type":"object","properties":{"%s":{"type":"string"}},"required":["%s"]}`, key, key)}
}

func forms(keys ...string) map[string]task.Form {
	out := make(map[string]task.Form)
	for _, key := range keys {
		out[key] = aForm(key)
	}
	return out
}

func replies(key string, reply task.Reply) map[string]task.Reply {
	return map[string]task.Reply{key: reply}
}

func accept(format string, args ...any) task.Reply {
	return task.Reply{Action: task.Accept, Content: jsonOf(format, args...)}
}

// ask lets a held work ask, and stop.
func (j *job) ask(forms map[string]task.Form) {
	j.leave <- func() (json.RawMessage, error) {
		_, err := task.Ask(j.ctx, j.run, maps.Clone(forms))
		return nil, fmt.Errorf("in the middle: %w", err)
	}
}

// ask lets the work of a task ask, and waits until it does.
func (r *rig) ask(asks task.Task, j *job, keys ...string) (got task.Task) {
	r.t.Helper()
	j.ask(forms(keys...))
	eventually(r.t, "the task asks", func() bool {
		got = r.get(asks.Owner, asks.ID)
		return got.Awaits()
	})
	return got
}

func (r *rig) answer(owner, id string, replies map[string]task.Reply) task.Task {
	r.t.Helper()
	got, err := r.Answer(context.Background(), owner, id, replies)
	require.NoError(r.t, err)
	return got
}
