package mcpface_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"

	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/mcpwire"
)

// site serves a rig over HTTP. A header stands in for who has been authenticated.
type site struct {
	*rig
	base   string
	client *http.Client
}

const principalHeader = "X-Principal"

func (r *rig) site() *site {
	wire := mcpwire.New(r.face.Server(), slog.New(slog.DiscardHandler), mcpwire.WithPrincipal(ownerOf))
	streamable, sse := wire.Streamable(), wire.SSE("/message")
	mux := http.NewServeMux()
	mux.Handle("/mcp", streamable)
	mux.HandleFunc("/sse", sse.Events)
	mux.HandleFunc("/message", sse.Messages)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		mux.ServeHTTP(w, q.WithContext(context.WithValue(q.Context(), principal{}, q.Header.Get(principalHeader))))
	}))
	transport := &http.Transport{}
	r.t.Cleanup(func() {
		sse.Close()
		streamable.CloseStreams()
		streamable.Close()
		transport.CloseIdleConnections()
		server.Close()
	})
	return &site{r, server.URL, &http.Client{Transport: transport}}
}

// heard is a message of the server.
type heard struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params map[string]any  `json:"params"`
	Result map[string]any  `json:"result"`
	Error  *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// agent is a raw client of one principal, on one transport and of one era. What it
// is told comes in told, on whichever stream it arrives.
type agent struct {
	*site
	owner, era, url string
	session         string
	events          bool // HTTP+SSE: answers come on the event stream
	told            chan heard

	mu      sync.Mutex
	made    int
	waiting map[string]chan heard
}

// agent says hello and opens the stream that its era has for news.
func (s *site) agent(owner, transport, era string) *agent {
	s.t.Helper()
	a := &agent{site: s, owner: owner, era: era, url: s.base + "/mcp", told: make(chan heard, 1000), waiting: map[string]chan heard{}}
	if transport == "sse" {
		a.events = true
		endpoint := make(chan string, 1)
		a.read(a.open(http.MethodGet, s.base+"/sse", nil, nil), endpoint)
		a.url = s.base + await(s.t, endpoint, "the endpoint")
	}
	if era == modernEra {
		return a
	}
	hello := map[string]any{"protocolVersion": era, "capabilities": map[string]any{}, "clientInfo": map[string]any{"name": "raw", "version": "1"}}
	require.Equal(s.t, era, a.result("initialize", hello)["protocolVersion"])
	if !a.events {
		a.read(a.open(http.MethodGet, a.url, nil, nil), nil)
	}
	return a
}

// open sends one HTTP request.
func (a *agent) open(method, url string, body []byte, header map[string]string) *http.Response {
	a.t.Helper()
	r, err := http.NewRequestWithContext(a.t.Context(), method, url, bytes.NewReader(body))
	require.NoError(a.t, err)
	r.Header.Set(principalHeader, a.owner)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	if a.session != "" {
		r.Header.Set("Mcp-Session-Id", a.session)
	}
	for k, v := range header {
		r.Header.Set(k, v)
	}
	resp, err := a.client.Do(r)
	require.NoError(a.t, err)
	if id := resp.Header.Get("Mcp-Session-Id"); id != "" {
		a.session = id
	}
	return resp
}

// read takes in what comes on a response, beside the test, until it ends.
func (a *agent) read(resp *http.Response, endpoint chan<- string) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer resp.Body.Close()
		if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
			raw, _ := io.ReadAll(resp.Body)
			a.hear(raw)
			return
		}
		lines := bufio.NewReader(resp.Body)
		for {
			line, err := lines.ReadString('\n')
			if data, ok := strings.CutPrefix(strings.TrimSpace(line), "data: "); ok {
				if endpoint != nil && strings.HasPrefix(data, "/") {
					endpoint <- data
				} else {
					a.hear([]byte(data))
				}
			}
			if err != nil {
				return
			}
		}
	}()
	a.t.Cleanup(func() { resp.Body.Close(); <-done })
}

func (a *agent) hear(raw []byte) {
	var m heard
	if json.Unmarshal(raw, &m) != nil {
		return // the empty body of what is accepted
	}
	if m.Method != "" {
		a.told <- m
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if answer := a.waiting[string(m.ID)]; answer != nil {
		answer <- m
	}
}

// start sends a request; its answer comes on the channel.
func (a *agent) start(method string, params map[string]any) <-chan heard {
	a.t.Helper()
	if params == nil {
		params = map[string]any{}
	}
	header := map[string]string{}
	if a.era == modernEra {
		meta, _ := params["_meta"].(map[string]any)
		if meta == nil {
			meta = map[string]any{}
			params["_meta"] = meta
		}
		meta["io.modelcontextprotocol/protocolVersion"] = a.era
		meta["io.modelcontextprotocol/clientCapabilities"] = map[string]any{}
		header["Mcp-Protocol-Version"], header["Mcp-Method"] = a.era, method
		if uri, ok := params["uri"].(string); ok {
			header["Mcp-Name"] = uri
		}
		if name, ok := params["name"].(string); ok {
			header["Mcp-Name"] = name
		}
	}
	a.mu.Lock()
	a.made++
	id, _ := json.Marshal(a.made)
	answer := make(chan heard, 1)
	a.waiting[string(id)] = answer
	a.mu.Unlock()
	raw, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": a.made, "method": method, "params": params})
	require.NoError(a.t, err)
	a.read(a.open(http.MethodPost, a.url, raw, header), nil)
	return answer
}

func (a *agent) send(method string, params map[string]any) heard {
	a.t.Helper()
	return await(a.t, a.start(method, params), method)
}

// result gives the result of a request that must succeed.
func (a *agent) result(method string, params map[string]any) map[string]any {
	a.t.Helper()
	m := a.send(method, params)
	require.Nil(a.t, m.Error, "%s: %v", method, m.Error)
	return m.Result
}

// tool calls a tool that must succeed.
func (a *agent) tool(name string, arguments map[string]any) map[string]any {
	a.t.Helper()
	result := a.result("tools/call", call(name, arguments, nil))
	require.NotEqual(a.t, true, result["isError"], "%v", result["content"])
	out, _ := result["structuredContent"].(map[string]any)
	return out
}

func (a *agent) create(topic string) (id string) {
	a.t.Helper()
	id, _ = a.tool("generate_learning_path_async", map[string]any{"topic": topic})["task_id"].(string)
	require.NotEmpty(a.t, id)
	return id
}

// attend asks for everything there is to hear of: changes of the list, of a task,
// and messages of every level.
func (a *agent) attend(taskID string) {
	a.t.Helper()
	uri := "trilha://tasks/" + taskID
	if a.era != modernEra {
		a.result("logging/setLevel", map[string]any{"level": "debug"})
		a.result("resources/subscribe", map[string]any{"uri": uri})
		return
	}
	a.start("subscriptions/listen", map[string]any{"notifications": map[string]any{"resourcesListChanged": true, "resourceSubscriptions": []string{uri}}})
	ack := await(a.t, a.told, "the acknowledgement")
	require.Equal(a.t, "notifications/subscriptions/acknowledged", ack.Method)
	granted, _ := ack.Params["notifications"].(map[string]any)
	require.Equal(a.t, true, granted["resourcesListChanged"])
}

// until gives what was told up to the first message that is what a test waits for.
func (a *agent) until(what string, is func(heard) bool) (all []heard) {
	a.t.Helper()
	for {
		m := await(a.t, a.told, what)
		all = append(all, m)
		if is(m) {
			return all
		}
	}
}

func method(name string) func(heard) bool { return func(m heard) bool { return m.Method == name } }
