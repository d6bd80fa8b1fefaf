// Package httpface is everything Trilha answers over HTTP, as one handler: MCP as
// Streamable HTTP on /mcp, MCP as HTTP+SSE on /sse and /message for clients up to
// 2025-11-25, /healthz and /readyz. Guards stand before all of them, in this order:
// where from (guard.go: Host, Origin, CORS, size and time), who (auth.go), how often
// and what for (allow.go).
package httpface

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/trilha/trilha/internal/identity"
	"github.com/trilha/trilha/internal/mcpwire"
)

// Bounds of what a client may send and hold.
const (
	maxBody       = 4 << 20
	maxHeader     = 64 << 10
	headerTimeout = 10 * time.Second
	bodyTimeout   = 30 * time.Second // for all of a body
	idleTimeout   = 2 * time.Minute
	maxStreams    = 250 // of one HTTP/2 connection
)

// Options set a Face up. The zero value is for this machine alone, whose callers are
// one.
type Options struct {
	// Authenticate gives what a credential grants: an error is fault.Invalid, or
	// fault.Unavailable when it cannot be found out. Nil: nobody has to.
	Authenticate func(ctx context.Context, credential string) (identity.Grant, error)
	// Issuer is the authorization server whose tokens are taken, if one is.
	Issuer string
	// Anonymous makes everyone the anonymous principal.
	Anonymous bool
	// Limiter counts requests; nil counts none.
	Limiter *identity.Limiter
	// Writes tells whether a method of MCP, or a tool where the method is
	// tools/call, changes anything; nil: nothing does.
	Writes func(method, tool string) bool
	// ReadOnly refuses what changes anything.
	ReadOnly bool

	PublicURL  *url.URL // under which clients know the server; nil: none
	Everywhere bool     // it listens on an address that others reach
	Origins    []string // of web pages that may call, such as https://app.example
	TrustProxy bool     // the last X-Forwarded-For is the caller's address

	// Ready says why requests cannot be served; nil: they can.
	Ready func(ctx context.Context) error
	Log   *slog.Logger // nil drops what goes there
}

// Face is the handler and what must be closed with it.
type Face struct {
	Options
	handler    http.Handler
	mux        *http.ServeMux // behind all guards
	routes     []string
	streamable *mcpwire.Streamable
	sse        *mcpwire.SSE
	draining   atomic.Bool
	times      times
}

type times struct{ header, body, idle time.Duration }

// New mounts the transports of an MCP server.
func New(wire *mcpwire.Wire, o Options) *Face {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Limiter == nil {
		o.Limiter = identity.NewLimiter(0)
	}
	f := &Face{
		Options: o, streamable: wire.Streamable(), sse: wire.SSE("/message"),
		times: times{headerTimeout, bodyTimeout, idleTimeout},
	}
	f.mux = http.NewServeMux()
	f.handle(f.mux, "/mcp", f.streamable.ServeHTTP)
	f.handle(f.mux, "/sse", f.sse.Events)
	f.handle(f.mux, "/message", f.sse.Messages)
	open := http.NewServeMux() // to all, whoever they are
	f.handle(open, "GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"status": "ok"})
	})
	f.handle(open, "GET /readyz", f.readyz)
	if o.Issuer != "" {
		f.handle(open, "GET "+metadataPath, f.metadata)
		f.handle(open, "GET "+metadataPath+"/{resource...}", f.metadata)
	}
	open.Handle("/", f.authenticated(f.allowed(f.mux)))
	f.handler = f.guarded(open)
	return f
}

// Routes lists the patterns that are answered here, but for what is mounted.
func (f *Face) Routes() []string { return f.routes }

func (f *Face) handle(mux *http.ServeMux, pattern string, h http.HandlerFunc) {
	mux.HandleFunc(pattern, h)
	f.routes = append(f.routes, pattern)
}

// Mount gives whatever is on no other route to h. It is called before the first
// request.
func (f *Face) Mount(h http.Handler) { f.mux.Handle("/", h) }

// ServeHTTP answers everything.
func (f *Face) ServeHTTP(w http.ResponseWriter, r *http.Request) { f.handler.ServeHTTP(w, r) }

// Server is an http.Server for the handler, with bounds on what slow or large
// clients cost. base is the context of every request. HTTP/2 is spoken over TLS, and
// without it to who knows beforehand, as the proxies of hosting platforms do.
func (f *Face) Server(base context.Context) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:           f,
		ReadHeaderTimeout: f.times.header,
		IdleTimeout:       f.times.idle,
		MaxHeaderBytes:    maxHeader,
		BaseContext:       func(net.Listener) context.Context { return base },
		ErrorLog:          slog.NewLogLogger(f.Log.Handler(), slog.LevelDebug), // of others' connections
		Protocols:         protocols,
		// OPTIONS * goes past no guard.
		DisableGeneralOptionsHandler: true,
		HTTP2:                        &http.HTTP2Config{MaxConcurrentStreams: maxStreams, SendPingTimeout: time.Minute, PingTimeout: 15 * time.Second},
	}
}

// readyz tells whether it is any use to send requests here.
func (f *Face) readyz(w http.ResponseWriter, r *http.Request) {
	if f.draining.Load() {
		answer(w, http.StatusServiceUnavailable, map[string]string{"status": "stopping"})
		return
	}
	if f.Ready != nil {
		if err := f.Ready(r.Context()); err != nil {
			f.Log.WarnContext(r.Context(), "not ready", "error", err)
			answer(w, http.StatusServiceUnavailable, map[string]string{"status": "the store cannot be reached"})
			return
		}
	}
	answer(w, http.StatusOK, map[string]string{"status": "ready"})
}

// CloseStreams ends open streams, so that the http.Server's Shutdown need not wait.
func (f *Face) CloseStreams() {
	f.draining.Store(true)
	f.sse.Close()
	f.streamable.CloseStreams()
}

// Close ends what is left.
func (f *Face) Close() { f.streamable.Close() }
