// Package app builds everything from a Config and runs it. It is the only package
// that knows all others; tests start the same thing in-process.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/server"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/config"
	"github.com/trilha/trilha/internal/generate"
	"github.com/trilha/trilha/internal/httpface"
	"github.com/trilha/trilha/internal/identity"
	"github.com/trilha/trilha/internal/logs"
	"github.com/trilha/trilha/internal/mcpface"
	"github.com/trilha/trilha/internal/mcptasks"
	"github.com/trilha/trilha/internal/mcpwire"
	"github.com/trilha/trilha/internal/rest"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/tutor"
	"github.com/trilha/trilha/tools"
)

// LocalOwner is the principal of everyone on stdio and on an unauthenticated
// loopback listener.
const LocalOwner = identity.Local

// waits is how many calls may wait inside get_task_status at a time, over all
// connections; each has a bound of its own besides.
const waits = 10_000

// App is a built server. Close ends it.
type App struct {
	Catalog *catalog.Catalog
	Tutor   *tutor.Tutor
	Tools   *tools.Tools

	face  *mcpface.Face
	wire  *mcpwire.Wire
	store task.Store
	shelf io.Closer
	grace time.Duration
	log   *slog.Logger

	front    front
	readOnly bool
	changing map[string]bool // tools that change something

	watched *watched
}

// Mode says for which transport an App is built.
type Mode int

// The modes.
const (
	Stdio Mode = iota
	HTTP
	HTTPOnly // leaves the work to other processes
)

// New builds an App. out is where the log goes, never standard output.
func New(c config.Config, mode Mode, out io.Writer) (*App, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	log, err := logger(c, out)
	if err != nil {
		return nil, err
	}
	w, err := watch(c, mode, log)
	if err != nil {
		return nil, err
	}
	return assemble(c, mode, log, func(w task.Work) task.Work { return w }, w)
}

func logger(c config.Config, out io.Writer) (*slog.Logger, error) {
	level, err := c.Level()
	if err != nil {
		return nil, err
	}
	return logs.New(out, logOptions(c, level)), nil
}

// assemble wires the parts. wrap lets a test hold the work back.
func assemble(c config.Config, mode Mode, log *slog.Logger, wrap func(task.Work) task.Work, w *watched) (*App, error) {
	a := &App{Catalog: catalog.Embedded(), grace: c.Grace, log: log, watched: w, readOnly: c.ReadOnly, changing: map[string]bool{}}
	generator := generate.New(a.Catalog)
	generator.Watch(w.Step)
	place, err := c.Place()
	if err != nil {
		return nil, err
	}
	var shelf tutor.Shelf
	if shelf, a.shelf, err = openShelf(place, a.log); err != nil {
		return nil, err
	}
	works := map[string]task.Work{tutor.PathKind: w.Work(a.log, wrap(tutor.Work(generator, shelf)))}
	if a.store, err = openStore(c, place, mode, works, w.Traces(), a.log); err != nil {
		return nil, errors.Join(err, a.shelf.Close())
	}
	w.count(a.store)
	a.Tutor = tutor.New(a.Catalog, generator, shelf, w.Store(a.store))
	a.Tutor.LimitAddresses(max(1, c.Limits().OrDefaults().WaitingPerOwner/10))
	a.Tools = tools.New(a.Tutor, a.log, waits)
	if err := a.Tools.Offer(tools.Choice{ReadOnly: c.ReadOnly, Only: c.Tools, Except: c.ExcludeTools}); err != nil {
		return nil, errors.Join(err, a.Close())
	}
	for _, d := range a.Tools.All() {
		a.changing[d.Tool.Name] = !d.ReadOnly()
	}
	tasks := mcptasks.New(mcptasks.Options{Store: a.store, Owner: identity.Owner, Shared: shared, Log: a.log})
	a.face = mcpface.New(Version, a.Tutor, a.Tools, tasks, identity.Owner, a.log)
	a.face.Permit(a.permitTool)
	a.wire = mcpwire.New(a.face.Server(), a.log, mcpwire.WithPrincipal(caller), mcpwire.WithGate(a.gate),
		mcpwire.WithServerInfo(a.face.ServerInfo()), mcpwire.WithMetaPropagator(a.face.MetaPropagator()), mcpwire.WithObserver(w.MCP))
	tasks.Attach(a.wire)
	return a, nil
}

// MCP is the MCP server itself, for what measures it.
func (a *App) MCP() *server.MCPServer { return a.face.Server() }

// InProcess makes a transport for a client in this process.
func (a *App) InProcess() transport.Interface { return a.wire.InProcess() }

// Close gives running tasks their grace and ends everything.
func (a *App) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), a.grace)
	defer cancel()
	err := a.store.Shutdown(ctx)
	if a.face != nil {
		a.face.Close()
	}
	return errors.Join(err, a.shelf.Close(), a.watched.close())
}

// ServeStdio speaks MCP on a pair of streams until the input ends or ctx does. The
// App is closed when it returns.
func (a *App) ServeStdio(ctx context.Context, in io.Reader, out io.Writer) error {
	err := a.wire.ServeStdio(ctx, in, out)
	return errors.Join(err, a.Close())
}

// Work carries out tasks that others make until ctx ends. The App is closed when it
// returns.
func (a *App) Work(ctx context.Context) error {
	<-ctx.Done()
	return a.Close()
}

// ServeHTTP answers on a listener until ctx ends, then stops accepting, ends open
// streams, finishes requests and closes the App.
func (a *App) ServeHTTP(ctx context.Context, l net.Listener) error {
	face := a.httpFace()
	others, err := rest.New(a.Tutor, rest.Options{Version: Version, Owner: identity.Owner, Log: a.log})
	if err != nil {
		return errors.Join(err, a.Close())
	}
	face.Mount(a.withMetrics(others))
	defer others.CloseStreams()
	watching, endWatching := context.WithCancel(ctx)
	var watch sync.WaitGroup
	if a.front.ring != nil {
		watch.Go(func() { a.front.ring.Watch(watching) })
	}
	defer watch.Wait()
	defer endWatching()
	requests, endRequests := context.WithCancel(context.Background())
	defer endRequests()
	s := face.Server(requests)
	s.Handler = a.watched.HTTP(s.Handler)
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(a.front.secure(l)) }()
	select {
	case err = <-failed:
	case <-ctx.Done():
		others.CloseStreams()
		err = a.drain(s, face, endRequests)
		if stopped := <-failed; err == nil {
			err = stopped
		}
	}
	if errors.Is(err, http.ErrServerClosed) {
		err = nil
	}
	face.Close()
	return errors.Join(err, a.Close())
}

// drain lets requests finish for the grace, then ends them.
func (a *App) drain(s *http.Server, face *httpface.Face, endRequests func()) error {
	ctx, cancel := context.WithTimeout(context.Background(), a.grace+time.Second)
	defer cancel()
	stopped := make(chan error, 1)
	go func() { stopped <- s.Shutdown(ctx) }()
	face.CloseStreams()
	select {
	case err := <-stopped:
		return err
	case <-time.After(a.grace):
		endRequests() // calls that wait, and streams that are still open
	}
	err := <-stopped
	if errors.Is(err, context.DeadlineExceeded) { // by whoever sends a body so slowly, or takes nothing
		a.log.Warn("connections were still in use at the end, and are cut off")
		return s.Close()
	}
	if err != nil {
		return fmt.Errorf("stop listening: %w", errors.Join(err, s.Close()))
	}
	return nil
}
