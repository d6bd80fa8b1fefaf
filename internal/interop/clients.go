package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/trilha/trilha/internal/interop/steps"
)

// at is a transport in an era.
type at struct{ transport, era string }

var (
	allLegacy = []at{{"stdio", "legacy"}, {"http", "legacy"}, {"sse", "legacy"}}
	// 2026-07-28 has no HTTP+SSE.
	both = slices.Concat(allLegacy, []at{{"stdio", "modern"}, {"http", "modern"}})
)

// client is one client under test.
type client struct {
	name    string
	version string // of what is tested
	speaks  []at
	program []string // below the tools; empty: the Inspector
	tasks   []string // the eras whose MCP tasks it speaks
	cannot  string   // what it cannot do, and why, for the page
}

const (
	inspector = "2.12.0"
	scripts   = "internal/interop/node"
	gosdk     = "internal/interop/gosdk"
)

var clients = []client{
	{"TypeScript SDK v1", "@modelcontextprotocol/sdk 1.32.2", allLegacy, []string{"node", "v1.mjs"}, []string{"legacy"}, "it does not speak 2026-07-28"},
	{"TypeScript SDK v2", "@modelcontextprotocol/client 2.4.0", both, []string{"node", "v2.mjs"}, nil, "it has the names of their methods but no calls for MCP tasks"},
	{
		"Inspector, command line", "@modelcontextprotocol/inspector " + inspector, both, nil,
		[]string{"legacy", "modern"},
		"it shows no progress; each call is a process of its own, over stdio with a server of its own, so that tasks are kept in SQLite there and are done before they can be cancelled; MCP tasks are those of its `mcpdo`, which keeps a connection: it calls a tool as a task and follows it by itself, answers what it asks (`elicitation/respond`) in 2026-07-28 (in 2025-11-25, seen over stdio, a call with `--task` goes on with `tasks/get` when the task is `input_required` and sends no `tasks/result`, with which the question would come, so that it waits; not tried again here), and cancels with `tasks/cancel` the task of a tool that answers at once, since calls on a connection wait for each other",
	},
	{"Go SDK", "github.com/modelcontextprotocol/go-sdk v1.8.0", both, []string{"./gosdk"}, nil, "it has no calls for MCP tasks"},
	{"mcp-go", "github.com/mark3labs/mcp-go v1.2.1", both, []string{"./mcpgo"}, []string{"legacy"}, "it has calls for the tasks of 2025-11-25, not for those of 2026-07-28; it cannot read what answers a call made as a task (`content is missing`), so that its id is taken from `tasks/list`; over SSE it hears no requests of a server"},
}

// patience is how long one cell may take.
const patience = 3 * time.Minute

// step is what came of one step.
type step struct{ steps.Step }

// cell is one client over one transport in one era.
type cell struct {
	client client
	at     at
	steps  []step
}

// names lists the steps in order.
var names = []string{"connect", "tools", "create", "wait", "progress", "path", "resource", "cancel", "task", "task asks", "task cancel"}

// tasks is how many of them, the last, only clients that speak MCP tasks take.
const tasks = 3

// bench holds trilha, built and served.
type bench struct {
	tools  string // what is kept between runs
	room   string // what is not
	cache  string // npm's
	log    io.Writer
	trilha string
	quick  *served // one task at a time, so that tasks wait and can be watched
	idle   *served // no task runs, so that a slow client can cancel one
	cells  int
}

// prepare builds trilha and the clients, and serves.
func (b *bench) prepare(ctx context.Context) error {
	if err := os.MkdirAll(b.tools, 0o755); err != nil { //nolint:gosec // as every build has it
		return err
	}
	b.trilha = filepath.Join(b.tools, "trilha")
	modfile := filepath.Join(b.tools, "gosdk.mod")
	for _, c := range []struct {
		dir     string
		command []string
	}{
		{".", []string{"go", "build", "-o", b.trilha, "./cmd/trilha"}},
		{".", []string{"go", "build", "-o", filepath.Join(b.tools, "mcpgo"), "./internal/interop/mcpgo"}},
		// A copy of its go.mod, which may follow what trilha itself comes to require.
		{gosdk, []string{"cp", "go.mod", modfile}},
		{gosdk, []string{"cp", "go.sum", strings.TrimSuffix(modfile, "mod") + "sum"}},
		{gosdk, []string{"go", "build", "-mod=mod", "-modfile=" + modfile, "-o", filepath.Join(b.tools, "gosdk"), "."}},
		{scripts, []string{"cp", "steps.mjs", "v1.mjs", "v2.mjs", b.tools}},
	} {
		if _, err := b.do(ctx, c.dir, c.command...); err != nil {
			return err
		}
	}
	if err := b.install(ctx); err != nil {
		return err
	}
	cache, err := b.do(ctx, ".", "npm", "config", "get", "cache")
	if err != nil {
		return err
	}
	b.cache = strings.TrimSpace(cache)
	if b.quick, err = b.serve(ctx, "serve"); err == nil {
		b.idle, err = b.serve(ctx, "--store", "sqlite:"+filepath.Join(b.room, "idle.db"), "serve", "--workers", "0")
	}
	return err
}

// install fetches the clients in JavaScript, unless they are there.
func (b *bench) install(ctx context.Context) error {
	const lock = "package-lock.json"
	wanted, err := os.ReadFile(scripts + "/" + lock)
	if err != nil {
		return err
	}
	have, err := os.ReadFile(filepath.Join(b.tools, "node_modules", lock))
	if err == nil && bytes.Equal(wanted, have) {
		return nil
	}
	if _, err := b.do(ctx, scripts, "cp", "package.json", lock, b.tools); err != nil {
		return err
	}
	if _, err := b.do(ctx, b.tools, "npm", "ci", "--no-audit", "--no-fund", "--loglevel", "error"); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(b.tools, "node_modules", lock), wanted, 0o600)
}

// do runs a command in a folder and gives what it wrote.
func (b *bench) do(ctx context.Context, dir string, command ...string) (string, error) {
	cmd := exec.CommandContext(ctx, command[0], command[1:]...) //nolint:gosec // constants of ours
	cmd.Dir = dir
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		err = fmt.Errorf("%s: %w\n%s", strings.Join(command, " "), err, said.String())
	}
	return string(out), err
}

func (b *bench) close() {
	for _, s := range []*served{b.quick, b.idle} {
		if s != nil {
			s.end()
		}
	}
}

// oneAtATime makes tasks wait for each other.
var oneAtATime = []string{"--running", "1", "--running-per-owner", "1"}

// served is a server over HTTP.
type served struct {
	base string
	cmd  *exec.Cmd
}

func (b *bench) serve(ctx context.Context, args ...string) (*served, error) {
	cmd := exec.CommandContext(ctx, b.trilha, append(slices.Clone(oneAtATime), append(args, "--addr", "127.0.0.1:0")...)...) //nolint:gosec // ours
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	log, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewReader(log)
	first, err := lines.ReadString('\n')
	_, rest, found := strings.Cut(first, "http://")
	if err != nil || !found {
		return nil, fmt.Errorf("trilha serve says %q: %w", first, errors.Join(err, cmd.Wait()))
	}
	go func() { _, _ = io.Copy(b.log, lines) }()
	address, _, _ := strings.Cut(rest, "/")
	if _, _, err := net.SplitHostPort(address); err != nil {
		return nil, fmt.Errorf("trilha serve says %q: %w", first, err)
	}
	return &served{"http://" + address, cmd}, nil
}

func (s *served) end() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
}

func (s *served) address(transport string) string {
	return s.base + map[string]string{"http": "/mcp", "sse": "/sse"}[transport]
}

// try runs one cell.
func (b *bench) try(ctx context.Context, c client, at at) cell {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	b.cells++
	began := time.Now()
	tried := cell{client: c, at: at}
	if c.program == nil {
		tried.steps = b.inspect(ctx, c, at)
	} else {
		tried.steps = b.program(ctx, c, at)
	}
	for len(tried.steps) < len(names) {
		tried.steps = append(tried.steps, step{steps.Step{Step: names[len(tried.steps)], Note: "no calls", Cannot: true}})
	}
	ok := 0
	for _, s := range tried.steps {
		if s.OK {
			ok++
		}
	}
	fmt.Fprintf(b.log, "%s, %s, %s: %d of %d steps, %.1f s\n", c.name, at.transport, at.era, ok, len(stepsOf(c, at.era)), time.Since(began).Seconds())
	return tried
}

// hours makes the requests of a cell unlike those of all others.
func (b *bench) hours() string { return fmt.Sprint(b.cells) }

// program runs a client's program.
func (b *bench) program(ctx context.Context, c client, at at) []step {
	target := []string{b.quick.address(at.transport)}
	if at.transport == "stdio" {
		target = append([]string{b.trilha}, oneAtATime...)
	}
	args := slices.Concat(c.program[1:], []string{at.transport, at.era, b.hours()}, target)
	cmd := exec.CommandContext(ctx, c.program[0], args...) //nolint:gosec // constants of ours
	cmd.Dir, cmd.WaitDelay = b.tools, time.Second
	var said bytes.Buffer
	cmd.Stderr = &said
	raw, err := cmd.Output()
	var taken []step
	for lines := bufio.NewScanner(bytes.NewReader(raw)); lines.Scan(); {
		var s step
		if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
			return complete(c, at, taken, fmt.Sprintf("it wrote %.200q", lines.Text()))
		}
		taken = append(taken, s)
	}
	if err != nil && len(taken) == len(stepsOf(c, at.era)) && taken[len(taken)-1].OK { // it did all, and then could not end
		last := &taken[len(taken)-1]
		last.OK, last.Note = false, fmt.Sprintf("afterwards: %v: %s", err, tail(said.String()))
	}
	return complete(c, at, taken, fmt.Sprintf("not reached: %v: %s", err, tail(said.String())))
}

// stepsOf names the steps that a client takes in an era.
func stepsOf(c client, era string) []string {
	if slices.Contains(c.tasks, era) {
		return names
	}
	return names[:len(names)-tasks]
}

// complete fills up what was not reached.
func complete(c client, at at, taken []step, why string) []step {
	for i := len(taken); i < len(stepsOf(c, at.era)); i++ {
		taken = append(taken, step{Step: steps.Step{Step: names[i], Note: why}})
	}
	return taken
}

func tail(text string) string {
	text = strings.TrimSpace(text)
	return text[max(0, len(text)-500):]
}
