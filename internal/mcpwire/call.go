package mcpwire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// state is what mcp-go asks and tells a session of its client: one for a
// connection before 2026-07-28, and one for each call since.
type state struct {
	id          string
	initialized atomic.Bool

	mu           sync.Mutex
	version      string
	level        mcp.LoggingLevel
	client       mcp.Implementation
	capabilities mcp.ClientCapabilities
}

func newState(id string) *state { return &state{id: id, level: mcp.LoggingLevelError} }

func (s *state) SessionID() string { return s.id }
func (s *state) Initialize()       { s.initialized.Store(true) }
func (s *state) Initialized() bool { return s.initialized.Load() }

func (s *state) ProtocolVersion() string     { return get(s, &s.version) }
func (s *state) SetProtocolVersion(v string) { set(s, &s.version, v) }

func (s *state) GetLogLevel() mcp.LoggingLevel  { return get(s, &s.level) }
func (s *state) SetLogLevel(l mcp.LoggingLevel) { set(s, &s.level, l) }

func (s *state) GetClientInfo() mcp.Implementation  { return get(s, &s.client) }
func (s *state) SetClientInfo(c mcp.Implementation) { set(s, &s.client, c) }

func (s *state) GetClientCapabilities() mcp.ClientCapabilities  { return get(s, &s.capabilities) }
func (s *state) SetClientCapabilities(c mcp.ClientCapabilities) { set(s, &s.capabilities, c) }

func get[T any](s *state, field *T) T {
	s.mu.Lock()
	defer s.mu.Unlock()
	return *field
}

func set[T any](s *state, field *T, value T) {
	s.mu.Lock()
	defer s.mu.Unlock()
	*field = value
}

// call is mcp-go's session for one request. What is sent to it goes where its
// answer will go, and after the answer to the peer, or from 2026-07-28 on nowhere.
type call struct {
	*state // the peer's before 2026-07-28, its own since
	peer   *peer
	of     message
	key    string
	out    *stream
	answer func(frame) (mustDrain bool) // queues the answer in its place
	leave  func(after time.Duration)    // see Disconnect; may be nil
	ctx    context.Context
	cancel context.CancelFunc
	over   func() // called when it is no longer in flight; may be nil

	// Of the goroutine that runs the handler; see direct.go.
	nameless *mcp.CallToolResult // without the server's name so far
	question *mcp.CallToolResult // of a handler that mcp-go is not to run again

	mu        sync.Mutex
	answered  bool
	cancelled bool   // by the client: it wants no answer
	failure   *Error // the answer instead of mcp-go's
	filter    mcp.SubscriptionFilter
	instead   json.RawMessage // the result instead of mcp-go's
	after     []func()        // called once it is answered
	more      *listening      // what a layer adds to a subscription; set before it is served
	ack       acknowledgement
}

var (
	_ server.SessionWithLogging            = (*call)(nil)
	_ server.SessionWithClientInfo         = (*call)(nil)
	_ server.SessionWithProtocolVersion    = (*call)(nil)
	_ server.SessionWithSubscriptionFilter = (*call)(nil)
	_ server.SessionWithElicitation        = (*call)(nil)
	_ server.SessionWithSampling           = (*call)(nil)
	_ server.SessionWithRoots              = (*call)(nil)
)

// callOf gives the call that a handler's context belongs to.
func callOf(ctx context.Context) (*call, bool) {
	c, ok := server.ClientSessionFromContext(ctx).(*call)
	return c, ok
}

// Disconnect ends the HTTP response of the call that ctx belongs to, while the call
// goes on: the client comes back after a while and gets what it has missed, the
// answer included. Nothing happens where that cannot be: on other transports, and
// with clients of other protocol versions than 2025-11-25.
func Disconnect(ctx context.Context, after time.Duration) {
	if c, ok := callOf(ctx); ok && c.leave != nil {
		c.leave(after)
	}
}

// Refuse makes e the answer to the request that ctx belongs to, whatever mcp-go makes
// of it. It is for mcp-go's hooks, which cannot fail; handlers return an *Error.
func Refuse(ctx context.Context, e *Error) {
	if c, ok := callOf(ctx); ok {
		c.fail(e)
	}
}

// NotificationChannel takes the next place in the order of what is sent. mcp-go
// calls it once for each notification, which a test holds.
func (c *call) NotificationChannel() chan<- mcp.JSONRPCNotification {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.listens() && (!c.ack.given || c.ack.sorting):
		return c.early()
	case !c.answered:
		return c.out.place(c, c.encode)
	case c.of.isModern():
		return make(chan mcp.JSONRPCNotification, 1) // too late
	default:
		return c.peer.NotificationChannel()
	}
}

// acknowledgement is what a subscription's stream begins with, whoever else may know of
// the call by then. Until it is given, news wait beside the stream.
type acknowledgement struct {
	given   bool
	slots   []chan mcp.JSONRPCNotification // of what is about to be handed over, in order
	sorting bool                           // they are being emptied
	sorted  sync.WaitGroup
	news    []mcp.JSONRPCNotification
	late    bool // the call is about to be answered
}

// early takes a notification before the subscription is acknowledged, or the
// acknowledgement itself. Callers hold mu.
func (c *call) early() chan<- mcp.JSONRPCNotification {
	slot := make(chan mcp.JSONRPCNotification, 1)
	if c.ack.late {
		return slot
	}
	c.ack.slots = append(c.ack.slots, slot)
	if !c.ack.sorting {
		c.ack.sorting = true
		c.ack.sorted.Go(c.sort)
	}
	return slot
}

// sort lets news wait for the acknowledgement; with that, all go.
func (c *call) sort() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.ack.slots) > 0 {
		slot := c.ack.slots[0]
		c.ack.slots = c.ack.slots[1:]
		c.mu.Unlock()
		n, sent := receive(slot)
		c.mu.Lock()
		if sent {
			c.pass(n)
		}
	}
	c.ack.sorting = false
}

func (c *call) pass(n mcp.JSONRPCNotification) {
	switch {
	case n.Method == mcp.MethodNotificationSubscriptionsAcknowledged:
		c.ack.given = true
		for _, n := range append([]mcp.JSONRPCNotification{n}, c.ack.news...) {
			c.out.place(c, c.encode) <- n
		}
		c.ack.news = nil
	case c.ack.given:
		c.out.place(c, c.encode) <- n
	default:
		c.ack.news = append(c.ack.news, n)
	}
}

// settle waits for what was sent before a subscription's answer.
func (c *call) settle() {
	c.mu.Lock()
	c.ack.late = true
	c.mu.Unlock()
	c.ack.sorted.Wait()
}

// encode writes a notification. On the stream of a subscription it carries the id
// of the request, as the client wrote it.
func (c *call) encode(n mcp.JSONRPCNotification) []byte {
	if c.listens() {
		if c.more != nil {
			c.more.amend(&n)
		}
		meta := map[string]any{}
		for k, v := range n.Params.Meta {
			meta[k] = v
		}
		meta[mcp.MetaKeySubscriptionID] = c.of.id
		n.Params.Meta = meta
	}
	return encode(n)
}

// encode writes a notification; one that JSON cannot hold is not sent.
func encode(n mcp.JSONRPCNotification) []byte {
	raw, err := json.Marshal(n)
	if err != nil {
		return nil
	}
	return raw
}

func (c *call) listens() bool {
	return c.of.isModern() && c.of.method == string(mcp.MethodSubscriptionsListen)
}

// SetSubscriptionFilter and SubscriptionFilter serve subscriptions/listen. A
// filter is always in force: no other call is told of what others do.
func (c *call) SetSubscriptionFilter(f mcp.SubscriptionFilter) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.filter = f
}

// SubscriptionFilter gives what the client asked for.
func (c *call) SubscriptionFilter() (mcp.SubscriptionFilter, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.filter, true
}

// fail sets the error that is answered instead of what mcp-go makes of the request.
func (c *call) fail(e *Error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failure = e
}

// run gives the request to mcp-go and queues the answer. It holds its place among
// the calls in flight until then: what waits to be read has to be bounded.
func (c *call) run() {
	w := c.peer.wire
	answered := w.observed(c)
	if c.listens() {
		if err := w.server.RegisterSession(c.ctx, c); err == nil {
			defer w.server.UnregisterSession(context.WithoutCancel(c.ctx), c.id)
		}
	}
	f := w.respond(c)
	if c.listens() {
		c.settle()
	}
	answered(f)
	c.cancel()
	c.mu.Lock()
	c.answered = true
	if c.cancelled {
		f = frame{final: true}
	}
	mustDrain := c.answer(f)
	c.mu.Unlock()
	c.settled()
	c.peer.end(c)
	if mustDrain {
		c.out.drain()
	}
}

// written is mcp-go's answer under the id that the client gave: mcp-go has read it
// as a float.
func (c *call) written(answer mcp.JSONRPCMessage) frame {
	c.mu.Lock()
	failure := c.failure
	c.mu.Unlock()
	if failure != nil {
		return refusal(c.of.id, failure)
	}
	switch a := answer.(type) {
	case mcp.JSONRPCResponse:
		if r, ok := a.Result.(mcp.SubscriptionsListenResult); ok {
			r.EnsureResultMeta().SetSubscriptionID(c.of.id)
			a.Result = r
		}
		raw, err := result(c.of.id, a.Result)
		if err == nil {
			return frame{raw: raw, final: true}
		}
		c.peer.wire.log.Error("a result cannot be written", "method", c.of.method, "error", err)
		failure = &Error{Code: mcp.INTERNAL_ERROR, Message: "internal error; the server's log has the details"}
	case mcp.JSONRPCError:
		failure = &Error{Code: a.Error.Code, Message: a.Error.Message, Data: a.Error.Data}
	default:
		failure = &Error{Code: mcp.INTERNAL_ERROR, Message: "no answer"}
	}
	return refusal(c.of.id, failure)
}

// ask sends a request to the client and waits for its answer.
func (c *call) ask(ctx context.Context, method string, params, into any) error {
	id, answers := c.peer.expect()
	defer c.peer.forget(id)
	request := map[string]any{"jsonrpc": mcp.JSONRPC_VERSION, "id": json.RawMessage(id), "method": method}
	if params != nil {
		request["params"] = params
	}
	raw, err := json.Marshal(request)
	if err != nil {
		return err
	}
	c.mu.Lock()
	out := c.out
	if c.answered {
		out = c.peer.out
	}
	c.mu.Unlock()
	if out == nil {
		return errClosed
	}
	out.put(frame{raw: raw})
	select {
	case m := <-answers:
		if m.failed {
			var e Error
			if json.Unmarshal(m.response, &e) != nil || e.Message == "" {
				return errors.New("the client refused " + method)
			}
			return &clientError{method, e}
		}
		return json.Unmarshal(m.response, into)
	case <-ctx.Done(): // its user need not answer any more
		out.put(frame{raw: fmt.Appendf(nil, `{"jsonrpc":"2.0","method":%q,"params":{"requestId":%s}}`, mcp.MethodNotificationCancelled, id)})
		return ctx.Err()
	}
}

// clientError is a refusal of the client. It is not an *Error: a handler that hands
// it on has not chosen it as its own answer.
type clientError struct {
	method string
	e      Error
}

func (e *clientError) Error() string {
	return fmt.Sprintf("the client refused %s: %s (%d)", e.method, e.e.Message, e.e.Code)
}

// RequestElicitation asks the client's user.
func (c *call) RequestElicitation(ctx context.Context, r mcp.ElicitationRequest) (*mcp.ElicitationResult, error) {
	var out mcp.ElicitationResult
	return &out, c.ask(ctx, string(mcp.MethodElicitationCreate), r.Params, &out)
}

// RequestSampling asks the client's model.
func (c *call) RequestSampling(ctx context.Context, r mcp.CreateMessageRequest) (*mcp.CreateMessageResult, error) {
	var out mcp.CreateMessageResult
	return &out, c.ask(ctx, string(mcp.MethodSamplingCreateMessage), r.CreateMessageParams, &out)
}

// ListRoots asks for the client's roots.
func (c *call) ListRoots(ctx context.Context, _ mcp.ListRootsRequest) (*mcp.ListRootsResult, error) {
	var out mcp.ListRootsResult
	return &out, c.ask(ctx, string(mcp.MethodListRoots), nil, &out)
}
