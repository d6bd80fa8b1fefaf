package app_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/app"
)

// Whoever subscribes to a task's resource hears of its changes to the end, as the
// era and the transport have it.
func TestSubscribersHearOfTheirTaskOnEveryTransport(t *testing.T) {
	for _, c := range []struct{ era, transport string }{
		{"2025-06-18", "stdio"},
		{"2024-11-05", "sse"},
		{"2025-11-25", "http"},
		{modernEra, "stdio"},
		{modernEra, "http"},
	} {
		t.Run(c.era+"/"+c.transport, func(t *testing.T) {
			g := newGate()
			a := app.NewAround(settings(), t.Output(), g.around)
			var p *peer
			listen := func() {}
			switch c.transport {
			case "stdio":
				p = stdioPeer(t, a, c.era)
			case "sse":
				p = ssePeer(t, serveHTTP(t, a), c.era)
			default:
				p, listen = httpPeer(t, serveHTTP(t, a), c.era)
			}
			p.open()
			id := p.create("linear algebra", nil)
			await(t, g.started, "start")
			uri := "trilha://tasks/" + id
			if p.modern() {
				p.start("subscriptions/listen", map[string]any{"notifications": map[string]any{"resourceSubscriptions": []string{uri}}})
				require.Equal(t, "notifications/subscriptions/acknowledged", await(t, p.told, "acknowledgement").Method)
			} else {
				listen()
				p.request("resources/subscribe", map[string]any{"uri": uri})
			}
			close(g.open)
			// There are fewer changes than a burst, so that each is told. What shows
			// the end of the loop is the task itself: a message for each change, "held"
			// before the subscription, and the end besides.
			for n := 1; ; n++ {
				m := await(t, p.told, "an update")
				require.Equal(t, "notifications/resources/updated", m.Method)
				require.Equal(t, uri, m.Params["uri"])
				meta, _ := m.Params["_meta"].(map[string]any)
				assert.Equal(t, p.modern(), meta["io.modelcontextprotocol/subscriptionId"] != nil)
				made, err := a.Tutor.Task(t.Context(), app.LocalOwner, id)
				require.NoError(t, err)
				if made.Status.Final() && n >= len(made.Messages) {
					return
				}
			}
		})
	}
}
