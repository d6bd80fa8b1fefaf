// Command trilha makes learning paths: as an MCP server for assistants, over
// stdio or HTTP, and in the terminal.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/trilha/trilha/internal/cli"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	streams := cli.Streams{In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
	// Standard output belongs to the protocol: a stray print goes to the log.
	os.Stdout = os.Stderr
	os.Exit(cli.Run(ctx, os.Args[1:], streams))
}
