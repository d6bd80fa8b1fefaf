package app_test

import (
	"bufio"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/config"
	"github.com/trilha/trilha/internal/identity"
)

// What is not offered is not reached by another way, and nobody is led to it.
func TestWhatChangesNothingOffersNothingThatDoes(t *testing.T) {
	t.Parallel()
	s := settings()
	s.ReadOnly = true
	base, _ := serveAs(t, s, config.HTTP{Addr: "127.0.0.1:0"}, plain)
	for _, at := range []struct{ method, path string }{
		{http.MethodPost, "/generate_mcp_async?topic=python"},
		{http.MethodGet, "/generate_mcp?topic=python"},
		{http.MethodHead, "/generate_mcp?topic=python"},
		{http.MethodGet, "/%67enerate_mcp?topic=python"},
		{http.MethodDelete, "/tasks/" + nobodys},
		{http.MethodPost, "/clear_cache"},
	} {
		resp := send(t, httpClient(t), mustRequest(t.Context(), t, at.method, base+at.path, nil))
		resp.Body.Close()
		assert.Equal(t, http.StatusForbidden, resp.StatusCode, at)
	}
	resp := send(t, httpClient(t), mustRequest(t.Context(), t, http.MethodGet, base+"/tasks", nil))
	resp.Body.Close()
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	for _, era := range []string{"2025-11-25", modernEra} {
		p, _ := httpPeer(t, base, era)
		p.open()
		assert.Equal(t, []string{"continue_learning"}, names(p.request("prompts/list", nil), "prompts"))
		offered := mustJSON(t, p.request("prompts/get", map[string]any{"name": "continue_learning", "arguments": map[string]any{}}))
		assert.NotContains(t, offered, "generate_learning_path")
		for _, m := range []struct {
			method string
			params map[string]any
		}{
			{"prompts/get", map[string]any{"name": "learn", "arguments": map[string]any{"topic": "python"}}},
			{"completion/complete", map[string]any{"ref": map[string]any{"type": "ref/prompt", "name": "learn"}, "argument": map[string]any{"name": "topic", "value": "py"}}},
			{"tools/call", toolCall("generate_learning_path_async", map[string]any{"topic": "python"})},
			{"tasks/cancel", map[string]any{"taskId": nobodys}},
			{"tasks/update", map[string]any{"taskId": nobodys, "inputResponses": map[string]any{}}},
		} {
			answer := await(t, p.start(m.method, m.params), m.method)
			assert.NotNil(t, answer.Error, "%s, %s", era, m.method)
		}
	}
}

// A tool that is left out makes no task for those either who would have its call be one.
func TestAnExcludedToolMakesNoTask(t *testing.T) {
	t.Parallel()
	s := settings()
	s.ExcludeTools = []string{"generate_learning_path", "get_learning_path"}
	base, _ := serveAs(t, s, config.HTTP{Addr: "127.0.0.1:0"}, plain)
	for _, era := range []string{"2025-11-25", modernEra} {
		p, _ := httpPeer(t, base, era)
		first := p.open()
		assert.Contains(t, mustJSON(t, first), "This server offers only generate_learning_path_async, ")
		call := toolCall("generate_learning_path", map[string]any{"topic": "python"})
		call["task"] = map[string]any{"ttl": 60_000}
		answer := await(t, p.start("tools/call", call), "a call")
		assert.NotNil(t, answer.Error, era)
		assert.Empty(t, names(p.request("prompts/list", nil), "prompts"), "each leads to what is left out")
		assert.EqualValues(t, 0, p.tool("list_tasks", nil)["total"])
	}
}

// A session is its principal's, and what is done in it is done with the credential of
// each request: a second key of one name, which may only read, writes nothing in what the
// first has opened, however it spells a message.
func TestAReaderWritesNothingInTheSessionOfAWriter(t *testing.T) {
	t.Parallel()
	file, _ := keyFile(t)
	writer := addKey(t, file, "ana", identity.Limits{}, identity.Scopes()...)
	reader := addKey(t, file, "ana", identity.Limits{}, identity.Read)
	base, _ := serveAs(t, settings(), config.HTTP{Addr: "127.0.0.1:0", APIKeys: file}, plain)
	stream, err := httpClient(t, writer).Get(base + "/sse")
	require.NoError(t, err)
	defer stream.Body.Close()
	lines := bufio.NewReader(stream.Body)
	next := func(prefix string) string {
		for {
			line, err := lines.ReadString('\n')
			require.NoError(t, err)
			if rest, ok := strings.CutPrefix(line, prefix); ok {
				return strings.TrimSpace(rest)
			}
		}
	}
	messages := base + next("data: ")
	post := func(key, url, body, session string) *http.Response {
		r := mustRequest(t.Context(), t, http.MethodPost, url, []byte(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "application/json, text/event-stream")
		if session != "" {
			r.Header.Set("Mcp-Session-Id", session)
		}
		return send(t, httpClient(t, key), r)
	}
	const hello = `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"raw","version":"1"}}}`
	post(writer, messages, hello, "").Body.Close()
	next("data: ")
	opened := post(writer, base+"/mcp", hello, "")
	opened.Body.Close()
	session := opened.Header.Get("Mcp-Session-Id")
	require.NotEmpty(t, session)
	for i, spelt := range []string{
		`"method":"tools/call","params":{"name":"generate_learning_path_async","arguments":{"topic":"python"}}`,
		`"method":"tools/call","Method":"ping","params":{"name":"generate_learning_path_async","arguments":{"topic":"python"}}`,
		`"method":"tools/call","params":{"name":"generate_learning_path_async","Name":"search_concepts","arguments":{"topic":"python"}}`,
		`"method":"tools/call","params":{"name":"generate_learning_path_async","arguments":{"topic":"python"}},"Params":{"name":"search_concepts"}`,
		`"method":"tools\u002fcall","params":{"n\u0061me":"generate_learning_path_async","arguments":{"topic":"python"}}`,
	} {
		body := fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,%s}`, i+2, spelt)
		for _, resp := range []*http.Response{post(reader, messages, body, ""), post(reader, base+"/mcp", body, session)} {
			resp.Body.Close()
			assert.Equal(t, http.StatusForbidden, resp.StatusCode, spelt)
		}
	}
	// What no look into the body would have seen is refused where it is done.
	post(reader, messages, `{"jsonrpc":"2.0","id":90,"method":"ping"}`, "").Body.Close()
	assert.Contains(t, next("data: "), `"id":90`)
	p, _ := httpPeer(t, base, modernEra, writer)
	assert.EqualValues(t, 0, p.tool("list_tasks", nil)["total"])
}

// names gives the names of what a list has.
func names(list map[string]any, member string) (found []string) {
	for _, one := range list[member].([]any) {
		found = append(found, one.(map[string]any)["name"].(string))
	}
	return found
}
