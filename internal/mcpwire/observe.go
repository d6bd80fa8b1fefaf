package mcpwire

import (
	"context"
	"encoding/json"

	"github.com/mark3labs/mcp-go/mcp"
)

// Observer is told of a request when it is about to be served, and gives the context
// for it and whom to tell how it was answered, once.
type Observer func(ctx context.Context, s Seen) (context.Context, func(Answered))

// Seen is a request as it came in; nothing of it has been checked.
type Seen struct {
	Method    string
	Transport string // stdio, http, sse or in-process
	Meta      Meta
}

// Answered is how a request was answered.
type Answered struct {
	Version string // of the protocol that is spoken; empty: none is agreed on, or one that there is not
	Code    int    // of an error; 0: there was none
}

// The transports, as Seen has them.
const (
	overStdio     = "stdio"
	overHTTP      = "http"
	overSSE       = "sse"
	overInProcess = "in-process"
)

// Meta is the member _meta of a request's parameters.
type Meta struct{ params json.RawMessage }

// Texts gives the members of these names that are strings.
func (m Meta) Texts(names ...string) map[string]string {
	found := map[string]string{}
	if len(m.params) == 0 {
		return found
	}
	members(m.params, func(name, meta []byte) {
		if string(name) != "_meta" {
			return
		}
		members(meta, func(name, value []byte) {
			for _, wanted := range names {
				if string(name) == wanted {
					found[wanted] = text(value)
				}
			}
		})
	})
	return found
}

// observed tells the observer of a call that begins. What it gives is called with the
// answer.
func (w *Wire) observed(c *call) func(frame) {
	if w.observer == nil {
		return func(frame) {}
	}
	ctx, answered := w.observer(c.ctx, Seen{Method: c.of.method, Transport: c.peer.transport, Meta: Meta{c.of.params}})
	c.ctx = ctx
	return func(f frame) { answered(Answered{Version: c.spoken(), Code: f.code}) }
}

// spoken is the protocol version of a call.
func (c *call) spoken() string {
	version := c.of.version
	if version == "" {
		version = c.ProtocolVersion()
	}
	if !mcp.IsValidProtocolVersion(version) {
		return ""
	}
	return version
}
