// Package rest is the HTTP interface that clients of the original server know:
// seven endpoints with their parameters, their JSON types and their words for
// errors, and two additions (cancelling a task, following one as an event stream).
// Routes and the OpenAPI document come from Go types through huma; what is asked
// is checked in params.go against that very document, since its errors have a
// shape of their own. Whose request it is, which hosts and origins may ask, and
// how often, is looked at before: here it is only an owner.
package rest

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/trilha/trilha/internal/tutor"
)

// Options set a Face up.
type Options struct {
	Version string
	Owner   func(context.Context) string // whose request it is
	Log     *slog.Logger
	Wait    time.Duration // of GET /generate_mcp for a path; 0: 50 s
}

// Face is the handler.
type Face struct {
	tutor   *tutor.Tutor
	owner   func(context.Context) string
	log     *slog.Logger
	wait    time.Duration
	held    held
	closing context.Context // ends what waits, and event streams
	close   context.CancelFunc
	handler http.Handler
}

// jsonType is what every answer but event streams and pages has: without a
// charset some clients read accents as Latin-1.
const jsonType = "application/json; charset=utf-8"

// defaultWait is below the minute after which many clients and proxies hang up.
const defaultWait = 50 * time.Second

// New makes the handler over a tutor.
func New(t *tutor.Tutor, o Options) (*Face, error) {
	f := &Face{tutor: t, owner: o.Owner, log: o.Log, wait: cmp.Or(o.Wait, defaultWait)}
	f.closing, f.close = context.WithCancel(context.Background())
	mux := http.NewServeMux()
	api := humago.New(mux, configuration(o.Version))
	f.register(api)
	document, err := write(api.OpenAPI())
	if err != nil {
		return nil, err
	}
	page, err := pageOf(document)
	if err != nil {
		return nil, err
	}
	mux.Handle("GET /openapi.json", fixed(document, jsonType, ""))
	mux.Handle("GET /docs", fixed(page, "text/html; charset=utf-8", pagePolicy))
	f.handler = f.recovering(answering(mux))
	return f, nil
}

// ServeHTTP answers everything; what is not there, with 404.
func (f *Face) ServeHTTP(w http.ResponseWriter, r *http.Request) { f.handler.ServeHTTP(w, r) }

// CloseStreams ends event streams and what waits for a path, so that a server can
// stop. It may be called more than once.
func (f *Face) CloseStreams() { f.close() }

func fixed(body []byte, kind, policy string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if policy != "" {
			w.Header().Set("Content-Security-Policy", policy)
		}
		_, _ = w.Write(body)
	})
}

// recovering answers a panic as an internal error, and logs it.
func (f *Face) recovering(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			switch p := recover(); p {
			case nil:
			case http.ErrAbortHandler: // breaks a half-written answer off, on purpose
				panic(p)
			default:
				f.log.ErrorContext(r.Context(), "request panicked", "path", r.URL.Path, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
				internal().write(w)
			}
		}()
		next.ServeHTTP(w, r)
	})
}

// unwrap gives what is below a huma.Context.
func unwrap(ctx huma.Context) (*http.Request, http.ResponseWriter) { return humago.Unwrap(ctx) }
