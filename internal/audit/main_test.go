package main

import (
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// owed lists the kinds of breach that are known and not mended yet. One that is
// mended goes from here; with none left the list goes.
var owed = []string{
	"bounds default",
	"strict: nearest does not hold",
	"unmet min_height: can be met",
	"unmet num_nodes: can be met",
	"unmet num_nodes: more can be had",
}

func TestNoLawIsBrokenButWhatIsOwed(t *testing.T) {
	t.Parallel()
	a, err := newAuditor(t.Context(), 1, io.Discard)
	require.NoError(t, err)
	r, err := a.judgeAll(t.Context(), 300)
	require.NoError(t, err)
	require.NoError(t, a.close())
	assert.Equal(t, 300, r.requests)
	assert.Greater(t, r.paths, 200)
	var found strings.Builder
	r.print(&found)
	assert.ElementsMatch(t, owed, slices.Collect(maps.Keys(r.breaches)), found.String())
}
