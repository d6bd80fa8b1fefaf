//go:build unix

package river_test

import (
	"encoding/json"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/pgtest"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/task/river"
)

func TestAnInstanceThatWasTakenForDeadGivesUpWhatItRan(t *testing.T) {
	t.Parallel()
	at := pgtest.Database(t)
	idle := openAt(t, at, river.Options{Works: newStage().works(), Idle: true})
	frozen := startChild(t, at)
	frozen.says(t, "ready")
	sub := submit(t, idle, task.Spec{}).Task
	frozen.says(t, "begun "+sub.ID)
	require.NoError(t, frozen.cmd.Process.Signal(syscall.SIGSTOP))

	st := newStage()
	other := openAt(t, at, river.Options{Works: st.works()})
	w := st.next(t)
	assert.Equal(t, sub.ID, w.run.Task().ID)
	require.NoError(t, frozen.cmd.Process.Signal(syscall.SIGCONT))
	frozen.says(t, "left "+sub.ID)
	w.end <- json.RawMessage(`"in time"`)
	assert.JSONEq(t, `"in time"`, string(finish(t, other, sub.ID).Result))
	consistent(t, at)
}
