package main

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// addChanging adds tools that change what the server lists. Each call leaves the
// list as it was: the suite compares lists while it runs.
func addChanging(s *server.MCPServer) {
	s.AddTool(toolOf("test_trigger_tool_change"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		s.AddTool(toolOf("test_passing_tool"), nil)
		s.DeleteTools("test_passing_tool")
		return mcp.NewToolResultText("The tools have changed."), nil
	})
	s.AddTool(toolOf("test_trigger_prompt_change"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		s.AddPrompt(mcp.NewPrompt("test_passing_prompt"), nil)
		s.DeletePrompts("test_passing_prompt")
		return mcp.NewToolResultText("The prompts have changed."), nil
	})
}
