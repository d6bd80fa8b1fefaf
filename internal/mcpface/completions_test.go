package mcpface_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// completions asks for the values of an argument.
func completions(s *session, ref map[string]any, argument, typed string, given map[string]any) []any {
	result := s.result("completion/complete", map[string]any{
		"ref": ref, "argument": map[string]any{"name": argument, "value": typed}, "context": map[string]any{"arguments": given},
	})
	completion, _ := result["completion"].(map[string]any)
	values, _ := completion["values"].([]any)
	return values
}

func TestArgumentsAreCompleted(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, era := range []string{legacyEra, modernEra} {
		s := r.connectAs("ana", "completing-"+era, era, 10)
		prompt := map[string]any{"type": "ref/prompt", "name": "learn"}
		template := func(uri string) map[string]any { return map[string]any{"type": "ref/resource", "uri": uri} }

		assert.Contains(t, completions(s, prompt, "topic", "eigenval", nil), "eigenvalue")
		assert.Contains(t, completions(s, prompt, "topic", "aprendizado", map[string]any{"language": "pt"}), "Aprendizado de máquina")
		assert.Contains(t, completions(s, prompt, "topic", "machine lerning", nil), "Machine learning", "what it may mean, where no name begins so")
		assert.Equal(t, []any{"es"}, completions(s, prompt, "language", "e", nil)[1:])
		assert.Equal(t, []any{"beginner"}, completions(s, prompt, "level", "b", nil))
		assert.Empty(t, completions(s, prompt, "shoe_size", "4", nil))

		ids := completions(s, template("trilha://concepts/{concept_id}"), "concept_id", "linear-algebra/eig", nil)
		assert.Equal(t, []any{"linear-algebra%2Feigenvalue"}, ids)
		of := template("trilha://concepts/{subject}/{concept}")
		assert.Equal(t, []any{"linear-algebra"}, completions(s, of, "subject", "lin", nil))
		assert.Equal(t, []any{"eigenvalue"}, completions(s, of, "concept", "eig", map[string]any{"subject": "linear-algebra"}))
		assert.Equal(t, []any{"markdown", "mermaid"}, completions(s, template("trilha://paths/{path_id}/{format}"), "format", "m", nil))
	}
}

func TestOnlyOnesOwnTasksAndPathsAreOffered(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ana, bob := r.connect("ana", legacyEra, 10), r.connect("bob", legacyEra, 10)
	id := ana.create("python", nil)
	pathID, _ := ana.tool("get_task_status", map[string]any{"task_id": id, "wait_seconds": 45}, nil)["path_id"].(string)
	template := func(uri string) map[string]any { return map[string]any{"type": "ref/resource", "uri": uri} }
	for _, c := range []struct {
		ref             map[string]any
		argument, typed string
		want            any
	}{
		{template("trilha://tasks/{task_id}"), "task_id", id[:4], id},
		{template("trilha://paths/{path_id}"), "path_id", pathID[:4], pathID},
		{template("trilha://paths/{path_id}/{format}"), "path_id", "", pathID},
		{map[string]any{"type": "ref/prompt", "name": "continue_learning"}, "path", "pyth", "Learning path: Python"},
	} {
		require.Equal(t, []any{c.want}, completions(ana, c.ref, c.argument, c.typed, nil))
		assert.Empty(t, completions(ana, c.ref, c.argument, "zzz", nil))
		assert.Empty(t, completions(bob, c.ref, c.argument, c.typed, nil))
	}
}

// At most a hundred values are offered, and how many more there are is said.
func TestCompletionsAreBounded(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.hold.Store(true)
	s := r.connect("ana", legacyEra, 10)
	complete := func(ref map[string]any, argument, typed string) (values []any, total any, more bool) {
		result := s.result("completion/complete", map[string]any{"ref": ref, "argument": map[string]any{"name": argument, "value": typed}})
		completion, _ := result["completion"].(map[string]any)
		values, _ = completion["values"].([]any)
		more, _ = completion["hasMore"].(bool)
		return values, completion["total"], more
	}
	template := func(uri string) map[string]any { return map[string]any{"type": "ref/resource", "uri": uri} }
	concepts, prompt := template("trilha://concepts/{concept_id}"), map[string]any{"type": "ref/prompt", "name": "learn"}

	values, total, more := complete(concepts, "concept_id", "")
	assert.Len(t, values, 100)
	assert.Greater(t, total, 100.0)
	assert.True(t, more)
	few, total, more := complete(concepts, "concept_id", "linear-algebra/eigen")
	assert.NotEmpty(t, few)
	assert.EqualValues(t, len(few), total)
	assert.False(t, more)
	topics, _, _ := complete(prompt, "topic", "")
	assert.Contains(t, topics, "Linear algebra", "where nothing is typed the subjects are offered")
	for range 101 {
		s.tool("generate_learning_path_async", map[string]any{"topic": "python", "idempotency_key": fmt.Sprint(len(topics)), "hours_per_week": 1 + 0.5*float64(len(topics))}, nil)
		topics = append(topics, nil)
	}
	values, total, more = complete(template("trilha://tasks/{task_id}"), "task_id", "")
	assert.Len(t, values, 100)
	assert.True(t, more, "%v", total)
	assert.EqualValues(t, 101, total)
}

func TestCategoryNarrowsTopics(t *testing.T) {
	t.Parallel()
	s := newRig(t).connect("ana", legacyEra, 10)
	prompt := map[string]any{"type": "ref/prompt", "name": "learn"}
	assert.Equal(t, []any{"finance"}, completions(s, prompt, "category", "fin", nil))
	all := completions(s, prompt, "topic", "", nil)
	finance := completions(s, prompt, "topic", "", map[string]any{"category": "finance"})
	assert.NotEmpty(t, finance)
	assert.Less(t, len(finance), len(all))
	assert.NotContains(t, finance, "Python")
}

func TestWhatHasNoCompletionsIsSaid(t *testing.T) {
	t.Parallel()
	s := newRig(t).site()
	for _, a := range []*agent{s.agent("ana", "http", legacyEra), s.agent("ana", "http", modernEra)} {
		for _, c := range []struct {
			ref   map[string]any
			typed string
		}{
			{map[string]any{"type": "ref/prompt", "name": "unknown"}, ""},
			{map[string]any{"type": "ref/resource", "uri": "trilha://nothing/{id}"}, ""},
			{map[string]any{"type": "ref/prompt", "name": "learn"}, strings.Repeat("x", 201)},
		} {
			m := a.send("completion/complete", map[string]any{"ref": c.ref, "argument": map[string]any{"name": "topic", "value": c.typed}})
			require.NotNil(t, m.Error, "%v", c)
			assert.Equal(t, -32602, m.Error.Code)
		}
		m := a.send("prompts/get", map[string]any{"name": "learn", "arguments": map[string]any{"topic": " "}})
		require.NotNil(t, m.Error)
		assert.Equal(t, -32602, m.Error.Code)
		assert.Contains(t, m.Error.Message, "topic")
	}
}
