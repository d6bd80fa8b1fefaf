package mcpwire_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/mcpwire"
)

// deadline bounds every wait of these tests; none is waited out in a run that
// passes.
const deadline = time.Minute

const (
	legacyEra = "2025-11-25"
	modernEra = "2026-07-28"
)

// world is a server with tools that tests can hold and watch.
type world struct {
	server *server.MCPServer
	held   chan struct{} // hold has begun
	open   chan struct{} // closed: hold returns
	ended  chan error    // why a hold ended
	goOn   chan struct{} // stop goes on
}

func newWorld(t *testing.T) *world {
	w := &world{held: make(chan struct{}, 10_000), open: make(chan struct{}), ended: make(chan error, 10_000), goOn: make(chan struct{})}
	s := server.NewMCPServer("world", "1", server.WithToolCapabilities(true), server.WithResourceCapabilities(true, true),
		server.WithPromptCapabilities(true), server.WithLogging())
	w.server = s
	add := func(name string, f func(ctx context.Context, r mcp.CallToolRequest) (string, error)) {
		s.AddTool(mcp.NewTool(name), func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			text, err := f(ctx, r)
			if err != nil {
				return nil, err
			}
			return mcp.NewToolResultText(text), nil
		})
	}
	add("echo", func(_ context.Context, r mcp.CallToolRequest) (string, error) { return r.GetString("text", ""), nil })
	add("steps", func(ctx context.Context, r mcp.CallToolRequest) (string, error) {
		for i := range r.GetInt("steps", 5) {
			_ = w.progress(ctx, r, i+1) // bare mcp-go refuses what its channel does not hold
		}
		return "done", nil
	})
	// burst says when it has sent all.
	add("burst", func(ctx context.Context, r mcp.CallToolRequest) (string, error) {
		for i := range r.GetInt("steps", 5) {
			_ = w.progress(ctx, r, i+1)
		}
		w.ended <- nil
		return "done", nil
	})
	add("hold", func(ctx context.Context, _ mcp.CallToolRequest) (string, error) {
		w.held <- struct{}{}
		select {
		case <-w.open:
			w.ended <- nil
			return "opened", nil
		case <-ctx.Done():
			w.ended <- ctx.Err()
			return "", ctx.Err()
		}
	})
	// stop stops after two of five steps.
	add("stop", func(ctx context.Context, r mcp.CallToolRequest) (string, error) {
		for i := range 5 {
			if i == 2 {
				<-w.goOn
			}
			_ = w.progress(ctx, r, i+1)
		}
		w.ended <- ctx.Err()
		return "done", nil
	})
	// late goes on after its answer.
	add("late", func(ctx context.Context, r mcp.CallToolRequest) (string, error) {
		go func() {
			<-w.open
			w.ended <- w.progress(ctx, r, 1)
		}()
		return "early", nil
	})
	add("panic", func(context.Context, mcp.CallToolRequest) (string, error) { panic("inner secret") })
	add("refuse", func(context.Context, mcp.CallToolRequest) (string, error) {
		return "", fmt.Errorf("outer: %w", &mcpwire.Error{Code: -32021, Message: "a capability is missing", Data: map[string]any{"needs": "x"}})
	})
	add("long", func(_ context.Context, r mcp.CallToolRequest) (string, error) {
		return strings.Repeat("x", r.GetInt("bytes", 1)), nil
	})
	add("ask", func(ctx context.Context, _ mcp.CallToolRequest) (string, error) {
		r, err := s.RequestElicitation(ctx, mcp.ElicitationRequest{Params: mcp.ElicitationParams{Message: "why?", RequestedSchema: map[string]any{"type": "object"}}})
		if err != nil {
			return "", err
		}
		return string(r.Action), nil
	})
	s.AddResourceTemplate(mcp.NewResourceTemplate("test://{id}", "a thing"), func(_ context.Context, r mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
		return nil, &mcpwire.Error{Code: mcp.INVALID_PARAMS, Message: "no such thing", Data: map[string]any{"uri": r.Params.URI}}
	})
	s.AddPrompt(mcp.NewPrompt("panic"), func(context.Context, mcp.GetPromptRequest) (*mcp.GetPromptResult, error) { panic("inner secret") })
	return w
}

func (w *world) progress(ctx context.Context, r mcp.CallToolRequest, n int) error {
	if r.Params.Meta == nil || r.Params.Meta.ProgressToken == nil {
		return nil
	}
	return w.server.SendNotificationToClient(ctx, "notifications/progress", map[string]any{"progressToken": r.Params.Meta.ProgressToken, "progress": n})
}

// transport serves a world on a pair of streams.
type transport func(ctx context.Context, in io.Reader, out io.Writer) error

func (w *world) ours() transport {
	return mcpwire.New(w.server, slog.New(slog.DiscardHandler)).ServeStdio
}

// bare is mcp-go's own, to show what it does.
func (w *world) bare() transport {
	server.WithRecovery()(w.server)
	s := server.NewStdioServer(w.server)
	server.WithErrorLogger(log.New(io.Discard, "", 0))(s)
	return s.Listen
}

// message is whatever a server sends.
type message struct {
	JSONRPC string          `json:"jsonrpc"`
	ID      json.RawMessage `json:"id"`
	Method  string          `json:"method"`
	Params  map[string]any  `json:"params"`
	Result  map[string]any  `json:"result"`
	Error   *mcpwire.Error  `json:"error"`
	line    string
}

// peer is a client on pipes that knows nothing of mcp-go.
type peer struct {
	t    *testing.T
	era  string
	in   *io.PipeWriter
	all  chan message // whatever came, in order
	done chan error   // the transport's

	mu sync.Mutex
	id int
}

// connect serves on pipes until the test ends.
func connect(t *testing.T, serve transport, era string) *peer {
	t.Helper()
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	p := &peer{t: t, era: era, in: inW, all: make(chan message, 100_000), done: make(chan error, 1)}
	go func() {
		err := serve(context.Background(), inR, outW)
		outW.Close()
		p.done <- err
	}()
	go func() {
		defer close(p.all)
		lines := bufio.NewReader(outR)
		for {
			line, err := lines.ReadBytes('\n')
			if len(line) > 0 {
				p.all <- parsed(t, line)
			}
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() {
		inW.Close()
		for range p.all {
		}
	})
	return p
}

func parsed(t *testing.T, line []byte) message {
	m := message{line: string(line)}
	if line[0] == '[' {
		return m
	}
	if err := json.Unmarshal(line, &m); err != nil || m.JSONRPC != "2.0" {
		t.Errorf("not a JSON-RPC message: %.200q: %v", line, err)
	}
	return m
}

func (p *peer) write(line string) {
	_, err := io.WriteString(p.in, line+"\n")
	if err != nil && !errors.Is(err, io.ErrClosedPipe) {
		p.t.Errorf("write: %v", err)
	}
}

// start sends a request and gives its id.
func (p *peer) start(method string, params map[string]any) string {
	p.mu.Lock()
	p.id++
	id := fmt.Sprint(p.id)
	p.mu.Unlock()
	p.startAs(id, method, params)
	return id
}

// startAs sends a request under an id, which is JSON.
func (p *peer) startAs(id, method string, params map[string]any) {
	if params == nil {
		params = map[string]any{}
	}
	if p.era == modernEra {
		meta, _ := params["_meta"].(map[string]any)
		if meta == nil {
			meta = map[string]any{}
		}
		meta["io.modelcontextprotocol/protocolVersion"] = p.era
		meta["io.modelcontextprotocol/clientCapabilities"] = map[string]any{}
		params["_meta"] = meta
	}
	raw, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": json.RawMessage(id), "method": method, "params": params})
	require.NoError(p.t, err)
	p.write(string(raw))
}

func (p *peer) next() message {
	p.t.Helper()
	return await(p.t, p.all, "a message")
}

// until reads up to the answer to id, which must be there.
func (p *peer) until(id string) (answer message, before []message) {
	p.t.Helper()
	for {
		m := p.next()
		if m.Method == "" && string(m.ID) == id {
			return m, before
		}
		before = append(before, m)
	}
}

func (p *peer) request(method string, params map[string]any) message {
	p.t.Helper()
	answer, _ := p.until(p.start(method, params))
	return answer
}

// open says hello as the era has it.
func (p *peer) open() {
	p.t.Helper()
	if p.era == modernEra {
		require.Nil(p.t, p.request("server/discover", nil).Error)
		return
	}
	answer := p.request("initialize", map[string]any{"protocolVersion": p.era, "capabilities": map[string]any{}, "clientInfo": map[string]any{"name": "raw", "version": "1"}})
	require.Nil(p.t, answer.Error)
	require.Equal(p.t, p.era, answer.Result["protocolVersion"])
	p.write(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
}

// end closes the input and gives what else came.
func (p *peer) end() (rest []message) {
	p.t.Helper()
	p.in.Close()
	assert.NoError(p.t, await(p.t, p.done, "the transport"))
	for m := range p.all {
		rest = append(rest, m)
	}
	return rest
}

func tool(name string, arguments map[string]any) map[string]any {
	if arguments == nil {
		arguments = map[string]any{}
	}
	return map[string]any{"name": name, "arguments": arguments}
}

func withToken(params map[string]any, token any) map[string]any {
	params["_meta"] = map[string]any{"progressToken": token}
	return params
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
