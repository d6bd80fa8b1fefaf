package mcpwire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"sync"
	"sync/atomic"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/mark3labs/mcp-go/tracing"
)

// direct calls tools' handlers as HandleMessage would, at a third of its cost: that
// decodes a request five times. It is a shortcut and never another way: whatever is not
// an ordinary call is left to HandleMessage, and so is everything where more stands
// between the two than can be seen from here.
type direct struct {
	off    bool // for tests that compare the two
	meta   tracing.MetaPropagator
	plain  func() bool
	key    any // of the MCPServer in a handler's context
	server atomic.Pointer[mcp.Implementation]
	asks   sync.Map // names of tools that have asked for more input
}

// Direct tells whether tool calls go to their handlers directly.
func (w *Wire) Direct() bool { return w.direct.plain() && !w.direct.off }

// WithMetaPropagator tells of the propagator that the MCPServer has: without knowing it,
// tool calls cannot go to their handlers directly.
func WithMetaPropagator(p tracing.MetaPropagator) Option {
	return func(w *Wire) { w.direct.meta = p }
}

// WithServerInfo tells what the MCPServer calls itself, as it does with its results of
// 2026-07-28, before one of those shows it.
func WithServerInfo(info mcp.Implementation) Option {
	return func(w *Wire) { w.direct.server.Store(&info) }
}

func (d *direct) prepare(s *server.MCPServer) {
	d.plain = sync.OnceValue(func() bool { return plain(s, reflect.TypeOf(d.meta)) })
	var probe keyProbe
	server.ServerFromContext(&probe)
	d.key = probe.key
}

// keyProbe learns by which key mcp-go looks for itself in a context.
type keyProbe struct {
	context.Context
	key any
}

func (p *keyProbe) Value(key any) any {
	p.key = key
	return nil
}

// between are the fields of an MCPServer that change what becomes of a tool call, if
// they are set. A test knows all fields of the struct.
var between = []string{"toolFilters", "inputValidator", "outputValidator", "tracer", "propagator", "requestLogger"}

// idle are types of values that do nothing.
var idle = map[reflect.Type]bool{
	reflect.TypeOf(tracing.NoopTracer()):     true,
	reflect.TypeOf(tracing.NoopPropagator()): true,
}

// typeIn gives the type of what an interface holds, or nil.
func typeIn(f reflect.Value) reflect.Type {
	if f.Kind() != reflect.Interface || f.IsNil() {
		return nil
	}
	return f.Elem().Type()
}

// plain tells whether nothing stands between a tool call and the tool's handler but
// hooks, the middleware of New and a propagator of the type that New was told of.
func plain(s *server.MCPServer, propagator reflect.Type) bool {
	v := reflect.ValueOf(s).Elem()
	if f := v.FieldByName("metaPropagator"); !f.IsValid() || typeIn(f) != propagator {
		return false
	}
	for _, name := range between {
		if f := v.FieldByName(name); !f.IsValid() || !f.IsZero() && !idle[typeIn(f)] {
			return false
		}
	}
	middleware := v.FieldByName("toolHandlerMiddlewares")
	return middleware.IsValid() && middleware.Len() == 1
}

// handlerError is an error of a handler's as hooks see it.
type handlerError struct{ err error }

func (e handlerError) Error() string { return "request error: " + e.err.Error() }
func (e handlerError) Unwrap() error { return e.err }

// directly answers an ordinary tool call. Nothing has happened if it did not.
func (w *Wire) directly(c *call) (answer mcp.JSONRPCMessage, done bool) {
	d := &w.direct
	if c.of.method != string(mcp.MethodToolsCall) || c.of.params == nil || !w.Direct() {
		return nil, false
	}
	r := mcp.CallToolRequest{Header: http.Header{}}
	if r.Params.UnmarshalJSON(c.of.params) != nil || r.Params.Task != nil {
		return nil, false
	}
	r.Method = c.of.method
	if _, asks := d.asks.Load(r.Params.Name); asks {
		return nil, false
	}
	tool := w.server.GetTool(r.Params.Name)
	if tool == nil || tool.Handler == nil || tool.Tool.Execution != nil && tool.Tool.Execution.TaskSupport == mcp.TaskSupportRequired {
		return nil, false
	}
	info := protocolOf(r.Params.Meta)
	if info == nil || info.Modern != c.of.isModern() || info.Modern && d.server.Load() == nil {
		return nil, false
	}
	return w.guarded(c.ctx, func() mcp.JSONRPCMessage { return w.callTool(c, &r, info) }), true
}

// protocolOf gives what mcp-go makes of a request's _meta, or nothing if it would
// refuse it.
func protocolOf(meta *mcp.Meta) *server.RequestProtocolInfo {
	version := meta.ProtocolVersion()
	if !mcp.IsModernProtocol(version) {
		return &server.RequestProtocolInfo{ProtocolVersion: version}
	}
	capabilities := meta.ClientCapabilities()
	if capabilities == nil || !mcp.IsValidProtocolVersion(version) {
		return nil
	}
	return &server.RequestProtocolInfo{
		Modern: true, ProtocolVersion: version, ClientInfo: meta.ClientInfo(),
		ClientCapabilities: capabilities, LogLevel: meta.LogLevel(),
	}
}

// callTool does what HandleMessage does once it has decoded the request, in its order.
func (w *Wire) callTool(c *call, r *mcp.CallToolRequest, info *server.RequestProtocolInfo) mcp.JSONRPCMessage {
	known := context.WithValue(c.ctx, w.direct.key, w.server)
	ctx := server.WithRequestProtocolInfo(known, info)
	h := hooked{w.server.GetHooks(), c.of.anyID}
	if err := h.initialized(known, c.of); err != nil {
		return refused(mcp.INVALID_REQUEST, err, nil)
	}
	if info.Modern {
		c.introduce(info)
	}
	if p := w.direct.meta; p != nil {
		ctx = p.ExtractMeta(ctx, r.Params.Meta)
	}
	h.before(ctx, r)
	result, code, err := w.runTool(ctx, *r)
	if err != nil {
		h.failed(ctx, r, err)
		var data any
		if required := elicitation(err); required != nil && !mcp.IsModernProtocol(server.RequestProtocolVersion(ctx)) {
			details := required.JSONRPCError().Error
			code, data = details.Code, details.Data
		}
		return refused(code, err, data)
	}
	if result.NeedsInput() && !info.Modern {
		// mcp-go asks the client and runs the handler again. Hooks hear of the call twice,
		// which happens once for each tool: from then on its calls are not ordinary.
		w.direct.asks.Store(r.Params.Name, true)
		c.question = result
		return w.server.HandleMessage(c.ctx, c.of.canonical())
	}
	h.after(ctx, r, result)
	if info.Modern {
		w.decorate(result)
	}
	return mcp.JSONRPCResponse{Result: result}
}

// alreadyRun gives what a handler has asked for before mcp-go knew of the call, once.
func alreadyRun(ctx context.Context) (question *mcp.CallToolResult) {
	if c, ok := callOf(ctx); ok {
		question, c.question = c.question, nil
	}
	return question
}

// introduce tells the session what the request says of its client.
func (c *call) introduce(info *server.RequestProtocolInfo) {
	if info.ClientInfo != nil {
		c.SetClientInfo(*info.ClientInfo)
	}
	c.SetClientCapabilities(*info.ClientCapabilities)
	c.Initialize()
}

// hooked runs a server's hooks around a tool call. The id is decoded only for those who
// look at it.
type hooked struct {
	*server.Hooks
	id func() any
}

func (h hooked) initialized(ctx context.Context, m message) error {
	if len(h.OnRequestInitialization) == 0 {
		return nil
	}
	raw := m.canonical()
	for _, hook := range h.OnRequestInitialization {
		if err := hook(ctx, h.id(), raw); err != nil {
			return err
		}
	}
	return nil
}

func (h hooked) before(ctx context.Context, r *mcp.CallToolRequest) {
	for _, hook := range h.OnBeforeAny {
		hook(ctx, h.id(), mcp.MethodToolsCall, r)
	}
	for _, hook := range h.OnBeforeCallTool {
		hook(ctx, h.id(), r)
	}
}

func (h hooked) after(ctx context.Context, r *mcp.CallToolRequest, result *mcp.CallToolResult) {
	for _, hook := range h.OnSuccess {
		hook(ctx, h.id(), mcp.MethodToolsCall, r, result)
	}
	for _, hook := range h.OnAfterCallTool {
		hook(ctx, h.id(), r, result)
	}
}

func (h hooked) failed(ctx context.Context, r *mcp.CallToolRequest, err error) {
	for _, hook := range h.OnError {
		hook(ctx, h.id(), mcp.MethodToolsCall, r, handlerError{err})
	}
}

func refused(code int, err error, data any) mcp.JSONRPCMessage {
	return mcp.JSONRPCError{Error: mcp.NewJSONRPCErrorDetails(code, err.Error(), data)}
}

// runTool runs the handler of the tool that hooks have left as the one to be called.
func (w *Wire) runTool(ctx context.Context, r mcp.CallToolRequest) (result *mcp.CallToolResult, code int, err error) {
	tool := w.server.GetTool(r.Params.Name)
	if tool == nil || tool.Handler == nil {
		return nil, mcp.INVALID_PARAMS, fmt.Errorf("tool '%s' not found: %w", r.Params.Name, server.ErrToolNotFound)
	}
	func() {
		defer w.after(ctx, &err)
		result, err = tool.Handler(ctx, r)
	}()
	if err == nil && result == nil {
		err = fmt.Errorf("tool '%s' handler returned no result", r.Params.Name)
	}
	return result, mcp.INTERNAL_ERROR, err
}

// elicitation finds what mcp-go answers with a code of its own before 2026-07-28.
func elicitation(err error) *mcp.URLElicitationRequiredError {
	var value mcp.URLElicitationRequiredError
	var pointer *mcp.URLElicitationRequiredError
	switch {
	case errors.As(err, &value):
		return &value
	case errors.As(err, &pointer):
		return pointer
	default:
		return nil
	}
}

// decorate adds what every result has since 2026-07-28.
func (w *Wire) decorate(result *mcp.CallToolResult) {
	if result.GetResultType() == "" {
		result.SetResultType(mcp.ResultTypeComplete)
	}
	if meta := result.EnsureResultMeta(); meta != nil && meta.ServerInfo() == nil {
		meta.SetServerInfo(*w.direct.server.Load())
	}
}

// watch and learn find out what mcp-go calls itself in the results of 2026-07-28: what
// was not in one when its handler returned it, and is when it is answered.
func (d *direct) watch(ctx context.Context, result *mcp.CallToolResult) {
	if d.server.Load() != nil || result == nil || result.Meta.ServerInfo() != nil {
		return
	}
	if c, ok := callOf(ctx); ok && c.of.isModern() {
		c.nameless = result
	}
}

func (d *direct) learn(c *call, answer mcp.JSONRPCMessage) {
	response, _ := answer.(mcp.JSONRPCResponse)
	if r, ok := response.Result.(*mcp.CallToolResult); ok && r != nil && r == c.nameless {
		d.server.CompareAndSwap(nil, r.Meta.ServerInfo())
	}
}

// anyID is the id as mcp-go decodes it.
func (m message) anyID() (id any) {
	_ = json.Unmarshal(m.id, &id)
	return id
}
