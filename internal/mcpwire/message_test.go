package mcpwire_test

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/mcpwire"
)

var seeds = []string{
	`{"jsonrpc":"2.0","id":1,"method":"ping"}`,
	`{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"name":"echo","arguments":{"text":"x"},"_meta":{"progressToken":1}}}`,
	`{"jsonrpc":"2.0","id":2,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`,
	`{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"f","version":"1"}}}`,
	`[{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}]`,
	`{"jsonrpc":"2.0","id":1e3,"method":"","params":[]}`, `{"jsonrpc":"2.0","id":null,"error":{}}`, `null`, `[]`, `[[]]`, "\xff", `{"id":`,
	`{"jsonrpc":"2.0","id":3,"method":"resources/read","params":{"uri":"test://x"}}`,
}

// What is accepted has an id and a method as its sender wrote them, and what is
// refused carries an id only if one was given.
func FuzzParse(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		id, method, ok := mcpwire.Parse(raw)
		if id == nil && !ok {
			return
		}
		var fields map[string]json.RawMessage
		require.NoError(t, json.Unmarshal(raw, &fields))
		assert.Equal(t, string(fields["id"]), string(id))
		if ok && method != "" {
			var given string
			require.NoError(t, json.Unmarshal(fields["method"], &given))
			assert.Equal(t, given, method)
		}
	})
}

// Whatever lines come in, only JSON-RPC comes out, one message a line, at most one
// answer for each id, and the transport ends with its input.
func FuzzStdio(f *testing.F) {
	f.Add([]byte(strings.Join(seeds, "\n")))
	for _, s := range seeds {
		f.Add([]byte(seeds[3] + "\n" + s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		w := newWorld(t)
		var out bytes.Buffer
		require.NoError(t, w.ours()(context.Background(), bytes.NewReader(in), &out))
		for line := range strings.Lines(out.String()) {
			var m message
			if line[0] == '[' {
				var batch []message
				require.NoError(t, json.Unmarshal([]byte(line), &batch), line)
				continue
			}
			require.NoError(t, json.Unmarshal([]byte(line), &m), line)
			assert.Equal(t, "2.0", m.JSONRPC)
			if m.Error != nil {
				assert.NotContains(t, m.Error.Message, "Go struct")
				assert.NotContains(t, m.Error.Message, "json:")
			}
		}
	})
}
