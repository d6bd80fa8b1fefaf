package mcptasks_test

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/task"
)

const relatedTask = "io.modelcontextprotocol/related-task"

func TestACoreTaskFromItsCallToItsResult(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.connect("ana", core, nil)
	answer, created := c.start("tools/call", with(with(call("work", 0), "task", map[string]any{"ttl": 60000}), "_meta", map[string]any{"progressToken": "t"}))
	result := await(t, created).Result
	made := result["task"].(map[string]any)
	of := made["taskId"].(string)
	assert.Equal(t, "working", made["status"])
	assert.EqualValues(t, 60000, made["ttl"])
	assert.EqualValues(t, 500, made["pollInterval"])
	for _, name := range []string{"createdAt", "lastUpdatedAt"} {
		_, err := time.Parse(time.RFC3339, made[name].(string))
		require.NoError(t, err)
	}
	meta := result["_meta"].(map[string]any)
	assert.Equal(t, "later: "+of, meta["io.modelcontextprotocol/model-immediate-response"])
	assert.Equal(t, map[string]any{"taskId": of}, meta[relatedTask])
	assert.Equal(t, []string{"_meta", "task"}, keys(result))

	w.do(func(run task.Run) { run.Report(42, "half of it") })
	told := c.heard("notifications/progress")
	assert.Equal(t, map[string]any{
		"progressToken": "t", "progress": 42.0, "total": 100.0, "message": "half of it",
		"_meta": map[string]any{relatedTask: map[string]any{"taskId": of}},
	}, told.Params)
	seen := c.ok("tasks/get", id(of))
	assert.Equal(t, "42%: half of it", seen["statusMessage"])
	assert.NotContains(t, seen, "_meta")

	resultID, waiting := c.start("tasks/result", id(of))
	c.request("tools/list", nil)
	assert.Empty(t, waiting, "it waits for the end")
	w.finish()
	done := await(t, waiting)
	require.Nil(t, done.Error)
	assert.Equal(t, `"done"`, textOf(t, done.Result))
	assert.Equal(t, map[string]any{relatedTask: map[string]any{"taskId": of}}, done.Result["_meta"])
	assert.NotContains(t, done.Result, "resultType")
	assert.EqualValues(t, 100, c.heard("notifications/progress").Params["progress"])
	ended := c.heard("notifications/tasks/status")
	assert.Equal(t, "completed", ended.Params["status"])
	assert.NotContains(t, ended.Params, "_meta")
	assert.Equal(t, "completed", c.ok("tasks/get", id(of))["status"])
	assert.Equal(t, done.Result, c.ok("tasks/result", id(of)), "as often as it is asked for")
	c.silent()

	c.mu.Lock()
	defer c.mu.Unlock()
	assert.Less(t, slices.Index(c.order, answer), slices.Index(c.order, "notifications/progress"))
	assert.Less(t, slices.Index(c.order, "notifications/tasks/status"), slices.Index(c.order, resultID), "nothing of a task comes after what shows its end")
}

func TestHowCoreTasksEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.connect("ana", core, nil)
	refused := c.create("refuse", nil)
	w.finish()
	assert.Equal(t, "failed", c.heard("notifications/tasks/status").Params["status"])
	seen := c.ok("tasks/get", id(refused))
	assert.Equal(t, "failed", seen["status"], "a tool that tells of an error has failed")
	assert.Equal(t, "it cannot be", seen["statusMessage"])
	result := c.ok("tasks/result", id(refused))
	assert.Equal(t, true, result["isError"])
	assert.Equal(t, map[string]any{relatedTask: map[string]any{"taskId": refused}}, result["_meta"])

	broken := c.create("break", nil)
	w.finish()
	m := c.request("tasks/result", id(broken))
	require.NotNil(t, m.Error)
	assert.Equal(t, -32002, m.Error.Code)

	cancelled := c.create("work", "t")
	_, waiting := c.start("tasks/result", id(cancelled))
	assert.Equal(t, "cancelled", c.ok("tasks/cancel", id(cancelled))["status"])
	assert.Equal(t, true, await(t, waiting).Result["isError"])
	for _, of := range []string{cancelled, refused, broken} {
		assert.Equal(t, -32602, c.code("tasks/cancel", id(of)), "it has ended")
	}
	assert.Equal(t, "cancelled", c.ok("tasks/get", id(cancelled))["status"])
}

func TestWhatCannotBeACoreTask(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.connect("ana", core, nil)
	asTask := func(params map[string]any) map[string]any { return with(params, "task", map[string]any{}) }
	assert.Equal(t, -32601, c.code("tools/call", asTask(map[string]any{"name": "plain"})))
	assert.Equal(t, -32601, c.code("tools/call", call("required", 0)))
	assert.Equal(t, -32602, c.code("tools/call", asTask(call("work", -1))), "no task is made of a wrong call")
	assert.Equal(t, -32001, c.code("tools/call", asTask(call("work", 404))))
	unfit := c.request("tools/call", asTask(map[string]any{"name": "work", "arguments": map[string]any{"n": "x"}}))
	assert.Equal(t, true, unfit.Result["isError"], "the input schema holds for tasks too: %s", unfit.raw)
	assert.Equal(t, -32601, c.code("tasks/update", id("x")))
	assert.Empty(t, c.ok("tasks/list", nil)["tasks"])

	before := w.connect("ana", "2025-06-18", nil)
	_, answer := before.start("tools/call", asTask(call("work", 0)))
	w.finish()
	assert.Equal(t, `"done"`, textOf(t, await(t, answer).Result), "a version without tasks ignores the wish")
	for _, method := range []string{"tasks/get", "tasks/result", "tasks/cancel", "tasks/list"} {
		assert.Equal(t, -32601, before.code(method, id("x")))
	}
}

func TestListsShowTheCallersOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.connect("ana", core, nil)
	w.connect("bob", core, elicitation).create("ask", nil)
	var made []string
	for range task.MaxPage + 5 {
		of := c.ok("tools/call", with(call("work", 1), "task", map[string]any{}))["task"].(map[string]any)["taskId"]
		made = append(made, of.(string))
	}
	_, err := w.store.Submit(t.Context(), task.Spec{Owner: "ana", Kind: "other"})
	require.NoError(t, err)
	slices.Reverse(made)
	var seen []string
	pages := 0
	for cursor := any(nil); ; pages++ {
		params := map[string]any{}
		if cursor != nil {
			params["cursor"] = cursor
		}
		page := c.ok("tasks/list", params)
		for _, each := range page["tasks"].([]any) {
			each := each.(map[string]any)
			assert.Equal(t, []string{"createdAt", "lastUpdatedAt", "pollInterval", "status", "statusMessage", "taskId", "ttl"}, keys(each))
			seen = append(seen, each["taskId"].(string))
		}
		if cursor = page["nextCursor"]; cursor == nil {
			break
		}
	}
	assert.Equal(t, made, seen)
	assert.Equal(t, 1, pages)
	for _, wrong := range []any{"made up", 5} {
		assert.Equal(t, -32602, c.code("tasks/list", map[string]any{"cursor": wrong}))
	}
}

func TestCoreIDsThatAreNoneOfTheCallersAnswerAlike(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	foreign := w.connect("bob", core, nil).create("work", nil)
	c := w.connect("ana", core, nil)
	for _, method := range []string{"tasks/get", "tasks/result", "tasks/cancel"} {
		for _, of := range []any{foreign, "none", "", 5, nil} {
			assert.Equal(t, -32602, c.code(method, id(of)), "%s %v", method, of)
		}
	}
	w.finish() // bob's has not been cancelled
}

// What a task asks comes through tasks/result, once to each that waits.
func TestWhatACoreTaskAsks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.connect("ana", core, elicitation)
	of := c.create("ask", nil)
	assert.Equal(t, "input_required", c.heard("notifications/tasks/status").Params["status"])
	assert.Equal(t, "input_required", c.ok("tasks/get", id(of))["status"])
	_, waiting := c.start("tasks/result", id(of))
	for range 2 {
		asked := c.heard("elicitation/create")
		assert.Equal(t, map[string]any{relatedTask: map[string]any{"taskId": of}}, asked.Params["_meta"])
		assert.Equal(t, "form", asked.Params["mode"])
		if asked.Params["message"] == "One?" {
			c.answer(asked, map[string]any{"action": "accept", "content": map[string]any{"x": "1"}})
		} else {
			c.answer(asked, map[string]any{"action": "nonsense"})
		}
	}
	assert.Equal(t, `"one accept {\"x\":\"1\"}, two cancel"`, textOf(t, await(t, waiting).Result))
	assert.Equal(t, "completed", c.until(of, "completed")["status"])
}

// A client that stops waiting has not answered: whoever waits next is asked.
func TestAskingGoesOnWithWhoeverWaitsNext(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.connect("ana", core, elicitation)
	of := c.create("ask", nil)
	c.heard("notifications/tasks/status")
	first, _ := c.start("tasks/result", id(of))
	c.heard("elicitation/create")
	c.heard("elicitation/create")
	c.write(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":` + first + `}}`)
	c.heard("notifications/cancelled")
	c.heard("notifications/cancelled")
	assert.Equal(t, "input_required", c.ok("tasks/get", id(of))["status"])
	_, waiting := w.connect("ana", core, elicitation).start("tasks/result", id(of))
	_, second := c.start("tasks/result", id(of))
	for range 2 {
		c.answer(c.heard("elicitation/create"), map[string]any{"action": "decline"})
	}
	assert.Equal(t, `"one decline , two decline"`, textOf(t, await(t, second).Result))
	assert.Equal(t, `"one decline , two decline"`, textOf(t, await(t, waiting).Result))
}

// Status and progress go to the session that asked for the task, while it is there.
func TestOnlyTheSessionThatAskedIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c, again, bob := w.connect("ana", core, nil), w.connect("ana", core, nil), w.connect("bob", core, nil)
	of := c.create("work", 7)
	for i := range 5 {
		w.do(func(run task.Run) { run.Report(10*(i+1), fmt.Sprint(i)) })
		assert.EqualValues(t, 7, c.heard("notifications/progress").Params["progressToken"])
	}
	w.finish()
	c.heard("notifications/progress")
	c.heard("notifications/tasks/status")
	assert.Equal(t, "completed", again.ok("tasks/get", id(of))["status"])
	for _, each := range []*client{c, again, bob} {
		each.silent()
	}
}

func TestATaskIsKeptAsLongAsItsClientAsksWithinLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.connect("ana", core, nil)
	for _, of := range []struct {
		task  map[string]any
		given int
	}{
		{map[string]any{}, 86_400_000},
		{map[string]any{"ttl": 300_000}, 300_000},
		{map[string]any{"ttl": 1}, 60_000},
		{map[string]any{"ttl": 90_000_000}, 86_400_000},
		{map[string]any{"ttl": math.MaxInt64}, 86_400_000},
	} {
		made := c.ok("tools/call", with(call("work", 1), "task", of.task))["task"].(map[string]any)
		assert.EqualValues(t, of.given, made["ttl"], "%v", of.task)
		assert.EqualValues(t, of.given, c.ok("tasks/get", id(made["taskId"]))["ttl"], "%v", of.task)
	}
	for _, wrong := range []any{0, -1, 1.5, "1", math.MinInt64} {
		assert.Equal(t, -32602, c.code("tools/call", with(call("work", 1), "task", map[string]any{"ttl": wrong})), "%v", wrong)
	}
	assert.Len(t, c.ok("tasks/list", nil)["tasks"], 5)
}

// The specification counts from the creation: nobody gets less for what a task took.
func TestTheTimeThatIsAskedForCountsFromTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		parked(t)
		w := newWorld(t)
		c := w.connect("ana", core, nil)
		made := c.ok("tools/call", with(call("work", 0), "task", map[string]any{"ttl": 60_000}))["task"].(map[string]any)
		of := id(made["taskId"])
		time.Sleep(40 * time.Second)
		w.finish()
		c.ok("tasks/result", of)
		assert.EqualValues(t, 100_000, c.ok("tasks/get", of)["ttl"])
		time.Sleep(59 * time.Second)
		c.ok("tasks/result", of)
		time.Sleep(time.Second)
		assert.Equal(t, -32602, c.code("tasks/get", of))
	})
}

func TestACoreTaskBeginsInWorkingEvenIfItsResultIsKnown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.connect("ana", core, nil)
	made := c.ok("tools/call", with(with(call("work", 1), "task", map[string]any{}), "_meta", map[string]any{"progressToken": "t"}))["task"].(map[string]any)
	assert.Equal(t, "working", made["status"])
	assert.EqualValues(t, 100, c.heard("notifications/progress").Params["progress"])
	ended := c.heard("notifications/tasks/status")
	assert.Equal(t, made["taskId"], ended.Params["taskId"])
	assert.Equal(t, "completed", ended.Params["status"])
	assert.Equal(t, `"known"`, textOf(t, c.ok("tasks/result", id(made["taskId"]))))
	c.silent()
}

func TestTasksOfTheSharedOwnerAreNotListed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for owner, lists := range map[string]bool{"ana": true, "everyone": false} {
		c := w.connect(owner, core, nil)
		hello := c.ok("initialize", map[string]any{"protocolVersion": core, "capabilities": map[string]any{}, "clientInfo": map[string]any{"name": "raw", "version": "1"}})
		said := hello["capabilities"].(map[string]any)["tasks"].(map[string]any)
		assert.Contains(t, said, "cancel")
		of := c.ok("tools/call", with(call("work", 1), "task", map[string]any{}))["task"].(map[string]any)["taskId"]
		assert.Equal(t, of, c.ok("tasks/get", id(of))["taskId"])
		if lists {
			assert.Contains(t, said, "list")
			assert.Len(t, c.ok("tasks/list", nil)["tasks"], 1)
		} else {
			assert.NotContains(t, said, "list")
			assert.Equal(t, -32601, c.code("tasks/list", nil))
		}
	}
}
