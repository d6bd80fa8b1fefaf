// Package logs makes the log: text or JSON, every line with the ids of the request and
// of its principal where it belongs to one, and without the words of callers.
//
// Topics, outlines and names of paths are what people want to learn: they stand in no
// line at info or above unless the operator says so. No message and no attribute holds
// them but through a fault, whose words are for the caller and quote them: of a fault
// only its kind is written. A test looks at every call of a logger in the tree.
package logs

import (
	"context"
	"fmt"
	"io"
	"log/slog"

	"go.opentelemetry.io/otel/trace"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/identity"
)

// Options set a log up.
type Options struct {
	Level  slog.Level
	JSON   bool
	Topics bool // the words of callers may stand in it
}

// New makes a logger that writes to w.
func New(w io.Writer, o Options) *slog.Logger {
	settings := &slog.HandlerOptions{Level: o.Level}
	var h slog.Handler = slog.NewTextHandler(w, settings)
	if o.JSON {
		h = slog.NewJSONHandler(w, settings)
	}
	return slog.New(handler{h, o.Topics})
}

type handler struct {
	slog.Handler
	topics bool
}

// Handle implements slog.Handler.
func (h handler) Handle(ctx context.Context, r slog.Record) error {
	line := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	r.Attrs(func(a slog.Attr) bool {
		line.AddAttrs(h.discreet(a, r.Level))
		return true
	})
	line.AddAttrs(of(ctx)...)
	return h.Handler.Handle(ctx, line)
}

// WithAttrs implements slog.Handler.
func (h handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	kept := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		kept[i] = h.discreet(a, slog.LevelInfo)
	}
	return handler{h.Handler.WithAttrs(kept), h.topics}
}

// WithGroup implements slog.Handler.
func (h handler) WithGroup(name string) slog.Handler {
	return handler{h.Handler.WithGroup(name), h.topics}
}

// discreet leaves the words of a fault out where they do not belong.
func (h handler) discreet(a slog.Attr, level slog.Level) slog.Attr {
	if h.topics || level < slog.LevelInfo {
		return a
	}
	err, ok := a.Value.Any().(error)
	if !ok {
		return a
	}
	known, ok := fault.Of(err)
	if !ok {
		return a
	}
	text := string(known.Kind)
	if known.Field != "" {
		text = known.Field + ": " + text
	}
	return slog.String(a.Key, fmt.Sprintf("%s (--log-topics shows what was said)", text))
}

type requestKey struct{}

// WithRequest gives a context whose lines name a request; id is called when there is
// one.
func WithRequest(ctx context.Context, id func() string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// of is what a context says of a line.
func of(ctx context.Context) (attrs []slog.Attr) {
	if id, ok := ctx.Value(requestKey{}).(func() string); ok {
		attrs = append(attrs, slog.String("request", id()))
		attrs = append(attrs, slog.String("caller", identity.Owner(ctx)))
	}
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		attrs = append(attrs, slog.String("trace", span.TraceID().String()))
	}
	return attrs
}
