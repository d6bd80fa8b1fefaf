package mcpwire

import (
	"fmt"
	"net/http"
	"net/netip"
	"time"
)

// Bounds of the sessions of one HTTP transport.
const (
	maxSessions = 4096
	maxOfClient = 256
)

// party is who opened a session.
type party struct {
	principal string
	client    string // whose sessions are counted together
}

// party tells who sends a request. Who has no name is counted by address, where all of
// an IPv6 network of 64 bits, which one household has, are one.
func (w *Wire) party(r *http.Request) party {
	principal := w.principal(r.Context())
	if principal != "" {
		return party{principal, "principal " + principal}
	}
	address, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil { // a listener of another kind
		return party{client: "address " + r.RemoteAddr}
	}
	from := address.Addr().Unmap()
	if from.Is6() {
		network, _ := from.WithZone("").Prefix(64) // it has as many bits
		return party{client: "network " + network.String()}
	}
	return party{client: "address " + from.String()}
}

// noRoom is why a session is not opened.
type noRoom struct {
	status int
	text   string
}

var (
	tooMany = &noRoom{http.StatusTooManyRequests, fmt.Sprintf("busy: %d sessions of yours are in use: end one first", maxOfClient)}
	full    = &noRoom{http.StatusServiceUnavailable, "busy: all sessions of the server are in use: try again later"}
	ending  = &noRoom{http.StatusServiceUnavailable, "the server is ending"}
)

func (n *noRoom) answer(w http.ResponseWriter, id []byte) {
	w.Header().Set("Retry-After", "30") // seconds
	refuse(w, n.status, id, &Error{Code: busy, Message: n.text})
}

// admit takes a session in. Where there are too many, the one ends that has been
// unused for longest: most clients never end theirs, so that refusing the new one
// would lock out for half an hour whoever restarts often, while a client whose session
// has ended is told so and opens another. If one client has too many, it is one of its
// own; if there are too many in all, one of the client's that has most.
func (s *Streamable) admit(one *session) *noRoom {
	gone, why := s.enter(one)
	if gone != nil {
		s.finish(gone)
	}
	return why
}

func (s *Streamable) enter(one *session) (gone *session, why *noRoom) {
	s.mu.Lock()
	defer s.mu.Unlock()
	mine := 0
	for _, other := range s.sessions {
		if other.client == one.client {
			mine++
		}
	}
	switch {
	case s.closed || s.streams.Err() != nil:
		return nil, ending
	case mine >= maxOfClient:
		gone, why = s.idlest(map[string]int{one.client: mine}), tooMany
	case len(s.sessions) >= maxSessions:
		gone, why = s.idlest(s.clients()), full
	}
	if gone == nil && why != nil {
		return nil, why
	}
	if gone != nil {
		s.remove(gone)
	}
	s.sessions[one.id] = one
	return gone, nil
}

// clients tells how many sessions each client has. Callers hold mu.
func (s *Streamable) clients() map[string]int {
	of := map[string]int{}
	for _, one := range s.sessions {
		of[one.client]++
	}
	return of
}

// idlest gives the session that has been unused for longest, of the client that has
// most of those that have any. Callers hold mu.
func (s *Streamable) idlest(of map[string]int) (found *session) {
	var since time.Time
	for _, one := range s.sessions {
		n := of[one.client]
		idle, ok := one.idle()
		if n == 0 || !ok {
			continue
		}
		if found == nil || n > of[found.client] || n == of[found.client] && idle.Before(since) {
			found, since = one, idle
		}
	}
	return found
}

// idle tells since when nobody uses a session, if no call of it goes on either, whose
// answer its client may come back for.
func (one *session) idle() (since time.Time, ok bool) {
	since, ok = one.unused()
	one.peer.mu.Lock()
	defer one.peer.mu.Unlock()
	return since, ok && len(one.calls) == 0
}
