package memory_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/task"
)

// Whatever comes as a cursor is either refused as one or goes on from somewhere.
func FuzzCursor(f *testing.F) {
	s := store(f, task.Limits{}, nil, untilTold)
	for range 3 {
		submit(f, s, task.Spec{Result: json.RawMessage(`1`)})
	}
	all, err := s.List(f.Context(), "ann", task.Filter{})
	require.NoError(f, err)
	first, err := s.List(f.Context(), "ann", task.Filter{Limit: 1})
	require.NoError(f, err)
	f.Add("")
	f.Add(first.Next)
	f.Add(first.Next + "=")
	f.Add(first.Next[:len(first.Next)-1])
	f.Add("Af__________")
	f.Fuzz(func(t *testing.T, text string) {
		page, err := s.List(t.Context(), "ann", task.Filter{Cursor: text})
		if err != nil {
			fa, ok := fault.Of(err)
			require.True(t, ok)
			assert.Equal(t, fault.Invalid, fa.Kind)
			assert.Equal(t, "cursor", fa.Field)
			return
		}
		assert.Equal(t, all.Tasks[len(all.Tasks)-len(page.Tasks):], page.Tasks)
		assert.Equal(t, 3, page.Total)
	})
}

func TestACursorOfAnEarlierProcessLiesBeforeEverything(t *testing.T) {
	earlier := store(t, task.Limits{}, nil, untilTold)
	submit(t, earlier, task.Spec{Result: json.RawMessage(`1`)})
	submit(t, earlier, task.Spec{Result: json.RawMessage(`1`)})
	page, err := earlier.List(t.Context(), "ann", task.Filter{Limit: 1})
	require.NoError(t, err)

	later := store(t, task.Limits{}, nil, untilTold)
	submit(t, later, task.Spec{Result: json.RawMessage(`1`)})
	page, err = later.List(t.Context(), "ann", task.Filter{Cursor: page.Next})
	require.NoError(t, err)
	assert.Empty(t, page.Tasks)
}
