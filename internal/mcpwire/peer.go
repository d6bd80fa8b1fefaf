package mcpwire

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

// batches is the one protocol version that has them.
const batches = "2025-03-26"

// id makes a session id that is unlike all others, and can be guessed.
func (w *Wire) id(kind string) string { return fmt.Sprintf("%s-%d", kind, w.made.Add(1)) }

// peer is one connection or one session: its calls in flight, what we have asked of
// it, and where what belongs to no call goes.
type peer struct {
	*state
	wire      *Wire
	transport string // see Seen
	out       *stream
	ctx       context.Context // of all its calls

	mu     sync.Mutex
	calls  map[string]*call
	asked  map[string]chan message
	asks   int
	closed bool
	work   sync.WaitGroup // calls in flight
}

func (w *Wire) newPeer(ctx context.Context, transport, id string, out *stream) *peer {
	return &peer{
		state: newState(id), wire: w, transport: transport, out: out, ctx: ctx,
		calls: map[string]*call{}, asked: map[string]chan message{},
	}
}

// NotificationChannel takes the next place for what belongs to no call.
func (p *peer) NotificationChannel() chan<- mcp.JSONRPCNotification {
	return p.out.place(p, encode)
}

// exchange is one piece of input and where its answers go.
type exchange struct {
	ctx   context.Context
	out   *stream
	reply func(frame) (mustDrain bool) // queues the answer, or that there is none
	leave func(after time.Duration)    // ends the response; nil: there is none that could be taken up again
}

// take deals with whatever came in as one piece. Requests run on goroutines of their
// own; initialize and notifications are over when it returns, since what comes next
// may build on them.
func (p *peer) take(x exchange, raw []byte) {
	if isBatch(raw) {
		members, wrong := p.batch(raw)
		if wrong != nil {
			x.refuse(nil, wrong)
			return
		}
		p.takeBatch(x, members)
		return
	}
	m, wrong := parse(raw)
	p.dispatch(x, m, wrong)
}

// line is the exchange of everything on a connection that has one stream.
func (p *peer) line() exchange {
	return exchange{ctx: p.ctx, out: p.out, reply: func(f frame) bool { return f.raw != nil && p.out.enqueue(f) }}
}

// refuse queues an error. Whoever reads goes on reading meanwhile.
func (x exchange) refuse(id json.RawMessage, e *Error) {
	if x.reply(refusal(id, e)) {
		go x.out.drain()
	}
}

// dispatch deals with one message. It is replied to once if it is a request, or is
// so wrong that nobody knows.
func (p *peer) dispatch(x exchange, m message, wrong *Error) {
	switch {
	case wrong != nil && m.isNotification(): // nobody waits to hear of it
	case wrong != nil:
		x.refuse(m.id, wrong)
	case m.isNotification():
		p.notified(m)
	case !m.isRequest():
		p.answered(m)
	default:
		c, wrong := p.begin(x, m)
		switch {
		case wrong != nil:
			x.refuse(m.id, wrong)
		case m.method == string(mcp.MethodInitialize):
			c.run()
		default:
			p.wire.start(c)
		}
	}
}

// batch takes a batch apart, or says why it cannot be taken at all. JSON-RPC 2.0,
// section 6.
func (p *peer) batch(raw []byte) (members []json.RawMessage, wrong *Error) {
	switch err := json.Unmarshal(raw, &members); {
	case err != nil:
		return nil, &Error{Code: mcp.PARSE_ERROR, Message: "not JSON"}
	case p.ProtocolVersion() != batches:
		return nil, invalid("only protocol " + batches + " has batches")
	case len(members) == 0:
		return nil, invalid("a batch cannot be empty")
	case len(members) > maxInFlight: // each costs an answer, however short it is
		return nil, invalid(fmt.Sprintf("a batch cannot have more than %d members", maxInFlight))
	}
	return members, nil
}

// takeBatch deals with a batch: its requests run beside each other, and their
// answers leave together.
func (p *peer) takeBatch(x exchange, members []json.RawMessage) {
	b := &batch{reply: x.reply}
	x.reply = b.answer
	b.add() // kept until all members are dispatched
	for _, raw := range members {
		m, wrong := parse(raw)
		if wrong == nil && m.method == string(mcp.MethodInitialize) {
			wrong = invalid("initialize cannot be part of a batch")
		}
		if m.isRequest() || wrong != nil && !m.isNotification() {
			b.add()
		}
		p.dispatch(x, m, wrong)
	}
	if b.answer(frame{}) {
		go x.out.drain()
	}
}

// batch gathers the answers to a batch.
type batch struct {
	reply func(frame) (mustDrain bool)

	mu      sync.Mutex
	left    int
	answers []json.RawMessage
}

func (b *batch) add() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left++
}

// answer takes one answer, or none; with the last one the batch is queued.
func (b *batch) answer(f frame) (mustDrain bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left--
	if f.raw != nil {
		b.answers = append(b.answers, f.raw)
	}
	switch {
	case b.left > 0:
		return false
	case len(b.answers) == 0:
		return b.reply(frame{final: true})
	}
	all, _ := json.Marshal(b.answers) // it is JSON already
	return b.reply(frame{raw: all, final: true})
}

// begin registers a request as a call in flight, before anything that may follow it
// is read.
func (p *peer) begin(x exchange, m message) (*call, *Error) {
	c := &call{state: p.state, peer: p, of: m, key: key(m.id), out: x.out, answer: x.reply, leave: x.leave}
	if m.isModern() {
		c.state = newState(p.id)
		if c.listens() {
			c.state = newState(p.wire.id("listen"))
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return nil, &Error{Code: busy, Message: "the server is ending"}
	case len(p.calls) >= maxInFlight:
		return nil, &Error{Code: busy, Message: fmt.Sprintf("busy: %d calls are in flight; try again when some are answered", maxInFlight)}
	case p.calls[c.key] != nil:
		return nil, invalid("a request with this id is in flight")
	}
	var ctx context.Context
	ctx, c.cancel = context.WithCancel(x.ctx)
	if x.ctx != p.ctx { // it ends with either
		unlink, cancel := context.AfterFunc(p.ctx, c.cancel), c.cancel
		c.cancel = func() { unlink(); cancel() }
	}
	c.ctx = p.wire.server.WithContext(ctx, c)
	p.calls[c.key] = c
	p.work.Add(1)
	return c, nil
}

// end frees the place of a call.
func (p *peer) end(c *call) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.calls, c.key)
	p.work.Done()
	if c.over != nil {
		c.over()
	}
}

// notified deals with a notification of the client.
func (p *peer) notified(m message) {
	if m.method != string(mcp.MethodNotificationCancelled) {
		p.wire.handle(p.wire.server.WithContext(p.ctx, p), m.canonical())
		return
	}
	var params struct {
		ID json.RawMessage `json:"requestId"`
	}
	if json.Unmarshal(m.params, &params) != nil || !isID(params.ID) {
		return
	}
	p.mu.Lock()
	c := p.calls[key(params.ID)]
	p.mu.Unlock()
	if c == nil || c.of.method == string(mcp.MethodInitialize) {
		return
	}
	c.mu.Lock()
	c.cancelled = true
	c.mu.Unlock()
	c.cancel()
}

// expect makes an id for a request of ours and says where its answer will be.
func (p *peer) expect() (id string, answers <-chan message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asks++
	id = strconv.Itoa(p.asks)
	ch := make(chan message, 1)
	p.asked[id] = ch
	return id, ch
}

func (p *peer) forget(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.asked, id)
}

// answered hands an answer of the client to whoever asked.
func (p *peer) answered(m message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := key(m.id)
	if ch := p.asked[k]; ch != nil {
		delete(p.asked, k)
		ch <- m
	}
}

// close refuses calls from now on. What it gives is closed when those in flight
// are over.
func (p *peer) close() (over <-chan struct{}) {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	done := make(chan struct{})
	go func() {
		p.work.Wait()
		close(done)
	}()
	return done
}
