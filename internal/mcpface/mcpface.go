// Package mcpface is Trilha as an MCP server: it registers tools, resources and
// prompts with mcp-go, and tells sessions of the progress of tasks. What the tools
// do is in package tools; sockets and pipes are in package httpface and in app.
package mcpface

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/mark3labs/mcp-go/tracing"

	"github.com/trilha/trilha/internal/mcptasks"
	"github.com/trilha/trilha/internal/mcpwire"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/tutor"
	"github.com/trilha/trilha/tools"
)

// instructions tell a model how to use the server; at most 1,500 bytes.
//
//go:embed instructions.txt
var instructions string

// Face is the MCP server of one tutor.
type Face struct {
	server  *server.MCPServer
	info    mcp.Implementation
	tutor   *tutor.Tutor
	tools   *tools.Tools
	tasks   *mcptasks.Layer
	ownerOf func(context.Context) string
	permit  Permit // nil: all may do all
	log     *slog.Logger

	// root ends followers and subscriptions; it outlives requests.
	root context.Context
	stop context.CancelFunc
	work sync.WaitGroup

	followers     *mcptasks.Followers
	subscriptions subscriptions
	news          news

	resources []mcp.Resource // that have no owner
	templates []mcp.ResourceTemplate
	pageSize  int
}

// New makes the server. ownerOf gives the principal of a request; calls of tools that
// are jobs go to tasks.
func New(version string, t *tutor.Tutor, ts *tools.Tools, tasks *mcptasks.Layer, ownerOf func(context.Context) string, log *slog.Logger) *Face {
	f := &Face{tutor: t, tools: ts, tasks: tasks, ownerOf: ownerOf, log: log, followers: tasks.Followers(), pageSize: pageSize}
	f.root, f.stop = context.WithCancel(context.Background())
	hooks := &server.Hooks{}
	hooks.AddOnRequestInitialization(refuse)
	f.addSubscriptionHooks(hooks)
	f.addLists(hooks)
	f.addNews(hooks)
	tasks.Hook(hooks)
	// Whoever lists the tools is about to call one. Only now: nothing of the
	// catalogue stands between the start and the answered list.
	var warm sync.Once
	hooks.AddAfterListTools(func(context.Context, any, *mcp.ListToolsRequest, *mcp.ListToolsResult) {
		warm.Do(func() { f.work.Go(t.Warm) })
	})
	f.info = mcp.Implementation{
		Name: "trilha", Version: version, Title: "Trilha",
		Description: "Learning paths in prerequisite order, with real links, made in the background.",
	}
	options := append(cacheHints(),
		server.WithTitle(f.info.Title),
		server.WithDescription(f.info.Description),
		server.WithInstructions(told(ts)),
		server.WithToolCapabilities(false),
		server.WithResourceCapabilities(true, true),
		server.WithPromptCapabilities(false),
		server.WithLogging(),
		server.WithCompletions(),
		server.WithPromptCompletionProvider(completer{f}),
		server.WithResourceCompletionProvider(completer{f}),
		// Not WithRecovery: handler does that, and mcpwire calls tools directly if nothing is between.
		server.WithResourceRecovery(),
		server.WithMetaPropagator(traceContext{}),
		server.WithHooks(hooks),
	)
	f.server = server.NewMCPServer(f.info.Name, f.info.Version, options...)
	for _, d := range ts.Offered() {
		if d.Job != nil {
			f.server.AddTool(d.Tool, f.permitting(d.Tool.Name, tasks.Handler(d.Tool.Name, *d.Job)))
			continue
		}
		f.server.AddTool(d.Tool, f.handler(d))
	}
	f.addResources()
	f.addPrompts()
	return f
}

// told gives the instructions, with what they name and is not offered here.
func told(ts *tools.Tools) string {
	offered := ts.Offered()
	if len(offered) == len(ts.All()) {
		return instructions
	}
	var names []string
	for _, d := range offered {
		names = append(names, d.Tool.Name)
	}
	return strings.TrimSpace(instructions) + "\n\nThis server offers only " + strings.Join(names, ", ") + ": whatever else is named here cannot be called.\n"
}

// Server is mcp-go's server, for transports.
func (f *Face) Server() *server.MCPServer { return f.server }

// ServerInfo is what Server calls itself.
func (f *Face) ServerInfo() mcp.Implementation { return f.info }

// MetaPropagator is what Server takes the trace context of requests with.
func (f *Face) MetaPropagator() tracing.MetaPropagator { return traceContext{} }

// Close ends what tells sessions of tasks and waits for it.
func (f *Face) Close() {
	f.tasks.Close()
	f.stop()
	f.news.close()
	f.work.Wait()
}

// handler is the one place where a tool meets a session.
func (f *Face) handler(d tools.Definition) server.ToolHandlerFunc {
	return func(ctx context.Context, r mcp.CallToolRequest) (_ *mcp.CallToolResult, err error) {
		defer func() {
			// The library would show the panic's text to the client.
			if p := recover(); p != nil {
				f.log.ErrorContext(ctx, "tool panicked", "tool", d.Tool.Name, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
				err = errors.New("internal error; the server's log has the details")
			}
		}()
		if refusal, ok := f.permitted(ctx, d.Tool.Name); !ok {
			return refusal, nil
		}
		raw, err := tools.Arguments(r)
		if err != nil {
			return nil, fmt.Errorf("arguments of %s: %w", d.Tool.Name, err)
		}
		return d.Call(ctx, f.caller(ctx, r), raw), nil
	}
}

// caller says how the request's session hears of a task: during the call on its
// own stream; after it, before 2026-07-28, by the session. From 2026-07-28 on
// progress belongs to the response stream of its request and ends with it.
func (f *Face) caller(ctx context.Context, r mcp.CallToolRequest) tools.Caller {
	c := f.silent(ctx, r)
	if !server.IsModernRequest(ctx) {
		return c
	}
	// What happens to a task is logged to the request that waits for it, if that
	// asked for messages; earlier eras have it by session, see news.
	progress := c.Progress
	c.Progress = func(waiting context.Context, w *task.Watch) task.Task {
		last := progress(waiting, w)
		if last.Status.Final() || last.Awaits() {
			_ = f.server.SendLogMessageToClient(ctx, messageOf(last))
		}
		return last
	}
	return c
}

// silent is a caller who is told by progress alone.
func (f *Face) silent(ctx context.Context, r mcp.CallToolRequest) tools.Caller {
	c := tools.Caller{Owner: f.ownerOf(ctx), Settle: f.followers.Settle, Progress: drain}
	if r.Params.Meta == nil || r.Params.Meta.ProgressToken == nil {
		return c
	}
	token := r.Params.Meta.ProgressToken
	c.Progress = func(ctx context.Context, w *task.Watch) task.Task {
		return mcptasks.Forward(ctx, w, token, func(params map[string]any) error {
			return f.server.SendNotificationToClient(ctx, mcptasks.MethodProgress, params)
		}, nil)
	}
	session := server.ClientSessionFromContext(ctx)
	if session != nil && session.SessionID() != "" && !server.IsModernRequest(ctx) {
		c.Follow = func(w *task.Watch) { f.follow(w, token, session) }
	}
	return c
}

// follow tells a session of a task's progress after the call has returned, until
// the task ends.
func (f *Face) follow(w *task.Watch, token any, session server.ClientSession) {
	// The first snapshot names the task; it is there at once.
	first, ok := <-w.Events
	if !ok {
		return
	}
	done := f.followers.Add(first.ID)
	f.work.Go(func() {
		defer done()
		defer w.Stop()
		mcptasks.Forward(f.root, w, token, func(params map[string]any) error {
			return f.server.SendNotificationToSpecificClient(session.SessionID(), mcptasks.MethodProgress, params)
		}, nil)
	})
}

// drain reads a subscription to its end for a caller who asked for no progress.
func drain(_ context.Context, w *task.Watch) task.Task {
	var last task.Task
	for t := range w.Events {
		last = t
	}
	return last
}

// maxURI bounds a resource's address, in bytes: matching one against the
// templates costs seconds a megabyte.
const maxURI = 512

// refuse looks at requests before mcp-go does, whose matching of addresses has no
// bound and which takes any word for a log level.
func refuse(ctx context.Context, _ any, message any) error {
	raw, ok := message.(json.RawMessage)
	if !ok || len(raw) <= maxURI && !bytes.Contains(raw, []byte(mcp.MetaKeyLogLevel)) {
		return nil
	}
	var r struct {
		Params struct {
			URI  string `json:"uri"`
			Meta struct {
				LogLevel *mcp.LoggingLevel `json:"io.modelcontextprotocol/logLevel"`
			} `json:"_meta"`
		} `json:"params"`
	}
	var wrong string
	switch err := json.Unmarshal(raw, &r); {
	case err == nil && len(r.Params.URI) > maxURI:
		wrong = "the uri is longer than 512 bytes: use one that resources/list, resources/templates/list or a tool gave"
	case err == nil && r.Params.Meta.LogLevel != nil && !slices.Contains(logLevels, *r.Params.Meta.LogLevel):
		wrong = fmt.Sprintf("_meta %s: %.40q is no log level: use one of %q", mcp.MetaKeyLogLevel, *r.Params.Meta.LogLevel, logLevels)
	default:
		return nil
	}
	mcpwire.Refuse(ctx, &mcpwire.Error{Code: mcp.INVALID_PARAMS, Message: wrong})
	return errors.New(wrong)
}

// logLevels are those of the protocol, the least urgent first.
var logLevels = []mcp.LoggingLevel{
	mcp.LoggingLevelDebug, mcp.LoggingLevelInfo, mcp.LoggingLevelNotice, mcp.LoggingLevelWarning,
	mcp.LoggingLevelError, mcp.LoggingLevelCritical, mcp.LoggingLevelAlert, mcp.LoggingLevelEmergency,
}
