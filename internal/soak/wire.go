package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// The eras.
const (
	modern = "2026-07-28"
	latest = "2025-11-25" // before it
)

// answerTime is the bound of every call: more than a call may wait by itself.
const answerTime = 90

// message is one JSON-RPC message.
type message struct {
	ID     json.RawMessage `json:"id,omitempty"`
	Method string          `json:"method,omitempty"`
	Params json.RawMessage `json:"params,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// news is told of what comes before an answer. False breaks off: the connection is
// dropped, and the call gives errDropped.
type news func(m message) bool

var errDropped = errors.New("dropped by the client")

// conn is a connection or session of one client.
type conn interface {
	// call sends a request and waits for the answer.
	call(ctx context.Context, method string, params map[string]any, hear news) (json.RawMessage, error)
	// leave says goodbye as the transport has it; it is an error if the server does
	// not let go.
	leave(ctx context.Context) error
	// drop is gone without a word.
	drop()
	io.Closer
}

// request writes a request of an era.
func request(era string, id int, method string, params map[string]any) []byte {
	if params == nil {
		params = map[string]any{}
	}
	if era == modern {
		meta, _ := params["_meta"].(map[string]any)
		if meta == nil {
			meta = map[string]any{}
		}
		meta["io.modelcontextprotocol/protocolVersion"] = era
		meta["io.modelcontextprotocol/clientCapabilities"] = map[string]any{}
		meta["io.modelcontextprotocol/clientInfo"] = map[string]any{"name": "soak", "version": "1"}
		params["_meta"] = meta
	}
	raw, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": id, "method": method, "params": params})
	if err != nil {
		panic(err) // of our own making
	}
	return raw
}

// hello is the first request of an era before 2026-07-28.
func hello(era string) map[string]any {
	return map[string]any{"protocolVersion": era, "capabilities": map[string]any{}, "clientInfo": map[string]any{"name": "soak", "version": "1"}}
}

const initialized = `{"jsonrpc":"2.0","method":"notifications/initialized"}`

// outcomeOf is what an answer says.
func outcomeOf(m message) (json.RawMessage, error) {
	if m.Error != nil {
		return nil, fmt.Errorf("error %d: %s", m.Error.Code, m.Error.Message)
	}
	return m.Result, nil
}

// tool calls a tool and gives its structured answer. A tool's own error is one.
func tool(ctx context.Context, c conn, name string, arguments map[string]any, hear news) (map[string]any, error) {
	params := map[string]any{"name": name, "arguments": arguments}
	if hear != nil {
		params["_meta"] = map[string]any{"progressToken": "p"}
	}
	raw, err := c.call(ctx, "tools/call", params, hear)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	var r struct {
		IsError    bool           `json:"isError"`
		Structured map[string]any `json:"structuredContent"`
		Content    []struct {
			Text string `json:"text"`
		} `json:"content"`
	}
	if err := json.Unmarshal(raw, &r); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if r.IsError {
		var all strings.Builder
		for _, c := range r.Content {
			all.WriteString(c.Text)
		}
		return nil, &toolError{name, all.String()}
	}
	return r.Structured, nil
}

// toolError is an error that a tool answers with.
type toolError struct{ name, text string }

func (e *toolError) Error() string { return e.name + ": " + e.text }
