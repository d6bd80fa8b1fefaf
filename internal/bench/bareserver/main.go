// Command bareserver runs package bare over stdio, or over HTTP on the address
// that it is given; with -ours on Trilha's transports instead of mcp-go's.
package main

import (
	"context"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"

	"github.com/mark3labs/mcp-go/server"

	"github.com/trilha/trilha/internal/bench/bare"
	"github.com/trilha/trilha/internal/mcpwire"
)

func main() {
	ours := flag.Bool("ours", false, "serve on Trilha's transports")
	flag.Parse()
	if err := run(*ours, flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "bareserver:", err)
		os.Exit(1)
	}
}

func run(ours bool, address string) error {
	s := bare.New(nil)
	wire := mcpwire.New(bare.New(nil), slog.New(slog.DiscardHandler))
	if address == "" {
		if ours {
			return wire.ServeStdio(context.Background(), os.Stdin, os.Stdout)
		}
		return server.ServeStdio(s)
	}
	l, err := net.Listen("tcp", address) //nolint:noctx // it listens until it is killed
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "bare: http://%s/mcp\n", l.Addr())
	mux := http.NewServeMux()
	if ours {
		sse := wire.SSE("/message")
		mux.Handle("/mcp", wire.Streamable())
		mux.HandleFunc("/sse", sse.Events)
		mux.HandleFunc("/message", sse.Messages)
	} else {
		sse := server.NewSSEServer(s, server.WithUseFullURLForMessageEndpoint(false))
		mux.Handle("/mcp", server.NewStreamableHTTPServer(s))
		mux.Handle("/sse", sse.SSEHandler())
		mux.Handle("/message", sse.MessageHandler())
	}
	return http.Serve(l, mux) //nolint:gosec // loopback, for seconds
}
