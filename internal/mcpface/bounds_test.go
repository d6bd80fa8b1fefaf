package mcpface_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// An address is bounded before it is matched against the templates, which would take
// seconds a megabyte.
func TestLongAddressesAreRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for _, era := range []string{legacyEra, modernEra} {
		s := r.connectAs("ana", era, era, 100)
		long := "trilha://tasks/" + strings.Repeat("x", 1<<20)
		assert.Contains(t, s.refused("resources/read", map[string]any{"uri": long}), "longer than 512 bytes", era)
		assert.NotContains(t, s.refused("resources/read", map[string]any{"uri": long[:512]}), "longer than", era)
	}
}
