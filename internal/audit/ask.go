package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/trilha/trilha/internal/app"
	"github.com/trilha/trilha/internal/config"
)

// outcome is what became of a request. Exactly one of refused, failed and path is
// there.
type outcome struct {
	refused string // the error of the call that asked
	failed  string // the error of the task
	path    *path
	raw     string
}

// no is the error, wherever it came.
func (o outcome) no() string { return o.refused + o.failed }

// server is Trilha in this process, asked through MCP as any client would.
type server struct {
	app    *app.App
	client *client.Client
}

func start(ctx context.Context, logs io.Writer) (*server, error) {
	a, err := app.New(config.Config{
		Store: "memory", RunningPerOwner: runtime.GOMAXPROCS(0), WaitingPerOwner: 1000,
		// Tasks are read at once; what is kept longer is memory.
		Kept: 100, TTL: time.Minute, AnswerWithin: time.Minute, Grace: time.Second, LogLevel: "warn",
	}, app.HTTP, logs)
	if err != nil {
		return nil, err
	}
	c, err := client.NewInProcessClient(a.MCP())
	if err != nil {
		return nil, err
	}
	if err := c.Start(ctx); err != nil {
		return nil, err
	}
	r := mcp.InitializeRequest{}
	r.Params.ProtocolVersion = "2025-11-25"
	r.Params.ClientInfo = mcp.Implementation{Name: "trilha audit", Version: app.Version}
	_, err = c.Initialize(ctx, r)
	return &server{a, c}, err
}

func (s *server) close() error {
	if err := s.client.Close(); err != nil {
		return err
	}
	return s.app.Close()
}

// ask asks for a path and waits for it.
func (s *server) ask(ctx context.Context, r request) (outcome, error) {
	var started struct {
		TaskID string `json:"task_id"`
	}
	refused, err := s.call(ctx, "generate_learning_path_async", r, &started)
	if refused != "" || err != nil {
		return outcome{refused: refused}, err
	}
	for {
		var status struct {
			Status string `json:"status"`
			Error  string `json:"error"`
			PathID string `json:"path_id"`
		}
		wait := map[string]any{"task_id": started.TaskID, "wait_seconds": 45}
		refused, err := s.call(ctx, "get_task_status", wait, &status)
		switch {
		case err != nil:
			return outcome{}, err
		case refused != "":
			return outcome{}, fmt.Errorf("get_task_status: %s", refused)
		case status.Status == "completed":
			return s.fetch(ctx, status.PathID)
		case status.Status == "failed", status.Status == "cancelled":
			return outcome{failed: status.Status + ": " + status.Error}, nil
		}
	}
}

// fetch reads the whole path, quizzes included: as a resource, since a tool's
// answer is bounded in size.
func (s *server) fetch(ctx context.Context, id string) (outcome, error) {
	r := mcp.ReadResourceRequest{}
	r.Params.URI = "trilha://paths/" + id
	result, err := s.client.ReadResource(ctx, r)
	if err != nil {
		return outcome{}, err
	}
	text, _ := result.Contents[0].(mcp.TextResourceContents)
	o := outcome{path: new(path), raw: text.Text}
	return o, json.Unmarshal([]byte(text.Text), o.path)
}

// shown gives the path as get_learning_path has it; tooLong when it does not fit an
// answer.
func (s *server) shown(ctx context.Context, id string) (p *path, refused string, err error) {
	var got struct {
		Content string `json:"content"`
	}
	refused, err = s.call(ctx, "get_learning_path", map[string]any{"id": id, "format": "json"}, &got)
	if refused != "" || err != nil {
		return nil, refused, err
	}
	p = new(path)
	return p, "", json.Unmarshal([]byte(got.Content), p)
}

// call calls a tool and reads its structured content into out; refused is the text
// of a tool's error.
func (s *server) call(ctx context.Context, tool string, arguments, out any) (refused string, err error) {
	r := mcp.CallToolRequest{}
	r.Params.Name, r.Params.Arguments = tool, arguments
	result, err := s.client.CallTool(ctx, r)
	if err != nil {
		return "", fmt.Errorf("%s: %w", tool, err)
	}
	if result.IsError {
		text, _ := result.Content[0].(mcp.TextContent)
		return text.Text, nil
	}
	raw, err := json.Marshal(result.StructuredContent)
	if err != nil {
		return "", err
	}
	return "", json.Unmarshal(raw, out)
}
