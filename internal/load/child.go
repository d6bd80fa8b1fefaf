package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// child is a server.
type child struct {
	cmd     *exec.Cmd
	base    string // of what it serves
	numbers string // address of its metrics
	dropped atomic.Int64
	ended   chan error
}

var addresses = regexp.MustCompile(`http://[0-9.:]+`)

// start starts a server that lets everyone in, so that an address is a client.
func start(ctx context.Context, args ...string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args = append([]string{"serve", "--addr", "127.0.0.1:0", "--metrics-addr", "127.0.0.1:0", "--insecure", "--rate", "0", "--log-level", "info"}, args...)
	c := &child{cmd: exec.CommandContext(context.WithoutCancel(ctx), self, args...), ended: make(chan error, 1)} //nolint:gosec // this program
	c.cmd.Env = append(os.Environ(), childEnv+"=1")                                                              //nolint:forbidigo // handed on
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}                                                      // an interrupt at the terminal is for us alone
	log, err := c.cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := c.cmd.Start(); err != nil {
		return nil, err
	}
	listens := make(chan struct{})
	go func() {
		for lines := bufio.NewScanner(log); lines.Scan(); {
			at := addresses.FindString(lines.Text())
			switch {
			case strings.Contains(lines.Text(), "event stream dropped"):
				c.dropped.Add(1)
			case strings.Contains(lines.Text(), "metrics on"):
				c.numbers = at + "/metrics"
			case c.base == "" && at != "":
				c.base = at
				close(listens)
			case strings.Contains(lines.Text(), "level=WARN"), strings.Contains(lines.Text(), "level=ERROR"):
				fmt.Fprintln(os.Stderr, lines.Text())
			}
		}
		c.ended <- c.cmd.Wait()
	}()
	select {
	case <-listens:
		return c, nil
	case err := <-c.ended:
		return nil, fmt.Errorf("trilha ended: %w", err)
	case <-time.After(time.Minute):
		return nil, errors.Join(errors.New("trilha does not listen"), c.cmd.Process.Kill())
	}
}

func (c *child) end() {
	_ = c.cmd.Process.Signal(syscall.SIGTERM)
	var err error
	select {
	case err = <-c.ended:
	case <-time.After(20 * time.Second):
		_ = c.cmd.Process.Kill()
		err = <-c.ended
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "the server did not end well:", err)
	}
}

// peak is the most memory that was resident so far, in bytes.
func (c *child) peak() (int, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(raw)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.Atoi(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")))
			return kb << 10, err
		}
	}
	return 0, errors.New("/proc: a status of another form")
}

// numbers are what /metrics shows, by name and labels.
type numbers map[string]float64

func (c *child) metrics(ctx context.Context) (numbers, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, c.numbers, nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	all := numbers{}
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		name, value, ok := cutLast(lines.Text())
		if v, err := strconv.ParseFloat(value, 64); ok && err == nil && !strings.HasPrefix(name, "#") {
			all[name] = v
		}
	}
	return all, nil
}

func cutLast(line string) (before, after string, ok bool) {
	i := strings.LastIndexByte(line, ' ')
	if i < 0 {
		return "", "", false
	}
	return line[:i], line[i+1:], true
}

// sum adds all of a name, whatever their labels.
func (n numbers) sum(name string) (all float64) {
	for k, v := range n {
		if k == name || strings.HasPrefix(k, name+"{") {
			all += v
		}
	}
	return all
}

func (n numbers) resident() int   { return int(n.sum("process_resident_memory_bytes")) }
func (n numbers) goroutines() int { return int(n.sum("go_goroutines")) }
