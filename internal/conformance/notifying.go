package main

import (
	"context"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/trilha/trilha/internal/mcpwire"
)

// pause is the time between two notifications that the suite asks for.
const pause = 50 * time.Millisecond

// addNotifying adds tools that send something before they answer.
func addNotifying(s *server.MCPServer) {
	for _, name := range []string{"test_tool_with_logging", "test_logging_tool"} {
		s.AddTool(toolOf(name), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return logging(ctx, s)
		})
	}
	s.AddTool(toolOf("test_tool_with_progress"), func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return progressing(ctx, s, r)
	})
	// The client is to come back for the answer.
	s.AddTool(toolOf("test_reconnection"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		mcpwire.Disconnect(ctx, 100*time.Millisecond)
		time.Sleep(pause)
		return mcp.NewToolResultText("The answer came on another stream."), nil
	})
}

func logging(ctx context.Context, s *server.MCPServer) (*mcp.CallToolResult, error) {
	for i, text := range []string{"Tool execution started", "Tool processing data", "Tool execution completed"} {
		if i > 0 {
			time.Sleep(pause)
		}
		if err := s.SendLogMessageToClient(ctx, mcp.NewLoggingMessageNotification(mcp.LoggingLevelInfo, "conformance", text)); err != nil {
			return nil, err
		}
	}
	return mcp.NewToolResultText("Three messages were logged."), nil
}

func progressing(ctx context.Context, s *server.MCPServer, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	for i := range 3 {
		if i > 0 {
			time.Sleep(pause)
		}
		if r.Params.Meta == nil || r.Params.Meta.ProgressToken == nil {
			continue
		}
		err := s.SendNotificationToClient(ctx, "notifications/progress", map[string]any{
			"progressToken": r.Params.Meta.ProgressToken, "progress": 50 * i, "total": 100,
		})
		if err != nil {
			return nil, err
		}
	}
	return mcp.NewToolResultText("Progress was told."), nil
}
