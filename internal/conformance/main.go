// Command conformance holds Trilha's transports against the official conformance
// suite of MCP: it serves the fixtures that the suite asks for on a loopback port,
// runs the suite in every protocol version, and fails if a check fails or warns, or
// if less ran than there is. Needs Node's npx, which fetches the suite.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	only := flag.Bool("serve", false, "only serve the fixtures, until interrupted")
	addr := flag.String("addr", "127.0.0.1:0", "where to serve the fixtures")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	err := serve(ctx, *addr, log, func(url string) error {
		if *only {
			fmt.Println(url)
			<-ctx.Done()
			return nil
		}
		return hold(ctx, url, os.Stdout)
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}
