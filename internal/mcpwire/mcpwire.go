// Package mcpwire carries MCP over stdio, Streamable HTTP and HTTP+SSE, for servers
// whose work takes a while. It takes the place of mcp-go's own transports and leaves
// mcp-go what it is good at: tools, resources and prompts stay registered with its
// MCPServer, and every message goes through MCPServer.HandleMessage.
//
// What it promises beyond that:
//
//   - What a handler sent before its answer leaves before it. Of a 2026-07-28 call
//     nothing leaves after it.
//   - Nobody waits for a slow reader but its own calls, and what it has not read is
//     bounded: progress is thinned to the newest of each token, the last one is
//     never dropped.
//   - A call that waits costs a goroutine and holds nothing up.
//   - A call is cancelled by its own connection alone.
//   - Every request with an id is answered, in words without Go types, whatever
//     came in.
//
// It knows JSON-RPC, sessions and mcp-go, and nothing of what is served: it could
// be a library of its own.
//
// The parts, from the bottom: a message is what came in (message.go); a stream is
// an ordered queue with one writer (stream.go); a peer is one connection or session
// and what it has in flight (peer.go); a call is mcp-go's session for one request
// (call.go); an outlet is where a stream goes over HTTP (outlet.go); a transport reads
// messages and makes streams (stdio.go, streamable.go, sse.go).
//
// Not here: who may connect (Host, Origin, who somebody is), which stands before it and
// is told by WithPrincipal; tools, resources and templates of single sessions (mcp-go's
// SessionWithTools and its like).
package mcpwire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// Bounds of what a client may send and hold.
const (
	maxMessage  = 4 << 20         // bytes of one message
	maxInFlight = 1000            // calls of one connection
	maxUnread   = 512 << 10       // bytes of answers that wait to be read; above it no more calls are
	maxPending  = 4096            // notifications that wait to be read and cannot be thinned out
	thinAt      = 2048            // waiting messages from which notifications are thinned
	stallTime   = 5 * time.Minute // for which a reader may stay away with something to read
)

// busy is the code of a refusal that is no fault of the request.
const busy = -32000

// Wire is what transports share for one MCPServer.
type Wire struct {
	server    *server.MCPServer
	log       *slog.Logger
	principal func(context.Context) string
	gate      func(ctx context.Context, method string) *Error // nil: open
	made      atomic.Int64                                    // sessions so far, for their ids
	next      chan *call                                      // to a goroutine that has just run another
	routes    map[string]Route
	direct    direct
	patience  time.Duration
	observer  Observer // nil: nobody
}

// Option changes what New makes.
type Option func(*Wire)

// WithPrincipal says who sends a request, from its context; empty is anybody.
// A session over HTTP belongs to the principal that opened it: for every other it does
// not exist.
func WithPrincipal(principal func(context.Context) string) Option {
	return func(w *Wire) { w.principal = principal }
}

// WithGate says why the sender of a request may not make it, from its context and its
// method; nil: it may. It is asked before the request is looked at any further, in
// every era and on every transport.
func WithGate(gate func(ctx context.Context, method string) *Error) Option {
	return func(w *Wire) { w.gate = gate }
}

// WithObserver has every request told to o.
func WithObserver(o Observer) Option {
	return func(w *Wire) { w.observer = o }
}

// New prepares an MCPServer for transports. It adds middleware and an error hook,
// so it is called once for each, after the server's own are in place.
func New(s *server.MCPServer, log *slog.Logger, options ...Option) *Wire {
	w := &Wire{server: s, log: log, principal: func(context.Context) string { return "" }, next: make(chan *call), patience: patience}
	for _, o := range options {
		o(w)
	}
	s.Use(func(next server.ToolHandlerFunc) server.ToolHandlerFunc {
		return func(ctx context.Context, r mcp.CallToolRequest) (result *mcp.CallToolResult, err error) {
			defer w.after(ctx, &err)
			if ran := alreadyRun(ctx); ran != nil {
				return ran, nil
			}
			result, err = next(ctx, r)
			w.direct.watch(ctx, result)
			return result, err
		}
	})
	server.WithResourceHandlerMiddleware(func(next server.ResourceHandlerFunc) server.ResourceHandlerFunc {
		return func(ctx context.Context, r mcp.ReadResourceRequest) (result []mcp.ResourceContents, err error) {
			defer w.after(ctx, &err)
			return next(ctx, r)
		}
	})(s)
	server.WithPromptHandlerMiddleware(func(next server.PromptHandlerFunc) server.PromptHandlerFunc {
		return func(ctx context.Context, r mcp.GetPromptRequest) (result *mcp.GetPromptResult, err error) {
			defer w.after(ctx, &err)
			return next(ctx, r)
		}
	})(s)
	if s.GetHooks() == nil {
		server.WithHooks(&server.Hooks{})(s)
	}
	w.direct.prepare(s)
	s.GetHooks().AddOnError(func(ctx context.Context, _ any, _ mcp.MCPMethod, of any, err error) {
		c, ok := callOf(ctx)
		if !ok {
			return
		}
		var shape *server.UnparsableMessageError
		if errors.As(err, &shape) {
			c.fail(badShape(shape))
		}
		if read, ok := of.(*mcp.ReadResourceRequest); ok && errors.Is(err, server.ErrResourceNotFound) {
			c.fail(noResource(read.Params.URI, c.of.isModern()))
		}
	})
	return w
}

// after runs deferred around every handler: a panic is logged and not shown, and an
// *Error is kept for the answer, because mcp-go would give it a code of its own.
func (w *Wire) after(ctx context.Context, err *error) {
	if p := recover(); p != nil {
		*err = w.panicked(ctx, p)
	}
	var chosen *Error
	if c, ok := callOf(ctx); ok && errors.As(*err, &chosen) {
		c.fail(chosen)
	}
}

// parkTime is how long a goroutine that has run a call waits for another. Growing
// the stack of a fresh one costs a fifth of a quick call.
const parkTime = 50 * time.Millisecond

// start runs a call on a goroutine of its own.
func (w *Wire) start(c *call) {
	select {
	case w.next <- c:
	default:
		go w.run(c)
	}
}

func (w *Wire) run(c *call) {
	park := time.NewTimer(parkTime)
	defer park.Stop()
	for {
		c.run()
		park.Reset(parkTime)
		select {
		case c = <-w.next:
		case <-park.C:
			return
		}
	}
}

func (w *Wire) panicked(ctx context.Context, p any) *Error {
	w.log.ErrorContext(ctx, "a handler panicked", "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	return &Error{Code: mcp.INTERNAL_ERROR, Message: "internal error; the server's log has the details"}
}

// handle gives a message to mcp-go.
func (w *Wire) handle(ctx context.Context, raw json.RawMessage) mcp.JSONRPCMessage {
	return w.guarded(ctx, func() mcp.JSONRPCMessage { return w.server.HandleMessage(ctx, raw) })
}

// guarded answers, whatever happens inside.
func (w *Wire) guarded(ctx context.Context, serve func() mcp.JSONRPCMessage) (answer mcp.JSONRPCMessage) {
	defer func() {
		if p := recover(); p != nil {
			e := w.panicked(ctx, p)
			answer = mcp.JSONRPCError{Error: mcp.NewJSONRPCErrorDetails(e.Code, e.Message, nil)}
		}
	}()
	return serve()
}

// noResource says that no resource or template has an address.
func noResource(uri string, modern bool) *Error {
	e := &Error{
		Code:    mcp.RESOURCE_NOT_FOUND,
		Message: "no resource has this uri: resources/list and resources/templates/list tell which there are",
		Data:    map[string]any{"uri": uri},
	}
	if modern {
		e.Code = mcp.INVALID_PARAMS
	}
	return e
}

// badShape says in JSON's words what is wrong with the parameters of a request.
func badShape(e *server.UnparsableMessageError) *Error {
	text := fmt.Sprintf("the params of %s have the wrong shape", e.GetMethod())
	var mismatch *json.UnmarshalTypeError
	if errors.As(e, &mismatch) && mismatch.Field != "" {
		text = fmt.Sprintf("%s cannot be a JSON %s in %s", embedded.ReplaceAllString(mismatch.Field, ""), mismatch.Value, e.GetMethod())
	}
	return &Error{Code: mcp.INVALID_PARAMS, Message: text}
}

// embedded is what Go puts into a member's path for a struct inside another, whose
// members JSON has beside the other's.
var embedded = regexp.MustCompile(`\b[A-Z]\w*Params\.`)
