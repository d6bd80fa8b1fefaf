package generate_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/generate"
	"github.com/trilha/trilha/internal/learning"
)

func BenchmarkGenerate15(b *testing.B) { benchmark(b, 15) }

func BenchmarkGenerate100(b *testing.B) { benchmark(b, 100) }

// benchmark plans and makes a path again and again from a catalogue that is read.
func benchmark(b *testing.B, nodes int) {
	g := generate.New(catalog.Embedded())
	r := learning.Request{Topic: "machine learning", NumNodes: nodes}
	b.ReportAllocs()
	for b.Loop() {
		plan, err := g.Plan(r)
		require.NoError(b, err)
		_, err = g.Run(b.Context(), plan, silent)
		require.NoError(b, err)
	}
}
