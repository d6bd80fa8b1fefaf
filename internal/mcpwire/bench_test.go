package mcpwire_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/mcpwire"
)

// echoes is the least that a call can cost.
func echoes() *server.MCPServer {
	s := server.NewMCPServer("echoes", "1", server.WithToolCapabilities(false))
	s.AddTool(mcp.NewTool("echo"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultText("echo"), nil
	})
	return s
}

var echo = map[string]string{
	legacyEra: `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"echo","arguments":{}}}`,
	modernEra: `{"jsonrpc":"2.0","id":%d,"method":"tools/call","params":{"name":"echo","arguments":{},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}`,
}

const hello = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"b","version":"1"}}}`

// Calls over stdio, 16 of them under way, beside mcp-go's own.
func BenchmarkStdio(b *testing.B) {
	for _, era := range []string{legacyEra, modernEra} {
		for name, serve := range map[string]func(*server.MCPServer) transport{
			"ours": func(s *server.MCPServer) transport { return mcpwire.New(s, slog.New(slog.DiscardHandler)).ServeStdio },
			"bare": func(s *server.MCPServer) transport {
				std := server.NewStdioServer(s)
				server.WithErrorLogger(log.New(io.Discard, "", 0))(std)
				return std.Listen
			},
		} {
			b.Run(era+"/"+name, func(b *testing.B) {
				inR, inW, err := os.Pipe() // what a process has
				require.NoError(b, err)
				outR, outW, err := os.Pipe()
				require.NoError(b, err)
				done := make(chan error, 1)
				go func() { done <- serve(echoes())(context.Background(), inR, outW) }()
				lines := bufio.NewReader(outR)
				underWay := make(chan struct{}, 16)
				fmt.Fprintln(inW, hello)
				_, err = lines.ReadBytes('\n')
				require.NoError(b, err)
				b.ReportAllocs()
				b.ResetTimer()
				go func() {
					for i := range b.N {
						underWay <- struct{}{}
						fmt.Fprintf(inW, echo[era]+"\n", i+1)
					}
				}()
				for range b.N {
					_, err := lines.ReadBytes('\n')
					require.NoError(b, err)
					<-underWay
				}
				b.StopTimer()
				inW.Close()
				<-done
				for _, f := range []*os.File{inR, outR, outW} {
					f.Close()
				}
			})
		}
	}
}

// Calls over Streamable HTTP beside mcp-go's own.
func BenchmarkHTTP(b *testing.B) {
	for _, era := range []string{legacyEra, modernEra} {
		for name, mount := range map[string]func(*server.MCPServer) http.Handler{
			"ours": func(s *server.MCPServer) http.Handler {
				return mcpwire.New(s, slog.New(slog.DiscardHandler)).Streamable()
			},
			"bare": func(s *server.MCPServer) http.Handler {
				return server.NewStreamableHTTPServer(s, server.WithStateful(true))
			},
		} {
			b.Run(era+"/"+name, func(b *testing.B) {
				s := httptest.NewServer(mount(echoes()))
				defer s.Close()
				client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}
				defer client.CloseIdleConnections()
				session := ""
				post := func(body string) {
					r, _ := http.NewRequestWithContext(context.Background(), http.MethodPost, s.URL, strings.NewReader(body))
					r.Header.Set("Content-Type", "application/json")
					r.Header.Set("Accept", "application/json, text/event-stream")
					if session != "" {
						r.Header.Set("Mcp-Session-Id", session)
					}
					if era == modernEra {
						r.Header.Set("Mcp-Protocol-Version", era)
						r.Header.Set("Mcp-Method", "tools/call")
						r.Header.Set("Mcp-Name", "echo")
					}
					resp, err := client.Do(r)
					if err != nil || resp.StatusCode != http.StatusOK {
						b.Fatal(err, resp)
					}
					if session == "" {
						session = resp.Header.Get("Mcp-Session-Id")
					}
					_, _ = io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
				}
				if era == legacyEra {
					post(hello)
				}
				b.ReportAllocs()
				b.ResetTimer()
				for i := range b.N {
					post(fmt.Sprintf(echo[era], i+1))
				}
			})
		}
	}
}

// What a stream costs on which nothing happens, both ends of it.
func BenchmarkIdleStreams(b *testing.B) {
	for name, path := range map[string]string{"streamable": "/mcp", "sse": "/sse"} {
		b.Run(name, func(b *testing.B) {
			w := mcpwire.New(echoes(), slog.New(slog.DiscardHandler))
			endpoint, sse := w.Streamable(), w.SSE("/message")
			mux := http.NewServeMux()
			mux.Handle("/mcp", endpoint)
			mux.HandleFunc("/sse", sse.Events)
			s := httptest.NewServer(mux)
			defer s.Close()
			defer endpoint.Close()
			defer endpoint.CloseStreams()
			defer sse.Close()
			used := func() uint64 {
				var m runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&m)
				return m.HeapAlloc + m.StackInuse
			}
			const streams = 1000
			for range b.N {
				var conns []net.Conn
				before := used()
				for range streams {
					session := ""
					if path == "/mcp" {
						r := httptest.NewRequest(http.MethodPost, "/mcp", strings.NewReader(hello))
						out := httptest.NewRecorder()
						endpoint.ServeHTTP(out, r)
						session = out.Header().Get("Mcp-Session-Id")
					}
					conn, err := new(net.Dialer).DialContext(context.Background(), "tcp", s.Listener.Addr().String())
					require.NoError(b, err)
					fmt.Fprintf(conn, "GET %s HTTP/1.1\r\nHost: x\r\nMcp-Session-Id: %s\r\n\r\n", path, session)
					_, err = io.ReadFull(conn, make([]byte, 15))
					require.NoError(b, err)
					conns = append(conns, conn)
				}
				b.ReportMetric(float64(used()-before)/streams/1024, "KiB/stream")
				for _, c := range conns {
					c.Close()
				}
			}
		})
	}
}
