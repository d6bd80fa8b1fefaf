// Package tools holds the MCP tools, one file per tool: its input and output, its
// definition, its handler. A handler is an ordinary function from typed input to
// typed output; reading arguments, checking them and wrapping results is here, in
// one place. Sessions, eras and transports are package mcpface's.
package tools

import (
	"context"
	"encoding/json"
	"log/slog"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/mcptasks"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/tutor"
)

// Caller is who makes a call, and how to reach them about a task while the call
// runs and after it. The functions may be nil: then the caller asked for nothing
// of the kind, or cannot be reached.
type Caller struct {
	Owner string

	// Follow takes a subscription over and tells the caller of progress until the
	// task ends, after the call has returned as well.
	Follow func(*task.Watch)

	// Progress forwards what a subscription tells until it ends or ctx does, and
	// gives the last snapshot. It is never nil.
	Progress func(ctx context.Context, w *task.Watch) task.Task

	// Settle returns when whoever follows the task has been told of its end, so
	// that no progress comes after an answer that shows the end. It is never nil.
	Settle func(ctx context.Context, taskID string)
}

// Tools are the tools over one tutor.
type Tools struct {
	tutor  *tutor.Tutor
	log    *slog.Logger
	waits  chan struct{} // one place for each call that may wait at a time
	choice Choice        // see Offer
}

// New makes the tools. waits is how many calls may wait inside get_task_status at
// a time; the next is answered at once.
func New(t *tutor.Tutor, log *slog.Logger, waits int) *Tools {
	return &Tools{tutor: t, log: log, waits: make(chan struct{}, waits)}
}

// Definition is a tool as clients see it, and how it is called: with raw arguments, or
// as a job, which becomes a task where the client knows tasks.
type Definition struct {
	Tool mcp.Tool
	Call func(ctx context.Context, c Caller, arguments json.RawMessage) *mcp.CallToolResult
	Job  *mcptasks.Job // instead of Call; else nil
}

// All lists the tools in the order in which they are used, which is the order in which
// clients, and their models, see them.
func (t *Tools) All() []Definition {
	return []Definition{
		t.generateLearningPathAsync(),
		t.generateLearningPath(),
		t.getTaskStatus(),
		t.listTasks(),
		t.cancelTask(),
		t.getLearningPath(),
		t.searchConcepts(),
		t.listLearningPaths(),
		t.deleteLearningPath(),
	}
}

// withText is an output with a text of its own. Any other shows its JSON, which is
// the structured content of every output.
type withText interface{ text() string }

// withLink is an output that links a resource.
type withLink interface {
	link() (mcp.ResourceLink, bool)
}

// about is what a tool says of itself.
type about struct {
	name, title, description                   string
	readOnly, destructive, idempotent, network bool
	params                                     params
	brief                                      bool   // the params are told in full by another tool, whose twin this is
	output                                     string // JSON schema
}

func (a about) tool() mcp.Tool {
	return mcp.Tool{
		Name: a.name, Title: a.title, Description: a.description,
		RawInputSchema: a.params.schema(a.brief), RawOutputSchema: json.RawMessage(a.output),
		Annotations: mcp.ToolAnnotation{
			Title: a.title, ReadOnlyHint: &a.readOnly, DestructiveHint: &a.destructive,
			IdempotentHint: &a.idempotent, OpenWorldHint: &a.network,
		},
	}
}

// define makes a Definition of a handler.
func define[In, Out any](t *Tools, a about, handle func(context.Context, Caller, In) (Out, error)) Definition {
	call := func(ctx context.Context, c Caller, arguments json.RawMessage) *mcp.CallToolResult {
		var in In
		if err := a.params.decode(arguments, &in); err != nil {
			return t.failure(ctx, a.name, err)
		}
		out, err := handle(ctx, c, in)
		if err != nil {
			return t.failure(ctx, a.name, err)
		}
		return success(out)
	}
	return Definition{Tool: a.tool(), Call: call}
}

func success(out any) *mcp.CallToolResult {
	raw, err := json.Marshal(out)
	if err != nil {
		return mcp.NewToolResultError("internal error: the result could not be written")
	}
	text := string(raw)
	if w, ok := out.(withText); ok {
		text = w.text()
	}
	result := &mcp.CallToolResult{
		Content:           []mcp.Content{mcp.NewTextContent(text)},
		StructuredContent: json.RawMessage(raw),
	}
	if w, ok := out.(withLink); ok {
		if link, ok := w.link(); ok {
			result.Content = append(result.Content, link)
		}
	}
	return result
}

// Arguments gives the raw arguments of a call.
func Arguments(r mcp.CallToolRequest) (json.RawMessage, error) {
	if r.Params.RawArguments != nil || r.Params.Arguments == nil {
		return r.Params.RawArguments, nil
	}
	return json.Marshal(r.Params.Arguments) // an in-process client
}

// maxFailure bounds the text of an error, in bytes.
const maxFailure = 1000

// failure is an error as the model reads it: what was wrong and what to call
// next. What is not a fault is logged and shown as an internal error.
func (t *Tools) failure(ctx context.Context, tool string, err error) *mcp.CallToolResult {
	text := "internal error in " + tool + "; the server's log has the details. Try again; if it happens again, report it"
	if f, ok := fault.Of(err); ok {
		text = f.Error()
	} else {
		t.log.ErrorContext(ctx, "tool failed", "tool", tool, "error", err)
	}
	if len(text) > maxFailure {
		text = strings.ToValidUTF8(text[:maxFailure-3], "") + "..."
	}
	return mcp.NewToolResultError(text)
}

func taskURI(id string) string { return "trilha://tasks/" + id }
func pathURI(id string) string { return "trilha://paths/" + id }

// inMemory is said of tasks and paths that do not outlive the server.
const inMemory = "in memory: a restart of the server forgets them"
