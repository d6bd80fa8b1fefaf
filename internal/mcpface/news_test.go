package mcpface_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/task"
)

const (
	listChanged = "notifications/resources/list_changed"
	updated     = "notifications/resources/updated"
	logged      = "notifications/message"
)

// within lets the work of one held task do something.
func (r *rig) within(taskID string, f func(task.Run)) {
	r.t.Helper()
	for hit := false; !hit; {
		done := make(chan struct{})
		r.let(func(run task.Run) {
			defer close(done)
			if hit = run.Task().ID == taskID; hit {
				f(run)
			}
		})
		await(r.t, done, "a step of the work")
	}
}

// Whatever is told of an owner's tasks and paths goes to that owner's sessions, all of
// them, and to nobody else's.
func TestNewsGoesToTheOwnersSessionsAlone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ transport, era string }{
		{"sse", "2024-11-05"},
		{"sse", "2025-03-26"},
		{"sse", "2025-06-18"},
		{"sse", "2025-11-25"},
		{"http", "2024-11-05"},
		{"http", "2025-03-26"},
		{"http", "2025-06-18"},
		{"http", "2025-11-25"},
		{"http", modernEra},
	} {
		t.Run(c.transport+"/"+c.era, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			r.hold.Store(true)
			s := r.site()
			var sessions [2][2]*agent
			var tasks [2]string
			for i, owner := range []string{"ana", "bob"} {
				for j := range sessions[i] {
					sessions[i][j] = s.agent(owner, c.transport, c.era)
				}
				tasks[i] = sessions[i][0].create("linear algebra")
				for j, a := range sessions[i] {
					if c.era != modernEra { // the one stream is open since hello, and so hears of the task
						a.until(fmt.Sprint("session ", j, " to hear that there is a task"), method(listChanged))
					}
					a.attend(tasks[i])
				}
			}
			ana, bob := sessions[0], sessions[1]

			r.within(tasks[0], func(run task.Run) { run.Report(10, "ana's step") })
			failing := ana[0].create("python")
			r.within(failing, func(task.Run) { panic("ana's secret") })
			for _, a := range ana {
				messages := 0
				enough := func(m heard) bool {
					switch m.Method {
					case updated:
						assert.Equal(t, "trilha://tasks/"+tasks[0], m.Params["uri"])
					case logged:
						messages++
						assert.Equal(t, "error", m.Params["level"])
						data, _ := m.Params["data"].(map[string]any)
						assert.Equal(t, failing, data["task_id"])
						assert.Equal(t, "failed", data["status"])
						assert.NotContains(t, fmt.Sprint(data), "secret")
					}
					return m.Method == listChanged && (messages == 1 || c.era == modernEra)
				}
				a.until("that a task failed, and that the list has changed", enough)
			}

			// Everything that was told to bob before his own task moves would have
			// come before what tells of that.
			r.within(tasks[1], func(run task.Run) { run.Report(10, "bob's step") })
			for _, b := range bob {
				all := b.until("his own task's step", method(updated))
				require.Len(t, all, 1, "%v", all)
				assert.Equal(t, "trilha://tasks/"+tasks[1], all[0].Params["uri"])
			}

			// Nor does anybody see the other's in a list.
			for i, owner := range sessions {
				text := fmt.Sprint(owner[1].result("resources/list", nil)["resources"])
				assert.Contains(t, text, tasks[i])
				assert.NotContains(t, text, tasks[1-i])
			}
			r.hold.Store(false)
			r.finish()
			r.finish()
		})
	}
}

// A deleted path changes the list as well.
func TestListChangesWithDeletedPaths(t *testing.T) {
	t.Parallel()
	s := newRig(t).site()
	a := s.agent("ana", "http", legacyEra)
	a.result("logging/setLevel", map[string]any{"level": "info"})
	id := a.create("python")
	a.until("that it was made", method(listChanged))
	done := a.until("that it is completed", method(logged))
	assert.Equal(t, "info", done[len(done)-1].Params["level"])
	a.until("that the list has changed with its end", method(listChanged))
	pathID, _ := a.tool("get_task_status", map[string]any{"task_id": id})["path_id"].(string)
	listed := fmt.Sprint(a.result("resources/list", nil)["resources"])
	require.Contains(t, listed, "trilha://paths/"+pathID)
	a.tool("delete_learning_path", map[string]any{"path_id": pathID})
	a.until("that it was deleted", method(listChanged))
	assert.NotContains(t, fmt.Sprint(a.result("resources/list", nil)["resources"]), "trilha://paths/"+pathID)
}

// Each session has its own level, and hears of nothing below it. Until it says so it
// hears of errors alone.
func TestMessagesAreOfTheLevelThatASessionAskedFor(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	s := r.site()
	quiet, chatty, silent := s.agent("ana", "sse", legacyEra), s.agent("ana", "http", "2025-06-18"), s.agent("zoe", "http", legacyEra)
	chatty.result("logging/setLevel", map[string]any{"level": "info"})
	silent.result("logging/setLevel", map[string]any{"level": "critical"})
	wrong := chatty.send("logging/setLevel", map[string]any{"level": "loud"})
	require.NotNil(t, wrong.Error)
	assert.Equal(t, -32602, wrong.Error.Code)

	hears := func(a *agent, id, level string) {
		t.Helper()
		all := a.until("a message", method(logged))
		last := all[len(all)-1]
		data, _ := last.Params["data"].(map[string]any)
		assert.Equal(t, id, data["task_id"], "%v", all)
		assert.Equal(t, level, last.Params["level"])
	}
	hears(chatty, chatty.create("python"), "info")
	r.hold.Store(true)
	cancelled := chatty.create("linear algebra")
	chatty.tool("cancel_task", map[string]any{"task_id": cancelled})
	hears(chatty, cancelled, "notice")
	failed := chatty.create("probability")
	r.within(failed, func(task.Run) { panic("a defect") })
	hears(chatty, failed, "error")
	hears(quiet, failed, "error")

	failed = silent.create("python")
	r.within(failed, func(task.Run) { panic("a defect") })
	changes := 0 // the second comes after the message of the failure
	for _, m := range silent.until("that a task was made, and failed", func(heard) bool { changes++; return changes == 2 }) {
		assert.Equal(t, listChanged, m.Method)
	}
}

// In 2026-07-28 messages belong to the request that asked for them.
func TestModernMessagesBelongToTheirRequest(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.hold.Store(true)
	a := r.site().agent("ana", "http", modernEra)
	id := a.create("python")
	r.within(id, func(run task.Run) { run.Report(10, "a step") })
	// wait returns when the call has told of that step, and so waits for the end.
	wait := func(level string) <-chan heard {
		params := call("get_task_status", map[string]any{"task_id": id, "wait_seconds": 45}, level+" token")
		if level != "" {
			params["_meta"].(map[string]any)["io.modelcontextprotocol/logLevel"] = level
		}
		return a.start("tools/call", params)
	}
	wrong := await(t, wait("loud"), "a refusal")
	require.NotNil(t, wrong.Error)
	assert.Equal(t, -32602, wrong.Error.Code)
	assert.Contains(t, wrong.Error.Message, "debug")

	answers := []<-chan heard{wait(""), wait("error"), wait("info")}
	r.finish()
	for _, answer := range answers {
		assert.Nil(t, await(t, answer, "an answer").Error)
	}
	var messages []heard
	for len(a.told) > 0 {
		if m := <-a.told; m.Method == logged {
			messages = append(messages, m)
		}
	}
	require.Len(t, messages, 1, "one asked for what is information")
	assert.Equal(t, "info", messages[0].Params["level"])
}

// That a task waits for an answer is news: who looks after it may have to cancel it.
func TestTaskThatAwaitsItsOwnerIsNews(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.asks.Store(true)
	a := r.site().agent("ana", "http", legacyEra)
	a.result("logging/setLevel", map[string]any{"level": "notice"})
	id := a.create("python")
	all := a.until("that it asks", method(logged))
	data, _ := all[len(all)-1].Params["data"].(map[string]any)
	assert.Equal(t, map[string]any{"task_id": id, "status": "pending", "question": "Which is meant?"}, data)
	a.until("that the list has changed", method(listChanged))
	assert.Contains(t, fmt.Sprint(a.result("resources/list", nil)["resources"]), "waits for an answer, Which is meant?")
}
