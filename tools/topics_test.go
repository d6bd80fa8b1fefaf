package tools_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/task"
)

func TestAMisspeltTopicIsTakenForOneAndToldSo(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{}, nil)
	for range 2 { // made, and from the shelf or under way
		started := r.call("generate_learning_path_async", map[string]any{"topic": "lineer algebra"})
		assert.Equal(t, "Linear algebra", started["taken_as"])
		assert.Contains(t, started["message"], `"lineer algebra" was taken for "Linear algebra"`)
	}
	assert.NotContains(t, r.call("generate_learning_path_async", map[string]any{"topic": "Linear Algebra"}), "taken_as")
}

func TestSearchTellsWhyItFoundWhat(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{}, nil)
	found, ok := r.call("search_concepts", map[string]any{"query": "golang maps"})["concepts"].([]any)
	require.True(t, ok)
	require.NotEmpty(t, found)
	assert.LessOrEqual(t, len(found), 8)
	first, _ := found[0].(map[string]any)
	assert.Equal(t, "go/map", first["id"])
	assert.Equal(t, "Go programming", first["subject"])
	assert.Equal(t, "golang map", first["matched"])
	assert.NotEmpty(t, first["why"])
}
