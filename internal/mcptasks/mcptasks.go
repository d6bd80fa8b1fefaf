// Package mcptasks speaks MCP tasks over a task.Store, in both dialects: the core
// tasks of 2025-11-25 and the extension io.modelcontextprotocol/tasks of 2026-07-28.
// A tool is given to it as a Job, how its calls become tasks and what a task comes to;
// each client then gets what it can take: a task, or, where it knows none, the result
// itself with progress on the way, and after MaxWait the id of the task.
//
// What it promises:
//
//   - A task is readable, by whoever shares the store, before its id is answered.
//   - Everything about a task reaches its owner alone, and whoever asks for another's
//     is told what is told of one that does not exist.
//   - What a task asks its owner holds no worker; it is asked wherever the client can
//     be: in tasks/get, through tasks/result, or within the call.
//   - Of a task's progress and status nothing follows the answer that shows its end.
//
// It knows task.Store, package mcpwire and JSON-RPC, and nothing of what the tasks do:
// it could be a library of its own.
//
// The parts: a call and what becomes of it (call.go), the methods and shapes of
// 2026-07-28 (extension.go) and of 2025-11-25 (core.go), what a task asks (ask.go), who
// is told of what (progress.go, follow.go).
package mcptasks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/mcpwire"
	"github.com/trilha/trilha/internal/task"
)

// Extension is how tasks are called in the capabilities of 2026-07-28.
const Extension = "io.modelcontextprotocol/tasks"

// coreVersion is the one protocol version whose core has tasks.
const coreVersion = "2025-11-25"

// Job is how the calls of a tool become tasks.
type Job struct {
	// Kind is task.Spec.Kind of its tasks. All tasks of a kind are of one job.
	Kind string

	// Start checks a call's arguments and makes its task, or answers the call at once.
	// An error is answered as such: an *mcpwire.Error as it is, any other as an
	// internal one.
	Start func(ctx context.Context, c Caller, r mcp.CallToolRequest) (Started, error)

	// Result gives what a call comes to whose task has ended, however it has. The same
	// task gives the same. An *mcpwire.Error means that the call would have failed
	// with it.
	Result func(ctx context.Context, t task.Task) (*mcp.CallToolResult, error)

	// Later answers a call whose task goes on: with its id, and how to come back to it.
	Later func(t task.Task) *mcp.CallToolResult

	// Required: a call without a task cannot be.
	Required bool
}

// Caller is for whom a Job starts.
type Caller struct {
	Owner string
	Watch bool // task.Spec.Watch is wanted

	// TTL is task.Spec.TTL, in what the client asks for.
	TTL time.Duration

	// Asks: the task may ask with task.Ask, and its owner will hear of it.
	Asks bool

	// Rounds: the call may be answered with what has to be asked first
	// (mcp.ResultTypeInputRequired); it then comes again, with the replies.
	Rounds bool
}

// Started is what a Job made of a call.
type Started struct {
	task.Submission
	Answer *mcp.CallToolResult // instead of a task; may be nil
}

// Options are what a Layer is made of.
type Options struct {
	Store task.Store
	Owner func(context.Context) string // the principal of a request

	// Shared tells that a request's owner is not one principal but all whom the server
	// cannot tell apart: to them no tasks are listed. nil: none is.
	Shared func(context.Context) bool

	Log *slog.Logger
}

// Layer is MCP tasks on one server.
type Layer struct {
	Options
	tools map[string]Job // by the tool's name
	kinds map[string]Job

	followers Followers
	root      context.Context // ends what tells of tasks
	stop      context.CancelFunc
	work      sync.WaitGroup
}

// New makes a layer. Tools are added with Handler, Hook tells clients of tasks, and
// Attach answers their methods; in this order.
func New(o Options) *Layer {
	l := &Layer{Options: o, tools: map[string]Job{}, kinds: map[string]Job{}}
	l.root, l.stop = context.WithCancel(context.Background())
	return l
}

// Close ends what tells sessions of tasks and waits for it.
func (l *Layer) Close() {
	l.stop()
	l.work.Wait()
}

// lists tells whether whoever sends a request may list their tasks.
func (l *Layer) lists(ctx context.Context) bool { return l.Shared == nil || !l.Shared(ctx) }

// Followers are those who are told of tasks here.
func (l *Layer) Followers() *Followers { return &l.followers }

// Hook advertises tasks to the clients that know them, each in its own dialect.
func (l *Layer) Hook(h *server.Hooks) {
	h.AddAfterInitialize(func(ctx context.Context, _ any, _ *mcp.InitializeRequest, r *mcp.InitializeResult) {
		if r.ProtocolVersion == coreVersion {
			r.Capabilities.Tasks = coreCapability(l.lists(ctx))
		}
	})
	h.AddAfterDiscover(func(_ context.Context, _ any, _ *mcp.DiscoverRequest, r *mcp.DiscoverResult) {
		all := map[string]any{Extension: struct{}{}}
		for id, settings := range r.Capabilities.Extensions {
			all[id] = settings
		}
		r.Capabilities.Extensions = all
	})
	h.AddAfterListTools(func(ctx context.Context, _ any, _ *mcp.ListToolsRequest, r *mcp.ListToolsResult) {
		if server.IsModernRequest(ctx) || server.RequestProtocolVersion(ctx) != coreVersion {
			return
		}
		for i := range r.Tools { // a list of this request's own
			if j, ok := l.tools[r.Tools[i].Name]; ok {
				r.Tools[i].Execution = j.execution()
			}
		}
	})
}

// Attach answers the methods of tasks on w.
func (l *Layer) Attach(w *mcpwire.Wire) {
	const id = "taskId"
	w.Handle(string(mcp.MethodTasksGet), mcpwire.Route{Name: id, Serve: l.either(l.get, l.coreGet)})
	w.Handle(string(mcp.MethodTasksCancel), mcpwire.Route{Name: id, Serve: l.either(l.cancel, l.coreCancel)})
	w.Handle("tasks/update", mcpwire.Route{Name: id, Serve: l.either(l.update, nil)})
	w.Handle(string(mcp.MethodTasksList), mcpwire.Route{Serve: l.either(nil, l.coreList)})
	w.Handle(string(mcp.MethodTasksResult), mcpwire.Route{Serve: l.either(nil, l.coreResult)})
	w.Handle(string(mcp.MethodSubscriptionsListen), mcpwire.Route{Serve: l.listen})
	w.Handle(string(mcp.MethodToolsCall), mcpwire.Route{Legacy: true, Serve: l.refuseTask})
}

type serve = func(context.Context, *mcpwire.Call) (any, error)

// either picks the dialect of a request. nil: the dialect has no such method.
func (l *Layer) either(extension, core serve) serve {
	return func(ctx context.Context, c *mcpwire.Call) (any, error) {
		switch {
		case c.Modern() && extension != nil:
			if err := required(c); err != nil {
				return nil, err
			}
			return extension(ctx, c)
		case !c.Modern() && c.Version() == coreVersion && core != nil:
			return core(ctx, c)
		default:
			return nil, &mcpwire.Error{Code: mcp.METHOD_NOT_FOUND, Message: fmt.Sprintf("protocol %s has no such method", version(c))}
		}
	}
}

func version(c *mcpwire.Call) string {
	if v := c.Version(); v != "" {
		return v
	}
	return "before initialize"
}

// find gives a task of whoever asks. One of another owner, of a kind that is none of
// a tool, or expired is as one that never was.
func (l *Layer) find(ctx context.Context, id string) (task.Task, Job, error) {
	if id == "" {
		return task.Task{}, Job{}, invalid("taskId must be a string that is not empty")
	}
	t, err := l.Store.Get(ctx, l.Owner(ctx), id)
	if err != nil {
		return t, Job{}, shown(err)
	}
	j, ok := l.kinds[t.Kind]
	if !ok {
		return t, j, shown(task.ErrNotFound(id))
	}
	return t, j, nil
}

// shown is an error of the store as clients see it.
func shown(err error) error {
	f, ok := fault.Of(err)
	switch {
	case !ok:
		return err
	case errors.Is(f, fault.Unavailable), errors.Is(f, fault.Limit):
		return &mcpwire.Error{Code: mcp.INTERNAL_ERROR, Message: f.Error()}
	default:
		return invalid(f.Error())
	}
}

func invalid(text string) *mcpwire.Error {
	return &mcpwire.Error{Code: mcp.INVALID_PARAMS, Message: text}
}

// Times of a task as clients see them.
const (
	iso = "2006-01-02T15:04:05.000Z"

	young = 10 * time.Second // age at which a task is polled less often
	old   = time.Minute
)

// pollMs says after how long, in milliseconds, it is worth asking for a task again.
func pollMs(t task.Task) int64 {
	switch age := time.Since(t.CreatedAt); {
	case t.Awaits():
		return 1000 // a person is at it
	case age > old:
		return 5000
	case age > young:
		return 2000
	default:
		return 500
	}
}

// ttlMs is how long after its creation, in milliseconds, a task is forgotten: of one
// that goes on, if it had ended with its last change.
func ttlMs(t task.Task) int64 { return (t.UpdatedAt.Sub(t.CreatedAt) + t.TTL).Milliseconds() }

// standing says in words where a task stands.
func standing(t task.Task) string {
	switch {
	case t.Status == task.Failed, t.Status == task.Cancelled:
		return t.Error
	case t.Status == task.Completed:
		return "100%"
	case t.Awaits():
		return fmt.Sprintf("%d%%: waits for an answer", t.Progress)
	case t.Status == task.Pending:
		return fmt.Sprintf("%d%%: waits for its turn", t.Progress)
	}
	if n := len(t.Messages); n > 0 {
		return fmt.Sprintf("%d%%: %s", t.Progress, t.Messages[n-1].Text)
	}
	return fmt.Sprintf("%d%%", t.Progress)
}
