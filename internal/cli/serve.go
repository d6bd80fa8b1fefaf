package cli

import (
	"errors"
	"fmt"
	"net"
	"os/signal"
	"syscall"

	"github.com/trilha/trilha/internal/app"
	"github.com/trilha/trilha/internal/config"
)

type stdioCommand struct{}

func (stdioCommand) Run(e *env) error {
	// By default a client that is gone would end the process in the middle of a
	// write; so it is an error like any other, and the server ends in order.
	signal.Ignore(syscall.SIGPIPE)
	a, err := e.build(app.Stdio)
	if err != nil {
		return err
	}
	return a.ServeStdio(e.ctx, e.streams.In, e.streams.Out)
}

type serveCommand struct {
	config.HTTP
	config.Metrics
	Workers *int `help:"Tasks this process runs at once; 0: none, trilha worker runs them (default: --running)." placeholder:"N" env:"TRILHA_WORKERS"`
}

func (c *serveCommand) Run(e *env) error {
	if err := c.HTTP.Check(); err != nil {
		return usageError{err}
	}
	mode, err := c.mode(e)
	if err != nil {
		return usageError{err}
	}
	a, err := e.build(mode)
	if err != nil {
		return err
	}
	if err := a.Front(c.HTTP); err != nil {
		return usageError{errors.Join(err, a.Close())}
	}
	if err := e.metrics(a, c.Metrics); err != nil {
		return err
	}
	var lc net.ListenConfig
	l, err := lc.Listen(e.ctx, "tcp", c.Listen())
	if err != nil {
		return errors.Join(fmt.Errorf("listen on %s: %w (is another server running there? --addr picks another port)", c.Listen(), err), a.Close())
	}
	at := a.URL(l)
	fmt.Fprintf(e.streams.Err, "trilha %s: %s/mcp (Streamable HTTP), %s/sse (HTTP+SSE); store %s; %s\n", app.Version, at, at, e.place(), c.callers())
	return a.ServeHTTP(e.ctx, l)
}

// callers says who may call.
func (c *serveCommand) callers() string {
	switch {
	case c.Insecure:
		return "everyone may call, as anonymous"
	case c.APIKeys != "" && c.OAuthIssuer != "":
		return "callers need an API key or a token of " + c.OAuthIssuer
	case c.APIKeys != "":
		return "callers need an API key"
	case c.OAuthIssuer != "":
		return "callers need a token of " + c.OAuthIssuer
	default:
		return "this machine may call"
	}
}

// mode says who works, and sets how many tasks at once.
func (c *serveCommand) mode(e *env) (app.Mode, error) {
	place, err := e.config.Place()
	switch {
	case c.Workers == nil:
		return app.HTTP, nil
	case *c.Workers < 0:
		return app.HTTP, fmt.Errorf("--workers %d: give at least 1, or 0 to leave the work to trilha worker", *c.Workers)
	case *c.Workers > 0:
		e.config.Running = *c.Workers
		return app.HTTP, nil
	case err == nil && place.InMemory():
		return app.HTTP, errors.New("--workers 0 needs a store that a worker shares: nobody would carry out tasks in memory")
	default:
		return app.HTTPOnly, nil
	}
}

// metrics serves a's metrics where they are wanted on an address of their own.
func (e *env) metrics(a *app.App, c config.Metrics) error {
	if err := c.CheckAddress(); err != nil {
		return usageError{errors.Join(err, a.Close())}
	}
	if c.MetricsAddr == "" {
		return nil
	}
	var lc net.ListenConfig
	l, err := lc.Listen(e.ctx, "tcp", c.MetricsAddr)
	if err != nil {
		return errors.Join(fmt.Errorf("listen on %s: %w (--metrics-addr picks another port)", c.MetricsAddr, err), a.Close())
	}
	a.ServeMetrics(l)
	fmt.Fprintf(e.streams.Err, "trilha %s: metrics on http://%s/metrics\n", app.Version, l.Addr())
	return nil
}
