package telemetry

import (
	"context"
	"net/http"
	"runtime"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/trilha/trilha/internal/generate"
	"github.com/trilha/trilha/internal/task"
)

// metrics are all that /metrics shows. Their names, labels and help are the table of
// docs/operations.md, which a test holds against them.
type metrics struct {
	registry *prometheus.Registry

	generation  *prometheus.HistogramVec
	waited      prometheus.Histogram
	steps       *prometheus.GaugeVec
	stepSeconds *prometheus.HistogramVec

	mcpRequests *prometheus.CounterVec
	mcpSeconds  *prometheus.HistogramVec

	httpRequests *prometheus.CounterVec
	httpSeconds  *prometheus.HistogramVec
	refusals     *prometheus.CounterVec
	streams      *prometheus.GaugeVec
}

// Buckets in seconds: a path takes milliseconds offline, requests may wait for a minute.
var (
	quick = []float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10, 60}
	long  = []float64{0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 1800}
)

func newMetrics(version string) *metrics {
	r := prometheus.NewRegistry()
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
		r.MustRegister(c)
		return c
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		g := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
		r.MustRegister(g)
		return g
	}
	histogram := func(buckets []float64, name, help string, labels ...string) *prometheus.HistogramVec {
		h := prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: name, Help: help, Buckets: buckets}, labels)
		r.MustRegister(h)
		return h
	}
	m := &metrics{
		registry:     r,
		generation:   histogram(long, "trilha_generation_seconds", "Time that the work of a task took in this process, by how it left.", "outcome"),
		waited:       prometheus.NewHistogram(prometheus.HistogramOpts{Name: "trilha_task_wait_seconds", Help: "Time from when a task was made to when its work began in this process.", Buckets: long}),
		steps:        gauge("trilha_tasks_in_step", "Tasks running in this process, by the step that they are at.", "step"),
		stepSeconds:  histogram(long, "trilha_step_seconds", "Time that a step of the work took.", "step"),
		mcpRequests:  counter("trilha_mcp_requests_total", "Requests of MCP answered, by method, protocol version, transport and outcome (ok, error).", "method", "era", "transport", "outcome"),
		mcpSeconds:   histogram(quick, "trilha_mcp_request_seconds", "Time to answer a request of MCP; one that waits for a task waits here.", "method", "transport"),
		httpRequests: counter("trilha_http_requests_total", "Requests over HTTP answered, by route and status.", "route", "status"),
		httpSeconds:  histogram(quick, "trilha_http_request_seconds", "Time to answer a request over HTTP, without event streams.", "route"),
		refusals:     counter("trilha_refusals_total", "Requests over HTTP that were refused: 401 who is it, 403 may not, 429 too often or too much.", "status"),
		streams:      gauge("trilha_open_streams", "Event streams that are open now, by transport (mcp, sse, rest).", "transport"),
	}
	r.MustRegister(m.waited)
	build := gauge("trilha_build_info", "1, with the version of the program and of Go.", "version", "goversion")
	build.WithLabelValues(version, runtime.Version()).Set(1)
	r.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	// So that what has not happened yet is 0 and no gap.
	for _, step := range generate.Steps() {
		m.steps.WithLabelValues(step)
	}
	for _, status := range []string{"401", "403", "429"} {
		m.refusals.WithLabelValues(status)
	}
	for _, transport := range []string{"mcp", "sse", "rest"} {
		m.streams.WithLabelValues(transport)
	}
	return m
}

// Handler serves the metrics, or nil where there are none.
func (t *Telemetry) Handler() http.Handler {
	if t.metrics == nil {
		return nil
	}
	return promhttp.HandlerFor(t.metrics.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4, Timeout: 10 * time.Second})
}

// Count has the tasks of a store counted whenever the metrics are read, at most every
// countPause.
func (t *Telemetry) Count(s task.Counter) {
	if t.metrics != nil {
		t.metrics.registry.MustRegister(newCounting(s))
	}
}

const (
	countPause = 5 * time.Second // for which a count is good enough
	countTime  = 3 * time.Second // that one may take
)

// counting is a collector of what a store counts.
type counting struct {
	store    task.Counter
	tasks    *prometheus.Desc
	oldest   *prometheus.Desc
	failures prometheus.Counter

	mu    sync.Mutex
	at    time.Time
	known bool
	last  task.Counts
}

func newCounting(s task.Counter) *counting {
	return &counting{
		store:  s,
		tasks:  prometheus.NewDesc("trilha_tasks", "Tasks kept in the store, over all instances, by state.", []string{"state"}, nil),
		oldest: prometheus.NewDesc("trilha_queue_oldest_seconds", "Age of the oldest task that waits for its turn; 0: none waits.", nil, nil),
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "trilha_task_count_failures_total", Help: "Times that the store could not be counted; trilha_tasks is absent then.",
		}),
	}
}

// Describe is for Prometheus.
func (c *counting) Describe(to chan<- *prometheus.Desc) {
	to <- c.tasks
	to <- c.oldest
	c.failures.Describe(to)
}

// Collect is for Prometheus.
func (c *counting) Collect(to chan<- prometheus.Metric) {
	counts, ok := c.count()
	c.failures.Collect(to)
	if !ok {
		return
	}
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for _, s := range task.Statuses() {
		gauge(c.tasks, float64(counts.ByStatus[s]), string(s))
	}
	gauge(c.tasks, float64(counts.Awaiting), "awaiting_answer")
	age := 0.0
	if !counts.Oldest.IsZero() {
		age = max(0, since(counts.Oldest))
	}
	gauge(c.oldest, age)
}

// count gives the tasks as they stood a moment ago, and whether that is known.
func (c *counting) count() (counts task.Counts, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.at) < countPause && !c.at.IsZero() {
		return c.last, c.known
	}
	ctx, cancel := context.WithTimeout(context.Background(), countTime)
	defer cancel()
	last, err := c.store.Count(ctx)
	if err != nil {
		c.failures.Inc()
	}
	c.at, c.last, c.known = time.Now(), last, err == nil
	return c.last, c.known
}
