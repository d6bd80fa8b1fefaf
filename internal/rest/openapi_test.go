package rest_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/task"
)

// contract is the served OpenAPI document, and schemas of it.
type contract struct {
	t        testing.TB
	compiler *jsonschema.Compiler
	compiled map[string]*jsonschema.Schema
	Paths    map[string]map[string]operation
}

type operation struct {
	ID         string      `json:"operationId"`
	Parameters []parameter `json:"parameters"`
	Body       *struct{}   `json:"requestBody"`
	Responses  map[string]struct {
		Content map[string]struct{} `json:"content"`
	} `json:"responses"`
}

type parameter struct {
	Name, In string
	Required bool
	Schema   struct {
		Type                 string
		Minimum, Maximum     *float64
		MinLength, MaxLength *int
		Enum                 []string
	}
}

const address = "https://trilha.test/openapi.json"

func contractOf(t testing.TB, raw string) *contract {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(strings.NewReader(raw))
	require.NoError(t, err)
	c := &contract{t: t, compiler: jsonschema.NewCompiler(), compiled: map[string]*jsonschema.Schema{}}
	require.NoError(t, c.compiler.AddResource(address, doc))
	require.NoError(t, json.Unmarshal([]byte(raw), c))
	return c
}

// schema gives what stands at a JSON pointer.
func (c *contract) schema(pointer string) *jsonschema.Schema {
	c.t.Helper()
	if c.compiled[pointer] == nil {
		s, err := c.compiler.Compile(address + "#" + pointer)
		require.NoError(c.t, err)
		c.compiled[pointer] = s
	}
	return c.compiled[pointer]
}

// holds says what is wrong with JSON under the schema at a pointer.
func (c *contract) holds(pointer string, raw []byte) error {
	c.t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	return c.schema(pointer).Validate(doc)
}

// escaped is a word of a JSON pointer.
func escaped(word string) string {
	return strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(word)
}

func TestTheOpenAPIDocumentIsTheGoldenOne(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{})
	a := r.ask(http.MethodGet, "/openapi.json", "")
	assert.Equal(t, "application/json; charset=utf-8", a.Header.Get("Content-Type"))
	golden(t, "testdata/openapi.json", a.body)
	assert.Equal(t, "3.1.0", field[string](t, a.body, "openapi"))
}

// Every object says all of its fields, and those that are always there.
func TestSchemasAreClosed(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{})
	raw := r.ask(http.MethodGet, "/openapi.json", "").body
	schemas := decode[struct {
		Components struct {
			Schemas map[string]struct {
				AdditionalProperties any
				Properties           map[string]any
				Required             []string
			}
		}
	}](t, raw).Components.Schemas
	require.Greater(t, len(schemas), 15)
	for name, s := range schemas {
		assert.Equal(t, false, s.AdditionalProperties, name)
		assert.NotEmpty(t, s.Required, name)
	}
	assert.NotContains(t, raw, "ErrorModel", "huma's own errors are never sent")
}

func TestTheDocumentKnowsTheLanguages(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{})
	c := contractOf(t, r.ask(http.MethodGet, "/openapi.json", "").body)
	params := c.Paths["/generate_mcp_async"]["post"].Parameters
	i := slices.IndexFunc(params, func(p parameter) bool { return p.Name == "language" })
	require.GreaterOrEqual(t, i, 0)
	assert.ElementsMatch(t, catalog.Languages(), params[i].Schema.Enum)
}

// The page is whole by itself: nothing in it is loaded, and nothing could be.
func TestThePageLoadsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{})
	a := r.ask(http.MethodGet, "/docs", "")
	require.Equal(t, http.StatusOK, a.StatusCode)
	assert.Equal(t, "text/html; charset=utf-8", a.Header.Get("Content-Type"))
	assert.Contains(t, a.Header.Get("Content-Security-Policy"), "default-src 'none'")
	assert.NotRegexp(t, `https?:|//[a-z]|<script|<img|<link|url\(|@import|\bsrc=`, a.body)
	for path, methods := range contractOf(t, r.ask(http.MethodGet, "/openapi.json", "").body).Paths {
		assert.Contains(t, a.body, path)
		for _, op := range methods {
			assert.Contains(t, a.body, `id="`+op.ID+`"`)
			for _, p := range op.Parameters {
				assert.Contains(t, a.body, "<code>"+p.Name+"</code>")
			}
		}
	}
	for _, m := range regexp.MustCompile(`href="#([^"]+)"`).FindAllStringSubmatch(a.body, -1) {
		assert.Contains(t, a.body, `id="`+m[1]+`"`, "a link to nowhere")
	}
}
