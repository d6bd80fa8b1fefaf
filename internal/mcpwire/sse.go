package mcpwire

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"sync"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// SSE is HTTP+SSE, the transport of 2024-11-05, for protocols before 2026-07-28: a
// session is an event stream, and what the client sends is posted to an address
// that the stream names first. Who may connect is decided before it.
type SSE struct {
	wire     *Wire
	messages string // path to post to
	open     context.Context
	close    context.CancelFunc

	mu       sync.Mutex
	sessions map[string]visit
}

// visit is a session and whose it is.
type visit struct {
	*peer
	party
}

// SSE makes the transport; messages is the path where Messages will be.
func (w *Wire) SSE(messages string) *SSE {
	s := &SSE{wire: w, messages: messages, sessions: map[string]visit{}}
	s.open, s.close = context.WithCancel(context.Background())
	return s
}

// Close ends all sessions; their handlers return soon.
func (s *SSE) Close() { s.close() }

// legacy lists the protocols that HTTP+SSE serves.
var legacy = func() (versions []string) {
	for _, v := range mcp.ValidProtocolVersions {
		if !mcp.IsModernProtocol(v) {
			versions = append(versions, v)
		}
	}
	return versions
}()

// Events is the event stream: a session for as long as it is open.
func (s *SSE) Events(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		http.Error(w, "the event stream is opened with GET", http.StatusMethodNotAllowed)
		return
	}
	calls, cancelCalls := context.WithCancel(server.WithSupportedProtocolVersions(context.WithoutCancel(r.Context()), legacy))
	defer cancelCalls()
	o := &outlet{named: true}
	p := s.wire.newPeer(calls, overSSE, rand.Text(), newStream(o.write))
	if full := s.admit(visit{p, s.wire.party(r)}); full != nil {
		full.answer(w, nil)
		return
	}
	defer s.forget(p)
	if err := s.wire.server.RegisterSession(calls, p); err != nil {
		refuse(w, http.StatusInternalServerError, nil, &Error{Code: mcp.INTERNAL_ERROR, Message: "no session could be made"})
		return
	}
	defer s.wire.server.UnregisterSession(calls, p.id)
	ended, end := context.WithCancel(s.open)
	defer end()
	p.out.ended = end
	c := newConn(w)
	defer o.detach(c)
	o.attach(c, fmt.Appendf(nil, "event: endpoint\ndata: %s?sessionId=%s\n\n", s.messages, url.QueryEscape(p.id)), -1)
	o.serve(s.wire, r, c, ended.Done())
	if s.open.Err() == nil {
		cancelCalls() // there is nobody to answer any more
	}
	_ = p.finish(cancelCalls)
}

// admit takes a session in, or says that there is no room. Every session is somebody's
// open stream, so none is ended for another.
func (s *SSE) admit(v visit) *noRoom {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open.Err() != nil {
		return ending
	}
	mine := 0
	for _, other := range s.sessions {
		if other.client == v.client {
			mine++
		}
	}
	switch {
	case mine >= maxOfClient:
		return tooMany
	case len(s.sessions) >= maxSessions:
		return full
	}
	s.sessions[v.id] = v
	return nil
}

func (s *SSE) forget(p *peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, p.id)
}

// Messages takes what clients send. Answers come on the event stream; what is too
// much for a client that does not read it waits here.
func (s *SSE) Messages(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "messages are sent with POST", http.StatusMethodNotAllowed)
		return
	}
	s.mu.Lock()
	p := s.sessions[r.URL.Query().Get("sessionId")]
	s.mu.Unlock()
	if p.peer == nil || p.principal != s.wire.principal(r.Context()) {
		refuse(w, http.StatusNotFound, nil, invalid("there is no such session: open the event stream"))
		return
	}
	raw, ok := readBody(w, r)
	if !ok {
		return
	}
	if _, _, err := p.out.roomy(r.Context().Done()); err != nil {
		refuse(w, http.StatusNotFound, nil, invalid("the event stream of this session has ended"))
		return
	}
	if isBatch(raw) {
		members, wrong := p.batch(raw)
		if wrong != nil {
			refuse(w, http.StatusBadRequest, nil, wrong)
			return
		}
		p.takeBatch(p.posted(r), members)
		w.WriteHeader(http.StatusAccepted)
		return
	}
	m, wrong := parse(raw)
	if wrong == nil && m.isModern() {
		refuse(w, http.StatusBadRequest, m.id, &Error{
			Code:    mcp.UNSUPPORTED_PROTOCOL_VERSION,
			Message: fmt.Sprintf("protocol %.40s has no HTTP+SSE transport: use Streamable HTTP", m.version),
			Data:    map[string]any{"supported": legacy, "requested": m.version},
		})
		return
	}
	if wrong != nil && m.id == nil {
		refuse(w, http.StatusBadRequest, nil, wrong)
		return
	}
	p.dispatch(p.posted(r), m, wrong)
	w.WriteHeader(http.StatusAccepted)
}

// posted is the exchange of what r posts: answered on the event stream, but done in the
// name of who posted it, whose credential may allow less than that of who opened the
// stream.
func (v visit) posted(r *http.Request) exchange {
	x := v.line()
	x.ctx = server.WithSupportedProtocolVersions(context.WithoutCancel(r.Context()), legacy)
	return x
}
