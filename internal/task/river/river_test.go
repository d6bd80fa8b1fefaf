package river_test

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/trilha/trilha/internal/disktest"
	"github.com/trilha/trilha/internal/pgtest"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/task/river"
	"github.com/trilha/trilha/internal/task/tasktest"
)

func TestMain(m *testing.M) {
	if at := os.Getenv(childEnv); at != "" {
		os.Exit(childMain(at))
	}
	flag.Parse()
	if !given("rapid.checks") {
		_ = flag.Set("rapid.checks", "8") // each opens a store
	}
	code := pgtest.Run(m, func(url string) error {
		s, err := river.Open(context.Background(), river.Address{URL: url}, river.Options{Idle: true})
		if err != nil {
			return err
		}
		return s.Shutdown(context.Background())
	})
	if code == 0 && !disktest.Inside() { // River is not done at once with a disk that is full
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

func given(name string) (is bool) {
	flag.Visit(func(f *flag.Flag) { is = is || f.Name == name })
	return is
}

func testLog() *slog.Logger {
	if os.Getenv("TRILHA_TEST_LOG") == "" {
		return nil
	}
	return slog.New(slog.NewTextHandler(os.Stderr, nil))
}

func openSQLite(t *testing.T, works map[string]task.Work, limits task.Limits) task.Store {
	t.Helper()
	s, err := river.Open(context.Background(), river.Address{File: filepath.Join(t.TempDir(), "trilha.db")}, river.Options{Works: works, Limits: limits, Log: testLog()})
	require.NoError(t, err)
	return s
}

func openPostgres(t *testing.T, works map[string]task.Work, limits task.Limits) task.Store {
	t.Helper()
	s, err := river.Open(context.Background(), river.Address{URL: pgtest.Database(t)}, river.Options{Works: works, Limits: limits, Log: testLog()})
	require.NoError(t, err)
	return s
}

func TestAStoreInPostgresKeepsTheContract(t *testing.T) {
	t.Parallel()
	tasktest.Run(t, openPostgres)
}

func TestAStoreInPostgresAgreesWithTheModel(t *testing.T) {
	t.Parallel()
	tasktest.StateMachine(t, tasktest.Opener{Open: openPostgres})
}

func TestAStoreInSQLiteKeepsTheContract(t *testing.T) {
	t.Parallel()
	tasktest.Run(t, openSQLite)
}

func TestAStoreInSQLiteAgreesWithTheModel(t *testing.T) {
	t.Parallel()
	tasktest.StateMachine(t, tasktest.Opener{Open: openSQLite})
}
