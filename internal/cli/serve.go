package cli

import (
	"fmt"
	"net"

	"github.com/trilha/trilha/internal/app"
	"github.com/trilha/trilha/internal/config"
)

type stdioCommand struct{}

func (stdioCommand) Run(e *env) error {
	a, err := e.build(app.Stdio)
	if err != nil {
		return err
	}
	return a.ServeStdio(e.ctx, e.streams.In, e.streams.Out)
}

type serveCommand struct {
	config.HTTP
}

func (c *serveCommand) Run(e *env) error {
	if err := c.HTTP.Check(); err != nil {
		return usageError{err}
	}
	a, err := e.build(app.HTTP)
	if err != nil {
		return err
	}
	var lc net.ListenConfig
	l, err := lc.Listen(e.ctx, "tcp", c.Addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w (is another server running there? --addr picks another port)", c.Addr, err)
	}
	fmt.Fprintf(e.streams.Err, "trilha %s: http://%s/mcp (Streamable HTTP), http://%s/sse (HTTP+SSE); store %s\n", app.Version, l.Addr(), l.Addr(), e.config.Store)
	return a.ServeHTTP(e.ctx, l)
}
