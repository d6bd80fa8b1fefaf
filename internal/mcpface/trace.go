package mcpface

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"
	"go.opentelemetry.io/otel/propagation"
)

// traceContext takes the W3C trace context of a request from its _meta, whatever the
// transport: the context of its handlers carries the caller's span
// (trace.SpanContextFromContext) and baggage. What is malformed is ignored, as W3C
// Trace Context has it.
type traceContext struct{}

var w3c = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})

// ExtractMeta is for mcp-go.
func (traceContext) ExtractMeta(ctx context.Context, meta *mcp.Meta) context.Context {
	if meta == nil {
		return ctx
	}
	found := propagation.MapCarrier{}
	for _, key := range w3c.Fields() {
		if v, ok := meta.AdditionalFields[key].(string); ok {
			found[key] = v
		}
	}
	if len(found) == 0 {
		return ctx
	}
	return w3c.Extract(ctx, found)
}

// InjectMeta is for clients, which a Face is not.
func (traceContext) InjectMeta(_ context.Context, meta *mcp.Meta) *mcp.Meta { return meta }
