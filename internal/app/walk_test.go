package app_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/app"
	"github.com/trilha/trilha/internal/config"
	"github.com/trilha/trilha/internal/task"
)

const nobodys = "00000000-0000-4000-8000-000000000000"

// walked is every tool, with the arguments that name an id, or nil where it takes
// none. One that is not here fails the walk.
var walkedTools = map[string]func(id string) map[string]any{
	"generate_learning_path_async": nil,
	"generate_learning_path":       nil,
	"get_task_status":              func(id string) map[string]any { return map[string]any{"task_id": id} },
	"list_tasks":                   nil,
	"cancel_task":                  func(id string) map[string]any { return map[string]any{"task_id": id} },
	"get_learning_path":            func(id string) map[string]any { return map[string]any{"id": id} },
	"search_concepts":              nil,
	"list_learning_paths":          nil,
	"delete_learning_path":         func(id string) map[string]any { return map[string]any{"path_id": id} },
}

// walkedResources are the resources and templates, with an address for an id.
var walkedResources = map[string]func(id string) string{
	"trilha://tasks":                        func(string) string { return "trilha://tasks" },
	"trilha://paths":                        func(string) string { return "trilha://paths" },
	"trilha://tasks/{task_id}":              func(id string) string { return "trilha://tasks/" + id },
	"trilha://paths/{path_id}":              func(id string) string { return "trilha://paths/" + id },
	"trilha://paths/{path_id}/{format}":     func(id string) string { return "trilha://paths/" + id + "/markdown" },
	"trilha://concepts/{concept_id}":        func(id string) string { return "trilha://concepts/" + id },
	"trilha://concepts/{subject}/{concept}": func(id string) string { return "trilha://concepts/" + id + "/x" },
}

// walkedPrompts are the prompts, with the arguments for an id.
var walkedPrompts = map[string]func(id string) map[string]any{
	"learn":             func(string) map[string]any { return map[string]any{"topic": "python"} },
	"continue_learning": func(id string) map[string]any { return map[string]any{"path": id} },
}

// walkedMethods are the methods of MCP that a layer above mcp-go answers.
var walkedMethods = map[string]func(id string) map[string]any{
	"tasks/get":    func(id string) map[string]any { return map[string]any{"taskId": id} },
	"tasks/result": func(id string) map[string]any { return map[string]any{"taskId": id} },
	"tasks/cancel": func(id string) map[string]any { return map[string]any{"taskId": id} },
	"tasks/update": func(id string) map[string]any {
		return map[string]any{"taskId": id, "inputResponses": map[string]any{}}
	},
	"tasks/list": func(string) map[string]any { return map[string]any{} },
	"tools/call": nil, // of every tool, above
	// A stream, which is listened to below.
	"subscriptions/listen": nil,
}

// walkedRoutes are the routes over HTTP that are not MCP's messages; nil is one that
// tells nothing of anybody.
var walkedRoutes = map[string]func(id string) (method, target string){
	"/mcp": nil, "/sse": nil, "/message": nil, // walked as MCP, and for sessions below
	"GET /healthz": nil, "GET /readyz": nil,

	"GET /health":                  nil,
	"POST /generate_mcp_async":     nil, // one's own, by owner in package tutor
	"GET /generate_mcp":            nil,
	"GET /status/{task_id}":        func(id string) (string, string) { return http.MethodGet, "/status/" + id },
	"GET /status/{task_id}/events": func(id string) (string, string) { return http.MethodGet, "/status/" + id + "/events" },
	"GET /tasks":                   func(string) (string, string) { return http.MethodGet, "/tasks" },
	"DELETE /tasks/{task_id}":      func(id string) (string, string) { return http.MethodDelete, "/tasks/" + id },
	"GET /cache_stats":             func(string) (string, string) { return http.MethodGet, "/cache_stats" },
	"POST /clear_cache":            func(string) (string, string) { return http.MethodPost, "/clear_cache" },
}

// To everyone but its owner a task and its path are as if they did not exist,
// whichever way one asks. What the server offers and this does not know of fails.
func TestEveryFaceKeepsPrincipalsApart(t *testing.T) {
	t.Parallel()
	for _, era := range []string{"2025-11-25", modernEra} {
		t.Run(era, func(t *testing.T) {
			t.Parallel()
			newWalk(t, era).all()
		})
	}
}

type walk struct {
	t          *testing.T
	base       string
	keys       map[string]string
	ana, bia   *peer
	listen     func()
	ids        []string // of ana's: a running task, a finished one, its path
	running    string
	open       chan struct{}
	app        *app.App
	biaSession *http.Client
}

func newWalk(t *testing.T, era string) *walk {
	t.Helper()
	file, keys := keyFile(t, "ana", "bia")
	g := newGate()
	hold := func(w task.Work) task.Work { return held(g.around(w), w) }
	w := &walk{t: t, keys: keys, open: g.open}
	w.base, w.app = serveAs(t, settings(), config.HTTP{Addr: "127.0.0.1:0", APIKeys: file}, hold)
	w.ana, _ = httpPeer(t, w.base, era, keys["ana"])
	w.bia, w.listen = httpPeer(t, w.base, era, keys["bia"])
	w.ana.open()
	w.bia.open()
	done := w.ana.create("linear algebra", nil)
	path, _ := w.ana.tool("get_task_status", map[string]any{"task_id": done, "wait_seconds": 45})["path_id"].(string)
	require.NotEmpty(t, path)
	w.running = w.ana.create("python", "ana's token")
	await(t, g.started, "start")
	w.ids = []string{w.running, done, path}
	w.biaSession = httpClient(t, keys["bia"])
	return w
}

// held holds back what is about Python.
func held(back, work task.Work) task.Work {
	return func(ctx context.Context, run task.Run) (json.RawMessage, error) {
		if strings.Contains(strings.ToLower(run.Task().Description), "python") {
			return back(ctx, run)
		}
		return work(ctx, run)
	}
}

func (w *walk) all() {
	w.tools()
	w.resources()
	w.prompts()
	w.methods()
	w.routes()
	w.sessions()
	w.notifications()
	for _, id := range w.ids[:2] { // and nothing of it has done anything
		assert.NotEqual(w.t, "cancelled", w.ana.tool("get_task_status", map[string]any{"task_id": id})["status"])
	}
	assert.NotEmpty(w.t, w.ana.tool("get_learning_path", map[string]any{"id": w.ids[2]}))
}

// same holds that bia is answered alike about what is ana's and what is nobody's.
func (w *walk) same(method string, params func(id string) map[string]any) {
	w.t.Helper()
	nobody := w.answer(method, params(nobodys))
	for _, id := range w.ids {
		got := w.answer(method, params(id))
		w.alike(nobody, strings.ReplaceAll(got, id, nobodys), fmt.Sprint(method, params(id)))
		w.clean(got, fmt.Sprint(method, params(id)), id)
	}
}

func (w *walk) alike(nobody, got, what string) {
	w.t.Helper()
	assert.Equal(w.t, nobody, got, what)
}

// clean holds that an answer names nothing of ana's but what was asked for.
func (w *walk) clean(answer, what, asked string) {
	w.t.Helper()
	for _, id := range w.ids {
		if id != asked {
			assert.NotContains(w.t, answer, id, what)
		}
	}
}

func (w *walk) answer(method string, params map[string]any) string {
	w.t.Helper()
	m := await(w.t, w.bia.start(method, params), method)
	if m.Error != nil {
		return "error " + string(*m.Error)
	}
	return string(m.Result)
}

func listed(answer, list, member string) (names []string) {
	var lists map[string]json.RawMessage
	_ = json.Unmarshal([]byte(answer), &lists)
	var members []map[string]any
	_ = json.Unmarshal(lists[list], &members)
	for _, m := range members {
		names = append(names, fmt.Sprint(m[member]))
	}
	return names
}

func (w *walk) tools() {
	names := listed(w.answer("tools/list", nil), "tools", "name")
	require.ElementsMatch(w.t, keysOf(walkedTools), names, "add the tool to walkedTools")
	for name, arguments := range walkedTools {
		if arguments != nil {
			w.same("tools/call", func(id string) map[string]any { return toolCall(name, arguments(id)) })
		}
	}
	for _, name := range []string{"list_tasks", "list_learning_paths"} {
		w.clean(w.answer("tools/call", toolCall(name, nil)), name, "")
	}
}

func (w *walk) resources() {
	names := append(listed(w.answer("resources/list", nil), "resources", "uri"),
		listed(w.answer("resources/templates/list", nil), "resourceTemplates", "uriTemplate")...)
	require.ElementsMatch(w.t, keysOf(walkedResources), names, "add the resource to walkedResources")
	for _, name := range names {
		address := walkedResources[name]
		if !strings.Contains(name, "{") {
			w.clean(w.answer("resources/read", map[string]any{"uri": address("")}), name, "")
			continue
		}
		w.same("resources/read", func(id string) map[string]any { return map[string]any{"uri": address(id)} })
		for _, variable := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(name, -1) {
			for _, typed := range append([]string{""}, w.ids[0][:4], w.ids[1][:4], w.ids[2][:4]) {
				w.clean(w.answer("completion/complete", map[string]any{
					"ref": map[string]any{"type": "ref/resource", "uri": name}, "argument": map[string]any{"name": variable[1], "value": typed},
				}), "completion of "+variable[1], "")
			}
		}
	}
}

func (w *walk) prompts() {
	names := listed(w.answer("prompts/list", nil), "prompts", "name")
	require.ElementsMatch(w.t, keysOf(walkedPrompts), names, "add the prompt to walkedPrompts")
	for name, arguments := range walkedPrompts {
		w.same("prompts/get", func(id string) map[string]any { return map[string]any{"name": name, "arguments": arguments(id)} })
	}
}

func (w *walk) methods() {
	for _, method := range w.app.Handled() {
		params, ok := walkedMethods[method]
		if assert.True(w.t, ok, "add %s to walkedMethods", method) && params != nil {
			w.same(method, func(id string) map[string]any {
				p := params(id)
				p["_meta"] = map[string]any{"io.modelcontextprotocol/clientCapabilities": map[string]any{
					"extensions": map[string]any{"io.modelcontextprotocol/tasks": map[string]any{}},
				}}
				return p
			})
		}
	}
}

func (w *walk) routes() {
	for _, route := range append(w.app.Routes(), w.documented()...) {
		request, ok := walkedRoutes[route]
		if !assert.True(w.t, ok, "add %s to walkedRoutes", route) || request == nil {
			continue
		}
		nobody := w.fetch(request(nobodys))
		for _, id := range w.ids {
			got := w.fetch(request(id))
			w.alike(nobody, strings.ReplaceAll(got, id, nobodys), route)
			w.clean(got, route, id)
		}
	}
}

// documented lists the operations of the OpenAPI document.
func (w *walk) documented() (routes []string) {
	status, body, _ := strings.Cut(w.fetch(http.MethodGet, "/openapi.json"), " ")
	if status == "404" {
		w.t.Error("there is no document of the REST face")
	}
	var document struct {
		Paths map[string]map[string]any `json:"paths"`
	}
	require.NoError(w.t, json.Unmarshal([]byte(body), &document))
	for path, methods := range document.Paths {
		for method := range methods {
			routes = append(routes, strings.ToUpper(method)+" "+path)
		}
	}
	return routes
}

func (w *walk) fetch(method, target string) string {
	w.t.Helper()
	r := mustRequest(w.t.Context(), w.t, method, w.base+target, nil)
	r.Header.Set("Content-Type", "application/json")
	resp := send(w.t, w.biaSession, r)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	require.NoError(w.t, err)
	return fmt.Sprint(resp.StatusCode, " ", string(uptime.ReplaceAll(body, nil)))
}

// uptime is what differs from one answer to the next.
var uptime = regexp.MustCompile(`"uptime":[0-9.e+-]+`)

// sessions holds that another's session is none, whichever way one comes.
func (w *walk) sessions() {
	ana := httpClient(w.t, w.keys["ana"])
	hello := mustRequest(w.t.Context(), w.t, http.MethodPost, w.base+"/mcp", []byte(doors[0].body))
	hello.Header.Set("Content-Type", "application/json")
	resp := send(w.t, ana, hello)
	resp.Body.Close()
	session := resp.Header.Get("Mcp-Session-Id")
	require.NotEmpty(w.t, session)
	for _, method := range []string{http.MethodPost, http.MethodGet, http.MethodDelete} {
		r := mustRequest(w.t.Context(), w.t, method, w.base+"/mcp", []byte(`{"jsonrpc":"2.0","id":2,"method":"tools/list"}`))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Mcp-Session-Id", session)
		resp := send(w.t, w.biaSession, r)
		resp.Body.Close()
		assert.Equal(w.t, http.StatusNotFound, resp.StatusCode, "%s with another's session", method)
	}
	stream := send(w.t, ana, mustRequest(w.t.Context(), w.t, http.MethodGet, w.base+"/sse", nil))
	defer stream.Body.Close()
	var endpoint string
	for lines := bufio.NewReader(stream.Body); endpoint == ""; {
		line, err := lines.ReadString('\n')
		require.NoError(w.t, err)
		endpoint, _ = strings.CutPrefix(strings.TrimSpace(line), "data: ")
		if !strings.HasPrefix(endpoint, "/message") {
			endpoint = ""
		}
	}
	r := mustRequest(w.t.Context(), w.t, http.MethodPost, w.base+endpoint, []byte(`{"jsonrpc":"2.0","id":2,"method":"tools/list"}`))
	r.Header.Set("Content-Type", "application/json")
	resp = send(w.t, w.biaSession, r)
	resp.Body.Close()
	assert.Equal(w.t, http.StatusNotFound, resp.StatusCode, "a message to another's stream")
}

// notifications holds that bia hears nothing of ana's task, whatever she subscribes
// to, and still of her own.
func (w *walk) notifications() {
	w.bia.create("eigenvectors", "bia's token") // what comes of it is hers
	mine := w.bia.create("python", "bia's token")
	uris := []string{"trilha://tasks/" + mine}
	for _, id := range w.ids {
		uris = append(uris, "trilha://tasks/"+id, "trilha://paths/"+id)
	}
	if w.bia.modern() {
		w.bia.start("subscriptions/listen", map[string]any{"notifications": map[string]any{"resourceSubscriptions": uris}})
		for m := (message{}); m.Method != "notifications/subscriptions/acknowledged"; {
			m = await(w.t, w.bia.told, "acknowledgement")
		}
		w.bia.start("subscriptions/listen", map[string]any{ // of tasks; another's may be refused
			"notifications": map[string]any{"taskIds": w.ids},
			"_meta": map[string]any{"io.modelcontextprotocol/clientCapabilities": map[string]any{
				"extensions": map[string]any{"io.modelcontextprotocol/tasks": map[string]any{}},
			}},
		})
	} else {
		w.listen()
		for _, uri := range uris {
			await(w.t, w.bia.start("resources/subscribe", map[string]any{"uri": uri}), "subscription")
		}
	}
	close(w.open)
	for _, p := range []*peer{w.ana, w.bia} {
		id := w.running
		if p == w.bia {
			id = mine
		}
		assert.Equal(w.t, "completed", p.tool("get_task_status", map[string]any{"task_id": id, "wait_seconds": 45})["status"])
	}
	// Her own is told, and what would have come of ana's has come before or not at
	// all: a message on the same stream follows it.
	heard := false
	for !heard {
		m := await(w.t, w.bia.told, "a notification")
		raw := mustJSON(w.t, m.Params)
		heard = m.Method == "notifications/resources/updated" && strings.Contains(raw, mine)
		w.told(m, raw)
	}
	for len(w.bia.told) > 0 {
		m := <-w.bia.told
		w.told(m, mustJSON(w.t, m.Params))
	}
}

func (w *walk) told(m message, raw string) {
	w.t.Helper()
	assert.NotContains(w.t, raw, "ana's token")
	if m.Method == "notifications/resources/updated" || m.Method == "notifications/tasks" {
		w.clean(raw, m.Method, "")
	}
}

func keysOf[V any](m map[string]V) (keys []string) {
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
