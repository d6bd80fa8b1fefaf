package mcpwire_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/mcpwire"
)

// layered is a world with a layer above it.
func layered(t *testing.T) *mcpwire.Wire {
	w := newWorld(t)
	wire := mcpwire.New(w.server, slog.New(slog.DiscardHandler))
	wire.Handle("things/get", mcpwire.Route{Name: "thingId", Serve: func(_ context.Context, c *mcpwire.Call) (any, error) {
		return map[string]any{"modern": c.Modern(), "version": c.Version(), "params": c.Params() != nil}, nil
	}})
	wire.Handle("things/refuse", mcpwire.Route{Serve: func(context.Context, *mcpwire.Call) (any, error) {
		return nil, &mcpwire.Error{Code: -32021, Message: "no", Data: map[string]any{"x": 1}}
	}})
	wire.Handle("things/break", mcpwire.Route{Serve: func(context.Context, *mcpwire.Call) (any, error) {
		return nil, errors.New("inner secret")
	}})
	wire.Handle("things/panic", mcpwire.Route{Serve: func(context.Context, *mcpwire.Call) (any, error) { panic("inner secret") }})
	wire.Handle("tools/list", mcpwire.Route{Serve: func(context.Context, *mcpwire.Call) (any, error) { return nil, mcpwire.ErrPass }})
	wire.Handle("subscriptions/listen", mcpwire.Route{Serve: func(_ context.Context, c *mcpwire.Call) (any, error) {
		c.Listen("thingIds", []string{"a"}, func(context.Context) { c.Notify("notifications/things", map[string]any{"thingId": "a"}, nil) })
		return nil, mcpwire.ErrPass
	}})
	w.server.AddTool(mcp.NewTool("thing"), func(ctx context.Context, _ mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		c, ok := mcpwire.CallOf(ctx)
		require.True(t, ok)
		c.Notify("notifications/things", map[string]any{"when": "before"}, nil)
		c.Answered(func() { c.Notify("notifications/things", map[string]any{"when": "after"}, map[string]any{"k": "v"}) })
		return mcp.NewToolResultText("mcp-go's"), c.Answer(map[string]any{"resultType": "thing"})
	})
	return wire
}

func TestSince20260728ALayersResultsSayWhoseTheyAre(t *testing.T) {
	t.Parallel()
	info := mcp.Implementation{Name: "w", Version: "2", Title: "W"}
	wire := mcpwire.New(newWorld(t).server, slog.New(slog.DiscardHandler), mcpwire.WithServerInfo(info))
	own := map[string]any{"own": "meta"}
	for method, result := range map[string]any{
		"things/some": map[string]any{"a": 1}, "things/none": struct{}{}, "things/own": map[string]any{"_meta": own},
	} {
		wire.Handle(method, mcpwire.Route{Serve: func(context.Context, *mcpwire.Call) (any, error) { return result, nil }})
	}
	meta := map[string]any{"io.modelcontextprotocol/serverInfo": map[string]any{"name": "w", "version": "2", "title": "W"}}
	p := connect(t, wire.ServeStdio, modernEra)
	p.open()
	assert.Equal(t, map[string]any{"a": 1.0, "_meta": meta}, p.request("things/some", nil).Result)
	assert.Equal(t, map[string]any{"_meta": meta}, p.request("things/none", nil).Result)
	assert.Equal(t, map[string]any{"_meta": own}, p.request("things/own", nil).Result)
	old := connect(t, wire.ServeStdio, legacyEra)
	old.open()
	assert.Equal(t, map[string]any{"a": 1.0}, old.request("things/some", nil).Result)
}

func TestALayerAnswersByItself(t *testing.T) {
	t.Parallel()
	for _, era := range []string{legacyEra, modernEra} {
		t.Run(era, func(t *testing.T) {
			t.Parallel()
			p := connect(t, layered(t).ServeStdio, era)
			p.open()
			got := p.request("things/get", map[string]any{"thingId": "a"})
			assert.Equal(t, map[string]any{"modern": era == modernEra, "version": era, "params": true}, got.Result)
			assert.Equal(t, &mcpwire.Error{Code: -32021, Message: "no", Data: map[string]any{"x": 1.0}}, p.request("things/refuse", nil).Error)
			for _, method := range []string{"things/break", "things/panic"} {
				broken := p.request(method, nil)
				require.NotNil(t, broken.Error)
				assert.Equal(t, mcp.INTERNAL_ERROR, broken.Error.Code)
				assert.NotContains(t, broken.line, "secret")
			}
			assert.NotEmpty(t, p.request("tools/list", nil).Result["tools"], "it passes")
			assert.Equal(t, mcp.METHOD_NOT_FOUND, p.request("things/unknown", nil).Error.Code)
		})
	}
}

// What a handler sends before its own kind of answer leaves before it; what follows
// reaches the session, and from 2026-07-28 on nobody.
func TestALayerAnswersAToolCallInItsOwnShape(t *testing.T) {
	t.Parallel()
	for _, era := range []string{legacyEra, modernEra} {
		t.Run(era, func(t *testing.T) {
			t.Parallel()
			p := connect(t, layered(t).ServeStdio, era)
			p.open()
			got, before := p.until(p.start("tools/call", tool("thing", nil)))
			delete(got.Result, "_meta")
			assert.Equal(t, map[string]any{"resultType": "thing"}, got.Result)
			require.Len(t, before, 1)
			assert.Equal(t, "before", before[0].Params["when"])
			rest := p.end()
			if era == modernEra {
				assert.Empty(t, rest)
				return
			}
			require.Len(t, rest, 1)
			assert.Equal(t, "after", rest[0].Params["when"])
			assert.Equal(t, map[string]any{"k": "v"}, rest[0].Params["_meta"])
		})
	}
}

func TestALayerAddsToASubscription(t *testing.T) {
	t.Parallel()
	p := connect(t, layered(t).ServeStdio, modernEra)
	p.open()
	id := p.start("subscriptions/listen", map[string]any{"notifications": map[string]any{"toolsListChanged": true}})
	ack, told := p.next(), p.next()
	assert.Equal(t, "notifications/subscriptions/acknowledged", ack.Method)
	assert.Equal(t, map[string]any{"toolsListChanged": true, "thingIds": []any{"a"}}, ack.Params["notifications"])
	assert.Equal(t, "notifications/things", told.Method)
	for _, m := range []message{ack, told} {
		assert.Contains(t, m.line, `"io.modelcontextprotocol/subscriptionId":`+id)
	}
	p.end()
}

func TestALayersMethodsHaveTheirHeaders(t *testing.T) {
	t.Parallel()
	endpoint := layered(t).Streamable()
	s := httptest.NewServer(endpoint)
	t.Cleanup(func() { endpoint.Close(); s.Close() })
	w := &web{t: t, base: s.URL, client: s.Client()}
	v := w.visit(modernEra)
	for _, c := range []struct {
		method, name string
		code         int
	}{
		{"things/get", "a", 0},
		{"things/get", "=?base64?YQ==?=", 0},
		{"things/get", "b", mcp.HEADER_MISMATCH},
		{"things/get", "", mcp.HEADER_MISMATCH},
		{"things/gets", "a", mcp.HEADER_MISMATCH},
	} {
		body, _ := v.body("1", "things/get", map[string]any{"thingId": "a"})
		headers := []string{"Mcp-Protocol-Version", modernEra, "Mcp-Method", c.method}
		if c.name != "" {
			headers = append(headers, "Mcp-Name", c.name)
		}
		got := v.post(body, headers...)
		if c.code == 0 {
			require.Nil(t, got.last().Error, "%v", c)
			continue
		}
		assert.Equal(t, http.StatusBadRequest, got.status)
		require.NotNil(t, got.last().Error)
		assert.Equal(t, c.code, got.last().Error.Code)
	}
}
