package rest_test

import (
	"bufio"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// event is one server-sent event.
type event struct{ id, name, data string }

// readEvents reads a stream to its end.
func readEvents(t testing.TB, from io.Reader) (all []event) {
	t.Helper()
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20)
	for {
		e, ok := nextEvent(t, lines)
		if !ok {
			return all
		}
		all = append(all, e)
	}
}

// nextEvent reads one event, passing over comments.
func nextEvent(t testing.TB, lines *bufio.Scanner) (e event, ok bool) {
	t.Helper()
	for lines.Scan() {
		line := lines.Text()
		name, value, _ := strings.Cut(line, ": ")
		switch {
		case line == "" && e.data != "":
			return e, true
		case line == "", name == "":
		case name == "id":
			e.id = value
		case name == "event":
			e.name = value
		case name == "data":
			e.data = value
		default:
			require.Fail(t, "no line of an event", line)
		}
	}
	require.NoError(t, lines.Err())
	return event{}, false
}
