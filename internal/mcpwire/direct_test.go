package mcpwire_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"reflect"
	"regexp"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/mark3labs/mcp-go/tracing"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/mcpwire"
)

// ways are one server twice: in one a tool call goes to its handler, in the other
// through HandleMessage.
type ways struct {
	straight, around *world
	seen             map[*world]*[]string // what hooks and handlers saw
}

func newWays(t *testing.T) *ways {
	w := &ways{straight: newWorld(t), around: newWorld(t), seen: map[*world]*[]string{}}
	for _, one := range []*world{w.straight, w.around} {
		w.seen[one] = watchful(one)
	}
	return w
}

// watchful adds tools of every sort of outcome to a world, and hooks of every sort, and
// gives what they are told.
func watchful(w *world) *[]string {
	var mu sync.Mutex
	var all []string
	note := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, fmt.Sprintf(format, args...))
	}
	about := func(ctx context.Context) string {
		info := server.RequestProtocolInfoFromContext(ctx)
		session, _ := server.ClientSessionFromContext(ctx).(server.SessionWithClientInfo)
		raw, _ := json.Marshal(info)
		client, _ := json.Marshal(map[string]any{"client": session.GetClientInfo(), "can": session.GetClientCapabilities(), "ready": session.Initialized()})
		return fmt.Sprintf("%s %s %v %v", raw, client, server.ServerFromContext(ctx) == w.server, ctx.Value(baggageKey{}))
	}
	said := func(v any) string { raw, _ := json.Marshal(v); return string(raw) }
	hooks := &server.Hooks{}
	hooks.AddOnRequestInitialization(func(_ context.Context, id, message any) error {
		note("init %T %v %s", id, id, said(message))
		if raw, ok := message.(json.RawMessage); ok && bytes.Contains(raw, []byte("forbidden")) {
			return errors.New("a hook refuses")
		}
		return nil
	})
	hooks.AddBeforeAny(func(ctx context.Context, id any, m mcp.MCPMethod, message any) {
		note("before any %v %s %s %s", id, m, said(message), about(ctx))
	})
	hooks.AddBeforeCallTool(func(ctx context.Context, id any, r *mcp.CallToolRequest) {
		note("before %v %s %v", id, said(r), r.Header)
		switch r.GetString("rename", "") {
		case "echo":
			r.Params.Name = "echo"
		case "none":
			r.Params.Name = "no such tool"
		case "panic":
			panic("a hook panics")
		}
	})
	hooks.AddOnSuccess(func(_ context.Context, id any, m mcp.MCPMethod, message, result any) {
		note("success %v %s %s %s", id, m, said(message), said(result))
	})
	hooks.AddAfterCallTool(func(_ context.Context, id any, r *mcp.CallToolRequest, result any) {
		note("after %v %s %s", id, said(r), said(result))
	})
	hooks.AddOnError(func(_ context.Context, id any, m mcp.MCPMethod, message any, err error) {
		note("error %v %s %s %v %v", id, m, said(message), err, errors.Is(err, server.ErrToolNotFound))
	})
	server.WithHooks(hooks)(w.server)
	server.WithMetaPropagator(baggage{})(w.server)
	add := func(name string, result *mcp.CallToolResult, err error) {
		w.server.AddTool(mcp.NewTool(name), func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			note("%s: %s raw %s meta %s %s", name, said(r.Params), r.Params.RawArguments, said(r.Params.Meta), about(ctx))
			if result == nil {
				return nil, err
			}
			fresh := *result // mcp-go writes into it
			if result.Meta != nil {
				fresh.Meta = &mcp.Meta{AdditionalFields: map[string]any{}}
				for k, v := range result.Meta.AdditionalFields {
					fresh.Meta.AdditionalFields[k] = v
				}
			}
			return &fresh, err
		})
	}
	named := mcp.NewToolResultText("named")
	named.Meta = &mcp.Meta{AdditionalFields: map[string]any{mcp.MetaKeyServerInfo: map[string]any{"name": "another", "version": "9"}, "x": 1}}
	structured := mcp.NewToolResultStructured(map[string]any{"b": "<&>", "a": []int{1}}, "text <&>\u2028")
	raw := mcp.NewToolResultText("raw")
	raw.RawStructuredContent = json.RawMessage("{\n \"a\" : \"<\" }")
	asking := &mcp.CallToolResult{MultiRoundTripResult: mcp.MultiRoundTripResult{RequestState: "s"}}
	asking.ResultType = mcp.ResultTypeInputRequired
	add("named", named, nil)
	add("structured", structured, nil)
	add("raw", raw, nil)
	add("failed", mcp.NewToolResultError("it failed"), nil)
	add("empty", &mcp.CallToolResult{}, nil)
	add("nothing", nil, nil)
	add("wrong", nil, errors.New("it went wrong"))
	add("both", mcp.NewToolResultText("ignored"), errors.New("it went wrong"))
	add("asking", asking, nil)
	add("elicit", nil, fmt.Errorf("outer: %w", mcp.URLElicitationRequiredError{Elicitations: []mcp.ElicitationParams{{Mode: "url", Message: "go", URL: "https://example.com", ElicitationID: "e"}}}))
	add("unwritable", &mcp.CallToolResult{StructuredContent: func() {}}, nil)
	return &all
}

// exchange gives what a connection answers to requests, each after the one before.
func (w *ways) exchange(t *testing.T, one *world, era string, params []string) (out, seen []string) {
	t.Helper()
	wire := mcpwire.New(one.server, slog.New(slog.DiscardHandler), mcpwire.WithMetaPropagator(baggage{}))
	require.True(t, wire.Direct())
	if one == w.around {
		mcpwire.Around(wire)
	}
	p := connect(t, wire.ServeStdio, era)
	p.open()
	for _, params := range params {
		for _, id := range []string{"12345678901234567890", `"a"`} {
			p.write(`{"jsonrpc":"2.0","id":` + id + `,"method":"tools/call","params":` + params + `}`)
			answer, before := p.until(id)
			for _, m := range append(before, answer) {
				out = append(out, m.line)
			}
		}
	}
	assert.Empty(t, p.end())
	return out, *w.seen[one]
}

func metaOf(era string) string {
	if era == modernEra {
		return `,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}`
	}
	return ""
}

// cases are parameters of tools/call. %s is the era's _meta.
var cases = []string{
	`{"name":"echo","arguments":{"text":"<&> \u2028 é"}%s}`, `{"arguments":{"text":"x"},"name":"echo"%s}`, `{"name":"echo"%s}`,
	`{"name":"echo","arguments":null%s}`, `{"name":"echo","arguments":[1]%s}`, `{"name":"echo","arguments":"x"%s}`, `{"name":"echo","arguments":{"n":9007199254740993}%s}`,
	`{"NAME":"echo","Arguments":{"text":"case"}%s}`, `{"name":"echo","name":"structured"%s}`, `{"name":"echo","other":{"a":1}%s}`,
	`{"name":"structured"%s}`, `{"name":"raw"%s}`, `{"name":"failed"%s}`, `{"name":"named"%s}`, `{"name":"empty"%s}`, `{"name":"nothing"%s}`, `{"name":"wrong"%s}`,
	`{"name":"both"%s}`, `{"name":"elicit"%s}`, `{"name":"unwritable"%s}`, `{"name":"panic"%s}`, `{"name":"refuse"%s}`, `{"name":"no such tool"%s}`, `{"name":""%s}`, `{"name":5%s}`, `{"name":null%s}`,
	`{"name":"echo","task":{}%s}`, `{"name":"echo","task":{"ttl":5}%s}`, `{"name":"echo","task":5%s}`, `{"name":"echo","requestState":"s","inputResponses":{}%s}`, `{"name":"echo","inputResponses":5%s}`,
	`{"name":"structured","arguments":{"rename":"echo","text":"renamed"}%s}`, `{"name":"echo","arguments":{"rename":"none"}%s}`, `{"name":"echo","arguments":{"rename":"panic"}%s}`,
	`{"name":"echo","arguments":{"text":"forbidden"}%s}`,
	`{"name":"echo","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}`, `{"name":"echo","_meta":{"io.modelcontextprotocol/protocolVersion":"2999-01-01","io.modelcontextprotocol/clientCapabilities":{}}}`,
	`{"name":"echo","_meta":{"io.modelcontextprotocol/protocolVersion":"2025-06-18"}}`, `{"name":"echo","_meta":{"io.modelcontextprotocol/protocolVersion":5}}`,
	`{"name":"echo","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":5}}`, `{"name":"echo","_meta":5}`, `{"name":"echo","_meta":null}`,
	`{"name":"structured","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"sampling":{}},"io.modelcontextprotocol/clientInfo":{"name":"c","version":"2"},"io.modelcontextprotocol/logLevel":"debug","progressToken":7,"other":"x"}}`,
	`{"name":"steps","_meta":{"progressToken":"t"}}`, `null`, `{}`,
}

// A tool call that goes straight to its handler is answered byte by byte as one that goes
// through HandleMessage, and hooks and handlers see the same.
func TestTheStraightWayIsTheSame(t *testing.T) {
	for _, era := range []string{legacyEra, modernEra} {
		w := newWays(t)
		var params []string
		for _, c := range cases {
			params = append(params, strings.ReplaceAll(c, "%s", metaOf(era)))
		}
		straight, saw := w.exchange(t, w.straight, era, params)
		around, sawAround := w.exchange(t, w.around, era, params)
		assert.GreaterOrEqual(t, len(straight), 2*len(params))
		assert.Equal(t, around, straight, era)
		assert.Equal(t, sawAround, saw, era)
	}
}

// An ordinary call goes the straight way, in 2026-07-28 from the second on: the first
// tells what mcp-go calls itself.
func TestOrdinaryCallsGoStraight(t *testing.T) {
	for _, era := range []string{legacyEra, modernEra} {
		w := newWorld(t)
		w.server.AddTool(mcp.NewTool("way"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText(fmt.Sprint("around: ", bytes.Contains(debug.Stack(), []byte("HandleMessage")))), nil
		})
		p := connect(t, w.ours(), era)
		p.open()
		p.request("tools/call", tool("way", nil))
		assert.Contains(t, p.request("tools/call", tool("way", nil)).line, "around: false", era)
	}
}

// A tool that asks for more input is asked again by mcp-go, with the client's answers,
// and in 2026-07-28 its question is the answer.
func TestTheStraightWayEndsWhereAToolAsks(t *testing.T) {
	for _, era := range []string{legacyEra, modernEra} {
		w := newWays(t)
		params := []string{`{"name":"asking"` + metaOf(era) + `}`}
		straight, saw := w.exchange(t, w.straight, era, params)
		around, sawAround := w.exchange(t, w.around, era, params)
		assert.Len(t, straight, 2)
		assert.Equal(t, around, straight)
		runs := func(seen []string) int { return strings.Count(strings.Join(seen, "\n"), "asking: ") }
		assert.Equal(t, 2, runs(saw), era)
		assert.Equal(t, 2, runs(sawAround), era)
	}
}

// Whatever the parameters, both ways are one.
func FuzzTheStraightWay(f *testing.F) {
	for _, c := range cases {
		for _, era := range []string{legacyEra, modernEra} {
			f.Add(strings.ReplaceAll(c, "%s", metaOf(era)))
		}
	}
	slow := regexp.MustCompile(`(?i)hold|ask|stop|late|burst|steps|long`) // tools that wait, or speak in between
	f.Fuzz(func(t *testing.T, params string) {
		if slow.MatchString(params) || strings.Contains(params, `\u`) || !json.Valid([]byte(params)) {
			return
		}
		w := newWays(t)
		line := []string{strings.NewReplacer("\n", " ", "\r", " ").Replace(params)}
		straight, saw := w.exchange(t, w.straight, modernEra, line)
		around, sawAround := w.exchange(t, w.around, modernEra, line)
		assert.Equal(t, around, straight)
		assert.Equal(t, sawAround, saw)
	})
}

type notedTracer struct{ tracing.Tracer }

// baggage is a propagator.
type baggage struct{}

type baggageKey struct{}

func (baggage) ExtractMeta(ctx context.Context, meta *mcp.Meta) context.Context {
	if meta == nil {
		return ctx
	}
	return context.WithValue(ctx, baggageKey{}, meta.AdditionalFields["other"])
}

func (baggage) InjectMeta(_ context.Context, meta *mcp.Meta) *mcp.Meta { return meta }

// Where more stands before a handler than hooks, calls go through HandleMessage.
func TestWhatStandsBeforeAHandlerIsNotPassedBy(t *testing.T) {
	ran := false
	middleware := func(next server.ToolHandlerFunc) server.ToolHandlerFunc {
		return func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			ran = true
			return next(ctx, r)
		}
	}
	for name, option := range map[string]server.ServerOption{
		"middleware":        server.WithToolHandlerMiddleware(middleware),
		"recovery":          server.WithRecovery(),
		"filter":            server.WithToolFilter(func(_ context.Context, all []mcp.Tool) []mcp.Tool { return nil }),
		"input validation":  server.WithInputSchemaValidation(),
		"output validation": server.WithOutputSchemaValidation(),
		"propagator":        server.WithMetaPropagator(baggage{}),
		"tracer":            server.WithTracer(notedTracer{tracing.NoopTracer()}),
		"request logger":    server.WithLogger(slog.New(slog.DiscardHandler)),
		"nothing":           server.WithLogging(),
	} {
		s := server.NewMCPServer("s", "1", server.WithToolCapabilities(false), option)
		assert.Equal(t, name == "nothing", mcpwire.New(s, slog.New(slog.DiscardHandler)).Direct(), name)
	}
	w := newWorld(t)
	w.server.Use(middleware)
	p := connect(t, w.ours(), legacyEra)
	p.open()
	require.Nil(t, p.request("tools/call", tool("echo", nil)).Error)
	assert.True(t, ran)
}

// A new field of MCPServer may be something that stands before a handler: look at it,
// and add it to `between` in direct.go if it is.
func TestTheFieldsOfMCPServerAreKnown(t *testing.T) {
	var fields []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[server.MCPServer]()) {
		if f.Type.String() != "sync.RWMutex" && f.Type.String() != "sync.Map" {
			fields = append(fields, f.Name)
		}
	}
	slices.Sort(fields)
	assert.Equal(t, strings.Fields(`activeTasks allowServerInitiatedRequests cacheHints capabilities expiredTasks hooks
		implementation inputValidator instructions maxConcurrentTasks metaPropagator name notificationHandlers
		outputValidator paginationLimit promptCompletionProvider promptFilters promptHandlerMiddlewares promptHandlers
		prompts propagator requestLogger resourceCompletionProvider resourceHandlerMiddlewares resourceTemplates resources
		strictInputSchemaDefault taskHooks taskTools tasks toolFilters toolHandlerMiddlewares tools tracer version`), fields)
}
