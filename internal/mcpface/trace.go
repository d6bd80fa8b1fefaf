package mcpface

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"
	"go.opentelemetry.io/otel/baggage"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// traceContext takes the W3C trace context of a request from its _meta, whatever the
// transport: the context of its handlers carries the caller's span
// (trace.SpanContextFromContext) and baggage. What is malformed is ignored, as W3C
// Trace Context has it.
type traceContext struct{}

// ExtractMeta is for mcp-go.
func (traceContext) ExtractMeta(ctx context.Context, meta *mcp.Meta) context.Context {
	if meta == nil {
		return ctx
	}
	if span := trace.SpanContextFromContext(ctx); span.IsValid() && !span.IsRemote() {
		return ctx // whoever observes requests has begun a span, which has it as its parent
	}
	text := func(key string) string {
		s, _ := meta.AdditionalFields[key].(string)
		return s
	}
	if parent := text("traceparent"); parent != "" {
		ctx = propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{"traceparent": parent, "tracestate": text("tracestate")})
	}
	// The library's own propagator would write a malformed one to standard error.
	if b, err := baggage.Parse(text("baggage")); err == nil && b.Len() > 0 {
		ctx = baggage.ContextWithBaggage(ctx, b)
	}
	return ctx
}

// InjectMeta is for clients, which a Face is not.
func (traceContext) InjectMeta(_ context.Context, meta *mcp.Meta) *mcp.Meta { return meta }
