package tools_test

import (
	"context"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/task"
)

// asks waits for its owner before it does anything.
func asks(work task.Work) task.Work {
	return func(ctx context.Context, run task.Run) (json.RawMessage, error) {
		schema := `{"type":"object","properties":{"topic":{"type":"string","oneOf":[{"const":"x/one","title":"One"},{"const":"y/two","title":"Two"}]}}}`
		_, err := task.Ask(ctx, run, map[string]task.Form{"topic": {Message: "Which\none is meant?", Schema: json.RawMessage(schema)}})
		if err != nil {
			return nil, err
		}
		return work(ctx, run)
	}
}

// A task that waits for its owner says what it asks, and how to go on with a client
// that cannot answer. Whoever waits for its end is not held.
func TestTaskThatAwaitsItsOwnerSaysSo(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{Running: 1}, asks)
	id := r.call("generate_learning_path_async", map[string]any{"topic": "python"})["task_id"].(string)
	const question = "Which one is meant? (x/one: One; y/two: Two)"
	for range 2 { // when it comes to ask, and when it has asked
		status := r.call("get_task_status", map[string]any{"task_id": id, "wait_seconds": 45})
		assert.Equal(t, "pending", status["status"])
		assert.Equal(t, question, status["question"])
		assert.Contains(t, status["next"], "cancel_task with task_id "+id)
		assert.Contains(t, status["next"], "exact topic")
	}
	listed, _ := r.call("list_tasks", map[string]any{})["tasks"].([]any)
	require.Len(t, listed, 1)
	assert.Equal(t, question, listed[0].(map[string]any)["question"])
	cancelled := r.call("cancel_task", map[string]any{"task_id": id})
	assert.Equal(t, "cancelled", cancelled["status"])
	assert.NotContains(t, cancelled, "question")
}
