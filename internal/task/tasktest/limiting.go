package tasktest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/task"
)

var limiting = []example{
	{
		name:   "an owner may have so many tasks waiting besides those that run",
		limits: task.Limits{Running: 2, RunningPerOwner: 1, WaitingPerOwner: 2},
		check: func(t *testing.T, r *rig) {
			spec := task.Spec{Owner: ann, Kind: held, IdempotencyKey: "k"}
			first := r.submit(spec).Task
			r.next(t)
			waits := r.submit(task.Spec{Owner: ann, Kind: held}).Task
			r.submit(task.Spec{Owner: ann, Kind: held})
			_, err := r.Submit(t.Context(), task.Spec{Owner: ann, Kind: held})
			assert.NotEmpty(t, requireKind(t, err, fault.Limit).Remedy)
			assert.Equal(t, 3, r.list(ann, task.Filter{}).Total)

			assert.Equal(t, first.ID, r.submit(spec).Task.ID, "a repeated one waits for nothing")
			r.done(ann) // and neither does one whose result is known
			r.hold(bob) // nor someone else's
			r.cancel(ann, waits.ID)
			r.submit(task.Spec{Owner: ann, Kind: held})
		},
	},
	{
		name:   "never more tasks run than may, in all and for each owner",
		limits: task.Limits{Running: 3, RunningPerOwner: 2},
		check: func(t *testing.T, r *rig) {
			owners := []string{ann, bob, cid}
			for i := range 24 {
				r.submit(task.Spec{Owner: owners[i%3], Kind: held})
			}
			inAll, perOwner := 0, map[string]int{}
			var running []*job
			for done := 0; done < 24; done++ {
				for inAll < min(3, 24-done) {
					j := r.next(t)
					running = append(running, j)
					inAll++
					perOwner[j.run.Task().Owner]++
					require.LessOrEqual(t, perOwner[j.run.Task().Owner], 2)
				}
				require.Empty(t, r.started, "with three running")
				j := running[0]
				running = running[1:]
				j.complete(`1`)
				inAll--
				perOwner[j.run.Task().Owner]--
			}
		},
	},
	{
		name:   "a thousand tasks of fifty owners, submitted at once, all finish",
		limits: task.Limits{Running: 8, RunningPerOwner: 2},
		check: func(t *testing.T, r *rig) {
			accepted, refused := submitAtOnce(t, r, 50, 20)
			assert.Empty(t, refused)
			for owner, made := range accepted {
				assert.Len(t, made, 20)
				finishAll(t, r, owner, made)
			}
		},
	},
	{
		name:   "with low limits the surplus is refused and nothing else breaks",
		limits: task.Limits{Running: 2, RunningPerOwner: 1, WaitingPerOwner: 1},
		check: func(t *testing.T, r *rig) {
			_, a := r.hold("zoe") // both slots are taken, so that all others wait
			_, b := r.hold("yan")
			accepted, refused := submitAtOnce(t, r, 50, 20)
			assert.Len(t, refused, 950)
			for _, err := range refused {
				requireKind(t, err, fault.Limit)
			}
			a.complete(`1`)
			b.complete(`1`)
			for owner, made := range accepted {
				assert.Len(t, made, 1)
				finishAll(t, r, owner, made)
			}
		},
	},
	{
		name:   "an owner may have other limits for what waits than the rest",
		limits: task.Limits{Running: 1, RunningPerOwner: 1, WaitingPerOwner: 2},
		check: func(t *testing.T, r *rig) {
			r.hold("zoe")
			for owner, most := range map[string]int{ann: 1, bob: 4} {
				spec := task.Spec{Owner: owner, Kind: held, Limits: task.OwnLimits{Waiting: most}}
				for range most {
					r.submit(spec)
				}
				_, err := r.Submit(t.Context(), spec)
				assert.ErrorContains(t, err, fmt.Sprint(most, " tasks are waiting"))
				requireKind(t, err, fault.Limit)
			}
			for range 2 {
				r.submit(task.Spec{Owner: cid, Kind: held})
			}
			_, err := r.Submit(t.Context(), task.Spec{Owner: cid, Kind: held})
			requireKind(t, err, fault.Limit)
		},
	},
	{
		name:   "an owner may have other limits for what runs than the rest",
		limits: task.Limits{Running: 6, RunningPerOwner: 2},
		check: func(t *testing.T, r *rig) {
			running := map[string][]*job{}
			for range 3 {
				r.submit(task.Spec{Owner: ann, Kind: held, Limits: task.OwnLimits{Running: 1}})
				r.submit(task.Spec{Owner: bob, Kind: held, Limits: task.OwnLimits{Running: 3}})
				r.submit(task.Spec{Owner: cid, Kind: held})
			}
			for range 6 {
				j := r.next(t)
				running[j.run.Task().Owner] = append(running[j.run.Task().Owner], j)
			}
			require.Empty(t, r.started)
			assert.Len(t, running[ann], 1)
			assert.Len(t, running[bob], 3)
			assert.Len(t, running[cid], 2)
			running[bob][0].complete(`1`)
			running[ann][0].complete(`1`)
			assert.Equal(t, ann, r.next(t).run.Task().Owner, "one at a time")
			running[cid][0].complete(`1`)
			assert.Equal(t, cid, r.next(t).run.Task().Owner)
			require.Empty(t, r.started)
			// The newest task of an owner says how many.
			r.submit(task.Spec{Owner: ann, Kind: held, Limits: task.OwnLimits{Running: 2}})
			assert.Equal(t, ann, r.next(t).run.Task().Owner)
		},
	},
	{
		name:   "an owner may have a number of tasks kept of their own",
		limits: task.Limits{Running: 8, RunningPerOwner: 4},
		check: func(t *testing.T, r *rig) {
			spec := task.Spec{Owner: ann, Kind: held, Limits: task.OwnLimits{Kept: 2}, Result: json.RawMessage(`1`)}
			first, second := r.submit(spec).Task, r.submit(spec).Task
			r.done(bob)
			third := r.submit(spec).Task
			r.gone(ann, first.ID)
			assert.Equal(t, 2, r.list(ann, task.Filter{}).Total)
			spec.Result = nil
			fourth := r.submit(spec).Task
			r.gone(ann, second.ID)
			r.next(t)
			r.submit(spec)
			r.gone(ann, third.ID)
			r.next(t)
			_, err := r.Submit(t.Context(), spec)
			requireKind(t, err, fault.Limit)
			assert.ErrorContains(t, err, "2 tasks of yours are kept")
			assert.Equal(t, 1, r.list(bob, task.Filter{}).Total, "another's stay")
			r.cancel(ann, fourth.ID)
			r.submit(spec)
			r.gone(ann, fourth.ID)
		},
	},
}

// submitAtOnce has owners submit each tasks, all at the same time, and returns
// their inputs by id by owner.
func submitAtOnce(t *testing.T, r *rig, owners, each int) (accepted map[string]map[string]string, refused []error) {
	accepted = make(map[string]map[string]string)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for i := range owners * each {
		wg.Go(func() {
			owner, input := fmt.Sprint("owner ", i%owners), fmt.Sprintf(`{"n":%d}`, i)
			sub, err := r.Submit(context.Background(), task.Spec{Owner: owner, Kind: echo, Input: json.RawMessage(input)})
			if err == nil {
				_, err := r.Get(context.Background(), owner, sub.Task.ID)
				assert.NoError(t, err, "right after Submit")
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				refused = append(refused, err)
				return
			}
			if accepted[owner] == nil {
				accepted[owner] = make(map[string]string)
			}
			accepted[owner][sub.Task.ID] = input
		})
	}
	wg.Wait()
	return accepted, refused
}

// finishAll requires that every task completes with its own input for result.
func finishAll(t *testing.T, r *rig, owner string, inputs map[string]string) {
	for id, input := range inputs {
		end := r.finish(owner, id)
		require.Equal(t, task.Completed, end.Status)
		require.JSONEq(t, input, string(end.Result))
	}
	page := r.list(owner, task.Filter{Limit: task.MaxPage})
	require.Equal(t, len(inputs), page.Total)
	for _, listed := range page.Tasks {
		require.Contains(t, inputs, listed.ID)
	}
}
