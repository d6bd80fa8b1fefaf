package mcptasks_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/mcptasks"
	"github.com/trilha/trilha/internal/task"
)

// sent is a notification and when it was handed over.
type sent struct {
	progress int
	message  string
	at       time.Duration
}

// telling runs Forward over events that the test sends; the result comes when it
// has ended.
func telling(ctx context.Context, t *testing.T) (events chan task.Task, notes *[]sent, ended chan task.Task) {
	t.Helper()
	events, notes, ended = make(chan task.Task), &[]sent{}, make(chan task.Task, 1)
	begun := time.Now()
	go func() {
		ended <- mcptasks.Forward(ctx, task.NewWatch(events, func() {}), "t", func(params map[string]any) error {
			assert.Equal(t, "t", params["progressToken"])
			assert.Equal(t, 100, params["total"])
			message, _ := params["message"].(string)
			progress, _ := params["progress"].(int)
			*notes = append(*notes, sent{progress, message, time.Since(begun)})
			return errors.New("a session that is gone changes nothing")
		}, nil)
	}()
	return events, notes, ended
}

func at(progress int, s task.Status) task.Task {
	return task.Task{ID: "t1", Status: s, Progress: progress, Messages: []task.Message{{Text: "step"}}}
}

func TestProgressComesAtTenASecondAfterABurstOfTen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		events, notes, ended := telling(t.Context(), t)
		for p := 1; p <= 90; p++ { // 90 steps in 0.9 s
			events <- at(p, task.Running)
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		inFirst, inSecond := 0, 0
		for i, n := range *notes {
			assert.Equal(t, "step", n.message)
			if i > 0 {
				assert.Greater(t, n.progress, (*notes)[i-1].progress)
			}
			if n.at < 100*time.Millisecond {
				inFirst++
			}
			if n.at < time.Second {
				inSecond++
			}
		}
		assert.InDelta(t, 10, inFirst, 1, "the burst")
		assert.InDelta(t, 19, inSecond, 2, "burst and rate")
		assert.Equal(t, 90, (*notes)[len(*notes)-1].progress, "what was held back comes by itself")
		close(events)
		<-ended
	})
}

func TestLastProgressIsNeverHeldBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		events, notes, ended := telling(t.Context(), t)
		for p := 1; p <= 99; p++ {
			events <- at(p, task.Running)
		}
		events <- at(100, task.Completed)
		assert.Equal(t, task.Completed, (<-ended).Status)
		got := *notes
		require.Len(t, got, 11, "a burst of ten, and the last")
		assert.Equal(t, 10, got[9].progress)
		assert.Equal(t, sent{100, "step", 0}, got[10])
	})
}

func TestProgressOnlyRises(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		events, notes, ended := telling(t.Context(), t)
		for _, p := range []int{0, 5, 5, 3, 20, 20} {
			events <- at(p, task.Running)
		}
		events <- at(100, task.Completed)
		<-ended
		assert.Equal(t, []sent{{5, "step", 0}, {20, "step", 0}, {100, "step", 0}}, *notes)
	})
}

// A task that did not complete never says 100, and what its rate held back is
// dropped with its end.
func TestOtherEndsSayNothing(t *testing.T) {
	for _, end := range []task.Status{task.Failed, task.Cancelled} {
		synctest.Test(t, func(t *testing.T) {
			events, notes, ended := telling(t.Context(), t)
			for p := 1; p <= 20; p++ {
				events <- at(p, task.Running)
			}
			events <- at(20, end)
			assert.Equal(t, end, (<-ended).Status)
			time.Sleep(time.Minute)
			assert.Equal(t, 10, (*notes)[len(*notes)-1].progress)
		})
	}
}

func TestForwardEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(t.Context())
		events, _, ended := telling(ctx, t)
		events <- at(7, task.Running)
		stop()
		assert.Equal(t, 7, (<-ended).Progress, "the last snapshot")
	})
}
