package rest_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/task"
)

// follow connects to a listening Face and gives the lines that come.
func (r *rig) follow(base, id, last string) *bufio.Scanner {
	r.t.Helper()
	req, err := http.NewRequestWithContext(r.t.Context(), http.MethodGet, base+"/status/"+id+"/events", nil)
	require.NoError(r.t, err)
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	require.NoError(r.t, err)
	r.t.Cleanup(func() { resp.Body.Close() })
	require.Equal(r.t, http.StatusOK, resp.StatusCode)
	assert.Equal(r.t, "text/event-stream", resp.Header.Get("Content-Type"))
	return bufio.NewScanner(resp.Body)
}

// listen serves the Face as ann over loopback.
func (r *rig) listen() string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		r.face.ServeHTTP(w, req.WithContext(context.WithValue(req.Context(), principal{}, "ann")))
	}))
	r.t.Cleanup(func() {
		r.face.CloseStreams()
		s.Close()
		http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	})
	return s.URL
}

type eventData struct {
	Status   string
	Progress int
	Messages []struct{ Message string }
}

func texts(t testing.TB, e event) (all []string) {
	t.Helper()
	for _, m := range decode[eventData](t, e.data).Messages {
		all = append(all, m.Message)
	}
	return all
}

func TestEventsTellEachStepAndTheEnd(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{})
	r.hold.Store(true)
	id := r.create("topic=python")
	r.do(func(run task.Run) { run.Report(3, "first") })
	base := r.listen()
	lines := r.follow(base, id, "")
	e, _ := nextEvent(t, lines)
	assert.Equal(t, "progress", e.name)
	assert.Equal(t, []string{"first"}, texts(t, e))
	r.do(func(run task.Run) { run.Report(4, "second") })
	e, _ = nextEvent(t, lines)
	assert.Equal(t, []string{"second"}, texts(t, e), "only what is new")
	assert.Equal(t, 4, decode[eventData](t, e.data).Progress)
	r.do(func(run task.Run) { run.Report(5, "third") })

	// Who lost the connection after the second goes on with the third.
	again := r.follow(base, id, e.id)
	e, _ = nextEvent(t, again)
	assert.Equal(t, []string{"third"}, texts(t, e))

	r.hold.Store(false)
	r.finish()
	for _, l := range []*bufio.Scanner{lines, again} {
		var last event
		for e, ok := nextEvent(t, l); ok; e, ok = nextEvent(t, l) {
			last = e
		}
		assert.Equal(t, "end", last.name)
		assert.Equal(t, "end", last.id)
		assert.Equal(t, "completed", decode[eventData](t, last.data).Status)
		assert.Equal(t, 100, decode[eventData](t, last.data).Progress)
	}
	a := r.ask(http.MethodGet, "/status/"+id+"/events", "", "Last-Event-ID", "end")
	assert.Equal(t, http.StatusNoContent, a.StatusCode, "a browser that read the end connects no more")
	all := readEvents(t, strings.NewReader(r.ask(http.MethodGet, "/status/"+id+"/events", "").body))
	require.Len(t, all, 1, "whoever comes late is told all at once")
	assert.Equal(t, []string{"first", "second", "third"}, texts(t, all[0])[:3])
}

func TestACancelledTasksEventsEnd(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{})
	r.hold.Store(true)
	id := r.create("topic=python")
	lines := r.follow(r.listen(), id, "")
	_, ok := nextEvent(t, lines)
	require.True(t, ok)
	r.ask(http.MethodDelete, "/tasks/"+id, "")
	var last event
	for e, ok := nextEvent(t, lines); ok; e, ok = nextEvent(t, lines) {
		last = e
	}
	assert.Equal(t, "end", last.name)
	assert.Equal(t, "failed", decode[eventData](t, last.data).Status)
}

func TestStreamsEndWithTheServer(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{})
	r.hold.Store(true)
	lines := r.follow(r.listen(), r.create("topic=python"), "")
	_, ok := nextEvent(t, lines)
	require.True(t, ok)
	r.face.CloseStreams()
	for lines.Scan() {
		if lines.Text() != "" && !strings.HasPrefix(lines.Text(), ":") {
			e, _ := nextEvent(t, lines) // it had started meanwhile
			assert.Equal(t, "progress", e.name)
		}
	}
	assert.NoError(t, lines.Err(), "a proper end")
}

// stuck is a connection whose reader takes nothing: a write waits for its deadline.
type stuck struct {
	*httptest.ResponseRecorder
	mu       sync.Mutex
	deadline time.Time
	full     bool
	cleared  bool
}

func (s *stuck) SetWriteDeadline(at time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deadline, s.cleared = at, at.IsZero()
	return nil
}

func (s *stuck) Write(b []byte) (int, error) {
	s.mu.Lock()
	full, until := s.full, s.deadline
	s.mu.Unlock()
	if !full {
		return s.ResponseRecorder.Write(b)
	}
	time.Sleep(time.Until(until))
	return 0, os.ErrDeadlineExceeded
}

func (s *stuck) FlushError() error { return nil }

func TestHeartbeatsGoOnAndASlowReaderIsDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, task.Limits{Running: 1})
		r.hold.Store(true)
		id := r.create("topic=python")
		w := &stuck{ResponseRecorder: httptest.NewRecorder()}
		req := httptest.NewRequest(http.MethodGet, "/status/"+id+"/events", nil)
		req = req.WithContext(context.WithValue(t.Context(), principal{}, "ann"))
		done := make(chan time.Time, 1)
		go func() { r.face.ServeHTTP(w, req); done <- time.Now() }()
		time.Sleep(46 * time.Second)
		synctest.Wait()
		assert.Equal(t, 3, strings.Count(w.Body.String(), ": still here\n\n"), "one each 15 s")
		w.mu.Lock()
		w.full = true
		w.mu.Unlock()
		begun := time.Now()
		end := <-done
		assert.Equal(t, 24*time.Second, end.Sub(begun).Round(time.Second), "the next heartbeat, and ten seconds")
		assert.True(t, w.cleared, "the connection may serve other requests")
		assert.Contains(t, strings.Join(r.logs.of("INFO"), ""), "its reader took nothing in time")
		r.ask(http.MethodDelete, "/tasks/"+id, "")
	})
}

// A stream costs a goroutine and buffers, so there is a number of them.
func TestStreamsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, task.Limits{Running: 1})
		r.hold.Store(true)
		id := r.create("topic=python")
		ctx, leave := context.WithCancel(context.WithValue(t.Context(), principal{}, "ann"))
		var streams sync.WaitGroup
		for range 2000 {
			streams.Go(func() {
				r.face.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/status/"+id+"/events", nil).WithContext(ctx))
			})
		}
		synctest.Wait()
		a := r.ask(http.MethodGet, "/status/"+id+"/events", "")
		assert.Equal(t, http.StatusTooManyRequests, a.StatusCode)
		assert.NotEmpty(t, a.Header.Get("Retry-After"))
		leave()
		streams.Wait()
		r.ask(http.MethodDelete, "/tasks/"+id, "")
		a = r.ask(http.MethodGet, "/status/"+id+"/events", "")
		assert.Equal(t, http.StatusOK, a.StatusCode, "their places are free again")
	})
}

// event is one server-sent event.
type event struct{ id, name, data string }

// readEvents reads a stream to its end.
func readEvents(t testing.TB, from io.Reader) (all []event) {
	t.Helper()
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for {
		e, ok := nextEvent(t, lines)
		if !ok {
			return all
		}
		all = append(all, e)
	}
}

// nextEvent reads one event, passing over comments.
func nextEvent(t testing.TB, lines *bufio.Scanner) (e event, ok bool) {
	t.Helper()
	for lines.Scan() {
		line := lines.Text()
		name, value, _ := strings.Cut(line, ": ")
		switch {
		case line == "" && e.data != "":
			return e, true
		case line == "", name == "":
		case name == "id":
			e.id = value
		case name == "event":
			e.name = value
		case name == "data":
			e.data = value
		default:
			require.Fail(t, "no line of an event", line)
		}
	}
	require.NoError(t, lines.Err())
	return event{}, false
}
