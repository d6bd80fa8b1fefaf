package telemetry

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/trilha/trilha/internal/task"
)

// Store gives tasks that are made through it the trace of who makes them. Without
// traces it is s.
func (t *Telemetry) Store(s task.Store) task.Store {
	if !t.traces {
		return s
	}
	if _, ok := s.(task.Durable); ok {
		return tracedDurable{traced{s, t}}
	}
	return traced{s, t}
}

type traced struct {
	task.Store
	t *Telemetry
}

type tracedDurable struct{ traced }

// Durable implements task.Durable.
func (tracedDurable) Durable() {}

// Submit implements task.Store.
func (s traced) Submit(ctx context.Context, spec task.Spec) (task.Submission, error) {
	ctx, span := s.t.tracer.Start(ctx, "submit task")
	defer span.End()
	if span.SpanContext().IsValid() {
		from := propagation.MapCarrier{}
		w3c.Inject(ctx, from)
		spec.Trace = from
	}
	sub, err := s.Store.Submit(ctx, spec)
	if err != nil {
		span.SetStatus(codes.Error, "")
		return sub, err
	}
	span.SetAttributes(attribute.String("trilha.task.id", sub.Task.ID), attribute.Bool("trilha.task.repeated", sub.Repeated))
	return sub, nil
}

// How a work left, as trilha_generation_seconds has it.
const (
	completed = "completed"
	failed    = "failed"
	asked     = "asked"   // its owner something: it runs again with the answer
	stopped   = "stopped" // cancelled, or handed back
)

// Work looks at every run of a work.
func (t *Telemetry) Work(log *slog.Logger, work task.Work) task.Work {
	return func(ctx context.Context, run task.Run) (out json.RawMessage, err error) {
		of, begun := run.Task(), time.Now()
		ctx, span := t.resume(ctx, of, begun)
		log := log.With("task", of.ID, "owner", of.Owner)
		log.DebugContext(ctx, "task runs", "waited", begun.Sub(of.CreatedAt).Round(time.Millisecond))
		left := failed // by a panic
		defer func() {
			if t.metrics != nil {
				observe(t.metrics.generation, begun, left)
			}
			span.SetAttributes(attribute.String("trilha.task.outcome", left))
			if left == failed {
				span.SetStatus(codes.Error, "")
			}
			span.End()
			log.InfoContext(ctx, "task ran", "outcome", left, "seconds", since(begun))
		}()
		out, err = work(ctx, run)
		left = leaves(ctx, err)
		return out, err
	}
}

func leaves(ctx context.Context, err error) string {
	switch {
	case err == nil:
		return completed
	case task.Asks(err):
		return asked
	case ctx.Err() != nil:
		return stopped
	default:
		return failed
	}
}

// resume goes on with the trace that the task was made in, wherever that was. A first
// run has waited, which is a span of its own.
func (t *Telemetry) resume(ctx context.Context, of task.Task, begun time.Time) (context.Context, trace.Span) {
	first := of.Progress == 0 && of.Question == nil
	if t.metrics != nil && first {
		t.metrics.waited.Observe(max(0, begun.Sub(of.CreatedAt).Seconds()))
	}
	if !t.traces {
		return ctx, trace.SpanFromContext(ctx)
	}
	ctx = w3c.Extract(ctx, propagation.MapCarrier(of.Trace))
	id := trace.WithAttributes(attribute.String("trilha.task.id", of.ID))
	if first {
		_, waited := t.tracer.Start(ctx, "task waits", id, trace.WithTimestamp(of.CreatedAt))
		waited.End(trace.WithTimestamp(begun))
	}
	return t.tracer.Start(ctx, "task runs", id, trace.WithSpanKind(trace.SpanKindConsumer), trace.WithTimestamp(begun))
}

// Step is told of the steps of a work.
func (t *Telemetry) Step(ctx context.Context, name string) (context.Context, func(error)) {
	begun := time.Now()
	if t.metrics != nil {
		t.metrics.steps.WithLabelValues(name).Inc()
	}
	ctx, span := t.tracer.Start(ctx, "step "+name)
	return ctx, func(err error) {
		if t.metrics != nil {
			t.metrics.steps.WithLabelValues(name).Dec()
			observe(t.metrics.stepSeconds, begun, name)
		}
		if err != nil {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}
