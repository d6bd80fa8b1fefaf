package tutor_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/generate"
	"github.com/trilha/trilha/internal/shelf"
	"github.com/trilha/trilha/internal/shelf/sqlshelf"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/task/river"
	"github.com/trilha/trilha/internal/tutor"
)

// counted is a run that counts the steps that are carried out, and is held up after
// one of them.
type counted struct {
	task.Run
	count func(step string)
	after func(ctx context.Context, step string)
}

func (c counted) Step(ctx context.Context, name string, do func(context.Context) (json.RawMessage, error)) (json.RawMessage, error) {
	out, err := task.Step(ctx, c.Run, name, func(ctx context.Context) (json.RawMessage, error) {
		c.count(name)
		return do(ctx)
	})
	c.after(ctx, name)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return out, err
}

// process is a tutor over a SQLite file, as one process has it.
type process struct {
	*tutor.Tutor
	tasks task.Store
}

func start(t *testing.T, file string, wrap func(task.Work) task.Work) process {
	t.Helper()
	paths, err := sqlshelf.Open(file, "", 0, nil)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, paths.Close()) })
	g := generate.New(catalog.Embedded())
	works := map[string]task.Work{tutor.PathKind: wrap(tutor.Work(g, paths))}
	tasks, err := river.Open(t.Context(), river.Address{File: file}, river.Options{Works: works})
	require.NoError(t, err)
	return process{tutor.New(catalog.Embedded(), g, paths, tasks), tasks}
}

func (p process) stop(t *testing.T) {
	t.Helper()
	now, cancel := context.WithCancel(context.Background())
	cancel()
	require.NoError(t, p.tasks.Shutdown(now))
}

// A process that is stopped after any step hands its task back, and the next goes on
// after that step.
func TestAnInterruptedPathGoesOnAfterItsLastStep(t *testing.T) {
	t.Parallel()
	for _, last := range []string{"outline", "resources", "quizzes"} {
		t.Run(last, func(t *testing.T) {
			t.Parallel()
			var mu sync.Mutex
			steps := map[string]int{}
			reached := make(chan struct{})
			counting := func(after func(ctx context.Context, step string)) func(task.Work) task.Work {
				count := func(step string) {
					mu.Lock()
					defer mu.Unlock()
					steps[step]++
				}
				return func(w task.Work) task.Work {
					return func(ctx context.Context, run task.Run) (json.RawMessage, error) {
						return w(ctx, counted{run, count, after})
					}
				}
			}
			file := filepath.Join(t.TempDir(), "trilha.db")
			first := start(t, file, counting(func(ctx context.Context, step string) {
				if step == last {
					close(reached)
					<-ctx.Done()
				}
			}))
			sub, err := first.Generate(t.Context(), "ann", python())
			require.NoError(t, err)
			<-reached
			first.stop(t)

			second := start(t, file, counting(func(context.Context, string) {}))
			defer second.stop(t)
			done, err := task.Wait(t.Context(), second.tasks, "ann", sub.Task.ID)
			require.NoError(t, err)
			require.Equal(t, task.Completed, done.Status, done.Error)
			assert.Equal(t, map[string]int{"outline": 1, "resources": 1, "quizzes": 1}, steps)

			straight := opened(t)
			want := straight.wait(t, "ann", straight.order(t, "ann", python()).Task.ID)
			assert.Equal(t, string(want.Result), string(done.Result), "as if it had not been interrupted")
		})
	}
}

// Finished paths are there after a restart, and answer their requests.
func TestPathsOutliveTheirProcess(t *testing.T) {
	t.Parallel()
	plain := func(w task.Work) task.Work { return w }
	file := filepath.Join(t.TempDir(), "trilha.db")
	first := start(t, file, plain)
	sub, err := first.Generate(t.Context(), "ann", python())
	require.NoError(t, err)
	done, err := task.Wait(t.Context(), first.tasks, "ann", sub.Task.ID)
	require.NoError(t, err)
	first.stop(t)

	second := start(t, file, plain)
	defer second.stop(t)
	page, err := second.Paths(t.Context(), "ann", shelf.Query{Words: "python"})
	require.NoError(t, err)
	require.Len(t, page.Paths, 1)
	assert.Equal(t, tutor.PathID(done), page.Paths[0].ID)
	again, err := second.Generate(t.Context(), "ann", python())
	require.NoError(t, err)
	assert.Equal(t, task.Completed, again.Task.Status)
	require.NoError(t, second.DeletePath(t.Context(), "ann", page.Paths[0].ID))
	_, err = second.Path(t.Context(), "ann", done.ID)
	assert.ErrorContains(t, err, "it was deleted")
}
