package app_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/config"
)

// Whoever comes from one address leaves room for those of others, on every face.
func TestOneAddressOfTheAnonymousLeavesRoomForOthers(t *testing.T) {
	t.Parallel()
	s := settings()
	s.WaitingPerOwner = 20 // a tenth for each address
	g := newGate()
	base, _ := serveAs(t, s, config.HTTP{Addr: "127.0.0.1:0", Insecure: true, TrustProxy: true}, g.around)
	t.Cleanup(func() { close(g.open) })
	ask := func(address, method, path, body string) (*http.Response, string) {
		r := mustRequest(t.Context(), t, method, base+path, []byte(body))
		r.Header.Set("X-Forwarded-For", "198.51.100.9, "+address)
		if body != "" {
			r.Header.Set("Content-Type", "application/json")
			r.Header.Set("Accept", "application/json, text/event-stream")
			r.Header.Set("Mcp-Protocol-Version", modernEra)
			r.Header.Set("Mcp-Method", "tools/call")
			r.Header.Set("Mcp-Name", "generate_learning_path_async")
		}
		resp := send(t, httpClient(t), r)
		defer resp.Body.Close()
		raw, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp, string(raw)
	}
	call := modernRequest("tools/call", `"name":"generate_learning_path_async","arguments":{"topic":"python"},`)
	resp, first := ask("192.0.2.1", http.MethodPost, "/generate_mcp_async?topic=python", "")
	require.Equal(t, http.StatusOK, resp.StatusCode, first)
	_, second := ask("192.0.2.1", http.MethodPost, "/mcp", call)
	require.Contains(t, second, "task_id")
	resp, body := ask("192.0.2.1", http.MethodPost, "/generate_mcp_async?topic=python", "")
	assert.Equal(t, http.StatusTooManyRequests, resp.StatusCode, body)
	assert.NotEmpty(t, resp.Header.Get("Retry-After"))
	assert.Contains(t, body, "2 tasks from this address")
	_, body = ask("192.0.2.1", http.MethodPost, "/mcp", call)
	assert.Contains(t, body, "2 tasks from this address")
	assert.Contains(t, body, `"isError":true`)
	resp, body = ask("192.0.2.2", http.MethodPost, "/generate_mcp_async?topic=python", "")
	assert.Equal(t, http.StatusOK, resp.StatusCode, body)
}
