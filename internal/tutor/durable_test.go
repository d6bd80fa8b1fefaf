package tutor_test

import (
	"context"
	"crypto/sha256"
	dbsql "database/sql"
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/generate"
	"github.com/trilha/trilha/internal/learning"
	"github.com/trilha/trilha/internal/pgtest"
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

func (c counted) StepCursor(ctx context.Context, name string, do task.CursorStep) (json.RawMessage, error) {
	out, err := task.StepCursor(ctx, c.Run, name, func(ctx context.Context, cursor json.RawMessage, commit task.Commit) (json.RawMessage, error) {
		c.count(name)
		return do(ctx, cursor, commit)
	})
	c.after(ctx, name)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return out, err
}

// databases gives a fresh one of each kind.
var databases = map[string]func(*testing.T) river.Address{
	"SQLite":   func(t *testing.T) river.Address { return river.Address{File: filepath.Join(t.TempDir(), "trilha.db")} },
	"Postgres": func(t *testing.T) river.Address { return river.Address{URL: pgtest.Database(t)} },
}

// process is a tutor over a database, as one process has it.
type process struct {
	*tutor.Tutor
	tasks task.Store
}

func start(t *testing.T, at river.Address, wrap func(task.Work) task.Work) process {
	t.Helper()
	paths, err := sqlshelf.Open(at.File, at.URL, 0, nil)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, paths.Close()) })
	g := generate.New(catalog.Embedded())
	works := map[string]task.Work{tutor.PathKind: wrap(tutor.Work(g, paths))}
	tasks, err := river.Open(t.Context(), at, river.Options{Works: works})
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
// version ends the names of steps.
var version = " " + catalog.Embedded().Version()

func TestAnInterruptedPathGoesOnAfterItsLastStep(t *testing.T) {
	t.Parallel()
	for kind, fresh := range databases {
		for _, last := range []string{"outline" + version, "resources" + version, "quizzes" + version} {
			t.Run(kind+" after "+last, func(t *testing.T) {
				t.Parallel()
				interrupted(t, fresh(t), last)
			})
		}
	}
}

func interrupted(t *testing.T, at river.Address, last string) {
	t.Helper()
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
	first := start(t, at, counting(func(ctx context.Context, step string) {
		if step == last {
			close(reached)
			<-ctx.Done()
		}
	}))
	sub, err := first.Generate(t.Context(), "ann", python())
	require.NoError(t, err)
	<-reached
	first.stop(t)

	second := start(t, at, counting(func(context.Context, string) {}))
	defer second.stop(t)
	done, err := task.Wait(t.Context(), second.tasks, "ann", sub.Task.ID)
	require.NoError(t, err)
	require.Equal(t, task.Completed, done.Status, done.Error)
	assert.Equal(t, map[string]int{"outline" + version: 1, "resources" + version: 1, "quizzes" + version: 1}, steps)

	straight := opened(t)
	want := straight.wait(t, "ann", straight.order(t, "ann", python()).Task.ID)
	assert.Equal(t, string(want.Result), string(done.Result), "as if it had not been interrupted")
}

// Finished paths are there after a restart, and answer their requests.
func TestPathsOutliveTheirProcess(t *testing.T) {
	t.Parallel()
	for kind, fresh := range databases {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			outlived(t, fresh(t))
		})
	}
}

func outlived(t *testing.T, at river.Address) {
	t.Helper()
	plain := func(w task.Work) task.Work { return w }
	order := python()
	for i := range 60 { // longer than an index of Postgres takes
		order.Outline = append(order.Outline, learning.OutlineItem{Title: fmt.Sprintf("%x", sha256.Sum256([]byte{byte(i)}))})
	}
	first := start(t, at, plain)
	sub, err := first.Generate(t.Context(), "ann", order)
	require.NoError(t, err)
	done, err := task.Wait(t.Context(), first.tasks, "ann", sub.Task.ID)
	require.NoError(t, err)
	first.stop(t)

	second := start(t, at, plain)
	defer second.stop(t)
	page, err := second.Paths(t.Context(), "ann", shelf.Query{Words: "python"})
	require.NoError(t, err)
	require.Len(t, page.Paths, 1)
	assert.Equal(t, tutor.PathID(done), page.Paths[0].ID)
	again, err := second.Generate(t.Context(), "ann", order)
	require.NoError(t, err)
	assert.Equal(t, task.Completed, again.Task.Status)
	require.NoError(t, second.DeletePath(t.Context(), "ann", page.Paths[0].ID))
	_, err = second.Path(t.Context(), "ann", done.ID)
	assert.ErrorContains(t, err, "it was deleted")
}

// A path that cannot be kept leaves its task unfinished, and once it can both are
// there: no crash in between leaves one without the other.
func TestAPathAndTheEndOfItsTaskAreKeptTogether(t *testing.T) {
	t.Parallel()
	for kind, fresh := range databases {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			at := fresh(t)
			made := make(chan struct{})
			p := start(t, at, func(w task.Work) task.Work {
				return func(ctx context.Context, run task.Run) (json.RawMessage, error) {
					defer close(made)
					return w(ctx, run)
				}
			})
			defer p.stop(t)
			script(t, at, `ALTER TABLE paths RENAME TO hidden`)
			sub, err := p.tasks.Submit(t.Context(), planned(t))
			require.NoError(t, err)
			<-made
			within, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
			defer cancel()
			still, err := task.Wait(within, p.tasks, "ann", sub.Task.ID)
			require.NoError(t, err)
			assert.Equal(t, task.Running, still.Status)
			script(t, at, `ALTER TABLE hidden RENAME TO paths`)
			done, err := task.Wait(t.Context(), p.tasks, "ann", sub.Task.ID)
			require.NoError(t, err)
			require.Equal(t, task.Completed, done.Status)
			_, err = p.Path(t.Context(), "ann", tutor.PathID(done))
			require.NoError(t, err)
		})
	}
}

// planned is a task as Generate makes it, without a look at the shelf.
func planned(t *testing.T) task.Spec {
	t.Helper()
	plan, err := generate.New(catalog.Embedded()).Plan(python().Request)
	require.NoError(t, err)
	input, err := json.Marshal(plan)
	require.NoError(t, err)
	return task.Spec{Owner: "ann", Kind: tutor.PathKind, Input: input}
}

// script runs SQL beside the store.
func script(t *testing.T, at river.Address, sql string) {
	t.Helper()
	driver, name := "sqlite", at.File+"?_pragma=busy_timeout(10000)"
	if at.URL != "" {
		driver, name = "pgx", at.URL
	}
	db, err := dbsql.Open(driver, name)
	require.NoError(t, err)
	defer db.Close()
	_, err = db.ExecContext(t.Context(), sql)
	require.NoError(t, err)
}
