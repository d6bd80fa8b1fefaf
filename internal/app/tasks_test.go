package app_test

import (
	"fmt"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/app"
	"github.com/trilha/trilha/internal/pgtest"
	"github.com/trilha/trilha/internal/task"
)

const coreEra = "2025-11-25"

// What clients say they can do about tasks.
var (
	knowsTasks = map[string]any{"extensions": map[string]any{"io.modelcontextprotocol/tasks": map[string]any{}}}
	knowsAll   = map[string]any{"extensions": knowsTasks["extensions"], "elicitation": map[string]any{}}
	elicits    = map[string]any{"elicitation": map[string]any{}}
)

// createTask makes a task of the twin in the peer's dialect.
func (p *peer) createTask(topic string, token any) (taskID string) {
	p.t.Helper()
	params := toolCall("generate_learning_path", map[string]any{"topic": topic})
	if token != nil {
		withToken(params, token)
	}
	var created map[string]any
	if p.modern() {
		created = p.request("tools/call", params)
		require.Equal(p.t, "task", created["resultType"], created)
	} else {
		params["task"] = map[string]any{}
		created, _ = p.request("tools/call", params)["task"].(map[string]any)
	}
	taskID, _ = created["taskId"].(string)
	require.NotEmpty(p.t, taskID, created)
	return taskID
}

func (p *peer) task(id string) map[string]any {
	p.t.Helper()
	return p.request("tasks/get", map[string]any{"taskId": id})
}

// untilTask asks for a task until it has a status.
func (p *peer) untilTask(id, status string) map[string]any {
	p.t.Helper()
	for begun := time.Now(); time.Since(begun) < deadline; time.Sleep(5 * time.Millisecond) {
		if t := p.task(id); t["status"] == status {
			return t
		}
	}
	p.t.Fatalf("task %s is never %s", id, status)
	return nil
}

// inputRequest is the one thing that a task asks.
func inputRequest(t *testing.T, asking map[string]any) (key string, params map[string]any, first string) {
	t.Helper()
	all, _ := asking["inputRequests"].(map[string]any)
	require.Len(t, all, 1, "%v", asking)
	for key, request := range all {
		r, _ := request.(map[string]any)
		require.Equal(t, "elicitation/create", r["method"])
		params, _ := r["params"].(map[string]any)
		return key, params, firstChoice(t, params)
	}
	return "", nil, ""
}

// firstChoice is the first of what a form offers.
func firstChoice(t *testing.T, params map[string]any) string {
	t.Helper()
	var choice string
	_, err := fmt.Sscanf(fmt.Sprint(path(params, "requestedSchema", "properties", "topic", "oneOf")), "[map[const:%s", &choice)
	require.NoError(t, err, "%v", params)
	return choice
}

func path(v any, names ...string) any {
	for _, name := range names {
		m, _ := v.(map[string]any)
		v = m[name]
	}
	return v
}

func accepted(topic string) map[string]any {
	return map[string]any{"action": "accept", "content": map[string]any{"topic": topic}}
}

// stores are those that instances share.
func stores(t *testing.T) map[string]func(*testing.T) string {
	t.Helper()
	return map[string]func(*testing.T) string{
		"SQLite":   func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "trilha.db") },
		"Postgres": func(t *testing.T) string { return pgtest.Database(t) },
	}
}

// What is made on one instance is a task on the other, in both dialects: it is read,
// watched, answered, waited for and cancelled there.
func TestATaskMadeOnOneInstanceIsATaskOnTheOther(t *testing.T) {
	t.Parallel()
	for name, place := range stores(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := settings()
			c.Store = place(t)
			g := newGate()
			open := func() string {
				a, err := app.NewShared(c, app.HTTP, t.Output(), g.around)
				require.NoError(t, err)
				return serveHTTP(t, a)
			}
			one, two := open(), open()
			join := func(base, era string, can map[string]any) *peer {
				p, _ := httpPeer(t, base, era)
				p.can, p.asked = can, make(chan message, 10)
				p.open()
				return p
			}

			// 2026-07-28
			a, b := join(one, modernEra, knowsAll), join(two, modernEra, knowsAll)
			id := a.createTask("python", nil)
			assert.Equal(t, "working", b.task(id)["status"])
			await(t, g.started, "the work")
			b.start("subscriptions/listen", map[string]any{"notifications": map[string]any{"taskIds": []string{id}}})
			assert.Equal(t, []any{id}, path(await(t, b.told, "acknowledgement").Params, "notifications", "taskIds"))
			assert.Equal(t, "working", await(t, b.told, "the state").Params["status"])
			g.open <- struct{}{} // for one
			for m := await(t, b.told, "the end"); m.Params["status"] != "completed"; {
				m = await(t, b.told, "the end")
			}
			done := b.untilTask(id, "completed")
			assert.Equal(t, done["result"], a.untilTask(id, "completed")["result"])
			assert.Equal(t, id, path(done, "result", "structuredContent", "task_id"))

			id = a.createTask("functions", nil)
			await(t, g.started, "the work")
			g.open <- struct{}{} // to ask
			key, _, choice := inputRequest(t, b.untilTask(id, "input_required"))
			b.request("tasks/update", map[string]any{"taskId": id, "inputResponses": map[string]any{key: accepted(choice)}})
			await(t, g.started, "the work")
			g.open <- struct{}{}
			a.untilTask(id, "completed")

			id = a.createTask("linear algebra", nil)
			b.request("tasks/cancel", map[string]any{"taskId": id})
			assert.Equal(t, "cancelled", a.task(id)["status"])

			// 2025-11-25
			a, b = join(one, coreEra, elicits), join(two, coreEra, elicits)
			id = a.createTask("functions", nil)
			await(t, g.started, "the work")
			g.open <- struct{}{} // to ask
			result := b.start("tasks/result", map[string]any{"taskId": id})
			asked := await(t, b.asked, "the question")
			assert.Equal(t, map[string]any{"taskId": id}, path(asked.Params, "_meta", "io.modelcontextprotocol/related-task"))
			b.answer(asked, accepted("go/function"))
			await(t, g.started, "the work")
			g.open <- struct{}{}
			m := await(t, result, "the result")
			require.Nil(t, m.Error)
			assert.Equal(t, id, path(decode(t, m.Result), "structuredContent", "task_id"))
			assert.Equal(t, "completed", a.untilTask(id, "completed")["status"])

			id = a.createTask("machine learning", nil)
			assert.Equal(t, "cancelled", b.request("tasks/cancel", map[string]any{"taskId": id})["status"])
			assert.Equal(t, "cancelled", a.task(id)["status"])
			assert.Len(t, b.request("tasks/list", nil)["tasks"], 5)
		})
	}
}

// A question stays open when the server stops, and is answered in the next, in either
// dialect.
func TestAQuestionOutlivesTheServer(t *testing.T) {
	t.Parallel()
	c := settings()
	c.Store = "sqlite:" + filepath.Join(t.TempDir(), "trilha.db")
	during := func(era string, can map[string]any, f func(p *peer)) {
		a, err := app.New(c, app.Stdio, t.Output())
		require.NoError(t, err)
		s := serveStdio(t, a)
		p := newPeer(t, era)
		p.can, p.asked = can, make(chan message, 10)
		p.overPipes(s)
		p.open()
		f(p)
		require.NoError(t, s.in.Close())
		require.NoError(t, await(t, s.done, "ServeStdio"))
	}
	var first, second, key, choice string
	var params map[string]any
	during(modernEra, knowsAll, func(p *peer) {
		first = p.createTask("functions", nil)
		key, params, choice = inputRequest(t, p.untilTask(first, "input_required"))
		second = p.createTask("kernel", nil)
		p.untilTask(second, "input_required")
	})
	during(modernEra, knowsAll, func(p *peer) {
		again, same, _ := inputRequest(t, p.task(first))
		assert.Equal(t, key, again)
		assert.Equal(t, params, same)
		p.request("tasks/update", map[string]any{"taskId": first, "inputResponses": map[string]any{key: accepted(choice)}})
		p.untilTask(first, "completed")
	})
	during(coreEra, elicits, func(p *peer) {
		assert.Equal(t, "completed", p.task(first)["status"])
		result := p.start("tasks/result", map[string]any{"taskId": second})
		asked := await(t, p.asked, "the question")
		p.answer(asked, accepted(firstChoice(t, asked.Params)))
		m := await(t, result, "the result")
		require.Nil(t, m.Error)
		assert.NotEmpty(t, path(decode(t, m.Result), "structuredContent", "path_id"))
	})
}

// An ambiguous topic is asked wherever the client can be, and told at once elsewhere;
// generate_learning_path_async always tells.
func TestWhereAnAmbiguousTopicIsAsked(t *testing.T) {
	t.Parallel()
	a := app.NewAround(settings(), io.Discard, func(w task.Work) task.Work { return w })
	base := serveHTTP(t, a)
	for _, era := range []string{"2024-11-05", "2025-03-26", "2025-06-18", coreEra, modernEra} {
		for name, can := range map[string]map[string]any{"nothing": nil, "elicits": elicits, "tasks": knowsTasks} {
			t.Run(era+"/"+name, func(t *testing.T) {
				t.Parallel()
				p, _ := httpPeer(t, base, era)
				p.can, p.asked = can, make(chan message, 10)
				p.open()
				told := p.request("tools/call", toolCall("generate_learning_path_async", map[string]any{"topic": "functions"}))
				assert.Equal(t, true, told["isError"])

				params := toolCall("generate_learning_path", map[string]any{"topic": "functions"})
				answer := p.start("tools/call", params)
				var result map[string]any
				switch {
				case name != "elicits" || era < "2025-06-18":
					result = decode(t, await(t, answer, "the answer").Result)
					assert.Equal(t, true, result["isError"])
					assert.Contains(t, fmt.Sprint(result["content"]), "python/function")
					return
				case p.modern():
					round := decode(t, await(t, answer, "the answer").Result)
					require.Equal(t, "input_required", round["resultType"])
					key, _, choice := inputRequest(t, round)
					params["inputResponses"] = map[string]any{key: accepted(choice)}
					result = p.request("tools/call", params)
				default:
					asked := await(t, p.asked, "the question")
					p.answer(asked, accepted(firstChoice(t, asked.Params)))
					result = decode(t, await(t, answer, "the answer").Result)
				}
				assert.NotEmpty(t, structured(t, result)["path_id"])
			})
		}
	}
}
