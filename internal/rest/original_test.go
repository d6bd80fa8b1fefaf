package rest_test

import (
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/task"
)

// The documents in testdata/original are written as the original wrote its own: they
// are valid here, and what is served has all of their fields, in the types that a
// strict client reads them as.
func TestTheOriginalsDocumentsAreValidAndServed(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{})
	r.hold.Store(true)
	waiting := r.create("topic=go+programming")
	r.do(func(run task.Run) { run.Report(3, "a message") })
	running := r.ask(http.MethodGet, "/status/"+waiting, "")
	r.hold.Store(false)
	r.finish()
	completed := r.create("topic=python")
	r.ended(completed)
	served := map[string][]asked{
		"task":        {running, r.ask(http.MethodGet, "/status/"+completed, "")},
		"path":        {r.ask(http.MethodGet, "/generate_mcp?topic=python&language=pt&max_resources=30", ""), r.ask(http.MethodGet, "/generate_mcp?topic=teoria+musical", "")},
		"cache_stats": {r.ask(http.MethodGet, "/cache_stats", "")},
	}
	c := contractOf(t, r.ask(http.MethodGet, "/openapi.json", "").body)
	for name, component := range map[string]string{"task": "Task", "path": "Path", "cache_stats": "CacheStats"} {
		raw, err := os.ReadFile("testdata/original/" + name + ".json")
		require.NoError(t, err)
		require.NoError(t, c.holds("/components/schemas/"+component, raw), name)
		wants, has := kinds{}, kinds{}
		wants.collect(t, "", string(raw))
		for _, a := range served[name] {
			require.Equal(t, http.StatusOK, a.StatusCode, a.body)
			require.NoError(t, c.holds("/components/schemas/"+component, []byte(a.body)))
			has.collect(t, "", a.body)
		}
		for place, types := range wants {
			require.Contains(t, has, place, name)
			for kind := range types {
				if kind != "null" { // which says that it may be absent
					assert.Contains(t, has[place], kind, "%s: %s", name, place)
				}
			}
		}
	}
}

// kinds are the types that stand at places of a document. A place is the names on
// the way to it; a node's id and the index in a list are *.
type kinds map[string]map[string]bool

func (k kinds) collect(t testing.TB, place, raw string) {
	t.Helper()
	raw = strings.TrimSpace(raw)
	note := func(kind string) {
		if k[place] == nil {
			k[place] = map[string]bool{}
		}
		k[place][kind] = true
	}
	switch raw[0] {
	case '{':
		note("map")
		for name, value := range decode[map[string]json.RawMessage](t, raw) {
			if strings.HasSuffix(place, "/nodes") {
				name = "*"
			}
			k.collect(t, place+"/"+name, string(value))
		}
	case '[':
		note("list")
		for _, value := range decode[[]json.RawMessage](t, raw) {
			k.collect(t, place+"/*", string(value))
		}
	case '"':
		note("string")
	case 'n':
		note("null")
	case 't', 'f':
		note("bool")
	default:
		if strings.Contains(raw, ".") && !slices.Contains([]string{"x", "y"}, place[strings.LastIndex(place, "/")+1:]) {
			note("double")
		} else {
			note("int")
		}
	}
}

// The overview is the first of the nodes, as clients that go through them expect.
func TestTheRootIsTheFirstNode(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{})
	id := r.create("topic=python")
	r.ended(id)
	body := r.ask(http.MethodGet, "/status/"+id, "").body
	root := field[map[string]any](t, body, "result")["rootNodeId"].(string)
	assert.Contains(t, body, `"nodes":{"`+root+`":{"id":"`+root+`"`)
}
