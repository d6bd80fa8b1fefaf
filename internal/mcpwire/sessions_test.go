package mcpwire_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/mcpwire"
)

type nameKey struct{}

// named takes a principal's name from a header, as a guard would from a token.
func named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), nameKey{}, r.Header.Get("X-Name"))))
	})
}

func principal(ctx context.Context) string {
	name, _ := ctx.Value(nameKey{}).(string)
	return name
}

// A session is its principal's: for every other it is not there, whatever they try.
func TestHTTPSessionsBelongToWhoOpenedThem(t *testing.T) {
	w := overHTTP(t)
	v := w.visitAs("ana", legacyEra)
	held := make(chan reply, 1)
	go func() { held <- v.request("5", "tools/call", tool("hold", nil)) }()
	await(t, w.held, "the call")
	const cancel = `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":5}}`
	for _, other := range []string{"bob", ""} {
		thief := &visitor{w, legacyEra, v.header.Clone()}
		thief.header.Set("X-Name", other)
		for _, try := range []struct{ method, body, lastEvent string }{
			{http.MethodPost, `{"jsonrpc":"2.0","id":1,"method":"ping"}`, ""},
			{http.MethodPost, `[{"jsonrpc":"2.0","id":1,"method":"ping"}]`, ""},
			{http.MethodPost, `{"jsonrpc":"2.0","id":1,"result":{"action":"accept"}}`, ""},
			{http.MethodPost, cancel, ""},
			{http.MethodGet, "", ""},
			{http.MethodGet, "", "0-0"},
			{http.MethodGet, "", "2-0"},
			{http.MethodDelete, "", ""},
		} {
			got := thief.send(try.method, try.body, "Last-Event-ID", try.lastEvent)
			unknown := thief.send(try.method, try.body, "Last-Event-ID", try.lastEvent, "Mcp-Session-Id", "unknown")
			assert.Equal(t, http.StatusNotFound, got.status, try)
			assert.Equal(t, unknown.all, got.all, "nothing tells that there is such a session")
		}
	}
	assert.Empty(t, w.ended)
	close(w.world.open)
	assert.Nil(t, await(t, held, "the answer").last().Error)
}

// Nobody cancels across principals in 2026-07-28 either.
func TestModernCallsBelongToWhoMadeThem(t *testing.T) {
	w := overHTTP(t)
	v, other := w.visitAs("ana", modernEra), w.visitAs("bob", modernEra)
	held := make(chan reply, 1)
	go func() { held <- v.request("5", "tools/call", tool("hold", nil)) }()
	await(t, w.held, "the call")
	_, headers := other.body("5", "notifications/cancelled", nil)
	other.post(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":5}}`, headers...)
	assert.Empty(t, w.ended)
	close(w.world.open)
	assert.Nil(t, await(t, held, "the answer").last().Error)
}

func TestSSESessionsBelongToWhoOpenedThem(t *testing.T) {
	sse := mcpwire.New(newWorld(t).server, slog.New(slog.DiscardHandler), mcpwire.WithPrincipal(principal)).SSE("/message")
	mux := http.NewServeMux()
	mux.HandleFunc("/sse", sse.Events)
	mux.HandleFunc("/message", sse.Messages)
	s := httptest.NewServer(named(mux))
	defer s.Close()
	defer sse.Close()
	ask := func(method, path, name string) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"ping"}`))
		require.NoError(t, err)
		r.Header.Set("X-Name", name)
		resp, err := s.Client().Do(r)
		require.NoError(t, err)
		t.Cleanup(func() { resp.Body.Close() })
		return resp
	}
	lines := bufio.NewScanner(ask(http.MethodGet, "/sse", "ana").Body)
	path := ""
	for found := false; !found; path, found = strings.CutPrefix(lines.Text(), "data: ") {
		require.True(t, lines.Scan())
	}
	for name, status := range map[string]int{"ana": http.StatusAccepted, "bob": http.StatusNotFound, "": http.StatusNotFound} {
		assert.Equal(t, status, ask(http.MethodPost, path, name).StatusCode, name)
	}
}

// An event stream is a session in use, so that one too many is refused.
func TestSSESessionsOfOneClientAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sse := mcpwire.New(newWorld(t).server, slog.New(slog.DiscardHandler), mcpwire.WithPrincipal(principal)).SSE("/message")
		listen := func(name string) *httptest.ResponseRecorder {
			r := httptest.NewRequest(http.MethodGet, "/sse", nil)
			r.Header.Set("X-Name", name)
			out := httptest.NewRecorder()
			go named(http.HandlerFunc(sse.Events)).ServeHTTP(out, r)
			synctest.Wait()
			return out
		}
		for range mcpwire.MaxOfClient {
			require.Equal(t, http.StatusOK, listen("ana").Code)
		}
		assert.Equal(t, http.StatusTooManyRequests, listen("ana").Code)
		assert.Equal(t, http.StatusOK, listen("bob").Code)
		sse.Close()
		time.Sleep(time.Second) // of the bubble: streams end
	})
}

// hall opens sessions without a network.
type hall struct {
	t *testing.T
	s *mcpwire.Streamable
}

func newHall(t *testing.T) hall {
	return hall{t, mcpwire.New(newWorld(t).server, slog.New(slog.DiscardHandler), mcpwire.WithPrincipal(principal)).Streamable()}
}

func (h hall) ask(name, address, session, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.RemoteAddr = address
	r.Header.Set("X-Name", name)
	r.Header.Set("Mcp-Session-Id", session)
	out := httptest.NewRecorder()
	named(h.s).ServeHTTP(out, r)
	return out
}

const helloAgain = `{"jsonrpc":"2.0","id":"x","method":"initialize","params":{"protocolVersion":"2025-11-25"}}`

func (h hall) open(name, address string) (session string) {
	h.t.Helper()
	out := h.ask(name, address, "", helloAgain)
	require.Equal(h.t, http.StatusOK, out.Code, out.Body)
	return out.Header().Get("Mcp-Session-Id")
}

func (h hall) alive(name, address, session string) bool {
	return h.ask(name, address, session, `{"jsonrpc":"2.0","id":1,"method":"ping"}`).Code == http.StatusOK
}

// listen keeps a session in use until ctx ends.
func (h hall) listen(ctx context.Context, name, session string) {
	r := httptest.NewRequest(http.MethodGet, "/", nil).WithContext(ctx)
	r.Header.Set("X-Name", name)
	r.Header.Set("Mcp-Session-Id", session)
	go named(h.s).ServeHTTP(httptest.NewRecorder(), r)
}

func (h hall) close() {
	h.s.Close()
	time.Sleep(time.Second) // of the bubble: a goroutine may be parked
}

// Who opens one session too many loses the one that was unused for longest, and takes
// nothing from others; while all are in use the new one is refused.
func TestSessionsOfOneClientAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t)
		defer h.close()
		others := h.open("bob", "10.0.0.1:1")
		var mine []string
		for range mcpwire.MaxOfClient {
			mine = append(mine, h.open("ana", "10.0.0.1:1"))
			time.Sleep(time.Second)
		}
		require.True(t, h.alive("ana", "10.0.0.2:1", mine[0]), "it is no longer the oldest")
		time.Sleep(time.Second)
		latest := h.open("ana", "10.0.0.3:1")
		assert.False(t, h.alive("ana", "10.0.0.1:1", mine[1]))
		mine[1] = latest
		for i, one := range mine {
			require.True(t, h.alive("ana", "10.0.0.1:1", one), i)
		}
		assert.True(t, h.alive("bob", "10.0.0.1:1", others))

		ctx, leave := context.WithCancel(t.Context())
		for _, one := range mine {
			h.listen(ctx, "ana", one)
		}
		synctest.Wait()
		out := h.ask("ana", "10.0.0.1:1", "", helloAgain)
		assert.Equal(t, http.StatusTooManyRequests, out.Code)
		assert.NotEmpty(t, out.Header().Get("Retry-After"))
		assert.JSONEq(t, `{"jsonrpc":"2.0","id":"x","error":{"code":-32000,"message":"busy: 256 sessions of yours are in use: end one first"}}`, out.Body.String())
		h.open("bob", "10.0.0.1:1")
		leave()
		synctest.Wait()
		h.open("ana", "10.0.0.1:1")
	})
}

// Callers without a name are counted by address, and a whole IPv6 network as one.
func TestSessionsOfNobodyAreCountedByAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t)
		defer h.close()
		first := map[string]string{}
		for _, a := range []string{"10.0.0.1:9", "[2001:db8::1]:9", "[2001:db8:0:1::1]:9"} {
			first[a] = h.open("", a)
			time.Sleep(time.Second)
		}
		for i := range mcpwire.MaxOfClient {
			h.open("", fmt.Sprintf("[::ffff:10.0.0.1]:%d", i+1))
			h.open("", fmt.Sprintf("[2001:db8::%x]:1", i+2))
		}
		for a, alive := range map[string]bool{"10.0.0.1:9": false, "[2001:db8::1]:9": false, "[2001:db8:0:1::1]:9": true} {
			assert.Equal(t, alive, h.alive("", a, first[a]), a)
		}
	})
}

// When there are too many in all, the client with the most yields one.
func TestSessionsOfAllAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHall(t)
		defer h.close()
		first := h.open("first", "10.0.0.1:1")
		time.Sleep(time.Second)
		greedy := h.open("client 0", "10.0.0.1:1")
		time.Sleep(time.Second)
		for i := 1; i < mcpwire.MaxSessions-1; i++ {
			h.open(fmt.Sprintf("client %d", i/200), "10.0.0.1:1")
		}
		require.True(t, h.alive("first", "10.0.0.1:1", first))
		time.Sleep(time.Second)
		h.open("last", "10.0.0.1:1")
		assert.True(t, h.alive("first", "10.0.0.1:1", first))
		assert.False(t, h.alive("client 0", "10.0.0.1:1", greedy))
	})
}
