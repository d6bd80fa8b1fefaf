// Package bare is what Trilha is measured against: the least that answers the
// same calls, an mcp-go server over a map and a mutex. It checks nothing, forgets
// nothing, tells no progress and knows one owner.
package bare

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// Task is one entry of the map.
type Task struct {
	ID       string    `json:"task_id"`
	Topic    string    `json:"topic"`
	Status   string    `json:"status"`
	Progress int       `json:"progress"`
	Created  time.Time `json:"created_at"`
	Result   []byte    `json:"-"`
}

// Work makes a task's result inside the call, of the arguments as they came.
type Work func(ctx context.Context, arguments json.RawMessage) ([]byte, error)

type tasks struct {
	mu   sync.Mutex
	byID map[string]*Task
}

// New makes the server, with the names of Trilha's tools. A nil work does nothing:
// every task is complete as soon as it is there.
func New(work Work) *server.MCPServer {
	t := &tasks{byID: map[string]*Task{}}
	s := server.NewMCPServer("bare", "1", server.WithToolCapabilities(false))
	s.AddTool(mcp.NewTool("generate_learning_path_async", mcp.WithDescription("Create a task."),
		mcp.WithString("topic", mcp.Required())),
		func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return t.create(ctx, r, work)
		})
	s.AddTool(mcp.NewTool("get_task_status", mcp.WithDescription("Show a task."),
		mcp.WithString("task_id", mcp.Required())), t.status)
	s.AddTool(mcp.NewTool("list_tasks", mcp.WithDescription("List tasks.")), t.list)
	return s
}

func (t *tasks) create(ctx context.Context, r mcp.CallToolRequest, work Work) (*mcp.CallToolResult, error) {
	made := &Task{ID: uuid.NewString(), Topic: r.GetString("topic", ""), Status: "completed", Progress: 100, Created: time.Now()}
	if work != nil {
		var err error
		if made.Result, err = work(ctx, r.Params.RawArguments); err != nil {
			return mcp.NewToolResultError(err.Error()), nil
		}
	}
	t.mu.Lock()
	t.byID[made.ID] = made
	t.mu.Unlock()
	return mcp.NewToolResultJSON(map[string]string{"task_id": made.ID, "status": "accepted", "message": "Task created successfully"})
}

func (t *tasks) status(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	t.mu.Lock()
	found := t.byID[r.GetString("task_id", "")]
	t.mu.Unlock()
	if found == nil {
		return mcp.NewToolResultError("no such task"), nil
	}
	return mcp.NewToolResultJSON(found)
}

func (t *tasks) list(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := make([]*Task, 0, len(t.byID))
	for _, k := range t.byID {
		all = append(all, k)
	}
	return mcp.NewToolResultJSON(map[string][]*Task{"tasks": all})
}
