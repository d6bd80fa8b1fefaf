package mcpface_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// made makes a path and gives the ids of its task and its own.
func (s *session) made(topic string) (taskID, pathID string) {
	s.r.t.Helper()
	taskID = s.create(topic, nil)
	pathID, _ = s.tool("get_task_status", map[string]any{"task_id": taskID, "wait_seconds": 45}, nil)["path_id"].(string)
	require.NotEmpty(s.r.t, pathID)
	return taskID, pathID
}

func (s *session) read(uri string) (out map[string]any) {
	s.r.t.Helper()
	contents, ok := s.result("resources/read", map[string]any{"uri": uri})["contents"].([]any)
	require.True(s.r.t, ok)
	first, ok := contents[0].(map[string]any)
	require.True(s.r.t, ok)
	text, _ := first["text"].(string)
	require.NoError(s.r.t, json.Unmarshal([]byte(text), &out))
	return out
}

func (s *session) continueLearning(path string) string {
	s.r.t.Helper()
	arguments := map[string]any{}
	if path != "" {
		arguments["path"] = path
	}
	return fmt.Sprint(s.result("prompts/get", map[string]any{"name": "continue_learning", "arguments": arguments})["messages"])
}

func TestThePathsResourceHoldsTheCallersOwn(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ana, bia := r.connect("ana", legacyEra, 100), r.connect("bia", modernEra, 100)
	taskID, pathID := ana.made("python")
	paths, ok := ana.read("trilha://paths")["paths"].([]any)
	require.True(t, ok)
	require.Len(t, paths, 1)
	assert.Equal(t, pathID, paths[0].(map[string]any)["id"])
	assert.Empty(t, bia.read("trilha://paths")["paths"])

	assert.NotNil(t, ana.read("trilha://tasks/" + taskID)["result"])
	ana.tool("delete_learning_path", map[string]any{"path_id": pathID}, nil)
	assert.Empty(t, ana.read("trilha://paths")["paths"])
	assert.Contains(t, ana.refused("resources/read", map[string]any{"uri": "trilha://paths/" + pathID}), "no path")
	gone := ana.read("trilha://tasks/" + taskID)
	assert.Equal(t, "completed", gone["status"])
	assert.Nil(t, gone["result"], "a deleted path is not in its task either")
}

func TestContinueLearningStartsFromOnesOwnPaths(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ana, bia := r.connect("ana", legacyEra, 100), r.connect("bia", legacyEra, 100)
	assert.Contains(t, ana.continueLearning(""), "no finished learning path")
	_, python := ana.made("python")
	assert.Contains(t, ana.continueLearning(""), python, "the only one is meant")
	taskID, algebra := ana.made("linear algebra")

	for _, asked := range []string{algebra, taskID, " LINEAR algebra "} {
		text := ana.continueLearning(asked)
		assert.Contains(t, text, algebra, asked)
		assert.NotContains(t, text, python, asked)
		assert.Contains(t, text, "get_learning_path")
	}
	for _, asked := range []string{"", "learning path", "something else"} {
		text := ana.continueLearning(asked)
		assert.Contains(t, text, algebra, "%q: they are offered", asked)
		assert.Contains(t, text, python)
		assert.Contains(t, text, "Ask me which")
	}
	assert.Contains(t, bia.continueLearning(algebra), "no finished learning path", "it is ana's")
	refused := ana.refused("prompts/get", map[string]any{"name": "continue_learning", "arguments": map[string]any{"path": strings.Repeat("x", 600)}})
	assert.Contains(t, refused, "at most 512")
}
