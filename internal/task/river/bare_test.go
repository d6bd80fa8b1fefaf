package river_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/pgtest"
)

type bareArgs struct{}

func (bareArgs) Kind() string { return "bare" }

// BenchmarkBareRiver is what BenchmarkCreateToStart is measured against: River alone,
// of the same version and on the same database, with nothing kept but its jobs.
func BenchmarkBareRiver(b *testing.B) {
	b.Run("SQLite", func(b *testing.B) {
		db, err := sql.Open("sqlite", "file:"+filepath.Join(b.TempDir(), "river.db")+"?_busy_timeout=5000&_journal_mode=WAL&_synchronous=NORMAL&_txlock=immediate")
		require.NoError(b, err)
		defer db.Close()
		db.SetMaxOpenConns(1)
		bare(b, riversqlite.New(db))
	})
	b.Run("Postgres", func(b *testing.B) {
		pool, err := pgxpool.New(b.Context(), pgtest.Blank(b))
		require.NoError(b, err)
		defer pool.Close()
		bare(b, riverpgxv5.New(pool))
	})
}

func bare[T any](b *testing.B, d riverdriver.Driver[T]) {
	m, err := rivermigrate.New(d, nil)
	require.NoError(b, err)
	_, err = m.Migrate(b.Context(), rivermigrate.DirectionUp, nil)
	require.NoError(b, err)
	begun := make(chan time.Time, 1)
	workers := river.NewWorkers()
	river.AddWorker(workers, river.WorkFunc(func(context.Context, *river.Job[bareArgs]) error {
		begun <- time.Now()
		return nil
	}))
	c, err := river.NewClient(d, &river.Config{
		Queues: map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 8}}, Workers: workers,
		FetchCooldown: 5 * time.Millisecond, FetchPollInterval: 50 * time.Millisecond,
	})
	require.NoError(b, err)
	require.NoError(b, c.Start(context.Background()))
	defer func() { require.NoError(b, c.StopAndCancel(context.Background())) }()
	var took []time.Duration
	for b.Loop() {
		at := time.Now()
		_, err := c.Insert(b.Context(), bareArgs{}, nil)
		require.NoError(b, err)
		took = append(took, (<-begun).Sub(at))
	}
	p50(b, took)
}
