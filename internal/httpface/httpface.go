// Package httpface is everything Trilha answers over HTTP, as one handler: MCP as
// Streamable HTTP on /mcp, MCP as HTTP+SSE on /sse and /message for clients up to
// 2025-11-25, and /healthz. Guards stand before all of them.
package httpface

import (
	"context"
	"net/http"
	"time"

	"github.com/trilha/trilha/internal/mcpwire"
)

// Bounds of what a client may send and hold.
const (
	maxBody       = 4 << 20
	maxHeader     = 64 << 10
	headerTimeout = 10 * time.Second
	idleTimeout   = 2 * time.Minute
)

// Face is the handler and what must be closed with it.
type Face struct {
	handler    http.Handler
	mux        *http.ServeMux
	streamable *mcpwire.Streamable
	sse        *mcpwire.SSE
}

// New mounts the transports of an MCP server.
func New(wire *mcpwire.Wire) *Face {
	f := &Face{streamable: wire.Streamable(), sse: wire.SSE("/message")}
	mux := http.NewServeMux()
	mux.Handle("/mcp", f.streamable)
	mux.HandleFunc("/sse", f.sse.Events)
	mux.HandleFunc("/message", f.sse.Messages)
	f.mux = mux
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = w.Write([]byte(`{"status":"ok"}` + "\n"))
	})
	f.handler = guard(mux)
	return f
}

// Mount gives whatever is on no other route to h. It is called before the first
// request.
func (f *Face) Mount(h http.Handler) { f.mux.Handle("/", h) }

// ServeHTTP answers everything.
func (f *Face) ServeHTTP(w http.ResponseWriter, r *http.Request) { f.handler.ServeHTTP(w, r) }

// Server is an http.Server for the handler, with bounds on what slow or large
// clients cost. base is the context of every request.
func (f *Face) Server(base context.Context) *http.Server {
	return &http.Server{
		Handler:           f,
		ReadHeaderTimeout: headerTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeader,
		BaseContext:       baseContext(base),
	}
}

// CloseStreams ends open streams, so that the http.Server's Shutdown need not wait.
func (f *Face) CloseStreams() {
	f.sse.Close()
	f.streamable.CloseStreams()
}

// Close ends what is left.
func (f *Face) Close() { f.streamable.Close() }
