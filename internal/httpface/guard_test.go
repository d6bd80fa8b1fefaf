package httpface_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/httpface"
	"github.com/trilha/trilha/internal/mcpwire"
)

// place is a listening Face over a small MCP server, until the test ends.
type place struct {
	t      *testing.T
	face   *httpface.Face
	base   string
	client *http.Client
}

func listen(t *testing.T) *place { t.Helper(); return listenWith(t, httpface.Options{}) }

func listenWith(t *testing.T, o httpface.Options) *place {
	t.Helper()
	mcpServer := server.NewMCPServer("small", "1", server.WithToolCapabilities(true))
	mcpServer.AddTool(mcp.NewTool("hello"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("hello"), nil
	})
	face := httpface.New(mcpwire.New(mcpServer, slog.New(slog.DiscardHandler)), o)
	face.Hurry(slowest)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	base, stop := context.WithCancel(context.Background())
	s := face.Server(base)
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	tr := &http.Transport{}
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
		defer cancel()
		face.CloseStreams()
		stop()
		assert.NoError(t, s.Shutdown(ctx))
		assert.ErrorIs(t, <-served, http.ErrServerClosed)
		face.Close()
	})
	return &place{t, face, "http://" + l.Addr().String(), &http.Client{Transport: tr}}
}

// ask sends a request with headers, given as name and value in turn; Host sets
// the host. It gives the answer with its body read.
func (p *place) ask(method, path, body string, headers ...string) (*http.Response, string) {
	p.t.Helper()
	resp := p.stream(p.t.Context(), method, path, strings.NewReader(body), headers...)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	require.NoError(p.t, err)
	return resp, string(raw)
}

func (p *place) stream(ctx context.Context, method, path string, body io.Reader, headers ...string) *http.Response {
	p.t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, p.base+path, body)
	require.NoError(p.t, err)
	for i := 0; i < len(headers); i += 2 {
		if headers[i] == "Host" {
			r.Host = headers[i+1]
			continue
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := p.client.Do(r)
	require.NoError(p.t, err)
	return resp
}

const (
	jsonType   = "application/json"
	initialize = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"raw","version":"1"}}}`
	ping       = `{"jsonrpc":"2.0","id":2,"method":"ping"}`
)

func TestGuardRefusesWhatAPageCouldSend(t *testing.T) {
	t.Parallel()
	p := listen(t)
	for _, c := range []struct {
		name    string
		headers []string
		status  int
	}{
		{"plain", nil, 200},
		{"localhost", []string{"Host", "localhost"}, 200},
		{"localhost with a port", []string{"Host", "localhost:8400"}, 200},
		{"IPv6 loopback", []string{"Host", "[::1]:8400"}, 200},
		{"IPv6 loopback without a port", []string{"Host", "[::1]"}, 200},
		{"rebound name", []string{"Host", "evil.example"}, 403},
		{"name that begins alike", []string{"Host", "localhost.evil.example"}, 403},
		{"address that begins alike", []string{"Host", "127.0.0.1.evil.example:80"}, 403},
		{"another address", []string{"Host", "192.168.1.1"}, 403},
		{"every address", []string{"Host", "0.0.0.0"}, 403},
		{"own page", []string{"Origin", "http://localhost:5173"}, 200},
		{"own page over TLS", []string{"Origin", "https://127.0.0.1"}, 200},
		{"page from elsewhere", []string{"Origin", "https://evil.example"}, 403},
		{"page that begins alike", []string{"Origin", "http://localhost.evil.example"}, 403},
		{"page with user info", []string{"Origin", "http://localhost@evil.example"}, 403},
		{"sandboxed page", []string{"Origin", "null"}, 403},
		{"file", []string{"Origin", "file://localhost"}, 403},
		{"form", []string{"Content-Type", "text/plain"}, 415},
		{"form that hints", []string{"Content-Type", "text/plain; application/json"}, 415},
		{"form fields", []string{"Content-Type", "application/x-www-form-urlencoded"}, 415},
		{"JSON with a charset", []string{"Content-Type", "application/json; charset=utf-8"}, 200},
	} {
		headers := append([]string{"Content-Type", jsonType, "Accept", "application/json, text/event-stream"}, c.headers...)
		resp, body := p.ask(http.MethodPost, "/mcp", initialize, headers...)
		assert.Equal(t, c.status, resp.StatusCode, "/mcp: %s: %s", c.name, body)
		assert.Empty(t, resp.Header.Get("Access-Control-Allow-Origin"), c.name)
		if c.status != 200 {
			resp, _ = p.ask(http.MethodPost, "/message?sessionId=x", initialize, headers...)
			assert.Equal(t, c.status, resp.StatusCode, "/message: %s", c.name)
		}
		if c.status == 403 {
			resp, _ = p.ask(http.MethodGet, "/sse", "", c.headers...)
			assert.Equal(t, 403, resp.StatusCode, "/sse: %s", c.name)
			resp, _ = p.ask(http.MethodGet, "/healthz", "", c.headers...)
			assert.Equal(t, 403, resp.StatusCode, "/healthz: %s", c.name)
		}
	}
}

func TestPreflightsGetNoPermission(t *testing.T) {
	t.Parallel()
	p := listen(t)
	for _, path := range []string{"/mcp", "/sse", "/message", "/healthz"} {
		resp, _ := p.ask(http.MethodOptions, path, "", "Origin", "http://localhost:5173", "Access-Control-Request-Method", "POST")
		assert.Empty(t, resp.Header.Get("Access-Control-Allow-Origin"), path)
		resp, _ = p.ask(http.MethodOptions, path, "", "Origin", "https://evil.example", "Access-Control-Request-Method", "POST")
		assert.Equal(t, 403, resp.StatusCode, path)
	}
}

func TestLargeBodiesAreRefused(t *testing.T) {
	t.Parallel()
	p := listen(t)
	session, lines := p.sse(t.Context())
	large := `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"` + strings.Repeat("x", 4<<20) + `"}}`
	for _, path := range []string{"/mcp", session} {
		resp, _ := p.ask(http.MethodPost, path, large, "Content-Type", jsonType)
		assert.Equal(t, http.StatusRequestEntityTooLarge, resp.StatusCode, "%s, told its length", path)
		// In chunks nothing tells how long it will be.
		chunked := p.stream(t.Context(), http.MethodPost, path, io.MultiReader(strings.NewReader(large)), "Content-Type", jsonType)
		chunked.Body.Close()
		assert.Equal(t, http.StatusRequestEntityTooLarge, chunked.StatusCode, "%s, in chunks", path)
	}
	fits := `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"x":"` + strings.Repeat("x", 4<<20-1000) + `"}}`
	resp, _ := p.ask(http.MethodPost, session, fits, "Content-Type", jsonType)
	assert.Equal(t, http.StatusAccepted, resp.StatusCode)
	assert.JSONEq(t, `{"jsonrpc":"2.0","id":1,"result":{}}`, data(t, lines))
}

// sse opens a stream and gives where to post, and the messages that come.
func (p *place) sse(ctx context.Context) (endpoint string, lines *bufio.Reader) {
	p.t.Helper()
	resp := p.stream(ctx, http.MethodGet, "/sse", nil)
	p.t.Cleanup(func() { resp.Body.Close() })
	require.Equal(p.t, http.StatusOK, resp.StatusCode)
	assert.Empty(p.t, resp.Header.Get("Access-Control-Allow-Origin"))
	assert.Equal(p.t, "text/event-stream", resp.Header.Get("Content-Type"))
	lines = bufio.NewReader(resp.Body)
	endpoint = data(p.t, lines)
	require.True(p.t, strings.HasPrefix(endpoint, "/message?sessionId="), endpoint)
	return endpoint, lines
}

// data reads the next event's data.
func data(t *testing.T, lines *bufio.Reader) string {
	t.Helper()
	for {
		line, err := lines.ReadString('\n')
		require.NoError(t, err)
		if d, ok := strings.CutPrefix(line, "data:"); ok {
			return strings.TrimSpace(d)
		}
	}
}

// 2026-07-28 has no HTTP+SSE: it is not offered there, and refused.
func TestSSEIsForEarlierEras(t *testing.T) {
	t.Parallel()
	p := listen(t)
	endpoint, lines := p.sse(t.Context())
	const meta = `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`
	for _, method := range []string{"server/discover", "tools/list"} {
		resp, body := p.ask(http.MethodPost, endpoint, `{"jsonrpc":"2.0","id":1,"method":"`+method+`","params":{`+meta+`}}`, "Content-Type", jsonType)
		assert.Equal(t, http.StatusBadRequest, resp.StatusCode, method)
		assert.Contains(t, body, "use Streamable HTTP")
	}
	asking := strings.Replace(initialize, "2025-11-25", "2026-07-28", 1)
	resp, _ := p.ask(http.MethodPost, endpoint, asking, "Content-Type", jsonType)
	require.Equal(t, http.StatusAccepted, resp.StatusCode)
	assert.Contains(t, data(t, lines), `"protocolVersion":"2025-11-25"`)
	resp, _ = p.ask(http.MethodPost, endpoint, ping, "Content-Type", jsonType)
	require.Equal(t, http.StatusAccepted, resp.StatusCode)
	assert.JSONEq(t, `{"jsonrpc":"2.0","id":2,"result":{}}`, data(t, lines))
	resp, _ = p.ask(http.MethodPost, "/message?sessionId=someone", ping, "Content-Type", jsonType)
	assert.Equal(t, http.StatusNotFound, resp.StatusCode)
}

func TestSessionsEndWhenDeleted(t *testing.T) {
	t.Parallel()
	p := listen(t)
	accept := []string{"Content-Type", jsonType, "Accept", "application/json, text/event-stream"}
	open := func() (session []string) {
		resp, _ := p.ask(http.MethodPost, "/mcp", initialize, accept...)
		require.Equal(t, http.StatusOK, resp.StatusCode)
		id := resp.Header.Get("Mcp-Session-Id")
		require.NotEmpty(t, id)
		return append([]string{"Mcp-Session-Id", id, "Mcp-Protocol-Version", "2025-11-25"}, accept...)
	}
	first, second := open(), open()
	require.NotEqual(t, first[1], second[1])
	for _, s := range [][]string{first, second} {
		resp, body := p.ask(http.MethodPost, "/mcp", ping, s...)
		require.Equal(t, http.StatusOK, resp.StatusCode, body)
	}
	// Its stream ends with it.
	stream := p.stream(t.Context(), http.MethodGet, "/mcp", nil, first...)
	defer stream.Body.Close()
	require.Equal(t, http.StatusOK, stream.StatusCode)
	resp, _ := p.ask(http.MethodDelete, "/mcp", "", first...)
	require.Equal(t, http.StatusOK, resp.StatusCode)
	resp, _ = p.ask(http.MethodPost, "/mcp", ping, first...)
	assert.Equal(t, http.StatusNotFound, resp.StatusCode, "a deleted session")
	resp, _ = p.ask(http.MethodPost, "/mcp", ping, second...)
	assert.Equal(t, http.StatusOK, resp.StatusCode, "the other session")
	resp, _ = p.ask(http.MethodPost, "/mcp", ping, append([]string{"Mcp-Session-Id", "made-up"}, accept...)...)
	assert.Equal(t, http.StatusNotFound, resp.StatusCode, "a session that never was")
	resp, _ = p.ask(http.MethodPost, "/mcp", ping, accept...)
	assert.Contains(t, []int{http.StatusBadRequest, http.StatusNotFound}, resp.StatusCode, "no session")
}

// A request of 2026-07-28 needs no session and gets none.
func TestModernRequestsHaveNoSession(t *testing.T) {
	t.Parallel()
	p := listen(t)
	body := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"hello","arguments":{},"_meta":{` +
		`"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},` +
		`"io.modelcontextprotocol/clientInfo":{"name":"raw","version":"1"}}}}`
	headers := []string{
		"Content-Type", jsonType, "Accept", "application/json, text/event-stream",
		"Mcp-Protocol-Version", "2026-07-28", "Mcp-Method", "tools/call", "Mcp-Name", "hello",
	}
	resp, answer := p.ask(http.MethodPost, "/mcp", body, headers...)
	require.Equal(t, http.StatusOK, resp.StatusCode, answer)
	assert.Contains(t, answer, `"text":"hello"`)
	assert.Empty(t, resp.Header.Get("Mcp-Session-Id"))
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		resp, _ = p.ask(method, "/mcp", "", "Mcp-Protocol-Version", "2026-07-28")
		assert.Equal(t, http.StatusMethodNotAllowed, resp.StatusCode, method)
	}
	headers[len(headers)-1] = "another"
	resp, _ = p.ask(http.MethodPost, "/mcp", body, headers...)
	assert.Equal(t, http.StatusBadRequest, resp.StatusCode, "the header names another tool than the body")
}

func TestHealthAndOtherPaths(t *testing.T) {
	t.Parallel()
	p := listen(t)
	resp, body := p.ask(http.MethodGet, "/healthz", "")
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	var health map[string]string
	require.NoError(t, json.NewDecoder(bytes.NewBufferString(body)).Decode(&health))
	assert.Equal(t, "ok", health["status"])
	for _, path := range []string{"/", "/mcp/", "/nothing"} {
		resp, _ = p.ask(http.MethodGet, path, "")
		assert.Equal(t, http.StatusNotFound, resp.StatusCode, path)
	}
}
