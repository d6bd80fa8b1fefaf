package tools_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/task"
)

const noTask = `"00000000-0000-4000-8000-000000000000"`

// Every wrong argument is told by name, with what was wrong and what would be
// right; every error fits a model's eye.
func TestWrongArgumentsAreExplained(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{}, nil)
	long := strings.Repeat("ã", 5000)
	for _, c := range []struct {
		tool, arguments string
		says            []string
	}{
		{"generate_learning_path_async", `{}`, []string{"topic", "missing", `{"topic":"linear algebra"}`}},
		{"generate_learning_path_async", `null`, []string{"topic", "missing"}},
		{"generate_learning_path_async", `[1]`, []string{"not a JSON object", `{"topic":`}},
		{"generate_learning_path_async", `{"topic":5}`, []string{"topic", "want a string, got 5", `"linear algebra"`}},
		{"generate_learning_path_async", `{"topic":null}`, []string{"topic", "want a string, got null", `"linear algebra"`}},
		{"generate_learning_path_async", `{"topic":""}`, []string{"topic", "is empty", "linear algebra"}},
		{"generate_learning_path_async", `{"topic":"` + long + `"}`, []string{"topic", "5000 characters, want 1 to 200"}},
		{"generate_learning_path_async", `{"topic":"python","num_nodes":2}`, []string{"num_nodes", "2 is out of range, want 3 to 100", "num_nodes: 15"}},
		{"generate_learning_path_async", `{"topic":"python","num_nodes":4.5}`, []string{"num_nodes", "want a whole number, got 4.5", "num_nodes: 15"}},
		{"generate_learning_path_async", `{"topic":"python","num_nodes":"15"}`, []string{"num_nodes", `want a number, got "15"`, "num_nodes: 15"}},
		{"generate_learning_path_async", `{"topic":"python","max_resources":301}`, []string{"max_resources", "301 is out of range, want 5 to 300"}},
		{"generate_learning_path_async", `{"topic":"python","min_width":4,"max_width":2}`, []string{"min_width", "4 is above max_width 2"}},
		{"generate_learning_path_async", `{"topic":"python","num_nodes":50,"max_width":2,"max_height":3}`, []string{"num_nodes", "50", "at most 5 steps"}},
		{"generate_learning_path_async", `{"topic":"python","language":"fr"}`, []string{"language", `"fr" is not one of en, pt, es`, `language: "en"`}},
		{"generate_learning_path_async", `{"topic":"python","level":"expert"}`, []string{"level", "beginner, intermediate, advanced"}},
		{"generate_learning_path_async", `{"topic":"python","known":"vectors"}`, []string{"known", "want a list of strings", `["vectors"]`}},
		{"generate_learning_path_async", `{"topic":"python","outline":[{"name":"x"}]}`, []string{"outline", "title", "requires"}},
		{"generate_learning_path_async", `{"topic":"python","outline":[{"title":"a","requires":["b"]},{"title":"b","requires":["a"]}]}`, []string{"outline"}},
		{"generate_learning_path_async", `{"topic":"python","strict":"yes"}`, []string{"strict", "want true or false", "strict: false"}},
		{"generate_learning_path_async", `{"topic":"python","hours_per_week":101}`, []string{"hours_per_week", "want 0 to 100", "hours_per_week: 5"}},
		{"generate_learning_path_async", `{"topic":"python","priority":"urgent"}`, []string{"priority", "high, normal, low"}},
		{"generate_learning_path_async", `{"topic":"python","sources":"live"}`, []string{"sources", "not built yet", "auto or offline"}},
		{"generate_learning_path_async", `{"topic":"python","subject":"x"}`, []string{`unknown argument "subject"`, "topic, num_nodes", "sources"}},
		{"generate_learning_path_async", `{"topic":"underwater basket weaving of the moon"}`, []string{"underwater basket weaving", "search_concepts"}},
		{"get_task_status", `{}`, []string{"task_id", "missing", "{\"task_id\":"}},
		{"get_task_status", `{"id":"x"}`, []string{`unknown argument "id"`, "task_id, wait_seconds"}},
		{"get_task_status", `{"task_id":` + noTask + `}`, []string{"no task with id", "list_tasks"}},
		{"get_task_status", `{"task_id":` + noTask + `,"wait_seconds":46}`, []string{"wait_seconds", "46 is out of range, want 0 to 45", "wait_seconds: 30"}},
		{"get_task_status", `{"task_id":"` + long + `"}`, []string{"task_id", "5000 characters, want 1 to 100"}},
		{"cancel_task", `{}`, []string{"task_id", "missing"}},
		{"cancel_task", `{"task_id":` + noTask + `}`, []string{"no task with id", "list_tasks"}},
		{"list_tasks", `{"status":"done"}`, []string{"status", `"done" is not one of pending, running, completed, failed, cancelled`, `status: "running"`}},
		{"list_tasks", `{"limit":0}`, []string{"limit", "0 is out of range, want 1 to 100", "limit: 20"}},
		{"list_tasks", `{"cursor":"made up"}`, []string{"cursor"}},
		{"get_learning_path", `{}`, []string{"id", "missing"}},
		{"get_learning_path", `{"id":` + noTask + `}`, []string{"no path or task", "list_tasks"}},
		{"get_learning_path", `{"id":"x","format":"pdf"}`, []string{"format", `"pdf" is not one of markdown, json, mermaid`}},
		{"get_learning_path", `{"id":"x","include_answers":1}`, []string{"include_answers", "want true or false, got 1"}},
		{"list_learning_paths", `{"limit":101}`, []string{"limit", "101 is out of range, want 1 to 100"}},
		{"list_learning_paths", `{"cursor":"made up"}`, []string{"cursor", "page before"}},
		{"list_learning_paths", `{"words":"x"}`, []string{`unknown argument "words"`, "query, limit, cursor"}},
		{"delete_learning_path", `{}`, []string{"path_id", "missing"}},
		{"delete_learning_path", `{"path_id":` + noTask + `}`, []string{"no path with id", "list_learning_paths"}},
		{"search_concepts", `{}`, []string{"query", "missing", `"eigenvalues"`}},
		{"search_concepts", `{"query":"x","limit":51}`, []string{"limit", "want 1 to 50", "limit: 8"}},
		{"search_concepts", `{"query":"x","` + long + `":1}`, []string{"unknown argument", "query, limit, language"}},
		{"search_concepts", `{"query":"x","limit":1e999}`, []string{"limit"}},
	} {
		result := r.raw(c.tool, c.arguments)
		name := c.tool + " " + c.arguments[:min(len(c.arguments), 100)]
		if !assert.True(t, result.IsError, "%s: no error", name) {
			continue
		}
		text := words(t, result)
		assert.Less(t, len(text), 1000, name)
		for _, part := range c.says {
			assert.Contains(t, text, part, name)
		}
	}
}

// Every argument of every tool refuses what is not of its kind.
func TestEveryArgumentIsChecked(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{}, nil)
	for _, d := range r.tools.All() {
		for name := range inputOf(t, d.Tool.RawInputSchema).Properties {
			for _, wrong := range []string{`{"deep":[1]}`, `null`} {
				result := r.raw(d.Tool.Name, `{"`+name+`":`+wrong+`}`)
				assert.True(t, result.IsError)
				assert.Contains(t, words(t, result), name+": want", d.Tool.Name)
			}
		}
	}
}

// Before a tool shows the end of a task it waits until its followers were told.
func TestWhatShowsAnEndSettlesFirst(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{}, nil)
	id, _ := r.path(map[string]any{"topic": "python"})
	for _, c := range []struct{ tool, arguments string }{
		{"get_task_status", `{"task_id":"` + id + `"}`},
		{"list_tasks", `{}`},
		{"get_learning_path", `{"id":"` + id + `"}`},
		{"cancel_task", `{"task_id":"` + id + `"}`}, // too late: an error
	} {
		r.settled = nil
		r.raw(c.tool, c.arguments)
		assert.Equal(t, []string{id}, r.settled, c.tool)
	}
	waits := newRig(t, task.Limits{}, held)
	id, _ = waits.call("generate_learning_path_async", map[string]any{"topic": "python"})["task_id"].(string)
	waits.call("get_task_status", map[string]any{"task_id": id})
	waits.call("list_tasks", map[string]any{})
	waits.raw("get_learning_path", `{"id":"`+id+`"}`)
	assert.Empty(t, waits.settled, "a task that goes on would hold the call up")
}

// What is not yet, or no more, possible is an error that says what to call.
func TestErrorsOfState(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{Running: 1, RunningPerOwner: 1, WaitingPerOwner: 1}, held)
	running, _ := r.call("generate_learning_path_async", map[string]any{"topic": "python"})["task_id"].(string)
	waits, _ := r.call("generate_learning_path_async", map[string]any{"topic": "linear algebra", "idempotency_key": "k"})["task_id"].(string)
	refused := func(tool string, arguments map[string]any, says ...string) {
		t.Helper()
		raw, err := json.Marshal(arguments)
		require.NoError(t, err)
		result := r.raw(tool, string(raw))
		require.True(t, result.IsError)
		for _, part := range says {
			assert.Contains(t, words(t, result), part)
		}
		assert.Less(t, len(words(t, result)), 1000)
	}
	refused("get_learning_path", map[string]any{"id": running}, "has no path", "get_task_status", "wait_seconds 30")
	refused("generate_learning_path_async", map[string]any{"topic": "machine learning"}, "waiting already", "cancel one")
	refused("generate_learning_path_async", map[string]any{"topic": "python", "num_nodes": 20, "idempotency_key": "k"}, "key")
	assert.Equal(t, "cancelled", r.call("cancel_task", map[string]any{"task_id": waits})["status"])
	refused("get_learning_path", map[string]any{"id": waits}, "cancelled", "generate_learning_path_async")
}
