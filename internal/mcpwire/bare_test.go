package mcpwire_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/mcpwire"
)

// What mcp-go's own transports do, in the situations that ours are tested in: these
// tests pass while the faults are there. One that fails is good news: see
// docs/decisions/own-transports.md, which names the test of ours beside each.

// Fault 1: the last notification before an answer is lost. By chance, but soon.
func TestBareHTTPLosesProgress(t *testing.T) {
	v := overBareHTTP(t).visit(legacyEra)
	lost, rounds := 0, 0
	for ; lost == 0 && rounds < 20; rounds++ {
		lost = watchHTTP(t, v).lost
	}
	t.Logf("of %d notifications %d were lost", rounds*500, lost)
	assert.Positive(t, lost)
}

// Fault 2: answers overtake progress. By chance, but soon.
func TestBareStdioDelaysProgress(t *testing.T) {
	late, rounds := 0, 0
	for ; late == 0 && rounds < 20; rounds++ {
		p := connect(t, newWorld(t).bare(), legacyEra)
		p.open()
		late = watch(t, p).late
	}
	t.Logf("of %d notifications %d came after their answer", rounds*500, late)
	assert.Positive(t, late)
}

func TestBareSSEDelaysProgress(t *testing.T) {
	news, post := overSSE(t, false).ssePeer(t.Context(), legacyEra)
	late, rounds := 0, 0
	for ; late == 0 && rounds < 20; rounds++ {
		late = watchSSE(t, news, post, 1+1000*rounds).late
	}
	t.Logf("of %d notifications %d came after their answer", rounds*500, late)
	assert.Positive(t, late)
}

// Fault 3: of a burst to a client that is slow, what does not fit is lost, the last one
// too.
func TestBareStdioLosesTheEndOfABurst(t *testing.T) {
	w := newWorld(t)
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- w.bare()(context.Background(), inR, outW) }()
	p := &peer{t: t, era: legacyEra, in: inW}
	p.startAs(`"b"`, "tools/call", withToken(tool("burst", map[string]any{"steps": 1000}), "t"))
	require.NoError(t, await(t, w.ended, "the burst")) // nothing was read so far
	go func() {
		inW.Close()
		<-done
		outW.Close()
	}()
	told, last := 0, 0.0
	all, err := io.ReadAll(outR)
	require.NoError(t, err)
	for line := range strings.Lines(string(all)) {
		if n, ok := parsed(t, []byte(line)).Params["progress"].(float64); ok {
			told, last = told+1, n
		}
	}
	assert.Less(t, told, 1000)
	assert.Less(t, last, 1000.0, "the last one is never told")
}

// Fault 4: with a GET stream the progress of a call comes there, and without one every
// later answer is an event stream.
func TestBareHTTPSendsProgressElsewhere(t *testing.T) {
	v := overBareHTTP(t).visit(legacyEra)
	news := v.listen()
	call := func() reply { return v.request("1", "tools/call", withToken(tool("steps", nil), "t")) }
	on := 0
	for len(news) == 0 && on < 100 { // the stream is there in a moment
		call()
		on++
	}
	assert.Equal(t, "notifications/progress", await(t, news, "progress on the GET stream").Method)

	v = overBareHTTP(t).visit(legacyEra)
	for range 20 { // fault 1 may lose all of it
		call()
	}
	r := v.request("2", "tools/list", nil)
	assert.Equal(t, "text/event-stream", r.header.Get("Content-Type"), "nothing belongs to this answer")
}

// Fault 5: in 2026-07-28 progress comes after the answer, and clients are told of what
// they have not subscribed to.
func TestBareStdioTellsModernClientsMore(t *testing.T) {
	w := newWorld(t)
	p := connect(t, w.bare(), modernEra)
	p.open()
	require.Nil(t, p.request("tools/call", withToken(tool("late", nil), "t")).Error)
	close(w.open)
	require.NoError(t, await(t, w.ended, "late progress"))
	assert.Equal(t, "notifications/progress", p.next().Method)
	w.server.AddTool(mcp.NewTool("new"), nil)
	changed := p.next()
	for changed.Method != "notifications/tools/list_changed" { // what an earlier connection has left in mcp-go's only stdio session
		changed = p.next()
	}
	assert.NotContains(t, changed.line, "subscriptionId")
}

// Fault 6.
func TestBareStdioIsSilentBehindWaitingCalls(t *testing.T) {
	w := newWorld(t)
	p := connect(t, w.bare(), legacyEra)
	p.open()
	go func() {
		for range 200 {
			p.start("tools/call", tool("hold", nil))
		}
		p.startAs(`"ping"`, "ping", nil)
	}()
	for range 6 {
		await(t, w.held, "five workers and the reader itself")
	}
	for len(p.all) > 0 { // what an earlier connection has left in mcp-go's only stdio session
		assert.NotEqual(t, `"ping"`, string(p.next().ID), "nobody is left for a ping")
	}
	close(w.open)
	for string(p.next().ID) != `"ping"` {
	}
}

// Fault 7: a line of any length is taken, and a client that never reads is read on.
func TestBareStdioTakesAnyLine(t *testing.T) {
	p := connect(t, newWorld(t).bare(), legacyEra)
	p.open()
	assert.Nil(t, p.request("ping", map[string]any{"long": strings.Repeat("x", mcpwire.MaxMessage)}).Error)
}

func TestBareStdioReadsOnWhileNothingIsRead(t *testing.T) {
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- newWorld(t).bare()(context.Background(), inR, outW) }()
	const lines = 5000 // ours stops below 4,000, and holds no more than half a megabyte
	for i := range lines {
		_, err := fmt.Fprintf(inW, `{"jsonrpc":"2.0","id":%d,"method":"tools/list"}`+"\n", i)
		require.NoError(t, err)
	}
	go func() { _, _ = io.Copy(io.Discard, outR) }()
	inW.Close()
	await(t, done, "the transport")
	outW.Close()
}

// Fault 8: bodies are read whole, however long.
func TestBareHTTPReadsAnyBody(t *testing.T) {
	const whole = 4 * mcpwire.MaxMessage
	body := &endless{}
	r := httptest.NewRequest(http.MethodPost, "/", io.LimitReader(body, whole))
	r.Header.Set("Content-Type", "application/json")
	server.NewStreamableHTTPServer(newWorld(t).server).ServeHTTP(httptest.NewRecorder(), r)
	assert.GreaterOrEqual(t, body.read, whole)

	w := overSSE(t, false)
	_, post := w.ssePeer(t.Context(), legacyEra)
	assert.NotEqual(t, http.StatusRequestEntityTooLarge, post(strings.Repeat(" ", whole)))
}

// Fault 9: any web page may call.
func TestBareHTTPTakesAnyOrigin(t *testing.T) {
	v := overBareHTTP(t).visit(legacyEra)
	v.header.Set("Origin", "https://evil.example")
	assert.Equal(t, http.StatusOK, v.request("1", "tools/list", nil).status)

	w := overSSE(t, false)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.base+"/sse", nil)
	require.NoError(t, err)
	r.Header.Set("Origin", "https://evil.example")
	resp, err := w.client.Do(r)
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	assert.Equal(t, "*", resp.Header.Get("Access-Control-Allow-Origin"))
}

// Fault 10: anybody's cancellation ends anybody's call, and 5 is "5".
func TestBareHTTPCancelsForAnybody(t *testing.T) {
	w := overBareHTTP(t)
	one, other := w.visit(modernEra), w.visit(modernEra)
	kept := make(chan reply, 1)
	go func() { kept <- one.request("5", "tools/call", tool("hold", nil)) }()
	await(t, w.held, "one's call")
	other.post(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"5","_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}`,
		"Mcp-Protocol-Version", modernEra, "Mcp-Method", "notifications/cancelled")
	require.ErrorIs(t, await(t, w.ended, "one's call"), context.Canceled)
	await(t, kept, "the response")
}

// Fault 11: a session that was deleted goes on, and GET takes any, also of a server that
// knows its sessions.
func TestBareHTTPSessionsNeverEnd(t *testing.T) {
	status := func(v *visitor, method string) int {
		resp := v.open(t.Context(), method, `{"jsonrpc":"2.0","id":1,"method":"ping"}`)
		defer resp.Body.Close()
		return resp.StatusCode
	}
	v := overBareHTTP(t, server.WithSessionIdManager(&server.StatelessGeneratingSessionIdManager{})).visit(legacyEra)
	require.Equal(t, http.StatusOK, status(v, http.MethodDelete))
	assert.Equal(t, http.StatusOK, status(v, http.MethodPost))
	v = overBareHTTP(t).visit(legacyEra)
	v.header.Set("Mcp-Session-Id", "mcp-session-made-up")
	assert.Equal(t, http.StatusOK, status(v, http.MethodGet))
}

// Fault 13: a handler has no choice of codes.
func TestBareTransportHasOneCode(t *testing.T) {
	p := connect(t, newWorld(t).bare(), legacyEra)
	p.open()
	assert.Equal(t, -32603, p.request("tools/call", tool("refuse", nil)).Error.Code)
	assert.Equal(t, -32603, p.request("resources/read", map[string]any{"uri": "test://x"}).Error.Code)
}

// Fault 14: matching a long address against a template takes its time. Ours is bounded
// before, where resources are (internal/mcpface).
func TestBareTransportMatchesAnyAddress(t *testing.T) {
	w := newWorld(t)
	p := connect(t, w.bare(), legacyEra)
	p.open()
	begun := time.Now()
	require.NotNil(t, p.request("resources/read", map[string]any{"uri": "test://" + strings.Repeat("x", 200<<10) + "/"}).Error)
	assert.Greater(t, time.Since(begun), 20*time.Millisecond)
}

// Fault 15.
func TestBareTransportShowsGoTypes(t *testing.T) {
	p := connect(t, newWorld(t).bare(), legacyEra)
	p.open()
	p.write(`{"jsonrpc":"2.0","id":"x","method":"tools/call","params":{"name":5}}`)
	assert.Contains(t, p.next().line, "Go struct field")
	assert.Contains(t, p.request("tools/call", tool("panic", nil)).line, "inner secret")
}

// Fault 16: batches are refused where they exist, an empty method is not answered, and
// HTTP+SSE has a protocol that has no HTTP+SSE.
func TestBareTransportsLeaveTheLetter(t *testing.T) {
	w := overBareHTTP(t)
	v := w.visit("2025-03-26")
	assert.NotEqual(t, http.StatusOK, v.post(`[{"jsonrpc":"2.0","id":1,"method":"ping"}]`).status)
	r := v.post(`{"jsonrpc":"2.0","id":1,"method":""}`)
	assert.Equal(t, http.StatusAccepted, r.status)
	assert.Empty(t, r.all)

	news, post := overSSE(t, false).ssePeer(t.Context(), legacyEra)
	post(`{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`)
	assert.Nil(t, await(t, news, "an answer").Error)
}
