package tutor_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/generate"
	"github.com/trilha/trilha/internal/learning"
	"github.com/trilha/trilha/internal/pgtest"
	"github.com/trilha/trilha/internal/shelf"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/task/memory"
	"github.com/trilha/trilha/internal/tutor"
)

func TestMain(m *testing.M) {
	code := pgtest.Run(m, nil)
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// school is a tutor over tasks in memory. While its gate is shut no path is begun.
type school struct {
	*tutor.Tutor
	tasks task.Store
	shelf tutor.Shelf
	gate  chan struct{}
}

func (s *school) open() { close(s.gate) }

func shut(t *testing.T) *school {
	t.Helper()
	c := catalog.Embedded()
	g := generate.New(c)
	s := &school{shelf: shelf.NewMemory(0, 1<<20), gate: make(chan struct{})}
	work := tutor.Work(g, s.shelf)
	gated := func(ctx context.Context, run task.Run) (json.RawMessage, error) {
		select {
		case <-s.gate:
			return work(ctx, run)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	s.tasks = memory.New(map[string]task.Work{tutor.PathKind: gated}, task.Limits{}, nil)
	s.Tutor = tutor.New(c, g, s.shelf, s.tasks)
	t.Cleanup(func() {
		now, cancel := context.WithCancel(context.Background())
		cancel()
		assert.NoError(t, s.tasks.Shutdown(now))
	})
	return s
}

func opened(t *testing.T) *school {
	t.Helper()
	s := shut(t)
	s.open()
	return s
}

func python() tutor.Order { return tutor.Order{Request: learning.Request{Topic: "Python"}} }

func (s *school) order(t *testing.T, owner string, o tutor.Order) task.Submission {
	t.Helper()
	sub, err := s.Generate(t.Context(), owner, o)
	require.NoError(t, err)
	return sub
}

func (s *school) wait(t *testing.T, owner, id string) task.Task {
	t.Helper()
	done, err := task.Wait(t.Context(), s.tasks, owner, id)
	require.NoError(t, err)
	return done
}

func TestAnOrderBecomesATaskThatMakesAPath(t *testing.T) {
	t.Parallel()
	s := opened(t)
	made := s.order(t, "ann", python())
	assert.False(t, made.Repeated)
	assert.Equal(t, "Generate learning path for topic: Python", made.Task.Description)
	done := s.wait(t, "ann", made.Task.ID)
	require.Equal(t, task.Completed, done.Status, done.Error)
	assert.GreaterOrEqual(t, len(done.Messages), 5)
	byTask, err := s.Path(t.Context(), "ann", made.Task.ID)
	require.NoError(t, err)
	require.NoError(t, byTask.Validate())
	assert.Equal(t, byTask.ID, tutor.PathID(done))
	byID, err := s.Path(t.Context(), "ann", byTask.ID)
	require.NoError(t, err)
	assert.Equal(t, byTask, byID)
}

func TestTheSameRequestLaterIsAnsweredAtOnceWithTheSameBytes(t *testing.T) {
	t.Parallel()
	s := opened(t)
	first := s.wait(t, "ann", s.order(t, "ann", python()).Task.ID)
	o := python()
	o.Topic, o.Language, o.Priority = " Python ", "en", task.High
	again := s.order(t, "ann", o)
	assert.False(t, again.Repeated)
	assert.NotEqual(t, first.ID, again.Task.ID)
	assert.Equal(t, task.Completed, again.Task.Status)
	assert.Equal(t, 100, again.Task.Progress)
	assert.Equal(t, string(first.Result), string(again.Task.Result))
	other := s.order(t, "bob", python())
	assert.NotEqual(t, task.Completed, other.Task.Status, "another owner's shelf is their own")
	bobs := s.wait(t, "bob", other.Task.ID)
	assert.Equal(t, string(first.Result), string(bobs.Result), "though the path is the same")
}

func TestIdenticalRequestsInFlightAreOneTask(t *testing.T) {
	t.Parallel()
	s := shut(t)
	first := s.order(t, "ann", python())
	second := s.order(t, "ann", python())
	assert.True(t, second.Repeated)
	assert.Equal(t, first.Task.ID, second.Task.ID)
	bobs := s.order(t, "bob", python())
	assert.NotEqual(t, first.Task.ID, bobs.Task.ID, "of one owner only")
	o := python()
	o.NumNodes = 9
	assert.NotEqual(t, first.Task.ID, s.order(t, "ann", o).Task.ID, "and of one request only")
	s.open()
	assert.Equal(t, task.Completed, s.wait(t, "ann", first.Task.ID).Status)
}

func TestAnIdempotencyKeyBelongsToOneRequest(t *testing.T) {
	t.Parallel()
	s := opened(t)
	o := python()
	o.IdempotencyKey = "k"
	first := s.order(t, "ann", o)
	s.wait(t, "ann", first.Task.ID)
	again := s.order(t, "ann", o)
	assert.True(t, again.Repeated, "even after it has ended")
	assert.Equal(t, first.Task.ID, again.Task.ID)
	o.NumNodes = 9
	_, err := s.Generate(t.Context(), "ann", o)
	require.ErrorIs(t, err, fault.Conflict)
	_, err = s.Generate(t.Context(), "bob", o)
	require.NoError(t, err, "keys are an owner's own")
}

func TestAWrongTopicIsToldWithoutATask(t *testing.T) {
	t.Parallel()
	s := opened(t)
	for topic, kind := range map[string]fault.Kind{"": fault.Invalid, "qqqq xxxx": fault.NotFound} {
		_, err := s.Generate(t.Context(), "ann", tutor.Order{Request: learning.Request{Topic: topic}})
		require.ErrorIs(t, err, kind)
	}
	page, err := s.Tasks(t.Context(), "ann", task.Filter{})
	require.NoError(t, err)
	assert.Empty(t, page.Tasks)
}

func TestAnotherOwnersTasksAndPathsAreNotFound(t *testing.T) {
	t.Parallel()
	s := opened(t)
	done := s.wait(t, "ann", s.order(t, "ann", python()).Task.ID)
	ctx := t.Context()
	for _, id := range []string{done.ID, tutor.PathID(done), "nonsense", ""} {
		_, err := s.Task(ctx, "eve", id)
		assert.ErrorIs(t, err, fault.NotFound, "task %q", id)
		_, err = s.Watch(ctx, "eve", id)
		assert.ErrorIs(t, err, fault.NotFound, "watch %q", id)
		_, err = s.Cancel(ctx, "eve", id)
		assert.ErrorIs(t, err, fault.NotFound, "cancel %q", id)
		_, err = s.Path(ctx, "eve", id)
		assert.ErrorIs(t, err, fault.NotFound, "path %q", id)
		e, ok := fault.Of(err)
		require.True(t, ok)
		assert.Contains(t, e.Remedy, "list_tasks")
	}
	page, err := s.Tasks(ctx, "eve", task.Filter{})
	require.NoError(t, err)
	assert.Empty(t, page.Tasks)
}

func TestAPathThatIsNotReadySaysHowToWait(t *testing.T) {
	t.Parallel()
	s := shut(t)
	id := s.order(t, "ann", python()).Task.ID
	_, err := s.Path(t.Context(), "ann", id)
	require.ErrorIs(t, err, fault.Conflict)
	assert.ErrorContains(t, err, "get_task_status")
	assert.ErrorContains(t, err, id)
	cancelled, err := s.Cancel(t.Context(), "ann", id)
	require.NoError(t, err)
	assert.Equal(t, task.Cancelled, cancelled.Status)
	_, err = s.Path(t.Context(), "ann", id)
	require.ErrorIs(t, err, fault.Conflict)
	assert.ErrorContains(t, err, "generate_learning_path_async")
	assert.NotContains(t, err.Error(), "get_task_status", "no use in waiting")
	s.open()
	assert.NotEqual(t, id, s.order(t, "ann", python()).Task.ID, "a cancelled task is not repeated")
}

func TestAWatchSeesTheEndOfItsOrder(t *testing.T) {
	t.Parallel()
	s := shut(t)
	o := python()
	o.Watch = true
	sub := s.order(t, "ann", o)
	require.NotNil(t, sub.Watch)
	defer sub.Watch.Stop()
	s.open()
	last, progress := task.Task{}, -1
	for seen := range sub.Watch.Events {
		assert.GreaterOrEqual(t, seen.Progress, progress)
		last, progress = seen, seen.Progress
	}
	assert.Equal(t, task.Completed, last.Status)
	assert.Equal(t, 100, last.Progress)
}

func TestThePathIDIsReadFromACompletedTaskOnly(t *testing.T) {
	t.Parallel()
	id := "0123abcd-0123-4567-89ab-0123456789ab"
	for raw, want := range map[string]string{
		`{"id":"` + id + `","title":"x"}`:             id,
		`{ "title": "x", "id": "` + id + `"}`:         id,
		`{"id":"short"}`:                              "short",
		`{"title":"` + strings.Repeat("x", 60) + `"}`: "",
		`null`: "", ``: "", `[1]`: "",
	} {
		assert.Equal(t, want, tutor.PathID(task.Task{Status: task.Completed, Result: json.RawMessage(raw)}), raw)
		assert.Empty(t, tutor.PathID(task.Task{Status: task.Running, Result: json.RawMessage(raw)}))
	}
}

func TestWorkRefusesAnInputThatIsNoPlan(t *testing.T) {
	t.Parallel()
	s := opened(t)
	sub, err := s.tasks.Submit(t.Context(), task.Spec{Owner: "ann", Kind: tutor.PathKind, Input: json.RawMessage(`[]`)})
	require.NoError(t, err)
	done := s.wait(t, "ann", sub.Task.ID)
	assert.Equal(t, task.Failed, done.Status)
	assert.NotContains(t, done.Error, "json", "what went wrong inside is for the log")
}

func TestSearchTellsWhatAConceptIsAndHowNear(t *testing.T) {
	t.Parallel()
	s := opened(t)
	found, err := s.Search("autovalores", "pt", 3)
	require.NoError(t, err)
	require.NotEmpty(t, found)
	assert.LessOrEqual(t, len(found), 3)
	assert.Equal(t, "linear-algebra/eigenvalue", found[0].ID)
	assert.Equal(t, "Autovalores e autovetores", found[0].Title)
	assert.Equal(t, "intermediate", found[0].Level)
	assert.NotEmpty(t, found[0].Requires)
	assert.InDelta(t, 1, found[0].Score, 0)
	none, err := s.Search("qqqq xxxx", "en", 3)
	require.NoError(t, err)
	assert.Equal(t, []tutor.Found{}, none, "an empty list, for JSON")
	subject, err := s.Search("python", "en", 1)
	require.NoError(t, err)
	assert.Empty(t, subject[0].Level, "a subject has none")
}

func TestAConceptIsFoundByItsID(t *testing.T) {
	t.Parallel()
	s := opened(t)
	c, err := s.Concept("python/list")
	require.NoError(t, err)
	assert.Equal(t, "python/list", c.ID)
	_, err = s.Concept("python/none")
	require.ErrorIs(t, err, fault.NotFound)
}
