package mcpface_test

import (
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

func TestOnlyOnesOwnTasksAreOffered(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ana, bob := r.connect("ana", legacyEra, 10), r.connect("bob", legacyEra, 10)
	id := ana.create("python", nil)
	ref := map[string]any{"type": "ref/resource", "uri": "trilha://tasks/{task_id}"}
	require.Equal(t, []any{id}, completions(ana, ref, "task_id", id[:4], nil))
	assert.Empty(t, completions(bob, ref, "task_id", "", nil))
}
