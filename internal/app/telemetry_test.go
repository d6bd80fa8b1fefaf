package app_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/trilha/trilha/internal/app"
	"github.com/trilha/trilha/internal/config"
	"github.com/trilha/trilha/internal/telemetry"
)

// What a client sends, after the example of W3C Trace Context.
const (
	clientTrace  = "0af7651916cd43dd8448eb211c80319c"
	clientSpan   = "b7ad6b7169203331"
	clientParent = "00-" + clientTrace + "-" + clientSpan + "-01"
)

// spans holds those of one App, by name.
type spans struct{ *tracetest.InMemoryExporter }

func (s spans) named(t *testing.T, name string) tracetest.SpanStub {
	t.Helper()
	all := s.GetSpans()
	i := slices.IndexFunc(all, func(s tracetest.SpanStub) bool { return s.Name == name })
	require.GreaterOrEqual(t, i, 0, "%s is not among %v", name, s.names())
	return all[i]
}

func (s spans) names() (names []string) {
	for _, s := range s.GetSpans() {
		names = append(names, s.Name)
	}
	return names
}

func tracedApp(t *testing.T, c config.Config, mode app.Mode) (*app.App, spans) {
	t.Helper()
	e := tracetest.NewInMemoryExporter()
	a, err := app.NewTraced(c, mode, t.Output(), sdktrace.NewTracerProvider(sdktrace.WithSyncer(keeping{e})))
	require.NoError(t, err)
	return a, spans{e}
}

// keeping keeps spans after Shutdown.
type keeping struct{ *tracetest.InMemoryExporter }

func (keeping) Shutdown(context.Context) error { return nil }

// One trace goes from the client over the request and the making of the task to each
// step of the work: in one process, and where another instance does the work.
func TestOneTraceFromTheRequestToTheSteps(t *testing.T) {
	t.Parallel()
	shared := settings()
	shared.Store = "sqlite:" + filepath.Join(t.TempDir(), "tasks.db")
	for name, instances := range map[string]func(t *testing.T) (asked *app.App, askedSpans, workSpans spans){
		"memory": func(t *testing.T) (*app.App, spans, spans) {
			t.Helper()
			a, s := tracedApp(t, settings(), app.HTTP)
			return a, s, s
		},
		"two instances on SQLite": func(t *testing.T) (*app.App, spans, spans) {
			t.Helper()
			front, seen := tracedApp(t, shared, app.HTTPOnly)
			worker, worked := tracedApp(t, shared, app.HTTP)
			t.Cleanup(func() { assert.NoError(t, worker.Close()) })
			return front, seen, worked
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a, asked, worked := instances(t)
			p, _ := httpPeer(t, serveHTTP(t, a), modernEra)
			p.open()
			params := toolCall("generate_learning_path_async", map[string]any{"topic": "python"})
			params["_meta"] = map[string]any{"traceparent": clientParent, "tracestate": "vendor=value"}
			id, _ := structured(t, p.request("tools/call", params))["task_id"].(string)
			require.NotEmpty(t, id)
			done := p.tool("get_task_status", map[string]any{"task_id": id, "wait_seconds": 30})
			require.Equal(t, "completed", done["status"])

			call := asked.named(t, "tools/call")
			submit, waits, runs := asked.named(t, "submit task"), worked.named(t, "task waits"), worked.named(t, "task runs")
			assert.Equal(t, clientSpan, call.Parent.SpanID().String())
			assert.Equal(t, call.SpanContext.SpanID(), submit.Parent.SpanID())
			assert.Equal(t, submit.SpanContext.SpanID(), waits.Parent.SpanID())
			assert.Equal(t, submit.SpanContext.SpanID(), runs.Parent.SpanID())
			of := []tracetest.SpanStub{call, submit, waits, runs}
			for _, step := range []string{"outline", "texts", "resources", "quizzes", "finish"} {
				s := worked.named(t, "step "+step)
				assert.Equal(t, runs.SpanContext.SpanID(), s.Parent.SpanID(), step)
				of = append(of, s)
			}
			for _, s := range of {
				assert.Equal(t, clientTrace, s.SpanContext.TraceID().String(), s.Name)
				assert.NotContains(t, jsonText(t, s.Attributes), "python", s.Name)
			}
			assert.Equal(t, "vendor=value", runs.SpanContext.TraceState().String())
		})
	}
}

// REST's comes in headers; what is no trace context begins a trace of its own.
func TestTracesOverREST(t *testing.T) {
	t.Parallel()
	a, seen := tracedApp(t, settings(), app.HTTP)
	base, client := serveHTTP(t, a), httpClient(t)
	ask := func(parent string) {
		r := mustRequest(t.Context(), t, http.MethodGet, base+"/generate_mcp?topic=python", nil)
		r.Header.Set("traceparent", parent)
		resp := send(t, client, r)
		defer resp.Body.Close()
		_, err := io.Copy(io.Discard, resp.Body)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, resp.StatusCode)
	}
	ask(clientParent)
	request, runs := seen.named(t, "GET /generate_mcp"), seen.named(t, "task runs")
	assert.Equal(t, clientSpan, request.Parent.SpanID().String())
	assert.Equal(t, clientTrace, runs.SpanContext.TraceID().String())
	assert.Equal(t, seen.named(t, "submit task").SpanContext.SpanID(), runs.Parent.SpanID())
	assert.Equal(t, trace.SpanKindServer, request.SpanKind)

	seen.Reset()
	ask("00-nonsense")
	alone := seen.named(t, "GET /generate_mcp")
	assert.False(t, alone.Parent.IsValid())
	assert.True(t, alone.SpanContext.IsValid())
}

// Spans really go out as OTLP over HTTP.
func TestSpansReachACollector(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	names, headers := map[string]bool{}, http.Header{}
	collector := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		raw, err := io.ReadAll(r.Body)
		var data tracepb.TracesData
		if !assert.NoError(t, err) || !assert.NoError(t, proto.Unmarshal(raw, &data)) {
			return
		}
		mu.Lock()
		defer mu.Unlock()
		maps.Copy(headers, r.Header)
		for _, rs := range data.ResourceSpans {
			for _, ss := range rs.ScopeSpans {
				for _, s := range ss.Spans {
					names[s.Name] = true
				}
			}
		}
	}))
	t.Cleanup(collector.Close)
	env := map[string]string{"OTEL_EXPORTER_OTLP_ENDPOINT": collector.URL, "OTEL_EXPORTER_OTLP_HEADERS": "x-key=a%20b"}
	to, err := config.TracesFromEnv(func(name string) string { return env[name] })
	require.NoError(t, err)
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	provider, err := telemetry.Provider(telemetry.Collector(to), "1", "one", log)
	require.NoError(t, err)
	a, err := app.NewTraced(settings(), app.HTTP, t.Output(), provider)
	require.NoError(t, err)
	p := stdioPeer(t, a, "2025-06-18")
	p.open()
	p.request("tools/list", nil)
	require.NoError(t, a.Close()) // sends what is left
	mu.Lock()
	defer mu.Unlock()
	assert.True(t, names["tools/list"], "%v", names)
	assert.Equal(t, "a b", headers.Get("X-Key"))
	assert.Equal(t, "application/x-protobuf", headers.Get("Content-Type"))
}

// A task stays quiet about what is learned, at every level that is on by default or
// above, whatever goes wrong; at debug nothing is written while nobody asks.
func TestTheLogHoldsNoTopics(t *testing.T) {
	t.Parallel()
	const secret = "pneumonoultramicroscopic"
	for _, format := range []string{"text", "json"} {
		var out safeBuffer
		c := settings()
		c.LogLevel, c.LogFormat = "info", format
		a, err := app.New(c, app.HTTP, &out)
		require.NoError(t, err)
		base, client := serveHTTP(t, a), httpClient(t)
		get := func(method, path string) {
			resp := send(t, client, mustRequest(t.Context(), t, method, base+path, nil))
			resp.Body.Close()
		}
		get(http.MethodPost, "/generate_mcp_async?topic="+secret)
		get(http.MethodGet, "/generate_mcp?topic="+secret)
		get(http.MethodGet, "/generate_mcp?topic=python&category="+secret)
		get(http.MethodGet, "/status/"+secret)
		get(http.MethodGet, "/"+secret)
		get(http.MethodGet, "/generate_mcp?topic=python")
		p, _ := httpPeer(t, base, modernEra)
		p.open()
		p.fails("tools/call", toolCall("generate_learning_path_async", map[string]any{"topic": secret}))
		p.tool("generate_learning_path_async", map[string]any{"topic": secret, "outline": []any{map[string]any{"title": secret + " one"}, map[string]any{"title": secret + " two"}}})
		assert.Contains(t, out.String(), "task ran")
		assert.Contains(t, out.String(), "owner")
		assert.NotContains(t, out.String(), secret)
		if format == "json" {
			for line := range strings.Lines(out.String()) {
				assert.True(t, json.Valid([]byte(line)), line)
			}
		}
	}
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestNothingIsLoggedWhileIdle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out safeBuffer
		c := settings()
		c.LogLevel = "debug"
		a, err := app.New(c, app.HTTP, &out)
		require.NoError(t, err)
		in, hold := io.Pipe()
		done := make(chan error, 1)
		go func() { done <- a.ServeStdio(t.Context(), in, io.Discard) }()
		time.Sleep(48 * time.Hour)
		require.NoError(t, hold.Close())
		require.NoError(t, <-done)
		assert.Empty(t, out.String())
	})
}

// /metrics shows what happened, by names that are all in the handbook, and the handbook
// has no others.
func TestMetricsAreThoseOfTheHandbook(t *testing.T) {
	t.Parallel()
	c := settings()
	c.Store = "sqlite:" + filepath.Join(t.TempDir(), "tasks.db")
	a, err := app.New(c, app.HTTP, t.Output())
	require.NoError(t, err)
	base, client := serveHTTP(t, a), httpClient(t)
	p, _ := httpPeer(t, base, modernEra)
	p.open()
	id := p.create("python", nil)
	p.tool("get_task_status", map[string]any{"task_id": id, "wait_seconds": 30})
	p.fails("made/up", nil)
	get := func(path string, headers ...string) (int, string) {
		r := mustRequest(t.Context(), t, http.MethodGet, base+path, nil)
		if len(headers) > 0 {
			r.Host = headers[0]
		}
		resp := send(t, client, r)
		defer resp.Body.Close()
		raw, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, string(raw)
	}
	get("/status/" + id)
	get("/made/up")
	status, _ := get("/metrics", "evil.example")
	assert.Equal(t, http.StatusForbidden, status, "the guard stands before it")
	stream := send(t, client, mustRequest(t.Context(), t, http.MethodGet, base+"/sse", nil))
	defer stream.Body.Close()
	status, text := get("/metrics")
	require.Equal(t, http.StatusOK, status)
	for _, line := range []string{
		`trilha_tasks{state="completed"} 1`, `trilha_tasks{state="awaiting_answer"} 0`, `trilha_queue_oldest_seconds 0`,
		`trilha_generation_seconds_count{outcome="completed"} 1`, `trilha_tasks_in_step{step="quizzes"} 0`, `trilha_step_seconds_count{step="outline"} 1`,
		`trilha_mcp_requests_total{era="2026-07-28",method="other",outcome="error",transport="http"} 1`,
		`trilha_mcp_requests_total{era="2026-07-28",method="tools/call",outcome="ok",transport="http"} 2`,
		`trilha_http_requests_total{route="/status/{task_id}",status="200"} 1`, `trilha_http_requests_total{route="other",status="404"} 1`,
		`trilha_refusals_total{status="403"} 1`, `trilha_open_streams{transport="sse"} 1`, `trilha_build_info{`, "go_goroutines", "process_resident_memory_bytes",
	} {
		assert.Contains(t, text, line)
	}
	assert.NotContains(t, text, "made/up")

	handbook, err := os.ReadFile("../../docs/operations.md")
	require.NoError(t, err)
	served, told := map[string]bool{}, map[string]bool{}
	for _, found := range regexp.MustCompile(`(?m)^# TYPE (trilha_\w+) `).FindAllStringSubmatch(text, -1) {
		served[found[1]] = true
	}
	for _, found := range regexp.MustCompile("(?m)^\\| `(trilha_\\w+)` ").FindAllStringSubmatch(string(handbook), -1) {
		told[found[1]] = true
	}
	assert.Equal(t, served, told)
}

// Every alert is of metrics that are served, and has its part of the runbook.
func TestAlertsHaveARunbook(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../docs/alerts.yml")
	require.NoError(t, err)
	var file struct {
		Groups []struct {
			Name  string
			Rules []struct {
				Alert, Expr, For    string
				Labels, Annotations map[string]string
			}
		}
	}
	require.NoError(t, yaml.UnmarshalWithOptions(raw, &file, yaml.Strict()))
	require.Len(t, file.Groups, 1)
	handbook, err := os.ReadFile("../../docs/operations.md")
	require.NoError(t, err)
	told := map[string]bool{}
	for _, r := range file.Groups[0].Rules {
		told[r.Alert] = true
		_, err := time.ParseDuration(r.For)
		require.NoError(t, err, r.Alert)
		assert.Contains(t, []string{"page", "ticket"}, r.Labels["severity"], r.Alert)
		assert.NotEmpty(t, r.Annotations["summary"], r.Alert)
		assert.Equal(t, "docs/operations.md#"+strings.ToLower(r.Alert), r.Annotations["runbook"])
		for _, metric := range regexp.MustCompile(`trilha_\w+`).FindAllString(r.Expr, -1) {
			name := regexp.MustCompile(`_(bucket|count|sum)$`).ReplaceAllString(metric, "")
			assert.Contains(t, string(handbook), "\n| `"+name+"` ", r.Alert)
		}
	}
	explained := map[string]bool{}
	for _, found := range regexp.MustCompile(`(?m)^### (\w+)$`).FindAllStringSubmatch(string(handbook), -1) {
		explained[found[1]] = true
	}
	assert.Equal(t, told, explained)
	assert.GreaterOrEqual(t, len(told), 8)
}

// A listener of its own has metrics and nothing else.
func TestMetricsOnAnAddressOfTheirOwn(t *testing.T) {
	t.Parallel()
	a := newApp(t, app.HTTP)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	a.ServeMetrics(l)
	client := httpClient(t)
	for path, want := range map[string]int{"/metrics": http.StatusOK, "/mcp": http.StatusNotFound, "/tasks": http.StatusNotFound} {
		resp := send(t, client, mustRequest(t.Context(), t, http.MethodGet, "http://"+l.Addr().String()+path, nil))
		resp.Body.Close()
		assert.Equal(t, want, resp.StatusCode, path)
	}
	require.NoError(t, a.Close())
	_, err = client.Do(mustRequest(t.Context(), t, http.MethodGet, "http://"+l.Addr().String()+"/metrics", nil))
	assert.Error(t, err)
}
