package memory_test

import (
	"context"
	"encoding/json"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/task"
)

func TestATaskIsThereUntilTheInstantItExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := store(t, task.Limits{TTL: time.Hour}, nil, untilTold)
		created := submit(t, s, task.Spec{Result: json.RawMessage(`1`)})
		assert.Equal(t, time.Hour, created.ExpiresAt.Sub(created.CompletedAt))
		time.Sleep(time.Hour - 1)
		get(t, s, created.ID)
		time.Sleep(time.Nanosecond)
		_, err := s.Get(t.Context(), "ann", created.ID)
		assert.ErrorIs(t, err, fault.NotFound)
	})
}

// After Shutdown there is no janitor any more.
func TestATaskExpiresWithoutTheJanitor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := store(t, task.Limits{TTL: time.Hour}, nil, untilTold)
		created := submit(t, s, task.Spec{Result: json.RawMessage(`1`)})
		require.NoError(t, s.Shutdown(t.Context()))
		time.Sleep(time.Hour - 1)
		get(t, s, created.ID)
		time.Sleep(time.Nanosecond)
		page, err := s.List(t.Context(), "ann", task.Filter{})
		require.NoError(t, err)
		assert.Zero(t, page.Total)
	})
}

func TestTheJanitorFreesWhatExpiredAlthoughNobodyAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := store(t, task.Limits{TTL: time.Hour}, nil, untilTold)
		first := keepWeakly(t, s)
		time.Sleep(time.Minute)
		second := keepWeakly(t, s)
		time.Sleep(time.Hour - time.Minute)
		synctest.Wait()
		runtime.GC()
		assert.Nil(t, first.Value(), "the first has expired")
		assert.NotNil(t, second.Value(), "the second has not")
		time.Sleep(time.Minute)
		synctest.Wait()
		runtime.GC()
		assert.Nil(t, second.Value())
	})
}

// keepWeakly has the store keep a result, and tells whether it still does.
func keepWeakly(t *testing.T, s task.Store) weak.Pointer[byte] {
	result := make(json.RawMessage, 1<<10)
	submit(t, s, task.Spec{Result: result})
	return weak.Make(&result[0])
}

func TestALowTaskGoesAheadOfAHighOneTwoStepsYounger(t *testing.T) {
	for name, c := range map[string]struct {
		younger time.Duration
		first   task.Priority
	}{
		"exactly two steps":     {2 * time.Minute, task.Low},
		"an instant less":       {2*time.Minute - 1, task.High},
		"one step would not do": {time.Minute, task.High},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var order []task.Priority
				s := store(t, task.Limits{Running: 1, Ageing: time.Minute}, nil, func(_ context.Context, run task.Run) (json.RawMessage, error) {
					order = append(order, run.Task().Priority)
					time.Sleep(time.Hour)
					return nil, nil
				})
				submit(t, s, task.Spec{Priority: task.Normal}) // takes the slot
				submit(t, s, task.Spec{Priority: task.Low})
				time.Sleep(c.younger)
				finish(t, s, submit(t, s, task.Spec{Priority: task.High}).ID)
				require.NoError(t, s.Shutdown(t.Context()))
				assert.Equal(t, c.first, order[1])
			})
		})
	}
}

func TestShutdownWaitsForWorkAsLongAsItsContextLasts(t *testing.T) {
	for name, c := range map[string]struct {
		work  time.Duration
		grace time.Duration
		took  time.Duration
		want  task.Status
	}{
		"work in time":  {9 * time.Second, 10 * time.Second, 9 * time.Second, task.Completed},
		"work too long": {11 * time.Second, 10 * time.Second, 10 * time.Second, task.Failed},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := store(t, task.Limits{}, nil, func(ctx context.Context, _ task.Run) (json.RawMessage, error) {
					select {
					case <-ctx.Done():
						return nil, ctx.Err()
					case <-time.After(c.work):
						return json.RawMessage(`1`), nil
					}
				})
				created := submit(t, s, task.Spec{})
				begin := time.Now()
				ctx, cancel := context.WithTimeout(t.Context(), c.grace)
				defer cancel()
				require.NoError(t, s.Shutdown(ctx))
				assert.Equal(t, c.took, time.Since(begin))
				assert.Equal(t, c.want, get(t, s, created.ID).Status)
			})
		})
	}
}

func TestShutdownLeavesBehindWhatIgnoresItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		letGo := make(chan struct{})
		s := store(t, task.Limits{}, nil, func(context.Context, task.Run) (json.RawMessage, error) {
			<-letGo
			return json.RawMessage(`1`), nil
		})
		created := submit(t, s, task.Spec{})
		submit(t, s, task.Spec{})
		begin := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		defer cancel()
		require.ErrorContains(t, s.Shutdown(ctx), "2 still running")
		assert.Equal(t, 11*time.Second, time.Since(begin))
		end := get(t, s, created.ID)
		assert.Equal(t, task.Failed, end.Status)
		assert.Contains(t, end.Error, "stopped before the task finished")
		close(letGo)
		require.NoError(t, s.Shutdown(t.Context()))
		assert.Equal(t, end, get(t, s, created.ID), "after its work returned after all")
	})
}

func TestAGoroutineIsThereForRunningWorkOnly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := store(t, task.Limits{Running: 1}, nil, untilTold)
		before := runtime.NumGoroutine()
		submit(t, s, task.Spec{Result: json.RawMessage(`1`)}) // kept, and due
		runs := submit(t, s, task.Spec{})
		for range 10 {
			waits := submit(t, s, task.Spec{})
			_, err := s.Watch(t.Context(), "ann", waits.ID)
			require.NoError(t, err)
		}
		synctest.Wait()
		assert.Equal(t, before+1, runtime.NumGoroutine())
		require.NoError(t, s.Shutdown(ended()))
		synctest.Wait()
		assert.Equal(t, before, runtime.NumGoroutine())
		assert.Equal(t, task.Failed, get(t, s, runs.ID).Status)
	})
}

func TestAQuestionExpiresAtItsInstantAlthoughNobodyAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := store(t, task.Limits{TTL: 24 * time.Hour, AnswerWithin: time.Hour}, nil, askOnce)
		submit(t, s, task.Spec{Result: json.RawMessage(`1`)}) // expires later, and was there before
		asks := submit(t, s, task.Spec{})
		w, err := s.Watch(t.Context(), "ann", asks.ID)
		require.NoError(t, err)
		begin := time.Now()
		var last task.Task
		for last = range w.Events {
		}
		assert.Equal(t, time.Hour, time.Since(begin))
		assert.Equal(t, task.Failed, last.Status)
		assert.Equal(t, time.Hour, last.CompletedAt.Sub(asks.CreatedAt))
		assert.Contains(t, last.Error, "none came within 1h0m0s")
	})
}

func TestATaskIsNoOlderForWaitingForItsOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var order []task.Priority
		s := store(t, task.Limits{Running: 1, Ageing: time.Minute, AnswerWithin: time.Hour}, nil, func(ctx context.Context, run task.Run) (json.RawMessage, error) {
			if run.Task().Priority == task.Low {
				if _, err := task.Ask(ctx, run, which); err != nil {
					return nil, err
				}
			}
			order = append(order, run.Task().Priority)
			time.Sleep(time.Minute)
			return nil, nil
		})
		low := submit(t, s, task.Spec{Priority: task.Low})
		synctest.Wait()
		time.Sleep(30 * time.Minute)
		submit(t, s, task.Spec{Priority: task.Normal}) // takes the slot
		high := submit(t, s, task.Spec{Priority: task.High})
		_, err := s.Answer(t.Context(), "ann", low.ID, map[string]task.Reply{"which": {Action: task.Decline}})
		require.NoError(t, err)
		finish(t, s, high.ID)
		finish(t, s, low.ID)
		assert.Equal(t, []task.Priority{task.Normal, task.High, task.Low}, order)
	})
}

var which = map[string]task.Form{"which": {Message: "Which?", Schema: json.RawMessage(`{"type":"object"}`)}}

// askOnce is a work that asks which.
func askOnce(ctx context.Context, run task.Run) (json.RawMessage, error) {
	_, err := task.Ask(ctx, run, which)
	return nil, err
}
