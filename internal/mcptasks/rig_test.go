package mcptasks_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/mcptasks"
	"github.com/trilha/trilha/internal/mcpwire"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/task/memory"
)

// deadline bounds every wait; none is waited out in a run that passes.
const deadline = 20 * time.Second

const (
	core      = "2025-11-25"
	extension = "2026-07-28"
)

// who is the context key of a principal.
type who struct{}

func as(name string) context.Context { return context.WithValue(context.Background(), who{}, name) }

func nameOf(ctx context.Context) string {
	name, _ := ctx.Value(who{}).(string)
	return name
}

// world is a server with tools of every kind, whose tasks do what the test says.
type world struct {
	t     *testing.T
	store task.Store
	layer *mcptasks.Layer
	wire  *mcpwire.Wire
	steps chan func(task.Run) // nil: the task completes
}

// kindOf says how a tool's tasks end; all wait for steps first, but for those that ask.
var kindOf = map[string]func(ctx context.Context, run task.Run) (json.RawMessage, error){
	"work": func(context.Context, task.Run) (json.RawMessage, error) { return json.RawMessage(`"done"`), nil },
	"refuse": func(context.Context, task.Run) (json.RawMessage, error) {
		return nil, fault.New(fault.Conflict, "it cannot be")
	},
	"break": func(context.Context, task.Run) (json.RawMessage, error) {
		return nil, fault.New(fault.Conflict, "broken")
	},
	"required": func(context.Context, task.Run) (json.RawMessage, error) { return json.RawMessage(`"done"`), nil },
	"ask":      ask,
}

func ask(ctx context.Context, run task.Run) (json.RawMessage, error) {
	schema := json.RawMessage(`{"type":"object","properties":{"x":{"type":"string"}}}`)
	replies, err := task.Ask(ctx, run, map[string]task.Form{"one": {Message: "One?", Schema: schema}, "two": {Message: "Two?", Schema: schema}})
	if err != nil {
		return nil, err
	}
	return json.Marshal(fmt.Sprintf("one %s %s, two %s", replies["one"].Action, replies["one"].Content, replies["two"].Action))
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, steps: make(chan func(task.Run))}
	log := slog.New(slog.DiscardHandler)
	works := map[string]task.Work{}
	for kind, end := range kindOf {
		works[kind] = func(ctx context.Context, run task.Run) (json.RawMessage, error) {
			for kind != "ask" {
				select {
				case do := <-w.steps:
					if do != nil {
						do(run)
						continue
					}
				case <-ctx.Done():
					return nil, ctx.Err()
				}
				break
			}
			return end(ctx, run)
		}
	}
	works["other"] = works["work"] // of no tool
	w.store = memory.New(works, task.Limits{Running: 100, RunningPerOwner: 100}, log)
	w.layer = mcptasks.New(mcptasks.Options{
		Store: w.store, Log: log,
		Owner: nameOf, Shared: func(ctx context.Context) bool { return nameOf(ctx) == "everyone" },
	})
	hooks := &server.Hooks{}
	s := server.NewMCPServer("world", "1", server.WithToolCapabilities(true), server.WithResourceCapabilities(true, true), server.WithHooks(hooks), server.WithInputSchemaValidation())
	for kind := range kindOf {
		tool := mcp.NewToolWithRawSchema(kind, "", json.RawMessage(`{"type":"object","properties":{"n":{"type":"integer"}},"additionalProperties":false}`))
		s.AddTool(tool, w.layer.Handler(kind, w.job(kind)))
	}
	s.AddTool(mcp.NewTool("plain"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("plain"), nil
	})
	w.layer.Hook(hooks)
	w.wire = mcpwire.New(s, log, mcpwire.WithServerInfo(mcp.Implementation{Name: "world", Version: "1"}))
	w.layer.Attach(w.wire)
	t.Cleanup(func() {
		now, cancel := context.WithCancel(context.Background())
		cancel()
		assert.NoError(t, w.store.Shutdown(now))
		w.layer.Close()
	})
	return w
}

func (w *world) job(kind string) mcptasks.Job {
	return mcptasks.Job{
		Kind: kind, Required: kind == "required",
		Start: func(ctx context.Context, c mcptasks.Caller, r mcp.CallToolRequest) (mcptasks.Started, error) {
			switch {
			case r.GetInt("n", 0) < 0:
				return mcptasks.Started{Answer: mcp.NewToolResultError("n is below 0")}, nil
			case r.GetInt("n", 0) == 404:
				return mcptasks.Started{}, &mcpwire.Error{Code: -32001, Message: "chosen"}
			case kind == "ask" && !c.Asks:
				return mcptasks.Started{Answer: mcp.NewToolResultError(fmt.Sprintf("rounds %t", c.Rounds))}, nil
			}
			spec := task.Spec{Owner: c.Owner, Kind: kind, Watch: c.Watch, TTL: c.TTL}
			if r.GetInt("n", 0) == 1 {
				spec.Result = json.RawMessage(`"known"`)
			}
			s, err := w.store.Submit(ctx, spec)
			return mcptasks.Started{Submission: s}, err
		},
		Result: func(_ context.Context, t task.Task) (*mcp.CallToolResult, error) {
			switch {
			case kind == "break":
				return nil, &mcpwire.Error{Code: -32002, Message: t.Error, Data: "data"}
			case t.Status != task.Completed:
				return mcp.NewToolResultError(t.Error), nil
			default:
				return mcp.NewToolResultText(string(t.Result)), nil
			}
		},
		Later: func(t task.Task) *mcp.CallToolResult { return mcp.NewToolResultText("later: " + t.ID) },
	}
}

// do lets the one task that waits do something, and waits until it has.
func (w *world) do(f func(task.Run)) {
	w.t.Helper()
	done := make(chan struct{})
	w.let(func(run task.Run) { defer close(done); f(run) })
	await(w.t, done)
}

// finish lets the one task that waits end.
func (w *world) finish() { w.t.Helper(); w.let(nil) }

func (w *world) let(f func(task.Run)) {
	w.t.Helper()
	select {
	case w.steps <- f:
	case <-time.After(deadline):
		w.t.Fatal("no task waits")
	}
}

func await[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(deadline):
		t.Fatalf("nothing within %s", deadline)
	}
	panic("unreachable")
}

// message is whatever a server sends.
type message struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Params map[string]any  `json:"params"`
	Result map[string]any  `json:"result"`
	Error  *mcpwire.Error  `json:"error"`
	raw    string
}

// client is one on stdio that knows nothing of mcp-go.
type client struct {
	t    *testing.T
	era  string
	can  map[string]any // its capabilities
	in   io.Writer
	said chan message // notifications and requests of the server, in order

	mu      sync.Mutex
	id      int
	answers map[string]chan message
	order   []string // of everything that came: a method, or the id of an answer
}

var (
	tasks       = map[string]any{"extensions": map[string]any{mcptasks.Extension: map[string]any{}}}
	elicitation = map[string]any{"elicitation": map[string]any{}}
	both        = map[string]any{"extensions": tasks["extensions"], "elicitation": map[string]any{}}
)

func (w *world) connect(owner, era string, can map[string]any) *client {
	w.t.Helper()
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	c := &client{t: w.t, era: era, can: can, in: inW, said: make(chan message, 10_000), answers: map[string]chan message{}}
	done := make(chan error, 1)
	go func() {
		err := w.wire.ServeStdio(as(owner), inR, outW)
		outW.Close()
		done <- err
	}()
	read := make(chan struct{})
	go func() {
		defer close(read)
		lines := bufio.NewReader(outR)
		for {
			line, err := lines.ReadBytes('\n')
			if len(line) > 0 {
				c.receive(line)
			}
			if err != nil {
				return
			}
		}
	}()
	w.t.Cleanup(func() {
		inW.Close()
		assert.NoError(w.t, await(w.t, done))
		await(w.t, read)
	})
	if era == extension {
		return c
	}
	hello := c.ok("initialize", map[string]any{"protocolVersion": era, "capabilities": can, "clientInfo": map[string]any{"name": "raw", "version": "1"}})
	require.Equal(w.t, era, hello["protocolVersion"])
	c.write(`{"jsonrpc":"2.0","method":"notifications/initialized"}`)
	return c
}

func (c *client) receive(line []byte) {
	m := message{raw: string(line)}
	if err := json.Unmarshal(line, &m); err != nil {
		c.t.Errorf("not JSON: %.200q", line)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if m.Method != "" {
		c.order = append(c.order, m.Method)
		c.said <- m
		return
	}
	c.order = append(c.order, string(m.ID))
	if ch := c.answers[string(m.ID)]; ch != nil {
		ch <- m
	}
}

func (c *client) write(line string) {
	_, err := io.WriteString(c.in, line+"\n")
	require.NoError(c.t, err)
}

func (c *client) start(method string, params map[string]any) (id string, answer <-chan message) {
	c.t.Helper()
	all := map[string]any{}
	for k, v := range params {
		all[k] = v
	}
	if c.era == extension {
		meta := map[string]any{"io.modelcontextprotocol/protocolVersion": c.era, "io.modelcontextprotocol/clientCapabilities": c.can}
		if given, ok := params["_meta"].(map[string]any); ok {
			for k, v := range given {
				meta[k] = v
			}
		}
		if c.can == nil {
			meta["io.modelcontextprotocol/clientCapabilities"] = map[string]any{}
		}
		all["_meta"] = meta
	}
	c.mu.Lock()
	c.id++
	id = fmt.Sprint(c.id)
	ch := make(chan message, 1)
	c.answers[id] = ch
	c.mu.Unlock()
	raw, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": json.RawMessage(id), "method": method, "params": all})
	require.NoError(c.t, err)
	c.write(string(raw))
	return id, ch
}

func (c *client) request(method string, params map[string]any) message {
	c.t.Helper()
	_, answer := c.start(method, params)
	return await(c.t, answer)
}

// ok is a request that must succeed. Since 2026-07-28 every result says whose it is.
func (c *client) ok(method string, params map[string]any) map[string]any {
	c.t.Helper()
	m := c.request(method, params)
	require.Nil(c.t, m.Error, "%s: %s", method, m.raw)
	if c.era != extension {
		return m.Result
	}
	meta, _ := m.Result["_meta"].(map[string]any)
	require.Equal(c.t, map[string]any{"name": "world", "version": "1"}, meta[mcp.MetaKeyServerInfo], m.raw)
	if delete(meta, mcp.MetaKeyServerInfo); len(meta) == 0 {
		delete(m.Result, "_meta")
	}
	return m.Result
}

// code is that of a request that must fail.
func (c *client) code(method string, params map[string]any) int {
	c.t.Helper()
	m := c.request(method, params)
	require.NotNil(c.t, m.Error, "%s: %s", method, m.raw)
	return m.Error.Code
}

// answer answers a request of the server.
func (c *client) answer(m message, result any) {
	c.t.Helper()
	raw, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": m.ID, "result": result})
	require.NoError(c.t, err)
	c.write(string(raw))
}

// heard is the next notification or request of the server.
func (c *client) heard(method string) message {
	c.t.Helper()
	m := await(c.t, c.said)
	require.Equal(c.t, method, m.Method, m.raw)
	return m
}

// silent holds that nothing more was said up to an answer.
func (c *client) silent() {
	c.t.Helper()
	c.request("tools/list", nil)
	select {
	case m := <-c.said:
		c.t.Errorf("unexpected: %s", m.raw)
	default:
	}
}

func call(tool string, n int) map[string]any {
	return map[string]any{"name": tool, "arguments": map[string]any{"n": n}}
}

func with(params map[string]any, name string, value any) map[string]any {
	params[name] = value
	return params
}

func id(taskID any) map[string]any { return map[string]any{"taskId": taskID} }

// create makes a task in the client's dialect.
func (c *client) create(tool string, token any) (taskID string) {
	c.t.Helper()
	params := call(tool, 0)
	if token != nil {
		params["_meta"] = map[string]any{"progressToken": token}
	}
	if c.era == core {
		created, _ := c.ok("tools/call", with(params, "task", map[string]any{}))["task"].(map[string]any)
		taskID, _ = created["taskId"].(string)
	} else {
		created := c.ok("tools/call", params)
		require.Equal(c.t, "task", created["resultType"], created)
		taskID, _ = created["taskId"].(string)
	}
	require.NotEmpty(c.t, taskID)
	return taskID
}

// until asks for a task until it has a status.
func (c *client) until(taskID, status string) map[string]any {
	c.t.Helper()
	for begun := time.Now(); time.Since(begun) < deadline; time.Sleep(time.Millisecond) {
		if t := c.ok("tasks/get", id(taskID)); t["status"] == status {
			return t
		}
	}
	c.t.Fatalf("%s is never %s", taskID, status)
	return nil
}

func textOf(t *testing.T, result any) string {
	t.Helper()
	r, _ := result.(map[string]any)
	content, _ := r["content"].([]any)
	require.NotEmpty(t, content, "%v", result)
	item, _ := content[0].(map[string]any)
	text, _ := item["text"].(string)
	return text
}
