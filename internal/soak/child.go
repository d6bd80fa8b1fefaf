package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/trilha/trilha/internal/cli"
)

// childEnv marks a child: this program again, which then is trilha, with a window
// into its runtime on an address of its own.
const childEnv = "SOAK_CHILD"

// childMain is trilha, as cmd/trilha has it. Only servers have a window.
func childMain() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if os.Getenv(childEnv) == "window" {
		l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		fmt.Fprintf(os.Stderr, "window http://%s/\n", l.Addr())
		go func() { _ = (&http.Server{Handler: http.HandlerFunc(window), ReadHeaderTimeout: time.Minute}).Serve(l) }()
	}
	return cli.Run(ctx, os.Args[1:], cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
}

// state is what the window shows.
type state struct {
	Goroutines int    `json:"goroutines"`
	Heap       uint64 `json:"heap"` // bytes in use after a collection
}

func window(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/stacks" {
		_ = pprof.Lookup("goroutine").WriteTo(w, 1)
		return
	}
	debug.FreeOSMemory() // collects
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	_ = json.NewEncoder(w).Encode(state{runtime.NumGoroutine(), m.HeapAlloc})
}

// child is a server.
type child struct {
	cmd    *exec.Cmd
	window string
	base   string // of what it serves
	ended  chan error
}

var addresses = regexp.MustCompile(`http://[0-9.:]+`)

// command makes a child's command; how is what childEnv says.
func command(ctx context.Context, how string, args ...string) (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), self, args...)
	cmd.Env = append(os.Environ(), childEnv+"="+how)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt at the terminal is for us alone
	return cmd, nil
}

// startChild starts a server and waits until it listens.
func startChild(ctx context.Context, args ...string) (*child, error) {
	cmd, err := command(ctx, "window", append(args, "--addr", "127.0.0.1:0")...)
	if err != nil {
		return nil, err
	}
	log, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{cmd: cmd, ended: make(chan error, 1)}
	listens := make(chan struct{})
	go func() {
		for lines := bufio.NewScanner(log); lines.Scan(); {
			switch found := addresses.FindString(lines.Text()); {
			case c.window == "" && strings.HasPrefix(lines.Text(), "window"):
				c.window = found
			case c.base == "" && found != "":
				c.base = found
				close(listens)
			default:
				fmt.Fprintln(os.Stderr, lines.Text())
			}
		}
		c.ended <- cmd.Wait()
	}()
	select {
	case <-listens:
		return c, nil
	case err := <-c.ended:
		return nil, fmt.Errorf("trilha %s ended: %w", strings.Join(args, " "), err)
	case <-time.After(30 * time.Second):
		c.kill()
		return nil, fmt.Errorf("trilha %s does not listen", strings.Join(args, " "))
	}
}

func (c *child) kill() { _ = c.cmd.Process.Kill() }

// end asks the child to end, which it does in order.
func (c *child) end() error {
	if err := c.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("a server ended by itself: %w", err)
	}
	select {
	case err := <-c.ended:
		return err
	case <-time.After(15 * time.Second):
		return errors.New("a server does not end")
	}
}

// look is what a server holds when nobody is there.
type look struct {
	at        time.Duration
	server    string
	state     state
	rss       int // bytes
	files     int
	processor time.Duration // so far
}

func (c *child) look(ctx context.Context) (l look, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.window, nil)
	if err != nil {
		return l, err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return l, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&l.state); err != nil {
		return l, err
	}
	proc := fmt.Sprintf("/proc/%d", c.cmd.Process.Pid)
	files, err := os.ReadDir(filepath.Join(proc, "fd"))
	if err != nil {
		return l, err
	}
	l.files = len(files)
	if l.rss, err = resident(proc); err != nil {
		return l, err
	}
	l.processor, err = processor(proc)
	return l, err
}

// resident reads the resident memory of a process, in bytes.
func resident(proc string) (int, error) {
	raw, err := os.ReadFile(filepath.Join(proc, "statm"))
	if err != nil {
		return 0, err
	}
	var size, pages int
	_, err = fmt.Sscan(string(raw), &size, &pages)
	return pages * os.Getpagesize(), err
}

// tick is the unit of processor time in /proc.
const tick = 10 * time.Millisecond

// processor reads how much processor time a process has used.
func processor(proc string) (time.Duration, error) {
	raw, err := os.ReadFile(filepath.Join(proc, "stat"))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(raw), ") ") // the name may hold anything
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, errors.New("/proc: a stat of another form")
	}
	user, err := strconv.Atoi(fields[11])
	system, err2 := strconv.Atoi(fields[12])
	return time.Duration(user+system) * tick, errors.Join(err, err2)
}

// stacks shows where the goroutines of a server are.
func (c *child) stacks(ctx context.Context) string {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.window+"/stacks", nil)
	if err != nil {
		return err.Error()
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	var text strings.Builder
	if _, err := bufio.NewReader(resp.Body).WriteTo(&text); err != nil {
		return err.Error()
	}
	return text.String()
}
