package mcpface_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/task"
)

// requireWhole holds what a token may be told: at least five steps, strictly
// rising, each with words and a total, the last of them 100.
func requireWhole(t *testing.T, notes []mcp.JSONRPCNotification, token any) {
	t.Helper()
	require.GreaterOrEqual(t, len(notes), 5)
	last := 0
	for _, n := range notes {
		fields := n.Params.AdditionalFields
		require.Equal(t, "notifications/progress", n.Method)
		require.EqualValues(t, token, fields["progressToken"])
		require.Equal(t, 100, fields["total"])
		require.NotEmpty(t, fields["message"])
		progress, _ := fields["progress"].(int)
		require.Greater(t, progress, last)
		last = progress
	}
	require.Equal(t, 100, last)
}

// Whatever shows the end of a task, all progress of it was handed over before.
func TestNoProgressIsHandedOverAfterTheEndIsSeen(t *testing.T) {
	shows := map[string]func(s *session, id string) bool{
		"get_task_status": func(s *session, id string) bool {
			return s.tool("get_task_status", map[string]any{"task_id": id, "wait_seconds": 45}, nil)["status"] == "completed"
		},
		"list_tasks": func(s *session, _ string) bool {
			return s.tool("list_tasks", map[string]any{"status": "completed", "limit": 1}, nil)["total"].(float64) > 0
		},
		"get_learning_path": func(s *session, id string) bool {
			result := s.result("tools/call", call("get_learning_path", map[string]any{"id": id}, nil))
			return result["isError"] != true
		},
		"trilha://tasks": func(s *session, _ string) bool {
			return contents(s, "trilha://tasks")["tasks"].([]any)[0].(map[string]any)["status"] == "completed"
		},
		"trilha://tasks/{id}": func(s *session, id string) bool {
			return contents(s, "trilha://tasks/"+id)["status"] == "completed"
		},
		"trilha://paths/{id}": func(s *session, id string) bool {
			return s.send(s.r.t.Context(), "resources/read", map[string]any{"uri": "trilha://paths/" + id})["result"] != nil
		},
	}
	for name, seen := range shows {
		for _, token := range []any{"words", 42} {
			t.Run(fmt.Sprintf("%s/%T", name, token), func(t *testing.T) {
				t.Parallel()
				r := newRig(t)
				for i := range 10 {
					s := r.connect(fmt.Sprint("owner ", i), legacyEra, 1000)
					id := s.create("python", token)
					for !seen(s, id) {
						require.NoError(t, t.Context().Err())
					}
					requireWhole(t, s.handed(), token)
					s.tool("get_task_status", map[string]any{"task_id": id}, nil)
					require.Empty(t, s.handed())
				}
			})
		}
	}
}

func contents(s *session, uri string) map[string]any {
	s.r.t.Helper()
	list, _ := s.result("resources/read", map[string]any{"uri": uri})["contents"].([]any)
	require.Len(s.r.t, list, 1)
	text, _ := list[0].(map[string]any)["text"].(string)
	var out map[string]any
	require.NoError(s.r.t, json.Unmarshal([]byte(text), &out))
	return out
}

// In 2026-07-28 a call's token lives as long as the call.
func TestModernTokensAreTheirCalls(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.hold.Store(true)
	s := r.connect("ana", modernEra, 1000)
	id := s.create("python", "creation")
	r.do(func(run task.Run) { run.Report(3, "held") })
	answered := make(chan map[string]any, 1)
	go func() {
		answered <- s.send(t.Context(), "tools/call", call("get_task_status", map[string]any{"task_id": id, "wait_seconds": 45}, "waiting"))
	}()
	first := await(t, s.told, "the first step") // the call waits
	r.finish()
	await(t, answered, "the answer")
	requireWhole(t, append([]mcp.JSONRPCNotification{first}, s.handed()...), "waiting")
}

// A session that waits as well hears of the task under both its tokens.
func TestEachTokenIsToldOnItsOwn(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.hold.Store(true)
	s := r.connect("ana", legacyEra, 1000)
	id := s.create("python", "creation")
	r.do(func(run task.Run) { run.Report(3, "held") })
	require.Equal(t, "creation", await(t, s.told, "the creator's").Params.AdditionalFields["progressToken"])
	answered := make(chan map[string]any, 1)
	go func() {
		answered <- s.send(t.Context(), "tools/call", call("get_task_status", map[string]any{"task_id": id, "wait_seconds": 45}, "waiting"))
	}()
	require.Equal(t, "waiting", await(t, s.told, "the waiter's").Params.AdditionalFields["progressToken"])
	r.finish()
	await(t, answered, "the answer")
	by := map[any][]mcp.JSONRPCNotification{}
	for _, n := range s.handed() {
		token := n.Params.AdditionalFields["progressToken"]
		by[token] = append(by[token], n)
	}
	requireWhole(t, by["creation"], "creation")
	requireWhole(t, by["waiting"], "waiting")
}

func TestCancelledTaskSaysNothingMore(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.hold.Store(true)
	s := r.connect("ana", legacyEra, 1000)
	id := s.create("python", "t")
	r.do(func(run task.Run) { run.Report(40, "held") })
	require.Equal(t, 40, await(t, s.told, "progress").Params.AdditionalFields["progress"])
	assert.Equal(t, "cancelled", s.tool("cancel_task", map[string]any{"task_id": id}, nil)["status"])
	assert.Empty(t, s.handed())
}

// A session that does not read loses its own progress; the task, its result and
// everyone else go on.
func TestFullChannelBlocksNobody(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	deaf := r.connect("deaf", legacyEra, 0)
	hears := r.connect("hears", legacyEra, 1000)
	lost, kept := deaf.create("python", "t"), hears.create("python", "t")
	for s, id := range map[*session]string{deaf: lost, hears: kept} {
		assert.Equal(t, "completed", s.tool("get_task_status", map[string]any{"task_id": id, "wait_seconds": 45}, nil)["status"])
	}
	requireWhole(t, hears.handed(), "t")
}
