package mcpwire_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/mcpwire"
)

// overSSE serves a world over HTTP+SSE, on ours or on mcp-go's own.
func overSSE(t *testing.T, ours bool) *web {
	t.Helper()
	w := newWorld(t)
	mux := http.NewServeMux()
	end := func() {}
	if ours {
		sse := mcpwire.New(w.server, slog.New(slog.DiscardHandler)).SSE("/message")
		mux.HandleFunc("/sse", sse.Events)
		mux.HandleFunc("/message", sse.Messages)
		end = sse.Close
	} else {
		sse := server.NewSSEServer(w.server, server.WithUseFullURLForMessageEndpoint(false))
		mux.Handle("/sse", sse.SSEHandler())
		mux.Handle("/message", sse.MessageHandler())
		end = sse.CloseSessions
	}
	s := httptest.NewServer(mux)
	tr := &http.Transport{MaxIdleConnsPerHost: 100}
	t.Cleanup(func() {
		end()
		tr.CloseIdleConnections()
		s.Close()
	})
	return &web{world: w, t: t, base: s.URL, client: &http.Client{Transport: tr}}
}

// ssePeer is a client whose event stream is open until ctx ends.
func (w *web) ssePeer(ctx context.Context, era string) (news <-chan message, post func(body string) int) {
	w.t.Helper()
	do := func(ctx context.Context, method, path, body string) *http.Response {
		r, err := http.NewRequestWithContext(ctx, method, w.base+path, strings.NewReader(body))
		require.NoError(w.t, err)
		r.Header.Set("Content-Type", "application/json")
		resp, err := w.client.Do(r)
		require.NoError(w.t, err)
		return resp
	}
	resp := do(ctx, http.MethodGet, "/sse", "")
	require.Equal(w.t, http.StatusOK, resp.StatusCode)
	endpoint, all := make(chan string, 1), make(chan message, 10_000)
	go func() {
		defer close(all)
		defer resp.Body.Close()
		event := ""
		for lines := bufio.NewReader(resp.Body); ; {
			line, err := lines.ReadString('\n')
			if err != nil {
				return // what came of the last line is not whole
			}
			line = strings.TrimSpace(line)
			if name, ok := strings.CutPrefix(line, "event: "); ok {
				event = name
			}
			data, ok := strings.CutPrefix(line, "data: ")
			switch {
			case ok && event == "endpoint":
				endpoint <- data
			case ok:
				all <- parsed(w.t, []byte(data))
			}
		}
	}()
	target := await(w.t, endpoint, "endpoint")
	post = func(body string) int {
		resp := do(context.Background(), http.MethodPost, target, body)
		defer resp.Body.Close()
		return resp.StatusCode
	}
	require.Equal(w.t, http.StatusAccepted, post(fmt.Sprintf(`{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":%q,"capabilities":{"elicitation":{}},"clientInfo":{"name":"v","version":"1"}}}`, era)))
	require.Nil(w.t, await(w.t, all, "hello").Error)
	require.Equal(w.t, http.StatusAccepted, post(`{"jsonrpc":"2.0","method":"notifications/initialized"}`))
	return all, post
}

const callFrame = `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":%q,"arguments":{},"_meta":{"progressToken":"t%[1]d"}}}`

// watchSSE is what 100 watchers with five notifications each have seen.
func watchSSE(t *testing.T, news <-chan message, post func(string) int, from int) (w watched) {
	t.Helper()
	go func() {
		for i := range 100 {
			post(fmt.Sprintf(callFrame, from+i, "steps"))
		}
	}()
	seen, answered := map[any]int{}, map[any]bool{}
	for len(answered) < 100 {
		m := await(t, news, "a message")
		if m.Method == "" {
			answered["t"+string(m.ID)] = true
			continue
		}
		w.count(m, seen, answered[m.Params["progressToken"]])
	}
	for token := range answered {
		w.lost += 5 - seen[token]
	}
	return w
}

// Fault 2 over HTTP+SSE.
func TestSSEWatchersHearEverythingBeforeTheAnswerAndInOrder(t *testing.T) {
	for _, era := range []string{"2024-11-05", "2025-03-26", "2025-06-18", legacyEra} {
		news, post := overSSE(t, true).ssePeer(t.Context(), era)
		for round := range 3 {
			assert.Equal(t, watched{}, watchSSE(t, news, post, 1+1000*round), era)
		}
		post(`{"jsonrpc":"2.0","id":"last","method":"ping"}`)
		assert.Equal(t, `"last"`, string(await(t, news, "the last answer").ID), "nothing came late")
	}
}

// A session is its stream: when that ends, so do its calls, and other sessions do
// not notice.
func TestSSESessionEndsWithItsStream(t *testing.T) {
	w := overSSE(t, true)
	ctx, leave := context.WithCancel(t.Context())
	_, post := w.ssePeer(ctx, legacyEra)
	news, other := w.ssePeer(t.Context(), legacyEra)
	post(fmt.Sprintf(callFrame, 5, "hold"))
	await(t, w.held, "a call")
	other(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":5}}`)
	other(fmt.Sprintf(callFrame, 5, "hold"))
	await(t, w.held, "a call of the other's")
	assert.Empty(t, w.ended)
	leave()
	require.ErrorIs(t, await(t, w.ended, "the call"), context.Canceled)
	for post(`{"jsonrpc":"2.0","id":1,"method":"ping"}`) != http.StatusNotFound { // it is gone in a moment
		require.NoError(t, t.Context().Err())
	}
	close(w.open)
	assert.Equal(t, "5", string(await(t, news, "the other's answer").ID))
}

// Fault 16: HTTP+SSE does not have 2026-07-28, and answers every id.
func TestSSETakesWhatItHas(t *testing.T) {
	news, post := overSSE(t, true).ssePeer(t.Context(), "2025-03-26")
	assert.Equal(t, http.StatusBadRequest, post(`{"jsonrpc":"2.0","id":1,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`))
	assert.Equal(t, http.StatusBadRequest, post(`{`))
	assert.Equal(t, http.StatusRequestEntityTooLarge, post(strings.Repeat(" ", mcpwire.MaxMessage+1)))
	assert.Equal(t, http.StatusAccepted, post(`{"jsonrpc":"2.0","id":7,"method":""}`))
	assert.Equal(t, "7", string(await(t, news, "a refusal").ID))
	assert.Equal(t, http.StatusAccepted, post(`[{"jsonrpc":"2.0","id":8,"method":"ping"}]`))
	assert.Contains(t, await(t, news, "a batch").line, `[{"jsonrpc":"2.0","id":8,"result":{}}]`)
	post(fmt.Sprintf(callFrame, 9, "ask"))
	asked := await(t, news, "a question")
	require.Equal(t, "elicitation/create", asked.Method)
	post(`{"jsonrpc":"2.0","id":` + string(asked.ID) + `,"result":{"action":"cancel"}}`)
	assert.Contains(t, await(t, news, "the answer").line, "cancel")
}

// What is posted to a stream is done in the name of who posts it, not of who opened it.
func TestWhatIsPostedIsDoneForWhoPostsIt(t *testing.T) {
	t.Parallel()
	type credential struct{}
	seen := make(chan any, 1)
	s := server.NewMCPServer("small", "1", server.WithToolCapabilities(true))
	s.AddTool(mcp.NewTool("who"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		seen <- ctx.Value(credential{})
		return mcp.NewToolResultText("you"), nil
	})
	sse := mcpwire.New(s, slog.New(slog.DiscardHandler)).SSE("/message")
	mux := http.NewServeMux()
	mux.HandleFunc("/sse", sse.Events)
	mux.HandleFunc("/message", sse.Messages)
	listening := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mux.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), credential{}, r.Header.Get("X-Api-Key"))))
	}))
	tr := &http.Transport{}
	t.Cleanup(func() {
		sse.Close()
		tr.CloseIdleConnections()
		listening.Close()
	})
	send := func(key, method, path, body string) *http.Response {
		r, err := http.NewRequestWithContext(t.Context(), method, listening.URL+path, strings.NewReader(body))
		require.NoError(t, err)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("X-Api-Key", key)
		resp, err := (&http.Client{Transport: tr}).Do(r)
		require.NoError(t, err)
		return resp
	}
	stream := send("opener", http.MethodGet, "/sse", "")
	t.Cleanup(func() { stream.Body.Close() })
	lines := bufio.NewReader(stream.Body)
	next := func() string {
		for {
			line, err := lines.ReadString('\n')
			require.NoError(t, err)
			if data, ok := strings.CutPrefix(line, "data: "); ok {
				return strings.TrimSpace(data)
			}
		}
	}
	to := next()
	for _, body := range []string{
		`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2024-11-05","capabilities":{},"clientInfo":{"name":"raw","version":"1"}}}`,
		`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"who"}}`,
	} {
		send("poster", http.MethodPost, to, body).Body.Close()
		assert.Contains(t, next(), `"result"`)
	}
	assert.Equal(t, "poster", <-seen)
}
