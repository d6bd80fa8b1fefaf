package app_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/app"
	"github.com/trilha/trilha/internal/task"
)

// A client that is done closes the input: whatever still runs, the server is gone
// before the client loses patience.
func TestEndOfInputEndsEverythingInTime(t *testing.T) {
	g := newGate()
	c := settings()
	c.Grace = time.Second // the default
	s := serveStdio(t, app.NewAround(c, t.Output(), g.around))
	p := newPeer(t, "2025-11-25")
	p.overPipes(s)
	p.open()
	for _, topic := range []string{"python", "linear algebra", "machine learning"} {
		p.create(topic, topic) // two run, one waits
	}
	for range 2 {
		await(t, g.started, "start")
		await(t, p.told, "the first step")
	}
	begun := time.Now()
	s.in.Close()
	require.NoError(t, await(t, s.done, "ServeStdio"))
	assert.Less(t, time.Since(begun), 1500*time.Millisecond)
}

// A call that waits when the input ends does not hold the server up, and a context
// that ends does the same as the end of input.
func TestWaitingCallDoesNotOutliveTheInput(t *testing.T) {
	g := newGate()
	s := serveStdio(t, app.NewAround(settings(), t.Output(), g.around))
	p := newPeer(t, "2025-11-25")
	p.overPipes(s)
	p.open()
	id := p.create("python", nil)
	await(t, g.started, "start")
	p.start("tools/call", toolCall("get_task_status", map[string]any{"task_id": id, "wait_seconds": 45}))
	p.request("ping", nil)
	begun := time.Now()
	s.in.Close()
	require.NoError(t, await(t, s.done, "ServeStdio"))
	assert.Less(t, time.Since(begun), 1500*time.Millisecond)
}

func TestEndOfContextEndsServeStdio(t *testing.T) {
	a := newApp(t, app.Stdio)
	in, inW := io.Pipe()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- a.ServeStdio(ctx, in, io.Discard) }()
	stop()
	require.NoError(t, await(t, done, "ServeStdio"))
	inW.Close() // frees the read that was under way
}

// Whatever comes in, and whatever goes wrong inside, nothing but JSON-RPC comes
// out: peer.receive fails on anything else.
func TestNothingButProtocolComesOut(t *testing.T) {
	s := serveStdio(t, app.NewAround(settings(), t.Output(), func(task.Work) task.Work {
		return panics
	}))
	p := newPeer(t, "2025-11-25")
	p.overPipes(s)
	p.open()
	id := p.create("python", "t")
	status := p.tool("get_task_status", map[string]any{"task_id": id, "wait_seconds": 45})
	assert.Equal(t, "failed", status["status"])
	assert.NotContains(t, status["error"], "broken inside")
	p.mu.Lock()
	p.waiting["null"] = make(chan message, 10) // answers to what had no readable id
	p.mu.Unlock()
	for _, line := range []string{`nonsense`, `{"jsonrpc":"2.0","method":"notifications/unknown"}`, `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":99}}`} {
		_, err := io.WriteString(s.in, line+"\n")
		require.NoError(t, err)
	}
	assert.Contains(t, p.fails("no/such/method", nil), "-32601")
	assert.Contains(t, p.fails("tools/call", toolCall("no_such_tool", nil)), "no_such_tool")
	assert.Contains(t, p.fails("resources/read", map[string]any{"uri": "trilha://tasks/" + strings.Repeat("x", 600)}), "512 bytes")
	s.in.Close()
	require.NoError(t, await(t, s.done, "ServeStdio"))
}

func panics(context.Context, task.Run) (json.RawMessage, error) { panic("broken inside") }

// Stopping a listener ends streams and waiting calls, and answers what it can.
func TestServeHTTPStopsWithOpenStreams(t *testing.T) {
	g := newGate()
	a := app.NewAround(settings(), t.Output(), g.around)
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- a.ServeHTTP(ctx, l) }()
	base := "http://" + l.Addr().String()
	legacy, listen := httpPeer(t, base, "2025-11-25")
	legacy.open()
	listen()
	sse := ssePeer(t, base, "2025-11-25")
	sse.open()
	id := legacy.create("python", "t")
	await(t, g.started, "start")
	sse.start("tools/call", toolCall("get_task_status", map[string]any{"task_id": id, "wait_seconds": 45}))
	sse.request("ping", nil)
	begun := time.Now()
	stop()
	require.NoError(t, await(t, done, "ServeHTTP"))
	assert.Less(t, time.Since(begun), 5*time.Second)
}

// deaf is an SSE client that reads no more than where to post.
type deaf struct {
	t      *testing.T
	client *http.Client
	target string
}

func deafPeer(t *testing.T, base string) *deaf {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(base, "http://"))
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	if tcp, ok := conn.(*net.TCPConn); ok {
		require.NoError(t, tcp.SetReadBuffer(4096))
	}
	_, err = fmt.Fprintf(conn, "GET /sse HTTP/1.1\r\nHost: %s\r\n\r\n", strings.TrimPrefix(base, "http://"))
	require.NoError(t, err)
	lines := bufio.NewReaderSize(conn, 512)
	for {
		line, err := lines.ReadString('\n')
		require.NoError(t, err)
		if target, ok := strings.CutPrefix(line, "data: "); ok {
			return &deaf{t, httpClient(t), base + strings.TrimSpace(target)}
		}
	}
}

// shout asks for a long answer and does not read it.
func (d *deaf) shout(ctx context.Context) {
	body := []byte(`{"jsonrpc":"2.0","id":1,"method":"tools/list"}`)
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, d.target, bytes.NewReader(body))
	if err != nil || ctx.Err() != nil {
		return
	}
	r.Header.Set("Content-Type", "application/json")
	if resp, err := d.client.Do(r); err == nil {
		resp.Body.Close()
	}
}
