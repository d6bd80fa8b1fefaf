package mcpwire

import "time"

// What the tests of the bounds have to know.
const (
	MaxMessage  = maxMessage
	MaxInFlight = maxInFlight
	MaxSessions = maxSessions
	MaxOfClient = maxOfClient
	StallTime   = stallTime
	IdleTime    = idleTime
)

// Parse is parse for the fuzz target: the id, the method and whether it is
// acceptable.
func Parse(raw []byte) (id []byte, method string, ok bool) {
	m, wrong := parse(raw)
	return m.id, m.method, wrong == nil
}

// Hurry makes a Wire lose patience at once.
func Hurry(w *Wire) *Wire {
	w.patience = time.Millisecond
	return w
}

// Around makes tool calls go through HandleMessage.
func Around(w *Wire) { w.direct.off = true }
