package mcpwire_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/mcpwire"
)

// eras are those that stdio has.
var eras = []string{"2024-11-05", "2025-03-26", "2025-06-18", legacyEra, modernEra}

// watched is what 100 watchers with five notifications each have seen.
type watched struct{ lost, late, disordered int }

func watch(t *testing.T, p *peer) (w watched) {
	t.Helper()
	const watchers = 100
	seen, answered := map[any]int{}, map[string]bool{}
	ids := map[any]string{}
	for i := range watchers {
		token := fmt.Sprintf("t%d", i)
		ids[token] = p.start("tools/call", withToken(tool("steps", nil), token))
	}
	for len(answered) < watchers {
		m := p.next()
		if m.Method == "" {
			require.Nil(t, m.Error)
			answered[string(m.ID)] = true
			continue
		}
		w.count(m, seen, answered[ids[m.Params["progressToken"]]])
	}
	for _, m := range p.end() {
		w.count(m, seen, true)
	}
	for token := range ids {
		w.lost += 5 - seen[token]
	}
	return w
}

func (w *watched) count(m message, seen map[any]int, answered bool) {
	token := m.Params["progressToken"]
	if answered {
		w.late++
	}
	if m.Params["progress"] != float64(seen[token]+1) {
		w.disordered++
	}
	seen[token]++
}

// Faults 2 and 3 of mcp-go: progress lost in a burst, or overtaken by its answer.
func TestWatchersHearEverythingBeforeTheAnswerAndInOrder(t *testing.T) {
	for _, era := range eras {
		t.Run(era, func(t *testing.T) {
			for range 3 {
				p := connect(t, newWorld(t).ours(), era)
				p.open()
				assert.Equal(t, watched{}, watch(t, p))
			}
		})
	}
}

// Fault 5: in 2026-07-28 nothing of a call comes after its answer, while before it
// the session goes on hearing.
func TestNothingFollowsTheAnswerOfAModernCall(t *testing.T) {
	for era, told := range map[string]int{modernEra: 0, legacyEra: 1} {
		w := newWorld(t)
		p := connect(t, w.ours(), era)
		p.open()
		require.Nil(t, p.request("tools/call", withToken(tool("late", nil), "t")).Error)
		close(w.open)
		require.NoError(t, await(t, w.ended, "late progress"))
		assert.Len(t, p.end(), told, era)
	}
}

// Fault 5: who never subscribed is not told, and who did is told with the id of the
// subscription, as it was written.
func TestModernClientsAreToldWhatTheySubscribedTo(t *testing.T) {
	w := newWorld(t)
	p := connect(t, w.ours(), modernEra)
	p.open()
	w.server.AddPrompt(mcp.NewPrompt("new"), nil)
	const id = "9007199254740993" // which a float cannot hold
	p.startAs(id, "subscriptions/listen", map[string]any{"notifications": map[string]any{"toolsListChanged": true}})
	ack := p.next()
	assert.Equal(t, "notifications/subscriptions/acknowledged", ack.Method, "before it nothing was sent")
	w.server.AddPrompt(mcp.NewPrompt("newer"), nil)
	w.server.AddTool(mcp.NewTool("new"), nil)
	changed := p.next()
	assert.Equal(t, "notifications/tools/list_changed", changed.Method)
	for _, m := range []message{ack, changed} {
		assert.Contains(t, m.line, `"io.modelcontextprotocol/subscriptionId":`+id)
	}
	// A client that cancels wants no answer; at the end of input there is one.
	p.write(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":` + id + `}}`)
	p.startAs(`"again"`, "subscriptions/listen", map[string]any{"notifications": map[string]any{"toolsListChanged": true}})
	assert.Equal(t, "notifications/subscriptions/acknowledged", p.next().Method)
	rest := p.end()
	require.Len(t, rest, 1)
	assert.JSONEq(t, `"again"`, string(rest[0].ID))
	assert.Contains(t, rest[0].line, `"io.modelcontextprotocol/subscriptionId":"again"`)
}

// Whatever happens before a subscription is acknowledged is told after it.
func TestTheAcknowledgementComesFirst(t *testing.T) {
	w := newWorld(t)
	hooks := &server.Hooks{}
	server.WithHooks(hooks)(w.server)
	tell := func(ctx context.Context, n int) {
		update := mcp.JSONRPCNotification{JSONRPC: "2.0", Notification: mcp.Notification{Method: mcp.MethodNotificationResourceUpdated}}
		update.Params.AdditionalFields = map[string]any{"uri": fmt.Sprint(n)}
		server.ClientSessionFromContext(ctx).NotificationChannel() <- update
	}
	hooks.AddBeforeSubscriptionsListen(func(ctx context.Context, _ any, _ *mcp.SubscriptionsListenRequest) { tell(ctx, 1) })
	hooks.AddAfterSubscriptionsListen(func(ctx context.Context, _ any, _ *mcp.SubscriptionsListenRequest, _ *mcp.SubscriptionsListenResult) {
		tell(ctx, 2)
	})
	p := connect(t, w.ours(), modernEra)
	p.open()
	for _, wanted := range []string{"toolsListChanged", "nothingThatIs"} {
		id := fmt.Sprintf("%q", wanted) // the id of a call whose end is not told may be taken for a moment
		p.startAs(id, "subscriptions/listen", map[string]any{"notifications": map[string]any{wanted: true}})
		assert.Equal(t, "notifications/subscriptions/acknowledged", p.next().Method)
		assert.Equal(t, "1", p.next().Params["uri"])
		if wanted == "toolsListChanged" {
			p.write(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":` + id + `}}`)
		}
		assert.Equal(t, "2", p.next().Params["uri"])
		if wanted != "toolsListChanged" {
			assert.Equal(t, id, string(p.next().ID), "there is nothing to wait for")
		}
	}
}

// Fault 6: waiting calls hold nothing up, and the first too many is told at once.
func TestAThousandWaitingCallsHoldNothingUp(t *testing.T) {
	w := newWorld(t)
	p := connect(t, w.ours(), legacyEra)
	p.open()
	var waiting []string
	for range mcpwire.MaxInFlight {
		waiting = append(waiting, p.start("tools/call", tool("hold", nil)))
	}
	for range waiting {
		await(t, w.held, "a call that waits")
	}
	refused := p.request("ping", nil)
	require.NotNil(t, refused.Error)
	assert.Contains(t, refused.Error.Message, "busy")
	p.write(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":` + waiting[0] + `}}`)
	require.ErrorIs(t, await(t, w.ended, "the cancelled call"), context.Canceled)
	for p.request("ping", nil).Error != nil { // its place is free in a moment
		runtime.Gosched()
	}
	close(w.open)
	for range waiting[1:] {
		m := p.next()
		assert.NotEqual(t, waiting[0], string(m.ID), "a cancelled call is not answered")
		assert.Nil(t, m.Error)
	}
	assert.Empty(t, p.end())
}

// Fault 7: a line above 4 MB is an error and no more, and one below is taken.
func TestLongLines(t *testing.T) {
	p := connect(t, newWorld(t).ours(), legacyEra)
	p.open()
	frame := `{"jsonrpc":"2.0","id":"long","method":"tools/call","params":{"name":"echo","arguments":{"text":"%s"}}}`
	whole := fmt.Sprintf(frame, strings.Repeat("x", mcpwire.MaxMessage-len(frame)+2))
	require.Len(t, whole, mcpwire.MaxMessage)
	p.write(whole)
	assert.Nil(t, p.next().Error)
	p.write(whole + " ")
	tooLong := p.next()
	require.NotNil(t, tooLong.Error)
	assert.Equal(t, "the message is longer than 4 MB", tooLong.Error.Message)
	assert.Equal(t, "null", string(tooLong.ID))
	assert.Nil(t, p.request("ping", nil).Error)
}

// Fault 7: a client that writes and never reads is read no further, and costs
// little.
func TestClientThatNeverReadsIsNotRead(t *testing.T) {
	w := newWorld(t)
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- w.ours()(context.Background(), inR, outW) }()
	stuck := make(chan int, 1)
	go func() { // writes as fast as it is read
		n := 0
		for {
			if _, err := fmt.Fprintf(inW, `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"long","arguments":{"bytes":10000}}}`+"\n", n); err != nil {
				stuck <- n
				return
			}
			n++
		}
	}()
	before := heap()
	most := uint64(0)
	for quiet, last := 0, heap(); quiet < 20; { // until it grows no more
		now := heap()
		if most = max(most, now); now > last+1<<16 {
			quiet = 0
		} else {
			quiet++
		}
		last = now
	}
	assert.Less(t, int64(most)-int64(before), int64(32<<20))
	t.Logf("at most %d KiB", (int64(most)-int64(before))>>10)
	outR.Close() // the client is gone: that is an end in order
	require.NoError(t, await(t, done, "the transport"))
	inR.Close()
	assert.Less(t, await(t, stuck, "the client"), 4000)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A reader that stays away is let go, with the reason.
func TestReaderThatStaysAwayIsLetGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		inR, inW := io.Pipe()
		outR, outW := io.Pipe()
		done := make(chan error, 1)
		begun := time.Now()
		go func() { done <- newWorld(t).ours()(context.Background(), inR, outW) }()
		_, err := io.WriteString(inW, `{"jsonrpc":"2.0","id":1,"method":"ping"}`+"\n")
		require.NoError(t, err)
		assert.ErrorContains(t, <-done, "read nothing for too long")
		assert.GreaterOrEqual(t, time.Since(begun), mcpwire.StallTime)
		inW.Close()
		outR.Close()
		time.Sleep(time.Second) // of the bubble: a goroutine may be parked
	})
}

// A client that has closed its end of the input and reads nothing is gone, though there
// is more input than is read while it does not.
func TestEndOfInputBehindUnreadAnswers(t *testing.T) {
	w := mcpwire.Hurry(mcpwire.New(newWorld(t).server, slog.New(slog.DiscardHandler)))
	inR, inW, err := os.Pipe() // what a process has
	require.NoError(t, err)
	outR, outW, err := os.Pipe()
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- w.ServeStdio(context.Background(), inR, outW) }()
	for i := range 50 {
		_, err := fmt.Fprintf(inW, `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"long","arguments":{"bytes":100000}}}`+"\n", i)
		require.NoError(t, err)
	}
	require.NoError(t, inW.Close())
	require.NoError(t, await(t, done, "the transport"))
	outR.Close() // frees the write that was under way
	outW.Close()
	inR.Close()
}

// A client that has closed its end of the input and reads, however much is to be read,
// gets all of it.
func TestAnswersAfterTheEndOfInput(t *testing.T) {
	inR, inW, err := os.Pipe()
	require.NoError(t, err)
	outR, outW, err := os.Pipe()
	require.NoError(t, err)
	const calls = 50
	for i := range calls {
		_, err := fmt.Fprintf(inW, `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"long","arguments":{"bytes":100000}}}`+"\n", i)
		require.NoError(t, err)
	}
	require.NoError(t, inW.Close())
	done := make(chan error, 1)
	go func() {
		done <- newWorld(t).ours()(context.Background(), inR, outW)
		outW.Close()
	}()
	all, err := io.ReadAll(outR)
	require.NoError(t, err)
	assert.Equal(t, calls, strings.Count(string(all), "\n"))
	require.NoError(t, await(t, done, "the transport"))
	inR.Close()
	outR.Close()
}

// A client that is slow, but there, loses nothing that is not made superfluous: the
// last progress of each call comes before its answer.
func TestSlowReaderGetsTheLastProgressOfEach(t *testing.T) {
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	done := make(chan error, 1)
	go func() { done <- newWorld(t).ours()(context.Background(), inR, outW) }()
	p := &peer{t: t, era: modernEra, in: inW}
	const calls, steps = 20, 5000
	for i := range calls {
		p.start("tools/call", withToken(tool("steps", map[string]any{"steps": steps}), i))
	}
	last, answers, told := map[any]float64{}, 0, 0
	dec := json.NewDecoder(outR)
	for answers < calls {
		var m message
		require.NoError(t, dec.Decode(&m))
		if m.Method != "" {
			token, progress := m.Params["progressToken"], m.Params["progress"].(float64)
			assert.Greater(t, progress, last[token])
			last[token] = progress
			told++
			continue
		}
		answers++
	}
	for i := range calls {
		assert.Equal(t, steps, int(last[float64(i)]))
	}
	t.Logf("%d of %d notifications were superfluous", calls*steps-told, calls*steps)
	inW.Close()
	require.NoError(t, await(t, done, "the transport"))
}

// Fault 10: ids 5 and "5" are two, and only one of them is cancelled.
func TestIDsOfDifferentTypeAreDifferent(t *testing.T) {
	for _, era := range []string{legacyEra, modernEra} {
		w := newWorld(t)
		p := connect(t, w.ours(), era)
		p.open()
		p.startAs("5", "tools/call", tool("hold", nil))
		p.startAs(`"5"`, "tools/call", tool("hold", nil))
		await(t, w.held, "one")
		await(t, w.held, "the other")
		p.write(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":"5"}}`)
		require.ErrorIs(t, await(t, w.ended, "the cancelled call"), context.Canceled)
		p.startAs("5", "ping", nil) // it is in flight
		assert.NotNil(t, p.next().Error)
		close(w.open)
		assert.Equal(t, "5", string(p.next().ID))
		assert.Empty(t, p.end())
	}
}

// Fault 10: two connections to one server do not meet.
func TestNobodyCancelsAnotherConnectionsCall(t *testing.T) {
	w := newWorld(t)
	serve := w.ours()
	one, other := connect(t, serve, modernEra), connect(t, serve, modernEra)
	one.startAs("7", "tools/call", tool("hold", nil))
	await(t, w.held, "the call")
	other.write(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":7}}`)
	require.NotNil(t, other.request("ping", nil), "it was read")
	close(w.open)
	assert.Nil(t, one.next().Error)
	assert.NoError(t, await(t, w.ended, "the call"))
}

// Faults 13 and 15: codes and data of a handler's choice, and words without Go.
func TestErrorsAreInTheClientsWords(t *testing.T) {
	p := connect(t, newWorld(t).ours(), legacyEra)
	p.open()
	for _, c := range []struct {
		line string
		code int
		says string
	}{
		{`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"refuse"}}`, -32021, "a capability is missing"},
		{`{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"test://x"}}`, -32602, "no such thing"},
		{`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"panic"}}`, -32603, "internal error"},
		{`{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"panic"}}`, -32603, "internal error"},
		{`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":5}}`, -32602, "cannot be a JSON number"},
		{`{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":{}}}`, -32602, "cannot be a JSON object"},
		{`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"clientInfo":[]}}`, -32602, "cannot be a JSON array"},
		{`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"_meta":"x"}}`, -32602, ""},
		{`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"inputResponses":5}}`, -32602, "params.inputResponses cannot be"},
		{`{"jsonrpc":"2.0","id":1,"method":"no/such"}`, -32601, "no/such"},
	} {
		p.write(c.line)
		m := p.next()
		require.NotNil(t, m.Error, c.line)
		assert.Equal(t, c.code, m.Error.Code, c.line)
		assert.Contains(t, m.Error.Message, c.says, c.line)
		for _, inner := range []string{"json:", "Go ", "struct", "mcp.", "secret", "goroutine", ".go"} {
			assert.NotContains(t, m.line, inner, c.line)
		}
	}
}

// Fault 16: whatever carries an id is answered under it, and what is no request is
// answered only if it is so broken that nobody knows.
func TestEveryIDIsAnswered(t *testing.T) {
	p := connect(t, newWorld(t).ours(), legacyEra)
	p.open()
	for line, want := range map[string]struct {
		id   string
		code int
	}{
		`{"jsonrpc":"2.0","id":1,"method":""}`:                 {"1", -32600},
		`{"jsonrpc":"2.0","id":"a","method":null}`:             {`"a"`, -32600},
		`{"jsonrpc":"2.0","id":2}`:                             {"2", -32600},
		`{"jsonrpc":"1.0","id":3,"method":"ping"}`:             {"3", -32600},
		`{"id":4,"method":"ping"}`:                             {"4", -32600},
		`{"jsonrpc":"2.0","id":5,"method":"ping","params":[]}`: {"5", -32600},
		`{"jsonrpc":"2.0","id":null,"method":"ping"}`:          {"null", -32600},
		`{"jsonrpc":"2.0","id":{},"method":"ping"}`:            {"null", -32600},
		`{"jsonrpc":"2.0","ID":6,"Method":"ping"}`:             {"null", -32600},
		`"text"`: {"null", -32600},
		`null`:   {"null", -32600},
		`{`:      {"null", -32700},
		`{"jsonrpc":"2.0","id":123456789012345678901,"method":"ping"}`: {"123456789012345678901", 0},
		`[]`: {"null", -32600},
		`[`:  {"null", -32700},
	} {
		p.write(line)
		m := p.next()
		assert.Equal(t, want.id, string(m.ID), line)
		if want.code == 0 {
			assert.Nil(t, m.Error, line)
		} else if assert.NotNil(t, m.Error, line) {
			assert.Equal(t, want.code, m.Error.Code, line)
		}
	}
	for _, line := range []string{``, `  `, `{"jsonrpc":"2.0","method":"no/such"}`, `{"jsonrpc":"2.0","method":"no/such","params":[]}`, `{"jsonrpc":"2.0","id":99,"result":{}}`} {
		p.write(line)
	}
	assert.Empty(t, p.end())
}

// Fault 16: batches are taken where they exist.
func TestBatches(t *testing.T) {
	const line = `[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"notifications/x"},5,{"jsonrpc":"2.0","id":2,"method":"initialize"},{"jsonrpc":"2.0","id":"s","method":"tools/call","params":{"name":"steps","_meta":{"progressToken":"t"}}}]`
	p := connect(t, newWorld(t).ours(), "2025-03-26")
	p.open()
	p.write(line)
	for range 5 {
		assert.Equal(t, "notifications/progress", p.next().Method)
	}
	var answers []message
	require.NoError(t, json.Unmarshal([]byte(p.next().line), &answers))
	ids := map[string]bool{}
	for _, m := range answers {
		ids[string(m.ID)] = m.Error == nil
	}
	assert.Equal(t, map[string]bool{"1": true, "null": false, "2": false, `"s"`: true}, ids)
	p.write("[" + strings.Repeat("1,", mcpwire.MaxInFlight) + "1]")
	assert.Equal(t, -32600, p.next().Error.Code, "one error, not a thousand")
	p.write(`[{"jsonrpc":"2.0","method":"notifications/x"}]`)
	assert.Empty(t, p.end(), "notifications alone are not answered")

	p = connect(t, newWorld(t).ours(), legacyEra)
	p.open()
	p.write(line)
	assert.Equal(t, -32600, p.next().Error.Code)
	assert.Empty(t, p.end())
}

// The server's own requests are answered by their id.
func TestServerAsksTheClient(t *testing.T) {
	p := connect(t, newWorld(t).ours(), legacyEra)
	p.open()
	for reply, says := range map[string]string{
		`"result":{"action":"accept","content":{}}`: `"text":"accept"`,
		`"error":{"code":-1,"message":"no"}`:        "the client refused elicitation/create: no (-1)",
	} {
		id := p.start("tools/call", tool("ask", nil))
		asked := p.next()
		require.Equal(t, "elicitation/create", asked.Method)
		p.write(`{"jsonrpc":"2.0","id":"` + string(asked.ID) + `","result":{}}`) // another id
		p.write(`{"jsonrpc":"2.0","id":` + string(asked.ID) + `,` + reply + `}`)
		answer, _ := p.until(id)
		assert.Contains(t, answer.line, says)
	}
}

// At the end of input what is quick is answered, and what waits is cancelled.
func TestEndOfInput(t *testing.T) {
	w := newWorld(t)
	p := connect(t, w.ours(), legacyEra)
	p.open()
	p.start("tools/call", tool("hold", nil))
	await(t, w.held, "the call")
	p.startAs(`"quick"`, "ping", nil)
	begun := time.Now()
	rest := p.end()
	assert.Less(t, time.Since(begun), 1500*time.Millisecond)
	require.ErrorIs(t, await(t, w.ended, "the call"), context.Canceled)
	assert.Len(t, rest, 2)
}

// A line without an end is a line.
func TestInputWithoutALastLineEnd(t *testing.T) {
	var out strings.Builder
	require.NoError(t, newWorld(t).ours()(t.Context(), strings.NewReader(`{"jsonrpc":"2.0","id":1,"method":"ping"}`), &out))
	assert.JSONEq(t, `{"jsonrpc":"2.0","id":1,"result":{}}`, out.String())
}

// A call that waits does not outlive the context.
func TestTheEndOfTheContextEndsStdio(t *testing.T) {
	w := newWorld(t)
	inR, inW := io.Pipe()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.ours()(ctx, inR, io.Discard) }()
	_, err := io.WriteString(inW, `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"hold"}}`+"\n")
	require.NoError(t, err)
	await(t, w.held, "the call")
	begun := time.Now()
	stop()
	require.NoError(t, await(t, done, "ServeStdio"))
	assert.Less(t, time.Since(begun), 1500*time.Millisecond)
	inW.Close() // frees the read that was under way
}

// counted counts how often it is asked for its channel.
type counted struct {
	server.ClientSession
	asked int
}

func (c *counted) Initialize()                   {}
func (c *counted) Initialized() bool             { return true }
func (c *counted) SessionID() string             { return "counted" }
func (c *counted) GetLogLevel() mcp.LoggingLevel { return mcp.LoggingLevelDebug }
func (c *counted) SetLogLevel(mcp.LoggingLevel)  {}
func (c *counted) NotificationChannel() chan<- mcp.JSONRPCNotification {
	c.asked++
	return make(chan mcp.JSONRPCNotification, 1)
}

// The order of what is sent rests on this: mcp-go asks for the channel once for
// each notification, and sends at once.
func TestMCPGoAsksForTheChannelOnceANotification(t *testing.T) {
	s := newWorld(t).server
	c := &counted{}
	require.NoError(t, s.RegisterSession(t.Context(), c))
	ctx := s.WithContext(t.Context(), c)
	log := mcp.NewLoggingMessageNotification(mcp.LoggingLevelError, "x", "y")
	for i, send := range []func() error{
		func() error { return s.SendNotificationToClient(ctx, "notifications/x", nil) },
		func() error { return s.SendNotificationToSpecificClient("counted", "notifications/x", nil) },
		func() error { s.SendNotificationToAllClients("notifications/x", nil); return nil },
		func() error { return s.SendLogMessageToClient(ctx, log) },
		func() error { return s.SendLogMessageToSpecificClient("counted", log) },
	} {
		require.NoError(t, send())
		assert.Equal(t, i+1, c.asked)
	}
}
