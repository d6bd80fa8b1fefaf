package mcpwire_test

import (
	"context"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/mcpwire"
)

// A handler can send a client of 2025-11-25 away and answer when it comes back.
func TestACallCanGoOnWithoutItsResponse(t *testing.T) {
	t.Parallel()
	w := overHTTP(t)
	w.server.AddTool(mcp.NewTool("leave"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		mcpwire.Disconnect(ctx, 1500*time.Millisecond)
		mcpwire.Disconnect(ctx, time.Hour) // it has left already
		<-w.open
		return mcp.NewToolResultText("welcome back"), nil
	})
	v := w.visit(legacyEra)
	body, headers := v.body("1", "tools/call", tool("leave", nil))
	resp := v.open(t.Context(), http.MethodPost, body, headers...)
	text, err := io.ReadAll(resp.Body)
	resp.Body.Close()
	require.NoError(t, err)
	assert.Equal(t, "id: 2-0\ndata: \n\nretry: 1500\n\n", string(text))
	resp = v.open(t.Context(), http.MethodGet, "", "Last-Event-ID", "2-0")
	defer resp.Body.Close()
	close(w.open)
	var got []message
	v.read(resp, func(_ string, m message) bool { got = append(got, m); return true })
	require.Len(t, got, 1)
	assert.Equal(t, "1", string(got[0].ID))
	assert.Contains(t, got[0].line, "welcome back")
}

// Others have no way back, so that the call keeps its response.
func TestOnlyWhoCanComeBackIsSentAway(t *testing.T) {
	t.Parallel()
	w := overHTTP(t)
	w.server.AddTool(mcp.NewTool("leave"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		mcpwire.Disconnect(ctx, time.Hour)
		return mcp.NewToolResultText("still here"), nil
	})
	for _, era := range []string{"2025-03-26", "2025-06-18", modernEra} {
		r := w.visit(era).request("1", "tools/call", tool("leave", nil))
		require.Len(t, r.all, 1, era)
		assert.Contains(t, r.all[0].line, "still here", era)
	}
	p := connect(t, w.ours(), legacyEra)
	p.open()
	assert.Contains(t, p.request("tools/call", tool("leave", nil)).line, "still here")
}

// The first event of a stream is one to come back with, where clients know it.
func TestStreamsBeginWithAnEventToComeBackWith(t *testing.T) {
	t.Parallel()
	w := overHTTP(t)
	for era, begins := range map[string]string{"2025-06-18": "id: 2-1\n", legacyEra: "id: 2-0\ndata: \n\nid: 2-1\n", modernEra: "data: {"} {
		v := w.visit(era)
		body, headers := v.body("1", "tools/call", withToken(tool("steps", nil), "t"))
		resp := v.open(t.Context(), http.MethodPost, body, headers...)
		text, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		require.NoError(t, err)
		assert.Equal(t, begins, string(text[:len(begins)]), era)
	}
}

func TestAnAddressOfNothingHasItsCode(t *testing.T) {
	t.Parallel()
	for era, code := range map[string]int{legacyEra: mcp.RESOURCE_NOT_FOUND, modernEra: mcp.INVALID_PARAMS} {
		v := overHTTP(t).visit(era)
		e := v.request("1", "resources/read", map[string]any{"uri": "else://where"}).last().Error
		require.NotNil(t, e, era)
		assert.Equal(t, code, e.Code, era)
		assert.Equal(t, map[string]any{"uri": "else://where"}, e.Data, era)
		assert.Contains(t, e.Message, "resources/list", era)
	}
}
