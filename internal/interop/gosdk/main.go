// Command gosdk is the Go SDK's client as package interop runs it. It is a module of
// its own: trilha itself does not depend on the SDK.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/trilha/trilha/internal/interop/steps"
)

func main() {
	if err := run(context.Background(), os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	a, err := steps.Parse(args)
	if err != nil {
		return err
	}
	c := &tested{version: "2025-11-25"}
	if a.Era == "modern" {
		c.version = "2026-07-28"
	}
	switch a.Transport {
	case "stdio":
		command := exec.CommandContext(ctx, a.Target[0], a.Target[1:]...)
		command.Stderr = os.Stderr
		c.wire = &mcp.CommandTransport{Command: command}
	case "http":
		c.wire = &mcp.StreamableClientTransport{Endpoint: a.Target[0]}
	case "sse":
		c.wire = &mcp.SSEClientTransport{Endpoint: a.Target[0]}
	default:
		return fmt.Errorf("transport %q", a.Transport)
	}
	return steps.Take(ctx, c, a, os.Stdout)
}

type tested struct {
	*mcp.ClientSession
	wire    mcp.Transport
	version string
}

func (c *tested) Connect(ctx context.Context, hear steps.Hear) (string, error) {
	client := mcp.NewClient(&mcp.Implementation{Name: "interop", Version: "1"}, &mcp.ClientOptions{
		ProgressNotificationHandler: func(_ context.Context, r *mcp.ProgressNotificationClientRequest) {
			hear(r.Params.ProgressToken, r.Params.Progress)
		},
	})
	session, err := client.Connect(context.WithoutCancel(ctx), c.wire, &mcp.ClientSessionOptions{ProtocolVersion: c.version})
	if err != nil {
		return "", err
	}
	c.ClientSession = session
	return session.InitializeResult().ProtocolVersion, nil
}

func (c *tested) Tools(ctx context.Context) (names []string, err error) {
	for t, err := range c.ClientSession.Tools(ctx, nil) {
		if err != nil {
			return nil, err
		}
		names = append(names, t.Name)
	}
	return names, nil
}

func (c *tested) Call(ctx context.Context, name string, arguments map[string]any, token string) (map[string]any, error) {
	params := &mcp.CallToolParams{Name: name, Arguments: arguments}
	if token != "" {
		params.Meta = mcp.Meta{} // the SDK sets the token in place
		params.SetProgressToken(token)
	}
	r, err := c.CallTool(ctx, params)
	if err != nil {
		return nil, err
	}
	if r.IsError {
		return nil, fmt.Errorf("%s: %v", name, r.Content)
	}
	structured, ok := r.StructuredContent.(map[string]any)
	if !ok {
		return nil, errors.New(name + ": no structured content")
	}
	return structured, nil
}

func (c *tested) Read(ctx context.Context, uri string) (string, error) {
	r, err := c.ReadResource(ctx, &mcp.ReadResourceParams{URI: uri})
	if err != nil {
		return "", err
	}
	if len(r.Contents) == 0 {
		return "", errors.New("no contents")
	}
	return r.Contents[0].Text, nil
}

func (c *tested) Close() error {
	if c.ClientSession == nil {
		return nil
	}
	return c.ClientSession.Close()
}
