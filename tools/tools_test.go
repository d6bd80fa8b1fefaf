package tools_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/tools"
)

// golden compares with a file; UPDATE_GOLDEN=1 writes it anew.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(file, got, 0o644))
		return
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), string(got), "%s is stale: if the change is meant, run make docs", file)
}

func all(t *testing.T) []tools.Definition { return newRig(t, task.Limits{}, nil).tools.All() }

func TestDefinitions(t *testing.T) {
	t.Parallel()
	var list []mcp.Tool
	for _, d := range all(t) {
		list = append(list, d.Tool)
	}
	var got bytes.Buffer
	enc := json.NewEncoder(&got)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	require.NoError(t, enc.Encode(list))
	golden(t, filepath.Join("testdata", "tools.json"), got.Bytes())
}

// What a model is shown of all tools stays small. A token of o200k is 3.9 bytes of
// such JSON on average; this is an estimate.
func TestModelsViewIsSmall(t *testing.T) {
	t.Parallel()
	const bytesPerToken = 3.9
	size := 0
	for _, d := range all(t) {
		raw, err := json.Marshal(map[string]any{
			"name": d.Tool.Name, "description": d.Tool.Description, "inputSchema": d.Tool.RawInputSchema,
		})
		require.NoError(t, err)
		size += len(raw)
	}
	tokens := float64(size) / bytesPerToken
	t.Logf("%d bytes, some %.0f tokens", size, tokens)
	assert.Less(t, tokens, 2400.0)
}

func TestEveryToolHasTitleHintsAndSchemas(t *testing.T) {
	t.Parallel()
	type hints struct{ readOnly, destructive, idempotent, openWorld bool }
	want := map[string]hints{
		"generate_learning_path_async": {openWorld: true},
		"generate_learning_path":       {openWorld: true},
		"get_task_status":              {readOnly: true, idempotent: true},
		"list_tasks":                   {readOnly: true, idempotent: true},
		"cancel_task":                  {destructive: true, idempotent: true},
		"get_learning_path":            {readOnly: true, idempotent: true},
		"search_concepts":              {readOnly: true, idempotent: true},
		"list_learning_paths":          {readOnly: true, idempotent: true},
		"delete_learning_path":         {destructive: true, idempotent: true},
	}
	definitions := all(t)
	require.Len(t, definitions, len(want))
	for _, d := range definitions {
		a := d.Tool.Annotations
		for _, hint := range []*bool{a.ReadOnlyHint, a.DestructiveHint, a.IdempotentHint, a.OpenWorldHint} {
			require.NotNil(t, hint, d.Tool.Name)
		}
		got := hints{*a.ReadOnlyHint, *a.DestructiveHint, *a.IdempotentHint, *a.OpenWorldHint}
		assert.Equal(t, want[d.Tool.Name], got, d.Tool.Name)
		assert.NotEmpty(t, d.Tool.Title)
		compile(t, d.Tool.RawInputSchema)
		compile(t, d.Tool.RawOutputSchema)
		for name, p := range inputOf(t, d.Tool.RawInputSchema).Properties {
			if d.Tool.Name != "generate_learning_path" { // whose twin has them
				assert.NotEmpty(t, p.Description, "%s %s", d.Tool.Name, name)
			}
		}
	}
}

func compile(t *testing.T, raw json.RawMessage) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	require.NoError(t, err)
	c := jsonschema.NewCompiler()
	require.NoError(t, c.AddResource("schema.json", doc))
	s, err := c.Compile("schema.json")
	require.NoError(t, err)
	return s
}

// Every default and example of a schema is valid by it.
func TestExamplesAreValid(t *testing.T) {
	t.Parallel()
	for _, d := range all(t) {
		var in struct {
			Properties map[string]json.RawMessage `json:"properties"`
		}
		require.NoError(t, json.Unmarshal(d.Tool.RawInputSchema, &in))
		for name, raw := range in.Properties {
			var p property
			require.NoError(t, json.Unmarshal(raw, &p))
			examples := p.Examples
			if p.Default != nil {
				examples = append(examples, p.Default)
			}
			for _, e := range examples {
				assert.NoError(t, compile(t, raw).Validate(e), "%s %s", d.Tool.Name, name)
			}
		}
	}
}

// What comes back is what the output schema says, the text holds the same, and
// links lead somewhere.
func TestOutputsAreWhatTheirSchemasSay(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{}, nil)
	request := map[string]any{"topic": "linear algebra", "language": "pt"}
	taskID, pathID := r.path(request)
	slow := newRig(t, task.Limits{Running: 1, RunningPerOwner: 1}, held)
	running, _ := slow.call("generate_learning_path_async", request)["task_id"].(string)
	waits, _ := slow.call("generate_learning_path_async", map[string]any{"topic": "python"})["task_id"].(string)
	for _, c := range []struct {
		r         *rig
		tool      string
		arguments map[string]any
	}{
		{r, "generate_learning_path_async", request},
		{r, "generate_learning_path_async", map[string]any{"topic": "python", "num_nodes": 5, "hours_per_week": 4}},
		{slow, "generate_learning_path_async", request},
		{r, "generate_learning_path", request},
		{r, "generate_learning_path", map[string]any{"topic": "pythn", "num_nodes": 5}},
		{r, "get_task_status", map[string]any{"task_id": taskID}},
		{slow, "get_task_status", map[string]any{"task_id": running}},
		{slow, "get_task_status", map[string]any{"task_id": waits}},
		{r, "list_tasks", map[string]any{}},
		{r, "list_tasks", map[string]any{"limit": 1}},
		{slow, "list_tasks", map[string]any{"status": "failed"}},
		{slow, "cancel_task", map[string]any{"task_id": waits}},
		{r, "get_learning_path", map[string]any{"id": pathID}},
		{r, "get_learning_path", map[string]any{"id": taskID, "format": "json"}},
		{r, "get_learning_path", map[string]any{"id": pathID, "format": "mermaid"}},
		{r, "get_learning_path", map[string]any{"id": pathID, "section": "2"}},
		{r, "get_learning_path", map[string]any{"id": pathID, "format": "json", "section": "2"}},
		{r, "search_concepts", map[string]any{"query": "vector"}},
		{r, "search_concepts", map[string]any{"query": "zzzzzz qqqq"}},
		{r, "list_learning_paths", map[string]any{}},
		{r, "list_learning_paths", map[string]any{"limit": 1}},
		{r, "list_learning_paths", map[string]any{"query": "zzzzzz qqqq"}},
		{slow, "list_learning_paths", map[string]any{}},
		{r, "delete_learning_path", map[string]any{"path_id": pathID}},
	} {
		raw, err := json.Marshal(c.arguments)
		require.NoError(t, err)
		name := c.tool + " " + string(raw)
		result := c.r.raw(c.tool, string(raw))
		require.False(t, result.IsError, "%s: %v", name, result.Content)
		structured, ok := result.StructuredContent.(json.RawMessage)
		require.True(t, ok)
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(structured))
		require.NoError(t, err)
		for _, d := range all(t) {
			if d.Tool.Name == c.tool {
				assert.NoError(t, compile(t, d.Tool.RawOutputSchema).Validate(doc), name)
			}
		}
		if c.tool == "get_learning_path" {
			assert.Equal(t, doc.(map[string]any)["content"], words(t, result), name)
		} else {
			assert.JSONEq(t, string(structured), words(t, result), name)
		}
		assert.NotEmpty(t, doc.(map[string]any)["next"], name)
	}
}

// Answer keys are for those who ask: in no format do they come unasked.
func TestAnswersComeOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{}, nil)
	_, pathID := r.path(map[string]any{"topic": "linear algebra", "num_nodes": 15})
	get := func(arguments map[string]any) string {
		arguments["id"] = pathID
		content, _ := r.call("get_learning_path", arguments)["content"].(string)
		return content
	}
	answers := answersOf(t, r, pathID)
	require.NotEmpty(t, answers)
	whole := ""
	for _, format := range []string{"markdown", "json", "mermaid"} {
		for _, detail := range []string{"concise", "detailed"} {
			content := get(map[string]any{"format": format, "detail": detail})
			whole += content
			for _, a := range answers {
				assert.NotContains(t, content, a, "%s %s", format, detail)
			}
			assert.NotRegexp(t, `"correctOptionIndex":\d`, content)
		}
	}
	asked := get(map[string]any{"format": "markdown", "detail": "detailed", "include_answers": true})
	told := 0
	for _, a := range answers {
		if strings.Contains(asked, a) {
			told++
		}
	}
	assert.Positive(t, told, "those who ask get them")
	assert.NotContains(t, whole, `"explanation":"`)
}

// answersOf collects, from the JSON with answers, texts that give answers away:
// explanations and solutions of some length.
func answersOf(t *testing.T, r *rig, pathID string) (answers []string) {
	t.Helper()
	path := r.call("get_learning_path", map[string]any{"id": pathID, "format": "json", "detail": "concise", "include_answers": true})
	var p struct {
		Nodes map[string]json.RawMessage `json:"nodes"`
	}
	content, _ := path["content"].(string)
	require.NoError(t, json.Unmarshal([]byte(content), &p))
	for id := range p.Nodes {
		one := r.call("get_learning_path", map[string]any{"id": pathID, "format": "json", "section": id, "include_answers": true})
		var n struct {
			Quiz struct {
				Questions []struct {
					Explanation string `json:"explanation"`
				} `json:"questions"`
			} `json:"quiz"`
			ExerciseSet struct {
				Exercises []struct {
					Solution string `json:"solution"`
				} `json:"exercises"`
			} `json:"exerciseSet"`
		}
		content, _ := one["content"].(string)
		require.NoError(t, json.Unmarshal([]byte(content), &n))
		for _, q := range n.Quiz.Questions {
			answers = append(answers, q.Explanation)
		}
		for _, e := range n.ExerciseSet.Exercises {
			answers = append(answers, e.Solution)
		}
	}
	kept := answers[:0]
	for _, a := range answers {
		if len(a) > 20 {
			kept = append(kept, a)
		}
	}
	return kept
}

// A step has one number, whatever the format.
func TestStepsHaveOneNumber(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{}, nil)
	_, pathID := r.path(map[string]any{"topic": "linear algebra", "num_nodes": 12})
	for number := 1; number <= 12; number++ {
		get := map[string]any{"id": pathID, "section": fmt.Sprint(number)}
		markdown, _ := r.call("get_learning_path", get)["content"].(string)
		get["format"] = "json"
		raw, _ := r.call("get_learning_path", get)["content"].(string)
		var n struct {
			Title string `json:"title"`
		}
		require.NoError(t, json.Unmarshal([]byte(raw), &n))
		require.NotEmpty(t, n.Title)
		assert.Contains(t, markdown, fmt.Sprintf("%d. %s", number, n.Title))
	}
	for _, none := range []string{"0", "13", "1.2", "nothing"} {
		for _, format := range []string{"markdown", "json"} {
			raw, err := json.Marshal(map[string]any{"id": pathID, "format": format, "section": none})
			require.NoError(t, err)
			result := r.raw("get_learning_path", string(raw))
			require.True(t, result.IsError)
			assert.Contains(t, words(t, result), "section: no step")
		}
	}
}

// A concise answer stays far below what clients refuse, whatever is asked for.
func TestAnswersFitTheirReaders(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{}, nil)
	_, pathID := r.path(map[string]any{"topic": "machine learning"})
	concise, _ := r.call("get_learning_path", map[string]any{"id": pathID})["content"].(string)
	assert.Less(t, len(concise), 2000*4, "some 2,000 tokens")
}

// property is one argument in an input schema.
type property struct {
	Type        string   `json:"type"`
	Description string   `json:"description"`
	Enum        []string `json:"enum"`
	Minimum     *float64 `json:"minimum"`
	Maximum     *float64 `json:"maximum"`
	MinLength   *float64 `json:"minLength"`
	MaxLength   *float64 `json:"maxLength"`
	MaxItems    *float64 `json:"maxItems"`
	Default     any      `json:"default"`
	Examples    []any    `json:"examples"`
	Items       *struct {
		Type string `json:"type"`
	} `json:"items"`
}

type input struct {
	Properties map[string]property `json:"properties"`
	Required   []string            `json:"required"`
	Additional *bool               `json:"additionalProperties"`
}

func inputOf(t *testing.T, raw json.RawMessage) (in input) {
	t.Helper()
	require.NoError(t, json.Unmarshal(raw, &in))
	require.NotNil(t, in.Additional)
	require.False(t, *in.Additional)
	return in
}

// limits tells a property's range in words.
func (p property) limits() string {
	switch {
	case len(p.Enum) > 0:
		return strings.Join(p.Enum, ", ")
	case p.Maximum != nil:
		return fmt.Sprintf("%g to %g", *p.Minimum, *p.Maximum)
	case p.MaxLength != nil:
		return fmt.Sprintf("%g to %g characters", *p.MinLength, *p.MaxLength)
	case p.MaxItems != nil:
		return fmt.Sprintf("up to %g", *p.MaxItems)
	}
	return ""
}

func (p property) kind() string {
	if p.Items != nil {
		return "list of " + p.Items.Type + "s"
	}
	return p.Type
}
