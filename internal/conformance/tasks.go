package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"runtime"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/mcptasks"
	"github.com/trilha/trilha/internal/mcpwire"
	"github.com/trilha/trilha/internal/task"
)

// everybody owns all tasks here: the suite has no credentials.
const everybody = "suite"

// taskTool is a tool whose calls become tasks.
type taskTool struct {
	name, schema string
	required     bool
	asks         bool
	first        func(r mcp.CallToolRequest) *mcp.CallToolResult // what is answered instead of a task; may be nil
	work         task.Work                                       // its result is a text
}

var taskTools = []taskTool{
	{
		name:   "slow_compute",
		schema: `{"type":"object","properties":{"seconds":{"type":"number"},"label":{"type":"string"}}}`,
		work: func(ctx context.Context, run task.Run) (json.RawMessage, error) {
			var in struct {
				Seconds float64 `json:"seconds"`
				Label   string  `json:"label"`
			}
			if err := json.Unmarshal(run.Task().Input, &in); err != nil {
				return nil, fault.New(fault.Invalid, "seconds is a number, label a string")
			}
			run.Report(1, "computing "+in.Label)
			if err := pass(ctx, time.Duration(in.Seconds*float64(time.Second))); err != nil {
				return nil, err
			}
			return json.Marshal("Computed " + in.Label)
		},
	},
	{
		name: "failing_job", required: true,
		work: func(ctx context.Context, _ task.Run) (json.RawMessage, error) {
			if err := pass(ctx, time.Second); err != nil {
				return nil, err
			}
			return nil, fault.New(fault.Unavailable, "this job fails, and says so")
		},
	},
	{
		name: "protocol_error_job",
		work: func(context.Context, task.Run) (json.RawMessage, error) { panic("as the suite wants it") },
	},
	{name: "confirm_delete", schema: `{"type":"object","properties":{"filename":{"type":"string"}}}`, asks: true, work: asking("confirm")},
	{name: "multi_input", asks: true, work: asking("first", "second")},
	{
		name: "test_tool_with_task", required: true,
		first: func(r mcp.CallToolRequest) *mcp.CallToolResult {
			asks := round{form("user_name", "What is your name?", "name", "string")}
			if asks.met(r.Params.InputResponses) {
				return nil
			}
			return asks.builder().ToolResult()
		},
		work: func(_ context.Context, run task.Run) (json.RawMessage, error) {
			return json.Marshal("Hello, " + string(run.Task().Input))
		},
	},
}

// pass waits for d, or until ctx ends.
func pass(ctx context.Context, d time.Duration) error {
	wait := time.NewTimer(d)
	defer wait.Stop()
	select {
	case <-wait.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// asking is a work that asks for each key and repeats what was answered.
func asking(keys ...string) task.Work {
	return func(ctx context.Context, run task.Run) (json.RawMessage, error) {
		forms := map[string]task.Form{}
		for _, key := range keys {
			forms[key] = task.Form{
				Message: "Is it right (" + key + ")?",
				Schema:  json.RawMessage(`{"type":"object","properties":{"confirm":{"type":"boolean"}},"required":["confirm"]}`),
			}
		}
		replies, err := task.Ask(ctx, run, forms)
		if err != nil {
			return nil, err
		}
		text := "Answered:"
		for _, key := range keys {
			text += fmt.Sprintf(" %s %s %s", key, replies[key].Action, replies[key].Content)
		}
		return json.Marshal(text)
	}
}

// works are what the store of the fixtures has to run.
func works() map[string]task.Work {
	all := map[string]task.Work{}
	for _, t := range taskTools {
		all[t.name] = t.work
	}
	return all
}

// limits let the suite's scenarios run beside each other.
func limits() task.Limits {
	return task.Limits{Running: 10 * runtime.GOMAXPROCS(0), RunningPerOwner: 10 * runtime.GOMAXPROCS(0)}
}

// addTasks adds the fixtures that become tasks, and one that does not.
func addTasks(s *server.MCPServer, store task.Store, log *slog.Logger) *mcptasks.Layer {
	l := mcptasks.New(mcptasks.Options{
		Store: store, Owner: func(context.Context) string { return everybody }, Log: log,
	})
	s.AddTool(toolOf("greet"), func(_ context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText(fmt.Sprintf("Hello, %s!", r.GetString("name", "you"))), nil
	})
	for _, t := range taskTools {
		tool := toolOf(t.name)
		if t.schema != "" {
			tool.RawInputSchema = json.RawMessage(t.schema)
		}
		s.AddTool(tool, l.Handler(t.name, t.job(store)))
	}
	return l
}

func (t taskTool) job(store task.Store) mcptasks.Job {
	return mcptasks.Job{
		Kind: t.name, Required: t.required,
		Start: func(ctx context.Context, c mcptasks.Caller, r mcp.CallToolRequest) (mcptasks.Started, error) {
			if t.first != nil {
				if answer := t.first(r); answer != nil {
					return mcptasks.Started{Answer: answer}, nil
				}
			}
			if t.asks && !c.Asks {
				return mcptasks.Started{Answer: mcp.NewToolResultError(t.name + " asks the user, and this client cannot be asked")}, nil
			}
			input := r.Params.RawArguments
			if t.first != nil {
				raw, err := json.Marshal(r.Params.InputResponses)
				if err != nil {
					return mcptasks.Started{}, err
				}
				input = raw
			}
			if input == nil {
				input = json.RawMessage(`{}`)
			}
			s, err := store.Submit(ctx, task.Spec{Owner: c.Owner, Kind: t.name, Description: t.name, Input: input, Watch: c.Watch, TTL: c.TTL})
			return mcptasks.Started{Submission: s}, err
		},
		Result: func(_ context.Context, done task.Task) (*mcp.CallToolResult, error) {
			var text string
			switch {
			case done.Status == task.Completed && json.Unmarshal(done.Result, &text) == nil:
				return mcp.NewToolResultText(text), nil
			case t.name == "protocol_error_job":
				return nil, &mcpwire.Error{Code: mcp.INTERNAL_ERROR, Message: done.Error}
			default:
				return mcp.NewToolResultError(done.Error), nil
			}
		},
		Later: func(running task.Task) *mcp.CallToolResult {
			return mcp.NewToolResultText("task " + running.ID + " goes on")
		},
	}
}
