package mcpwire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// Route is a method that a layer above mcp-go answers.
type Route struct {
	// Serve answers a request: with a result, with an *Error, or with ErrPass for
	// mcp-go to answer it after all. Any other error is logged and not shown. It
	// returns soon after ctx ends.
	Serve func(ctx context.Context, c *Call) (result any, err error)

	// Name is the member of params that the header Mcp-Name repeats from 2026-07-28
	// on. Empty: mcp-go says which, if any.
	Name string

	// Legacy: the route is for requests before 2026-07-28 alone.
	Legacy bool
}

// ErrPass leaves a request to mcp-go.
var ErrPass = errors.New("mcp-go answers this")

// Handle makes a route, in every era. It is called before any message comes in.
func (w *Wire) Handle(method string, r Route) {
	if w.routes == nil {
		w.routes = map[string]Route{}
	}
	w.routes[method] = r
}

// Handled lists the methods that have a route.
func (w *Wire) Handled() []string { return slices.Sorted(maps.Keys(w.routes)) }

// Call is a request as a layer above sees it: inside a Route, or inside a tool's
// handler by way of CallOf. It may be kept after its answer.
type Call struct{ inner *call }

// CallOf gives the call that a handler's context belongs to.
func CallOf(ctx context.Context) (*Call, bool) {
	c, ok := callOf(ctx)
	if !ok {
		return nil, false
	}
	return &Call{c}, true
}

// Params gives the params as they came, or nil.
func (c *Call) Params() json.RawMessage { return c.inner.of.params }

// Param gives a member of the params under exactly its name, or nil.
func (c *Call) Param(name string) (value json.RawMessage) {
	members(c.inner.of.params, func(of, raw []byte) {
		if string(of) == name {
			value = raw
		}
	})
	return value
}

// Modern tells whether the request is of 2026-07-28 or later.
func (c *Call) Modern() bool { return c.inner.of.isModern() }

// Version gives the protocol version of the request. It is empty before initialize.
func (c *Call) Version() string {
	if c.Modern() {
		return c.inner.of.version
	}
	return c.inner.ProtocolVersion()
}

// Client gives what the client can do: as it said with this very request from
// 2026-07-28 on, and in initialize before.
func (c *Call) Client() mcp.ClientCapabilities {
	if !c.Modern() {
		return c.inner.GetClientCapabilities()
	}
	if declared := declaredIn(c.inner.of.params); declared != nil {
		return *declared
	}
	return mcp.ClientCapabilities{}
}

func declaredIn(params json.RawMessage) *mcp.ClientCapabilities {
	var p struct {
		Meta *mcp.Meta `json:"_meta"`
	}
	if json.Unmarshal(params, &p) != nil {
		return nil
	}
	return p.Meta.ClientCapabilities()
}

// Answer makes result the answer, whatever the handler of a tool, resource or prompt
// returns.
func (c *Call) Answer(result any) error {
	raw, err := json.Marshal(result)
	if err != nil {
		return fmt.Errorf("answer to %s: %w", c.inner.of.method, err)
	}
	c.inner.mu.Lock()
	defer c.inner.mu.Unlock()
	c.inner.instead = raw
	return nil
}

// Answered has f called, on the call's goroutine, once the answer has its place in
// the order of what is sent. f must not wait.
func (c *Call) Answered(f func()) {
	c.inner.mu.Lock()
	defer c.inner.mu.Unlock()
	c.inner.after = append(c.inner.after, f)
}

// Notify sends a notification, in order, where the call's answer goes; after the
// answer it goes to the session, and from 2026-07-28 on nowhere. meta may be nil.
func (c *Call) Notify(method string, params, meta map[string]any) {
	n := mcp.JSONRPCNotification{JSONRPC: mcp.JSONRPC_VERSION}
	n.Method = method
	n.Params.AdditionalFields = params
	n.Params.Meta = meta
	c.inner.NotificationChannel() <- n // it has a place
}

// Ask sends a request to the client, where Notify sends, and waits for its answer.
// From 2026-07-28 on nothing is asked so.
func (c *Call) Ask(ctx context.Context, method string, params, into any) error {
	if c.Modern() {
		return fmt.Errorf("%s: a client of %s is asked nothing", method, c.Version())
	}
	return c.inner.ask(ctx, method, params, into)
}

// Session ends with the connection or session that the call came on.
func (c *Call) Session() context.Context { return c.inner.peer.ctx }

// Listen adds to a subscriptions/listen: the acknowledgement names value as member
// of what is subscribed, tell runs from then on until the stream ends, and what it
// notifies of goes to the stream. It is for a Route that then passes.
func (c *Call) Listen(member string, value any, tell func(context.Context)) {
	c.inner.more = &listening{member: member, value: value, tell: tell, acknowledged: make(chan struct{})}
}

// listening is what a layer adds to a subscriptions/listen.
type listening struct {
	member       string
	value        any
	tell         func(context.Context)
	acknowledged chan struct{}
	once         sync.Once
}

// amend completes the acknowledgement. What takes its place later comes after it.
func (l *listening) amend(n *mcp.JSONRPCNotification) {
	if n.Method != mcp.MethodNotificationSubscriptionsAcknowledged {
		return
	}
	subscribed := map[string]any{}
	if raw, err := json.Marshal(n.Params.AdditionalFields["notifications"]); err == nil {
		_ = json.Unmarshal(raw, &subscribed)
	}
	subscribed[l.member] = l.value
	n.Params.AdditionalFields = map[string]any{"notifications": subscribed}
	l.once.Do(func() { close(l.acknowledged) })
}

// hold keeps a stream open beside what mcp-go does with it.
func (l *listening) hold(ctx context.Context, serve func(context.Context) mcp.JSONRPCMessage) mcp.JSONRPCMessage {
	var told sync.WaitGroup
	defer told.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	told.Go(func() {
		select {
		case <-l.acknowledged:
			l.tell(ctx)
		case <-ctx.Done():
		}
	})
	answer := serve(ctx)
	if _, ok := answer.(mcp.JSONRPCResponse); ok {
		<-ctx.Done() // mcp-go knows of nothing to wait for
	}
	return answer
}

// respond answers a call: a layer above does, or else mcp-go.
func (w *Wire) respond(c *call) frame {
	if w.gate != nil {
		if wrong := w.gate(c.ctx, c.of.method); wrong != nil {
			return refusal(c.of.id, wrong)
		}
	}
	if r, ok := w.routes[c.of.method]; ok && !(r.Legacy && c.of.isModern()) {
		value, err := w.serve(c.ctx, r, c)
		if !errors.Is(err, ErrPass) {
			return w.routed(c, value, err)
		}
	}
	answer := w.answer(c)
	c.mu.Lock()
	instead := c.instead
	c.mu.Unlock()
	if instead != nil {
		return w.routed(c, instead, nil)
	}
	return c.written(answer)
}

// answer is mcp-go's.
func (w *Wire) answer(c *call) mcp.JSONRPCMessage {
	if c.more != nil {
		return c.more.hold(c.ctx, func(ctx context.Context) mcp.JSONRPCMessage { return w.handle(ctx, c.of.canonical()) })
	}
	if answer, done := w.directly(c); done {
		return answer
	}
	answer := w.handle(c.ctx, c.of.canonical())
	w.direct.learn(c, answer)
	return answer
}

// serve runs a route, whatever happens inside.
func (w *Wire) serve(ctx context.Context, r Route, c *call) (value any, err error) {
	if c.of.isModern() {
		if !mcp.IsValidProtocolVersion(c.of.version) {
			e := mcp.UnsupportedProtocolVersionError{Version: c.of.version, Supported: server.SupportedProtocolVersionsFromContext(ctx)}.JSONRPCError().Error
			return nil, &Error{Code: e.Code, Message: e.Message, Data: e.Data}
		}
		if declaredIn(c.of.params) == nil {
			return nil, &Error{Code: mcp.INVALID_PARAMS, Message: "params._meta has no " + mcp.MetaKeyClientCapabilities}
		}
	}
	defer func() {
		if p := recover(); p != nil {
			err = w.panicked(ctx, p)
		}
	}()
	return r.Serve(ctx, &Call{c})
}

// routed writes what a layer answers.
func (w *Wire) routed(c *call, value any, err error) frame {
	var chosen *Error
	if err == nil {
		var raw []byte
		if value, err = w.signed(c, value); err == nil {
			raw, err = result(c.of.id, value)
		}
		if err == nil {
			return frame{raw: raw, final: true}
		}
	}
	if !errors.As(err, &chosen) {
		w.log.Error("a request could not be answered", "method", c.of.method, "error", err)
		chosen = &Error{Code: mcp.INTERNAL_ERROR, Message: "internal error; the server's log has the details"}
	}
	return refusal(c.of.id, chosen)
}

// signed gives a layer's result with what the server calls itself in its _meta, as every
// result should have it since 2026-07-28. A _meta that is there is left as it is.
func (w *Wire) signed(c *call, value any) (any, error) {
	info := w.direct.server.Load()
	if !c.of.isModern() || info == nil {
		return value, nil
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	empty, done := true, false
	object := members(raw, func(name, _ []byte) { empty, done = false, done || string(name) == "_meta" })
	if !object || done {
		return json.RawMessage(raw), nil
	}
	meta, err := json.Marshal(map[string]any{mcp.MetaKeyServerInfo: info})
	if err != nil {
		return nil, err
	}
	signed := append([]byte(`{"_meta":`), meta...)
	if !empty {
		signed = append(signed, ',')
	}
	return json.RawMessage(append(signed, raw[1:]...)), nil
}

// settled calls what waits for the answer to have its place.
func (c *call) settled() {
	c.mu.Lock()
	after := c.after
	c.after = nil
	c.mu.Unlock()
	for _, f := range after {
		f()
	}
}

// misnamed says what is wrong with the header Mcp-Name of a request that has a
// route, or nothing.
func (w *Wire) misnamed(h http.Header, m message) string {
	member := w.routes[m.method].Name
	if member == "" {
		return ""
	}
	given := h.Get(mcp.HeaderName)
	if given == "" {
		return "the header Mcp-Name is missing: it repeats " + member
	}
	name := text((&Call{&call{of: m}}).Param(member))
	if decoded, ok := mcp.DecodeHeaderValue(given); !ok || decoded != name {
		return fmt.Sprintf("the header Mcp-Name says %.40q, %s %.40q", given, member, name)
	}
	return ""
}
