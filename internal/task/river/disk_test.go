//go:build linux

package river_test

import (
	"context"
	"encoding/json"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/disktest"
	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/task/river"
)

const wordsOfAFullDisk = "the disk is full. Make room on it"

// large is more than what is left on a disk that is all but full.
var large = json.RawMessage(`"` + strings.Repeat("x", 300<<10) + `"`)

func requireFull(t *testing.T, err error) {
	t.Helper()
	require.ErrorIs(t, err, fault.Unavailable)
	f, _ := fault.Of(err)
	require.Contains(t, f.Error(), wordsOfAFullDisk)
}

// awaitFull waits until whoever asks for a task is told that its end cannot be written.
func awaitFull(t *testing.T, s task.Store, id string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	for ctx.Err() == nil {
		if _, err := s.Get(t.Context(), "ann", id); err != nil {
			requireFull(t, err)
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	require.Fail(t, "nobody is told")
}

func TestAFullDiskIsToldAndAllGoesOnOnceThereIsRoom(t *testing.T) {
	t.Parallel()
	if !disktest.Alone(t) {
		return
	}
	disk := disktest.New(t, 4096)
	st := newStage()
	s := openAt(t, disk.Path("trilha.db"), river.Options{Works: st.works()})
	sub := submit(t, s, task.Spec{Watch: true})
	w := st.next(t)
	disk.Fill(t, 0)

	began := time.Now()
	_, err := s.Submit(t.Context(), task.Spec{Owner: "ann", Kind: "work", Input: large})
	requireFull(t, err)
	assert.Less(t, time.Since(began), 2*time.Second, "a create fails fast")
	w.run.Report(50, "goes on")
	w.end <- large
	awaitFull(t, s, sub.Task.ID)
	_, err = s.Watch(t.Context(), "ann", sub.Task.ID)
	requireFull(t, err)
	_, err = s.Get(t.Context(), "bob", sub.Task.ID)
	require.ErrorIs(t, err, fault.NotFound, "it is none of bob's business")

	disk.Free(t)
	var last task.Task
	for e := range sub.Watch.Events {
		last = e
	}
	assert.Equal(t, task.Completed, last.Status)
	assert.Equal(t, string(large), string(last.Result))
	next := submit(t, s, task.Spec{Input: large})
	st.next(t).end <- json.RawMessage(`1`)
	assert.Equal(t, task.Completed, finish(t, s, next.Task.ID).Status)
}

func TestAStopDoesNotWaitForRoomAndTheNextStartGoesOn(t *testing.T) {
	t.Parallel()
	if !disktest.Alone(t) {
		return
	}
	disk := disktest.New(t, 4096)
	st := newStage()
	s, err := openPlace(disk.Path("trilha.db"), river.Options{Works: st.works()})
	require.NoError(t, err)
	id := submit(t, s, task.Spec{}).Task.ID
	w := st.next(t)
	disk.Fill(t, 0)
	w.end <- large
	awaitFull(t, s, id)
	began := time.Now()
	require.NoError(t, s.Shutdown(context.Background()))
	assert.Less(t, time.Since(began), 3*time.Second)

	_, err = openPlace(disk.Path("trilha.db"), river.Options{Works: st.works()})
	if err != nil { // there may have been room for that much
		requireFull(t, err)
	}
	disk.Free(t)
	two := openAt(t, disk.Path("trilha.db"), river.Options{Works: st.works()})
	w = st.next(t)
	assert.Equal(t, id, w.run.Task().ID)
	w.end <- large
	assert.Equal(t, task.Completed, finish(t, two, id).Status)
}

func TestAStoreIsNotMadeOnAFullDisk(t *testing.T) {
	t.Parallel()
	if !disktest.Alone(t) {
		return
	}
	disk := disktest.New(t, 1024)
	for free := 0; free <= 96; free += 16 {
		disk.Fill(t, free)
		_, err := openPlace(disk.Path("trilha.db"), river.Options{Works: newStage().works()})
		requireFull(t, err)
	}
	disk.Free(t)
	openAt(t, disk.Path("trilha.db"), river.Options{Works: newStage().works()})
}

func TestADiskThatMayNotBeWrittenIsTold(t *testing.T) {
	t.Parallel()
	if !disktest.Alone(t) {
		return
	}
	disk := disktest.New(t, 4096)
	s, err := openPlace(disk.Path("trilha.db"), river.Options{Works: newStage().works()})
	require.NoError(t, err)
	require.NoError(t, s.Shutdown(context.Background()))
	before, err := os.ReadFile(disk.Path("trilha.db"))
	require.NoError(t, err)
	disk.ReadOnly(t)
	for _, name := range []string{"trilha.db", "other.db", "folder/other.db"} {
		_, err = openPlace(disk.Path(name), river.Options{Works: newStage().works()})
		require.ErrorIs(t, err, fault.Unavailable)
		assert.ErrorContains(t, err, "its disk may not be written. Mount it for writing, or name another place")
	}
	after, err := os.ReadFile(disk.Path("trilha.db"))
	require.NoError(t, err)
	assert.Equal(t, before, after)
}
