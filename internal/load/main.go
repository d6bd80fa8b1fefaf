// Command load puts many clients on `trilha serve` over loopback and tells what that
// costs: event streams that are idle, clients that make paths and follow them, readers
// that take nothing. It fails when a promise of docs/operations.md does not hold. What
// it measures it reads from the server's own /metrics.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/trilha/trilha/internal/cli"
)

// childEnv marks a child: this program again, which then is trilha.
const childEnv = "LOAD_CHILD"

// What is promised.
const (
	mostIdle   = 40 << 20  // bytes of a server that has nothing to do
	mostFlow   = 512 << 20 // bytes with running tasks
	mostLeft   = 10        // goroutines more than before anybody came
	mostClient = 200 << 10 // bytes of an idle client
)

type settings struct {
	idle, active, slow int
	time, every        time.Duration
	tasks, running     int
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	if os.Getenv(childEnv) != "" { //nolint:forbidigo // whether this is a child
		code := cli.Run(ctx, os.Args[1:], cli.Streams{In: strings.NewReader(""), Out: os.Stderr, Err: os.Stderr})
		stop()
		os.Exit(code)
	}
	var s settings
	flag.IntVar(&s.idle, "idle", 1000, "event streams that wait")
	flag.IntVar(&s.active, "active", 200, "clients that make paths and follow them")
	flag.IntVar(&s.slow, "slow", 20, "readers that take nothing")
	flag.DurationVar(&s.time, "time", time.Minute, "how long the load is on")
	flag.DurationVar(&s.every, "every", 5*time.Second, "between two paths of one active client")
	flag.IntVar(&s.tasks, "tasks", 1000, "paths made for the memory of the whole flow")
	flag.IntVar(&s.running, "running", 50, "of them at once")
	flag.Parse()
	err := run(ctx, s, os.Stderr)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, s settings, out io.Writer) error {
	average, _ := os.ReadFile("/proc/loadavg")
	fmt.Fprintf(out, "load average of the machine before: %s", average)
	return errors.Join(streams(ctx, s, out), flow(ctx, s, out))
}

// flow makes many paths, a lot of them at once, and tells the most memory that took.
func flow(ctx context.Context, s settings, out io.Writer) error {
	n := fmt.Sprint(s.running)
	c, err := start(ctx, "--running", n, "--running-per-owner", n)
	if err != nil {
		return err
	}
	defer c.end()
	most, ended := 0.0, make(chan error, 1)
	go func() { ended <- makeAll(ctx, c, s.tasks) }()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for done := false; !done; {
		select {
		case err := <-ended:
			if err != nil {
				return err
			}
			done = true
		case <-tick.C:
			m, err := c.metrics(ctx)
			if err != nil {
				return err
			}
			most = max(most, m.sum("trilha_tasks_in_step"))
		}
	}
	peak, err := c.peak()
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d paths, %d allowed at once (%.0f seen in steps at once): %d MB at most\n", s.tasks, s.running, most, peak>>20)
	if peak > mostFlow {
		return fmt.Errorf("the flow took %d MB, more than %d", peak>>20, mostFlow>>20)
	}
	return nil
}
