package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/trilha/trilha/internal/httpface"
	"github.com/trilha/trilha/internal/mcpwire"
)

// fixtures lists what adds the tools, prompts and resources that the suite asks
// for by name. A capability of its own comes as a file with a line here.
var fixtures = []func(*server.MCPServer){
	addContent, addNotifying, addAsking, addRounds, addChanging, addResources, addPrompts,
}

// newFace makes the server under test: the fixtures on Trilha's own transports and
// guards.
func newFace(log *slog.Logger) *httpface.Face {
	s := server.NewMCPServer("trilha-conformance", "1",
		server.WithToolCapabilities(true),
		server.WithResourceCapabilities(true, true),
		server.WithPromptCapabilities(true),
		server.WithCompletions(),
		server.WithLogging(),
		server.WithCacheHints(time.Minute.Milliseconds(), mcp.CacheScopePrivate),
	)
	for _, add := range fixtures {
		add(s)
	}
	return httpface.New(mcpwire.New(s, log))
}

// serve answers on a loopback address until ctx ends. ready is called with the
// endpoint once it listens.
func serve(ctx context.Context, addr string, log *slog.Logger, ready func(url string) error) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return err
	}
	face := newFace(log)
	s := face.Server(context.WithoutCancel(ctx))
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(l) }()
	err = ready("http://" + l.Addr().String() + "/mcp")
	face.CloseStreams()
	face.Close()
	closed := s.Close()
	if ended := <-failed; !errors.Is(ended, http.ErrServerClosed) {
		closed = ended
	}
	return errors.Join(err, closed)
}
