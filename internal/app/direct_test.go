package app_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/trilha/trilha/internal/app"
)

// Nothing may be registered with mcp-go that keeps tool calls from going to their
// handlers directly, which halves what they cost: see mcpwire/direct.go for what does.
func TestToolCallsAreDirect(t *testing.T) {
	t.Parallel()
	a := newApp(t, app.Stdio)
	defer func() { assert.NoError(t, a.Close()) }()
	assert.True(t, a.Direct())
}
