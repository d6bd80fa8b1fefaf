package app_test

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/generate"
	"github.com/trilha/trilha/internal/httpface"
	"github.com/trilha/trilha/internal/mcpface"
	"github.com/trilha/trilha/internal/mcptasks"
	"github.com/trilha/trilha/internal/mcpwire"
	"github.com/trilha/trilha/internal/shelf"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/task/memory"
	"github.com/trilha/trilha/internal/tutor"
	"github.com/trilha/trilha/tools"
)

// principal is the context key of whom these tests take a request to be from: a header
// says so.
type principal struct{}

const principalHeader = "X-Test-Principal"

func principalOf(ctx context.Context) string {
	name, _ := ctx.Value(principal{}).(string)
	return name
}

// shared serves one store of tasks to several principals, until the test ends.
func shared(t *testing.T, g *gate) (base string) {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	generator, paths := generate.New(catalog.Embedded()), shelf.NewMemory(0, 0)
	store := memory.New(map[string]task.Work{tutor.PathKind: g.around(tutor.Work(generator, paths))}, task.Limits{Running: 8, RunningPerOwner: 4}, log)
	tu := tutor.New(catalog.Embedded(), generator, paths, store)
	tasks := mcptasks.New(mcptasks.Options{Store: store, Owner: principalOf, Log: log})
	face := mcpface.New("test", tu, tools.New(tu, log, 100), tasks, principalOf, log)
	wire := mcpwire.New(face.Server(), log, mcpwire.WithPrincipal(principalOf))
	tasks.Attach(wire)
	web := httpface.New(wire, httpface.Options{})
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := context.WithValue(r.Context(), principal{}, r.Header.Get(principalHeader))
		web.ServeHTTP(w, r.WithContext(ctx))
	}))
	t.Cleanup(func() {
		web.CloseStreams()
		web.Close()
		s.CloseClientConnections()
		s.Close()
		now, cancel := context.WithCancel(context.Background())
		cancel()
		assert.NoError(t, store.Shutdown(now))
		face.Close()
	})
	return s.URL
}

// Whatever is told of a task goes to its owner's sessions: two principals with two
// sessions each, who listen to all that they can, on every HTTP transport, in every era
// and dialect.
func TestNothingIsToldButToItsOwner(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		era, transport string
		can            map[string]any
		tells          []string // what the owner hears, at least
	}{
		{"2024-11-05", "sse", nil, []string{"notifications/progress", "notifications/resources/updated"}},
		{"2025-03-26", "http", nil, []string{"notifications/progress", "notifications/resources/updated"}},
		{"2025-06-18", "sse", elicits, []string{"notifications/progress", "notifications/resources/updated", "elicitation/create"}},
		{"2025-06-18", "http", elicits, []string{"notifications/progress", "notifications/resources/updated", "elicitation/create"}},
		{coreEra, "sse", elicits, []string{"notifications/progress", "notifications/resources/updated", "elicitation/create", "notifications/tasks/status"}},
		{coreEra, "http", elicits, []string{"notifications/progress", "notifications/resources/updated", "elicitation/create", "notifications/tasks/status"}},
		{modernEra, "http", elicits, []string{"notifications/progress", "notifications/resources/updated"}},
		{modernEra, "http", knowsAll, []string{"notifications/tasks", "notifications/resources/updated"}},
	} {
		name := c.era + "/" + c.transport
		if c.can != nil && c.can["extensions"] != nil {
			name += "/tasks"
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := newGate()
			base := shared(t, g)
			join := func(owner string) *peer { return joinAs(t, base, owner, c.era, c.transport, c.can) }
			ana, again, bob, eve := join("ana"), join("ana"), join("bob"), join("bob")
			ids := ana.busy(g)
			for _, p := range []*peer{ana, again, bob, eve} {
				p.listenToAll(ids)
			}
			close(g.open)
			heard := ana.hearsEnds(t, ids, c.tells)
			for _, wanted := range c.tells {
				assert.Contains(t, heard, wanted)
			}
			for _, p := range []*peer{bob, eve} {
				p.request("tools/list", nil) // whatever was sent before has arrived, on a stream of its own or not
				for len(p.told) > 0 {
					m := <-p.told
					if m.Method == "notifications/subscriptions/acknowledged" {
						assert.NotContains(t, path(m.Params, "notifications"), "taskIds")
						continue
					}
					t.Errorf("bob is told %s %v", m.Method, m.Params)
				}
				assert.Empty(t, p.asked)
				assert.Empty(t, p.news)
				for _, id := range ids {
					p.knowsNothingOf(id)
				}
			}
		})
	}
}

// joinAs opens a session of a principal that hears all that belongs to no call.
func joinAs(t *testing.T, base, owner, era, transport string, can map[string]any) *peer {
	t.Helper()
	var p *peer
	listen := func() {}
	signed := &signer{owner, &http.Transport{}}
	t.Cleanup(signed.inner.CloseIdleConnections)
	if transport == "sse" {
		p = ssePeerBy(t, &http.Client{Transport: signed}, base, era)
	} else {
		p, listen = httpPeerBy(t, &http.Client{Transport: signed}, base, era)
	}
	p.can, p.asked = can, make(chan message, 100)
	p.open()
	if !p.modern() {
		listen()
	}
	return p
}

// signer says with each request whose it is.
type signer struct {
	owner string
	inner *http.Transport
}

func (s *signer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set(principalHeader, s.owner)
	return s.inner.RoundTrip(r)
}

// busy makes a task in every way that the client has, all with progress, and gives
// their ids once they are held. One asks.
func (p *peer) busy(g *gate) (ids []string) {
	p.t.Helper()
	started := func() { ids = append(ids, await(p.t, g.started, "the work")) }
	p.create("python", "async")
	started()
	switch {
	case p.can != nil && p.can["extensions"] != nil, p.era == coreEra:
		p.createTask("linear algebra", "task")
		started()
		p.createTask("functions", "asks")
	default:
		p.start("tools/call", withToken(toolCall("generate_learning_path", map[string]any{"topic": "linear algebra"}), "call"))
		started()
		if p.can == nil || p.modern() {
			return ids
		}
		p.start("tools/call", withToken(toolCall("generate_learning_path", map[string]any{"topic": "functions"}), "asks"))
	}
	started()
	return ids
}

// listenToAll asks for all that can be asked for about tasks.
func (p *peer) listenToAll(ids []string) {
	p.t.Helper()
	var uris []string
	for _, id := range ids {
		uris = append(uris, "trilha://tasks/"+id)
	}
	if !p.modern() {
		for _, uri := range uris {
			p.request("resources/subscribe", map[string]any{"uri": uri})
		}
		return
	}
	all := map[string]any{"resourceSubscriptions": uris, "toolsListChanged": true, "promptsListChanged": true}
	if p.can["extensions"] != nil {
		all["taskIds"] = ids
	}
	p.start("subscriptions/listen", map[string]any{"notifications": all})
	var before []message
	for m := (message{}); m.Method != "notifications/subscriptions/acknowledged"; {
		m = await(p.t, p.told, "acknowledgement")
		before = append(before, m)
	}
	for _, m := range before {
		p.told <- m
	}
}

// hearsEnds reads what a session is told until it has heard all that is wanted, and
// answers what it is asked by putting it away.
func (p *peer) hearsEnds(t *testing.T, ids, wanted []string) (heard []string) {
	t.Helper()
	if slices.Contains(wanted, "notifications/tasks/status") {
		p.start("tasks/result", map[string]any{"taskId": ids[len(ids)-1]})
	}
	late := time.After(deadline)
	for !containsAll(heard, wanted) {
		select {
		case m := <-p.told:
			heard = append(heard, m.Method)
		case m := <-p.asked:
			heard = append(heard, m.Method)
			p.answer(m, map[string]any{"action": "cancel"})
		case <-late:
			t.Fatalf("heard %v of %v", heard, wanted)
		}
	}
	for _, id := range ids { // whatever else there is to tell has been told then
		p.tool("get_task_status", map[string]any{"task_id": id, "wait_seconds": 45})
	}
	return heard
}

func containsAll(heard, wanted []string) bool {
	for _, w := range wanted {
		if !slices.Contains(heard, w) {
			return false
		}
	}
	return true
}

// knowsNothingOf holds that a task is as one that does not exist.
func (p *peer) knowsNothingOf(id string) {
	p.t.Helper()
	fails := func(method string, params map[string]any) string {
		m := await(p.t, p.start(method, params), method)
		if m.Error != nil {
			return string(*m.Error)
		}
		result := decode(p.t, m.Result)
		require.Equal(p.t, true, result["isError"], "%s %v: %v", method, params, result)
		return jsonText(p.t, result["content"])
	}
	const none = "00000000-0000-4000-8000-000000000000"
	for _, each := range []func(id string) string{
		func(id string) string {
			return fails("tools/call", toolCall("get_task_status", map[string]any{"task_id": id}))
		},
		func(id string) string {
			return fails("tools/call", toolCall("cancel_task", map[string]any{"task_id": id}))
		},
		func(id string) string { return fails("resources/read", map[string]any{"uri": "trilha://tasks/" + id}) },
		func(id string) string { return fails("tasks/get", map[string]any{"taskId": id}) },
		func(id string) string { return fails("tasks/cancel", map[string]any{"taskId": id}) },
		func(id string) string { return fails("tasks/result", map[string]any{"taskId": id}) },
		func(id string) string { return fails("tasks/update", map[string]any{"taskId": id}) },
	} {
		assert.Equal(p.t, strings.ReplaceAll(each(none), none, "ID"), strings.ReplaceAll(each(id), id, "ID"))
	}
}
