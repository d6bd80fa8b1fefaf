package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/trilha/trilha/internal/interop/steps"
)

var _ steps.Tasker = (*tested)(nil)

// Elicit answers as a user who picks the first of what is offered.
func (c *tested) Elicit(_ context.Context, r mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
	schema, _ := r.Params.RequestedSchema.(map[string]any)
	properties, _ := schema["properties"].(map[string]any)
	content := map[string]any{}
	for name, p := range properties {
		field, _ := p.(map[string]any)
		if values, ok := field["enum"].([]any); ok {
			content[name] = values[0]
		} else if choices, ok := field["oneOf"].([]any); ok {
			first, _ := choices[0].(map[string]any)
			content[name] = first["const"]
		}
	}
	c.asked.Add(1)
	return &mcp.ElicitationResult{ElicitationResponse: mcp.ElicitationResponse{
		Action: mcp.ElicitationResponseActionAccept, Content: content,
	}}, nil
}

// Asked is an error over SSE, whose transport in mcp-go hears no requests.
func (c *tested) Asked() (int, error) {
	if _, hears := c.GetTransport().(transport.BidirectionalInterface); !hears {
		return 0, fmt.Errorf("hears no requests: %w", steps.ErrCannot)
	}
	return int(c.asked.Load()), nil
}

// Begin looks for the task among the caller's: CallTool of v1.2.1 sends a task but
// cannot read what answers it, "content is missing", which is an error here as soon as
// it can.
func (c *tested) Begin(ctx context.Context, name string, arguments map[string]any) (string, error) {
	before, err := c.ids(ctx)
	if err != nil {
		return "", err
	}
	ttl := int64(60_000)
	_, err = c.CallTool(ctx, mcp.CallToolRequest{Params: mcp.CallToolParams{
		Name: name, Arguments: arguments, Task: &mcp.TaskParams{TTL: &ttl},
	}})
	if err == nil || err.Error() != "content is missing" {
		return "", fmt.Errorf("a call as a task: %w", errors.Join(err, errors.New("wanted: content is missing")))
	}
	after, err := c.ids(ctx)
	if err != nil {
		return "", err
	}
	for id := range after {
		if !before[id] {
			return id, nil
		}
	}
	return "", errors.New("the task is not listed")
}

func (c *tested) ids(ctx context.Context) (map[string]bool, error) {
	r, err := c.ListTasks(ctx, mcp.ListTasksRequest{})
	if err != nil {
		return nil, err
	}
	ids := map[string]bool{}
	for _, t := range r.Tasks {
		ids[t.TaskId] = true
	}
	return ids, nil
}

func (c *tested) Status(ctx context.Context, id string) (string, error) {
	r, err := c.GetTask(ctx, mcp.GetTaskRequest{Params: mcp.GetTaskParams{TaskId: id}})
	if err != nil {
		return "", err
	}
	return string(r.Status), nil
}

func (c *tested) Result(ctx context.Context, id string) error {
	r, err := c.TaskResult(ctx, mcp.TaskResultRequest{Params: mcp.TaskResultParams{TaskId: id}})
	if err != nil {
		return err
	}
	if r.IsError || r.StructuredContent == nil {
		return fmt.Errorf("result: %v", r.Content)
	}
	return nil
}

func (c *tested) Cancel(ctx context.Context, id string) (string, error) {
	r, err := c.CancelTask(ctx, mcp.CancelTaskRequest{Params: mcp.CancelTaskParams{TaskId: id}})
	if err != nil {
		return "", err
	}
	return string(r.Status), nil
}
