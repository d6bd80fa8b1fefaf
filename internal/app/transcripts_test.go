package app_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/app"
)

// What clients do that know tasks, message for message, on each of their transports.
func TestTranscripts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		file, era  string
		transports []string
	}{
		{"claude-code.txt", modernEra, []string{"stdio", "http"}},
		{"vs-code.txt", coreEra, []string{"stdio", "http", "sse"}},
	} {
		for _, transport := range c.transports {
			t.Run(c.file+"/"+transport, func(t *testing.T) {
				t.Parallel()
				s := &script{peer: transcriptPeer(t, c.era, transport), vars: map[string]any{}}
				s.peer.asked = make(chan message, 10)
				s.play(filepath.Join("testdata", "transcripts", c.file))
			})
		}
	}
}

func transcriptPeer(t *testing.T, era, transport string) *peer {
	t.Helper()
	switch transport {
	case "stdio":
		return stdioPeer(t, newApp(t, app.Stdio), era)
	case "sse":
		return ssePeer(t, serveHTTP(t, newApp(t, app.HTTP)), era)
	default:
		p, _ := httpPeer(t, serveHTTP(t, newApp(t, app.HTTP)), era)
		return p
	}
}

// script is a transcript that is being played.
type script struct {
	*peer
	vars map[string]any
	meta map[string]any

	again  map[string]any // the request to be sent again while its task works
	answer <-chan message
	asking message // the request of the server that is to be answered
}

func (s *script) play(file string) {
	f, err := os.Open(file)
	require.NoError(s.t, err)
	defer f.Close()
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		kind, text, _ := strings.Cut(lines.Text(), " ")
		if kind == "" || kind == "#" {
			continue
		}
		var given map[string]any
		require.NoError(s.t, json.Unmarshal([]byte(text), &given), "line %d", n)
		s.line(kind, given, fmt.Sprintf("%s:%d", filepath.Base(file), n))
		if s.t.Failed() {
			return
		}
	}
	require.NoError(s.t, lines.Err())
	assert.Nil(s.t, s.answer, "an answer is left")
}

func (s *script) line(kind string, given map[string]any, where string) {
	switch kind {
	case "meta":
		s.meta = given
	case ">", "+":
		if method, ok := given["notification"].(string); ok {
			s.notify(method)
			return
		}
		s.again = nil
		if kind == "+" {
			s.again = given
		}
		s.send(given)
	case "?":
		s.asking = await(s.t, s.asked, where)
		s.holds(given, map[string]any{"method": s.asking.Method, "params": s.asking.Params}, where)
	case "!":
		s.peer.answer(s.asking, given["result"])
	case "<":
		s.holds(given, s.received(where), where)
	default:
		s.t.Errorf("%s: what is %q?", where, kind)
	}
}

func (s *script) send(given map[string]any) {
	filled, _ := s.fill(given).(map[string]any)
	method, _ := filled["method"].(string)
	params, _ := filled["params"].(map[string]any)
	if s.meta != nil {
		s.can, _ = s.meta["io.modelcontextprotocol/clientCapabilities"].(map[string]any)
	}
	s.answer = s.start(method, params)
}

// received gives the answer, in the end.
func (s *script) received(where string) map[string]any {
	for {
		m := await(s.t, s.answer, where)
		s.answer = nil
		got := map[string]any{}
		if m.Error != nil {
			got["error"] = decode(s.t, *m.Error)
			return got
		}
		got["result"] = decode(s.t, m.Result)
		if s.again == nil || path(got, "result", "status") != "working" {
			return got
		}
		interval, _ := path(got, "result", "pollIntervalMs").(float64)
		if s.era == coreEra {
			interval, _ = path(got, "result", "pollInterval").(float64)
		}
		require.Positive(s.t, interval, where)
		time.Sleep(time.Duration(interval) * time.Millisecond) // as the client does
		s.send(s.again)
	}
}

// fill puts values in the place of what stands for them.
func (s *script) fill(v any) any {
	switch v := v.(type) {
	case string:
		if name, ok := strings.CutPrefix(v, "$"); ok {
			require.Contains(s.t, s.vars, name)
			return s.vars[name]
		}
	case map[string]any:
		filled := map[string]any{}
		for k, each := range v {
			filled[k] = s.fill(each)
		}
		return filled
	}
	return v
}

// holds tells what of a pattern a message does not have.
func (s *script) holds(want, got any, where string) {
	s.t.Helper()
	switch want := want.(type) {
	case string:
		if name, ok := strings.CutPrefix(want, "$"); ok {
			if known, ok := s.vars[name]; ok {
				assert.Equal(s.t, known, got, where)
			} else {
				assert.NotEmpty(s.t, got, where)
				s.vars[name] = got
			}
			return
		}
		assert.Equal(s.t, want, got, where)
	case map[string]any:
		m, ok := got.(map[string]any)
		if !assert.True(s.t, ok, "%s: %v is no object", where, got) {
			return
		}
		for k, each := range want {
			if assert.Contains(s.t, m, k, where) {
				s.holds(each, m[k], where+"."+k)
			}
		}
	case []any:
		list, _ := got.([]any)
		if assert.Len(s.t, list, len(want), where) {
			for i := range want {
				s.holds(want[i], list[i], fmt.Sprintf("%s[%d]", where, i))
			}
		}
	default:
		assert.Equal(s.t, want, got, where)
	}
}
