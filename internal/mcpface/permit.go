package mcpface

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// Permit says why the sender of a request may not call a tool; nil: it may.
type Permit func(ctx context.Context, tool string) error

// Permit sets who is asked before every call of a tool. It is called before the
// server is in use. Other requests are permitted, or not, before they come here.
func (f *Face) Permit(p Permit) { f.permit = p }

// permitting asks before a handler that is another's.
func (f *Face) permitting(tool string, next server.ToolHandlerFunc) server.ToolHandlerFunc {
	return func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		if refusal, ok := f.permitted(ctx, tool); !ok {
			return refusal, nil
		}
		return next(ctx, r)
	}
}

// permitted asks for a call of a tool, and gives the answer if it is refused: one for
// a model to read.
func (f *Face) permitted(ctx context.Context, tool string) (refusal *mcp.CallToolResult, ok bool) {
	if f.permit == nil {
		return nil, true
	}
	if err := f.permit(ctx, tool); err != nil {
		return mcp.NewToolResultError(err.Error()), false
	}
	return nil, true
}
