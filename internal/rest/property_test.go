package rest_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/task"
)

// requests is how many are made up from the document; 500 with -short.
const requests = 5000

// Whatever is asked, no answer is an accident, each is one that the document
// tells of and matches its schema there, and every operation succeeds now and then.
func TestEveryAnswerIsAsTheDocumentSays(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{Running: 4, RunningPerOwner: 4, Kept: 20})
	m := &maker{rig: r, contract: contractOf(t, r.ask(http.MethodGet, "/openapi.json", "").body), rand: rand.New(rand.NewPCG(15, 2026)), valid: map[[32]byte]bool{}}
	seen := map[string]map[int]int{}
	count := requests
	if testing.Short() {
		count /= 10
	}
	for range count {
		id, status := m.one()
		if seen[id] == nil {
			seen[id] = map[int]int{}
		}
		seen[id][status]++
		if t.Failed() {
			return
		}
	}
	for id, want := range map[string][]int{
		"health": {200}, "generate_mcp_async": {200, 422}, "status": {200, 404}, "events": {200, 404, 204}, "tasks": {200, 422},
		"cancel": {200, 404, 409}, "generate_mcp": {200, 404, 422}, "cache_stats": {200}, "clear_cache": {200, 422},
	} {
		for _, status := range want {
			assert.Positive(t, seen[id][status], "%s never answered %d", id, status)
		}
	}
	assert.Len(t, seen, 9)
	for id, statuses := range seen {
		t.Log(id, statuses)
	}
	assert.Empty(t, append(r.logs.of("WARN"), r.logs.of("ERROR")...), "nothing of this is worth a warning")
}

// maker makes requests up from the document and judges the answers.
type maker struct {
	*rig
	*contract
	rand  *rand.Rand
	ids   []string // of tasks
	owner string   // of the request at hand
	valid map[[32]byte]bool
}

// one makes a request, and gives its operation and how it was answered.
func (m *maker) one() (id string, status int) {
	path := pick(m.rand, sortedKeys(m.Paths))
	method := pick(m.rand, sortedKeys(m.Paths[path]))
	op := m.Paths[path][method]
	m.owner = pick(m.rand, []string{"ann", "ann", "ann", "bob"})
	target, query, body, headers := path, url.Values{}, map[string]any{}, []string{}
	wild := m.rand.IntN(3) == 0 // else most values are good
	for _, p := range op.Parameters {
		value, given := m.value(p, wild)
		switch {
		case p.In == "path":
			target = strings.Replace(target, "{"+p.Name+"}", url.PathEscape(value), 1)
		case !given:
		case p.In == "header":
			headers = append(headers, p.Name, value)
		case op.Body != nil && m.rand.IntN(3) == 0:
			body[p.Name] = m.typed(p, value)
		default:
			query.Set(p.Name, value)
		}
	}
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	sent := m.body(op, body, wild)
	if op.Body != nil {
		headers = append(headers, "Content-Type", "application/json")
	}
	a := m.askAs(m.owner, strings.ToUpper(method), target, sent, headers...)
	m.judge(fmt.Sprintf("%s %s %s %q", method, target, sent, headers), path, method, op, a)
	if op.ID == "generate_mcp_async" && a.StatusCode == http.StatusOK {
		m.ids = append(m.ids, field[string](m.rig.t, a.body, "task_id"))
	}
	return op.ID, a.StatusCode
}

func pick[T any](r *rand.Rand, from []T) T { return from[r.IntN(len(from))] }

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

var topics = []string{
	"python", "Python", "álgebra linear", "linear algebra", "go", "closures", "eigenvalue", "machine learning", "pointers", "teoria musical",
	"pyhton", "graphs", "data mining", "no such thing at all", "probability", "function",
}

var odd = []string{
	"", " ", "null", "true", "-1", "0", "1e3", "NaN", "1.5", "99999999999999999999", "-99999999999999999999", "0x10", "ação", "a\x00b", "\xff", "🦀🦀🦀",
	"mcp:*", "*", "[", "(", "%", "' OR 1=1 --", "../..", strings.Repeat("x", 201), strings.Repeat("é", 700), "{}", "10.0", "+11", "end", "1-1",
}

// value makes a parameter up.
func (m *maker) value(p parameter, wild bool) (value string, given bool) {
	r := m.rand
	switch {
	case wild && r.IntN(4) == 0 && p.In != "path":
		return pick(r, odd), true
	case p.In == "path":
		if len(m.ids) > 0 && r.IntN(10) > 0 {
			return m.ids[max(0, len(m.ids)-1-r.IntN(15))], true
		}
		return pick(r, []string{"nothing", "1", "a b", "ç", "00000000-0000-4000-8000-000000000000", "%2e%2e", "a\x00b"}), true
	case p.Name == "topic":
		return pick(r, topics), r.IntN(20) > 0
	case p.In == "header":
		return pick(r, []string{"end", "0-0", "1764086400000000-1", "x"}), r.IntN(2) == 0
	case r.IntN(3) > 0:
		return "", false
	case len(p.Schema.Enum) > 0:
		return pick(r, p.Schema.Enum), true
	case p.Schema.Type == "integer" || p.Schema.Type == "number":
		low, high := *p.Schema.Minimum, *p.Schema.Maximum
		if wild {
			low, high = low-2, high+2
		}
		if p.Schema.Type == "number" {
			return strconv.FormatFloat(low+r.Float64()*(high-low), 'g', 3, 64), true
		}
		return strconv.Itoa(int(low) + r.IntN(int(high-low)+1)), true
	case p.Schema.Type == "boolean":
		return pick(r, []string{"true", "false", "1", "no"}), true
	case p.Name == "pattern":
		return pick(r, []string{"mcp:*", "mcp:p*", "mcp:????", "*", "none"}), true
	case p.Name == "category":
		return pick(r, []string{"technology", "mathematics", "programming", ""}), true
	default:
		return pick(r, odd), wild
	}
}

// typed is a value as it may stand in JSON.
func (m *maker) typed(p parameter, value string) any {
	if p.Schema.Type == "string" || m.rand.IntN(4) == 0 {
		return value
	}
	if _, err := strconv.ParseFloat(value, 64); err == nil && json.Valid([]byte(value)) {
		return json.RawMessage(value)
	}
	if value == "true" || value == "false" {
		return json.RawMessage(value)
	}
	return value
}

func (m *maker) body(op operation, members map[string]any, wild bool) string {
	if op.Body == nil || len(members) == 0 && m.rand.IntN(2) == 0 {
		return ""
	}
	if wild && m.rand.IntN(8) == 0 {
		return pick(m.rand, []string{"{", "[]", "null", "1", `{"topic":null}`, `{"topic":["python"]}`, `{"topic":{}}`, "\xff", `{"topic":"\ud800xyz"}`, " \n"})
	}
	raw, err := json.Marshal(members)
	require.NoError(m.rig.t, err)
	return string(raw)
}

// judge holds an answer against the document.
func (m *maker) judge(request, path, method string, op operation, a asked) {
	t := m.rig.t
	t.Helper()
	require.Less(t, a.StatusCode, 500, "%s: %s", request, a.body)
	status := strconv.Itoa(a.StatusCode)
	told, ok := op.Responses[status]
	require.True(t, ok, "%s: %d is not in the document: %s", request, a.StatusCode, a.body)
	if a.StatusCode == http.StatusNoContent {
		require.Empty(t, a.body, request)
		return
	}
	kind, words, err := mime.ParseMediaType(a.Header.Get("Content-Type"))
	require.NoError(t, err, request)
	require.Contains(t, told.Content, kind, request)
	if kind == "text/event-stream" {
		for _, e := range readEvents(t, strings.NewReader(a.body)) {
			require.NoError(t, m.holds("/components/schemas/Event", []byte(e.data)), request)
			dartReads(t, e.data)
		}
		return
	}
	require.Equal(t, "utf-8", words["charset"], request)
	body := m.withoutKnown(a.body)
	dartReads(t, string(body))
	pointer := "/paths/" + escaped(path) + "/" + method + "/responses/" + status + "/content/" + escaped(kind) + "/schema"
	require.NoError(t, m.holds(pointer, body), "%s: %.300s", request, a.body)
}

// withoutKnown judges the paths of tasks on their own, each only once, and gives the
// rest: paths are large, and many are the same.
func (m *maker) withoutKnown(body string) []byte {
	const before, after = `"result":{`, `},"error":` // nothing in a path looks like the second
	var rest strings.Builder
	for {
		head, path, ok := strings.Cut(body, before)
		path, tail, ends := strings.Cut(path, after)
		if !ok || !ends {
			rest.WriteString(body)
			return []byte(rest.String())
		}
		path = "{" + path + "}"
		if sum := sha256.Sum256([]byte(path)); !m.valid[sum] {
			require.NoError(m.rig.t, m.holds("/components/schemas/Path", []byte(path)))
			dartReads(m.rig.t, path)
			m.valid[sum] = true
		}
		rest.WriteString(head + `"result":null,"error":`)
		body = tail
	}
}

// fractions are the fields that a Dart client reads as double: without a fraction
// they would be int, and break it. All others but coordinates are int there.
var fractions = []string{"created_at", "updated_at", "completed_at", "time", "usage_percentage", "hit_rate", "uptime"}

// dartReads looks at how numbers are written.
func dartReads(t testing.TB, text string) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader([]byte(text)))
	d.UseNumber()
	key := ""
	for {
		token, err := d.Token()
		if err == io.EOF {
			return
		}
		if err != nil {
			require.NoError(t, err, text)
		}
		switch v := token.(type) {
		case string:
			key = v
		case json.Number:
			double := slices.Contains(fractions, key)
			if double != strings.Contains(v.String(), ".") && !slices.Contains([]string{"x", "y", "ge", "le", "input"}, key) {
				require.Fail(t, "not as Dart reads it", "%s is %s", key, v)
			}
		}
	}
}
