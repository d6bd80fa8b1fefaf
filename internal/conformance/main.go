// Command conformance holds Trilha's transports and tasks against the official
// conformance suite of MCP: it serves the fixtures that the suite asks for on a loopback
// port, runs the suite in every protocol version, on each kind of store, and fails if a
// check fails or warns, or if less ran than there is. What needs no fixtures is held
// against a real trilha too, if one is given. Needs Node's npx, which fetches the suite.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"syscall"
	"time"
)

func main() {
	only := flag.Bool("serve", false, "only serve the fixtures, until interrupted")
	addr := flag.String("addr", "127.0.0.1:0", "where to serve the fixtures")
	sqlite := flag.Bool("sqlite", false, "with -serve: keep the fixtures' tasks in a SQLite file")
	trilha := flag.String("trilha", "", "a trilha to hold against what needs no fixtures")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	var err error
	if *only {
		err = serve(ctx, *addr, *sqlite, log, func(url string) error {
			fmt.Println(url)
			<-ctx.Done()
			return nil
		})
	} else {
		err = all(ctx, *addr, *trilha, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

// all holds the fixtures on every kind of store, and a trilha, against the suite.
func all(ctx context.Context, addr, trilha string, out io.Writer) error {
	quiet := slog.New(slog.DiscardHandler) // one fixture panics, as it should
	var failed error
	for _, sqlite := range []bool{false, true} {
		fmt.Fprintf(out, "fixtures, with tasks in %s\n", map[bool]string{false: "memory", true: "SQLite"}[sqlite])
		failed = errors.Join(failed, serve(ctx, addr, sqlite, quiet, func(url string) error { return hold(ctx, url, out) }))
	}
	if trilha == "" {
		return failed
	}
	fmt.Fprintln(out, trilha, "serve")
	return errors.Join(failed, serveReal(ctx, trilha, func(url string) error { return holdReal(ctx, url, out) }))
}

// endpoint is what a trilha says of itself when it listens.
var endpoint = regexp.MustCompile(`http://[^ ]+/mcp`)

// serveReal runs a trilha while ready does.
func serveReal(ctx context.Context, trilha string, ready func(url string) error) error {
	cmd := exec.CommandContext(ctx, trilha, "serve", "--addr", "127.0.0.1:0", "--store", "memory")
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	said, err := cmd.StderrPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	lines := bufio.NewReader(said)
	line, err := lines.ReadString('\n')
	if url := endpoint.FindString(line); url != "" {
		go func() { _, _ = io.Copy(io.Discard, lines) }()
		err = ready(url)
	} else {
		err = errors.Join(err, fmt.Errorf("%s says no address: %s", trilha, line))
	}
	_ = cmd.Process.Signal(os.Interrupt)
	return errors.Join(err, cmd.Wait())
}
