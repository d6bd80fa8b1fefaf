package app_test

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/app"
	"github.com/trilha/trilha/internal/task"
)

// gate holds every task back at 3 per cent until it is opened.
type gate struct {
	started chan string // ids of tasks that run
	open    chan struct{}
}

func newGate() *gate { return &gate{make(chan string, 1000), make(chan struct{})} }

func (g *gate) around(work task.Work) task.Work {
	return func(ctx context.Context, run task.Run) (json.RawMessage, error) {
		run.Report(3, "held")
		g.started <- run.Task().ID
		select {
		case <-g.open:
			return work(ctx, run)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// step is one progress notification.
type step struct {
	progress float64
	message  string
}

// progressUntil reads the progress of a token until its progress is at least
// last. What comes for other tokens fails the test.
func (p *peer) progressUntil(token any, last float64) (steps []step) {
	p.t.Helper()
	for {
		m := await(p.t, p.told, "progress")
		require.Equal(p.t, "notifications/progress", m.Method)
		require.Exactly(p.t, token, m.Params["progressToken"])
		require.InDelta(p.t, 100, m.Params["total"], 0)
		s := step{}
		s.progress, _ = m.Params["progress"].(float64)
		s.message, _ = m.Params["message"].(string)
		if steps = append(steps, s); s.progress >= last {
			return steps
		}
	}
}

func requireRising(t *testing.T, steps []step) {
	t.Helper()
	require.GreaterOrEqual(t, len(steps), 5)
	for i, s := range steps {
		assert.NotEmpty(t, s.message)
		if i > 0 {
			require.Greater(t, s.progress, steps[i-1].progress, "%v", steps)
		}
	}
	require.InDelta(t, 100, steps[len(steps)-1].progress, 0)
}

// Sessions of the eras before 2026-07-28 go on hearing of a task after the call
// that created it was answered.
func TestCreatorIsToldOfProgress(t *testing.T) {
	for _, token := range []any{"a token", float64(7)} {
		for name, connect := range map[string]func(t *testing.T, a *app.App) *peer{
			"stdio": func(t *testing.T, a *app.App) *peer { return stdioPeer(t, a, "2025-06-18") },
			"sse":   func(t *testing.T, a *app.App) *peer { return ssePeer(t, serveHTTP(t, a), "2024-11-05") },
		} {
			t.Run(name, func(t *testing.T) {
				g := newGate()
				p := connect(t, app.NewAround(settings(), t.Output(), g.around))
				p.open()
				id := p.create("linear algebra", token)
				close(g.open)
				requireRising(t, p.progressUntil(token, 100))
				status := p.tool("get_task_status", map[string]any{"task_id": id, "wait_seconds": 45})
				assert.Equal(t, "completed", status["status"])
				// What were sent after the end would be before the answer to a later
				// ping.
				p.request("ping", nil)
				assert.Empty(t, p.told)
			})
		}
		t.Run("http", func(t *testing.T) {
			g := newGate()
			p, listen := httpPeer(t, serveHTTP(t, app.NewAround(settings(), t.Output(), g.around)), "2025-11-25")
			p.open()
			listen()
			p.create("linear algebra", token)
			await(t, g.started, "start")
			// The first step may come on the create call's own stream; with no call
			// open the rest comes on the GET stream.
			close(g.open)
			requireRising(t, p.progressUntil(token, 100))
		})
	}
}

// From 2026-07-28 on progress belongs to the response stream of the request that
// asks for it and waits.
func TestModernProgressComesToTheWaitingCall(t *testing.T) {
	for _, over := range []string{"stdio", "http"} {
		t.Run(over, func(t *testing.T) {
			g := newGate()
			a := app.NewAround(settings(), t.Output(), g.around)
			var p *peer
			if over == "stdio" {
				p = stdioPeer(t, a, modernEra)
			} else {
				p, _ = httpPeer(t, serveHTTP(t, a), modernEra)
			}
			p.open()
			id := p.create("linear algebra", "creation")
			await(t, g.started, "start")
			waiting := p.start("tools/call", withToken(toolCall("get_task_status", map[string]any{"task_id": id, "wait_seconds": 45}), "waiting"))
			// The first snapshot shows that the call waits; creation got nothing.
			first := p.progressUntil("waiting", 3)
			close(g.open)
			steps := slices.Concat(first, p.progressUntil("waiting", 100))
			assert.GreaterOrEqual(t, len(steps), 5)
			for i := range steps[1:] {
				assert.Greater(t, steps[i+1].progress, steps[i].progress)
			}
			status := structured(t, decode(t, await(t, waiting, "status").Result))
			assert.Equal(t, "completed", status["status"])
		})
	}
}

// With a token or without, the wait itself is the same; nobody who asked for no
// progress gets any.
func TestNoTokenNoProgress(t *testing.T) {
	p := stdioPeer(t, newApp(t, app.Stdio), "2025-11-25")
	p.open()
	id := p.create("python", nil)
	p.tool("get_task_status", map[string]any{"task_id": id, "wait_seconds": 45})
	p.request("ping", nil)
	assert.Empty(t, p.told)
}

func TestCancelledTaskNeverReaches100(t *testing.T) {
	g := newGate()
	p := stdioPeer(t, app.NewAround(settings(), t.Output(), g.around), "2025-11-25")
	p.open()
	id := p.create("python", "t")
	assert.Equal(t, []step{{3, "held"}}, p.progressUntil("t", 3))
	assert.Equal(t, "cancelled", p.tool("cancel_task", map[string]any{"task_id": id})["status"])
	assert.Equal(t, "cancelled", p.tool("cancel_task", map[string]any{"task_id": id})["status"], "twice changes nothing")
	p.request("ping", nil)
	assert.Empty(t, p.told)
}

// Two hundred calls that wait hold up neither ping nor cancel_task.
func TestWaitingCallsHoldNothingUp(t *testing.T) {
	g := newGate()
	p := stdioPeer(t, app.NewAround(settings(), t.Output(), g.around), "2025-11-25")
	p.open()
	id := p.create("python", nil)
	await(t, g.started, "start")
	var waiting []<-chan message
	for range 200 {
		waiting = append(waiting, p.start("tools/call", toolCall("get_task_status", map[string]any{"task_id": id, "wait_seconds": 45})))
	}
	begun := time.Now()
	p.request("ping", nil)
	p.tool("list_tasks", nil)
	assert.Equal(t, "cancelled", p.tool("cancel_task", map[string]any{"task_id": id})["status"])
	for _, w := range waiting {
		assert.Equal(t, "cancelled", structured(t, decode(t, await(t, w, "status").Result))["status"])
	}
	assert.Less(t, time.Since(begun), 10*time.Second, "nothing waited for the 45 seconds")
}

// A client that opens a stream and never reads it costs the others nothing: what it
// asks too much waits.
func TestClientThatDoesNotReadBlocksNobody(t *testing.T) {
	a := newApp(t, app.HTTP)
	base := serveHTTP(t, a)
	deaf := deafPeer(t, base)
	ctx, stop := context.WithCancel(t.Context())
	shouting := make(chan struct{})
	go func() {
		defer close(shouting)
		for range 800 { // 7 MB, more than its connection holds
			deaf.shout(ctx)
		}
	}()
	for _, p := range []*peer{ssePeer(t, base, "2025-11-25"), first(httpPeer(t, base, "2025-11-25"))} {
		p.open()
		id := p.create("python", nil)
		assert.Equal(t, "completed", p.tool("get_task_status", map[string]any{"task_id": id, "wait_seconds": 45})["status"])
	}
	stop()
	<-shouting
}

func first(p *peer, _ func()) *peer { return p }
