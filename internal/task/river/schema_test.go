package river_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/pgtest"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/task/river"
)

// execAt runs SQL beside the store.
func execAt(t testing.TB, at, script string) {
	t.Helper()
	if address(at).URL == "" {
		db, err := sql.Open("sqlite", at+"?_pragma=busy_timeout(10000)") // the store writes too
		require.NoError(t, err)
		defer db.Close()
		_, err = db.Exec(script)
		require.NoError(t, err)
		return
	}
	conn, err := pgx.Connect(context.Background(), at)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(context.Background(), script, pgx.QueryExecModeSimpleProtocol)
	require.NoError(t, err)
}

// queryAt reads a number beside the store.
func queryAt(t *testing.T, at, query string) (n int) {
	t.Helper()
	if address(at).URL == "" {
		db, err := sql.Open("sqlite", at+"?_pragma=busy_timeout(10000)") // the store writes too
		require.NoError(t, err)
		defer db.Close()
		require.NoError(t, db.QueryRow(query).Scan(&n))
		return n
	}
	conn, err := pgx.Connect(context.Background(), at)
	require.NoError(t, err)
	defer conn.Close(context.Background())
	require.NoError(t, conn.QueryRow(context.Background(), query).Scan(&n))
	return n
}

// The stored copies were made by stores of these schemas, of which an instance was
// killed; that of schema 2 is the third without paths, those of 4 and 5 are the
// third with their migrations. Each schema but the newest has
// one: a migration comes with that of the one before.
func TestAStoreOfAnEarlierSchemaIsUpgradedWithAllThatIsInIt(t *testing.T) {
	for dialect, place := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "trilha.db") },
		"postgres": func(t *testing.T) string { return pgtest.Blank(t) },
	} {
		newest, err := river.Inspect(t.Context(), river.Address{File: filepath.Join(t.TempDir(), "new.db")})
		require.NoError(t, err)
		for schema := 1; schema < newest.Want; schema++ {
			t.Run(fmt.Sprintf("%s %d", dialect, schema), func(t *testing.T) {
				t.Parallel()
				upgraded(t, place(t), schema, dialect)
			})
		}
	}
}

func upgraded(t *testing.T, at string, schema int, dialect string) {
	t.Helper()
	script, err := os.ReadFile(fmt.Sprintf("testdata/schema%d_%s.sql", schema, dialect))
	require.NoError(t, err)
	execAt(t, at, string(script))
	before, err := river.Inspect(t.Context(), address(at))
	require.NoError(t, err)
	assert.Equal(t, schema, before.Have)
	assert.False(t, before.Current())
	_, err = openPlace(at, river.Options{Unmigrated: true})
	assert.ErrorContains(t, err, "trilha migrate up")
	after, err := river.Upgrade(t.Context(), address(at))
	require.NoError(t, err)
	assert.True(t, after.Current())

	st := newStage()
	s := openAt(t, at, river.Options{Works: st.works(), Unmigrated: true})
	begun := map[string]bool{}
	for range 2 {
		w := st.next(t)
		begun[w.run.Task().Description] = true
		w.end <- json.RawMessage(`1`)
	}
	assert.Equal(t, map[string]bool{"interrupted": true, "waits": true}, begun)
	tasks, err := s.All(t.Context(), "", 10)
	require.NoError(t, err)
	for _, each := range tasks {
		if each.Description != "done" { // its copy has it kept for a century
			assert.Equal(t, 24*time.Hour, each.TTL, each.Description)
		}
	}
	again := submit(t, s, task.Spec{IdempotencyKey: "k", Result: json.RawMessage(`{}`)})
	assert.True(t, again.Repeated)
	assert.JSONEq(t, `{"a":1}`, string(again.Task.Result))
}

func TestASchemaThatIsNewerIsRefusedUnlessItOnlyAdds(t *testing.T) {
	everywhere(t, func(t *testing.T, at string) {
		s, err := openPlace(at, river.Options{Works: newStage().works()})
		require.NoError(t, err)
		require.NoError(t, s.Shutdown(context.Background()))
		execAt(t, at, `UPDATE task_schema SET version = 99`)
		openAt(t, at, river.Options{Works: newStage().works()})
		execAt(t, at, `UPDATE task_schema SET needs = 99`)
		_, err = openPlace(at, river.Options{Works: newStage().works()})
		require.ErrorIs(t, err, fault.Unavailable)
		assert.ErrorContains(t, err, "newer version")
	})
}

func TestABackupIsWholeAlthoughOthersWriteAndCanBeOpened(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "trilha.db")
	st := newStage()
	s := openAt(t, path, river.Options{Works: st.works()})
	kept := submit(t, s, task.Spec{Result: json.RawMessage(`"kept"`)}).Task
	running := submit(t, s, task.Spec{}).Task
	st.next(t)
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			select {
			case <-stop:
				return
			default:
				_, _ = s.Submit(context.Background(), task.Spec{Owner: "bob", Kind: "work", Result: json.RawMessage(`1`)})
			}
		}
	}()
	backup := filepath.Join(t.TempDir(), "copy.db")
	require.NoError(t, river.Backup(t.Context(), path, backup))
	close(stop)
	<-stopped
	require.ErrorIs(t, river.Backup(t.Context(), path, backup), fault.Conflict, "there is one already")
	require.ErrorIs(t, river.Backup(t.Context(), path+"x", backup+"x"), fault.NotFound)

	second := newStage()
	restored := openAt(t, backup, river.Options{Works: second.works()})
	assert.Equal(t, kept, get(t, restored, kept.ID))
	w := second.next(t)
	assert.Equal(t, running.ID, w.run.Task().ID, "what ran is resumed")
	w.end <- json.RawMessage(`1`)
	assert.Equal(t, task.Completed, finish(t, restored, running.ID).Status)
}

func TestAFileThatIsNoStoreIsToldAndLeftAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "notes.txt")
	notes := []byte("These are notes of somebody, and no database at all; they shall stay as they are.")
	require.NoError(t, os.WriteFile(path, notes, 0o600))
	_, err := openPlace(path, river.Options{Works: newStage().works()})
	require.ErrorIs(t, err, fault.Unavailable)
	assert.ErrorContains(t, err, "damaged, or no database")
	left, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, notes, left)
}

func TestWhileTheDatabaseIsAwayCreatesFailFastAndWorkGoesOn(t *testing.T) {
	t.Parallel()
	server, err := pgtest.Start()
	pgtest.Need(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Remove()) })
	require.NoError(t, server.Create("away"))
	st := newStage()
	s := openAt(t, server.URL("away"), river.Options{Works: st.works()})
	running := submit(t, s, task.Spec{Watch: true})
	w := st.next(t)

	require.NoError(t, server.Down())
	begin := time.Now()
	_, err = s.Submit(context.Background(), task.Spec{Owner: "ann", Kind: "work"})
	require.ErrorIs(t, err, fault.Unavailable)
	assert.Less(t, time.Since(begin), 2*time.Second)
	require.NoError(t, w.ctx.Err(), "running work goes on")
	w.run.Report(50, "while it is away")
	w.end <- json.RawMessage(`"done"`)

	require.NoError(t, server.Up())
	var last task.Task
	for e := range running.Watch.Events {
		last = e
	}
	assert.Equal(t, task.Completed, last.Status)
	assert.Equal(t, last, get(t, s, running.Task.ID))
	next := submit(t, s, task.Spec{})
	st.next(t).end <- json.RawMessage(`1`)
	assert.Equal(t, task.Completed, finish(t, s, next.Task.ID).Status)
}
