package generate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/generate"
	"github.com/trilha/trilha/internal/learning"
)

// levels gives the ids of each level.
func levels(p *learning.Path) (out [][]string) {
	for i := range p.Nodes {
		n := &p.Nodes[i]
		for len(out) <= n.VisualPosition.Level {
			out = append(out, nil)
		}
		out[n.VisualPosition.Level] = append(out[n.VisualPosition.Level], strings.TrimPrefix(n.ID, "s/"))
	}
	return out
}

func assumes(p *learning.Path) (out []string) {
	for _, a := range p.Metadata.Assumes {
		out = append(out, strings.TrimPrefix(a.ID, "s/"))
	}
	return out
}

func unmet(p *learning.Path) (out []string) {
	for _, u := range p.Metadata.Unmet {
		out = append(out, fmt.Sprintf("%s %d/%d", u.Bound, u.Got, u.Asked))
	}
	return out
}

func TestAGivenHeightCutsTheMostElementaryAway(t *testing.T) {
	t.Parallel()
	c := catalog.Of(madeUp("s", "a", "b a", "c b", "d c"))
	p := mustRun(t, c, learning.Request{Topic: "s", NumNodes: 3, MaxHeight: 3, MaxWidth: 1})
	assert.Equal(t, [][]string{{root}, {"a"}, {"b"}}, levels(p), "what most need comes first: nothing to cut")
	p = mustRun(t, c, learning.Request{Topic: "s", NumNodes: 5, MaxHeight: 3})
	assert.Equal(t, [][]string{{root}, {"c"}, {"d"}}, levels(p))
	assert.Equal(t, []string{"b", "a"}, assumes(p), "what is cut is assumed, what it needs in turn after it")
	assert.Equal(t, []string{"num_nodes 3/5", "min_width 1/3"}, unmet(p))
	p = mustRun(t, c, learning.Request{Topic: "s", NumNodes: 5, MaxHeight: 3, Level: "beginner"})
	assert.Equal(t, [][]string{{root}, {"a"}, {"b"}}, levels(p), "a beginner begins at the beginning")
	p = mustRun(t, c, learning.Request{Topic: "d", MaxHeight: 3})
	assert.Equal(t, [][]string{{root}, {"c"}, {"d"}}, levels(p), "towards one concept the nearest are kept")
}

func TestAGivenHeightStillGivesAsManyStepsAsItCan(t *testing.T) {
	t.Parallel()
	// From below only a fits on one level; without it four do.
	c := catalog.Of(madeUp("s", "a", "b a", "c a", "d a", "e a", "f b"))
	p := mustRun(t, c, learning.Request{Topic: "s", NumNodes: 5, MaxHeight: 2, Level: "beginner"})
	assert.Len(t, levels(p)[1], 4)
	assert.Empty(t, unmet(p))
	assert.Equal(t, []string{"a"}, assumes(p))
}

func TestAGivenWidthLeavesOutWhatAllTheOthersHangOn(t *testing.T) {
	t.Parallel()
	c := catalog.Of(madeUp("s", "a", "b a", "c a", "d a"))
	p := mustRun(t, c, learning.Request{Topic: "s", MinWidth: 3})
	assert.Len(t, levels(p)[1], 3)
	assert.Equal(t, []string{"a"}, assumes(p))
	p = mustRun(t, c, learning.Request{Topic: "s"})
	assert.Equal(t, []string{"a"}, levels(p)[1], "not for the sake of a default")
	assert.Contains(t, unmet(p), "min_width 1/3")
}

func TestFirstStepsComeFromWhatIsNeededAnyhow(t *testing.T) {
	t.Parallel()
	c := catalog.Of(madeUp("base", "x", "y"), madeUp("s", "a", "b a base/x", "c a base/y", "d a"))
	p := mustRun(t, c, learning.Request{Topic: "s"})
	assert.Equal(t, []string{"base/x", "base/y", "a"}, levels(p)[1])
	assert.Empty(t, assumes(p))
	p = mustRun(t, c, learning.Request{Topic: "s", Level: "advanced"})
	assert.Contains(t, levels(p)[1], "a", "with room for all they are taught as well")
}

func TestWhatServesMostIsChosenFirst(t *testing.T) {
	t.Parallel()
	s := madeUp("s", "a", "b a", "chain1 a", "chain2 chain1", "chain3 chain2", "chain4 chain3", "used", "x", "y", "z")
	for i := range s.Concepts {
		if id := s.Concepts[i].ID; id == "s/x" || id == "s/y" || id == "s/z" {
			s.Concepts[i].Helps = []string{"s/used"}
		}
	}
	p := mustRun(t, catalog.Of(s), learning.Request{Topic: "s", NumNodes: 4})
	assert.Contains(t, ids(p), "s/used", "what helps others counts")
	assert.NotContains(t, ids(p), "s/chain4", "the end of a chain serves nothing")
}

func TestATopicWithPartsTeachesItsParts(t *testing.T) {
	t.Parallel()
	s := madeUp("s", "a", "whole a", "part1 a", "part2 part1", "other a")
	s.Concepts[2].PartOf, s.Concepts[3].PartOf = "s/whole", "s/whole"
	p := mustRun(t, catalog.Of(s), learning.Request{Topic: "whole", NumNodes: 5})
	assert.ElementsMatch(t, []string{root, "s/a", "s/whole", "s/part1", "s/part2"}, ids(p))
}

func TestTheTopicItselfComesLast(t *testing.T) {
	t.Parallel()
	s := madeUp("s", "a", "b a", "c b", "d c", "topic a")
	s.Concepts[4].Helps = []string{"s/d"}
	p := mustRun(t, catalog.Of(s), learning.Request{Topic: "topic"})
	last := levels(p)
	assert.Contains(t, last[len(last)-1], "topic")
}

func TestARouteReachesItsTargetsWithTheirFoundations(t *testing.T) {
	t.Parallel()
	subjects := []*catalog.Subject{
		madeUp("alg", "v", "m v", "eig m", "svd eig"),
		madeUp("prob", "p", "cond p", "bayes cond"),
	}
	route := &catalog.Route{
		RouteEntry: catalog.RouteEntry{ID: "route/maths", Category: "science", Title: same("Maths for it"), Targets: []string{"alg/eig", "alg/svd", "prob/bayes"}},
		Overview:   same("All of the way."),
	}
	subjects[0].Resources = []catalog.Resource{{URL: "https://example.org/alg", Title: "Alg", Type: "course", Language: "en"}}
	c := catalog.OfRoutes([]*catalog.Route{route}, subjects...)
	p := mustRun(t, c, learning.Request{Topic: "Maths for it", NumNodes: 7})
	assert.ElementsMatch(t, []string{root, "alg/v", "alg/m", "alg/eig", "prob/p", "prob/cond", "prob/bayes"}, ids(p), "the subjects in turn, closed")
	assert.Empty(t, assumes(p))
	assert.Equal(t, "All of the way.", p.Nodes[0].Description)
	assert.Equal(t, "science", p.Category)
	assert.NotEmpty(t, p.Nodes[0].Resources, "its subjects' links")
	p = mustRun(t, c, learning.Request{Topic: "route/maths"})
	assert.Contains(t, ids(p), "alg/svd", "with room, all of them")
}

// withExercises gives every concept one exercise.
func withExercises(s *catalog.Subject) *catalog.Subject {
	for i := range s.Concepts {
		hints := catalog.Texts{En: []string{"hint"}, Pt: []string{"hint"}, Es: []string{"hint"}}
		s.Concepts[i].Exercises = []catalog.Exercise{{ID: "x", Title: same("Do it"), Difficulty: "beginner", Instructions: same("Do."), Hints: hints, Solution: same("Done."), Verification: "manual"}}
	}
	return s
}

func TestExercisesComeBackAsPracticeSteps(t *testing.T) {
	t.Parallel()
	c := catalog.Of(withExercises(madeUp("s", "a", "b a", "c b", "d", "e d", "f e", "g", "h g", "i h", "j", "k", "l")))
	p := mustRun(t, c, learning.Request{Topic: "s", NumNodes: 11})
	require.Len(t, p.Nodes, 11)
	var practice []*learning.Node
	for i := range p.Nodes {
		if n := &p.Nodes[i]; n.Type == learning.Practice {
			practice = append(practice, n)
		} else if n.ID != root {
			assert.NotNil(t, n.ExerciseSet, "a lesson carries its own exercises")
			assert.NotEmpty(t, n.Hints)
		}
	}
	require.Len(t, practice, 1)
	n := practice[0]
	assert.Len(t, n.ExerciseSet.Exercises, 3, "of three concepts")
	assert.NotEmpty(t, n.Prerequisites)
	assert.NotEmpty(t, n.Hints)
	assert.Equal(t, 45, n.Minutes)
	for _, e := range n.ExerciseSet.Exercises {
		concept, _, _ := strings.Cut(e.ID, "#")
		assert.NotNil(t, p.Nodes.Get(concept), "it goes back to what the path teaches")
	}
	small := mustRun(t, c, learning.Request{Topic: "s", NumNodes: 9})
	assert.NotContains(t, ids(small), "practice/1", "a short path has none")
}

func TestDefaultBoundsYieldToANumberOfNodesAndNoFurtherThanNeeded(t *testing.T) {
	t.Parallel()
	var chain []string
	for i := range 12 {
		chain = append(chain, fmt.Sprintf("c%02d", i))
		if i > 0 {
			chain[i] += fmt.Sprintf(" c%02d", i-1)
		}
	}
	c := catalog.Of(madeUp("s", chain...))
	p := mustRun(t, c, learning.Request{Topic: "s", NumNodes: 12})
	assert.Len(t, p.Nodes, 12)
	assert.Equal(t, 12, p.Metadata.Height)
	p = mustRun(t, c, learning.Request{Topic: "s"})
	assert.Equal(t, 7, p.Metadata.Height, "a default does not yield to a default")
}

func TestStrictNamesBoundsThatCanHold(t *testing.T) {
	t.Parallel()
	c := catalog.Of(madeUp("s", "a", "b a", "c a", "d b c", "e d", "f", "g"))
	for _, r := range []learning.Request{
		{Topic: "s", NumNodes: 30},
		{Topic: "s", NumNodes: 30, MinHeight: 9, MinWidth: 4},
		{Topic: "s", MaxResources: 5, NumNodes: 8},
	} {
		r.Strict = true
		_, err := generate.New(c).Plan(r)
		e, ok := fault.Of(err)
		require.True(t, ok, "%+v", r)
		require.ErrorIs(t, err, fault.Conflict, "told before there is a task")
		words := strings.FieldsFunc(e.Remedy, func(r rune) bool { return r == ' ' || r == ',' })
		for i, w := range words {
			if slices.ContainsFunc(learning.Bounds(), func(b learning.Bound) bool { return b.Name == w }) {
				var v int
				_, err := fmt.Sscan(words[i+1], &v)
				require.NoError(t, err)
				r = r.With(w, v)
			}
		}
		_, err = generate.New(c).Plan(r)
		assert.NoError(t, err, "%s", e.Remedy)
	}
}

func TestKnownStepsAreLeftOutOfAnOutline(t *testing.T) {
	t.Parallel()
	c := catalog.Of(madeUp("s", "a", "b a", "c b"))
	p := mustRun(t, c, learning.Request{Topic: "mine", Known: []string{"b"}, Outline: outline("a", "b: a", "mine: b")})
	assert.Equal(t, [][]string{{root}, {"a"}, {"outline/3"}}, levels(p), "the order goes through what was left out")
}
