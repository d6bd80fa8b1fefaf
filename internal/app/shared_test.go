package app_test

import (
	"context"
	"encoding/json"
	"path/filepath"
	"testing"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/app"
	"github.com/trilha/trilha/internal/pgtest"
	"github.com/trilha/trilha/internal/task"
)

// Two servers that leave the work to others, and a worker, share a store; each server
// has a client of its own.
func TestServersAndAWorkerShareAStore(t *testing.T) {
	t.Parallel()
	for name, place := range map[string]func() string{
		"SQLite":   func() string { return "sqlite:" + filepath.Join(t.TempDir(), "trilha.db") },
		"Postgres": func() string { return pgtest.Database(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := settings()
			c.Store = place()
			open := func(mode app.Mode, wrap func(task.Work) task.Work) *app.App {
				a, err := app.NewShared(c, mode, t.Output(), wrap)
				require.NoError(t, err)
				return a
			}
			unwrapped := func(w task.Work) task.Work { return w }
			one := connect(t, serveHTTP(t, open(app.HTTPOnly, unwrapped)))
			two := connect(t, serveHTTP(t, open(app.HTTPOnly, unwrapped)))
			g := newGate()
			ended := make(chan error, 10)
			worker := open(app.HTTP, func(w task.Work) task.Work {
				return func(ctx context.Context, run task.Run) (json.RawMessage, error) {
					out, err := g.around(w)(ctx, run)
					ended <- ctx.Err()
					return out, err
				}
			})
			ctx, stop := context.WithCancel(context.Background())
			working := make(chan error, 1)
			go func() { working <- worker.Work(ctx) }()
			t.Cleanup(func() {
				stop()
				assert.NoError(t, await(t, working, "the worker"))
			})

			made := one.call("generate_learning_path_async", map[string]any{"topic": "python", "num_nodes": 5})
			id, _ := made["task_id"].(string)
			assert.Equal(t, id, await(t, g.started, "the worker to begin"))
			seen := two.call("get_task_status", map[string]any{"task_id": id})
			assert.Equal(t, "running", seen["status"])
			assert.Equal(t, "cancelled", two.call("cancel_task", map[string]any{"task_id": id})["status"])
			require.ErrorIs(t, await(t, ended, "the work to end"), context.Canceled)
			assert.Equal(t, "cancelled", one.call("get_task_status", map[string]any{"task_id": id})["status"])

			close(g.open)
			made = two.call("generate_learning_path_async", map[string]any{"topic": "python", "num_nodes": 5})
			id, _ = made["task_id"].(string)
			seen = one.call("get_task_status", map[string]any{"task_id": id, "wait_seconds": 20})
			assert.Equal(t, "completed", seen["status"])
			for _, l := range []*library{one, two} {
				path := l.call("get_learning_path", map[string]any{"id": seen["path_id"], "format": "json"})
				assert.NotEmpty(t, path)
			}
		})
	}
}

func connect(t *testing.T, base string) *library {
	t.Helper()
	c, err := client.NewStreamableHttpClient(base+"/mcp", transport.WithHTTPBasicClient(httpClient(t)))
	require.NoError(t, err)
	require.NoError(t, c.Start(t.Context()))
	t.Cleanup(func() { c.Close() })
	l := &library{t, "2025-11-25", c}
	l.open()
	return l
}

// call gives the structured answer of a tool.
func (l *library) call(tool string, arguments map[string]any) map[string]any {
	l.t.Helper()
	return structured(l.t, l.request("tools/call", toolCall(tool, arguments)))
}
