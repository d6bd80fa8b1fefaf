package httpface_test

import (
	"bufio"
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mark3labs/mcp-go/server"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/httpface"
	"github.com/trilha/trilha/internal/mcpwire"
)

func TestLargeHeadersAreRefused(t *testing.T) {
	t.Parallel()
	p := listen(t)
	resp, _ := p.ask(http.MethodGet, "/healthz", "", "X-Long", strings.Repeat("x", 60<<10))
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	resp, _ = p.ask(http.MethodGet, "/healthz", "", "X-Long", strings.Repeat("x", 80<<10))
	assert.Equal(t, http.StatusRequestHeaderFieldsTooLarge, resp.StatusCode)
}

// pipes is a listener of connections in memory, whose time is the bubble's.
type pipes struct {
	conns chan net.Conn
	over  chan struct{}
}

func (p pipes) Accept() (net.Conn, error) {
	select {
	case c := <-p.conns:
		return c, nil
	case <-p.over:
		return nil, net.ErrClosed
	}
}

func (p pipes) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

func (p pipes) Close() error {
	close(p.over)
	return nil
}

// Who sends headers slowly, or nothing more, is let go in time.
func TestSlowConnectionsAreClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		face := httpface.New(mcpwire.New(server.NewMCPServer("small", "1"), slog.New(slog.DiscardHandler)), httpface.Options{})
		l := pipes{make(chan net.Conn), make(chan struct{})}
		s := face.Server(context.Background())
		served := make(chan error, 1)
		go func() { served <- s.Serve(l) }()
		dial := func() net.Conn {
			client, conn := net.Pipe()
			l.conns <- conn
			return client
		}

		slow, begun := dial(), time.Now()
		_, err := io.WriteString(slow, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n")
		require.NoError(t, err)
		_, _ = io.Copy(io.Discard, slow) // until it is closed
		assert.Equal(t, 10*time.Second, time.Since(begun))

		idle := dial()
		_, err = io.WriteString(idle, "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
		require.NoError(t, err)
		resp, err := http.ReadResponse(bufio.NewReader(idle), nil)
		require.NoError(t, err)
		defer resp.Body.Close()
		begun = time.Now()
		_, _ = io.Copy(io.Discard, idle)
		assert.Equal(t, 2*time.Minute, time.Since(begun))

		require.NoError(t, s.Close())
		require.ErrorIs(t, <-served, http.ErrServerClosed)
		face.CloseStreams()
		face.Close()
	})
}
