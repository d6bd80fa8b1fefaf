package mcpwire_test

import (
	"context"
	"log/slog"
	"testing"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/mcpwire"
)

func inProcess(t *testing.T, w *world) *client.Client {
	t.Helper()
	c := client.NewClient(mcpwire.New(w.server, slog.New(slog.DiscardHandler)).InProcess())
	require.NoError(t, c.Start(t.Context()))
	t.Cleanup(func() { assert.NoError(t, c.Close()) })
	r := mcp.InitializeRequest{}
	r.Params.ProtocolVersion = legacyEra
	_, err := c.Initialize(t.Context(), r)
	require.NoError(t, err)
	return c
}

func callOf(name string, token any) (r mcp.CallToolRequest) {
	r.Params.Name = name
	r.Params.Meta = &mcp.Meta{ProgressToken: token}
	return r
}

// Whoever has the answer has been told of everything before it.
func TestInProcessClientIsToldBeforeItsAnswer(t *testing.T) {
	c := inProcess(t, newWorld(t))
	told := 0
	c.OnNotification(func(n mcp.JSONRPCNotification) {
		told++
		assert.InDelta(t, told, n.Params.AdditionalFields["progress"], 0)
	})
	_, err := c.CallTool(t.Context(), callOf("steps", "t"))
	require.NoError(t, err)
	assert.Equal(t, 5, told)
}

func TestInProcessClientCancelsByItsContext(t *testing.T) {
	w := newWorld(t)
	c := inProcess(t, w)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-w.held
		cancel()
	}()
	_, err := c.CallTool(ctx, callOf("hold", nil))
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorIs(t, await(t, w.ended, "the call"), context.Canceled)
	_, err = c.CallTool(t.Context(), callOf("ask", nil))
	assert.ErrorContains(t, err, "takes no requests")
}

// A hook cannot fail, but it can choose the answer.
func TestHooksRefuseRequests(t *testing.T) {
	w := newWorld(t)
	hooks := &server.Hooks{}
	hooks.AddAfterListTools(func(ctx context.Context, _ any, _ *mcp.ListToolsRequest, _ *mcp.ListToolsResult) {
		mcpwire.Refuse(ctx, &mcpwire.Error{Code: mcp.INVALID_PARAMS, Message: "not this page"})
	})
	server.WithHooks(hooks)(w.server)
	c := inProcess(t, w)
	_, err := c.ListTools(t.Context(), mcp.ListToolsRequest{})
	require.ErrorContains(t, err, "not this page")
	_, err = c.ListPrompts(t.Context(), mcp.ListPromptsRequest{})
	assert.NoError(t, err, "one answer alone is chosen")
}
