package generate_test

import (
	"context"
	"encoding/json"
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

const root = "overview"

func silent(int, string) {}

// run makes the path of a request, from end to end.
func run(c *catalog.Catalog, r learning.Request) (*learning.Path, error) {
	g := generate.New(c)
	plan, err := g.Plan(r)
	if err != nil {
		return nil, err
	}
	return g.Run(context.Background(), plan, silent)
}

func mustRun(t testing.TB, c *catalog.Catalog, r learning.Request) *learning.Path {
	t.Helper()
	p, err := run(c, r)
	require.NoError(t, err)
	return p
}

func ids(p *learning.Path) []string {
	var out []string
	for i := range p.Nodes {
		out = append(out, p.Nodes[i].ID)
	}
	return out
}

func same(s string) catalog.Text { return catalog.Text{En: s, Pt: s, Es: s} }

// madeUp is a subject of concepts, each given as "name needs needs ...", in which
// an id without a slash is one of the subject itself.
func madeUp(id string, concepts ...string) *catalog.Subject {
	s := &catalog.Subject{ID: id, Category: "arts", Title: same(strings.ToUpper(id)), Overview: same("All of " + id + ".")}
	full := func(name string) string {
		if strings.Contains(name, "/") {
			return name
		}
		return id + "/" + name
	}
	for _, line := range concepts {
		words := strings.Fields(line)
		c := catalog.Concept{Entry: catalog.Entry{ID: full(words[0]), Title: same(words[0]), Level: "beginner", Minutes: 30, PartOf: id}, Summary: same("About " + words[0] + ".")}
		for _, w := range words[1:] {
			c.Requires = append(c.Requires, full(w))
		}
		c.Resources = []catalog.Resource{{URL: "https://example.org/" + words[0], Title: words[0], Type: "book", Language: "en"}}
		s.Concepts = append(s.Concepts, c)
	}
	return s
}

func withProject(s *catalog.Subject, requires ...string) *catalog.Subject {
	list := catalog.Texts{En: []string{"do"}, Pt: []string{"do"}, Es: []string{"do"}}
	s.Project = catalog.Project{Title: same("Build"), Summary: same("Built."), DoneWhen: same("Done."), Steps: list, Hints: list, Minutes: 60, Requires: requires}
	return s
}

func TestMachineLearningByDefaultIsFifteenStepsWithLinks(t *testing.T) {
	t.Parallel()
	p := mustRun(t, catalog.Embedded(), learning.Request{Topic: "machine learning"})
	assert.Len(t, p.Nodes, 15)
	for i := range p.Nodes {
		if n := &p.Nodes[i]; n.Type != learning.ProjectOf {
			assert.NotEmpty(t, n.Resources, n.ID)
		}
	}
}

func TestAnUnknownTopicIsToldWithTheNearest(t *testing.T) {
	t.Parallel()
	_, err := run(catalog.Embedded(), learning.Request{Topic: "quantum python"})
	e, ok := fault.Of(err)
	require.True(t, ok)
	assert.ErrorIs(t, err, fault.NotFound)
	assert.Contains(t, e.Msg, "quantum python")
	assert.Contains(t, e.Remedy, "(python)")
	_, err = run(catalog.Embedded(), learning.Request{Topic: "qqqq xxxx"})
	e, ok = fault.Of(err)
	require.True(t, ok)
	assert.ErrorIs(t, err, fault.NotFound)
	for _, subject := range []string{"(python)", "(linear-algebra)", "(machine-learning)"} {
		assert.Contains(t, e.Remedy, subject, "with nothing near, the subjects are named")
	}
}

func TestAnAmbiguousTopicIsToldWithItsCandidates(t *testing.T) {
	t.Parallel()
	c := catalog.Of(madeUp("botany", "root"), madeUp("algebra", "root"))
	_, err := run(c, learning.Request{Topic: "Roots"})
	require.ErrorIs(t, err, fault.Conflict)
	assert.ErrorContains(t, err, "botany/root")
	assert.ErrorContains(t, err, "algebra/root")
	p := mustRun(t, c, learning.Request{Topic: "algebra/root"})
	assert.Equal(t, []string{root, "algebra/root"}, ids(p), "an id is never ambiguous")
}

func TestWhatIsKnownIsLeftOutWithAllThatOnlyItNeeds(t *testing.T) {
	t.Parallel()
	// d needs b and c; b needs only-b; both need shared.
	c := catalog.Of(madeUp("s", "shared", "only-b shared", "b only-b", "c shared", "d b c"))
	p := mustRun(t, c, learning.Request{Topic: "d", Known: []string{"B", "alchemy"}})
	assert.Equal(t, []string{root, "s/shared", "s/c", "s/d"}, ids(p))
	assert.Empty(t, p.Metadata.Assumes)
	assert.Equal(t, []string{"alchemy"}, p.Metadata.NotKnown)
	whole := mustRun(t, c, learning.Request{Topic: "s", Known: []string{"b"}})
	assert.ElementsMatch(t, ids(p), ids(whole), "of a whole subject as well")
}

func TestKnowingASubjectIsKnowingItsPartsAndWhatOnlyTheyNeed(t *testing.T) {
	t.Parallel()
	c := catalog.Of(madeUp("base", "ground", "stone ground"), madeUp("house", "wall base/stone", "roof wall"))
	p := mustRun(t, c, learning.Request{Topic: "roof", Known: []string{"base"}})
	assert.Equal(t, []string{root, "house/wall", "house/roof"}, ids(p))
	assert.Empty(t, p.Metadata.Assumes)
	p = mustRun(t, catalog.Of(madeUp("base", "ground"), madeUp("mid", "m base/ground"), madeUp("top", "t mid/m")),
		learning.Request{Topic: "t", Known: []string{"mid"}})
	assert.Equal(t, []string{root, "top/t"}, ids(p))
}

func TestAProjectKeepsWhatItNeedsEvenIfAKnownConceptNeedsItToo(t *testing.T) {
	t.Parallel()
	s := withProject(madeUp("s", "a", "b a", "c"), "s/a")
	p := mustRun(t, catalog.Of(s), learning.Request{Topic: "s", Known: []string{"b"}})
	assert.Equal(t, []string{root, "s/a", "s/c", "s/project"}, ids(p))
}

func TestWhatAKnownConceptNeedsIsTaughtWhereAnotherNeedsIt(t *testing.T) {
	t.Parallel()
	s := madeUp("s", "a", "b a", "h a", "d b")
	s.Concepts[3].Helps = []string{"s/h"}
	p := mustRun(t, catalog.Of(s), learning.Request{Topic: "d", Known: []string{"b"}})
	assert.ElementsMatch(t, []string{root, "s/a", "s/h", "s/d"}, ids(p))
	assert.Empty(t, p.Metadata.Assumes)
}

func TestWithNothingLeftToLearnThereIsNoPath(t *testing.T) {
	t.Parallel()
	c := catalog.Of(madeUp("s", "a"))
	_, err := run(c, learning.Request{Topic: "s", Known: []string{"a"}})
	require.ErrorIs(t, err, fault.Conflict)
	_, err = run(c, learning.Request{Topic: "a", Known: []string{"a"}})
	require.ErrorIs(t, err, fault.Invalid)
	e, _ := fault.Of(err)
	assert.Equal(t, "known", e.Field)
}

func TestWhatDoesNotFitIsAssumedWithAWayToGetIt(t *testing.T) {
	t.Parallel()
	for language, want := range map[string]string{"en": "Learn it first", "pt": "Aprenda antes", "es": "Apréndelo antes"} {
		c := catalog.Of(madeUp("s", "a", "b a", "c b", "d c"))
		p := mustRun(t, c, learning.Request{Topic: "d", NumNodes: 3, Language: language})
		assert.Equal(t, []string{root, "s/c", "s/d"}, ids(p), "the nearest are taught")
		require.Len(t, p.Metadata.Assumes, 2)
		assert.Equal(t, "s/b", p.Metadata.Assumes[0].ID)
		assert.False(t, p.Metadata.Assumes[0].Indirect)
		assert.Equal(t, "s/a", p.Metadata.Assumes[1].ID)
		assert.True(t, p.Metadata.Assumes[1].Indirect, "only what is assumed needs it")
		assert.Contains(t, p.Metadata.Assumes[0].Where, want)
		assert.Contains(t, p.Metadata.Assumes[0].Where, `"b"`)
		assert.Equal(t, "https://example.org/b", p.Metadata.Assumes[0].URL)
	}
}

func TestOrderGoesThroughWhatWasNotChosen(t *testing.T) {
	t.Parallel()
	// b is known and left out; d still comes after a through it, as another step
	// keeps a in the path.
	c := catalog.Of(madeUp("s", "a", "b a", "x a", "d b x"))
	p := mustRun(t, c, learning.Request{Topic: "s", Known: []string{"b", "x"}})
	assert.Equal(t, []string{root, "s/d"}, ids(p))
	s := madeUp("s", "a", "b a", "d b", "e a")
	p = mustRun(t, catalog.Of(s), learning.Request{Topic: "s", Known: []string{"b"}})
	assert.Equal(t, []string{"s/a"}, p.Nodes.Get("s/d").Prerequisites)
}

func TestUnderStrictABoundThatCannotBeMetIsAnError(t *testing.T) {
	t.Parallel()
	c := catalog.Of(madeUp("s", "a", "b a", "c b", "d c"))
	flat := catalog.Of(madeUp("s", "a", "b", "c", "d a", "e a", "f b"))
	for want, r := range map[string]learning.Request{
		"Ask with num_nodes 5, or":                  {NumNodes: 9, MinWidth: 1},
		"Ask with min_width 1, or":                  {NumNodes: 5, MinWidth: 2},
		"Ask with num_nodes 5 and min_height 5, or": {NumNodes: 7, MinWidth: 1, MinHeight: 6},
	} {
		r.Topic, r.Strict = "s", true
		_, err := run(c, r)
		require.ErrorIs(t, err, fault.Conflict, want)
		assert.ErrorContains(t, err, want)
		r.Strict = false
		assert.NotEmpty(t, mustRun(t, c, r).Metadata.Unmet)
	}
	_, err := run(flat, learning.Request{Topic: "s", Strict: true, NumNodes: 7, MaxResources: 5})
	require.ErrorIs(t, err, fault.Conflict)
	assert.ErrorContains(t, err, "Ask with max_resources 6, or")
	assert.NotEmpty(t, mustRun(t, c, learning.Request{Topic: "s", Strict: true}).Metadata.Unmet, "defaults that nobody gave fail nothing")
	r := learning.Request{Topic: "s", Strict: true, NumNodes: 5, MinWidth: 1, MinHeight: 5}
	assert.Empty(t, mustRun(t, c, r).Metadata.Unmet, "bounds that hold are no error")
}

func TestALevelSparesTheLearnerWhatIsNotTheirs(t *testing.T) {
	t.Parallel()
	c := catalog.Embedded()
	for i, n := range mustRun(t, c, learning.Request{Topic: "python", Level: "beginner"}).Nodes {
		assert.NotEqual(t, "advanced", n.Level, "node %d", i)
	}
	advanced := mustRun(t, c, learning.Request{Topic: "machine learning", Level: "advanced", NumNodes: 10})
	assert.Equal(t, "advanced", advanced.Metadata.Difficulty)
}

func TestACategoryMustBeTheTopics(t *testing.T) {
	t.Parallel()
	c := catalog.Embedded()
	assert.Equal(t, "technology", mustRun(t, c, learning.Request{Topic: "python", Category: "technology"}).Category)
	outline := []learning.OutlineItem{{Title: "x"}, {Title: "y"}}
	for _, r := range []learning.Request{
		{Topic: "python", Category: "arts"},
		{Topic: "python", Category: "magic"},
		{Topic: "ropes", Category: "magic", Outline: outline},
		{Topic: "python", Category: strings.Repeat("x", 10_000)},
	} {
		_, err := run(c, r)
		e, ok := fault.Of(err)
		require.True(t, ok)
		assert.Equal(t, "category", e.Field)
		assert.NotEmpty(t, e.Remedy)
		assert.Less(t, len(err.Error()), 400)
	}
	assert.Equal(t, "arts", mustRun(t, c, learning.Request{Topic: "ropes", Category: "arts", Outline: outline}).Category)
}

func TestHoursAWeekBecomeWeeks(t *testing.T) {
	t.Parallel()
	p := mustRun(t, catalog.Of(madeUp("s", "a", "b", "c")), learning.Request{Topic: "s", HoursPerWeek: 0.5})
	assert.Equal(t, 2, p.TotalHours, "an hour and three quarters")
	assert.Equal(t, 4, p.Metadata.Weeks)
}

func TestProgressRisesInWordsOfTheRequestsLanguage(t *testing.T) {
	t.Parallel()
	for language, want := range map[string]string{"en": "Path checked", "pt": "Trilha conferida", "es": "Ruta comprobada"} {
		g := generate.New(catalog.Embedded())
		plan, err := g.Plan(learning.Request{Topic: "python", Language: language})
		require.NoError(t, err)
		last, message := 0, ""
		steps := 0
		_, err = g.Run(t.Context(), plan, func(percent int, m string) {
			assert.Greater(t, percent, last)
			assert.Less(t, percent, 100)
			assert.NotContains(t, m, "%!")
			last, message = percent, m
			steps++
		})
		require.NoError(t, err)
		assert.Equal(t, want, message)
		assert.GreaterOrEqual(t, steps, 5)
	}
}

func TestARunEndsWithItsContext(t *testing.T) {
	t.Parallel()
	g := generate.New(catalog.Embedded())
	plan, err := g.Plan(learning.Request{Topic: "python"})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	_, err = g.Run(ctx, plan, func(percent int, _ string) {
		if percent >= 20 {
			cancel()
		}
	})
	require.ErrorIs(t, err, context.Canceled)
}

func TestAPlanSurvivesJSON(t *testing.T) {
	t.Parallel()
	g := generate.New(catalog.Embedded())
	plan, err := g.Plan(learning.Request{Topic: "Álgebra linear", Known: []string{"vectors", "alchemy"}, Language: "pt", NumNodes: 9})
	require.NoError(t, err)
	raw, err := json.Marshal(plan)
	require.NoError(t, err)
	var back generate.Plan
	require.NoError(t, json.Unmarshal(raw, &back))
	plan.Likeness = 0 // is for who asks, not for the work
	assert.Equal(t, plan, back)
}

func TestLinksInAnotherLanguageAreMarked(t *testing.T) {
	t.Parallel()
	p := mustRun(t, catalog.Embedded(), learning.Request{Topic: "python", Language: "pt", NumNodes: 30})
	marked := 0
	for i := range p.Nodes {
		for _, r := range p.Nodes[i].Resources {
			if r.Metadata["language"] == "en" {
				marked++
				require.NotNil(t, r.Description)
				assert.True(t, strings.HasSuffix(*r.Description, "Em inglês"), *r.Description)
			}
		}
		languages := []string{}
		for _, r := range p.Nodes[i].Resources {
			languages = append(languages, r.Metadata["language"])
		}
		if pt := slices.Index(languages, "pt"); pt > 0 {
			assert.Equal(t, "pt", languages[0], "the asked language comes first")
		}
	}
	assert.Positive(t, marked)
}

func outline(items ...string) []learning.OutlineItem {
	var out []learning.OutlineItem
	for _, it := range items {
		title, needs, _ := strings.Cut(it, ": ")
		item := learning.OutlineItem{Title: title}
		if needs != "" {
			item.Requires = strings.Split(needs, ", ")
		}
		out = append(out, item)
	}
	return out
}

func TestAnOutlineIsHonouredAndGroundedWhereItsTitlesMatch(t *testing.T) {
	t.Parallel()
	r := learning.Request{Topic: "Data at work", Language: "pt", Outline: outline(
		"Talk to people: Lists", "Lists", "Autovalores: talk to PEOPLE", "Determinants",
	)}
	p := mustRun(t, catalog.Embedded(), r)
	assert.Equal(t, "outline", p.Metadata.Source)
	assert.ElementsMatch(t, []string{root, "python/list", "linear-algebra/determinant", "outline/1", "linear-algebra/eigenvalue"}, ids(p))
	assert.Equal(t, []string{"python/list"}, p.Nodes.Get("outline/1").Prerequisites)
	assert.ElementsMatch(t, []string{"outline/1", "linear-algebra/determinant"}, p.Nodes.Get("linear-algebra/eigenvalue").Prerequisites,
		"the graph's order joins the caller's")
	assert.Equal(t, []string{root}, p.Nodes.Get("python/list").Prerequisites)
	own, grounded := p.Nodes.Get("outline/1"), p.Nodes.Get("python/list")
	assert.Equal(t, "Talk to people", own.Title)
	assert.Empty(t, own.Resources)
	assert.NotEmpty(t, grounded.Resources)
	assert.Equal(t, "Listas", grounded.Title)
	var assumed []string
	for _, a := range p.Metadata.Assumes {
		assumed = append(assumed, a.ID)
	}
	assert.Contains(t, assumed, "python/variable", "nothing is needed in silence")
	r.Known = []string{"python/variable", "alchemy"}
	p = mustRun(t, catalog.Embedded(), r)
	for _, a := range p.Metadata.Assumes {
		assert.NotEqual(t, "python/variable", a.ID, "what is known is not assumed")
	}
	assert.Equal(t, []string{"alchemy"}, p.Metadata.NotKnown)
}

func TestDefaultMinimumsYieldToAnOutline(t *testing.T) {
	t.Parallel()
	r := learning.Request{Topic: "mine", Outline: outline("a", "b: a", "c: b"), Strict: true}
	assert.Empty(t, mustRun(t, catalog.Embedded(), r).Metadata.Unmet)
	r.MinWidth = 2
	_, err := run(catalog.Embedded(), r)
	require.ErrorIs(t, err, fault.Conflict, "what was given does not")
}

func TestTheCallersOrderWinsOverTheGraphs(t *testing.T) {
	t.Parallel()
	c := catalog.Of(madeUp("s", "a", "b a"))
	p := mustRun(t, c, learning.Request{Topic: "mine", Outline: outline("a: b", "b")})
	assert.Equal(t, []string{root, "s/b", "s/a"}, ids(p))
}

func TestAnOutlineThatCannotBeOrderedIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		items []string
		want  string
	}{
		"a circle":                 {[]string{"a: b", "b: c", "c: a"}, "a -> b -> c -> a"},
		"a step that needs itself": {[]string{"a: A", "b"}, "a -> a"},
		"an unknown requirement":   {[]string{"a: z", "b"}, `"a" requires "z", which is no step`},
		"a title twice":            {[]string{"List", "lists"}, `"lists" stands twice`},
	} {
		_, err := run(catalog.Embedded(), learning.Request{Topic: "mine", Outline: outline(c.items...)})
		e, ok := fault.Of(err)
		require.True(t, ok, name)
		assert.ErrorIs(t, err, fault.Invalid)
		assert.Equal(t, "outline", e.Field)
		assert.Contains(t, e.Msg, c.want)
		assert.NotEmpty(t, e.Remedy)
	}
}

func TestBoundsThatAnOutlineExceedsAreRefused(t *testing.T) {
	t.Parallel()
	steps := outline("a", "b: a", "c: b", "d: c")
	_, err := run(catalog.Embedded(), learning.Request{Topic: "mine", Outline: steps, NumNodes: 4})
	require.ErrorContains(t, err, "num_nodes: 4 is too few for an outline of 4 steps")
	_, err = run(catalog.Embedded(), learning.Request{Topic: "mine", Outline: steps, MaxHeight: 4})
	require.ErrorContains(t, err, "Raise max_height to 5")
	assert.Equal(t, 5, mustRun(t, catalog.Embedded(), learning.Request{Topic: "mine", Outline: steps, MaxHeight: 5}).Metadata.Height)
}

func TestALongOutlineGrowsTheDefaultBounds(t *testing.T) {
	t.Parallel()
	var items []string
	for i := range learning.MaxOutline {
		title := "step " + strings.Repeat("i", i+1)
		if i > 0 {
			title += ": step " + strings.Repeat("i", i)
		}
		items = append(items, title)
	}
	p := mustRun(t, catalog.Embedded(), learning.Request{Topic: "mine", Outline: outline(items...)})
	assert.Len(t, p.Nodes, learning.MaxOutline+1)
	assert.Equal(t, learning.MaxOutline+1, p.Metadata.Height)
}
