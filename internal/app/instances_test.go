package app_test

import (
	"bufio"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/app"
	"github.com/trilha/trilha/internal/pgtest"
	"github.com/trilha/trilha/internal/task"
)

// Two `trilha serve` that do no work, and a worker, on one Postgres: what is created
// on one is watched and cancelled on the other. The first worker is one that the test
// holds back, since a path takes milliseconds; the second is `trilha worker`.
func TestTwoServersAndAWorkerShareOnePostgres(t *testing.T) {
	url := freshPostgres(t)
	program := filepath.Join(t.TempDir(), "trilha")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "github.com/trilha/trilha/cmd/trilha").CombinedOutput()
	require.NoError(t, err, "%s", out)
	serve := func() <-chan string {
		return starts(t, program, "serve", "--workers", "0", "--addr", "127.0.0.1:0", "--store", url)
	}
	first, second := serve(), serve() // at once, on an empty database
	one, _ := libraryAt(t, listens(t, first))
	two, told := libraryAt(t, listens(t, second))

	create := func(on *library, topic string) string {
		created := structured(t, on.request("tools/call", toolCall("generate_learning_path_async", map[string]any{"topic": topic})))
		id, _ := created["task_id"].(string)
		require.NotEmpty(t, id, created)
		return id
	}
	wait := func(on *library, id string) <-chan any {
		ended := make(chan any, 1)
		go func() {
			r := mcp.CallToolRequest{}
			r.Params.Name, r.Params.Arguments = "get_task_status", map[string]any{"task_id": id, "wait_seconds": 45}
			r.Params.Meta = &mcp.Meta{ProgressToken: id}
			result, err := on.c.CallTool(t.Context(), r)
			if assert.NoError(t, err) {
				ended <- result.StructuredContent
			}
		}()
		return ended
	}

	// Watched on the other.
	id := create(one, "machine learning")
	watched := wait(two, id)
	g, left := newGate(), make(chan error, 10)
	worker := heldWorker(t, url, g, left)
	assert.Equal(t, id, await(t, g.started, "the work"))
	assert.InDelta(t, 3, await(t, told, "progress").Params.AdditionalFields["progress"], 0)
	g.open <- struct{}{} // for one
	status, _ := await(t, watched, "the end").(map[string]any)
	require.Equal(t, "completed", status["status"], status)
	path := structured(t, two.request("tools/call", toolCall("get_learning_path", map[string]any{"id": status["path_id"]})))
	assert.EqualValues(t, 15, path["steps"])
	require.NoError(t, await(t, left, "the work's return"))

	// Cancelled on the other while it runs.
	id = create(two, "linear algebra")
	assert.Equal(t, id, await(t, g.started, "the work"))
	watched = wait(two, id)
	assert.Equal(t, "cancelled", structured(t, one.request("tools/call", toolCall("cancel_task", map[string]any{"task_id": id})))["status"])
	status, _ = await(t, watched, "the end").(map[string]any)
	assert.Equal(t, "cancelled", status["status"])
	require.ErrorIs(t, await(t, left, "the work's return"), context.Canceled)
	require.NoError(t, worker.Close())

	// Cancelled on the other while it waits, with nobody to run it; then `trilha worker`
	// comes, and takes what is left.
	id, next := create(one, "python"), create(two, "music theory")
	assert.Equal(t, "cancelled", structured(t, two.request("tools/call", toolCall("cancel_task", map[string]any{"task_id": id})))["status"])
	watched = wait(one, next)
	starts(t, program, "worker", "--store", url)
	status, _ = await(t, watched, "the end").(map[string]any)
	assert.Equal(t, "completed", status["status"])
	cancelled := structured(t, one.request("tools/call", toolCall("get_task_status", map[string]any{"task_id": id})))
	assert.Equal(t, "cancelled", cancelled["status"])
}

func freshPostgres(t *testing.T) string {
	t.Helper()
	server, err := pgtest.Start()
	pgtest.Need(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Remove()) })
	require.NoError(t, server.Create("shared"))
	return server.URL("shared")
}

// heldWorker works in this process, and holds every task at g; left is told how each
// work returned.
func heldWorker(t *testing.T, url string, g *gate, left chan<- error) *app.App {
	t.Helper()
	c := settings()
	c.Store = url
	return app.NewAround(c, t.Output(), func(work task.Work) task.Work {
		held := g.around(work)
		return func(ctx context.Context, run task.Run) (json.RawMessage, error) {
			out, err := held(ctx, run)
			left <- err
			return out, err
		}
	})
}

// starts runs the program until the test ends, when it must stop well, and gives its
// lines of log.
func starts(t *testing.T, program string, arguments ...string) <-chan string {
	t.Helper()
	c := exec.CommandContext(context.Background(), program, arguments...)
	c.Env = append(os.Environ(), "HOME="+t.TempDir())
	log, err := c.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start())
	lines := make(chan string, 1000)
	go func() {
		defer close(lines)
		for scan := bufio.NewScanner(log); scan.Scan(); {
			lines <- scan.Text()
		}
	}()
	t.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM)
		for line := range lines {
			t.Log(line)
		}
		assert.NoError(t, c.Wait(), "%v", arguments)
	})
	return lines
}

var listening = regexp.MustCompile(`http://[^/]+`)

// listens gives the address that a server says it has.
func listens(t *testing.T, log <-chan string) string {
	t.Helper()
	for {
		line := await(t, log, "where the server listens")
		if base := listening.FindString(line); base != "" {
			return base
		}
	}
}

// libraryAt is mcp-go's client of a server, and what it is told.
func libraryAt(t *testing.T, base string) (*library, <-chan mcp.JSONRPCNotification) {
	t.Helper()
	c, err := client.NewStreamableHttpClient(base+"/mcp", transport.WithHTTPBasicClient(httpClient(t)))
	require.NoError(t, err)
	told := make(chan mcp.JSONRPCNotification, 1000)
	c.OnNotification(func(n mcp.JSONRPCNotification) { told <- n })
	require.NoError(t, c.Start(t.Context()))
	t.Cleanup(func() { c.Close() })
	l := &library{t, "2025-06-18", c}
	l.open()
	return l, told
}
