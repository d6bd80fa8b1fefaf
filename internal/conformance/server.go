package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/trilha/trilha/internal/httpface"
	"github.com/trilha/trilha/internal/mcpwire"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/task/memory"
	"github.com/trilha/trilha/internal/task/river"
)

// fixtures lists what adds the tools, prompts and resources that the suite asks
// for by name. A capability of its own comes as a file with a line here.
var fixtures = []func(*server.MCPServer){
	addContent, addNotifying, addAsking, addRounds, addChanging, addResources, addPrompts,
}

// newFace makes the server under test: the fixtures on Trilha's own transports and
// guards, with their tasks in a store. end ends what tells of tasks.
func newFace(store task.Store, log *slog.Logger) (face *httpface.Face, end func()) {
	hooks := &server.Hooks{}
	info := mcp.Implementation{Name: "trilha-conformance", Version: "1"}
	s := server.NewMCPServer(info.Name, info.Version,
		server.WithToolCapabilities(true),
		server.WithResourceCapabilities(true, true),
		server.WithPromptCapabilities(true),
		server.WithCompletions(),
		server.WithLogging(),
		server.WithCacheHints(time.Minute.Milliseconds(), mcp.CacheScopePrivate),
		server.WithHooks(hooks),
	)
	for _, add := range fixtures {
		add(s)
	}
	tasks := addTasks(s, store, log)
	tasks.Hook(hooks)
	wire := mcpwire.New(s, log, mcpwire.WithServerInfo(info))
	tasks.Attach(wire)
	return httpface.New(wire, httpface.Options{}), tasks.Close
}

// openStore opens a store for the fixtures: in memory, or in a SQLite file of its own.
// end ends it and removes the file.
func openStore(ctx context.Context, sqlite bool, log *slog.Logger) (store task.Store, end func() error, err error) {
	remove := func() error { return nil }
	if sqlite {
		dir, err := os.MkdirTemp("", "conformance")
		if err != nil {
			return nil, nil, err
		}
		remove = func() error { return os.RemoveAll(dir) }
		at := river.Address{File: filepath.Join(dir, "tasks.db")}
		if store, err = river.Open(ctx, at, river.Options{Works: works(), Limits: limits(), Log: log}); err != nil {
			return nil, nil, errors.Join(err, remove())
		}
	} else {
		store = memory.New(works(), limits(), log)
	}
	return store, func() error {
		now, cancel := context.WithCancel(context.WithoutCancel(ctx))
		cancel()
		return errors.Join(store.Shutdown(now), remove())
	}, nil
}

// serve answers on a loopback address until ctx ends. ready is called with the
// endpoint once it listens.
func serve(ctx context.Context, addr string, sqlite bool, log *slog.Logger, ready func(url string) error) error {
	store, endStore, err := openStore(ctx, sqlite, log)
	if err != nil {
		return err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", addr)
	if err != nil {
		return errors.Join(err, endStore())
	}
	face, endTasks := newFace(store, log)
	s := face.Server(context.WithoutCancel(ctx))
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(l) }()
	err = ready("http://" + l.Addr().String() + "/mcp")
	face.CloseStreams()
	face.Close()
	endTasks()
	closed := errors.Join(s.Close(), endStore())
	if ended := <-failed; !errors.Is(ended, http.ErrServerClosed) {
		closed = ended
	}
	return errors.Join(err, closed)
}
