package river_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/task/river"
)

// What is kept of one goes, with what runs and what waits, and nothing of another's.
func TestAllThatIsKeptOfAnOwnerCanBeErased(t *testing.T) {
	everywhere(t, func(t *testing.T, at string) {
		st := newStage()
		s := openAt(t, at, river.Options{Works: st.works(), Limits: task.Limits{Running: 4, RunningPerOwner: 1}})
		ended := submit(t, s, task.Spec{}).Task
		st.next(t).end <- json.RawMessage(`1`)
		finish(t, s, ended.ID)
		submit(t, s, task.Spec{Result: json.RawMessage(`{"a":1}`)})
		submit(t, s, task.Spec{})
		st.next(t) // runs, and returns when it is cancelled
		submit(t, s, task.Spec{})
		made, err := s.Submit(t.Context(), task.Spec{Owner: "bob", Kind: ended.Kind, Result: json.RawMessage(`2`)})
		require.NoError(t, err)
		others := made.Task

		all, err := s.All(t.Context(), "", 100)
		require.NoError(t, err)
		assert.Len(t, all, 5)
		owner, err := s.OwnerOf(t.Context(), others.ID)
		require.NoError(t, err)
		assert.Equal(t, "bob", owner)
		_, err = s.OwnerOf(t.Context(), "none")
		require.ErrorIs(t, err, fault.NotFound)

		gone, err := s.Erase(t.Context(), ended.Owner)
		require.NoError(t, err)
		assert.EqualValues(t, 4, gone)
		left, err := s.All(t.Context(), "", 100)
		require.NoError(t, err)
		require.Len(t, left, 1)
		assert.Equal(t, others.ID, left[0].ID)
		for table, want := range map[string]int{"task_steps": 0, "task_runs": 0, "task_waiting": 0, "tasks": 1} {
			assert.Equal(t, want, queryAt(t, at, "SELECT count(*) FROM "+table), table)
		}
		assert.Zero(t, queryAt(t, at, "SELECT count(*) FROM river_job WHERE finalized_at IS NOT NULL"))
		assert.Equal(t, 1, queryAt(t, at, "SELECT tasks FROM task_store"), "the counts hold")
	})
}
