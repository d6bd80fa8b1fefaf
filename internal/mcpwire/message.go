package mcpwire

import (
	"bytes"
	"encoding/json"
	"unicode/utf8"

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
	if !json.Valid(raw) {
		return m, &Error{Code: mcp.PARSE_ERROR, Message: "not JSON"}
	}
	var version, method, answer, failure []byte
	isObject := members(raw, func(name, value []byte) {
		switch string(name) {
		case "jsonrpc":
			version = value
		case "id":
			m.id = value
		case "method":
			method = value
		case "params":
			m.params = value
		case "result":
			answer = value
		case "error":
			failure = value
		}
	})
	if !isObject {
		return m, invalid("a message is a JSON object")
	}
	if m.id != nil && !isID(m.id) {
		m.id = nil
		return m, invalid("id must be a string or a number")
	}
	if string(version) != `"2.0"` {
		return m, invalid(`jsonrpc must be "2.0"`)
	}
	if method == nil {
		m.response, m.failed = answer, failure != nil
		if m.failed {
			m.response = failure
		}
		if m.response == nil || m.id == nil {
			return m, invalid("neither a request nor a notification nor a response")
		}
		return m, nil
	}
	if m.method = text(method); m.method == "" {
		return m, invalid("method must be a string that is not empty")
	}
	switch {
	case len(m.params) == 0 || string(m.params) == "null":
		m.params = nil
	case m.params[0] == '{':
		m.version = versionIn(m.params)
	default:
		return m, invalid("params must be an object")
	}
	return m, nil
}

// members calls each with the name and value of every member of a JSON object, and
// tells whether raw is one. raw is valid JSON. encoding/json would take "ID" for "id" in a struct, and
// costs several times as much with a map.
func members(raw []byte, each func(name, value []byte)) bool {
	i := blank(raw, 0)
	if i == len(raw) || raw[i] != '{' {
		return false
	}
	for i = blank(raw, i+1); raw[i] != '}'; {
		end := past(raw, i)
		name := plainText(raw[i:end])
		i = blank(raw, blank(raw, end)+1) // past the colon
		end = past(raw, i)
		each(name, raw[i:end])
		if i = blank(raw, end); raw[i] == ',' {
			i = blank(raw, i+1)
		}
	}
	return true
}

// blank gives the first place from i on that is not white.
func blank(raw []byte, i int) int {
	for i < len(raw) && (raw[i] == ' ' || raw[i] == '\t' || raw[i] == '\n' || raw[i] == '\r') {
		i++
	}
	return i
}

// past gives the place behind the JSON value that begins at i.
func past(raw []byte, i int) int {
	depth := 0
	for ; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			if i = closing(raw, i); depth == 0 {
				return i + 1
			}
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
			if depth < 0 { // of what a number stands in
				return i
			}
		case ',', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return i
			}
		}
	}
	return i
}

// closing gives the place of the quote that ends the string which begins at i.
func closing(raw []byte, i int) int {
	for i++; raw[i] != '"'; i++ {
		if raw[i] == '\\' {
			i++
		}
	}
	return i
}

// text is a JSON string's, or empty if it is none.
func text(raw []byte) string {
	if len(raw) < 2 || raw[0] != '"' {
		return ""
	}
	return string(plainText(raw))
}

// plainText is a JSON string's, in place where that can be.
func plainText(raw []byte) []byte {
	for _, c := range raw {
		if c == '\\' || c >= utf8.RuneSelf {
			var s string
			_ = json.Unmarshal(raw, &s)
			return []byte(s)
		}
	}
	return raw[1 : len(raw)-1]
}

func invalid(text string) *Error { return &Error{Code: mcp.INVALID_REQUEST, Message: text} }

// isID tells whether a JSON value may be an id: MCP takes no null.
func isID(raw json.RawMessage) bool {
	return len(raw) > 0 && (raw[0] == '"' || raw[0] == '-' || raw[0] >= '0' && raw[0] <= '9')
}

// key is an id as a key: equal for equal ids, and different for 5 and "5".
func key(id json.RawMessage) string {
	if id[0] == '"' {
		return `"` + text(id)
	}
	return string(id)
}

// versionIn gives the protocol version that a request declares in its _meta, as
// 2026-07-28 has it.
func versionIn(params []byte) (version string) {
	members(params, func(name, meta []byte) {
		if string(name) == "_meta" {
			members(meta, func(name, value []byte) {
				if string(name) == mcp.MetaKeyProtocolVersion {
					version = text(value)
				}
			})
		}
	})
	return version
}

// canonical is a request or notification as mcp-go is to see it: only the members
// that JSON-RPC knows, under the names it gives them.
func (m message) canonical() json.RawMessage {
	method, _ := json.Marshal(m.method)
	b := make([]byte, 0, len(m.params)+len(m.id)+len(method)+64)
	b = append(b, `{"jsonrpc":"2.0"`...)
	if m.id != nil {
		b = append(append(b, `,"id":`...), m.id...)
	}
	b = append(append(b, `,"method":`...), method...)
	if m.params != nil {
		b = append(append(b, `,"params":`...), m.params...)
	}
	return append(b, '}')
}

// isBatch tells whether raw is a JSON array.
func isBatch(raw []byte) bool { return bytes.HasPrefix(bytes.TrimLeft(raw, " \t\r\n"), []byte("[")) }

// result is the answer to a request that succeeded.
func result(id json.RawMessage, value any) ([]byte, error) {
	var raw []byte
	var err error
	if r, ok := value.(*mcp.CallToolResult); ok && r != nil {
		raw, err = r.MarshalJSON() // json.Marshal would only read again what this has written
	} else {
		raw, err = json.Marshal(value)
	}
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
