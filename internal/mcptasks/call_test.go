package mcptasks_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/mcptasks"
	"github.com/trilha/trilha/internal/task"
)

var everyEra = []string{"2024-11-05", "2025-03-26", "2025-06-18", core, extension}

func TestACallWithoutATaskTellsOfItsProgress(t *testing.T) {
	t.Parallel()
	for _, era := range everyEra {
		t.Run(era, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			c := w.connect("ana", era, nil)
			_, answer := c.start("tools/call", with(call("work", 0), "_meta", map[string]any{"progressToken": "t"}))
			w.do(func(run task.Run) { run.Report(42, "half of it") })
			assert.Equal(t, map[string]any{"progressToken": "t", "progress": 42.0, "total": 100.0, "message": "half of it"}, c.heard("notifications/progress").Params)
			w.finish()
			assert.Equal(t, `"done"`, textOf(t, await(t, answer).Result))
			assert.EqualValues(t, 100, c.heard("notifications/progress").Params["progress"])
			c.silent()

			_, answer = c.start("tools/call", call("refuse", 0))
			w.finish()
			assert.Equal(t, true, await(t, answer).Result["isError"])
			_, answer = c.start("tools/call", call("break", 0))
			w.finish()
			failed := await(t, answer)
			require.NotNil(t, failed.Error)
			assert.Equal(t, -32002, failed.Error.Code)
			c.silent()
		})
	}
}

// parked lets the goroutines end that the wire keeps for a moment.
func parked(t *testing.T) { t.Cleanup(func() { time.Sleep(time.Second) }) }

// Clients end a call after a minute and drop what comes then: 45 s are the most.
func TestACallIsAnsweredWithin45Seconds(t *testing.T) {
	for _, era := range everyEra {
		synctest.Test(t, func(t *testing.T) {
			parked(t)
			w := newWorld(t)
			c := w.connect("ana", era, nil)
			begun := time.Now()
			_, answer := c.start("tools/call", call("work", 0))
			m := <-answer
			assert.Equal(t, mcptasks.MaxWait, time.Since(begun))
			text := textOf(t, m.Result)
			require.Contains(t, text, "later: ")
			got, err := w.store.Get(t.Context(), "ana", text[len("later: "):])
			require.NoError(t, err)
			assert.Equal(t, task.Running, got.Status, "it goes on")
		})
	}
}

// A client that leaves does not end the task.
func TestACancelledCallLeavesItsTask(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.connect("ana", core, nil)
	of, _ := c.start("tools/call", call("work", 0))
	w.do(func(run task.Run) { run.Report(1, "begun") })
	c.write(`{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":` + of + `}}`)
	list := c.ok("tasks/list", nil)["tasks"].([]any)
	require.Len(t, list, 1)
	assert.Equal(t, "working", list[0].(map[string]any)["status"])
	w.finish()
}

func TestACallAsksWithinItself(t *testing.T) {
	t.Parallel()
	for _, era := range []string{"2025-06-18", core} {
		w := newWorld(t)
		c := w.connect("ana", era, elicitation)
		_, answer := c.start("tools/call", call("ask", 0))
		for range 2 {
			asked := c.heard("elicitation/create")
			assert.NotContains(t, asked.Params, "_meta", "the call is no task")
			assert.Equal(t, era == core, asked.Params["mode"] == "form", "modes came with "+core)
			c.answer(asked, map[string]any{"action": "accept", "content": map[string]any{"x": "1"}})
		}
		assert.Equal(t, `"one accept {\"x\":\"1\"}, two accept"`, textOf(t, await(t, answer).Result))
	}
}

// What is never answered counts as put away, in time for the call to be answered.
func TestAnAnswerThatNeverComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		parked(t)
		w := newWorld(t)
		c := w.connect("ana", "2025-06-18", elicitation)
		begun := time.Now()
		_, answer := c.start("tools/call", call("ask", 0))
		m := <-answer
		assert.Less(t, time.Since(begun), mcptasks.MaxWait)
		assert.Equal(t, `"one cancel , two cancel"`, textOf(t, m.Result))
	})
}

// A client that refuses to ask has put it away, too.
func TestAnElicitationThatIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.connect("ana", core, elicitation)
	_, answer := c.start("tools/call", call("ask", 0))
	for range 2 {
		asked := c.heard("elicitation/create")
		c.write(`{"jsonrpc":"2.0","id":` + string(asked.ID) + `,"error":{"code":-32601,"message":"no"}}`)
	}
	assert.Equal(t, `"one cancel , two cancel"`, textOf(t, await(t, answer).Result))
}
