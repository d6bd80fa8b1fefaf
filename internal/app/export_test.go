package app

import (
	"io"
	"log/slog"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/config"
	"github.com/trilha/trilha/internal/generate"
	"github.com/trilha/trilha/internal/mcpface"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/task/memory"
	"github.com/trilha/trilha/internal/tutor"
	"github.com/trilha/trilha/tools"
)

// NewAround builds an App as New does, with the work that makes paths wrapped by
// the test: so it can hold a task back.
func NewAround(c config.Config, logs io.Writer, wrap func(task.Work) task.Work) *App {
	options := &slog.HandlerOptions{Level: slog.LevelError + 1} // what these tests break is not worth a line
	a := &App{Catalog: catalog.Embedded(), grace: c.Grace, log: slog.New(slog.NewTextHandler(logs, options))}
	generator := generate.New(a.Catalog)
	shelf := tutor.NewShelf(tutor.ShelfTime, tutor.ShelfBytes)
	works := map[string]task.Work{tutor.PathKind: wrap(tutor.Work(generator, shelf))}
	a.store = memory.New(works, c.Limits(), a.log)
	a.Tutor = tutor.New(a.Catalog, generator, shelf, a.store)
	a.Tools = tools.New(a.Tutor, a.log, stdioWaits)
	a.face = mcpface.New(Version, a.Tutor, a.Tools, localOwner, a.log)
	return a
}
