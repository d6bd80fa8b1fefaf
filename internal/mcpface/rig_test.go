package mcpface_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/generate"
	"github.com/trilha/trilha/internal/mcpface"
	"github.com/trilha/trilha/internal/mcptasks"
	"github.com/trilha/trilha/internal/shelf"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/task/memory"
	"github.com/trilha/trilha/internal/tutor"
	"github.com/trilha/trilha/tools"
)

const (
	deadline  = 20 * time.Second
	legacyEra = "2025-11-25"
	modernEra = "2026-07-28"
)

// principal is the context key by which these tests say whose request it is.
type principal struct{}

func ownerOf(ctx context.Context) string {
	owner, _ := ctx.Value(principal{}).(string)
	return owner
}

// rig is a Face over real parts, with tasks that wait until they may run.
type rig struct {
	t    *testing.T
	face *mcpface.Face
	hold atomic.Bool // tasks report 3 per cent and wait for go
	asks atomic.Bool // tasks wait for their owner's answer
	step chan func(task.Run)
}

func newRig(t *testing.T) *rig {
	t.Helper()
	return newRigOver(t, func(s task.Store) task.Store { return s })
}

// newRigOver is a rig whose tutor sees the tasks through what wrap makes of them.
func newRigOver(t *testing.T, wrap func(task.Store) task.Store) *rig {
	t.Helper()
	r := &rig{t: t, step: make(chan func(task.Run))}
	log := slog.New(slog.DiscardHandler)
	generator := generate.New(catalog.Embedded())
	paths := shelf.NewMemory(0, 0)
	work := tutor.Work(generator, paths)
	store := memory.New(map[string]task.Work{tutor.PathKind: func(ctx context.Context, run task.Run) (json.RawMessage, error) {
		if r.asks.Load() {
			_, err := task.Ask(ctx, run, map[string]task.Form{"topic": {Message: "Which is meant?", Schema: json.RawMessage(`{"type":"object"}`)}})
			return nil, err
		}
		for r.hold.Load() {
			select {
			case do := <-r.step:
				if do != nil {
					do(run)
					continue
				}
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			break
		}
		return work(ctx, run)
	}}, task.Limits{Running: 8, RunningPerOwner: 8, WaitingPerOwner: 1000, Kept: 20_000, TTL: time.Hour}, log)
	tu := tutor.New(catalog.Embedded(), generator, paths, wrap(store))
	tasks := mcptasks.New(mcptasks.Options{Store: store, Owner: ownerOf, Log: log})
	r.face = mcpface.New("1.2.3", tu, tools.New(tu, log, 1000), tasks, ownerOf, log)
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		assert.NoError(t, store.Shutdown(ctx))
		r.face.Close()
	})
	return r
}

// do lets the one running task do something and waits for it.
func (r *rig) do(f func(task.Run)) {
	r.t.Helper()
	done := make(chan struct{})
	r.let(func(run task.Run) { f(run); close(done) })
	await(r.t, done, "a step of the work")
}

// finish lets one held task make its path.
func (r *rig) finish() { r.t.Helper(); r.let(nil) }

func (r *rig) let(f func(task.Run)) {
	r.t.Helper()
	select {
	case r.step <- f:
	case <-time.After(deadline):
		r.t.Fatal("no task runs")
	}
}

func await[T any](t *testing.T, from <-chan T, what string) (v T) {
	t.Helper()
	select {
	case v = <-from:
	case <-time.After(deadline):
		t.Fatalf("%s: nothing within %s", what, deadline)
	}
	return v
}

// session is a client as mcp-go sees it: what is in told was handed to its
// transport.
type session struct {
	r     *rig
	owner string
	era   string
	id    string
	told  chan mcp.JSONRPCNotification
	ready atomic.Bool
	calls atomic.Int64
}

func (s *session) Initialize()                                         { s.ready.Store(true) }
func (s *session) Initialized() bool                                   { return s.ready.Load() }
func (s *session) NotificationChannel() chan<- mcp.JSONRPCNotification { return s.told }
func (s *session) SessionID() string                                   { return s.id }

// connect registers a session of an owner.
func (r *rig) connect(owner, era string, capacity int) *session {
	r.t.Helper()
	return r.connectAs(owner, owner+"'s session", era, capacity)
}

func (r *rig) connectAs(owner, id, era string, capacity int) *session {
	r.t.Helper()
	s := &session{r: r, owner: owner, era: era, id: id, told: make(chan mcp.JSONRPCNotification, capacity)}
	s.Initialize()
	require.NoError(r.t, r.face.Server().RegisterSession(r.t.Context(), s))
	r.t.Cleanup(func() { r.face.Server().UnregisterSession(context.Background(), s.id) })
	return s
}

// send puts a request through mcp-go, in this goroutine.
func (s *session) send(ctx context.Context, method string, params map[string]any) map[string]any {
	if params == nil {
		params = map[string]any{}
	}
	if s.era == modernEra {
		meta, _ := params["_meta"].(map[string]any)
		if meta == nil {
			meta = map[string]any{}
		}
		meta["io.modelcontextprotocol/protocolVersion"] = s.era
		meta["io.modelcontextprotocol/clientCapabilities"] = map[string]any{}
		meta["io.modelcontextprotocol/clientInfo"] = map[string]any{"name": "raw", "version": "1"}
		params["_meta"] = meta
	}
	raw, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": s.calls.Add(1), "method": method, "params": params})
	if err != nil {
		panic(err)
	}
	ctx = context.WithValue(s.r.face.Server().WithContext(ctx, s), principal{}, s.owner)
	out, err := json.Marshal(s.r.face.Server().HandleMessage(ctx, raw))
	if err != nil {
		panic(err)
	}
	var answer map[string]any
	if err := json.Unmarshal(out, &answer); err != nil {
		panic(fmt.Sprintf("%v: %s", err, out))
	}
	return answer
}

func (s *session) result(method string, params map[string]any) map[string]any {
	s.r.t.Helper()
	answer := s.send(s.r.t.Context(), method, params)
	result, ok := answer["result"].(map[string]any)
	require.True(s.r.t, ok, "%s: %v", method, answer)
	return result
}

func call(tool string, arguments map[string]any, token any) map[string]any {
	params := map[string]any{"name": tool, "arguments": arguments}
	if token != nil {
		params["_meta"] = map[string]any{"progressToken": token}
	}
	return params
}

// tool calls a tool that must succeed.
func (s *session) tool(name string, arguments map[string]any, token any) map[string]any {
	s.r.t.Helper()
	result := s.result("tools/call", call(name, arguments, token))
	require.NotEqual(s.r.t, true, result["isError"], "%v", result["content"])
	out, ok := result["structuredContent"].(map[string]any)
	require.True(s.r.t, ok, "%v", result)
	return out
}

func (s *session) create(topic string, token any) (id string) {
	s.r.t.Helper()
	id, _ = s.tool("generate_learning_path_async", map[string]any{"topic": topic}, token)["task_id"].(string)
	require.NotEmpty(s.r.t, id)
	return id
}

// refused gives the words of a request that must fail.
func (s *session) refused(method string, params map[string]any) string {
	s.r.t.Helper()
	answer := s.send(s.r.t.Context(), method, params)
	result, ok := answer["result"].(map[string]any)
	if !ok {
		e, _ := answer["error"].(map[string]any)
		return fmt.Sprint(e["message"])
	}
	require.Equal(s.r.t, true, result["isError"], "%s %v: %v", method, params, result)
	raw, err := json.Marshal(result["content"])
	require.NoError(s.r.t, err)
	return string(raw)
}

// handed empties what was handed to the transport so far.
func (s *session) handed() (all []mcp.JSONRPCNotification) {
	for {
		select {
		case n := <-s.told:
			all = append(all, n)
		default:
			return all
		}
	}
}

var _ server.ClientSession = (*session)(nil)
