package tools_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/task"
)

func (r *rig) titles(arguments map[string]any) (titles []string, out map[string]any) {
	r.t.Helper()
	out = r.call("list_learning_paths", arguments)
	list, ok := out["paths"].([]any)
	require.True(r.t, ok)
	for _, p := range list {
		p, ok := p.(map[string]any)
		require.True(r.t, ok)
		title, _ := p["title"].(string)
		titles = append(titles, title)
	}
	return titles, out
}

func TestFinishedPathsAreFoundAndDeleted(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{}, nil)
	none, out := r.titles(map[string]any{})
	assert.Empty(t, none)
	assert.Contains(t, out["next"], "generate_learning_path_async")
	r.path(map[string]any{"topic": "python", "num_nodes": 5})
	taskID, pathID := r.path(map[string]any{"topic": "álgebra linear", "language": "pt", "num_nodes": 6})

	titles, out := r.titles(map[string]any{})
	assert.Len(t, titles, 2)
	assert.Contains(t, titles[0], "Álgebra linear", "the newest first")
	assert.Contains(t, out["kept"], "a restart of the server forgets")
	first, ok := out["paths"].([]any)[0].(map[string]any)
	require.True(t, ok)
	assert.Equal(t, pathID, first["path_id"])
	assert.Equal(t, "trilha://paths/"+pathID, first["resource"])
	assert.InDelta(t, 6, first["steps"], 0)
	assert.Regexp(t, `^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$`, first["created_at"])

	found, _ := r.titles(map[string]any{"query": "ALGEBRA"})
	assert.Equal(t, titles[:1], found)
	found, out = r.titles(map[string]any{"query": "algebra python"})
	assert.Empty(t, found)
	assert.Contains(t, out["next"], "without query")
	found, out = r.titles(map[string]any{"limit": 1})
	assert.Equal(t, titles[:1], found)
	assert.Contains(t, out["next"], "next_cursor")
	found, _ = r.titles(map[string]any{"limit": 1, "cursor": out["next_cursor"]})
	assert.Equal(t, titles[1:], found)

	r.call("delete_learning_path", map[string]any{"path_id": pathID})
	found, _ = r.titles(map[string]any{})
	assert.Equal(t, titles[1:], found)
	for _, id := range []string{pathID, taskID} {
		result := r.raw("get_learning_path", `{"id":"`+id+`"}`)
		assert.True(t, result.IsError)
	}
	assert.Contains(t, words(t, r.raw("get_learning_path", `{"id":"`+taskID+`"}`)), "was deleted")
	assert.Equal(t, "completed", r.call("get_task_status", map[string]any{"task_id": taskID})["status"])
	assert.True(t, r.raw("delete_learning_path", `{"path_id":"`+pathID+`"}`).IsError, "it is there no more")
}
