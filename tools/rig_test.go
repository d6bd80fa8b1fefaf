package tools_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/generate"
	"github.com/trilha/trilha/internal/mcptasks"
	"github.com/trilha/trilha/internal/shelf"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/task/memory"
	"github.com/trilha/trilha/internal/tutor"
	"github.com/trilha/trilha/tools"
)

// rig is the tools over real parts, called as a face calls them.
type rig struct {
	t       *testing.T
	tools   *tools.Tools
	tasks   *mcptasks.Layer
	settled []string // tasks whose followers a tool waited for
}

func newRig(t *testing.T, limits task.Limits, wrap func(task.Work) task.Work) *rig {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	generator := generate.New(catalog.Embedded())
	paths := shelf.NewMemory(0, 0)
	work := tutor.Work(generator, paths)
	if wrap != nil {
		work = wrap(work)
	}
	store := memory.New(map[string]task.Work{tutor.PathKind: work}, limits, log)
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		assert.NoError(t, store.Shutdown(ctx))
	})
	layer := mcptasks.New(mcptasks.Options{Store: store, Owner: func(context.Context) string { return "ana" }, Log: log})
	t.Cleanup(layer.Close)
	return &rig{t: t, tools: tools.New(tutor.New(catalog.Embedded(), generator, paths, store), log, 10), tasks: layer}
}

// held never ends by itself.
func held(task.Work) task.Work {
	return func(ctx context.Context, _ task.Run) (json.RawMessage, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
}

func (r *rig) raw(tool, arguments string) *mcp.CallToolResult {
	r.t.Helper()
	caller := tools.Caller{
		Owner:  "ana",
		Settle: func(_ context.Context, id string) { r.settled = append(r.settled, id) },
		Progress: func(_ context.Context, w *task.Watch) (last task.Task) {
			for t := range w.Events {
				last = t
			}
			return last
		},
	}
	for _, d := range r.tools.All() {
		if d.Tool.Name == tool && d.Job != nil {
			request := mcp.CallToolRequest{Params: mcp.CallToolParams{Name: tool, RawArguments: json.RawMessage(arguments)}}
			result, err := r.tasks.Handler(tool, *d.Job)(r.t.Context(), request)
			require.NoError(r.t, err)
			return result
		}
		if d.Tool.Name == tool {
			return d.Call(r.t.Context(), caller, json.RawMessage(arguments))
		}
	}
	r.t.Fatalf("no tool %s", tool)
	return nil
}

func (r *rig) call(tool string, arguments any) map[string]any {
	r.t.Helper()
	raw, err := json.Marshal(arguments)
	require.NoError(r.t, err)
	result := r.raw(tool, string(raw))
	require.False(r.t, result.IsError, "%s %s: %v", tool, raw, result.Content)
	structured, ok := result.StructuredContent.(json.RawMessage)
	require.True(r.t, ok)
	var out map[string]any
	require.NoError(r.t, json.Unmarshal(structured, &out))
	return out
}

// path makes a path and gives the ids of its task and its own.
func (r *rig) path(request map[string]any) (taskID, pathID string) {
	r.t.Helper()
	taskID, _ = r.call("generate_learning_path_async", request)["task_id"].(string)
	pathID, _ = r.call("get_task_status", map[string]any{"task_id": taskID, "wait_seconds": 45})["path_id"].(string)
	require.NotEmpty(r.t, pathID)
	return taskID, pathID
}

func words(t *testing.T, result *mcp.CallToolResult) string {
	t.Helper()
	require.NotEmpty(t, result.Content)
	text, ok := result.Content[0].(mcp.TextContent)
	require.True(t, ok)
	return text.Text
}
