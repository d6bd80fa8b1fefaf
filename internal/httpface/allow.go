package httpface

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"time"

	"github.com/trilha/trilha/internal/identity"
)

// allowed holds the rate and the scopes of a principal. Of MCP's messages the MCP
// face counts each, so that a batch is no way round, and answers in words that a
// model reads; here only who goes on although it was refused is stopped.
func (f *Face) allowed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p, _ := identity.From(r.Context())
		count := f.Limiter.Take
		if speaksMCP(r) && r.Method == http.MethodPost {
			count = f.Limiter.Overdrawn
		}
		if wait := count(p); wait > 0 {
			later(w, r, http.StatusTooManyRequests, wait, "too many requests")
			return
		}
		done, ok := f.Limiter.Open(p)
		if !ok {
			later(w, r, http.StatusTooManyRequests, seconds10, "too many requests and streams are open at once: close one")
			return
		}
		defer done()
		writes := f.writes(r, p)
		switch {
		case !p.May(identity.Read), writes && !p.May(identity.Write):
			f.challenge(w, r, http.StatusForbidden, "insufficient_scope", "the credential has not the scope for this")
		case writes && f.ReadOnly:
			refuse(w, r, http.StatusForbidden, "this server is read-only")
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// seconds10 is when to look again whether a stream was closed.
const seconds10 = 10 * time.Second

// writes tells whether a request changes anything. Of REST the method tells, but for
// the one route that makes a path on GET. MCP's messages are looked into only where
// it matters, and the MCP face looks again: this is for the answer that OAuth wants.
func (f *Face) writes(r *http.Request, p identity.Principal) bool {
	switch {
	case !speaksMCP(r):
		return r.Method != http.MethodGet && r.Method != http.MethodHead && r.Method != http.MethodOptions || r.URL.Path == "/generate_mcp"
	case r.Method != http.MethodPost || p.May(identity.Write) || f.Writes == nil:
		return false
	}
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(raw), broken{err}))
		return false // who reads it next tells what is wrong
	}
	r.Body = io.NopCloser(bytes.NewReader(raw))
	messages := []json.RawMessage{raw}
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("[")) {
		_ = json.Unmarshal(raw, &messages)
	}
	for _, raw := range messages {
		m := members(raw)
		if f.Writes(text(m["method"]), text(members(m["params"])["name"])) {
			return true
		}
	}
	return false
}

// members gives those of an object by exactly their names, as JSON-RPC has them.
func members(raw json.RawMessage) (m map[string]json.RawMessage) {
	_ = json.Unmarshal(raw, &m)
	return m
}

func text(raw json.RawMessage) (s string) {
	_ = json.Unmarshal(raw, &s)
	return s
}

// broken gives the error that a body ended with.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }
