package shelf_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/shelf"
	"github.com/trilha/trilha/internal/shelf/shelftest"
)

func TestAShelfInMemoryKeepsTheContract(t *testing.T) {
	t.Parallel()
	shelftest.Run(t, func(_ *testing.T, perOwner int) shelftest.Shelf { return shelf.NewMemory(perOwner, 0) })
}

func put(t *testing.T, m *shelf.Memory, owner, id string, size int) {
	t.Helper()
	p := shelf.Path{Owner: owner, ID: id, Request: "for " + id, JSON: json.RawMessage(strings.Repeat("x", size))}
	require.NoError(t, m.Put(t.Context(), nil, p))
}

func TestAFullShelfInMemoryLosesWhatWasUsedLeastRecently(t *testing.T) {
	t.Parallel()
	m := shelf.NewMemory(0, 100)
	kept := func(owner, id string) bool {
		_, err := m.Get(t.Context(), owner, id)
		return err == nil
	}
	put(t, m, "ann", "one", 40)
	put(t, m, "ann", "two", 40)
	put(t, m, "bob", "three", 20)
	require.True(t, kept("ann", "one"))
	put(t, m, "bob", "four", 10)
	assert.False(t, kept("ann", "two"), "it went, over all owners")
	assert.True(t, kept("ann", "one"))
	assert.True(t, kept("bob", "three"))
	put(t, m, "bob", "five", 101)
	assert.False(t, kept("bob", "five"), "what is larger than the shelf is not kept")
	page, err := m.List(t.Context(), "bob", shelf.Query{})
	require.NoError(t, err)
	assert.Empty(t, page.Paths, "and nothing else is, beside it")
	put(t, m, "bob", "six", 100)
	assert.True(t, kept("bob", "six"), "the room is free again")
}

func TestAShelfInMemorySaysThatItForgets(t *testing.T) {
	t.Parallel()
	page, err := shelf.NewMemory(0, 0).List(t.Context(), "ann", shelf.Query{})
	require.NoError(t, err)
	assert.True(t, page.Forgets)
}
