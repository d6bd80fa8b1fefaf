package app_test

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/app"
)

// speaker is what both clients can do: call a method, and say hello.
type speaker interface {
	open() map[string]any
	request(method string, params map[string]any) map[string]any
	fails(method string, params map[string]any) (text string)
}

// cells is every way of talking to Trilha that a client may choose. 2026-07-28
// has no HTTP+SSE transport.
var cells = []struct {
	era, transport string
	library        string // why mcp-go's client does not do this cell; empty: it does
}{
	{"2024-11-05", "stdio", ""},
	{"2024-11-05", "sse", ""},
	{"2024-11-05", "http", ""},
	{"2025-06-18", "stdio", ""},
	{"2025-06-18", "sse", ""},
	{"2025-06-18", "http", ""},
	{"2025-11-25", "stdio", ""},
	{"2025-11-25", "sse", ""},
	{"2025-11-25", "http", ""},
	{modernEra, "stdio", ""},
	{modernEra, "http", ""},
}

// Both clients do the whole job in every cell. A stdio session of mcp-go is one
// for the process, so that the cells run one after the other.
func TestEveryClientInEveryEraOnEveryTransport(t *testing.T) {
	done, wanted := 0, 0
	for _, c := range cells {
		for _, kind := range []string{"raw", "library"} {
			if kind == "library" && c.library != "" {
				continue
			}
			wanted++
			t.Run(c.era+"/"+c.transport+"/"+kind, func(t *testing.T) {
				var s speaker
				if kind == "raw" {
					s = rawSpeaker(t, c.era, c.transport)
				} else {
					s = librarySpeaker(t, c.era, c.transport)
				}
				wholeJob(t, s)
				if !t.Failed() {
					done++ // nor is this reached by a cell that skips
				}
			})
		}
	}
	assert.Equal(t, wanted, done, "cells were skipped or failed")
	assert.Equal(t, 22, done, "eleven cells, two clients")
}

// wholeJob is what an assistant does with Trilha, from hello to the path.
func wholeJob(t *testing.T, s speaker) {
	t.Helper()
	hello := s.open()
	assert.Contains(t, hello["instructions"], "generate_learning_path_async")

	tools, _ := s.request("tools/list", nil)["tools"].([]any)
	var names []string
	for _, tool := range tools {
		name, _ := tool.(map[string]any)["name"].(string)
		names = append(names, name)
	}
	assert.Equal(t, []string{ // as they are used
		"generate_learning_path_async", "generate_learning_path", "get_task_status", "list_tasks", "cancel_task", "get_learning_path",
		"search_concepts", "list_learning_paths", "delete_learning_path",
	}, names)

	call := func(tool string, arguments map[string]any) map[string]any {
		t.Helper()
		return structured(t, s.request("tools/call", toolCall(tool, arguments)))
	}
	created := call("generate_learning_path_async", map[string]any{"topic": "machine learning", "language": "pt"})
	assert.Equal(t, "accepted", created["status"])
	id, _ := created["task_id"].(string)
	assert.Equal(t, "trilha://tasks/"+id, created["resource"])

	status := call("get_task_status", map[string]any{"task_id": id, "wait_seconds": 45})
	require.Equal(t, "completed", status["status"], status)
	assert.EqualValues(t, 100, status["progress"])
	pathID, _ := status["path_id"].(string)
	require.NotEmpty(t, pathID)

	path := call("get_learning_path", map[string]any{"id": pathID})
	assert.EqualValues(t, 15, path["steps"])
	assert.Contains(t, path["content"], "https://")

	listed := call("list_tasks", map[string]any{"status": "completed"})
	assert.EqualValues(t, 1, listed["total"])
	assert.Contains(t, listed["tasks"].([]any)[0], "task_id")

	ended := s.fails("tools/call", toolCall("cancel_task", map[string]any{"task_id": id}))
	assert.Contains(t, ended, id)
	assert.Contains(t, ended, "completed")

	found, _ := call("search_concepts", map[string]any{"query": "autovalor", "language": "pt"})["concepts"].([]any)
	require.NotEmpty(t, found)
	concept, _ := found[0].(map[string]any)["id"].(string)
	require.Contains(t, concept, "/")

	for _, r := range []struct{ uri, mime, contains string }{
		{"trilha://tasks", "application/json", id},
		{"trilha://tasks/" + id, "application/json", `"status":"completed"`},
		{"trilha://paths", "application/json", pathID},
		{"trilha://paths/" + pathID, "application/json", `"rootNodeId"`},
		{"trilha://paths/" + pathID + "/markdown", "text/markdown", "https://"},
		{"trilha://paths/" + pathID + "/mermaid", "text/vnd.mermaid", "flowchart"},
		{"trilha://concepts/" + concept, "application/json", concept},
		{"trilha://concepts/" + strings.ReplaceAll(concept, "/", "%2F"), "application/json", concept},
	} {
		contents, _ := s.request("resources/read", map[string]any{"uri": r.uri})["contents"].([]any)
		require.Len(t, contents, 1, r.uri)
		content, _ := contents[0].(map[string]any)
		assert.Equal(t, r.mime, content["mimeType"], r.uri)
		assert.Contains(t, content["text"], r.contains, r.uri)
	}
	assert.Contains(t, s.fails("resources/read", map[string]any{"uri": "trilha://tasks/nobody"}), "nobody")

	prompt := s.request("prompts/get", map[string]any{"name": "learn", "arguments": map[string]any{"topic": "Python", "language": "es"}})
	raw, err := json.Marshal(prompt["messages"])
	require.NoError(t, err)
	assert.Contains(t, string(raw), "Python")
	assert.Contains(t, string(raw), "language es")

	prompt = s.request("prompts/get", map[string]any{"name": "continue_learning", "arguments": map[string]any{"path": "aprendizagem"}})
	raw, err = json.Marshal(prompt["messages"])
	require.NoError(t, err)
	assert.Contains(t, string(raw), pathID)
	paths, _ := call("list_learning_paths", map[string]any{"query": "machine"})["paths"].([]any)
	require.Len(t, paths, 1)
	call("delete_learning_path", map[string]any{"path_id": pathID})
	assert.Contains(t, s.fails("tools/call", toolCall("get_learning_path", map[string]any{"id": id})), "was deleted")
}

func rawSpeaker(t *testing.T, era, over string) speaker {
	t.Helper()
	switch over {
	case "stdio":
		return stdioPeer(t, newApp(t, app.Stdio), era)
	case "sse":
		return ssePeer(t, serveHTTP(t, newApp(t, app.HTTP)), era)
	default:
		p, _ := httpPeer(t, serveHTTP(t, newApp(t, app.HTTP)), era)
		return p
	}
}

// fails gives the words of a request that must be an error, of the protocol or of
// a tool.
func (p *peer) fails(method string, params map[string]any) string {
	p.t.Helper()
	m := await(p.t, p.start(method, params), method)
	if m.Error != nil {
		return string(*m.Error)
	}
	return toolError(p.t, decode(p.t, m.Result))
}

func toolError(t *testing.T, result map[string]any) string {
	t.Helper()
	require.Equal(t, true, result["isError"], "%v", result)
	content, _ := result["content"].([]any)
	require.Len(t, content, 1)
	text, _ := content[0].(map[string]any)["text"].(string)
	return text
}

// library is mcp-go's own client.
type library struct {
	t   *testing.T
	era string
	c   *client.Client
}

func librarySpeaker(t *testing.T, era, over string) speaker {
	t.Helper()
	var c *client.Client
	var err error
	switch over {
	case "stdio":
		s := serveStdio(t, newApp(t, app.Stdio))
		c = client.NewClient(transport.NewIO(s.out, s.in, io.NopCloser(strings.NewReader(""))))
		t.Cleanup(func() { assert.NoError(t, await(t, s.done, "ServeStdio")) })
	case "sse":
		c, err = client.NewSSEMCPClient(serveHTTP(t, newApp(t, app.HTTP))+"/sse", transport.WithHTTPClient(httpClient(t)))
	default:
		c, err = client.NewStreamableHttpClient(serveHTTP(t, newApp(t, app.HTTP))+"/mcp", transport.WithHTTPBasicClient(httpClient(t)))
	}
	require.NoError(t, err)
	require.NoError(t, c.Start(t.Context()))
	t.Cleanup(func() { c.Close() })
	return &library{t, era, c}
}

func (l *library) open() map[string]any {
	l.t.Helper()
	r := mcp.InitializeRequest{}
	r.Params.ProtocolVersion = l.era
	r.Params.ClientInfo = mcp.Implementation{Name: "library", Version: "1"}
	result, err := l.c.Initialize(l.t.Context(), r)
	require.NoError(l.t, err)
	// What was asked for is what is spoken: it did not fall back to another era.
	require.Equal(l.t, l.era, l.c.ProtocolVersion())
	return l.plain(result)
}

func (l *library) request(method string, params map[string]any) map[string]any {
	l.t.Helper()
	result, err := l.send(method, params)
	require.NoError(l.t, err)
	return l.plain(result)
}

func (l *library) fails(method string, params map[string]any) string {
	l.t.Helper()
	result, err := l.send(method, params)
	if err != nil {
		return err.Error()
	}
	return toolError(l.t, l.plain(result))
}

func (l *library) send(method string, params map[string]any) (any, error) {
	ctx := l.t.Context()
	switch method {
	case "tools/list":
		return l.c.ListTools(ctx, mcp.ListToolsRequest{})
	case "tools/call":
		r := mcp.CallToolRequest{}
		r.Params.Name, _ = params["name"].(string)
		r.Params.Arguments = params["arguments"]
		return l.c.CallTool(ctx, r)
	case "resources/read":
		r := mcp.ReadResourceRequest{}
		r.Params.URI, _ = params["uri"].(string)
		return l.c.ReadResource(ctx, r)
	case "prompts/get":
		r := mcp.GetPromptRequest{}
		r.Params.Name, _ = params["name"].(string)
		r.Params.Arguments = map[string]string{}
		for k, v := range params["arguments"].(map[string]any) {
			r.Params.Arguments[k], _ = v.(string)
		}
		return l.c.GetPrompt(ctx, r)
	}
	return nil, fmt.Errorf("the library speaker does not know %s", method)
}

func (l *library) plain(v any) map[string]any {
	l.t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(l.t, err)
	return decode(l.t, raw)
}
