package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mark3labs/mcp-go/server"

	"github.com/trilha/trilha/internal/bench/bare"
	"github.com/trilha/trilha/internal/mcpwire"
)

// wireRuns is how often each side of a transport is measured: they are short, and
// processes come and go.
const wireRuns = 5

// sides are what is compared on each transport: the first against the second tells of
// the transports alone, the first against the third of everything.
var sides = []string{"bare on mcp-go's", "bare on ours", "trilha"}

// wire is one transport in one era.
type wire struct {
	name   string
	modern bool
	dial   func(ctx context.Context, p process, modern bool) (target, error)
	http   bool
}

func wires() []wire {
	return []wire{
		{"stdio, 2025-06-18", false, dialStdio, false},
		{"stdio, 2026-07-28", true, dialStdio, false},
		{"Streamable HTTP, 2025-06-18", false, dialHTTP, true},
		{"Streamable HTTP, 2026-07-28", true, dialHTTP, true},
		{"HTTP+SSE, 2025-06-18", false, dialSSE, true},
	}
}

func (b *bench) side(i int, overHTTP bool) []string {
	switch {
	case i == 2 && overHTTP:
		return []string{b.trilha, "serve", "--addr", "127.0.0.1:0", "--waiting-per-owner", "1000000", "--kept", "1000000"}
	case i == 2:
		return []string{b.trilha, "--waiting-per-owner", "1000000", "--kept", "1000000"}
	}
	command := []string{b.bare}
	if i == 1 {
		command = append(command, "-ours")
	}
	if overHTTP {
		command = append(command, "127.0.0.1:0")
	}
	return command
}

// wireRow is what a kind of call gave on a wire, a figure a run and side.
type wireRow struct {
	name  string
	rates [3][]float64 // calls a second
	cpu   [3][]float64 // of the server, µs a call; empty where nobody tells
}

// ratio is the median over the runs of how many times what the first side has another
// has.
func ratio(of [3][]float64, side int) float64 {
	var ratios []float64
	for run, first := range of[0] {
		ratios = append(ratios, of[side][run]/first)
	}
	return median(ratios)
}

func (b *bench) transports(ctx context.Context) error {
	for _, w := range wires() {
		for _, k := range []kind{
			{name: "repeated create", prepare: b.repeated},
			{name: "status", prepare: b.statuses},
			{name: "list of 20", prepare: b.lists},
		} {
			r := &wireRow{name: w.name + ", " + k.name}
			for run := range wireRuns {
				for i := range sides {
					side := (i + run) % len(sides) // whoever is second finds another machine
					rate, cpu, err := b.oneWire(ctx, w, b.side(side, w.http), k)
					if err != nil {
						return fmt.Errorf("%s, %s: %w", sides[side], r.name, err)
					}
					r.rates[side] = append(r.rates[side], rate)
					if cpu > 0 {
						r.cpu[side] = append(r.cpu[side], cpu)
					}
				}
			}
			b.wired = append(b.wired, r)
		}
	}
	return b.idleStreams(ctx)
}

func (b *bench) oneWire(ctx context.Context, w wire, command []string, k kind) (rate, cpu float64, err error) {
	ctx, kill := context.WithCancel(ctx)
	defer kill()
	p := process{exec.CommandContext(ctx, command[0], command[1:]...)}
	t, err := w.dial(ctx, p, w.modern)
	if err != nil {
		return 0, 0, err
	}
	defer t.close()
	next, err := k.prepare(ctx, t)
	if err != nil {
		return 0, 0, err
	}
	before := p.cpu()
	var calls atomic.Int64
	rate, err = closed(ctx, t, b.pace, func(n int) []byte { calls.Add(1); return next(n) })
	return rate, (p.cpu() - before) / float64(calls.Load()), err
}

// lists lists 20 finished tasks.
func (b *bench) lists(ctx context.Context, t target) (supply, error) {
	for range 20 {
		if _, err := finished(ctx, t, b.creates[0]); err != nil {
			return nil, err
		}
	}
	call := toolCall("list_tasks", []byte("{}"))
	return func(int) []byte { return call }, nil
}

// process is a server of its own.
type process struct{ *exec.Cmd }

// cpu is what it has used so far, in µs; 0 where nobody tells.
func (p process) cpu() float64 {
	stat, err := os.ReadFile(filepath.Clean(fmt.Sprintf("/proc/%d/stat", p.Process.Pid)))
	if err != nil {
		return 0
	}
	_, after, _ := bytes.Cut(stat, []byte(") "))
	fields := strings.Fields(string(after))
	if len(fields) < 13 {
		return 0
	}
	user, _ := strconv.ParseFloat(fields[11], 64)
	system, _ := strconv.ParseFloat(fields[12], 64)
	return (user + system) * 10_000 // ticks of a hundredth of a second
}

// withMeta adds to params what every request of 2026-07-28 carries.
func withMeta(params []byte) []byte {
	const meta = `,"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"bench","version":"1"}}}`
	return append(bytes.TrimSuffix(bytes.Clone(params), []byte("}")), meta...)
}

// modernTarget makes its calls in 2026-07-28.
type modernTarget struct{ target }

func (t modernTarget) call(ctx context.Context, method string, params []byte) ([]byte, error) {
	return t.target.call(ctx, method, withMeta(params))
}

func dialStdio(ctx context.Context, p process, modern bool) (target, error) {
	t, err := openStdio(p.Cmd)
	if err != nil {
		return nil, err
	}
	if modern {
		return modernTarget{t}, nil
	}
	err = t.hello(ctx)
	return t, err
}

// serves starts a process and gives the address on which it says to listen.
func (p process) serves() (address string, err error) {
	said, err := p.StderrPipe()
	if err != nil {
		return "", err
	}
	if err := p.Start(); err != nil {
		return "", err
	}
	lines := bufio.NewReader(said)
	line, err := lines.ReadString('\n')
	url := endpoint.FindString(line)
	if err != nil || url == "" {
		return "", fmt.Errorf("%v did not say where it listens: %q (%w)", p.Args, line, err)
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }()
	return strings.TrimSuffix(strings.TrimPrefix(url, "http://"), "/mcp"), nil
}

func (p process) end() {
	_ = p.Process.Kill()
	_ = p.Wait()
}

// lane is one connection to an HTTP server, with one request at a time.
type lane struct {
	conn net.Conn
	in   *bufio.Reader
}

// lanes are those that nobody uses.
type lanes chan *lane

func openLanes(ctx context.Context, address string, n int) (lanes, error) {
	free := make(lanes, n)
	for range n {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return nil, err
		}
		free <- &lane{conn, bufio.NewReaderSize(conn, 64<<10)}
	}
	return free, nil
}

// post sends a body and gives the header and the body of the response. It is as little as a
// client can do, since the client shares the machine.
func (l lanes) post(path, headers string, body []byte) (http.Header, []byte, error) {
	one := <-l
	defer func() { l <- one }()
	b := make([]byte, 0, len(body)+len(headers)+200)
	b = fmt.Appendf(b, "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nContent-Length: %d\r\n%s\r\n", path, len(body), headers)
	if _, err := one.conn.Write(append(b, body...)); err != nil {
		return nil, nil, err
	}
	resp, err := http.ReadResponse(one.in, nil)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= http.StatusBadRequest {
		err = fmt.Errorf("%s: %.400s", resp.Status, text)
	}
	return resp.Header, text, err
}

func (l lanes) close() {
	for range cap(l) {
		_ = (<-l).conn.Close()
	}
}

// overHTTP is a process that is spoken to over Streamable HTTP.
type overHTTP struct {
	process
	lanes
	ids     atomic.Int64
	headers string
	modern  bool
}

func dialHTTP(ctx context.Context, p process, modern bool) (target, error) {
	address, err := p.serves()
	if err != nil {
		return nil, err
	}
	t := &overHTTP{process: p, modern: modern}
	if t.lanes, err = openLanes(ctx, address, 4); err != nil || modern {
		return t, err
	}
	header, _, err := t.post("/mcp", "", message(1, "initialize", []byte(initialize)))
	if err != nil {
		return nil, err
	}
	t.ids.Store(1)
	t.headers = "Mcp-Session-Id: " + header.Get("Mcp-Session-Id") + "\r\nMcp-Protocol-Version: 2025-06-18\r\n"
	_, _, err = t.post("/mcp", t.headers, []byte(`{"jsonrpc":"2.0","method":"notifications/initialized"}`))
	return t, err
}

func (t *overHTTP) call(_ context.Context, method string, params []byte) ([]byte, error) {
	headers := t.headers
	if t.modern {
		name, _, _ := bytes.Cut(bytes.TrimPrefix(params, []byte(`{"name":"`)), []byte(`"`))
		headers = "Mcp-Protocol-Version: 2026-07-28\r\nMcp-Method: " + method + "\r\nMcp-Name: " + string(name) + "\r\n"
		params = withMeta(params)
	}
	_, text, err := t.post("/mcp", headers, message(t.ids.Add(1), method, params))
	if err != nil {
		return nil, err
	}
	return text, refusal(text)
}

func (t *overHTTP) close() {
	t.lanes.close()
	t.end()
}

// overSSE is a process that is spoken to over HTTP+SSE.
type overSSE struct {
	process
	lanes
	answers
	path   string
	events net.Conn
}

func dialSSE(ctx context.Context, p process, _ bool) (target, error) {
	address, err := p.serves()
	if err != nil {
		return nil, err
	}
	t := &overSSE{process: p, answers: newAnswers()}
	if t.lanes, err = openLanes(ctx, address, 4); err != nil {
		return nil, err
	}
	if t.events, err = new(net.Dialer).DialContext(ctx, "tcp", address); err != nil {
		return nil, err
	}
	if _, err := io.WriteString(t.events, "GET /sse HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n\r\n"); err != nil {
		return nil, err
	}
	resp, err := http.ReadResponse(bufio.NewReaderSize(t.events, 1<<20), nil) //nolint:bodyclose // its connection is
	if err != nil {
		return nil, err
	}
	lines := bufio.NewReaderSize(resp.Body, 1<<20)
	for !strings.HasPrefix(t.path, "/") {
		line, err := lines.ReadString('\n')
		if err != nil {
			return nil, err
		}
		t.path = strings.TrimSpace(strings.TrimPrefix(line, "data:"))
	}
	go t.read(lines, []byte("data: "))
	if _, err := t.call(ctx, "initialize", []byte(initialize)); err != nil {
		return nil, err
	}
	_, _, err = t.post(t.path, "", []byte(`{"jsonrpc":"2.0","method":"notifications/initialized"}`))
	return t, err
}

func (t *overSSE) call(ctx context.Context, method string, params []byte) ([]byte, error) {
	return t.ask(ctx, method, params, func(line []byte) error {
		_, _, err := t.post(t.path, "", line)
		return err
	})
}

func (t *overSSE) close() {
	_ = t.events.Close()
	<-t.done
	t.lanes.close()
	t.end()
}

// answers hands what comes on one stream to who waits for it.
type answers struct {
	ids  *atomic.Int64
	done chan struct{}

	mu      *sync.Mutex
	waiting map[int64]chan []byte
}

func newAnswers() answers {
	return answers{ids: &atomic.Int64{}, done: make(chan struct{}), mu: &sync.Mutex{}, waiting: map[int64]chan []byte{}}
}

// read takes lines that begin with prefix until there are no more. Both sides write the
// id right after the version; it is not worth a parse that would be measured with the
// server.
func (a *answers) read(lines *bufio.Reader, prefix []byte) {
	defer close(a.done)
	start := append(bytes.Clone(prefix), `{"jsonrpc":"2.0","id":`...)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		rest, ok := bytes.CutPrefix(line, start)
		if !ok {
			continue
		}
		digits, _, _ := bytes.Cut(rest, []byte(","))
		id, err := strconv.ParseInt(string(digits), 10, 64)
		if err != nil {
			continue
		}
		a.mu.Lock()
		ch := a.waiting[id]
		delete(a.waiting, id)
		a.mu.Unlock()
		if ch != nil {
			ch <- line
		}
	}
}

func (a *answers) ask(ctx context.Context, method string, params []byte, send func([]byte) error) ([]byte, error) {
	id := a.ids.Add(1)
	ch := make(chan []byte, 1)
	a.mu.Lock()
	a.waiting[id] = ch
	a.mu.Unlock()
	if err := send(message(id, method, params)); err != nil {
		return nil, err
	}
	select {
	case answer := <-ch:
		return answer, refusal(answer)
	case <-a.done:
		return nil, errors.New("the server is gone")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// idleStreams measures what a thousand streams hold on which nothing happens, both
// ends of each, in KiB a stream.
func (b *bench) idleStreams(ctx context.Context) error {
	for _, path := range []string{"/mcp", "/sse"} {
		var held [2]float64
		for i, ours := range []bool{false, true} {
			mux, end := mount(ours)
			var err error
			held[i], err = streams(ctx, mux, path)
			end()
			if err != nil {
				return err
			}
		}
		b.held = append(b.held, held)
	}
	return nil
}

// mount is the bare server on either side's transports.
func mount(ours bool) (*http.ServeMux, func()) {
	mux, s := http.NewServeMux(), bare.New(nil)
	if ours {
		w := mcpwire.New(s, slog.New(slog.DiscardHandler))
		streamable, sse := w.Streamable(), w.SSE("/message")
		mux.Handle("/mcp", streamable)
		mux.HandleFunc("/sse", sse.Events)
		return mux, func() { streamable.CloseStreams(); streamable.Close(); sse.Close() }
	}
	sse := server.NewSSEServer(s)
	mux.Handle("/mcp", server.NewStreamableHTTPServer(s, server.WithStateful(true)))
	mux.Handle("/sse", sse.SSEHandler())
	return mux, sse.CloseSessions
}

func streams(ctx context.Context, mux http.Handler, path string) (kib float64, err error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	s := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = s.Serve(l) }()
	defer s.Close()
	address := l.Addr().String()
	const count = 1000
	var sessions []string
	if path == "/mcp" {
		setup, err := openLanes(ctx, address, 1)
		if err != nil {
			return 0, err
		}
		for range count {
			header, _, err := setup.post("/mcp", "", message(1, "initialize", []byte(initialize)))
			if err != nil {
				return 0, err
			}
			sessions = append(sessions, "Mcp-Session-Id: "+header.Get("Mcp-Session-Id")+"\r\n")
		}
		setup.close()
	} else {
		sessions = make([]string, count)
	}
	before := inUse()
	var open []net.Conn
	defer func() {
		for _, c := range open {
			_ = c.Close()
		}
	}()
	for _, header := range sessions {
		conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
		if err != nil {
			return 0, err
		}
		open = append(open, conn)
		if _, err := fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n%s\r\n", path, header); err != nil {
			return 0, err
		}
		if _, err := io.ReadFull(conn, make([]byte, 15)); err != nil {
			return 0, err
		}
	}
	return (inUse() - before) / count / 1024, nil
}

// inUse is heap and stacks after everything unused is gone, in bytes.
func inUse() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc + m.StackInuse)
}

func wireCells(name string, of [3][]float64, unit string) []string {
	cells := []string{name}
	for side, figures := range of {
		cells = append(cells, fmt.Sprintf("%.0f %s", median(figures), unit))
		if side > 0 {
			cells = append(cells, fmt.Sprintf("%.2f", ratio(of, side)))
		}
	}
	return cells
}

// printWires shows the transports, their goals and the idle streams.
func (b *bench) printWires(w io.Writer) {
	cells := [][]string{{"calls a second, 4 clients", sides[0], sides[1], "times", sides[2], "times"}}
	times := [][]string{{"the server's time for a call", sides[0], sides[1], "times", sides[2], "times"}}
	var all []float64
	for _, r := range b.wired {
		cells = append(cells, wireCells(r.name, r.rates, "/s"))
		if len(r.cpu[0]) == wireRuns {
			times = append(times, wireCells(r.name, r.cpu, "µs"))
		}
		all = append(all, ratio(r.rates, 1))
	}
	align(w, cells)
	fmt.Fprintln(w)
	align(w, times)
	const goal = 1.5
	fmt.Fprintln(w)
	goals := [][]string{{"goal", "figure", "wanted", ""}}
	goals = append(goals, []string{"calls a second on our transports, median of all", fmt.Sprintf("%.2f times", median(all)), fmt.Sprintf("at least %.2f", goal), verdict(median(all) >= goal)})
	for i, name := range []string{"Streamable HTTP", "HTTP+SSE"} {
		most := []float64{36, 56}[i]
		goals = append(goals, []string{fmt.Sprintf("idle stream, %s (mcp-go's: %.1f KiB)", name, b.held[i][0]), fmt.Sprintf("%.1f KiB", b.held[i][1]), fmt.Sprintf("under %.0f KiB", most), verdict(b.held[i][1] < most)})
	}
	align(w, goals)
}
