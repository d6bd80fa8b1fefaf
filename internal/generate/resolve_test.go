package generate_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/generate"
	"github.com/trilha/trilha/internal/learning"
)

func planned(t *testing.T, r learning.Request) generate.Plan {
	t.Helper()
	p, err := generate.New(catalog.Embedded()).Plan(r)
	require.NoError(t, err)
	return p
}

func TestWhatATopicWasTakenForIsTold(t *testing.T) {
	t.Parallel()
	p := planned(t, learning.Request{Topic: "aprendisado de máquina", Language: "pt"})
	assert.Equal(t, "machine-learning", p.Topic)
	assert.Equal(t, "Aprendizado de máquina", p.TakenAs)
	assert.Empty(t, planned(t, learning.Request{Topic: "Machine Learning"}).TakenAs, "a name is no guess")
}

func TestAnAmbiguousTopicIsToldWithSubjects(t *testing.T) {
	t.Parallel()
	_, err := generate.New(catalog.Embedded()).Plan(learning.Request{Topic: "função", Language: "pt"})
	require.ErrorIs(t, err, fault.Conflict)
	assert.ErrorContains(t, err, `"Funções" (python/function, of Python)`)
	assert.ErrorContains(t, err, "go/function")
}

func TestWordsThatAreKnownAreReadInTheTopicsSubject(t *testing.T) {
	t.Parallel()
	known := []string{"functions", "lits comprehension", "alchemy"}
	p := planned(t, learning.Request{Topic: "python decorators", Known: known})
	assert.Equal(t, []string{"python/function", "python/comprehension"}, p.Known)
	assert.Equal(t, []string{"alchemy"}, p.Missed)
	p = planned(t, learning.Request{Topic: "eigenvalues", Known: []string{"functions"}})
	assert.Equal(t, []string{"functions"}, p.Missed, "of Python or of Go")
}

func TestAnOutlineIsGroundedByTheSameNames(t *testing.T) {
	t.Parallel()
	items := []learning.OutlineItem{{Title: "Introduction to loops"}, {Title: "functions"}, {Title: "Feeding a snake"}}
	p := planned(t, learning.Request{Topic: "python", Outline: items})
	assert.Equal(t, []string{"python/loop", "python/function", ""}, p.Outline)
}
