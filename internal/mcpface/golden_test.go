package mcpface_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/mcpface"
)

// golden compares with a file of testdata; UPDATE_GOLDEN=1 writes it anew.
func golden(t *testing.T, name string, v any) {
	t.Helper()
	var got bytes.Buffer
	enc := json.NewEncoder(&got)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	require.NoError(t, enc.Encode(v))
	file := filepath.Join("testdata", name)
	if os.Getenv("UPDATE_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(file, got.Bytes(), 0o644))
		return
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), got.String(), "%s is stale: if the change is meant, run make docs", file)
}

// What a client of each era is told before it does anything.
func TestHelloInEachEra(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, era := range []string{"2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"} {
		s := r.connectAs("ana", era, era, 10)
		hello := s.result("initialize", map[string]any{
			"protocolVersion": era, "capabilities": map[string]any{},
			"clientInfo": map[string]any{"name": "raw", "version": "1"},
		})
		assert.Equal(t, mcpface.Instructions(), hello["instructions"])
		delete(hello, "instructions")
		golden(t, "hello-"+era+".json", hello)
	}
	hello := r.connect("ana", modernEra, 10).result("server/discover", nil)
	assert.Equal(t, mcpface.Instructions(), hello["instructions"])
	delete(hello, "instructions")
	golden(t, "hello-"+modernEra+".json", hello)
}

// What can be read and prompted.
func TestResourcesAndPrompts(t *testing.T) {
	t.Parallel()
	s := newRig(t).connect("ana", legacyEra, 10)
	golden(t, "resources.json", map[string]any{
		"resources":         s.result("resources/list", nil)["resources"],
		"resourceTemplates": s.result("resources/templates/list", nil)["resourceTemplates"],
		"prompts":           s.result("prompts/list", nil)["prompts"],
	})
}

// What 2026-07-28 says besides: how long each list may be kept, and by whom.
func TestListsOf20260728(t *testing.T) {
	t.Parallel()
	s := newRig(t).connect("ana", modernEra, 10)
	lists := map[string]any{}
	for _, method := range []string{"tools/list", "prompts/list", "resources/list", "resources/templates/list"} {
		result := s.result(method, nil)
		var names []string
		for _, key := range []string{"tools", "prompts", "resources", "resourceTemplates"} {
			items, _ := result[key].([]any)
			for _, it := range items {
				names = append(names, it.(map[string]any)["name"].(string))
			}
			if items != nil {
				result[key] = names
			}
		}
		lists[method] = result
	}
	golden(t, "lists-"+modernEra+".json", lists)
}

func TestInstructionsAreShort(t *testing.T) {
	t.Parallel()
	assert.Less(t, len(mcpface.Instructions()), 1500, "bytes that every client pays for")
}

// The bytes of tools/list are paid by every client in every request: a change of
// this figure is a change to be reviewed.
func TestSizeOfToolsList(t *testing.T) {
	t.Parallel()
	result := newRig(t).connect("ana", legacyEra, 10).result("tools/list", nil)
	raw, err := json.Marshal(result)
	require.NoError(t, err)
	golden(t, "tools-list-size.json", map[string]any{"bytes": len(raw)})
}
