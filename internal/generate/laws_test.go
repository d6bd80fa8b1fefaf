package generate_test

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/generate"
	"github.com/trilha/trilha/internal/learning"
)

// graph is the catalogue as the laws see it: hard requirements, projects included.
type graph struct {
	ix       *catalog.Index
	requires map[string][]string
	topics   []string
	titles   []string
}

func embeddedGraph(t testing.TB) graph {
	t.Helper()
	ix, err := catalog.Embedded().Index()
	require.NoError(t, err)
	g := graph{ix: ix, requires: map[string][]string{}}
	for _, s := range ix.Subjects() {
		g.topics = append(g.topics, s.ID)
		g.titles = append(g.titles, s.Title.En)
		g.requires[s.ID+"/project"] = s.ProjectRequires
	}
	for _, r := range ix.Routes() {
		g.topics = append(g.topics, r.ID)
	}
	every := max(1, len(ix.Concepts())/40)
	for i, c := range ix.Concepts() {
		g.requires[c.ID] = c.Requires
		g.titles = append(g.titles, c.ID)
		if i%every == 0 {
			g.topics = append(g.topics, c.ID)
		}
	}
	return g
}

// needs is all that id requires, directly or not.
func (g graph) needs(id string) map[string]bool {
	found := map[string]bool{}
	todo := slices.Clone(g.requires[id])
	for len(todo) > 0 {
		r := todo[0]
		todo = todo[1:]
		if !found[r] {
			found[r] = true
			todo = append(todo, g.requires[r]...)
		}
	}
	return found
}

// draw draws a request over the whole catalogue, each bound given or not.
func (g graph) draw(t *rapid.T) learning.Request {
	maybe := func(label string, lo, hi int) int {
		if rapid.Bool().Draw(t, label+" given") {
			return rapid.IntRange(lo, hi).Draw(t, label)
		}
		return 0
	}
	return learning.Request{
		Topic:        rapid.SampledFrom(g.topics).Draw(t, "topic"),
		NumNodes:     maybe("num_nodes", 3, 100),
		MaxResources: maybe("max_resources", 5, 300),
		MinWidth:     maybe("min_width", 1, 4),
		MaxWidth:     maybe("max_width", 1, 6),
		MinHeight:    maybe("min_height", 2, 8),
		MaxHeight:    maybe("max_height", 2, 12),
		Language:     rapid.SampledFrom(catalog.Languages()).Draw(t, "language"),
		Level:        rapid.SampledFrom([]string{"", "beginner", "intermediate", "advanced"}).Draw(t, "level"),
		Strict:       rapid.Bool().Draw(t, "strict"),
		Known:        rapid.SliceOfN(rapid.SampledFrom(g.titles), 0, 4).Draw(t, "known"),
	}
}

func TestEveryPathKeepsTheLaws(t *testing.T) {
	t.Parallel()
	g := embeddedGraph(t)
	generator, other := generate.New(catalog.Embedded()), generate.New(catalog.Embedded())
	rapid.Check(t, func(t *rapid.T) {
		request := g.draw(t)
		plan, err := generator.Plan(request)
		if errors.Is(err, fault.Conflict) && request.Strict {
			refused(t, generator, request)
			return
		}
		if err != nil {
			require.True(t, errors.Is(err, fault.Invalid) || len(request.Known) > 0 && errors.Is(err, fault.Conflict), "%v", err)
			return
		}
		p, err := generator.Run(t.Context(), plan, silent)
		require.NoError(t, err)
		require.NoError(t, p.Validate())
		l := laws{graph: g, plan: plan, path: p, shape: plan.Request.Shape()}
		l.bounds(t)
		l.order(t)
		l.closure(t)
		l.quizzes(t)
		l.resources(t)
		l.words(t)
		again, err := other.Run(t.Context(), plan, silent)
		require.NoError(t, err)
		require.Equal(t, jsonOf(t, p), jsonOf(t, again), "the same request gives the same bytes")
	})
}

// refused holds that strict refuses only what cannot be met: the same request
// without it says so, or teaches nothing.
func refused(t *rapid.T, g *generate.Generator, r learning.Request) {
	r.Strict = false
	plan, err := g.Plan(r)
	if len(r.Known) > 0 && errors.Is(err, fault.Conflict) {
		return
	}
	require.NoError(t, err)
	p, err := g.Run(t.Context(), plan, silent)
	require.NoError(t, err)
	given := slices.ContainsFunc(p.Metadata.Unmet, func(u learning.Unmet) bool { return r.Given(u.Bound) })
	assert.True(t, given, "refused, but all that was given is met")
}

func jsonOf(t require.TestingT, p *learning.Path) string {
	raw, err := json.Marshal(p)
	require.NoError(t, err)
	return string(raw)
}

type laws struct {
	graph
	plan  generate.Plan
	path  *learning.Path
	shape learning.Shape
}

// bounds: what was given, or is the default, is never exceeded; what falls short is
// told, and nothing else is.
func (l laws) bounds(t *rapid.T) {
	counts := map[int]int{}
	for i := range l.path.Nodes {
		counts[l.path.Nodes[i].VisualPosition.Level]++
	}
	height, width := len(counts), slices.Max(slices.Collect(maps.Values(counts)))
	assert.LessOrEqual(t, len(l.path.Nodes), l.shape.Nodes)
	r := l.plan.Request
	for bound, is := range map[string][2]int{"max_width": {width, l.shape.MaxWidth}, "max_height": {height, l.shape.MaxHeight}} {
		if yields := r.Given("num_nodes") && !r.Given(bound); !yields {
			assert.LessOrEqual(t, is[0], is[1], bound)
		}
	}
	for level := range height {
		assert.Positive(t, counts[level], "level %d is empty", level)
	}
	assert.Equal(t, 1, counts[0])
	assert.Equal(t, height, l.path.Metadata.Height)
	assert.Equal(t, width, l.path.Metadata.Width)
	unmet := map[string]learning.Unmet{}
	for _, u := range l.path.Metadata.Unmet {
		unmet[u.Bound] = u
		assert.NotEmpty(t, u.Why)
	}
	for bound, is := range map[string][2]int{
		"num_nodes": {l.shape.Nodes, len(l.path.Nodes)}, "min_width": {l.shape.MinWidth, counts[1]}, "min_height": {l.shape.MinHeight, height},
	} {
		asked, got := is[0], is[1]
		u, told := unmet[bound]
		assert.Equal(t, got < asked, told, "%s: asked %d, got %d", bound, asked, got)
		if told {
			assert.Equal(t, asked, u.Asked, bound)
			assert.Equal(t, got, u.Got, bound)
		}
	}
}

// order: the edges are the transitive reduction of the graph's order over what was
// chosen, and the first steps name the root.
func (l laws) order(t *rapid.T) {
	chosen := map[string]map[string]bool{}
	for i := range l.path.Nodes[1:] {
		n := &l.path.Nodes[i+1]
		chosen[n.ID] = l.needs(n.ID)
		if n.Type == learning.Practice { // comes after the concepts that its exercises are of
			for _, e := range n.ExerciseSet.Exercises {
				concept, _, _ := strings.Cut(e.ID, "#")
				chosen[n.ID][concept] = true
				maps.Copy(chosen[n.ID], l.needs(concept))
			}
		}
	}
	for id, needs := range chosen {
		var want []string
		for before := range needs {
			if chosen[before] == nil {
				continue
			}
			between := false
			for other := range chosen {
				between = between || needs[other] && chosen[other][before]
			}
			if !between {
				want = append(want, before)
			}
		}
		if len(want) == 0 {
			want = []string{root}
		}
		assert.ElementsMatch(t, want, l.path.Nodes.Get(id).Prerequisites, id)
	}
	place := map[string]int{}
	for i, id := range ids(l.path) {
		place[id] = i
	}
	for id, needs := range chosen {
		for before := range needs {
			if chosen[before] != nil {
				assert.Less(t, place[before], place[id], "%s before %s", before, id)
			}
		}
	}
}

// given is what the request says is known, the parts of a known whole included.
func (l laws) given() map[string]bool {
	given := map[string]bool{}
	for _, k := range l.plan.Known {
		given[k] = true
		for _, p := range l.ix.Parts(k) {
			given[p] = true
		}
	}
	return given
}

// closure: nothing is needed in silence, and nothing known is taught.
func (l laws) closure(t *rapid.T) {
	given, assumed := l.given(), map[string]bool{}
	for _, a := range l.path.Metadata.Assumes {
		assumed[a.ID] = true
		assert.NotEmpty(t, a.Title)
		assert.NotEmpty(t, a.Where)
		assert.NotEmpty(t, a.URL)
		assert.Nil(t, l.path.Nodes.Get(a.ID), "%s is taught and assumed", a.ID)
		assert.False(t, given[a.ID], "%s is known and assumed", a.ID)
	}
	needed := map[string]bool{}
	for _, id := range ids(l.path)[1:] {
		assert.True(t, id == l.plan.Topic || !given[id], "%s is known and taught", id)
	}
	for _, id := range slices.Concat(ids(l.path)[1:], slices.Collect(maps.Keys(assumed))) {
		for _, r := range l.requires[id] {
			needed[r] = true
			assert.True(t, l.path.Nodes.Get(r) != nil || given[r] || assumed[r], "%s needs %s in silence", id, r)
		}
	}
	for a := range assumed {
		assert.True(t, needed[a], "%s is assumed but not needed", a)
	}
	if l.ix.Entry(l.plan.Topic) != nil {
		assert.NotNil(t, l.path.Nodes.Get(l.plan.Topic), "a concept that was asked for is taught")
	}
}

// quizzes: about a quarter of the steps has one, and none is without its answer.
func (l laws) quizzes(t *rapid.T) {
	n := 0
	for i := range l.path.Nodes {
		q := l.path.Nodes[i].Quiz
		if q == nil {
			continue
		}
		n++
		assert.GreaterOrEqual(t, len(q.Questions), 2)
		for _, question := range q.Questions {
			assert.Len(t, question.Options, 4)
			assert.Less(t, question.CorrectOptionIndex, 4)
			assert.NotEmpty(t, question.Text)
		}
	}
	assert.InDelta(t, float64(len(l.path.Nodes))/4, n, 0.51)
}

// resources: no more links than asked for, and everyone has one before anyone has two.
func (l laws) resources(t *rapid.T) {
	total, least, most := 0, 1000, 0
	seen := map[string]bool{}
	for i := range l.path.Nodes {
		n := &l.path.Nodes[i]
		total += len(n.Resources)
		most = max(most, len(n.Resources))
		if n.Type != learning.ProjectOf && n.Type != learning.Practice { // the check holds that all others have an offer
			least = min(least, len(n.Resources))
		}
		for _, r := range n.Resources {
			assert.False(t, seen[r.ID], "%s stands twice", r.ID)
			seen[r.ID] = true
			assert.True(t, strings.HasPrefix(r.URL, "https://") || strings.HasPrefix(r.URL, "http://"), r.URL)
			assert.False(t, r.Duration != nil && r.ReadTime != nil, "at most one of both")
		}
	}
	bound := l.plan.Request.MaxResources
	if bound == 0 {
		bound = 3 * len(l.path.Nodes)
	}
	assert.LessOrEqual(t, total, bound)
	assert.True(t, most < 2 || least > 0, "one has %d links, another none", most)
	unmet := slices.ContainsFunc(l.path.Metadata.Unmet, func(u learning.Unmet) bool { return u.Bound == "max_resources" })
	if least == 0 {
		assert.True(t, unmet, "a step without links is told")
	}
}

// words: texts are in the asked language, and lists in JSON are never null.
func (l laws) words(t *rapid.T) {
	language := l.plan.Request.Language
	assert.Equal(t, language, l.path.Language)
	assert.Contains(t, l.path.Title, l.ix.Title(l.plan.Topic, language))
	opening := map[string]string{"en": "Learning path: ", "pt": "Trilha de aprendizagem: ", "es": "Ruta de aprendizaje: "}
	assert.True(t, strings.HasPrefix(l.path.Title, opening[language]), l.path.Title)
	for i := range l.path.Nodes {
		if n := &l.path.Nodes[i]; l.ix.Entry(n.ID) != nil {
			assert.Equal(t, l.ix.Title(n.ID, language), n.Title)
			assert.Positive(t, n.Minutes)
		}
	}
	raw := jsonOf(t, l.path)
	for _, list := range []string{"resources", "prerequisites", "rewards", "hints", "tags", "questions", "exercises"} {
		assert.NotContains(t, raw, `"`+list+`":null`)
	}
}

func TestEveryTopicGivesAPathInEveryLanguage(t *testing.T) {
	t.Parallel()
	g := embeddedGraph(t)
	generator := generate.New(catalog.Embedded())
	var all []string
	for _, c := range g.ix.Concepts() {
		all = append(all, c.ID)
	}
	for _, topic := range append(all, g.topics...) {
		for _, language := range catalog.Languages() {
			plan, err := generator.Plan(learning.Request{Topic: topic, Language: language}) // titles may be ambiguous, ids are not
			require.NoError(t, err, "%s in %s", topic, language)
			assert.Equal(t, topic, plan.Topic)
			_, err = generator.Run(t.Context(), plan, silent)
			require.NoError(t, err, "%s in %s", topic, language)
		}
	}
}
