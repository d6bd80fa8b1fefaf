// Command bareserver runs package bare over stdio, or over HTTP on the address
// that it is given.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"

	"github.com/mark3labs/mcp-go/server"

	"github.com/trilha/trilha/internal/bench/bare"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bareserver:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	s := bare.New(nil)
	if len(args) == 0 {
		return server.ServeStdio(s)
	}
	l, err := net.Listen("tcp", args[0]) //nolint:noctx // it listens until it is killed
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "bare: http://%s/mcp\n", l.Addr())
	mux := http.NewServeMux()
	mux.Handle("/mcp", server.NewStreamableHTTPServer(s))
	return http.Serve(l, mux) //nolint:gosec // loopback, for seconds
}
