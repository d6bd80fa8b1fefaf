package rest_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/generate"
	"github.com/trilha/trilha/internal/rest"
	"github.com/trilha/trilha/internal/shelf"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/task/memory"
	"github.com/trilha/trilha/internal/tutor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const deadline = 20 * time.Second

// principal is the context key by which these tests say whose request it is.
type principal struct{}

func ownerOf(ctx context.Context) string {
	owner, _ := ctx.Value(principal{}).(string)
	return owner
}

// rig is a Face over real parts, with tasks that wait until they may run.
type rig struct {
	t     testing.TB
	face  *rest.Face
	store task.Store
	hold  atomic.Bool // tasks wait for step
	step  chan func(task.Run)
	logs  record
}

func newRig(t testing.TB, limits task.Limits) *rig {
	t.Helper()
	r := &rig{t: t, step: make(chan func(task.Run))}
	log := slog.New(slog.NewTextHandler(&r.logs, nil))
	generator := generate.New(catalog.Embedded())
	paths := shelf.NewMemory(0, 0)
	work := tutor.Work(generator, paths)
	store := memory.New(map[string]task.Work{tutor.PathKind: func(ctx context.Context, run task.Run) (json.RawMessage, error) {
		for r.hold.Load() {
			select {
			case do := <-r.step:
				if do != nil {
					do(run)
					continue
				}
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			break
		}
		return work(ctx, run)
	}}, limits, log)
	r.store = store
	face, err := rest.New(tutor.New(catalog.Embedded(), generator, paths, store), rest.Options{
		Version: "1.2.3", Owner: ownerOf, Log: log, Wait: 30 * time.Second,
	})
	require.NoError(t, err)
	r.face = face
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		face.CloseStreams()
		assert.NoError(t, store.Shutdown(ctx))
	})
	return r
}

// record keeps what was logged.
type record struct {
	mu    sync.Mutex
	lines []string
}

func (r *record) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, string(b))
	return len(b), nil
}

// of gives the lines of a level.
func (r *record) of(level string) (found []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, l := range r.lines {
		if strings.Contains(l, "level="+level) {
			found = append(found, l)
		}
	}
	return found
}

// do lets the one running task do something and waits for it.
func (r *rig) do(f func(task.Run)) {
	r.t.Helper()
	done := make(chan struct{})
	r.let(func(run task.Run) { f(run); close(done) })
	<-done
}

// finish lets one held task make its path.
func (r *rig) finish() { r.t.Helper(); r.let(nil) }

func (r *rig) let(f func(task.Run)) {
	r.t.Helper()
	select {
	case r.step <- f:
	case <-time.After(deadline):
		r.t.Fatal("no task runs")
	}
}

// asked is a request with its answer.
type asked struct {
	*http.Response
	body string
}

// ask sends a request as ann. Headers are given as name and value in turn.
func (r *rig) ask(method, target, body string, headers ...string) asked {
	r.t.Helper()
	return r.askAs("ann", method, target, body, headers...)
}

func (r *rig) askAs(owner, method, target, body string, headers ...string) asked {
	r.t.Helper()
	req := httptest.NewRequest(method, target, strings.NewReader(body))
	req = req.WithContext(context.WithValue(r.t.Context(), principal{}, owner))
	for i := 0; i < len(headers); i += 2 {
		req.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	r.face.ServeHTTP(w, req)
	raw, err := io.ReadAll(w.Result().Body)
	require.NoError(r.t, err)
	return asked{w.Result(), string(raw)}
}

// create starts a task and gives its id.
func (r *rig) create(query string) string {
	r.t.Helper()
	a := r.ask(http.MethodPost, "/generate_mcp_async?"+query, "", "Content-Type", "application/json")
	require.Equal(r.t, http.StatusOK, a.StatusCode, a.body)
	return field[string](r.t, a.body, "task_id")
}

// ended polls as the clients of the original do, but as fast as it can.
func (r *rig) ended(id string) map[string]any {
	r.t.Helper()
	for begun := time.Now(); time.Since(begun) < deadline; time.Sleep(time.Millisecond) {
		t := decode[map[string]any](r.t, r.ask(http.MethodGet, "/status/"+id, "").body)
		if t["status"] == "completed" || t["status"] == "failed" {
			return t
		}
	}
	r.t.Fatal("the task does not end")
	return nil
}

func decode[T any](t testing.TB, text string) (v T) {
	t.Helper()
	require.NoError(t, json.Unmarshal([]byte(text), &v), text)
	return v
}

func field[T any](t testing.TB, text, name string) T {
	t.Helper()
	v, ok := decode[map[string]any](t, text)[name].(T)
	require.True(t, ok, "%s in %s", name, text)
	return v
}

// golden compares with a file, or writes it anew with UPDATE_GOLDEN.
func golden(t *testing.T, file, got string) {
	t.Helper()
	if os.Getenv("UPDATE_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.True(t, string(want) == got, "%s is stale: make docs writes it anew", file) //nolint:testifylint // a thousand lines of difference help nobody
}
