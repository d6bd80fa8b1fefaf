package mcpwire_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/mcpwire"
)

// web is a world over HTTP, until the test ends.
type web struct {
	*world
	t        *testing.T
	base     string
	client   *http.Client
	endpoint *mcpwire.Streamable
}

func overHTTP(t *testing.T) *web {
	t.Helper()
	w := newWorld(t)
	endpoint := mcpwire.New(w.server, slog.New(slog.DiscardHandler), mcpwire.WithPrincipal(principal)).Streamable()
	s := httptest.NewServer(named(endpoint))
	tr := &http.Transport{MaxIdleConnsPerHost: 100}
	t.Cleanup(func() {
		endpoint.CloseStreams()
		endpoint.Close()
		tr.CloseIdleConnections()
		s.CloseClientConnections()
		s.Close()
	})
	return &web{w, t, s.URL, &http.Client{Transport: tr}, endpoint}
}

// overBareHTTP is the same on mcp-go's own transport.
func overBareHTTP(t *testing.T, options ...server.StreamableHTTPOption) *web {
	t.Helper()
	w := newWorld(t)
	s := httptest.NewServer(server.NewStreamableHTTPServer(w.server, append([]server.StreamableHTTPOption{server.WithStateful(true)}, options...)...))
	tr := &http.Transport{MaxIdleConnsPerHost: 100}
	t.Cleanup(func() {
		tr.CloseIdleConnections()
		s.CloseClientConnections()
		s.Close()
	})
	return &web{w, t, s.URL, &http.Client{Transport: tr}, nil}
}

// visitor is a client of one era; header is what it sends besides.
type visitor struct {
	*web
	era    string
	header http.Header
}

func (w *web) visit(era string) *visitor { return w.visitAs("", era) }

// visitAs says hello as the era has it.
func (w *web) visitAs(name, era string) *visitor {
	w.t.Helper()
	v := &visitor{w, era, http.Header{"X-Name": {name}}}
	if era == modernEra {
		return v
	}
	r := v.post(fmt.Sprintf(`{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":%q,"capabilities":{"elicitation":{}},"clientInfo":{"name":"v","version":"1"}}}`, era))
	require.Equal(w.t, http.StatusOK, r.status, "%v", r.all)
	v.header.Set("Mcp-Session-Id", r.header.Get("Mcp-Session-Id"))
	v.header.Set("Mcp-Protocol-Version", era)
	require.Equal(w.t, http.StatusAccepted, v.post(`{"jsonrpc":"2.0","method":"notifications/initialized"}`).status)
	return v
}

// reply is what came of one request.
type reply struct {
	status int
	header http.Header
	all    []message
	ids    []string // of events
}

func (r reply) last() message { return r.all[len(r.all)-1] }

// open sends a request and gives the response to read.
func (v *visitor) open(ctx context.Context, method, body string, headers ...string) *http.Response {
	v.t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, v.base, strings.NewReader(body))
	require.NoError(v.t, err)
	r.Header = v.header.Clone()
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := v.client.Do(r)
	require.NoError(v.t, err)
	return resp
}

func (v *visitor) send(method, body string, headers ...string) reply {
	v.t.Helper()
	resp := v.open(v.t.Context(), method, body, headers...)
	defer resp.Body.Close()
	out := reply{status: resp.StatusCode, header: resp.Header}
	v.read(resp, func(id string, m message) bool {
		out.all, out.ids = append(out.all, m), append(out.ids, id)
		return true
	})
	return out
}

// read reads a response until each wants no more.
func (v *visitor) read(resp *http.Response, each func(id string, m message) bool) {
	if !strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		body, _ := io.ReadAll(resp.Body)
		if strings.HasPrefix(resp.Header.Get("Content-Type"), "application/json") {
			each("", parsed(v.t, body))
		}
		return
	}
	id := ""
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if text, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
			id = text
		}
		if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok && text != "" && !each(id, parsed(v.t, []byte(text))) {
			return
		}
	}
}

func (v *visitor) post(body string, headers ...string) reply {
	v.t.Helper()
	return v.send(http.MethodPost, body, headers...)
}

// body is a request of the visitor's era, and headers what goes with it.
func (v *visitor) body(id, method string, params map[string]any) (body string, headers []string) {
	v.t.Helper()
	if params == nil {
		params = map[string]any{}
	}
	if v.era == modernEra {
		meta, _ := params["_meta"].(map[string]any)
		if meta == nil {
			meta = map[string]any{}
		}
		meta["io.modelcontextprotocol/protocolVersion"] = v.era
		meta["io.modelcontextprotocol/clientCapabilities"] = map[string]any{}
		params["_meta"] = meta
		headers = []string{"Mcp-Protocol-Version", v.era, "Mcp-Method", method}
		if name, ok := params["name"].(string); ok {
			headers = append(headers, "Mcp-Name", name)
		}
		if uri, ok := params["uri"].(string); ok {
			headers = append(headers, "Mcp-Name", uri)
		}
	}
	raw, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": json.RawMessage(id), "method": method, "params": params})
	require.NoError(v.t, err)
	return string(raw), headers
}

func (v *visitor) request(id, method string, params map[string]any) reply {
	v.t.Helper()
	body, headers := v.body(id, method, params)
	return v.post(body, headers...)
}

// listen opens the GET stream; what comes is in order on the channel.
func (v *visitor) listen(headers ...string) <-chan message {
	v.t.Helper()
	news := make(chan message, 10_000)
	resp := v.open(v.t.Context(), http.MethodGet, "", headers...)
	require.Equal(v.t, http.StatusOK, resp.StatusCode)
	go func() {
		defer close(news)
		defer resp.Body.Close()
		v.read(resp, func(_ string, m message) bool { news <- m; return true })
	}()
	return news
}

// watchHTTP is what 100 watchers with five notifications each have seen, each on
// its own response.
func watchHTTP(t *testing.T, v *visitor) (w watched) {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			token := fmt.Sprintf("t%d", i)
			r := v.request(fmt.Sprint(i+1), "tools/call", withToken(tool("steps", nil), token))
			mu.Lock()
			defer mu.Unlock()
			seen, answered := 0, false
			for _, m := range r.all {
				switch {
				case m.Method == "":
					answered = true
				case answered:
					w.late++
				case m.Params["progressToken"] != token || m.Params["progress"] != float64(seen+1):
					w.disordered++
				default:
					seen++
				}
			}
			w.lost += 5 - seen
			if !answered {
				t.Error("no answer")
			}
		})
	}
	all.Wait()
	return w
}

// Faults 1, 2 and 4: whatever is sent during a call is on its own response, all of
// it, in order, whether there is a GET stream or not.
func TestHTTPWatchersHearEverythingOnTheirOwnResponse(t *testing.T) {
	for _, era := range []string{"2025-03-26", "2025-06-18", legacyEra, modernEra} {
		for _, listens := range []bool{false, true} {
			if listens && era == modernEra {
				continue
			}
			t.Run(fmt.Sprintf("%s/listens=%v", era, listens), func(t *testing.T) {
				v := overHTTP(t).visit(era)
				var news <-chan message
				if listens {
					news = v.listen()
				}
				for range 3 {
					assert.Equal(t, watched{}, watchHTTP(t, v))
				}
				assert.Empty(t, news)
			})
		}
	}
}

// Fault 4: an answer is plain JSON if nothing was sent before it, also in a session
// that has been told something, and what comes after an answer goes to the GET
// stream or nowhere.
func TestAnswerIsAnEventStreamOnlyIfSomethingCameBefore(t *testing.T) {
	for _, era := range []string{legacyEra, modernEra} {
		v := overHTTP(t).visit(era)
		kind := func(r reply) string { return r.header.Get("Content-Type") }
		assert.Equal(t, "application/json", kind(v.request("1", "tools/call", tool("steps", nil))))
		assert.Equal(t, "text/event-stream", kind(v.request("2", "tools/call", withToken(tool("steps", nil), "t"))))
		require.Equal(t, "application/json", kind(v.request("3", "tools/call", withToken(tool("late", nil), "t"))))
		close(v.world.open)
		require.NoError(t, await(t, v.ended, "late progress"))
		r := v.request("4", "tools/list", nil)
		assert.Equal(t, "application/json", kind(r))
		assert.Len(t, r.all, 1)
	}
	v := overHTTP(t).visit(legacyEra)
	news := v.listen()
	v.request("1", "tools/call", withToken(tool("late", nil), "t"))
	close(v.world.open)
	assert.Equal(t, "notifications/progress", await(t, news, "late progress").Method)
}

// Fault 11: a session is looked at by every method, and is over when it is deleted.
func TestHTTPSessions(t *testing.T) {
	v := overHTTP(t).visit(legacyEra)
	const ping = `{"jsonrpc":"2.0","id":1,"method":"ping"}`
	status := func(method string, headers ...string) int {
		resp := v.open(t.Context(), method, ping, headers...)
		defer resp.Body.Close()
		return resp.StatusCode
	}
	for _, method := range []string{http.MethodPost, http.MethodGet, http.MethodDelete} {
		assert.Equal(t, http.StatusNotFound, status(method, "Mcp-Session-Id", "another"), method)
		assert.Equal(t, http.StatusBadRequest, status(method, "Mcp-Session-Id", ""), method)
		assert.Equal(t, http.StatusBadRequest, status(method, "Mcp-Protocol-Version", "1999-01-01"), method)
	}
	news := v.listen()
	held := make(chan reply, 1)
	go func() { held <- v.request("9", "tools/call", tool("hold", nil)) }()
	await(t, v.held, "the call")
	assert.Equal(t, http.StatusOK, status(http.MethodPost))
	assert.Equal(t, http.StatusOK, status(http.MethodDelete))
	require.ErrorIs(t, await(t, v.ended, "the call"), context.Canceled)
	await(t, held, "the response")
	for range news {
		t.Error("news of a session that is over")
	}
	for _, method := range []string{http.MethodPost, http.MethodGet, http.MethodDelete} {
		assert.Equal(t, http.StatusNotFound, status(method), method)
	}
	assert.Equal(t, http.StatusMethodNotAllowed, status(http.MethodPut))
}

// Fault 11: nobody's session stays for ever, and a used one stays.
func TestHTTPSessionsExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		s := mcpwire.New(w.server, slog.New(slog.DiscardHandler)).Streamable()
		ask := func(body, session string) *httptest.ResponseRecorder {
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
			r.Header.Set("Mcp-Session-Id", session)
			out := httptest.NewRecorder()
			s.ServeHTTP(out, r)
			return out
		}
		const ping = `{"jsonrpc":"2.0","id":1,"method":"ping"}`
		session := ask(`{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}`, "").Header().Get("Mcp-Session-Id")
		for range 5 {
			time.Sleep(29 * time.Minute)
			require.Equal(t, http.StatusOK, ask(ping, session).Code)
		}
		time.Sleep(31 * time.Minute)
		require.Equal(t, http.StatusNotFound, ask(ping, session).Code)
		s.Close()
	})
}

// Fault 10: 2026-07-28 requests share nothing: the same ids meet in no place, and
// leaving ends one's own call alone.
func TestModernRequestsShareNothing(t *testing.T) {
	w := overHTTP(t)
	one, other := w.visit(modernEra), w.visit(modernEra)
	kept := make(chan reply, 1)
	go func() { kept <- one.request("5", "tools/call", tool("hold", nil)) }()
	await(t, w.held, "one's call")
	ctx, leave := context.WithCancel(t.Context())
	body, headers := other.body("5", "tools/call", withToken(tool("hold", nil), "t"))
	go func() {
		r, _ := http.NewRequestWithContext(ctx, http.MethodPost, w.base, strings.NewReader(body))
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		resp, err := w.client.Do(r)
		if err == nil {
			resp.Body.Close()
		}
	}()
	await(t, w.held, "the other's call")
	assert.Equal(t, http.StatusAccepted, other.post(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":5}}`, headers...).status)
	assert.Empty(t, w.ended)
	leave()
	require.ErrorIs(t, await(t, w.ended, "the other's call"), context.Canceled)
	close(w.world.open)
	assert.Nil(t, await(t, kept, "one's answer").last().Error)
}

// Before 2026-07-28 a client that leaves comes back for the rest, and its session
// alone may cancel.
func TestBrokenStreamIsTakenUpAgain(t *testing.T) {
	w := overHTTP(t)
	v, other := w.visit(legacyEra), w.visit(legacyEra)
	for n, comeBack := range []string{"before", "after"} {
		body, headers := v.body(fmt.Sprint(n+1), "tools/call", withToken(tool("stop", nil), "t"))
		ctx, leave := context.WithCancel(t.Context())
		resp := v.open(ctx, http.MethodPost, body, headers...)
		last := ""
		v.read(resp, func(id string, m message) bool { last = id; return m.Params["progress"] != 2.0 })
		leave()
		resp.Body.Close()
		other.post(fmt.Sprintf(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%d}}`, n+1))
		var rest reply
		if comeBack == "before" {
			next := make(chan reply, 1)
			go func() { next <- v.send(http.MethodGet, "", "Last-Event-ID", last) }()
			v.goOn <- struct{}{}
			rest = await(t, next, "the rest")
		} else {
			v.goOn <- struct{}{}
			require.NoError(t, await(t, v.ended, "the call"))
			for len(rest.all) < 4 { // the answer is written in a moment
				rest = v.send(http.MethodGet, "", "Last-Event-ID", last)
			}
		}
		require.Len(t, rest.all, 4, comeBack)
		for i, m := range rest.all[:3] {
			assert.InDelta(t, 3+i, m.Params["progress"], 0)
		}
		assert.Equal(t, fmt.Sprint(n+1), string(rest.last().ID))
		assert.Nil(t, rest.last().Error)
	}
	for _, id := range []string{"x", "1", "1-x", "-1-2"} {
		assert.Equal(t, http.StatusBadRequest, v.send(http.MethodGet, "", "Last-Event-ID", id).status)
	}
}

func TestLegacyCancellationOverHTTP(t *testing.T) {
	w := overHTTP(t)
	v, other := w.visit(legacyEra), w.visit(legacyEra)
	held := make(chan reply, 1)
	go func() { held <- v.request("5", "tools/call", tool("hold", nil)) }()
	await(t, w.held, "the call")
	const cancel = `{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":%s}}`
	other.post(fmt.Sprintf(cancel, "5"))
	v.post(fmt.Sprintf(cancel, `"5"`))
	assert.Empty(t, w.ended)
	v.post(fmt.Sprintf(cancel, "5"))
	require.ErrorIs(t, await(t, w.ended, "the call"), context.Canceled)
	r := await(t, held, "the response")
	assert.Equal(t, http.StatusAccepted, r.status)
	assert.Empty(t, r.all)
}

// The headers of 2026-07-28 and the statuses that go with its errors.
func TestModernHeadersAndStatuses(t *testing.T) {
	w := overHTTP(t)
	w.server.AddTool(mcp.NewTool("region", mcp.WithString("region", func(p map[string]any) { p["x-mcp-header"] = "Region" })),
		func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return mcp.NewToolResultText("ok"), nil
		})
	nested := mcp.NewToolWithRawSchema("nested", "", json.RawMessage(`{"type":"object","properties":{"at":{"type":"object","properties":{"zone":{"type":"string","X-MCP-Header":"Zone"}}}}}`))
	w.server.AddTool(nested, func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("ok"), nil
	})
	v := w.visit(modernEra)
	for _, c := range []struct {
		method  string
		params  map[string]any
		headers []string
		status  int
		code    int
	}{
		{"tools/list", nil, nil, 200, 0},
		{"tools/list", nil, []string{"Mcp-Method", "tools/call"}, 400, -32020},
		{"tools/list", nil, []string{"Mcp-Method", ""}, 400, -32020},
		{"tools/list", nil, []string{"Mcp-Protocol-Version", ""}, 400, -32020},
		{"tools/list", nil, []string{"Mcp-Protocol-Version", legacyEra}, 400, -32020},
		{"tools/list", nil, []string{"Last-Event-Id", "1-1"}, 400, -32020},
		{"tools/list", nil, []string{"Mcp-Session-Id", "whatever"}, 200, 0},
		{"tools/call", tool("echo", nil), nil, 200, 0},
		{"tools/call", tool("echo", nil), []string{"Mcp-Name", "other"}, 400, -32020},
		{"tools/call", tool("echo", nil), []string{"Mcp-Name", "=?base64?ZWNobw==?="}, 200, 0},
		{"tools/call", tool("region", map[string]any{"region": "eu"}), []string{"Mcp-Param-Region", "eu"}, 200, 0},
		{"tools/call", tool("region", map[string]any{"region": "eu"}), []string{"Mcp-Param-Region", "us"}, 400, -32020},
		{"tools/call", tool("region", map[string]any{"region": "eu"}), nil, 400, -32020},
		{"tools/call", tool("nested", map[string]any{"at": map[string]any{"zone": "a"}}), []string{"Mcp-Param-Zone", "a"}, 200, 0},
		{"tools/call", tool("nested", map[string]any{"at": map[string]any{"zone": "a"}}), nil, 400, -32020},
		{"tools/call", tool("refuse", nil), nil, 400, -32021},
		{"resources/read", map[string]any{"uri": "test://x"}, nil, 400, -32602},
		{"no/such", nil, nil, 404, -32601},
		{"ping", nil, nil, 404, -32601},
	} {
		body, headers := v.body("1", c.method, c.params)
		r := v.post(body, append(headers, c.headers...)...)
		assert.Equal(t, c.status, r.status, "%s %v", c.method, c.headers)
		assert.Empty(t, r.header.Get("Mcp-Session-Id"))
		require.Len(t, r.all, 1)
		if c.code == 0 {
			assert.Nil(t, r.last().Error)
		} else if assert.NotNil(t, r.last().Error) {
			assert.Equal(t, c.code, r.last().Error.Code, "%s %v", c.method, c.headers)
		}
	}
	body, headers := v.body("1", "tools/list", nil)
	far := strings.ReplaceAll(body, modernEra, "2999-01-01")
	r := v.post(far, append(headers, "Mcp-Protocol-Version", "2999-01-01")...)
	assert.Equal(t, http.StatusBadRequest, r.status)
	assert.Contains(t, r.last().line+fmt.Sprint(r.last().Error.Data), legacyEra)
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		r := v.send(method, "", "Mcp-Protocol-Version", modernEra)
		assert.Equal(t, http.StatusMethodNotAllowed, r.status)
		assert.Equal(t, http.MethodPost, r.header.Get("Allow"))
	}
}

// A subscription is told what it asked for, under its id, and ends with an answer
// when the server closes its streams.
func TestHTTPSubscriptions(t *testing.T) {
	v := overHTTP(t).visit(modernEra)
	told := make(chan message, 100)
	go func() {
		defer close(told)
		body, headers := v.body(`"s"`, "subscriptions/listen", map[string]any{"notifications": map[string]any{"toolsListChanged": true}})
		resp := v.open(t.Context(), http.MethodPost, body, headers...)
		defer resp.Body.Close()
		v.read(resp, func(_ string, m message) bool { told <- m; return true })
	}()
	assert.Equal(t, "notifications/subscriptions/acknowledged", await(t, told, "acknowledgement").Method)
	v.server.AddPrompt(mcp.NewPrompt("new"), nil)
	v.server.AddTool(mcp.NewTool("new"), nil)
	changed := await(t, told, "a change")
	assert.Equal(t, "notifications/tools/list_changed", changed.Method)
	assert.Contains(t, changed.line, `"io.modelcontextprotocol/subscriptionId":"s"`)
	v.endpoint.CloseStreams()
	assert.JSONEq(t, `"s"`, string(await(t, told, "the answer").ID))
}

func TestHTTPServerAsksTheClient(t *testing.T) {
	v := overHTTP(t).visit(legacyEra)
	body, headers := v.body("1", "tools/call", tool("ask", nil))
	resp := v.open(t.Context(), http.MethodPost, body, headers...)
	defer resp.Body.Close()
	var answer message
	v.read(resp, func(_ string, m message) bool {
		if m.Method == "elicitation/create" {
			assert.Equal(t, http.StatusAccepted, v.post(`{"jsonrpc":"2.0","id":`+string(m.ID)+`,"result":{"action":"decline"}}`).status)
			return true
		}
		answer = m
		return true
	})
	assert.Contains(t, answer.line, "decline")
}

// Fault 8 and 16: bodies are bounded, and batches are taken where they exist.
func TestHTTPBodies(t *testing.T) {
	w := overHTTP(t)
	old, v := w.visit("2025-03-26"), w.visit(legacyEra)
	const batch = `[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","id":"1","method":"ping"},{"jsonrpc":"2.0","method":"x"}]`
	r := old.post(batch)
	var answers []message
	require.NoError(t, json.Unmarshal([]byte(r.last().line), &answers))
	assert.Len(t, answers, 2)
	assert.Equal(t, http.StatusAccepted, old.post(`[{"jsonrpc":"2.0","method":"x"}]`).status)
	refused := v.post(batch)
	assert.Equal(t, http.StatusBadRequest, refused.status)
	assert.Equal(t, -32600, refused.last().Error.Code)
	assert.Equal(t, http.StatusRequestEntityTooLarge, v.post(strings.Repeat(" ", mcpwire.MaxMessage+1)).status)
	for body, code := range map[string]int{`{`: -32700, `{"jsonrpc":"2.0","id":1,"method":""}`: -32600, `{"jsonrpc":"2.0","id":1}`: -32600} {
		r := v.post(body)
		assert.Equal(t, http.StatusBadRequest, r.status)
		assert.Equal(t, code, r.last().Error.Code)
	}
}

// Whoever does not read their GET stream holds up nobody.
func TestDeafListenerHoldsNobodyUp(t *testing.T) {
	w := overHTTP(t)
	deaf, v := w.visit(legacyEra), w.visit(legacyEra)
	resp := deaf.open(t.Context(), http.MethodGet, "")
	defer resp.Body.Close()
	for i := range 20_000 { // more than a connection holds
		w.server.SendNotificationToAllClients("notifications/message", map[string]any{"level": "info", "data": strings.Repeat("x", 1000), "n": i})
	}
	assert.Nil(t, v.request("1", "ping", nil).last().Error)
	assert.Nil(t, deaf.request("1", "ping", nil).last().Error)
}

// A client that has lost its connection and comes back does not wait until the write
// to the lost one gives up, and nor does one that ends its session.
func TestLostConnectionHoldsNobodyUp(t *testing.T) {
	for _, then := range []string{http.MethodGet, http.MethodDelete} {
		w := overHTTP(t)
		v := w.visit(legacyEra)
		lost := v.open(t.Context(), http.MethodGet, "")
		t.Cleanup(func() { lost.Body.Close() })
		for range 1000 { // more than a connection holds, and few enough to wait
			w.server.SendNotificationToAllClients("notifications/message", map[string]any{"level": "info", "data": strings.Repeat("x", 32<<10)})
		}
		begun := time.Now()
		resp := v.open(t.Context(), then, "")
		assert.Equal(t, http.StatusOK, resp.StatusCode)
		assert.Less(t, time.Since(begun), 15*time.Second, "the write gives up after 30 s")
		resp.Body.Close()
	}
}

// endless is a body of blanks that counts what is read of it.
type endless struct{ read int }

func (e *endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = ' '
	}
	e.read += len(b)
	return len(b), nil
}

// Fault 8: of a body that does not end no more is read than is taken.
func TestEndlessBodyIsNotRead(t *testing.T) {
	w := mcpwire.New(newWorld(t).server, slog.New(slog.DiscardHandler))
	body := &endless{}
	out := httptest.NewRecorder()
	w.Streamable().ServeHTTP(out, httptest.NewRequest(http.MethodPost, "/", body))
	assert.Equal(t, http.StatusRequestEntityTooLarge, out.Code)
	assert.Less(t, body.read, 2*mcpwire.MaxMessage)
}

// A stream on which nothing happens shows signs of life.
func TestQuietStreamsShowSignsOfLife(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := mcpwire.New(newWorld(t).server, slog.New(slog.DiscardHandler)).Streamable()
		hello := httptest.NewRecorder()
		s.ServeHTTP(hello, httptest.NewRequest(http.MethodPost, "/", strings.NewReader(`{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}`)))
		ctx, leave := context.WithTimeout(t.Context(), 100*time.Second)
		defer leave()
		r := httptest.NewRequest(http.MethodGet, "/", nil).WithContext(ctx)
		r.Header.Set("Mcp-Session-Id", hello.Header().Get("Mcp-Session-Id"))
		out := httptest.NewRecorder()
		s.ServeHTTP(out, r)
		assert.Equal(t, 3, strings.Count(out.Body.String(), ": still here\n\n"))
		s.Close()
		time.Sleep(time.Second) // of the bubble: a goroutine may be parked
	})
}
