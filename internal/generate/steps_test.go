package generate_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/generate"
	"github.com/trilha/trilha/internal/learning"
)

// notebook keeps steps as a durable store does, as JSON.
type notebook struct {
	outputs map[string]json.RawMessage
	done    []string // steps that were carried out, in order
	stop    string   // the step after which the run is interrupted
}

var errStopped = errors.New("stopped")

func (n *notebook) step(ctx context.Context, name string, do func(context.Context) (json.RawMessage, error)) (json.RawMessage, error) {
	if out, ok := n.outputs[name]; ok {
		return out, nil
	}
	out, err := do(ctx)
	if err != nil {
		return nil, err
	}
	n.outputs[name], n.done = out, append(n.done, name)
	if name == n.stop {
		return nil, errStopped
	}
	return out, nil
}

// A run that is interrupted after any step gives, when it is resumed, the bytes of
// one that was not, and carries no step out twice.
func TestAResumedRunGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]learning.Request{
		"subject":  {Topic: "machine learning"},
		"project":  {Topic: "python", Language: "pt", NumNodes: 40},
		"large":    {Topic: "linear algebra", Language: "es", NumNodes: 100, HoursPerWeek: 4},
		"narrow":   {Topic: "transformer", NumNodes: 20, MaxWidth: 2},
		"known":    {Topic: "eigenvalues", Known: []string{"matrices", "vectors", "xyzzy plugh"}},
		"route":    {Topic: "maths for machine learning"},
		"unmet":    {Topic: "vectors", NumNodes: 60, MinWidth: 5, MinHeight: 9, MaxResources: 5},
		"outline":  {Topic: "my course", Outline: outline("Overfitting: My data", "My data", "Cross-validation", "Show it: Cross-validation"), MaxResources: 5},
		"strict":   {Topic: "linear algebra", Strict: true},
		"own":      {Topic: "sheep", Outline: outline("Shearing: Feeding", "Feeding")},
		"few":      {Topic: "go", NumNodes: 3},
		"practice": {Topic: "music theory", NumNodes: 30, Level: "beginner"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := generate.New(catalog.Embedded())
			plan, err := g.Plan(r)
			require.NoError(t, err)
			path, err := g.Run(t.Context(), plan, silent)
			require.NoError(t, err)
			want, err := json.Marshal(path)
			require.NoError(t, err)
			version := " " + catalog.Embedded().Version()
			steps := []string{"outline" + version, "resources" + version, "quizzes" + version}
			for _, stop := range steps {
				n := &notebook{outputs: map[string]json.RawMessage{}, stop: stop}
				_, err := g.Resume(t.Context(), plan, silent, n.step)
				require.ErrorIs(t, err, errStopped)
				path, err := g.Resume(t.Context(), plan, silent, n.step)
				require.NoError(t, err)
				got, err := json.Marshal(path)
				require.NoError(t, err)
				assert.Equal(t, string(want), string(got), "interrupted after %s", stop)
				assert.Equal(t, steps, n.done)
			}
		})
	}
}

func TestAStepThatIsKeptInAnotherFormFailsTheRun(t *testing.T) {
	t.Parallel()
	g := generate.New(catalog.Embedded())
	plan, err := g.Plan(learning.Request{Topic: "python"})
	require.NoError(t, err)
	n := &notebook{outputs: map[string]json.RawMessage{"outline " + catalog.Embedded().Version(): json.RawMessage(`[]`)}}
	_, err = g.Resume(t.Context(), plan, silent, n.step)
	assert.ErrorContains(t, err, "step outline")
}

func TestWhatAnotherCatalogueGaveIsMadeAnew(t *testing.T) {
	t.Parallel()
	g := generate.New(catalog.Embedded())
	plan, err := g.Plan(learning.Request{Topic: "python"})
	require.NoError(t, err)
	n := &notebook{outputs: map[string]json.RawMessage{"outline 0123": json.RawMessage(`[]`)}}
	path, err := g.Resume(t.Context(), plan, silent, n.step)
	require.NoError(t, err)
	assert.Len(t, path.Nodes, 15)
}
