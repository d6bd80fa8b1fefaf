package mcpwire_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/mcpwire"
)

// tape is a response that can be read while it is written.
type tape struct {
	mu     sync.Mutex
	status int
	header http.Header
	text   strings.Builder
}

func newTape() *tape { return &tape{header: http.Header{}} }

func (t *tape) Header() http.Header { return t.header }

func (t *tape) WriteHeader(status int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.status == 0 {
		t.status = status
	}
}

func (t *tape) Write(b []byte) (int, error) {
	t.WriteHeader(http.StatusOK)
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.text.Write(b)
}

func (t *tape) FlushError() error { return nil }

func (t *tape) read() (status int, text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.status, t.text.String()
}

// messages are those of a response, each of which must be JSON-RPC.
func (t *tape) messages(tt *testing.T) (all []message) {
	_, text := t.read()
	lines := []string{text}
	if t.header.Get("Content-Type") == "text/event-stream" {
		lines = nil
		for line := range strings.Lines(text) {
			if data, ok := strings.CutPrefix(line, "data: "); ok && data != "\n" && !strings.HasPrefix(data, "/message?") {
				lines = append(lines, data)
			}
		}
	}
	for _, line := range lines {
		var batch []message
		switch {
		case line == "":
		case line[0] == '[':
			require.NoError(tt, json.Unmarshal([]byte(line), &batch), line)
		default:
			batch = make([]message, 1)
			require.NoError(tt, json.Unmarshal([]byte(line), &batch[0]), line)
		}
		for _, m := range batch {
			assert.Equal(tt, "2.0", m.JSONRPC, line)
			if m.Error != nil {
				assert.NotContains(tt, m.Error.Message, "Go struct")
				assert.NotContains(tt, m.Error.Message, "json:")
			}
		}
		all = append(all, batch...)
	}
	return all
}

// Whatever is posted, to /mcp in both eras with or without a session, or to /message,
// is answered with a status that tells, and with JSON-RPC or nothing.
func FuzzHTTPBody(f *testing.F) {
	for _, s := range seeds {
		for _, way := range []uint8{0, 1, 2, 3} {
			f.Add(s, way, "2025-03-26")
		}
		f.Add(s, uint8(1), "2026-07-28")
	}
	f.Fuzz(func(t *testing.T, body string, way uint8, version string) {
		synctest.Test(t, func(t *testing.T) {
			wire := mcpwire.New(newWorld(t).server, slog.New(slog.DiscardHandler))
			s, sse := wire.Streamable(), wire.SSE("/message")
			ask := func(handler http.HandlerFunc, method, path, body string, headers ...string) *tape {
				ctx, leave := context.WithTimeout(t.Context(), time.Minute) // of the bubble
				defer leave()
				r := httptest.NewRequest(method, path, strings.NewReader(body)).WithContext(ctx)
				for i := 0; i < len(headers); i += 2 {
					r.Header.Set(headers[i], headers[i+1])
				}
				out := newTape()
				handler(out, r)
				return out
			}
			var out *tape
			switch way % 4 {
			case 0:
				out = ask(s.ServeHTTP, http.MethodPost, "/mcp", body, "Mcp-Protocol-Version", version)
			case 1:
				hello := ask(s.ServeHTTP, http.MethodPost, "/mcp", seeds[3])
				out = ask(s.ServeHTTP, http.MethodPost, "/mcp", body, "Mcp-Protocol-Version", version, "Mcp-Session-Id", hello.header.Get("Mcp-Session-Id"))
			case 2: // with headers that fit
				var fields struct {
					Params struct {
						Name, URI string
						Meta      map[string]any `json:"_meta"`
					}
				}
				_ = json.Unmarshal([]byte(body), &fields)
				_, method, _ := mcpwire.Parse([]byte(body))
				version, _ := fields.Params.Meta["io.modelcontextprotocol/protocolVersion"].(string)
				out = ask(s.ServeHTTP, http.MethodPost, "/mcp", body, "Mcp-Protocol-Version", version, "Mcp-Method", method, "Mcp-Name", fields.Params.Name+fields.Params.URI)
			case 3:
				events := newTape()
				ctx, leave := context.WithCancel(t.Context())
				go sse.Events(events, httptest.NewRequest(http.MethodGet, "/sse", nil).WithContext(ctx))
				synctest.Wait()
				_, text := events.read()
				_, path, _ := strings.Cut(strings.TrimSpace(text), "data: ")
				ask(sse.Messages, http.MethodPost, path, seeds[3])
				out = ask(sse.Messages, http.MethodPost, path, body)
				synctest.Wait()
				leave()
				synctest.Wait()
				events.messages(t)
			}
			status, text := out.read()
			switch {
			case status == http.StatusAccepted:
				assert.Empty(t, text)
			case out.header.Get("Content-Type") == "application/json":
				assert.NotEmpty(t, out.messages(t))
			case status != 0: // a call that does not end has none
				assert.Equal(t, "text/event-stream", out.header.Get("Content-Type"))
				out.messages(t)
			}
			s.Close()
			sse.Close()
			time.Sleep(time.Minute) // of the bubble: goroutines end
		})
	})
}

// play is a model of what sessions should do, beside what they do.
type play struct {
	t         *testing.T
	world     *world
	s         *mcpwire.Streamable
	sse       *mcpwire.SSE
	rooms     []*room
	underWay  []*turn
	id        int
	cancelled int // calls that should have been
}

// room is a session.
type room struct {
	owner, id string
	alive     bool
	sse       *turn // its event stream, over HTTP+SSE
	since     time.Time
}

// turn is a request under way, and for a call that waits, its call.
type turn struct {
	room  *room // nil in 2026-07-28
	out   *tape
	leave context.CancelFunc
	done  chan struct{}
	id    int
	call  bool // it goes on, also when its client has left, until it is cancelled
	ends  bool // with its client
}

func (p *play) send(r *room, as, method, body string, headers ...string) *turn {
	ctx, leave := context.WithCancel(p.t.Context())
	turn := &turn{room: r, out: newTape(), leave: leave, done: make(chan struct{})}
	path, handler := "/mcp", http.HandlerFunc(p.s.ServeHTTP)
	if r != nil && r.sse != nil && method == http.MethodPost {
		path, handler = "/message?sessionId="+r.id, p.sse.Messages
	}
	if method == "SSE" {
		method, handler = http.MethodGet, p.sse.Events
	}
	q := httptest.NewRequest(method, path, strings.NewReader(body)).WithContext(ctx)
	q.Header.Set("X-Name", as)
	if r != nil {
		q.Header.Set("Mcp-Session-Id", r.id)
	}
	for i := 0; i < len(headers); i += 2 {
		q.Header.Set(headers[i], headers[i+1])
	}
	go func() {
		defer close(turn.done)
		named(handler).ServeHTTP(turn.out, q)
	}()
	p.underWay = append(p.underWay, turn)
	if r != nil && r.alive && r.owner == as {
		r.since = time.Now()
	}
	p.settle()
	return turn
}

// settle waits until nothing moves, and notes who is in use.
func (p *play) settle() {
	synctest.Wait()
	for _, t := range p.underWay {
		if t.room != nil && !t.over() {
			t.room.since = time.Now()
		}
	}
}

func (t *turn) over() bool {
	select {
	case <-t.done:
		return true
	default:
		return false
	}
}

// end is a session's, with all its calls.
func (p *play) end(r *room) {
	r.alive = false
	for _, t := range p.underWay {
		if t.room == r && t.call {
			t.call = false
			p.cancelled++
		}
	}
}

func (p *play) owner(b byte) string { return []string{"ana", "bob", ""}[int(b)%3] }

func (p *play) pick(b byte) *room {
	if len(p.rooms) == 0 {
		return nil
	}
	return p.rooms[int(b)%len(p.rooms)]
}

// want holds a status against whether the session is there for whoever asks.
func (p *play) want(r *room, as string, t *turn, status int) {
	got, text := t.out.read()
	if got == 0 && t.over() {
		got = http.StatusOK // which net/http says for a handler that says nothing
	}
	if !r.alive || r.owner != as {
		status = http.StatusNotFound
	}
	require.Equal(p.t, status, got, "%s as %q: %s", r.id, as, text)
}

const pingFrame = `{"jsonrpc":"2.0","id":%d,"method":"ping"}`

// move makes one of the moves that there are; a and b say which session and who.
func (p *play) move(op, a, b byte) {
	p.id++
	r, as := p.pick(a), p.owner(b)
	if r != nil && b > 50 { // mostly its owner
		as = r.owner
	}
	if r == nil && op%12 < 8 || len(p.rooms) > 20 {
		op = 8
	}
	streamable := r != nil && r.sse == nil
	switch op % 12 {
	case 0:
		t := p.send(r, as, http.MethodPost, fmt.Sprintf(pingFrame, p.id))
		if streamable {
			p.want(r, as, t, http.StatusOK)
		} else {
			p.want(r, as, t, http.StatusAccepted)
		}
	case 1: // a call that waits
		t := p.send(r, as, http.MethodPost, fmt.Sprintf(callFrame, p.id, "hold"))
		if t.call = r.alive && r.owner == as; t.call {
			t.id = p.id
			p.take()
		}
	case 2: // a call that ends, with events
		t := p.send(r, as, http.MethodPost, fmt.Sprintf(callFrame, p.id, "steps"))
		if all := t.out.messages(p.t); streamable && r.alive && r.owner == as {
			require.Len(p.t, all, 6)
		}
	case 3: // listens, or goes on where a stream broke off
		headers := []string{}
		if b%2 == 1 {
			headers = []string{"Last-Event-ID", fmt.Sprintf("%d-%d", a%8, b%8)}
		}
		if streamable {
			p.send(r, as, http.MethodGet, "", headers...)
		}
	case 4:
		if streamable {
			t := p.send(r, as, http.MethodDelete, "")
			p.want(r, as, t, http.StatusOK)
			if r.alive && r.owner == as {
				p.end(r)
			}
		}
	case 5: // cancels
		var of *turn
		if len(p.underWay) > 0 {
			of = p.underWay[int(b)%len(p.underWay)]
		}
		if of == nil {
			return
		}
		p.send(r, as, http.MethodPost, fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%d}}`, of.id))
		if of.call && of.room == r && r.alive && r.owner == as {
			of.call = false
			p.cancelled++
		}
	case 6: // goes away
		if len(p.underWay) == 0 {
			return
		}
		t := p.underWay[int(b)%len(p.underWay)]
		t.leave()
		p.settle()
		require.True(p.t, t.over())
		switch {
		case t.room != nil && t.room.sse == t && t.room.alive:
			time.Sleep(time.Second) // its calls are given a moment
			p.end(t.room)
		case t.call && t.ends:
			t.call = false
			p.cancelled++
		}
	case 7:
		p.wait(time.Duration(b) * 10 * time.Second)
	case 8:
		t := p.send(nil, as, http.MethodPost, helloAgain)
		status, text := t.out.read()
		require.Equal(p.t, http.StatusOK, status, text)
		p.rooms = append(p.rooms, &room{owner: as, id: t.out.header.Get("Mcp-Session-Id"), alive: true, since: time.Now()})
	case 9:
		t := p.send(nil, as, "SSE", "")
		_, text := t.out.read()
		_, id, found := strings.Cut(strings.TrimSpace(text), "sessionId=")
		require.True(p.t, found, text)
		t.room = &room{owner: as, id: id, alive: true, sse: t, since: time.Now()}
		p.rooms = append(p.rooms, t.room)
	case 10: // a call of 2026-07-28 that waits
		const body = `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"hold","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`
		t := p.send(nil, as, http.MethodPost, fmt.Sprintf(body, p.id), "Mcp-Protocol-Version", modernEra, "Mcp-Method", "tools/call", "Mcp-Name", "hold")
		t.id, t.call, t.ends = p.id, true, true
		p.take()
	case 11: // a subscription
		const body = `{"jsonrpc":"2.0","id":%d,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`
		t := p.send(nil, as, http.MethodPost, fmt.Sprintf(body, p.id), "Mcp-Protocol-Version", modernEra, "Mcp-Method", "subscriptions/listen")
		all := t.out.messages(p.t)
		require.Len(p.t, all, 1)
		require.Equal(p.t, "notifications/subscriptions/acknowledged", all[0].Method)
	}
}

// take sees that a call has begun.
func (p *play) take() {
	select {
	case <-p.world.held:
	default:
		require.Fail(p.t, "the call has not begun")
	}
}

func (p *play) wait(d time.Duration) {
	p.settle()
	time.Sleep(d)
	p.settle()
	for _, r := range p.rooms {
		if r.alive && r.sse == nil && time.Since(r.since) >= mcpwire.IdleTime {
			p.end(r)
		}
	}
}

// check holds the model against what is.
func (p *play) check() {
	p.settle()
	require.Len(p.t, p.world.ended, p.cancelled, "calls that were cancelled")
	for _, t := range p.underWay {
		if t.room != nil && !t.room.alive {
			require.True(p.t, t.over(), "a session is over, and a request of it is not")
		}
	}
}

// close ends the server, and with it everything.
func (p *play) close() {
	p.s.CloseStreams()
	p.s.Close()
	p.sse.Close()
	time.Sleep(time.Minute) // of the bubble
	for _, turn := range p.underWay {
		assert.True(p.t, turn.over(), "a request outlives the server")
		turn.leave()
	}
}

// Whatever clients do, in whatever order: a session is there for its owner and nobody else
// until it ends, calls end when their own client cancels them and not before, and in
// the end nothing is left.
func FuzzSessions(f *testing.F) {
	f.Add([]byte{8, 0, 0, 0, 0, 99, 3, 0, 98, 1, 0, 99, 5, 0, 3, 4, 0, 99})
	f.Add([]byte{8, 0, 0, 2, 0, 99, 3, 1, 99, 3, 2, 51, 1, 0, 99, 6, 0, 4, 3, 4, 99, 7, 0, 200, 0, 0, 99})
	f.Add([]byte{9, 0, 1, 0, 0, 99, 1, 0, 99, 0, 0, 0, 6, 0, 0, 0, 0, 99})
	f.Add([]byte{10, 0, 0, 11, 0, 0, 5, 0, 0, 6, 0, 0, 6, 0, 1, 8, 0, 1, 7, 0, 180, 0, 0, 99})
	f.Fuzz(func(t *testing.T, moves []byte) {
		synctest.Test(t, func(t *testing.T) {
			w := newWorld(t)
			wire := mcpwire.New(w.server, slog.New(slog.DiscardHandler), mcpwire.WithPrincipal(principal))
			p := &play{t: t, world: w, s: wire.Streamable(), sse: wire.SSE("/message")}
			defer p.close()
			for ; len(moves) >= 3 && p.id < 100; moves = moves[3:] {
				p.move(moves[0], moves[1], moves[2])
				p.check()
			}
		})
	})
}
