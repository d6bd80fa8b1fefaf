package mcpwire

import (
	"bytes"
	"encoding/json"

	"github.com/mark3labs/mcp-go/mcp"
)

// Error is an error of JSON-RPC. A tool, resource or prompt handler that returns
// one chooses the code and the data of the answer.
type Error struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	Data    any    `json:"data,omitempty"`
}

func (e *Error) Error() string { return e.Message }

// message is one JSON-RPC message that came in. JSON-RPC 2.0, section 4 and 5.
type message struct {
	id       json.RawMessage // nil if none was given
	method   string          // empty in a response
	params   json.RawMessage // an object, or nil
	response json.RawMessage // of a response: its result or its error, whole
	failed   bool            // of a response: it is an error
	version  string          // what params._meta says of the protocol; empty before 2026-07-28
}

func (m message) isRequest() bool      { return m.method != "" && m.id != nil }
func (m message) isNotification() bool { return m.method != "" && m.id == nil }
func (m message) isModern() bool       { return mcp.IsModernProtocol(m.version) }

// parse reads a message. What is wrong comes with as much of the message as could
// be read, so that the error can carry its id.
func parse(raw []byte) (m message, wrong *Error) {
	// A map, because encoding/json would take "ID" for "id" in a struct.
	var fields map[string]json.RawMessage
	if !json.Valid(raw) {
		return m, &Error{Code: mcp.PARSE_ERROR, Message: "not JSON"}
	}
	if json.Unmarshal(raw, &fields) != nil || fields == nil {
		return m, invalid("a message is a JSON object")
	}
	id, given := fields["id"]
	if given && !isID(id) {
		return m, invalid("id must be a string or a number")
	}
	m.id = id
	if string(fields["jsonrpc"]) != `"2.0"` {
		return m, invalid(`jsonrpc must be "2.0"`)
	}
	method, called := fields["method"]
	if !called {
		wrong = m.readResponse(fields)
		return m, wrong
	}
	if json.Unmarshal(method, &m.method) != nil || m.method == "" {
		m.method = ""
		return m, invalid("method must be a string that is not empty")
	}
	params := fields["params"]
	switch {
	case len(params) == 0 || string(params) == "null":
	case params[0] == '{':
		m.params = params
		m.version = versionIn(params)
	default:
		return m, invalid("params must be an object")
	}
	return m, nil
}

func invalid(text string) *Error { return &Error{Code: mcp.INVALID_REQUEST, Message: text} }

func (m *message) readResponse(fields map[string]json.RawMessage) *Error {
	if failure, ok := fields["error"]; ok {
		m.response, m.failed = failure, true
	} else if result, ok := fields["result"]; ok {
		m.response = result
	}
	if m.response == nil || m.id == nil {
		return invalid("neither a request nor a notification nor a response")
	}
	return nil
}

// isID tells whether a JSON value may be an id: MCP takes no null.
func isID(raw json.RawMessage) bool {
	return len(raw) > 0 && (raw[0] == '"' || raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9')
}

// key is an id as a key: equal for equal ids, and different for 5 and "5".
func key(id json.RawMessage) string {
	var text string
	if json.Unmarshal(id, &text) == nil {
		return `"` + text
	}
	return string(id)
}

// versionIn gives the protocol version that a request declares in its _meta, as
// 2026-07-28 has it.
func versionIn(params json.RawMessage) string {
	var p struct {
		Meta map[string]json.RawMessage `json:"_meta"`
	}
	if json.Unmarshal(params, &p) != nil {
		return ""
	}
	var version string
	_ = json.Unmarshal(p.Meta[mcp.MetaKeyProtocolVersion], &version)
	return version
}

// canonical is a request or notification as mcp-go is to see it: only the members
// that JSON-RPC knows, under the names it gives them.
func (m message) canonical() json.RawMessage {
	method, _ := json.Marshal(m.method)
	var b bytes.Buffer
	b.Grow(len(m.params) + len(m.id) + len(method) + 64)
	b.WriteString(`{"jsonrpc":"2.0"`)
	if m.id != nil {
		b.WriteString(`,"id":`)
		b.Write(m.id)
	}
	b.WriteString(`,"method":`)
	b.Write(method)
	if m.params != nil {
		b.WriteString(`,"params":`)
		b.Write(m.params)
	}
	b.WriteByte('}')
	return b.Bytes()
}

// isBatch tells whether raw is a JSON array.
func isBatch(raw []byte) bool { return bytes.HasPrefix(bytes.TrimLeft(raw, " \t\r\n"), []byte("[")) }

// result is the answer to a request that succeeded.
func result(id json.RawMessage, value any) ([]byte, error) {
	raw, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	b := make([]byte, 0, len(raw)+len(id)+40)
	b = append(b, `{"jsonrpc":"2.0","id":`...)
	b = append(b, id...)
	b = append(b, `,"result":`...)
	b = append(b, raw...)
	return append(b, '}'), nil
}

// refusal is the answer to a request that failed. Without an id it is null.
func refusal(id json.RawMessage, e *Error) frame {
	if id == nil {
		id = json.RawMessage("null")
	}
	answer := struct {
		JSONRPC string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Error   *Error          `json:"error"`
	}{mcp.JSONRPC_VERSION, id, e}
	raw, err := json.Marshal(answer)
	if err != nil { // its data cannot be written
		answer.Error = &Error{Code: e.Code, Message: e.Message}
		raw, _ = json.Marshal(answer)
	}
	return frame{raw: raw, final: true, code: e.Code}
}
