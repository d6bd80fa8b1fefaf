package app_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/app"
	"github.com/trilha/trilha/internal/config"
)

// deadline bounds every wait of these tests; none is ever waited out in a run
// that passes.
const deadline = 20 * time.Second

const modernEra = "2026-07-28"

func settings() config.Config {
	return config.Config{
		Store: "memory", Running: 4, RunningPerOwner: 2, WaitingPerOwner: 1000, Kept: 20_000,
		TTL: time.Hour, AnswerWithin: time.Hour, Grace: 100 * time.Millisecond, LogLevel: "error",
	}
}

func newApp(t *testing.T, mode app.Mode) *app.App {
	t.Helper()
	a, err := app.New(settings(), mode, t.Output())
	require.NoError(t, err)
	return a
}

// message is any JSON-RPC message that a server sends.
type message struct {
	JSONRPC string           `json:"jsonrpc"`
	ID      json.RawMessage  `json:"id"`
	Method  string           `json:"method"`
	Params  map[string]any   `json:"params"`
	Result  json.RawMessage  `json:"result"`
	Error   *json.RawMessage `json:"error"`
}

// peer is a raw JSON-RPC client: it knows nothing of mcp-go. How a message leaves
// is post's; whatever arrives, on whichever stream, comes in through receive.
type peer struct {
	t    *testing.T
	era  string
	post func(ctx context.Context, method, name string, raw []byte) error

	mu      sync.Mutex
	id      int
	waiting map[string]chan message
	told    chan message // notifications, in the order in which they arrived
	news    chan message // those that tell of what no call is about

	can   map[string]any // its capabilities
	asked chan message   // requests of the server; nil: the server's ping is let be
}

func newPeer(t *testing.T, era string) *peer {
	return &peer{t: t, era: era, waiting: map[string]chan message{}, told: make(chan message, 10_000), news: make(chan message, 10_000)}
}

func (p *peer) capabilities() map[string]any {
	if p.can == nil {
		return map[string]any{}
	}
	return p.can
}

// answer answers a request of the server.
func (p *peer) answer(to message, result any) {
	p.t.Helper()
	raw, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": to.ID, "result": result})
	require.NoError(p.t, err)
	require.NoError(p.t, p.post(p.t.Context(), "notifications/answer", "", raw)) // over HTTP it is answered like one
}

func (p *peer) modern() bool { return p.era == modernEra }

// receive takes one message in. Anything but JSON-RPC fails the test.
func (p *peer) receive(raw []byte) {
	var m message
	if err := json.Unmarshal(raw, &m); err != nil || m.JSONRPC != "2.0" {
		p.t.Errorf("not a JSON-RPC message: %q", raw)
		return
	}
	switch {
	case m.Method != "" && m.ID != nil: // the server's ping, at least
		if p.asked != nil {
			p.asked <- m
		}
	case m.Method == "notifications/resources/list_changed", m.Method == "notifications/message":
		p.news <- m
	case m.Method != "":
		p.told <- m
	default:
		p.mu.Lock()
		answer := p.waiting[string(m.ID)]
		delete(p.waiting, string(m.ID))
		p.mu.Unlock()
		if answer == nil {
			p.t.Errorf("an answer that nobody waits for: %s", raw)
			return
		}
		answer <- m
	}
}

// start sends a request; its answer comes on the channel.
func (p *peer) start(method string, params map[string]any) <-chan message {
	p.t.Helper()
	p.mu.Lock()
	p.id++
	id := p.id
	answer := make(chan message, 1)
	p.waiting[fmt.Sprint(id)] = answer
	p.mu.Unlock()
	if params == nil {
		params = map[string]any{}
	}
	name, _ := params["name"].(string)
	if uri, ok := params["uri"].(string); ok {
		name = uri
	}
	if id, ok := params["taskId"].(string); ok {
		name = id
	}
	if p.modern() {
		meta, _ := params["_meta"].(map[string]any)
		if meta == nil {
			meta = map[string]any{}
		}
		meta["io.modelcontextprotocol/protocolVersion"] = p.era
		if meta["io.modelcontextprotocol/clientCapabilities"] == nil {
			meta["io.modelcontextprotocol/clientCapabilities"] = p.capabilities()
		}
		meta["io.modelcontextprotocol/clientInfo"] = map[string]any{"name": "raw", "version": "1"}
		params["_meta"] = meta
	}
	raw, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": id, "method": method, "params": params})
	require.NoError(p.t, err)
	require.NoError(p.t, p.post(p.t.Context(), method, name, raw))
	return answer
}

func (p *peer) notify(method string) {
	p.t.Helper()
	raw := []byte(`{"jsonrpc":"2.0","method":"` + method + `"}`)
	require.NoError(p.t, p.post(p.t.Context(), method, "", raw))
}

func await[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case v, ok := <-from:
		if !ok {
			t.Fatalf("%s: closed", what)
		}
		return v
	case <-time.After(deadline):
		t.Fatalf("%s: nothing within %s", what, deadline)
	}
	panic("unreachable")
}

// request gives the result of a request that must not be an error.
func (p *peer) request(method string, params map[string]any) map[string]any {
	p.t.Helper()
	m := await(p.t, p.start(method, params), method)
	if m.Error != nil {
		p.t.Fatalf("%s: %s", method, *m.Error)
	}
	return decode(p.t, m.Result)
}

func decode(t *testing.T, raw json.RawMessage) map[string]any {
	t.Helper()
	var out map[string]any
	require.NoError(t, json.Unmarshal(raw, &out), "%s", raw)
	return out
}

func toolCall(tool string, arguments map[string]any) map[string]any {
	if arguments == nil {
		arguments = map[string]any{}
	}
	return map[string]any{"name": tool, "arguments": arguments}
}

func withToken(params map[string]any, token any) map[string]any {
	params["_meta"] = map[string]any{"progressToken": token}
	return params
}

// tool calls a tool that must succeed and gives its structured content.
func (p *peer) tool(name string, arguments map[string]any) map[string]any {
	p.t.Helper()
	return structured(p.t, p.request("tools/call", toolCall(name, arguments)))
}

func structured(t *testing.T, result map[string]any) map[string]any {
	t.Helper()
	require.NotEqual(t, true, result["isError"], "%v", result["content"])
	out, ok := result["structuredContent"].(map[string]any)
	require.True(t, ok, "no structured content: %v", result)
	return out
}

// create starts a path with a progress token, or without one.
func (p *peer) create(topic string, token any) (taskID string) {
	p.t.Helper()
	params := toolCall("generate_learning_path_async", map[string]any{"topic": topic})
	if token != nil {
		withToken(params, token)
	}
	id, _ := structured(p.t, p.request("tools/call", params))["task_id"].(string)
	require.NotEmpty(p.t, id)
	return id
}

// open says hello as the era has it and gives what the server said of itself.
func (p *peer) open() map[string]any {
	p.t.Helper()
	if p.modern() {
		return p.request("server/discover", nil)
	}
	hello := p.request("initialize", map[string]any{
		"protocolVersion": p.era, "capabilities": p.capabilities(),
		"clientInfo": map[string]any{"name": "raw", "version": "1"},
	})
	assert.Equal(p.t, p.era, hello["protocolVersion"])
	p.notify("notifications/initialized")
	return hello
}

// pipes is an App that serves on a pair of pipes.
type pipes struct {
	in   *io.PipeWriter // closing it is the end of input
	out  *io.PipeReader
	done <-chan error // ServeStdio's
}

func serveStdio(t *testing.T, a *app.App) pipes {
	t.Helper()
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	done := make(chan error, 1)
	go func() {
		err := a.ServeStdio(context.Background(), inR, outW)
		outW.Close()
		done <- err
	}()
	return pipes{inW, outR, done}
}

// stdioPeer is a raw client of an App over pipes, which it ends with the test.
func stdioPeer(t *testing.T, a *app.App, era string) *peer {
	t.Helper()
	s := serveStdio(t, a)
	p := newPeer(t, era)
	p.overPipes(s)
	t.Cleanup(func() {
		s.in.Close()
		assert.NoError(t, await(t, s.done, "ServeStdio"))
	})
	return p
}

// overPipes connects p to pipes. Every line that comes out must be JSON-RPC.
func (p *peer) overPipes(s pipes) {
	var write sync.Mutex
	p.post = func(_ context.Context, _, _ string, raw []byte) error {
		write.Lock()
		defer write.Unlock()
		_, err := s.in.Write(append(raw, '\n'))
		return err
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		lines := bufio.NewReader(s.out)
		for {
			line, err := lines.ReadBytes('\n')
			if len(line) > 0 {
				p.receive(line)
			}
			if err != nil {
				return
			}
		}
	}()
	p.t.Cleanup(func() { await(p.t, closing(read), "end of output") })
}

// closing turns the closing of a channel into a value on another.
func closing(done <-chan struct{}) <-chan struct{} {
	out := make(chan struct{}, 1)
	go func() { <-done; out <- struct{}{} }()
	return out
}

// serveHTTP serves an App on a free port until the test ends, and gives its
// address.
func serveHTTP(t *testing.T, a *app.App) (base string) {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.ServeHTTP(ctx, l) }()
	t.Cleanup(func() {
		stop()
		assert.NoError(t, await(t, done, "ServeHTTP"))
	})
	return "http://" + l.Addr().String()
}

// httpClient is closed with the test. It sends the key, if there is one.
func httpClient(t *testing.T, key ...string) *http.Client {
	tr := &http.Transport{}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: keyed{tr, key}}
}

// keyed sends a key with every request.
type keyed struct {
	http.RoundTripper
	key []string
}

func (k keyed) RoundTrip(r *http.Request) (*http.Response, error) {
	for _, key := range k.key {
		r.Header.Set("Authorization", "Bearer "+key)
	}
	return k.RoundTripper.RoundTrip(r)
}

// ssePeer is a raw client over HTTP+SSE.
func ssePeer(t *testing.T, base, era string, key ...string) *peer {
	t.Helper()
	return ssePeerBy(t, httpClient(t, key...), base, era)
}

func ssePeerBy(t *testing.T, client *http.Client, base, era string) *peer {
	t.Helper()
	p := newPeer(t, era)
	ctx, stop := context.WithCancel(context.Background())
	resp := send(t, client, mustRequest(ctx, t, http.MethodGet, base+"/sse", nil))
	require.Equal(t, http.StatusOK, resp.StatusCode)
	endpoint := make(chan string, 1)
	p.readEvents(resp, stop, func(event, data string) {
		if event == "endpoint" {
			endpoint <- data
			return
		}
		p.receive([]byte(data))
	})
	target := base + await(t, endpoint, "endpoint event")
	p.post = func(ctx context.Context, _, _ string, raw []byte) error {
		r := mustRequest(ctx, t, http.MethodPost, target, raw)
		r.Header.Set("Content-Type", "application/json")
		resp, err := client.Do(r)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if resp.StatusCode != http.StatusAccepted {
			return fmt.Errorf("POST /message: %s", resp.Status)
		}
		return nil
	}
	return p
}

// httpPeer is a raw client over Streamable HTTP. listen opens its GET stream.
func httpPeer(t *testing.T, base, era string, key ...string) (p *peer, listen func()) {
	t.Helper()
	return httpPeerBy(t, httpClient(t, key...), base, era)
}

func httpPeerBy(t *testing.T, client *http.Client, base, era string) (p *peer, listen func()) {
	t.Helper()
	p = newPeer(t, era)
	var session string
	var posts sync.WaitGroup
	t.Cleanup(posts.Wait)
	headers := func(r *http.Request, method, name string) {
		r.Header.Set("Accept", "application/json, text/event-stream")
		if method != "initialize" {
			r.Header.Set("Mcp-Protocol-Version", era)
		}
		if session != "" {
			r.Header.Set("Mcp-Session-Id", session)
		}
		if p.modern() && method != "" {
			r.Header.Set("Mcp-Method", method)
		}
		if p.modern() && name != "" {
			r.Header.Set("Mcp-Name", name)
		}
	}
	exchange := func(r *http.Request) error {
		resp, err := client.Do(r)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if id := resp.Header.Get("Mcp-Session-Id"); id != "" && session == "" {
			session = id
		}
		if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
			return events(resp.Body, func(_, data string) { p.receive([]byte(data)) })
		}
		body, err := io.ReadAll(resp.Body)
		if err == nil && len(bytes.TrimSpace(body)) > 0 {
			p.receive(body)
		}
		return err
	}
	p.post = func(ctx context.Context, method, name string, raw []byte) error {
		r := mustRequest(ctx, t, http.MethodPost, base+"/mcp", raw)
		r.Header.Set("Content-Type", "application/json")
		headers(r, method, name)
		if method == "initialize" || strings.HasPrefix(method, "notifications/") {
			return exchange(r)
		}
		posts.Go(func() {
			if err := exchange(r); err != nil && ctx.Err() == nil {
				t.Errorf("POST %s: %v", method, err)
			}
		})
		return nil
	}
	listen = func() {
		ctx, stop := context.WithCancel(context.Background())
		r := mustRequest(ctx, t, http.MethodGet, base+"/mcp", nil)
		headers(r, "", "")
		resp := send(t, client, r)
		require.Equal(t, http.StatusOK, resp.StatusCode)
		p.readEvents(resp, stop, func(_, data string) { p.receive([]byte(data)) })
	}
	return p, listen
}

func mustRequest(ctx context.Context, t *testing.T, method, url string, body []byte) *http.Request {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	require.NoError(t, err)
	return r
}

func send(t *testing.T, client *http.Client, r *http.Request) *http.Response {
	t.Helper()
	resp, err := client.Do(r)
	require.NoError(t, err)
	return resp
}

// readEvents reads a stream until the test ends.
func (p *peer) readEvents(resp *http.Response, stop func(), each func(event, data string)) {
	read := make(chan struct{})
	go func() {
		defer close(read)
		_ = events(resp.Body, each) // it ends by being cut off
	}()
	p.t.Cleanup(func() {
		stop()
		resp.Body.Close()
		await(p.t, closing(read), "end of stream")
	})
}

// events reads server-sent events to the end.
func events(r io.Reader, each func(event, data string)) error {
	lines := bufio.NewReader(r)
	event, data := "message", ""
	for {
		line, err := lines.ReadString('\n')
		switch line = strings.TrimRight(line, "\r\n"); {
		case strings.HasPrefix(line, "event:"):
			event = strings.TrimSpace(line[len("event:"):])
		case strings.HasPrefix(line, "data:"):
			data = strings.TrimSpace(line[len("data:"):])
		case line == "" && data != "":
			each(event, data)
			event, data = "message", ""
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

func jsonText(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return string(raw)
}
