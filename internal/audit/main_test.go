package main

import (
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNoLawIsBroken(t *testing.T) {
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
	assert.Empty(t, r.breaches, found.String())
}
