package telemetry_test

import (
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/telemetry"
)

// Every route of REST's document has a name of its own, and nothing else has one.
func TestRoutesAreNamed(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../rest/testdata/openapi.json")
	require.NoError(t, err)
	var document struct {
		Paths map[string]json.RawMessage `json:"paths"`
	}
	require.NoError(t, json.Unmarshal(raw, &document))
	require.NotEmpty(t, document.Paths)
	for path := range document.Paths {
		assert.Equal(t, path, telemetry.RouteOf(strings.ReplaceAll(path, "{task_id}", "0c0ffee0-0000-4000-8000-000000000000")))
	}
	for path, want := range map[string]string{
		"/mcp": "/mcp", "/.well-known/oauth-protected-resource/mcp": "/.well-known/oauth-protected-resource",
		"/": "other", "/status/": "other", "/status/x/y": "other", "/status/x/y/events": "other", "/tasks/x/events": "other", "/nothing": "other", "": "other",
	} {
		assert.Equal(t, want, telemetry.RouteOf(path), path)
	}
}
