// Command mcpgo is mcp-go's client as package interop runs it.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync/atomic"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"

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
	wire, err := wireOf(a)
	if err != nil {
		return err
	}
	version := mcp.LATEST_LEGACY_PROTOCOL_VERSION
	option := client.WithLegacyProtocolOnly() //nolint:staticcheck // what is deprecated is tested too
	if a.Era == "modern" {
		version = mcp.LATEST_PROTOCOL_VERSION
		option = client.WithProtocolVersion(version)
	}
	c := &tested{version: version}
	c.Client = client.NewClient(wire, option, client.WithElicitationHandler(c))
	return steps.Take(ctx, c, a, os.Stdout)
}

func wireOf(a steps.Args) (transport.Interface, error) {
	switch a.Transport {
	case "stdio":
		return transport.NewStdioWithOptions(a.Target[0], nil, a.Target[1:]), nil
	case "http":
		if a.Era == "modern" {
			return transport.NewStreamableHTTP(a.Target[0])
		}
		return transport.NewStreamableHTTP(a.Target[0], transport.WithContinuousListening()) //nolint:staticcheck // the same
	case "sse":
		return transport.NewSSE(a.Target[0])
	}
	return nil, fmt.Errorf("transport %q", a.Transport)
}

type tested struct {
	*client.Client
	version string
	asked   atomic.Int64
}

func (c *tested) Connect(ctx context.Context, hear steps.Hear) (string, error) {
	if err := c.Start(context.WithoutCancel(ctx)); err != nil {
		return "", err
	}
	c.OnNotification(func(n mcp.JSONRPCNotification) {
		if progress, ok := n.Params.AdditionalFields["progress"].(float64); ok {
			hear(n.Params.AdditionalFields["progressToken"], progress)
		}
	})
	r, err := c.Initialize(ctx, mcp.InitializeRequest{Params: mcp.InitializeParams{
		ProtocolVersion: c.version, ClientInfo: mcp.Implementation{Name: "interop", Version: "1"},
	}})
	if err != nil {
		return "", err
	}
	return r.ProtocolVersion, nil
}

func (c *tested) Tools(ctx context.Context) (names []string, err error) {
	r, err := c.ListTools(ctx, mcp.ListToolsRequest{})
	if err != nil {
		return nil, err
	}
	for _, t := range r.Tools {
		names = append(names, t.Name)
	}
	return names, nil
}

func (c *tested) Call(ctx context.Context, name string, arguments map[string]any, token string) (map[string]any, error) {
	r := mcp.CallToolRequest{Params: mcp.CallToolParams{Name: name, Arguments: arguments}}
	if token != "" {
		r.Params.Meta = &mcp.Meta{ProgressToken: token}
	}
	result, err := c.CallTool(ctx, r)
	if err != nil {
		return nil, err
	}
	if result.IsError {
		return nil, fmt.Errorf("%s: %v", name, result.Content)
	}
	structured, ok := result.StructuredContent.(map[string]any)
	if !ok {
		return nil, errors.New(name + ": no structured content")
	}
	return structured, nil
}

func (c *tested) Read(ctx context.Context, uri string) (string, error) {
	r, err := c.ReadResource(ctx, mcp.ReadResourceRequest{Params: mcp.ReadResourceParams{URI: uri}})
	if err != nil {
		return "", err
	}
	if len(r.Contents) == 0 {
		return "", errors.New("no contents")
	}
	text, ok := r.Contents[0].(mcp.TextResourceContents)
	if !ok {
		return "", fmt.Errorf("contents are %T", r.Contents[0])
	}
	return text.Text, nil
}
