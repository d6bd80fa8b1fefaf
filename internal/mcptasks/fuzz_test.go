package mcptasks_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/task"
)

// methods are those that this package answers, and the calls that make tasks.
var methods = []string{"tasks/get", "tasks/update", "tasks/cancel", "tasks/list", "tasks/result", "subscriptions/listen", "tools/call"}

// FuzzParams sends any params to each method in both dialects: every request is
// answered once, in words without Go types, and what is bob's stays as it is.
func FuzzParams(f *testing.F) {
	for i := range methods {
		for _, params := range []string{
			`{"taskId":"MINE"}`, `{"taskId":"BOBS"}`, `{"taskId":5}`, `{"taskId":"MINE","TASKID":"BOBS"}`,
			`{"taskId":"MINE","inputResponses":{"one":{"action":"accept","content":{"x":"1"}}}}`,
			`{"taskId":"MINE","inputResponses":{"one":{"action":"accept","content":[]},"two":null}}`,
			`{"notifications":{"taskIds":["MINE","BOBS"],"toolsListChanged":true}}`, `{"notifications":{"taskIds":[null]}}`,
			`{"cursor":"x"}`, `{"name":"ask","arguments":{},"task":{"ttl":-1}}`, `{"name":"work","arguments":{"n":1},"task":5}`,
			`{"name":"work","arguments":{"n":-1},"task":{}}`, `{}`, `{"taskId":"\ud800"}`,
		} {
			f.Add(uint8(i), true, params)
			f.Add(uint8(i), false, params)
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, modern bool, params string) {
		if !json.Valid([]byte(params)) || !strings.HasPrefix(params, "{") {
			return
		}
		// By fake time, or a machine that is too busy for the grace at the end of input
		// is taken for a server that does not answer.
		synctest.Test(t, func(t *testing.T) { fuzzParams(t, which, modern, params) })
	})
}

func fuzzParams(t *testing.T, which uint8, modern bool, params string) {
	t.Helper()
	parked(t)
	w := newWorld(t)
	mine, bobs := w.submit("ana", "ask"), w.submit("bob", "ask")
	params = strings.NewReplacer("MINE", mine, "BOBS", bobs).Replace(params)
	method := methods[int(which)%len(methods)]
	var in bytes.Buffer
	if modern {
		meta := `"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{},"extensions":{"io.modelcontextprotocol/tasks":{}}}}`
		if strings.TrimSpace(params[1:]) != "}" {
			meta += ","
		}
		params = "{" + meta + params[1:]
	} else {
		in.WriteString(`{"jsonrpc":"2.0","id":"hello","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"elicitation":{}},"clientInfo":{"name":"f","version":"1"}}}` + "\n")
	}
	var line bytes.Buffer
	require.NoError(t, json.Compact(&line, []byte(fmt.Sprintf(`{"jsonrpc":"2.0","id":"fuzz","method":%q,"params":%s}`, method, params))))
	in.Write(append(line.Bytes(), '\n'))
	var out bytes.Buffer
	require.NoError(t, w.wire.ServeStdio(as("ana"), io.NopCloser(&in), &out))
	answers := 0
	for _, line := range bytes.Split(bytes.TrimSpace(out.Bytes()), []byte("\n")) {
		var m message
		require.NoError(t, json.Unmarshal(line, &m), "%s", line)
		if string(m.ID) == `"fuzz"` && m.Method == "" {
			answers++
		}
		if m.Error != nil {
			require.NotContains(t, m.Error.Message, "json:")
			require.NotContains(t, m.Error.Message, "Go ")
		} else {
			require.NotContains(t, string(line), bobs)
		}
	}
	require.Equal(t, 1, answers, "%s", out.String())
	left, err := w.store.Get(context.Background(), "bob", bobs)
	require.NoError(t, err)
	require.False(t, left.Status.Final())
	require.NotNil(t, left.Question)
	require.Len(t, left.Question.Forms, 2)
}

// submit makes a task that asks, and waits until it does.
func (w *world) submit(owner, kind string) (id string) {
	w.t.Helper()
	s, err := w.store.Submit(w.t.Context(), task.Spec{Owner: owner, Kind: kind, Watch: true})
	require.NoError(w.t, err)
	defer s.Watch.Stop()
	for t := range s.Watch.Events {
		if t.Awaits() {
			break
		}
	}
	return s.Task.ID
}
