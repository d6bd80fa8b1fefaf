package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/trilha/trilha/internal/interop/steps"
)

// inspect takes the steps with the Inspector's command line, a process for each call.
func (b *bench) inspect(ctx context.Context, c client, at at) (taken []step) {
	i := &inspection{bench: b, at: at}
	if at.transport == "stdio" {
		i.target = []string{b.trilha, "-e", "TRILHA_STORE=sqlite:" + filepath.Join(b.room, fmt.Sprintf("inspector-%d.db", b.cells))}
		i.slow = i.target
	} else {
		i.target = []string{b.quick.address(at.transport), "--transport", at.transport}
		i.slow = []string{b.idle.address(at.transport), "--transport", at.transport}
	}
	i.begin()
	defer i.end(ctx)
	for _, name := range stepsOf(c, at.era) {
		s := step{Step: steps.Step{Step: name}}
		note, err := i.take(ctx, name)
		switch {
		case errors.Is(err, errCannot):
			s.Cannot, s.Note = true, note
		case err != nil:
			s.Note = err.Error()
			return complete(c, at, append(taken, s), "not reached")
		default:
			s.OK, s.Note = true, note
		}
		taken = append(taken, s)
	}
	return taken
}

var errCannot = errors.New("the client has no way to do it")

type inspection struct {
	*bench
	at     at
	target []string
	slow   []string // where tasks can be cancelled
	id     string
	path   string
	daemon []string // the environment of mcpdo
}

func (i *inspection) take(ctx context.Context, name string) (note string, err error) {
	switch name {
	case "connect":
		var r struct {
			Prompts []any `json:"prompts"`
		}
		err = i.call(ctx, &r, i.target, "--method", "prompts/list")
		if err == nil && len(r.Prompts) == 0 {
			err = errors.New("no prompts")
		}
		return i.at.era + ", as asked", err // it does not tell what was agreed upon
	case "tools":
		var r struct {
			Tools []any `json:"tools"`
		}
		err = i.call(ctx, &r, i.target, "--method", "tools/list", "--strict")
		if err == nil && len(r.Tools) == 0 {
			err = errors.New("no tools")
		}
		return fmt.Sprintf("%d tools", len(r.Tools)), err
	case "create":
		i.id, err = i.create(ctx, i.target)
		return "", err
	case "wait":
		r, err := i.tool(ctx, i.target, "get_task_status", "task_id="+i.id, "wait_seconds=40")
		if err == nil && r["status"] != "completed" {
			err = fmt.Errorf("the task is %v", r["status"])
		}
		return "", err
	case "progress":
		return "not shown", errCannot
	case "path":
		r, err := i.tool(ctx, i.target, "get_learning_path", "id="+i.id)
		i.path, _ = r["path_id"].(string)
		return "", err
	case "resource":
		var r struct {
			Contents []struct {
				Text string `json:"text"`
			} `json:"contents"`
		}
		err = i.call(ctx, &r, i.target, "--method", "resources/read", "--uri", "trilha://paths/"+i.path)
		if err == nil && (len(r.Contents) == 0 || !json.Valid([]byte(r.Contents[0].Text))) {
			err = errors.New("the resource is not JSON")
		}
		return "", err
	case "cancel":
		return i.cancel(ctx)
	case "task":
		return i.task(ctx)
	case "task asks":
		return i.taskAsks(ctx)
	case "task cancel":
		return i.taskCancel(ctx)
	}
	return "", errCannot
}

func (i *inspection) create(ctx context.Context, target []string) (string, error) {
	r, err := i.tool(ctx, target, "generate_learning_path_async", "topic=machine learning", "hours_per_week="+i.hours())
	if err != nil {
		return "", err
	}
	id, _ := r["task_id"].(string)
	if id == "" {
		err = errors.New("no task_id")
	}
	return id, err
}

func (i *inspection) cancel(ctx context.Context) (string, error) {
	i.cells++ // another request
	id, err := i.create(ctx, i.slow)
	if err != nil {
		return "", err
	}
	r, err := i.tool(ctx, i.slow, "cancel_task", "task_id="+id)
	switch {
	case err != nil && i.at.transport == "stdio" && strings.Contains(err.Error(), "completed"):
		return "too late", errCannot
	case err == nil && r["status"] != "cancelled":
		err = fmt.Errorf("the task is %v", r["status"])
	}
	return "", err
}

// tool calls a tool and gives its structured answer.
func (i *inspection) tool(ctx context.Context, target []string, name string, args ...string) (map[string]any, error) {
	call := []string{"--method", "tools/call", "--tool-name", name}
	for _, a := range args {
		call = append(call, "--tool-arg", a)
	}
	var r struct {
		IsError    bool            `json:"isError"`
		Content    json.RawMessage `json:"content"`
		Structured map[string]any  `json:"structuredContent"`
	}
	err := i.call(ctx, &r, target, call...)
	if err == nil && r.IsError {
		err = fmt.Errorf("%s: %s", name, r.Content)
	}
	return r.Structured, err
}

// call runs the Inspector once and reads what it prints.
func (i *inspection) call(ctx context.Context, into any, target []string, args ...string) error {
	all := slices.Concat(
		[]string{"-y", "@modelcontextprotocol/inspector@" + inspector, "--cli"}, target,
		[]string{"--protocol-era", i.at.era}, args,
	)
	return i.npx(ctx, into, all...)
}

// npx runs a program of the Inspector and reads the JSON that it prints.
func (i *inspection) npx(ctx context.Context, into any, args ...string) error {
	cmd := exec.CommandContext(ctx, "npx", args...) //nolint:gosec // constants of ours
	cmd.WaitDelay = time.Second
	// It writes below HOME; npm's cache is to stay where it is.
	cmd.Env = append(os.Environ(), "HOME="+i.room, "npm_config_cache="+i.cache)
	cmd.Env = append(cmd.Env, i.daemon...)
	var said bytes.Buffer
	cmd.Stderr = &said
	raw, ran := cmd.Output()
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%s: %w: %s %s", strings.Join(args, " "), errors.Join(ran, err), tail(string(raw)), tail(said.String()))
	}
	return nil
}
