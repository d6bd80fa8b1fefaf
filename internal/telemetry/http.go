package telemetry

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// routes are what is answered over HTTP, each with the transport whose event streams it
// may become; everything else is other.
var routes = map[string]string{
	"/mcp": "mcp", "/sse": "sse", "/message": "",
	"/healthz": "", "/readyz": "", "/metrics": "", "/.well-known/oauth-protected-resource": "",
	"/health": "", "/generate_mcp_async": "", "/generate_mcp": "", "/tasks": "", "/tasks/{task_id}": "",
	"/status/{task_id}": "", "/status/{task_id}/events": "rest",
	"/cache_stats": "", "/clear_cache": "", "/openapi.json": "", "/docs": "",
}

// routeOf names the route of a path.
func routeOf(path string) string {
	if _, known := routes[path]; known {
		return path
	}
	for prefix, whole := range map[string]string{"/tasks/": "/tasks/{task_id}", "/status/": "/status/{task_id}", "/.well-known/oauth-protected-resource/": "/.well-known/oauth-protected-resource"} {
		id, ok := strings.CutPrefix(path, prefix)
		switch {
		case !ok || id == "":
		case !strings.Contains(id, "/"):
			return whole
		case prefix == "/status/" && strings.Count(id, "/") == 1 && strings.HasSuffix(id, "/events"):
			return whole + "/events"
		}
	}
	return other
}

// HTTP looks at every request before anything else does.
func (t *Telemetry) HTTP(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		route, begun := routeOf(r.URL.Path), time.Now()
		ctx := t.request.next(r.Context())
		var span trace.Span
		if t.traces {
			ctx = w3c.Extract(ctx, propagation.HeaderCarrier(r.Header))
			if route != "/mcp" && route != "/sse" && route != "/message" { // there each message has a span
				ctx, span = t.tracer.Start(ctx, methodOf(r)+" "+route, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(
					attribute.String("http.request.method", methodOf(r)), attribute.String("http.route", route),
				))
			}
		}
		seen := &response{ResponseWriter: w, t: t, transport: routes[route]}
		defer func() { t.answered(seen, route, begun, span) }()
		next.ServeHTTP(seen, r.WithContext(ctx))
	})
}

// methodOf is one of HTTP's.
func methodOf(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return r.Method
	}
	return "_OTHER"
}

func (t *Telemetry) answered(seen *response, route string, begun time.Time, span trace.Span) {
	status := seen.status
	if status == 0 { // nothing was written: net/http says 200
		status = http.StatusOK
	}
	if m := t.metrics; m != nil {
		text := strconv.Itoa(status)
		m.httpRequests.WithLabelValues(route, text).Inc()
		if seen.stream {
			m.streams.WithLabelValues(seen.transport).Dec()
		} else {
			observe(m.httpSeconds, begun, route)
		}
		switch status {
		case http.StatusUnauthorized, http.StatusForbidden, http.StatusTooManyRequests:
			m.refusals.WithLabelValues(text).Inc()
		}
	}
	if span != nil {
		span.SetAttributes(attribute.Int("http.response.status_code", status))
		if status >= http.StatusInternalServerError {
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// response notes what is answered. http.ResponseController finds what is below.
type response struct {
	http.ResponseWriter
	t         *Telemetry
	transport string
	status    int
	stream    bool // it has become an event stream
}

// Unwrap is for http.ResponseController.
func (r *response) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *response) WriteHeader(status int) {
	if r.status == 0 && status >= http.StatusOK { // not one of those that another follows
		r.status = status
		r.note()
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *response) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
		r.note()
	}
	return r.ResponseWriter.Write(b)
}

func (r *response) note() {
	if r.t.metrics != nil && r.transport != "" && r.Header().Get("Content-Type") == "text/event-stream" {
		r.stream = true
		r.t.metrics.streams.WithLabelValues(r.transport).Inc()
	}
}
