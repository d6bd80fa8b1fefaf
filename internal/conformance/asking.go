package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/trilha/trilha/internal/mcpwire"
)

// addAsking adds tools that ask the client while they work, as protocols before
// 2026-07-28 have it, and one that may not.
func addAsking(s *server.MCPServer) {
	s.AddTool(toolOf("test_sampling"), func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		//nolint:staticcheck // what is deprecated is tested too
		answer, err := s.RequestSampling(ctx, mcp.CreateMessageRequest{CreateMessageParams: sampling(r.GetString("prompt", ""), 100)})
		if err != nil {
			return mcp.NewToolResultError(err.Error()), nil
		}
		return mcp.NewToolResultText("LLM response: " + textOf(answer.Content)), nil
	})
	for name, schema := range forms {
		s.AddTool(toolOf(name), func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			params := mcp.ElicitationParams{Message: r.GetString("message", "Please fill in the form."), RequestedSchema: schema}
			answer, err := s.RequestElicitation(ctx, mcp.ElicitationRequest{Params: params})
			if err != nil {
				return mcp.NewToolResultError(err.Error()), nil
			}
			return mcp.NewToolResultText(fmt.Sprintf("Elicitation completed: action=%s, content=%v", answer.Action, answer.Content)), nil
		})
	}
	s.AddTool(toolOf("test_missing_capability"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		if capabilities(ctx).Sampling == nil {
			return nil, &mcpwire.Error{
				Code:    mcp.MISSING_REQUIRED_CLIENT_CAPABILITY,
				Message: "this tool needs a client that samples",
				Data:    map[string]any{"requiredCapabilities": map[string]any{"sampling": struct{}{}}},
			}
		}
		return mcp.NewToolResultText("The client samples."), nil
	})
}

func sampling(prompt string, tokens int) mcp.CreateMessageParams {
	return mcp.CreateMessageParams{
		Messages:  []mcp.SamplingMessage{{Role: mcp.RoleUser, Content: mcp.NewTextContent(prompt)}},
		MaxTokens: tokens,
	}
}

// textOf is the text of what a model answered.
func textOf(content any) string {
	raw, _ := json.Marshal(content)
	var c struct {
		Text string `json:"text"`
	}
	_ = json.Unmarshal(raw, &c) // another kind of content has none
	return c.Text
}

// capabilities gives what the client of a request has declared.
func capabilities(ctx context.Context) mcp.ClientCapabilities {
	if info := server.RequestProtocolInfoFromContext(ctx); info != nil && info.ClientCapabilities != nil {
		return *info.ClientCapabilities
	}
	if session, ok := server.ClientSessionFromContext(ctx).(server.SessionWithClientInfo); ok {
		return session.GetClientCapabilities()
	}
	return mcp.ClientCapabilities{}
}

// forms lists the tools that ask a user, with what they ask for.
var forms = map[string]json.RawMessage{
	"test_elicitation": json.RawMessage(`{
		"type": "object",
		"properties": {
			"username": {"type": "string", "description": "User's response"},
			"email": {"type": "string", "description": "User's email address"}
		},
		"required": ["username", "email"]
	}`),
	"test_elicitation_sep1034_defaults": json.RawMessage(`{
		"type": "object",
		"properties": {
			"name": {"type": "string", "default": "John Doe"},
			"age": {"type": "integer", "default": 30},
			"score": {"type": "number", "default": 95.5},
			"status": {"type": "string", "enum": ["active", "inactive", "pending"], "default": "active"},
			"verified": {"type": "boolean", "default": true}
		}
	}`),
	"test_elicitation_sep1330_enums": json.RawMessage(`{
		"type": "object",
		"properties": {
			"untitledSingle": {"type": "string", "enum": ["option1", "option2", "option3"]},
			"titledSingle": {"type": "string", "oneOf": [
				{"const": "value1", "title": "First Option"},
				{"const": "value2", "title": "Second Option"},
				{"const": "value3", "title": "Third Option"}
			]},
			"legacyEnum": {"type": "string", "enum": ["opt1", "opt2", "opt3"], "enumNames": ["Option One", "Option Two", "Option Three"]},
			"untitledMulti": {"type": "array", "items": {"type": "string", "enum": ["option1", "option2", "option3"]}},
			"titledMulti": {"type": "array", "items": {"anyOf": [
				{"const": "value1", "title": "First Choice"},
				{"const": "value2", "title": "Second Choice"},
				{"const": "value3", "title": "Third Choice"}
			]}}
		}
	}`),
}
