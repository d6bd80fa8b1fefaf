package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"time"
)

// begin gives the inspection a daemon of its own, which the first call of mcpdo starts.
func (i *inspection) begin() {
	i.daemon = []string{
		"MCP_INSPECTOR_DAEMON_DIR=" + filepath.Join(i.room, fmt.Sprintf("mcpdo-%d", i.cells)),
		"MCP_INSPECTOR_DAEMON_TOKEN=" + rand.Text(),
	}
}

// end stops the daemon; without one that is an error of no interest.
func (i *inspection) end(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 15*time.Second)
	defer cancel()
	_ = i.mcpdo(ctx, new(any), "daemon", "stop")
}

// mcpdo runs the Inspector's other command line, which keeps connections.
func (i *inspection) mcpdo(ctx context.Context, into any, args ...string) error {
	all := []string{"-y", "-p", "@modelcontextprotocol/inspector@" + inspector, "mcpdo", "--format", "json"}
	return i.npx(ctx, into, append(all, args...)...)
}

// dial connects to a target and gives the words that name the connection.
func (i *inspection) dial(ctx context.Context, target []string) ([]string, error) {
	var r struct {
		Name string `json:"name"`
		Era  string `json:"protocolEra"`
	}
	if err := i.mcpdo(ctx, &r, slices.Concat([]string{"connect", "--era", i.at.era}, target)...); err != nil {
		return nil, err
	}
	if r.Name == "" || r.Era != i.at.era {
		return nil, fmt.Errorf("connected as %q in the %q era", r.Name, r.Era)
	}
	return []string{"--connection", r.Name}, nil
}

// called is what mcpdo prints of a call of a tool.
type called struct {
	Structured struct {
		ID     string `json:"task_id"`
		Status string `json:"status"`
	} `json:"structuredContent"`
	Pending struct {
		ID     string `json:"elicitationId"`
		Origin string `json:"origin"`
	} `json:"elicitationPending"`
}

// callTask calls the tool as a task: in the legacy era when told, in the modern one by
// itself.
func (i *inspection) callTask(ctx context.Context, on []string, topic string) (r called, err error) {
	args := slices.Concat(on, []string{"tools/call"})
	if i.at.era == "legacy" {
		args = append(args, "--task")
	}
	err = i.mcpdo(ctx, &r, append(args, "generate_learning_path", "topic:="+topic, "hours_per_week:="+i.hours())...)
	return r, err
}

// status asks with tasks/get.
func (i *inspection) status(ctx context.Context, on []string, id string) (string, error) {
	var r struct {
		Task struct {
			Status string `json:"status"`
		} `json:"task"`
	}
	err := i.mcpdo(ctx, &r, slices.Concat(on, []string{"tasks/get", id})...)
	return r.Task.Status, err
}

func (i *inspection) task(ctx context.Context) (string, error) {
	on, err := i.dial(ctx, i.target)
	if err != nil {
		return "", err
	}
	r, err := i.callTask(ctx, on, "machine learning")
	if err != nil {
		return "", err
	}
	if r.Structured.Status != "completed" {
		return "", fmt.Errorf("the call gave %q", r.Structured.Status)
	}
	status, err := i.status(ctx, on, r.Structured.ID)
	if err == nil && status != "completed" {
		err = fmt.Errorf("the task is %q", status)
	}
	return status, err
}

func (i *inspection) taskAsks(ctx context.Context) (string, error) {
	if i.at.era == "legacy" {
		return "waits", errCannot
	}
	return "", i.answerTask(ctx)
}

func (i *inspection) answerTask(ctx context.Context) error {
	on, err := i.dial(ctx, i.target)
	if err != nil {
		return err
	}
	r, err := i.callTask(ctx, on, "functions")
	if err != nil {
		return err
	}
	if r.Pending.ID == "" {
		return errors.New("nothing was asked")
	}
	if r.Pending.Origin != "task-input-required" {
		return fmt.Errorf("%q asked, not a task", r.Pending.Origin)
	}
	var answered called
	if err := i.mcpdo(ctx, &answered, slices.Concat(on, []string{"elicitation/respond", r.Pending.ID, "topic:=python/function"})...); err != nil {
		return err
	}
	if answered.Structured.Status != "completed" {
		return fmt.Errorf("the call gave %q", answered.Structured.Status)
	}
	return nil
}

// taskCancel cancels the task of a tool that answers at once: calls on a connection
// wait for each other.
func (i *inspection) taskCancel(ctx context.Context) (string, error) {
	if i.at.transport == "stdio" {
		return "too late", errCannot // there is no server beside it that runs nothing
	}
	on, err := i.dial(ctx, i.slow)
	if err != nil {
		return "", err
	}
	i.cells++ // another request
	var r called
	err = i.mcpdo(ctx, &r, slices.Concat(on, []string{"tools/call", "generate_learning_path_async", "topic:=machine learning", "hours_per_week:=" + i.hours()})...)
	if err != nil {
		return "", err
	}
	if err := i.mcpdo(ctx, new(any), slices.Concat(on, []string{"tasks/cancel", r.Structured.ID})...); err != nil {
		return "", err
	}
	status, err := i.status(ctx, on, r.Structured.ID)
	if err == nil && status != "cancelled" {
		err = fmt.Errorf("the task is %q", status)
	}
	return "", err
}
