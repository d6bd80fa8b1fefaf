package tasktest

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/task"
)

var counting = []example{
	{
		name:   "tasks are counted over all owners, as they stand",
		limits: task.Limits{Running: 2, RunningPerOwner: 1},
		check: func(t *testing.T, r *rig) {
			counter, ok := r.Store.(task.Counter)
			require.True(t, ok)
			count := func() task.Counts {
				c, err := counter.Count(t.Context())
				require.NoError(t, err)
				return c
			}
			assert.Zero(t, count().Oldest)
			assert.Empty(t, count().ByStatus)

			r.done(ann)
			r.submit(task.Spec{Owner: bob, Kind: held, Failure: "no"})
			asks, j := r.hold(bob)
			r.ask(asks, j, "a")
			r.hold(cid)
			first := r.submit(task.Spec{Owner: cid, Kind: held}).Task
			r.submit(task.Spec{Owner: cid, Kind: held})
			c := count()
			assert.Equal(t, map[task.Status]int{task.Completed: 1, task.Failed: 1, task.Running: 1, task.Pending: 2}, c.ByStatus)
			assert.Equal(t, 1, c.Awaiting)
			assert.Equal(t, first.CreatedAt.UnixMicro(), c.Oldest.UnixMicro())
		},
	},
}
