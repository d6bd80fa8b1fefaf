package memory_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/task/memory"
	"github.com/trilha/trilha/internal/task/tasktest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func open(_ *testing.T, works map[string]task.Work, limits task.Limits) task.Store {
	return memory.New(works, limits, nil)
}

func TestAStoreInMemoryKeepsTheContract(t *testing.T) { tasktest.Run(t, open) }

// Inside a bubble time passes only when everyone sleeps, so that expiry is exact.
// The time rapid takes to shrink a failure passes there too: with
// -rapid.shrinktime=24h it takes more.
func TestAStoreInMemoryAgreesWithTheModel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tasktest.StateMachine(t, tasktest.Opener{Open: open, Advance: time.Sleep})
	})
}

func TestAStoreInMemoryAgreesWithTheModelInRealTime(t *testing.T) {
	tasktest.StateMachine(t, tasktest.Opener{Open: open})
}

// store is a store with one kind of work, shut down at the end of the test.
func store(t testing.TB, limits task.Limits, log *slog.Logger, work task.Work) *memory.Store {
	s := memory.New(map[string]task.Work{"work": work}, limits, log)
	t.Cleanup(func() { assert.NoError(t, s.Shutdown(ended())) })
	return s
}

func submit(t testing.TB, s task.Store, spec task.Spec) task.Task {
	t.Helper()
	if spec.Owner == "" {
		spec.Owner = "ann"
	}
	spec.Kind = "work"
	sub, err := s.Submit(context.Background(), spec)
	require.NoError(t, err)
	return sub.Task
}

func get(t testing.TB, s task.Store, id string) task.Task {
	t.Helper()
	got, err := s.Get(context.Background(), "ann", id)
	require.NoError(t, err)
	return got
}

func finish(t testing.TB, s task.Store, id string) task.Task {
	t.Helper()
	got, err := task.Wait(context.Background(), s, "ann", id)
	require.NoError(t, err)
	return got
}

// untilTold is a work that runs until its context ends.
func untilTold(ctx context.Context, _ task.Run) (json.RawMessage, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func ended() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

func TestAResultLargerThanAllMayBeIsRefused(t *testing.T) {
	large := json.RawMessage(`"0123456789"`)
	s := store(t, task.Limits{KeptBytes: 10}, nil, func(context.Context, task.Run) (json.RawMessage, error) { return large, nil })
	kept := submit(t, s, task.Spec{Result: json.RawMessage(`"0123456"`)})

	_, err := s.Submit(t.Context(), task.Spec{Owner: "ann", Kind: "work", Result: large})
	require.ErrorIs(t, err, fault.Limit)
	end := finish(t, s, submit(t, s, task.Spec{}).ID)
	assert.Equal(t, task.Failed, end.Status)
	assert.Contains(t, end.Error, "12 bytes")
	assert.Equal(t, task.Completed, get(t, s, kept.ID).Status, "what was there")
}

func TestTheInputIsTheStoresOwn(t *testing.T) {
	s := store(t, task.Limits{}, nil, untilTold)
	input := json.RawMessage(`{"a":1}`)
	created := submit(t, s, task.Spec{Input: input})
	input[5] = '2'
	assert.JSONEq(t, `{"a":1}`, string(get(t, s, created.ID).Input))
}

func TestAWorkThatEndsItsGoroutineFailsItsTaskAndFreesItsSlot(t *testing.T) {
	s := store(t, task.Limits{Running: 1}, nil, func(context.Context, task.Run) (json.RawMessage, error) {
		runtime.Goexit()
		return nil, nil
	})
	for range 2 {
		assert.Equal(t, task.Failed, finish(t, s, submit(t, s, task.Spec{}).ID).Status)
	}
}

func TestTheLogTellsWhatTheOwnerIsNotShown(t *testing.T) {
	known := fault.New(fault.Unavailable, "no luck").Because(errors.New("the cause"))
	for name, c := range map[string]struct {
		work task.Work
		want []string
	}{
		"panic": {func(context.Context, task.Run) (json.RawMessage, error) { panic("the reason") }, []string{"the reason", "memory_test.go", `"level":"ERROR"`}},
		"error": {func(context.Context, task.Run) (json.RawMessage, error) { return nil, errors.New("the reason") }, []string{"the reason", `"level":"ERROR"`}},
		"fault": {func(context.Context, task.Run) (json.RawMessage, error) { return nil, known }, []string{"no luck", "the cause", `"level":"INFO"`}},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			s := store(t, task.Limits{}, slog.New(slog.NewJSONHandler(&log, nil)), c.work)
			created := submit(t, s, task.Spec{})
			finish(t, s, created.ID)
			require.NoError(t, s.Shutdown(t.Context()))
			for _, want := range append(c.want, created.ID) {
				assert.Contains(t, log.String(), want)
			}
		})
	}
}

func TestTheLogIsQuietAboutCancelledWork(t *testing.T) {
	var log bytes.Buffer
	s := store(t, task.Limits{}, slog.New(slog.NewJSONHandler(&log, nil)), untilTold)
	_, err := s.Cancel(t.Context(), "ann", submit(t, s, task.Spec{}).ID)
	require.NoError(t, err)
	require.NoError(t, s.Shutdown(t.Context()))
	assert.Empty(t, log.String())
}

// Newcomers go ahead of who was served last, but of nobody who waits since
// before them: otherwise a row of newcomers would starve everyone else.
func TestARowOfNewcomersStarvesNobody(t *testing.T) {
	started, goOn := make(chan string), make(chan struct{})
	s := store(t, task.Limits{Running: 1}, nil, func(_ context.Context, run task.Run) (json.RawMessage, error) {
		started <- run.Task().Owner
		<-goOn
		return nil, nil
	})
	submit(t, s, task.Spec{Owner: "ann"})
	submit(t, s, task.Spec{Owner: "ann"})
	served := []string{<-started}
	for _, newcomer := range []string{"bob", "cid", "dan"} {
		submit(t, s, task.Spec{Owner: newcomer})
		goOn <- struct{}{}
		served = append(served, <-started)
	}
	goOn <- struct{}{}
	served = append(served, <-started)
	close(goOn)
	assert.Equal(t, []string{"ann", "bob", "ann", "cid", "dan"}, served)
}
