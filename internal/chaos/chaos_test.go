package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/pgtest"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/task/river"
)

func TestMain(m *testing.M) {
	if at := os.Getenv(instanceEnv); at != "" {
		os.Exit(instanceMain(at))
	}
	os.Exit(m.Run())
}

func TestNothingIsLostOnSQLite(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	assert.NoError(t, onSQLite(t.Context(), short(), &out), "%s", &out)
	t.Log(out.String())
}

func TestNothingIsLostOnPostgres(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	err := onPostgres(t.Context(), short(), &out)
	if err != nil && out.Len() == 0 {
		pgtest.Need(t, err)
	}
	assert.NoError(t, err, "%s", &out)
	t.Log(out.String())
}

// An assistant and an editor start their servers with the machine, and there is no
// file yet.
func TestTwoProcessesThatStartAtOnceOnAFreshFileLoseNothing(t *testing.T) {
	t.Parallel()
	for range 50 {
		s := setting{At: filepath.Join(t.TempDir(), "trilha.db")}
		var both sync.WaitGroup
		for who := range 2 {
			both.Go(func() { assert.NoError(t, makesFive(t, s, fmt.Sprint("owner-", who))) })
		}
		both.Wait()
		reader, err := river.Open(t.Context(), s.address(), river.Options{Idle: true})
		require.NoError(t, err)
		for who := range 2 {
			page, err := reader.List(t.Context(), fmt.Sprint("owner-", who), task.Filter{})
			require.NoError(t, err)
			assert.Equal(t, 5, page.Total)
		}
		require.NoError(t, reader.Shutdown(t.Context()))
	}
}

// makesFive starts an instance, makes tasks as soon as it is there, and stops it.
func makesFive(t *testing.T, s setting, owner string) error {
	t.Helper()
	c, err := startChild(s, t.Output(), func(*child, line) {})
	if err != nil {
		return err
	}
	select {
	case <-c.ready:
	case <-c.dead:
	}
	for i := range 5 {
		r := request{Op: "create", Owner: owner, Key: fmt.Sprint(i), Input: []byte(`{"steps":[1]}`)}
		if l, err := c.call(t.Context(), r); err != nil || l.Error != "" {
			return fmt.Errorf("%s: %s (%w)", owner, l.Error, err)
		}
	}
	return c.stop()
}
