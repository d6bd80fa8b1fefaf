package app_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/app"
)

// must is a field that a strict client cannot do without: neither absent nor null.
type must[T any] struct {
	v   T
	set bool
}

func (m *must[T]) UnmarshalJSON(raw []byte) error {
	if string(raw) == "null" {
		return fmt.Errorf("null where %T is read", m.v)
	}
	m.set = true
	return json.Unmarshal(raw, &m.v)
}

func (m must[T]) complete() bool { return m.set }
func (m must[T]) inner() any     { return m.v }

// double is what Dart reads as one: a number with a fraction. Go's int refuses
// fractions as Dart's does.
type double float64

func (d *double) UnmarshalJSON(raw []byte) error {
	if !bytes.ContainsRune(raw, '.') {
		return fmt.Errorf("int %s where a double is read", raw)
	}
	return json.Unmarshal(raw, (*float64)(d))
}

// What a client of the original reads.
type (
	originalTask struct {
		ID, Description, Status must[string]
		Progress                must[int]
		Result                  *originalPath
		Error                   *string
		CreatedAt               must[double] `json:"created_at"`
		UpdatedAt               must[double] `json:"updated_at"`
		CompletedAt             *double      `json:"completed_at"`
		Messages                must[[]originalMessage]
	}
	originalMessage struct {
		Time    must[double]
		Message must[string]
	}
	originalPath struct {
		ID, Title, Topic, Category, Language, RootNodeID must[string]
		TotalHours                                       must[int]
		Tags                                             must[[]string]
		Nodes                                            must[map[string]originalNode]
		Metadata                                         must[map[string]any]
	}
	originalNode struct {
		ID, Title, Description, Type, State must[string]
		Resources                           must[[]originalResource]
		Prerequisites                       must[[]string]
		VisualPosition                      must[struct{ Level must[int] }]
		Quiz                                *struct {
			Questions must[[]struct {
				ID, Text           must[string]
				Options            must[[]string]
				CorrectOptionIndex must[int]
			}]
			PassingScore must[int]
		}
		ExerciseSet *struct {
			Exercises must[[]struct {
				ID, Title, Description, Difficulty, Instructions, Solution, VerificationMethod, CorrectAnswer must[string]
				Hints                                                                                         must[[]string]
				Options                                                                                       []string
			}]
			PassingScore must[int]
		}
	}
	originalResource struct {
		ID, Title, URL, Type               must[string]
		Duration, ReadTime                 *int
		Description, Difficulty, Thumbnail *string
	}
)

// absent lists the fields of v that had to be there.
func absent(v reflect.Value, at string) (missing []string) {
	if m, ok := v.Interface().(interface {
		complete() bool
		inner() any
	}); ok {
		if !m.complete() {
			return []string{at}
		}
		return absent(reflect.ValueOf(m.inner()), at)
	}
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return absent(v.Elem(), at)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			missing = append(missing, absent(v.Field(i), at+"."+v.Type().Field(i).Name)...)
		}
	case reflect.Slice:
		for i := range v.Len() {
			missing = append(missing, absent(v.Index(i), at)...)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			missing = append(missing, absent(v.MapIndex(key), at)...)
		}
	}
	return missing
}

// original is a client written from the flow that the original documents, and from
// nothing else: create, ask each second until completed or failed, collect.
type original struct {
	t    *testing.T
	base string
	http *http.Client
}

func (o *original) call(method, path string, into any) int {
	o.t.Helper()
	r, err := http.NewRequestWithContext(o.t.Context(), method, o.base+path, nil)
	require.NoError(o.t, err)
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	resp, err := o.http.Do(r)
	require.NoError(o.t, err)
	defer resp.Body.Close()
	assert.Equal(o.t, "application/json; charset=utf-8", resp.Header.Get("Content-Type"))
	require.NoError(o.t, json.NewDecoder(resp.Body).Decode(into), "%s %s", method, path)
	assert.Empty(o.t, absent(reflect.ValueOf(into).Elem(), path))
	return resp.StatusCode
}

func (o *original) learn(topic string, more url.Values) (id, message string, task originalTask) {
	o.t.Helper()
	query := url.Values{"topic": {topic}}
	for name, values := range more {
		query[name] = values
	}
	var created struct {
		TaskID          must[string] `json:"task_id"`
		Status, Message must[string]
	}
	require.Equal(o.t, http.StatusOK, o.call(http.MethodPost, "/generate_mcp_async?"+query.Encode(), &created))
	assert.Equal(o.t, "accepted", created.Status.v)
	for range 60 {
		var task originalTask
		require.Equal(o.t, http.StatusOK, o.call(http.MethodGet, "/status/"+created.TaskID.v, &task))
		if s := task.Status.v; s == "completed" || s == "failed" {
			return created.TaskID.v, created.Message.v, task
		}
		time.Sleep(time.Second) // as it is documented; a path takes milliseconds
	}
	o.t.Fatal("a minute is over")
	return "", "", originalTask{}
}

func TestAClientOfTheOriginalWorksUnchanged(t *testing.T) {
	program := filepath.Join(t.TempDir(), "trilha")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, "github.com/trilha/trilha/cmd/trilha").CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, store := range []string{"memory", "sqlite:" + filepath.Join(t.TempDir(), "tasks.db")} {
		o := &original{t, listens(t, starts(t, program, "serve", "--addr", "127.0.0.1:0", "--store", store)), httpClient(t)}
		var health struct{ Status must[string] }
		require.Equal(t, http.StatusOK, o.call(http.MethodGet, "/health", &health))
		assert.Equal(t, "ok", health.Status.v)

		id, message, task := o.learn("álgebra linear", url.Values{
			"max_resources": {"20"}, "num_nodes": {"12"}, "min_width": {"2"}, "max_width": {"5"}, "min_height": {"3"}, "max_height": {"7"},
			"language": {"pt"}, "similarity_threshold": {"0.15"},
		})
		assert.Equal(t, "Task created successfully", message)
		require.Equal(t, "completed", task.Status.v)
		assert.Equal(t, 100, task.Progress.v)
		require.NotNil(t, task.Result)
		require.NotNil(t, task.CompletedAt)
		assert.NotEmpty(t, task.Messages.v)
		path := task.Result
		assert.Len(t, path.Nodes.v, 12)
		assert.Equal(t, "pt", path.Language.v)
		assert.Contains(t, path.Title.v, "Álgebra linear", "accents arrive")
		root, ok := path.Nodes.v[path.RootNodeID.v]
		require.True(t, ok)
		assert.Zero(t, root.VisualPosition.v.Level.v)
		for id, node := range path.Nodes.v {
			assert.Equal(t, id, node.ID.v)
			for _, before := range node.Prerequisites.v {
				assert.Less(t, path.Nodes.v[before].VisualPosition.v.Level.v, node.VisualPosition.v.Level.v, "%s needs %s", id, before)
			}
		}

		// The same again is there at once.
		again, message, task := o.learn("álgebra linear", url.Values{
			"max_resources": {"20"}, "num_nodes": {"12"}, "min_width": {"2"}, "max_width": {"5"}, "min_height": {"3"}, "max_height": {"7"},
		})
		assert.NotEqual(t, id, again)
		assert.Equal(t, "Task completed immediately (cached result)", message)
		assert.Equal(t, path.ID, task.Result.ID)

		_, _, failed := o.learn("xyzzy plugh", nil)
		assert.Equal(t, "failed", failed.Status.v)
		require.NotNil(t, failed.Error)
		assert.Contains(t, *failed.Error, "xyzzy plugh")

		var all []originalTask
		require.Equal(t, http.StatusOK, o.call(http.MethodGet, "/tasks", &all))
		assert.Len(t, all, 3)
		var waited originalPath
		require.Equal(t, http.StatusOK, o.call(http.MethodGet, "/generate_mcp?topic=python&num_nodes=10", &waited))
		assert.Len(t, waited.Nodes.v, 10)
		var problem struct{ Detail must[string] }
		require.Equal(t, http.StatusNotFound, o.call(http.MethodGet, "/status/abc", &problem))
		assert.Equal(t, "Task with ID abc not found", problem.Detail.v)
		require.Equal(t, http.StatusNotFound, o.call(http.MethodGet, "/generate_mcp?topic=xyzzy+plugh", &problem))
		var complaints struct {
			Detail must[[]struct {
				Type, Msg must[string]
				Loc       must[[]string]
			}]
		}
		require.Equal(t, http.StatusUnprocessableEntity, o.call(http.MethodPost, "/generate_mcp_async?topic=python&num_nodes=3", &complaints))
		assert.Equal(t, "greater_than_equal", complaints.Detail.v[0].Type.v)
		var cleared struct {
			Status, Message, Pattern must[string]
			Count                    must[int]
			DomainCacheCleared       must[bool] `json:"domain_cache_cleared"`
		}
		require.Equal(t, http.StatusOK, o.call(http.MethodPost, "/clear_cache?pattern=mcp:*&clear_domain_cache=false", &cleared))
		assert.Equal(t, 2, cleared.Count.v, "the path of the first two, and that of the wait")
		var stats struct {
			Cache must[struct {
				Info must[struct {
					Size            must[int]
					UsagePercentage must[double] `json:"usage_percentage"`
					Metrics         must[struct {
						HitCount must[int]    `json:"hit_count"`
						HitRate  must[double] `json:"hit_rate"`
						Uptime   must[double]
					}]
				}]
			}]
		}
		require.Equal(t, http.StatusOK, o.call(http.MethodGet, "/cache_stats", &stats))
		assert.Zero(t, stats.Cache.v.Info.v.Size.v)
		assert.Equal(t, 1, stats.Cache.v.Info.v.Metrics.v.HitCount.v)
	}
}

// A command line that sends nothing but the address is as good; a form is not, since
// any page can send one.
func TestWhatMayBePosted(t *testing.T) {
	t.Parallel()
	base := serveHTTP(t, newApp(t, app.HTTP))
	for kind, status := range map[string]int{"": 200, "application/json": 200, "application/x-www-form-urlencoded": 415, "text/plain": 415} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, base+"/generate_mcp_async?topic=python", strings.NewReader(""))
		require.NoError(t, err)
		if kind != "" {
			r.Header.Set("Content-Type", kind)
		}
		resp, err := httpClient(t).Do(r)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, status, resp.StatusCode, kind)
	}
}
