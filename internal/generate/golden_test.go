package generate_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/learning"
)

// Paths as a reader judges them; UPDATE_GOLDEN=1 writes them anew.
func TestPathsAreAsReviewed(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]learning.Request{
		"machine-learning":         {Topic: "machine learning"},
		"python-short-pt":          {Topic: "python", Language: "pt", NumNodes: 8},
		"linear-algebra-forty-es":  {Topic: "álgebra lineal", Language: "es", NumNodes: 40},
		"transformer-narrow":       {Topic: "transformer", NumNodes: 20, MaxWidth: 2},
		"eigenvalues-known":        {Topic: "eigenvalues", Known: []string{"matrices", "vectors"}},
		"machine-learning-outline": {Topic: "my course", Outline: outline("Overfitting: My data", "My data", "Cross-validation", "Show it: Cross-validation")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := compact(mustRun(t, catalog.Embedded(), r))
			file := filepath.Join("testdata", "paths", name+".txt")
			if os.Getenv("UPDATE_GOLDEN") != "" {
				require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
				require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
			}
			want, err := os.ReadFile(file)
			require.NoError(t, err)
			assert.Equal(t, string(want), got, "if this is meant, UPDATE_GOLDEN=1 writes it anew")
		})
	}
}

// compact is a path as lines of level, id and what comes before; a quiz shows as ?.
func compact(p *learning.Path) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", p.Title)
	for i := range p.Nodes {
		n := &p.Nodes[i]
		quiz := ""
		if n.Quiz != nil {
			quiz = " ?"
		}
		line := fmt.Sprintf("%d %s%s <- %s", n.VisualPosition.Level, n.ID, quiz, strings.Join(n.Prerequisites, ", "))
		fmt.Fprintln(&b, strings.TrimSuffix(line, " <- "))
	}
	for _, a := range p.Metadata.Assumes {
		fmt.Fprintf(&b, "assumes %s\n", a.ID)
	}
	for _, u := range p.Metadata.Unmet {
		fmt.Fprintf(&b, "unmet %s: asked %d, got %d\n", u.Bound, u.Asked, u.Got)
	}
	return b.String()
}
