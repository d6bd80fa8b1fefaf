package telemetry

import (
	"cmp"
	"context"
	"crypto/rand"
	"strconv"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/trilha/trilha/internal/logs"
	"github.com/trilha/trilha/internal/mcpwire"
)

// methods are those of MCP, in all its versions. Whatever else is asked for is other:
// what a client makes up is no label.
var methods = map[string]bool{
	"initialize": true, "ping": true, "server/discover": true,
	"tools/list": true, "tools/call": true,
	"resources/list": true, "resources/templates/list": true, "resources/read": true, "resources/subscribe": true, "resources/unsubscribe": true,
	"prompts/list": true, "prompts/get": true, "completion/complete": true, "logging/setLevel": true, "subscriptions/listen": true,
	"tasks/get": true, "tasks/list": true, "tasks/result": true, "tasks/cancel": true, "tasks/update": true,
}

const other = "other"

// requests makes ids for requests, unlike those of other instances.
type requests struct {
	instance string
	made     *atomic.Uint64
}

func newRequests() requests { return requests{rand.Text()[:6], new(atomic.Uint64)} }

// next gives a context in which the log names the request.
func (r requests) next(ctx context.Context) context.Context {
	n := r.made.Add(1)
	return logs.WithRequest(ctx, func() string { return r.instance + "-" + strconv.FormatUint(n, 10) })
}

// MCP is told of the requests of a Wire.
func (t *Telemetry) MCP(ctx context.Context, s mcpwire.Seen) (context.Context, func(mcpwire.Answered)) {
	method := s.Method
	if !methods[method] {
		method = other
	}
	ctx = t.request.next(ctx)
	begun := time.Now()
	if t.traces {
		ctx = t.begin(ctx, method, s)
	}
	return ctx, func(a mcpwire.Answered) {
		if t.metrics != nil {
			t.metrics.mcpRequests.WithLabelValues(method, cmp.Or(a.Version, other), s.Transport, outcomeOf(a)).Inc()
			observe(t.metrics.mcpSeconds, begun, method, s.Transport)
		}
		if t.traces {
			end(trace.SpanFromContext(ctx), a)
		}
	}
}

func outcomeOf(a mcpwire.Answered) string {
	if a.Code != 0 {
		return "error"
	}
	return "ok"
}

// begin starts the span of a request. Its parent is what the request's _meta names, or
// else the HTTP request that brought it.
func (t *Telemetry) begin(ctx context.Context, method string, s mcpwire.Seen) context.Context {
	ctx = w3c.Extract(ctx, propagation.MapCarrier(s.Meta.Texts(w3c.Fields()...)))
	ctx, _ = t.tracer.Start(ctx, method, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
		attribute.String("mcp.method.name", method), attribute.String("trilha.transport", s.Transport),
	))
	return ctx
}

func end(span trace.Span, a mcpwire.Answered) {
	span.SetAttributes(attribute.String("mcp.protocol.version", cmp.Or(a.Version, other)))
	if a.Code != 0 {
		span.SetAttributes(attribute.Int("rpc.response.status_code", a.Code))
		span.SetStatus(codes.Error, "")
	}
	span.End()
}
