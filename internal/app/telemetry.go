package app

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/trilha/trilha/internal/config"
	"github.com/trilha/trilha/internal/logs"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/telemetry"
)

// watched is how an App is looked at, and what ends with it.
type watched struct {
	*telemetry.Telemetry
	provider *sdktrace.TracerProvider // nil: no traces

	mu      sync.Mutex
	metrics *http.Server // on a listener of its own; nil: there is none
	served  sync.WaitGroup
}

// watch builds what c and the environment ask for. On stdio nobody could read metrics.
func watch(c config.Config, mode Mode, log *slog.Logger) (*watched, error) {
	to, err := c.Traces()
	if err != nil {
		return nil, err
	}
	if to.URL == "" {
		return newWatched(mode, nil), nil
	}
	provider, err := telemetry.Provider(telemetry.Collector(to), Version, uuid.NewString(), log)
	if err != nil {
		return nil, err
	}
	return newWatched(mode, provider), nil
}

func newWatched(mode Mode, provider *sdktrace.TracerProvider) *watched {
	o := telemetry.Options{Version: Version, Metrics: mode != Stdio}
	if provider != nil {
		o.Traces = provider
	}
	return &watched{Telemetry: telemetry.New(o), provider: provider}
}

// count has the tasks of the store counted for whoever reads metrics.
func (w *watched) count(s task.Store) {
	if c, ok := s.(task.Counter); ok {
		w.Count(c)
	}
}

// spansTime is how long spans may take to be sent at the end.
const spansTime = 2 * time.Second

func (w *watched) close() error {
	w.mu.Lock()
	metrics := w.metrics
	w.mu.Unlock()
	if metrics != nil {
		_ = metrics.Close()
		w.served.Wait()
	}
	if w.provider == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), spansTime)
	defer cancel()
	_ = w.provider.Shutdown(ctx) // the log has said what went wrong
	return nil
}

// ServeMetrics answers /metrics, and nothing else, on a listener of its own until the
// App is closed. The App is of another mode than Stdio.
func (a *App) ServeMetrics(l net.Listener) {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", a.watched.Handler())
	s := &http.Server{
		Handler: mux, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second, WriteTimeout: 30 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10, ErrorLog: slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
	a.watched.mu.Lock()
	a.watched.metrics = s
	a.watched.mu.Unlock()
	a.watched.served.Go(func() { _ = s.Serve(l) })
}

// withMetrics answers /metrics before next is asked, where only this machine's user may
// call: whoever else may, metrics are not for callers.
func (a *App) withMetrics(next http.Handler) http.Handler {
	metrics := a.watched.Handler()
	if o := a.front.options; metrics == nil || o.Authenticate != nil || o.Anonymous {
		return next
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", metrics)
	mux.Handle("/", next)
	return mux
}

func logOptions(c config.Config, level slog.Level) logs.Options {
	return logs.Options{Level: level, JSON: c.LogFormat == "json", Topics: c.LogTopics}
}
