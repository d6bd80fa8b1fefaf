package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

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
	var all sync.WaitGroup
	for range 5 { // at a time: most of it is waiting
		all.Go(func() {
			for range 10 {
				assert.NoError(t, twoOnAFreshFile(t))
			}
		})
	}
	all.Wait()
}

func twoOnAFreshFile(t *testing.T) error {
	t.Helper()
	s := setting{At: filepath.Join(t.TempDir(), "trilha.db")}
	errs := make([]error, 2)
	var both sync.WaitGroup
	for who := range errs {
		both.Go(func() { errs[who] = makesFive(t, s, fmt.Sprint("owner-", who)) })
	}
	both.Wait()
	reader, err := river.Open(t.Context(), s.address(), river.Options{Idle: true})
	if err != nil {
		return err
	}
	for who := range errs {
		page, err := reader.List(t.Context(), fmt.Sprint("owner-", who), task.Filter{})
		if err == nil && page.Total != 5 {
			err = fmt.Errorf("owner-%d made 5 tasks, and there are %d", who, page.Total)
		}
		errs[who] = errors.Join(errs[who], err)
	}
	return errors.Join(errs[0], errs[1], reader.Shutdown(t.Context()))
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
