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
	cursor  json.RawMessage
	commits int // how many are left until the run is interrupted; 0: it is not
	each    int // things that were come to, in all runs
}

var errStopped = errors.New("stopped")

func (n *notebook) step(ctx context.Context, name string, do generate.CursorStep) (json.RawMessage, error) {
	if out, ok := n.outputs[name]; ok {
		return out, nil
	}
	out, err := do(ctx, n.cursor, func(save func() (json.RawMessage, error)) (err error) {
		n.each++
		n.cursor, err = save()
		if n.commits--; n.commits == 0 {
			err = errStopped
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	n.outputs[name], n.done, n.cursor = out, append(n.done, name), nil
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

// A run that is interrupted between any two nodes goes on with the second.
func TestResourcesGoOnAfterTheLastNode(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]learning.Request{
		"project":  {Topic: "python", NumNodes: 40},
		"practice": {Topic: "music theory", NumNodes: 30, Level: "beginner", MaxResources: 20},
		"own":      {Topic: "sheep", Outline: outline("Shearing: Feeding", "Feeding")},
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
			for stop := 1; stop <= len(path.Nodes); stop++ {
				n := &notebook{outputs: map[string]json.RawMessage{}, commits: stop}
				_, err := g.Resume(t.Context(), plan, silent, n.step)
				require.ErrorIs(t, err, errStopped)
				again, err := g.Resume(t.Context(), plan, silent, n.step)
				require.NoError(t, err)
				got, err := json.Marshal(again)
				require.NoError(t, err)
				require.Equal(t, string(want), string(got), "interrupted after node %d", stop)
				assert.Equal(t, len(path.Nodes), n.each, "no node twice")
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
