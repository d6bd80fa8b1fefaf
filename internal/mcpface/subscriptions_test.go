package mcpface_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/task"
)

func requireUpdated(t *testing.T, n mcp.JSONRPCNotification, uri string) {
	t.Helper()
	require.Equal(t, "notifications/resources/updated", n.Method)
	require.Equal(t, uri, n.Params.AdditionalFields["uri"])
}

// quiet makes a mark that comes after whatever was on its way, and holds that
// nothing was: the task has reported, and its owner's own subscription was told.
func quiet(t *testing.T, s *session, told *session) {
	t.Helper()
	await(t, told.told, "the update that someone else gets")
	require.Empty(t, s.handed())
}

func TestSubscribersHearOfTheirTask(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.hold.Store(true)
	ana := r.connect("ana", legacyEra, 1000)
	id := ana.create("python", nil)
	uri := "trilha://tasks/" + id
	ana.result("resources/subscribe", map[string]any{"uri": uri})
	r.do(func(run task.Run) { run.Report(10, "a step") })
	requireUpdated(t, await(t, ana.told, "an update"), uri)
	r.finish()
	for contents(ana, uri)["status"] != "completed" {
		requireUpdated(t, await(t, ana.told, "an update"), uri)
	}
	// The end is told as well, and then the subscription is over.
	gone := time.Now().Add(deadline)
	for r.face.Subscriptions() > 0 {
		require.True(t, time.Now().Before(gone), "the subscription of an ended task stays")
	}
}

func TestUnsubscribedHearsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.hold.Store(true)
	ana := r.connect("ana", legacyEra, 1000)
	uri := "trilha://tasks/" + ana.create("python", nil)
	ana.result("resources/subscribe", map[string]any{"uri": uri})
	r.do(func(run task.Run) { run.Report(10, "a step") })
	requireUpdated(t, await(t, ana.told, "an update"), uri)
	ana.result("resources/unsubscribe", map[string]any{"uri": uri})
	bruno := r.connectAs("ana", "another session", legacyEra, 1000)
	bruno.result("resources/subscribe", map[string]any{"uri": uri})
	r.do(func(run task.Run) { run.Report(20, "another step") })
	quiet(t, ana, bruno)
}

func TestSomeoneElsesTaskNeverChanges(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.hold.Store(true)
	ana, bia := r.connect("ana", legacyEra, 1000), r.connect("bia", legacyEra, 1000)
	uri := "trilha://tasks/" + ana.create("python", nil)
	ana.result("resources/subscribe", map[string]any{"uri": uri})
	bia.result("resources/subscribe", map[string]any{"uri": uri}) // tells nothing, not even that there is none
	r.do(func(run task.Run) { run.Report(10, "a step") })
	quiet(t, bia, ana)
	assert.Equal(t, 1, r.face.Subscriptions(), "nothing is kept for what can never change")
}

func TestEndedSessionKeepsNoSubscription(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.hold.Store(true)
	ana := r.connect("ana", legacyEra, 1000)
	ana.result("resources/subscribe", map[string]any{"uri": "trilha://tasks/" + ana.create("python", nil)})
	require.Equal(t, 1, r.face.Subscriptions())
	r.face.Server().UnregisterSession(t.Context(), ana.id)
	assert.Zero(t, r.face.Subscriptions())
}

// A session may subscribe to many tasks in its life; those that ended do not
// count.
func TestEndedTasksMakeRoomForSubscriptions(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ana := r.connect("ana", legacyEra, 100_000)
	for i := range 210 {
		id := ana.create("python", nil)
		if i == 0 {
			ana.tool("get_task_status", map[string]any{"task_id": id, "wait_seconds": 45}, nil)
		}
		ana.result("resources/subscribe", map[string]any{"uri": "trilha://tasks/" + id})
	}
	r.hold.Store(true)
	uri := "trilha://tasks/" + ana.create("linear algebra", nil)
	ana.handed()
	ana.result("resources/subscribe", map[string]any{"uri": uri})
	r.do(func(run task.Run) { run.Report(10, "a step") })
	// The end of an earlier task may be told late: its update comes first then.
	for n := await(t, ana.told, "an update"); n.Params.AdditionalFields["uri"] != uri; n = await(t, ana.told, "an update of the last") {
	}
}

// subscriptions/listen is 2026-07-28's way: the updates are tagged with its id and
// end with it.
func TestListenersHearOfTheirTask(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.hold.Store(true)
	ana, bia := r.connect("ana", modernEra, 1000), r.connect("bia", modernEra, 1000)
	uri := "trilha://tasks/" + ana.create("python", nil)
	listen := func(s *session) (stop func()) {
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.send(ctx, "subscriptions/listen", map[string]any{"notifications": map[string]any{"resourceSubscriptions": []string{uri}}})
		}()
		ack := await(t, s.told, "the acknowledgement")
		require.Equal(t, "notifications/subscriptions/acknowledged", ack.Method)
		return func() { cancel(); await(t, done, "the end of listening") }
	}
	stopAna, stopBia := listen(ana), listen(bia)
	r.do(func(run task.Run) { run.Report(10, "a step") })
	n := await(t, ana.told, "an update")
	requireUpdated(t, n, uri)
	assert.Equal(t, "2", fmt.Sprint(n.Params.Meta["io.modelcontextprotocol/subscriptionId"]), "ana's second request")
	require.Empty(t, bia.handed())
	stopAna()
	stopBia()

	// Another listener is told what those that stopped are not.
	cai := r.connectAs("ana", "another session", modernEra, 1000)
	stop := listen(cai)
	r.do(func(run task.Run) { run.Report(20, "another step") })
	quiet(t, ana, cai)
	require.Empty(t, bia.handed())
	stop()
}
