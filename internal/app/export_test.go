package app

import (
	"io"
	"log/slog"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/trilha/trilha/internal/config"
	"github.com/trilha/trilha/internal/task"
)

// NewAround builds an App as New does, with the work that makes paths wrapped by
// the test: so it can hold a task back.
func NewAround(c config.Config, logs io.Writer, wrap func(task.Work) task.Work) *App {
	options := &slog.HandlerOptions{Level: slog.LevelError + 1} // what these tests break is not worth a line
	a, err := assemble(c, Stdio, slog.New(slog.NewTextHandler(logs, options)), wrap, newWatched(Stdio, nil))
	if err != nil {
		panic(err) // the tests keep tasks in memory
	}
	return a
}

// Routes lists what a is asked over HTTP, and Handled which methods of MCP a layer
// above mcp-go answers.
func (a *App) Routes() []string { f := a.httpFace(); defer f.Close(); return f.Routes() }

// Handled lists methods.
func (a *App) Handled() []string { return a.wire.Handled() }

// NewShared is NewAround for any mode and store.
func NewShared(c config.Config, mode Mode, logs io.Writer, wrap func(task.Work) task.Work) (*App, error) {
	options := &slog.HandlerOptions{Level: slog.LevelError + 1}
	return assemble(c, mode, slog.New(slog.NewTextHandler(logs, options)), wrap, newWatched(Stdio, nil))
}

// Direct tells whether tool calls go to their handlers directly.
func (a *App) Direct() bool { return a.wire.Direct() }

// NewTraced is New for any mode, with spans that go to provider, which ends with the
// App.
func NewTraced(c config.Config, mode Mode, logs io.Writer, provider *sdktrace.TracerProvider) (*App, error) {
	return assemble(c, mode, slog.New(slog.NewTextHandler(logs, nil)), func(w task.Work) task.Work { return w }, newWatched(mode, provider))
}
