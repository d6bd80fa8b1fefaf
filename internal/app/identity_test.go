package app_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/app"
	"github.com/trilha/trilha/internal/config"
	"github.com/trilha/trilha/internal/identity"
	"github.com/trilha/trilha/internal/issuer/issuertest"
	"github.com/trilha/trilha/internal/keyring"
	"github.com/trilha/trilha/internal/task"
)

// keyFile makes a file with a key for each name, and gives the keys.
func keyFile(t *testing.T, names ...string) (file string, keys map[string]string) {
	t.Helper()
	file, keys = filepath.Join(t.TempDir(), "keys.json"), map[string]string{}
	for _, name := range names {
		keys[name] = addKey(t, file, name, identity.Limits{}, identity.Scopes()...)
	}
	return file, keys
}

func addKey(t *testing.T, file, name string, limits identity.Limits, scopes ...string) string {
	t.Helper()
	secret, k, err := keyring.New(name, scopes, limits)
	require.NoError(t, err)
	require.NoError(t, keyring.Add(t.Context(), file, k))
	return secret
}

// serveAs serves a new App with h, and gives its address.
func serveAs(t *testing.T, c config.Config, h config.HTTP, wrap func(task.Work) task.Work) (base string, a *app.App) {
	t.Helper()
	require.NoError(t, h.Check())
	a, err := app.NewShared(c, app.HTTP, t.Output(), wrap)
	require.NoError(t, err)
	require.NoError(t, a.Front(h))
	return serveHTTP(t, a), a
}

func plain(w task.Work) task.Work { return w }

// doors are requests that need a credential: one for every way in.
var doors = []struct{ name, method, path, body string }{
	{"legacy MCP", http.MethodPost, "/mcp", `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"raw","version":"1"}}}`},
	{"modern MCP", http.MethodPost, "/mcp", modernRequest("tools/list", "")},
	{"modern subscriptions", http.MethodPost, "/mcp", modernRequest("subscriptions/listen", `"notifications":{"resourceSubscriptions":["trilha://tasks/x"]},`)},
	{"modern tasks", http.MethodPost, "/mcp", modernRequest("tasks/get", `"taskId":"x",`)},
	{"news", http.MethodGet, "/mcp", ""},
	{"end of a session", http.MethodDelete, "/mcp", ""},
	{"SSE", http.MethodGet, "/sse", ""},
	{"SSE's messages", http.MethodPost, "/message?sessionId=x", `{"jsonrpc":"2.0","id":1,"method":"ping"}`},
	{"REST: create", http.MethodPost, "/generate_mcp_async?topic=python", ""},
	{"REST: make", http.MethodGet, "/generate_mcp?topic=python", ""},
	{"REST: status", http.MethodGet, "/status/x", ""},
	{"REST: events", http.MethodGet, "/status/x/events", ""},
	{"REST: list", http.MethodGet, "/tasks", ""},
	{"REST: cancel", http.MethodDelete, "/tasks/x", ""},
	{"REST: cache", http.MethodGet, "/cache_stats", ""},
	{"REST: clear", http.MethodPost, "/clear_cache", ""},
	{"docs", http.MethodGet, "/docs", ""},
	{"metrics", http.MethodGet, "/metrics", ""},
	{"nothing", http.MethodGet, "/", ""},
}

func modernRequest(method, params string) string {
	return `{"jsonrpc":"2.0","id":1,"method":"` + method + `","params":{` + params + `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28",` +
		`"io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"raw","version":"1"}}}}`
}

func TestBadCredentialsAreRefusedAtEveryDoor(t *testing.T) {
	t.Parallel()
	at := issuertest.Start(t, issuertest.OIDC)
	other := issuertest.Start(t, issuertest.OIDC)
	k, es := issuertest.NewKey(t, "one", jose.RS256), issuertest.NewKey(t, "es", jose.ES256)
	at.Show(k)
	at.Show(es)
	file, keys := keyFile(t, "ana", "bia")
	const audience = "https://paths.example/mcp"
	base, _ := serveAs(t, settings(), config.HTTP{
		Addr: "127.0.0.1:0", APIKeys: file, OAuthIssuer: at.URL, PublicURL: "https://paths.example", Rate: 0,
	}, plain)
	client := httpClient(t)
	ask := func(method, path, body, credential string) *http.Response {
		r := mustRequest(t.Context(), t, method, base+path, []byte(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "application/json, text/event-stream")
		if credential != "" {
			r.Header.Set("Authorization", "Bearer "+credential)
		}
		if strings.Contains(body, modernEra) {
			r.Header.Set("Mcp-Protocol-Version", modernEra)
		}
		return send(t, client, r)
	}
	good := map[string]string{
		"key": keys["ana"], "RS256": issuertest.Sign(t, k, at.Claims("ana", audience, nil)), "ES256": issuertest.Sign(t, es, at.Claims("ana", audience, nil)),
	}
	for name, credential := range good {
		for _, d := range doors[:2] {
			resp := ask(d.method, d.path, d.body, credential)
			resp.Body.Close()
			assert.NotEqual(t, http.StatusUnauthorized, resp.StatusCode, "%s: %s", name, d.name)
		}
	}
	_, err := keyring.Revoke(t.Context(), file, "bia")
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		resp := ask(http.MethodGet, "/nothing", "", keys["bia"])
		resp.Body.Close()
		return resp.StatusCode == http.StatusUnauthorized
	}, 5*time.Second, 50*time.Millisecond, "a revoked key is refused soon")
	unknown := issuertest.NewKey(t, "unheard-of", jose.RS256)
	forged := issuertest.NewKey(t, "one", jose.RS256)
	for name, credential := range map[string]string{
		"none": "", "revoked key": keys["bia"], "a key's beginning": keys["ana"][:20],
		"expired":          issuertest.Sign(t, k, at.Claims("ana", audience, map[string]any{"exp": time.Now().Add(-time.Minute).Unix()})),
		"wrong audience":   issuertest.Sign(t, k, at.Claims("ana", "https://other.example/mcp", nil)),
		"wrong issuer":     issuertest.Sign(t, k, other.Claims("ana", audience, nil)),
		"alg none":         issuertest.Unsigned(t, at.Claims("ana", audience, nil)),
		"unknown key":      issuertest.Sign(t, unknown, at.Claims("ana", audience, nil)),
		"another's signed": issuertest.Sign(t, forged, at.Claims("ana", audience, nil)),
	} {
		for _, d := range doors {
			resp := ask(d.method, d.path, d.body, credential)
			resp.Body.Close()
			assert.Equal(t, http.StatusUnauthorized, resp.StatusCode, "%s: %s", name, d.name)
			assert.Contains(t, resp.Header.Get("WWW-Authenticate"), "https://paths.example/.well-known/oauth-protected-resource", name)
		}
	}
}

// What was opened under a key ends when the key does.
func TestARevokedKeyEndsWhatItOpened(t *testing.T) {
	t.Parallel()
	file, keys := keyFile(t, "ana", "bia")
	g := newGate()
	base, _ := serveAs(t, settings(), config.HTTP{Addr: "127.0.0.1:0", APIKeys: file}, g.around)
	p, _ := httpPeer(t, base, modernEra, keys["ana"])
	id := p.create("python", nil)
	await(t, g.started, "start")
	opened := map[string]*http.Response{}
	client := httpClient(t, keys["ana"])
	for name, r := range map[string]*http.Request{
		"SSE":           mustRequest(t.Context(), t, http.MethodGet, base+"/sse", nil),
		"subscriptions": mustRequest(t.Context(), t, http.MethodPost, base+"/mcp", []byte(modernRequest("subscriptions/listen", `"notifications":{"resourceSubscriptions":["trilha://tasks/`+id+`"]},`))),
		"events":        mustRequest(t.Context(), t, http.MethodGet, base+"/status/"+id+"/events", nil),
	} {
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept", "application/json, text/event-stream")
		if name == "subscriptions" {
			r.Header.Set("Mcp-Protocol-Version", modernEra)
			r.Header.Set("Mcp-Method", "subscriptions/listen")
		}
		resp := send(t, client, r)
		require.Equal(t, http.StatusOK, resp.StatusCode, name)
		opened[name] = resp
	}
	_, err := keyring.Revoke(t.Context(), file, "ana")
	require.NoError(t, err)
	began := time.Now()
	for name, resp := range opened {
		_, err := io.Copy(io.Discard, resp.Body)
		assert.NoError(t, err, "%s: closed properly", name)
		resp.Body.Close()
	}
	assert.Less(t, time.Since(began), 10*time.Second)
	close(g.open)
}

func TestAReaderMakesNothing(t *testing.T) {
	t.Parallel()
	file, _ := keyFile(t)
	reader := addKey(t, file, "ana", identity.Limits{}, identity.Read)
	base, _ := serveAs(t, settings(), config.HTTP{Addr: "127.0.0.1:0", APIKeys: file}, plain)
	for _, era := range []string{"2025-11-25", modernEra} {
		p, _ := httpPeer(t, base, era, reader)
		p.open()
		assert.NotEmpty(t, p.tool("search_concepts", map[string]any{"query": "python"}))
	}
	client := httpClient(t, reader)
	r := mustRequest(t.Context(), t, http.MethodPost, base+"/mcp", []byte(modernRequest("tools/call", `"name":"generate_learning_path_async","arguments":{"topic":"python"},`)))
	r.Header.Set("Content-Type", "application/json")
	resp := send(t, client, r)
	resp.Body.Close()
	assert.Equal(t, http.StatusForbidden, resp.StatusCode)
	assert.Contains(t, resp.Header.Get("WWW-Authenticate"), `error="insufficient_scope"`)
}

// Too many calls are told to the model, whichever way they come: a batch is no way
// round.
func TestTooManyCallsAreToldToTheModel(t *testing.T) {
	t.Parallel()
	file, _ := keyFile(t)
	key := addKey(t, file, "ana", identity.Limits{Rate: 1}, identity.Scopes()...)
	base, _ := serveAs(t, settings(), config.HTTP{Addr: "127.0.0.1:0", APIKeys: file}, plain)
	p, _ := httpPeer(t, base, modernEra, key)
	refused := 0
	for range 15 {
		m := await(t, p.start("tools/call", toolCall("search_concepts", map[string]any{"query": "python"})), "a call")
		require.Nil(t, m.Error)
		result := decode(t, m.Result)
		if result["isError"] == true {
			refused++
			assert.Contains(t, string(m.Result), "too many requests. Wait ")
		}
	}
	assert.InDelta(t, 5, refused, 2)
	m := await(t, p.start("resources/read", map[string]any{"uri": "trilha://tasks"}), "a read")
	require.NotNil(t, m.Error)
	assert.Contains(t, string(*m.Error), "too many requests")
}

// The limits of a key are those of its tasks.
func TestAKeyHasLimitsOfItsOwn(t *testing.T) {
	t.Parallel()
	file, _ := keyFile(t)
	key := addKey(t, file, "ana", identity.Limits{Waiting: 1, Running: 1}, identity.Scopes()...)
	g := newGate()
	base, _ := serveAs(t, settings(), config.HTTP{Addr: "127.0.0.1:0", APIKeys: file}, g.around)
	p, _ := httpPeer(t, base, modernEra, key)
	p.create("python", nil)
	await(t, g.started, "the first, which runs")
	p.create("linear algebra", nil)
	m := await(t, p.start("tools/call", toolCall("generate_learning_path_async", map[string]any{"topic": "music theory"})), "a call")
	assert.Contains(t, string(m.Result), "1 tasks are waiting already")
	assert.Empty(t, g.started, "one at a time")
	close(g.open)
}

func TestTheAnonymousShareNothing(t *testing.T) {
	t.Parallel()
	base, _ := serveAs(t, settings(), config.HTTP{Addr: "127.0.0.1:0", Insecure: true}, plain)
	for _, era := range []string{"2025-11-25", modernEra} {
		one, _ := httpPeer(t, base, era)
		two, _ := httpPeer(t, base, era)
		one.open()
		two.open()
		made := func(p *peer) (id, path string) {
			answer := p.tool("generate_learning_path_async", map[string]any{"topic": "linear algebra", "idempotency_key": "same"})
			id, _ = answer["task_id"].(string)
			done := p.tool("get_task_status", map[string]any{"task_id": id, "wait_seconds": 45})
			path, _ = done["path_id"].(string)
			return id, path
		}
		first, firstPath := made(one)
		second, secondPath := made(two)
		assert.NotEqual(t, first, second, "a task of one's own, whatever others ask for")
		assert.NotEqual(t, firstPath, secondPath, "and a path")
		// By their ids they are reached, from wherever.
		assert.NotEmpty(t, two.tool("get_task_status", map[string]any{"task_id": first}))
		assert.NotEmpty(t, two.tool("get_learning_path", map[string]any{"id": firstPath}))
		// Without an id nothing is.
		assert.EqualValues(t, 0, one.tool("list_tasks", nil)["total"])
		assert.Empty(t, one.tool("list_learning_paths", nil)["paths"])
		for _, uri := range []string{"trilha://tasks", "trilha://paths"} {
			assert.NotContains(t, mustJSON(t, one.request("resources/read", map[string]any{"uri": uri})), first)
		}
		completed := one.request("completion/complete", map[string]any{
			"ref": map[string]any{"type": "ref/resource", "uri": "trilha://tasks/{task_id}"}, "argument": map[string]any{"name": "task_id", "value": ""},
		})
		assert.NotContains(t, mustJSON(t, completed), first)
		offered := one.request("prompts/get", map[string]any{"name": "continue_learning", "arguments": map[string]any{}})
		assert.NotContains(t, mustJSON(t, offered), firstPath)
		// Deleting one's own leaves the other's.
		one.tool("delete_learning_path", map[string]any{"path_id": firstPath})
		assert.NotEmpty(t, two.tool("get_learning_path", map[string]any{"id": secondPath}))
	}
}

func TestOnlyWhatIsOfferedCanBeCalled(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		set   func(*config.Config)
		tools []string
	}{
		{"read-only", func(c *config.Config) { c.ReadOnly = true }, []string{"get_learning_path", "get_task_status", "list_learning_paths", "list_tasks", "search_concepts"}},
		{"some", func(c *config.Config) { c.Tools = []string{"search_concepts", "list_tasks"} }, []string{"list_tasks", "search_concepts"}},
		{"all but one", func(c *config.Config) { c.ExcludeTools = []string{"delete_learning_path"} }, []string{
			"cancel_task", "generate_learning_path", "generate_learning_path_async", "get_learning_path", "get_task_status", "list_learning_paths", "list_tasks", "search_concepts",
		}},
	} {
		s := settings()
		c.set(&s)
		a, err := app.New(s, app.Stdio, t.Output())
		require.NoError(t, err)
		p := stdioPeer(t, a, modernEra)
		var names []string
		for _, tool := range p.request("tools/list", nil)["tools"].([]any) {
			names = append(names, tool.(map[string]any)["name"].(string))
		}
		assert.ElementsMatch(t, c.tools, names, c.name)
		m := await(t, p.start("tools/call", toolCall("delete_learning_path", map[string]any{"id": "x"})), "a call")
		assert.NotNil(t, m.Error, c.name)
	}
	s := settings()
	s.Tools = []string{"serch_concepts"}
	_, err := app.New(s, app.Stdio, t.Output())
	assert.ErrorContains(t, err, `there is no tool "serch_concepts"`)
	assert.ErrorContains(t, err, "search_concepts")
	s.Tools, s.ReadOnly = []string{"cancel_task"}, true
	_, err = app.New(s, app.Stdio, t.Output())
	assert.ErrorContains(t, err, "none is left")
}

func TestReadinessFollowsTheStore(t *testing.T) {
	t.Parallel()
	a := newApp(t, app.HTTP)
	base := serveHTTP(t, a)
	resp := send(t, httpClient(t), mustRequest(t.Context(), t, http.MethodGet, base+"/readyz", nil))
	raw, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	resp.Body.Close()
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	assert.True(t, bytes.Contains(raw, []byte("ready")))
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return string(raw)
}
