package mcpwire

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// idleTime is after how long an unused session is over.
const idleTime = 30 * time.Minute

// primes is the first protocol version whose clients take an event without data.
const primes = "2025-11-25"

// Streamable is Streamable HTTP on one endpoint: sessions before 2026-07-28, and
// requests that stand alone since. Who may connect is decided before it: it looks
// at neither Host nor Origin.
type Streamable struct {
	wire    *Wire
	streams context.Context // of open event streams that wait for nothing but news
	calls   context.Context // of everything else
	noNews  context.CancelFunc
	noCalls context.CancelFunc

	mu       sync.Mutex
	sessions map[string]*session
	work     sync.WaitGroup // 2026-07-28 calls in flight, and sessions that end
	closed   bool
}

// session is a peer that comes back under its id.
type session struct {
	*peer
	party
	history history
	news    *outlet // the GET stream
	end     context.CancelFunc

	mu     sync.Mutex
	posts  map[int]*outlet // event streams that are not answered yet
	made   int
	users  int       // requests in progress
	since  time.Time // without users
	expire *time.Timer
}

// Streamable makes the endpoint.
func (w *Wire) Streamable() *Streamable {
	s := &Streamable{wire: w, sessions: map[string]*session{}}
	s.calls, s.noCalls = context.WithCancel(context.Background())
	s.streams, s.noNews = context.WithCancel(s.calls)
	return s
}

// CloseStreams ends the streams that wait for nothing but news. Calls go on.
func (s *Streamable) CloseStreams() { s.noNews() }

// Close ends everything that is left.
func (s *Streamable) Close() {
	s.noCalls()
	s.mu.Lock()
	all := s.sessions
	s.sessions, s.closed = map[string]*session{}, true
	s.mu.Unlock()
	over := make(chan struct{})
	go func() {
		for _, one := range all {
			s.work.Go(func() { s.finish(one) })
		}
		s.work.Wait()
		close(over)
	}()
	wait(over, 2*endTime)
}

func (s *Streamable) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	modern := mcp.IsModernProtocol(r.Header.Get(mcp.HeaderProtocolVersion))
	switch {
	case r.Method == http.MethodPost:
		s.post(w, r)
	case r.Method == http.MethodGet && !modern:
		s.get(w, r)
	case r.Method == http.MethodDelete && !modern:
		s.delete(w, r)
	default:
		w.Header().Set("Allow", http.MethodPost)
		if !modern {
			w.Header().Set("Allow", "GET, POST, DELETE")
		}
		http.Error(w, "this method is not part of the transport", http.StatusMethodNotAllowed)
	}
}

// post takes one piece of input.
func (s *Streamable) post(w http.ResponseWriter, r *http.Request) {
	raw, ok := readBody(w, r)
	if !ok {
		return
	}
	if isBatch(raw) {
		s.postBatch(w, r, raw)
		return
	}
	m, wrong := parse(raw)
	switch {
	case wrong != nil && !m.isNotification():
		refuse(w, http.StatusBadRequest, m.id, wrong)
	case m.isModern() || mcp.IsModernProtocol(r.Header.Get(mcp.HeaderProtocolVersion)):
		s.postModern(w, r, m)
	case m.isRequest() && m.method == string(mcp.MethodInitialize):
		s.initialize(w, r, m)
	default:
		one := s.use(w, r, m.id)
		if one == nil {
			return
		}
		defer s.release(one)
		if !m.isRequest() {
			one.dispatch(exchange{}, m, wrong)
			w.WriteHeader(http.StatusAccepted)
			return
		}
		s.exchange(w, r, one, func(x exchange) { one.dispatch(x, m, nil) })
	}
}

func (s *Streamable) postBatch(w http.ResponseWriter, r *http.Request, raw []byte) {
	one := s.use(w, r, nil)
	if one == nil {
		return
	}
	defer s.release(one)
	members, wrong := one.batch(raw)
	if wrong != nil {
		refuse(w, http.StatusBadRequest, nil, wrong)
		return
	}
	s.exchange(w, r, one, func(x exchange) { one.takeBatch(x, members) })
}

// readBody reads a body within its bound, or answers that it cannot.
func readBody(w http.ResponseWriter, r *http.Request) (raw []byte, ok bool) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxMessage))
	if err == nil {
		return raw, true
	}
	if over := (*http.MaxBytesError)(nil); errors.As(err, &over) {
		http.Error(w, fmt.Sprintf("the body is larger than %d MB", maxMessage>>20), http.StatusRequestEntityTooLarge)
	} else {
		http.Error(w, "the body could not be read", http.StatusBadRequest)
	}
	return nil, false
}

// refuse answers with an error as plain JSON.
func refuse(w http.ResponseWriter, status int, id []byte, e *Error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(refusal(id, e).raw)
}

// postModern serves a message of 2026-07-28: a peer that lives as long as the request.
func (s *Streamable) postModern(w http.ResponseWriter, r *http.Request, m message) {
	if !m.isRequest() {
		w.WriteHeader(http.StatusAccepted) // a client cancels by leaving, and is asked nothing
		return
	}
	if status, wrong := s.wire.checkHeaders(r.Header, m); wrong != nil {
		refuse(w, status, m.id, wrong)
		return
	}
	o, c, out := newResponse(w, nil, modernStatus)
	life := s.calls
	if m.method == string(mcp.MethodSubscriptionsListen) {
		life = s.streams
	}
	p := s.wire.newPeer(life, overHTTP, s.wire.id("request"), out)
	call, wrong := p.begin(exchange{ctx: r.Context(), out: out, reply: out.enqueue}, m)
	if wrong != nil || !s.run(call) {
		refuse(w, http.StatusServiceUnavailable, m.id, &Error{Code: busy, Message: "the server is ending"})
		return
	}
	defer o.detach(c)
	o.serve(s.wire, r, c, nil)
}

// run runs a call, unless the end has begun.
func (s *Streamable) run(c *call) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		c.cancel()
		return false
	}
	s.work.Add(1)
	c.over = s.work.Done
	s.wire.start(c)
	return true
}

// modernStatus is the HTTP status that goes with a code in 2026-07-28.
func modernStatus(code int) int {
	switch code {
	case mcp.METHOD_NOT_FOUND:
		return http.StatusNotFound
	case mcp.HEADER_MISMATCH, mcp.MISSING_REQUIRED_CLIENT_CAPABILITY, mcp.UNSUPPORTED_PROTOCOL_VERSION,
		mcp.INVALID_REQUEST, mcp.INVALID_PARAMS, mcp.PARSE_ERROR:
		return http.StatusBadRequest
	default:
		return http.StatusOK
	}
}

func legacyStatus(int) int { return http.StatusOK }

// checkHeaders holds the headers of 2026-07-28 against the request. mcp-go would do
// so itself, but takes them from a context that only its own transports can make.
func (w *Wire) checkHeaders(h http.Header, m message) (status int, wrong *Error) {
	version := h.Get(mcp.HeaderProtocolVersion)
	mismatch := func(text string) (int, *Error) {
		return http.StatusBadRequest, &Error{Code: mcp.HEADER_MISMATCH, Message: text}
	}
	switch {
	case h.Get(mcp.HeaderLastEventID) != "":
		return mismatch("protocol 2026-07-28 resumes no streams: send the request anew, under a new id")
	case version == "":
		return mismatch("the header MCP-Protocol-Version is missing")
	case m.version == "":
		return http.StatusBadRequest, &Error{Code: mcp.INVALID_PARAMS, Message: "params._meta has no " + mcp.MetaKeyProtocolVersion}
	case version != m.version:
		return mismatch(fmt.Sprintf("the header MCP-Protocol-Version says %.40q, the request %.40q", version, m.version))
	case !mcp.IsValidProtocolVersion(version):
		e := mcp.UnsupportedProtocolVersionError{Version: version, Supported: mcp.ValidProtocolVersions}.JSONRPCError().Error
		return http.StatusBadRequest, &Error{Code: e.Code, Message: e.Message, Data: e.Data}
	}
	if err := mcp.ValidateStandardHeaders(h.Get, version, mcp.MCPMethod(m.method), m.params); err != nil {
		return mismatch(err.Error())
	}
	if wrong := w.misnamed(h, m); wrong != "" {
		return mismatch(wrong)
	}
	if m.method != string(mcp.MethodToolsCall) {
		return 0, nil
	}
	name, _ := mcp.ExtractHeaderName(mcp.MethodToolsCall, m.params)
	tool := w.server.GetTool(name)
	if tool == nil || !namesHeaders(&tool.Tool) {
		return 0, nil
	}
	lookup := func(name string) (string, bool) {
		values := h.Values(name)
		return strings.Join(values[:min(len(values), 1)], ""), len(values) > 0
	}
	if err := mcp.ValidateParamHeadersLookup(lookup, &tool.Tool, m.params); err != nil {
		return mismatch(err.Error())
	}
	return 0, nil
}

// namesHeaders tells whether a tool's schema may have parameters that headers repeat.
// To be sure mcp-go reads the whole schema, with every call.
func namesHeaders(tool *mcp.Tool) bool {
	if raw := tool.RawInputSchema; raw != nil {
		return bytes.Contains(raw, []byte(`\u`)) || bytes.Contains(bytes.ToLower(raw), []byte("x-mcp-header"))
	}
	return hasHeader(tool.InputSchema.Properties)
}

func hasHeader(schema any) bool {
	switch s := schema.(type) {
	case map[string]any:
		for name, value := range s {
			if strings.EqualFold(name, "x-mcp-header") || hasHeader(value) {
				return true
			}
		}
		return false
	case []any:
		return slices.ContainsFunc(s, hasHeader)
	case nil, string, bool, int, float64, []string:
		return false
	default:
		return true
	}
}

// initialize makes a session. What belongs to no call is done in the name of whoever
// opened it.
func (s *Streamable) initialize(w http.ResponseWriter, r *http.Request, m message) {
	one := &session{party: s.wire.party(r), posts: map[int]*outlet{}, users: 1}
	one.news = &outlet{history: &one.history}
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	unlink := context.AfterFunc(s.calls, cancel)
	one.end = func() { unlink(); cancel() }
	one.peer = s.wire.newPeer(ctx, overHTTP, rand.Text(), newStream(one.news.write))
	if full := s.admit(one); full != nil {
		one.end()
		full.answer(w, m.id)
		return
	}
	if err := s.wire.server.RegisterSession(ctx, one.peer); err != nil {
		s.drop(one)
		refuse(w, http.StatusInternalServerError, m.id, &Error{Code: mcp.INTERNAL_ERROR, Message: "no session could be made"})
		return
	}
	one.mu.Lock()
	one.expire = time.AfterFunc(idleTime, func() { s.expire(one) })
	one.expire.Stop()
	one.mu.Unlock()
	defer s.release(one)
	w.Header().Set(mcp.HeaderSessionID, one.id)
	s.exchange(w, r, one, func(x exchange) { one.dispatch(x, m, nil) })
	if !one.Initialized() {
		s.drop(one) // it was refused
	}
}

// use finds the session of a request and holds it, or answers that there is none.
func (s *Streamable) use(w http.ResponseWriter, r *http.Request, id []byte) *session {
	if v := r.Header.Get(mcp.HeaderProtocolVersion); v != "" && !mcp.IsValidProtocolVersion(v) {
		refuse(w, http.StatusBadRequest, id, invalid(fmt.Sprintf("protocol version %.40q is not known", v)))
		return nil
	}
	name := r.Header.Get(mcp.HeaderSessionID)
	if name == "" {
		refuse(w, http.StatusBadRequest, id, invalid("the header Mcp-Session-Id is missing: send initialize first"))
		return nil
	}
	one := s.hold(name, s.wire.principal(r.Context()))
	if one == nil {
		refuse(w, http.StatusNotFound, id, invalid("there is no such session: send initialize"))
	}
	return one
}

// hold finds a session of a principal's and keeps it from ending for want of use.
func (s *Streamable) hold(name, principal string) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	one := s.sessions[name]
	if one == nil || one.principal != principal {
		return nil
	}
	one.mu.Lock()
	defer one.mu.Unlock()
	one.users++
	if one.expire != nil {
		one.expire.Stop()
	}
	return one
}

// release lets go of a session, which is over if nobody uses it for long.
func (s *Streamable) release(one *session) {
	one.mu.Lock()
	defer one.mu.Unlock()
	if one.users--; one.users == 0 && one.ctx.Err() == nil {
		one.since = time.Now()
		one.expire.Reset(idleTime)
	}
}

// unused tells since when no request is in progress, if none is.
func (one *session) unused() (since time.Time, ok bool) {
	one.mu.Lock()
	defer one.mu.Unlock()
	return one.since, one.users == 0
}

// drop ends a session for good.
func (s *Streamable) drop(one *session) {
	s.mu.Lock()
	known := s.remove(one)
	s.mu.Unlock()
	if known {
		s.finish(one)
	}
}

// expire ends a session that has not been used for long.
func (s *Streamable) expire(one *session) {
	s.mu.Lock()
	_, unused := one.unused()
	known := unused && s.remove(one)
	s.mu.Unlock()
	if known {
		s.finish(one)
	}
}

// remove forgets a session, and tells whether it was known. Callers hold mu.
func (s *Streamable) remove(one *session) (known bool) {
	known = s.sessions[one.id] == one
	delete(s.sessions, one.id)
	return known
}

func (s *Streamable) finish(one *session) {
	one.mu.Lock()
	if one.expire != nil {
		one.expire.Stop()
	}
	one.mu.Unlock()
	over := one.close()
	one.end()
	wait(over, endTime)
	one.out.fail(errClosed)
	s.wire.server.UnregisterSession(context.WithoutCancel(one.ctx), one.id)
}

// exchange answers a request of a session, or a batch. A client that goes away does
// not end it: the answer is in the session's history.
func (s *Streamable) exchange(w http.ResponseWriter, r *http.Request, one *session, dispatch func(exchange)) {
	o, c, out := newResponse(w, &one.history, legacyStatus)
	o.primed = one.ProtocolVersion() >= primes
	one.mu.Lock()
	one.made++
	o.number = one.made
	one.posts[o.number] = o
	one.mu.Unlock()
	o.ended = func() {
		one.mu.Lock()
		defer one.mu.Unlock()
		delete(one.posts, o.number)
	}
	dispatch(exchange{context.WithoutCancel(r.Context()), out, out.enqueue, o.leave})
	defer o.detach(c)
	o.serve(s.wire, r, c, one.ctx.Done())
}

// get opens the stream of what belongs to no call, or takes a stream up again that
// broke off.
func (s *Streamable) get(w http.ResponseWriter, r *http.Request) {
	one := s.use(w, r, nil)
	if one == nil {
		return
	}
	defer s.release(one)
	o, after := one.news, -1
	if last := r.Header.Get(mcp.HeaderLastEventID); last != "" {
		number, seq, ok := eventID(last)
		if !ok {
			refuse(w, http.StatusBadRequest, nil, invalid("Last-Event-ID is none of this session"))
			return
		}
		after = seq
		if number != 0 {
			one.mu.Lock()
			o = one.posts[number]
			one.mu.Unlock()
			if o == nil { // it is answered: what is left of it, and no more
				o = &outlet{number: number, history: &one.history, over: true}
			}
		}
	}
	if s.streams.Err() != nil {
		refuse(w, http.StatusServiceUnavailable, nil, &Error{Code: busy, Message: "the server is ending"})
		return
	}
	c := newConn(w)
	if o == one.news {
		one.out.revive()
	}
	ctx, cancel := context.WithCancel(s.streams)
	defer cancel()
	defer context.AfterFunc(one.ctx, cancel)()
	defer o.detach(c)
	o.attach(c, nil, after)
	o.serve(s.wire, r, c, ctx.Done())
}

// delete ends a session at its client's wish.
func (s *Streamable) delete(w http.ResponseWriter, r *http.Request) {
	one := s.use(w, r, nil)
	if one == nil {
		return
	}
	defer s.release(one)
	s.drop(one)
}

var (
	_ http.Handler         = (*Streamable)(nil)
	_ server.ClientSession = (*session)(nil)
)
