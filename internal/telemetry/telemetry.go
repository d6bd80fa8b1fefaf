// Package telemetry is what can be seen of a server from outside: Prometheus metrics
// (metrics.go) and OpenTelemetry traces (traces.go, sent by otlp.go). It looks at
// requests of MCP (mcp.go) and of HTTP (http.go), at tasks as they are made and run
// (work.go) and at the steps of the work, through the seams that those have for it; none
// of them knows of this package. There is no global registry and no global provider.
//
// What it must not do: name topics, owners or ids in metrics, whose labels are all of
// small closed sets, or topics in traces.
package telemetry

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Telemetry sees what happens. The parts that were not asked for cost next to nothing.
type Telemetry struct {
	metrics *metrics // nil: nobody can read them
	tracer  trace.Tracer
	traces  bool
	request requests
}

// Options say what is wanted.
type Options struct {
	Version string
	Metrics bool                 // there is somewhere to read them
	Traces  trace.TracerProvider // nil: none
}

// New makes a Telemetry.
func New(o Options) *Telemetry {
	t := &Telemetry{tracer: noop.Tracer{}, request: newRequests()}
	if o.Metrics {
		t.metrics = newMetrics(o.Version)
	}
	if o.Traces != nil {
		t.tracer, t.traces = o.Traces.Tracer("github.com/trilha/trilha", trace.WithInstrumentationVersion(o.Version)), true
	}
	return t
}

// Traces tells whether spans go anywhere.
func (t *Telemetry) Traces() bool { return t.traces }

// w3c reads and writes trace contexts. Baggage is not carried: it is the client's, and
// nothing here needs it.
var w3c = propagation.TraceContext{}

// since is how long ago, in seconds.
func since(begun time.Time) float64 { return time.Since(begun).Seconds() }

func observe(of *prometheus.HistogramVec, begun time.Time, labels ...string) {
	of.WithLabelValues(labels...).Observe(since(begun))
}
