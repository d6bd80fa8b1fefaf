package mcptasks_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/mcptasks"
	"github.com/trilha/trilha/internal/task"
)

func TestEachEraIsToldOfItsOwnTasksAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	found := w.connect("ana", extension, nil).ok("server/discover", nil)["capabilities"].(map[string]any)
	assert.Equal(t, map[string]any{mcptasks.Extension: map[string]any{}}, found["extensions"])
	assert.NotContains(t, found, "tasks")
	for era, has := range map[string]bool{"2024-11-05": false, "2025-03-26": false, "2025-06-18": false, core: true} {
		c := w.connect("ana", era, nil)
		hello := c.ok("initialize", map[string]any{"protocolVersion": era, "capabilities": map[string]any{}, "clientInfo": map[string]any{"name": "x", "version": "1"}})["capabilities"].(map[string]any)
		assert.NotContains(t, hello, "extensions", era)
		support := map[string]any{}
		for _, tool := range c.ok("tools/list", nil)["tools"].([]any) {
			tool := tool.(map[string]any)
			if e, ok := tool["execution"].(map[string]any); ok {
				support[tool["name"].(string)] = e["taskSupport"]
			}
		}
		if !has {
			assert.NotContains(t, hello, "tasks", era)
			assert.Empty(t, support, era)
			assert.Equal(t, -32601, c.code("tasks/list", nil))
			continue
		}
		there := map[string]any{}
		assert.Equal(t, map[string]any{"list": there, "cancel": there, "requests": map[string]any{"tools": map[string]any{"call": there}}}, hello["tasks"])
		assert.Equal(t, map[string]any{"work": "optional", "refuse": "optional", "break": "optional", "ask": "optional", "required": "required"}, support)
	}
	for _, tool := range w.connect("ana", extension, tasks).ok("tools/list", nil)["tools"].([]any) {
		assert.NotContains(t, tool, "execution")
	}
}

func TestATaskFromItsCallToItsResult(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.connect("ana", extension, tasks)
	begun := time.Now().Add(-time.Second)
	created := c.ok("tools/call", with(call("work", 0), "_meta", map[string]any{"progressToken": "t"}))
	assert.Equal(t, "task", created["resultType"])
	assert.Equal(t, "working", created["status"])
	assert.Greater(t, created["ttlMs"], 0.0)
	assert.EqualValues(t, 500, created["pollIntervalMs"])
	for _, name := range []string{"createdAt", "lastUpdatedAt"} {
		at, err := time.Parse(time.RFC3339, created[name].(string))
		require.NoError(t, err)
		assert.WithinRange(t, at, begun, time.Now())
	}
	for _, name := range []string{"task", "result", "error", "inputRequests", "requestState", "ttl", "pollInterval"} {
		assert.NotContains(t, created, name)
	}
	of := id(created["taskId"])
	w.do(func(run task.Run) { run.Report(42, "half of it") })
	seen := c.ok("tasks/get", of)
	assert.Equal(t, "complete", seen["resultType"])
	assert.Equal(t, "working", seen["status"])
	assert.Equal(t, "42%: half of it", seen["statusMessage"])
	assert.NotContains(t, seen, "result")
	w.finish()
	done := c.until(created["taskId"].(string), "completed")
	assert.Equal(t, map[string]any{"resultType": "complete", "content": []any{map[string]any{"type": "text", "text": `"done"`}}}, done["result"])
	assert.NotContains(t, done, "error")
	c.silent() // neither progress nor messages
}

func TestHowTasksEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.connect("ana", extension, tasks)
	refused := c.create("refuse", nil)
	w.finish()
	done := c.until(refused, "completed")
	assert.Equal(t, true, done["result"].(map[string]any)["isError"], "a tool that tells of an error has completed")
	assert.Equal(t, "it cannot be", textOf(t, done["result"]))

	broken := c.create("break", nil)
	w.finish()
	done = c.until(broken, "failed")
	assert.Equal(t, map[string]any{"code": -32002.0, "message": "broken", "data": "data"}, done["error"])
	assert.NotContains(t, done, "result")

	cancelled := c.create("work", nil)
	for range 2 { // that it has ended is no error
		assert.Equal(t, map[string]any{"resultType": "complete"}, c.ok("tasks/cancel", id(cancelled)))
		assert.Equal(t, "cancelled", c.ok("tasks/get", id(cancelled))["status"])
	}
	assert.Equal(t, map[string]any{"resultType": "complete"}, c.ok("tasks/cancel", id(broken)))
	assert.Equal(t, "failed", c.ok("tasks/get", id(broken))["status"])
}

func TestWhatIsKnownOrWrongAtOnceIsNoTask(t *testing.T) {
	t.Parallel()
	c := newWorld(t).connect("ana", extension, tasks)
	known := c.ok("tools/call", call("work", 1))
	assert.Equal(t, "complete", known["resultType"])
	assert.Equal(t, `"known"`, textOf(t, known))
	wrong := c.ok("tools/call", call("work", -1))
	assert.Equal(t, true, wrong["isError"])
	assert.Equal(t, -32001, c.code("tools/call", call("work", 404)))
	unfit := c.ok("tools/call", map[string]any{"name": "work", "arguments": map[string]any{"n": "x"}})
	assert.Equal(t, true, unfit["isError"], "the input schema holds for tasks too")
	assert.Equal(t, "plain", textOf(t, c.ok("tools/call", map[string]any{"name": "plain", "task": map[string]any{}})))
}

// Declaring counts for the one request, and comes before the id.
func TestUndeclaredClientsGetNoTasks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	known := w.connect("ana", extension, tasks).create("work", nil)
	c := w.connect("ana", extension, nil)
	for _, method := range []string{"tasks/get", "tasks/update", "tasks/cancel"} {
		for _, of := range []string{known, "none"} {
			m := c.request(method, id(of))
			require.NotNil(t, m.Error)
			assert.Equal(t, -32021, m.Error.Code)
			assert.Equal(t, map[string]any{"requiredCapabilities": map[string]any{"extensions": map[string]any{mcptasks.Extension: map[string]any{}}}}, m.Error.Data)
		}
	}
	assert.Equal(t, -32021, c.code("subscriptions/listen", map[string]any{"notifications": map[string]any{"taskIds": []string{known}}}))
	assert.Equal(t, -32021, c.code("tools/call", call("required", 0)))
	w.finish()
	w.layer.Close() // nothing of it is needed for what follows
	_, answer := c.start("tools/call", call("work", 0))
	w.finish()
	done := await(t, answer)
	assert.Equal(t, "complete", done.Result["resultType"])
	assert.Equal(t, `"done"`, textOf(t, done.Result))
}

func TestIDsThatAreNoneOfTheCallersAnswerAlike(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.connect("ana", extension, tasks)
	foreign := w.connect("bob", extension, tasks).create("work", nil)
	other, err := w.store.Submit(t.Context(), task.Spec{Owner: "ana", Kind: "other"})
	require.NoError(t, err)
	for _, method := range []string{"tasks/get", "tasks/update", "tasks/cancel"} {
		texts := map[string]bool{}
		for _, of := range []string{foreign, other.Task.ID, "00000000-0000-4000-8000-000000000000"} {
			m := c.request(method, id(of))
			require.NotNil(t, m.Error, "%s %s", method, of)
			assert.Equal(t, -32602, m.Error.Code)
			texts[replace(m.Error.Message, of)] = true
		}
		assert.Len(t, texts, 1, "%v", texts)
		for _, wrong := range []any{"", 5, nil, []string{"x"}, map[string]any{}} {
			assert.Equal(t, -32602, c.code(method, id(wrong)))
		}
		assert.Equal(t, -32602, c.code(method, nil))
	}
	for _, method := range []string{"tasks/result", "tasks/list"} {
		assert.Equal(t, -32601, c.code(method, id(foreign)))
	}
}

func TestWhatATaskAsksIsAnsweredOneByOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.connect("ana", extension, both)
	of := c.create("ask", nil)
	asks := c.until(of, "input_required")["inputRequests"].(map[string]any)
	require.Len(t, asks, 2)
	assert.Equal(t, map[string]any{"method": "elicitation/create", "params": map[string]any{
		"mode": "form", "message": "One?", "requestedSchema": map[string]any{"type": "object", "properties": map[string]any{"x": map[string]any{"type": "string"}}},
	}}, asks["one"])
	update := func(responses map[string]any) map[string]any {
		return c.ok("tasks/update", map[string]any{"taskId": of, "inputResponses": responses})
	}
	accept := map[string]any{"action": "accept", "content": map[string]any{"x": "1"}}
	assert.Equal(t, -32602, c.code("tasks/update", map[string]any{"taskId": of, "inputResponses": map[string]any{"one": map[string]any{"action": "maybe"}}}))
	assert.Equal(t, -32602, c.code("tasks/update", map[string]any{"taskId": of, "inputResponses": map[string]any{"one": 5}}))
	assert.Equal(t, -32602, c.code("tasks/update", map[string]any{"taskId": of, "inputResponses": 5}))
	assert.Equal(t, -32602, c.code("tasks/update", id(of)), "without inputResponses")
	assert.Equal(t, map[string]any{"resultType": "complete"}, update(map[string]any{"three": 5, "one": accept}))
	left := c.ok("tasks/get", id(of))
	assert.Equal(t, "input_required", left["status"])
	assert.Equal(t, []string{"two"}, keys(left["inputRequests"]))
	update(map[string]any{"one": map[string]any{"action": "decline"}}) // too late
	update(map[string]any{"two": map[string]any{"action": "decline"}})
	done := c.until(of, "completed")
	assert.Equal(t, `"one accept {\"x\":\"1\"}, two decline"`, textOf(t, done["result"]))
	update(map[string]any{"two": accept})

	dropped := c.create("ask", nil)
	c.until(dropped, "input_required")
	c.ok("tasks/cancel", id(dropped))
	assert.NotContains(t, c.ok("tasks/get", id(dropped)), "inputRequests")
}

// A client that cannot be asked is told so, by the job, in each way of calling.
func TestWhoCannotBeAsked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	assert.Equal(t, "rounds false", textOf(t, w.connect("ana", extension, tasks).ok("tools/call", call("ask", 0))))
	assert.Equal(t, "rounds true", textOf(t, w.connect("ana", extension, elicitation).ok("tools/call", call("ask", 0))))
	assert.Equal(t, "rounds false", textOf(t, w.connect("ana", core, nil).ok("tools/call", call("ask", 0))))
	urls := map[string]any{"elicitation": map[string]any{"url": map[string]any{}}}
	assert.Equal(t, "rounds false", textOf(t, w.connect("ana", core, urls).ok("tools/call", call("ask", 0))))
	assert.Equal(t, "rounds false", textOf(t, w.connect("ana", "2025-03-26", elicitation).ok("tools/call", call("ask", 0))))
}

func TestSubscriptionsTellAllOfATask(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.connect("ana", extension, both)
	foreign := w.connect("bob", extension, both).create("ask", nil)
	of := c.create("work", nil)
	listen, ended := c.start("subscriptions/listen", map[string]any{"notifications": map[string]any{
		"taskIds": []string{of, foreign, "none", of}, "toolsListChanged": true,
	}})
	ack := c.heard("notifications/subscriptions/acknowledged")
	assert.Equal(t, map[string]any{"taskIds": []any{of}, "toolsListChanged": true}, ack.Params["notifications"])
	same := func(m message) {
		t.Helper()
		meta := m.Params["_meta"].(map[string]any)
		assert.Equal(t, listen, jsonOf(t, meta["io.modelcontextprotocol/subscriptionId"]))
		delete(m.Params, "_meta")
		now := c.ok("tasks/get", id(m.Params["taskId"]))
		delete(now, "resultType")
		for _, shape := range []map[string]any{now, m.Params} {
			delete(shape, "pollIntervalMs") // it depends on when it is asked
		}
		assert.Equal(t, now, m.Params)
	}
	same(c.heard(mcptasks.MethodTasks))
	w.do(func(run task.Run) { run.Report(10, "a tenth") })
	told := c.heard(mcptasks.MethodTasks)
	assert.Equal(t, "10%: a tenth", told.Params["statusMessage"])
	w.finish()
	last := c.heard(mcptasks.MethodTasks)
	assert.Equal(t, "completed", last.Params["status"])
	same(last)

	asks := c.create("ask", nil)
	_, _ = c.start("subscriptions/listen", map[string]any{"notifications": map[string]any{"taskIds": []string{asks}}})
	c.heard("notifications/subscriptions/acknowledged")
	for m := c.heard(mcptasks.MethodTasks); m.Params["status"] != "input_required"; {
		m = c.heard(mcptasks.MethodTasks)
	}
	c.ok("tasks/update", map[string]any{"taskId": asks, "inputResponses": map[string]any{"one": map[string]any{"action": "decline"}}})
	assert.Equal(t, []string{"two"}, keys(c.heard(mcptasks.MethodTasks).Params["inputRequests"]))

	c.write(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":` + listen + `}}`)
	select {
	case m := <-ended:
		t.Errorf("a stream that its client left is not answered: %s", m.raw)
	default:
	}
}

func TestSubscriptionsAreBounded(t *testing.T) {
	t.Parallel()
	c := newWorld(t).connect("ana", extension, tasks)
	many := make([]string, 201)
	assert.Equal(t, -32602, c.code("subscriptions/listen", map[string]any{"notifications": map[string]any{"taskIds": many}}))
	assert.Equal(t, -32602, c.code("subscriptions/listen", map[string]any{"notifications": map[string]any{"taskIds": "x"}}))
	none := c.request("subscriptions/listen", map[string]any{"notifications": map[string]any{"taskIds": []string{"x"}}})
	require.Nil(t, none.Error, "there is nothing to wait for")
}
