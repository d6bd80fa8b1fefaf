package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/cli"
	"github.com/trilha/trilha/internal/learning"
)

// TestMain makes this binary answer as trilha for the scripts.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"trilha": func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		os.Exit(cli.Run(ctx, os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}))
	}})
}

// The scripts are the manual of the command line: a file a behaviour, with
// standard output, standard error and exit code.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits,
			"word":  word,
			"path":  path,
			"rpc":   rpc,
			"graph": graph,
		},
	})
}

// exits CODE COMMAND ARGS... runs a command and holds its exit code, and that
// neither stream shows the inside of the program.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND ARGS...")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	var failed *exec.ExitError
	switch {
	case errors.As(err, &failed):
		code = failed.ExitCode()
	case err != nil:
		ts.Fatalf("%v: %v", args[1:], err)
	}
	if want, err := strconv.Atoi(args[0]); err != nil || code != want {
		ts.Fatalf("exit code %d, want %s", code, args[0])
	}
	if found := inside.FindString(ts.ReadFile("stderr")); found != "" {
		ts.Fatalf("standard error shows the inside: %q", found)
	}
}

// inside finds Go types, addresses and stacks.
var inside = regexp.MustCompile(`goroutine \d|panic:|\.go:\d|\b(bit int|float64|map\[|struct|interface|unmarshal|strconv|kong|cli\.)|0x[0-9a-f]{6}|\(string\)|[ ^]json: `)

// path FILE NODES holds that a file is a valid path of so many nodes, each after
// what it needs, with links unless it is the overview of an outline.
func path(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: path FILE NODES")
	}
	var p learning.Path
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &p))
	ts.Check(p.Validate())
	if want, _ := strconv.Atoi(args[1]); len(p.Nodes) != want {
		ts.Fatalf("%d nodes, want %d", len(p.Nodes), want)
	}
	before := map[string]bool{}
	for _, n := range p.Nodes {
		for _, pre := range n.Prerequisites {
			if !before[pre] {
				ts.Fatalf("%s comes before %s, which it needs", n.ID, pre)
			}
		}
		before[n.ID] = true
		if len(n.Resources) == 0 && p.Metadata.Source == "catalogue" {
			ts.Fatalf("%s has no link", n.ID)
		}
	}
}

// word NAME FILE sets a variable to the first word of a file.
func word(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: word NAME FILE")
	}
	words := strings.Fields(ts.ReadFile(args[1]))
	if len(words) == 0 {
		ts.Fatalf("%s has no word", args[1])
	}
	ts.Setenv(args[0], words[0])
}

// rpc FILE IDS... holds that every line of a file is JSON-RPC, and that these
// requests were answered with results.
func rpc(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 1 {
		ts.Fatalf("usage: rpc FILE IDS...")
	}
	answered := map[string]bool{}
	lines := bufio.NewScanner(bytes.NewReader([]byte(ts.ReadFile(args[0]))))
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var m struct {
			JSONRPC string          `json:"jsonrpc"`
			ID      json.RawMessage `json:"id"`
			Result  json.RawMessage `json:"result"`
		}
		ts.Check(json.Unmarshal(lines.Bytes(), &m))
		if m.JSONRPC != "2.0" {
			ts.Fatalf("not JSON-RPC: %s", lines.Text())
		}
		if m.Result != nil {
			answered[string(m.ID)] = true
		}
	}
	ts.Check(lines.Err())
	for _, id := range args[1:] {
		if !answered[id] {
			ts.Fatalf("request %s has no result", id)
		}
	}
}

// graph FILE LEAST holds the form of an exported graph of at least so many
// concepts.
func graph(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: graph FILE LEAST")
	}
	type text struct{ En, Pt, Es string }
	var g struct {
		Concepts []struct {
			ID        string
			Title     text
			Aliases   struct{ En, Pt, Es []string }
			Level     string
			Minutes   int
			Requires  []string
			PartOf    string `json:"part_of"`
			Resources []struct{ URL, Title, Type, Language string }
			Quiz      []json.RawMessage
		}
		Subjects []struct{ ID string }
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &g))
	if least, _ := strconv.Atoi(args[1]); len(g.Concepts) < least {
		ts.Fatalf("%d concepts, want at least %s", len(g.Concepts), args[1])
	}
	if len(g.Subjects) == 0 {
		ts.Fatalf("no subjects")
	}
	for _, c := range g.Concepts {
		if c.ID == "" || c.Title.En == "" || c.Title.Pt == "" || c.Title.Es == "" || c.Level == "" || c.Minutes == 0 ||
			c.PartOf == "" || len(c.Resources) == 0 || len(c.Quiz) < 2 {
			ts.Fatalf("concept %q is incomplete", c.ID)
		}
	}
}

// run runs the command line with in as standard input.
func run(ctx context.Context, t *testing.T, in io.Reader, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	out, err := os.Create(t.TempDir() + "/out")
	require.NoError(t, err)
	defer out.Close()
	errs, err := os.Create(t.TempDir() + "/err")
	require.NoError(t, err)
	defer errs.Close()
	code = cli.Run(ctx, args, cli.Streams{In: in, Out: out, Err: errs})
	return code, contents(t, out.Name()), contents(t, errs.Name())
}

func contents(t *testing.T, file string) string {
	t.Helper()
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(raw)
}

func TestAnInterruptedRunPrintsNoPathAndExits130(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	interrupt()
	code, stdout, stderr := run(ctx, t, nil, "generate", "machine learning")
	assert.Equal(t, 130, code)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "trilha: interrupted\n")
}

// Whenever the interrupt comes, a run either is interrupted or is done.
func TestAnInterruptDuringARunLeavesNoHalfPath(t *testing.T) {
	_, whole, _ := run(t.Context(), t, nil, "generate", "machine learning")
	for range 5 {
		seen, errs, err := os.Pipe()
		require.NoError(t, err)
		out, err := os.Create(t.TempDir() + "/out")
		require.NoError(t, err)
		ctx, interrupt := context.WithCancel(t.Context())
		go func() {
			_, _ = seen.Read(make([]byte, 1)) // the first step
			interrupt()
			_, _ = io.Copy(io.Discard, seen)
		}()
		code := cli.Run(ctx, []string{"generate", "machine learning"}, cli.Streams{Out: out, Err: errs})
		errs.Close()
		out.Close()
		switch code {
		case 0:
			assert.Equal(t, whole, contents(t, out.Name()))
		case 130:
			assert.Empty(t, contents(t, out.Name()))
		default:
			t.Errorf("exit code %d, want 0 or 130", code)
		}
	}
}

func TestStdioEndsWithItsInput(t *testing.T) {
	in, client := io.Pipe()
	answers, out, err := os.Pipe()
	require.NoError(t, err)
	defer answers.Close()
	errs, err := os.Create(t.TempDir() + "/err")
	require.NoError(t, err)
	defer errs.Close()
	ended := make(chan int, 1)
	go func() {
		ended <- cli.Run(t.Context(), nil, cli.Streams{In: in, Out: out, Err: errs})
		out.Close()
	}()
	_, err = io.WriteString(client, `{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"test","version":"1"}}}`+"\n"+
		`{"jsonrpc":"2.0","id":2,"method":"tools/call","params":{"name":"generate_learning_path_async","arguments":{"topic":"python"}}}`+"\n")
	require.NoError(t, err)
	lines := bufio.NewReader(answers)
	for line := ""; !strings.Contains(line, `"status":"accepted"`); { // until the task is under way
		line, err = lines.ReadString('\n')
		require.NoError(t, err)
	}
	began := time.Now()
	client.Close()
	_, err = io.Copy(io.Discard, lines)
	require.NoError(t, err)
	assert.Equal(t, 0, <-ended)
	assert.Less(t, time.Since(began), 1500*time.Millisecond)
	assert.Empty(t, contents(t, errs.Name()))
}

func TestServeAnswersUntilItIsInterrupted(t *testing.T) {
	said, errs, err := os.Pipe()
	require.NoError(t, err)
	defer errs.Close()
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	code := make(chan int, 1)
	go func() {
		code <- cli.Run(ctx, []string{"serve", "--addr", "127.0.0.1:0"}, cli.Streams{Err: errs})
	}()
	first, err := bufio.NewReader(said).ReadString('\n')
	require.NoError(t, err)
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(first)
	require.NotEmpty(t, address, "the effective address is told: %s", first)
	assert.Contains(t, first, address+"/mcp")
	assert.Contains(t, first, address+"/sse")
	response, err := http.Get(address + "/healthz")
	require.NoError(t, err)
	response.Body.Close()
	assert.Equal(t, http.StatusOK, response.StatusCode)
	interrupt()
	assert.Equal(t, 0, <-code)
}
