//go:build linux

package cli_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/disktest"
	"github.com/trilha/trilha/internal/task/river"
)

// bound is how long a command may take that cannot go on.
const bound = 30 * time.Second

// program builds trilha.
func program(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "trilha")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", name, "github.com/trilha/trilha/cmd/trilha").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return name
}

// ends runs a command to its end, and gives its exit code and what it said.
func ends(t *testing.T, name string, args ...string) (code int, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), bound)
	defer cancel()
	var log bytes.Buffer
	c := exec.CommandContext(ctx, name, args...)
	c.Stderr = &log
	err := c.Run()
	require.NoError(t, ctx.Err(), "%v does not end:\n%s", args, log.String())
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		require.NoError(t, err)
	}
	return c.ProcessState.ExitCode(), log.String()
}

// refused asserts that every command that uses a store ends with an error that says why.
func refused(t *testing.T, name, store, why string) {
	t.Helper()
	for _, args := range [][]string{{}, {"generate", "python"}, {"serve", "--addr", "127.0.0.1:0"}, {"worker"}, {"migrate", "up"}, {"paths", "list"}} {
		code, stderr := ends(t, name, append(args, "--store", "sqlite:"+store)...)
		assert.Equal(t, 1, code, "%v: %s", args, stderr)
		assert.Contains(t, stderr, why, "%v", args)
	}
}

func TestAStoreThatCannotBeUsedIsToldByEveryCommand(t *testing.T) {
	t.Parallel()
	if !disktest.Alone(t) {
		return
	}
	name := program(t)
	disk := disktest.New(t, 8192)
	code, stderr := ends(t, name, "generate", "python", "--store", "sqlite:"+disk.Path("old.db"))
	require.Zero(t, code, stderr)

	require.NoError(t, os.WriteFile(disk.Path("text.db"), []byte(strings.Repeat("no database ", 1000)), 0o600))
	refused(t, name, disk.Path("text.db"), "its file is damaged, or no database. Restore a backup")
	damage(t, disk.Path("old.db"), disk.Path("damaged.db"))
	refused(t, name, disk.Path("damaged.db"), "its file is damaged, or no database. Restore a backup")
	newer(t, name, disk.Path("newer.db"))
	refused(t, name, disk.Path("newer.db"), "made by a newer version")
	refused(t, name, disk.Dir, "its file cannot be made")

	disk.Fill(t, 0)
	refused(t, name, disk.Path("fresh.db"), "the disk is full. Make room on it")
	disk.Free(t)
	disk.ReadOnly(t)
	refused(t, name, disk.Path("old.db"), "its disk may not be written. Mount it for writing, or name another place")
	refused(t, name, disk.Path("fresh.db"), "its disk may not be written")
}

// damage copies a database and overwrites its first table pages.
func damage(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	require.NoError(t, err)
	for i := 100; i < len(b); i++ {
		b[i] = 0xa5
	}
	require.NoError(t, os.WriteFile(to, b, 0o600))
}

// newer makes a store that a later version says only it knows.
func newer(t *testing.T, name, path string) {
	t.Helper()
	code, stderr := ends(t, name, "migrate", "up", "--store", "sqlite:"+path)
	require.Zero(t, code, stderr)
	execAt(t, path, `UPDATE task_schema SET version = 99, needs = 99`)
}

// A disk that becomes full while a path is made: however little is left, trilha generate
// ends, with its path or with what is wrong, and goes on once there is room.
func TestGenerateEndsOnADiskThatBecomesFull(t *testing.T) {
	t.Parallel()
	if !disktest.Alone(t) {
		return
	}
	name := program(t)
	disk := disktest.New(t, 8192)
	store := "sqlite:" + disk.Path("trilha.db")
	topics := []string{"python", "go", "linear algebra", "probability and statistics", "machine learning", "data mining", "music theory", "personal finance"}
	full := 0
	for i, topic := range topics {
		disk.Fill(t, 64*i)
		began := time.Now()
		code, stderr := ends(t, name, "generate", topic, "--num-nodes", strconv.Itoa(20), "--store", store)
		t.Logf("%d KiB left: exit code %d after %v\n%s", 64*i, code, time.Since(began), stderr)
		if code == 0 {
			continue
		}
		full++
		assert.Contains(t, stderr, "the disk is full. Make room on it", "%d KiB", 64*i)
	}
	require.NotZero(t, full, "it was never full")
	disk.Free(t)
	for _, topic := range topics {
		code, stderr := ends(t, name, "generate", topic, "--num-nodes", "20", "--store", store)
		assert.Zero(t, code, "%s: %s", topic, stderr)
	}
	schema, err := river.Inspect(t.Context(), river.Address{File: disk.Path("trilha.db")})
	require.NoError(t, err)
	assert.True(t, schema.Current())
}

// execAt runs SQL beside the store.
func execAt(t *testing.T, path, script string) {
	t.Helper()
	db, err := sql.Open("sqlite", path+"?_pragma=busy_timeout(10000)")
	require.NoError(t, err)
	defer db.Close()
	_, err = db.ExecContext(t.Context(), script)
	require.NoError(t, err)
}
