package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"runtime"
	"time"

	"github.com/trilha/trilha/internal/bench/bare"
	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/generate"
	"github.com/trilha/trilha/internal/learning"
	"github.com/trilha/trilha/internal/mcpface"
	"github.com/trilha/trilha/internal/mcptasks"
	"github.com/trilha/trilha/internal/shelf"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/task/memory"
	"github.com/trilha/trilha/internal/tutor"
	"github.com/trilha/trilha/tools"
)

const owner = "local"

// trilha is the server as package app builds it, with limits that no load here
// reaches. (This package stands below app.)
type trilha struct {
	inProcess
	store task.Store
}

func newTrilha() *trilha {
	log := slog.New(slog.DiscardHandler)
	subjects := catalog.Embedded()
	generator := generate.New(subjects)
	paths := shelf.NewMemory(0, 0)
	works := map[string]task.Work{tutor.PathKind: tutor.Work(generator, paths)}
	store := memory.New(works, task.Limits{Running: runtime.GOMAXPROCS(0), WaitingPerOwner: 1 << 30}, log)
	about := tutor.New(subjects, generator, paths, store)
	ownerOf := func(context.Context) string { return owner }
	tasks := mcptasks.New(mcptasks.Options{Store: store, Owner: ownerOf, Log: log})
	face := mcpface.New("bench", about, tools.New(about, log, 80), tasks, ownerOf, log)
	t := &trilha{store: store}
	t.server = face.Server()
	t.end = func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
		defer cancel()
		_ = store.Shutdown(ctx)
		face.Close()
	}
	return t
}

// newBare is the bare server in process.
func newBare(work bare.Work) *inProcess { return &inProcess{server: bare.New(work)} }

// inline makes the path inside the call: the bare server's way to really do it.
func inline(g *generate.Generator) bare.Work {
	return func(ctx context.Context, arguments json.RawMessage) ([]byte, error) {
		var r learning.Request
		if err := json.Unmarshal(arguments, &r); err != nil {
			return nil, err
		}
		path, err := makePath(ctx, g, r)
		if err != nil {
			return nil, err
		}
		return json.Marshal(path)
	}
}

func makePath(ctx context.Context, g *generate.Generator, r learning.Request) (*learning.Path, error) {
	plan, err := g.Plan(r)
	if err != nil {
		return nil, err
	}
	return g.Run(ctx, plan, func(int, string) {})
}
