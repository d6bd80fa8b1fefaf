package tasktest

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/trilha/trilha/internal/task"
)

var scheduling = []example{
	{
		name:   "owners take turns",
		limits: onlyRunning(1),
		check: func(t *testing.T, r *rig) {
			_, j := r.hold("zoe")
			for _, owner := range []string{ann, bob, cid} {
				for range 3 {
					r.submit(task.Spec{Owner: owner, Kind: held})
				}
			}
			var served []string
			for range 9 {
				j.complete(`1`)
				j = r.next(t)
				served = append(served, j.run.Task().Owner)
			}
			for round := range 3 {
				assert.ElementsMatch(t, []string{ann, bob, cid}, served[3*round:3*round+3])
			}
		},
	},
	{
		name:   "a hundred tasks of one owner do not delay another's first",
		limits: onlyRunning(1),
		check: func(t *testing.T, r *rig) {
			_, j := r.hold(ann)
			for range 100 {
				r.submit(task.Spec{Owner: ann, Kind: held, Priority: task.High})
			}
			bobs := r.submit(task.Spec{Owner: bob, Kind: held, Priority: task.Low}).Task
			j.complete(`1`)
			assert.Equal(t, bobs.ID, r.next(t).id())
		},
	},
	{
		name:   "who runs least goes first, even if served last",
		limits: onlyRunning(4),
		check: func(t *testing.T, r *rig) {
			r.hold(ann)
			r.hold(ann)
			_, j := r.hold(cid)
			r.hold(bob)
			anns := r.submit(task.Spec{Owner: ann, Kind: held}).Task
			bobs := r.submit(task.Spec{Owner: bob, Kind: held}).Task
			j.complete(`1`)
			j = r.next(t)
			assert.Equal(t, bobs.ID, j.id())
			j.complete(`1`)
			assert.Equal(t, anns.ID, r.next(t).id())
		},
	},
	{
		name:   "an owner at the limit lets others pass",
		limits: task.Limits{Running: 2, RunningPerOwner: 1},
		check: func(t *testing.T, r *rig) {
			r.hold(ann)
			r.submit(task.Spec{Owner: ann, Kind: held, Priority: task.High})
			r.hold(bob)
		},
	},
	{
		name:   "priority orders what waits, and age those of one priority",
		limits: task.Limits{Running: 1, RunningPerOwner: 1, Ageing: time.Hour},
		check: func(t *testing.T, r *rig) {
			_, j := r.hold(ann)
			var made []string
			for _, p := range []task.Priority{task.Low, task.Normal, task.High, "", task.Low, task.High} {
				made = append(made, r.submit(task.Spec{Owner: ann, Kind: held, Priority: p}).Task.ID)
			}
			for _, i := range []int{2, 5, 1, 3, 0, 4} {
				j.complete(`1`)
				j = r.next(t)
				assert.Equal(t, made[i], j.id())
			}
		},
	},
	{
		name:   "a low task that has waited long enough goes ahead of a new high one",
		limits: task.Limits{Running: 1, RunningPerOwner: 1, Ageing: 10 * time.Millisecond},
		check: func(t *testing.T, r *rig) {
			_, j := r.hold(ann)
			low := r.submit(task.Spec{Owner: ann, Kind: held, Priority: task.Low}).Task
			eventually(t, "it has waited long enough", func() bool { return time.Since(low.CreatedAt) > 25*time.Millisecond })
			high := r.submit(task.Spec{Owner: ann, Kind: held, Priority: task.High}).Task
			j.complete(`1`)
			j = r.next(t)
			assert.Equal(t, low.ID, j.id())
			j.complete(`1`)
			assert.Equal(t, high.ID, r.next(t).id())
		},
	},
}
