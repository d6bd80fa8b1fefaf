package learning_test

import (
	"math"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/learning"
)

func TestARequestIsCleanedAndFilledIn(t *testing.T) {
	t.Parallel()
	got, err := learning.Request{
		Topic: "  Linear\t\n algebra\u202e ", Known: []string{" vectors\x00 "},
		Outline: []learning.OutlineItem{{Title: " A  b "}, {Title: "C", Requires: []string{"a\u200bb"}}},
	}.Normalize()
	require.NoError(t, err)
	assert.Equal(t, learning.Request{
		Topic: "Linear algebra", Known: []string{"vectors"}, Language: "en", Sources: "auto",
		Outline: []learning.OutlineItem{{Title: "A b"}, {Title: "C", Requires: []string{"ab"}}},
	}, got, "bounds that were not given stay so")
	again, err := got.Normalize()
	require.NoError(t, err)
	assert.Equal(t, got, again)
}

func TestTheShortestAndTheLongestTopicsAreTaken(t *testing.T) {
	t.Parallel()
	for _, topic := range []string{"C", "Go", strings.Repeat("é", learning.MaxTopic)} {
		got, err := learning.Request{Topic: topic}.Normalize()
		require.NoError(t, err)
		assert.Equal(t, topic, got.Topic)
	}
}

func TestARequestThatCannotBeMetNamesItsFieldAndTheRemedy(t *testing.T) {
	t.Parallel()
	type request = learning.Request
	items := func(n int) []learning.OutlineItem {
		out := make([]learning.OutlineItem, n)
		for i := range out {
			out[i].Title = "x"
		}
		return out
	}
	for name, c := range map[string]struct {
		in            request
		field, remedy string
	}{
		"no topic":               {request{}, "topic", "linear algebra"},
		"a topic of blanks":      {request{Topic: " \t\x00\u200b"}, "topic", "linear algebra"},
		"a topic of bad bytes":   {request{Topic: "\xff\xfe"}, "topic", "linear algebra"},
		"a long topic":           {request{Topic: strings.Repeat("é", learning.MaxTopic+1)}, "topic", "Shorten it"},
		"a language":             {request{Language: "fr"}, "language", "en, pt, es"},
		"a level":                {request{Level: "expert"}, "level", "beginner, intermediate, advanced"},
		"a source":               {request{Sources: "web"}, "sources", "auto, offline, live"},
		"live sources":           {request{Sources: "live"}, "sources", "use auto or offline"},
		"few nodes":              {request{NumNodes: 2}, "num_nodes", "from 3 to 100"},
		"many nodes":             {request{NumNodes: 101}, "num_nodes", "from 3 to 100"},
		"negative nodes":         {request{NumNodes: -1}, "num_nodes", "from 3 to 100"},
		"few links":              {request{MaxResources: 4}, "max_resources", "from 5 to 300"},
		"many links":             {request{MaxResources: 301}, "max_resources", "from 5 to 300"},
		"min width":              {request{MinWidth: 31}, "min_width", "from 1 to 30"},
		"max width":              {request{MaxWidth: 101}, "max_width", "from 1 to 100"},
		"min height":             {request{MinHeight: 1}, "min_height", "from 2 to 30"},
		"max height":             {request{MaxHeight: 1}, "max_height", "from 2 to 100"},
		"min above max width":    {request{MinWidth: 6, MaxWidth: 4}, "min_width", "raise max_width"},
		"min above max height":   {request{MinHeight: 6, MaxHeight: 4}, "min_height", "raise max_height"},
		"nodes that do not fit":  {request{NumNodes: 20, MaxWidth: 3, MaxHeight: 4}, "num_nodes", "at most 10 steps"},
		"nodes that are too few": {request{NumNodes: 5, MinWidth: 4, MinHeight: 3}, "num_nodes", "at least 6 steps"},
		"too few for the width":  {request{NumNodes: 3, MinWidth: 5}, "num_nodes", "at least 6 steps"},
		"too few for the height": {request{NumNodes: 3, MinHeight: 5}, "num_nodes", "at least 5 steps"},
		"negative hours":         {request{HoursPerWeek: -1}, "hours_per_week", "for example 5"},
		"more hours than a week": {request{HoursPerWeek: 101}, "hours_per_week", "for example 5"},
		"hours that are none":    {request{HoursPerWeek: math.NaN()}, "hours_per_week", "for example 5"},
		"a long known":           {request{Known: []string{strings.Repeat("x", 201)}}, "known", "Shorten it"},
		"an empty known":         {request{Known: []string{""}}, "known", "Give it in words"},
		"many known":             {request{Known: make([]string, learning.MaxKnown+1)}, "known", "at most 50"},
		"an outline of one":      {request{Outline: items(1)}, "outline", "at least 2 items"},
		"a long outline":         {request{Outline: items(learning.MaxOutline + 1)}, "outline", "at most 99"},
		"a step without title":   {request{Outline: []learning.OutlineItem{{Title: "x"}, {}}}, "outline", "Give it in words"},
		"an empty requirement":   {request{Outline: []learning.OutlineItem{{Title: "x"}, {Title: "y", Requires: []string{""}}}}, "outline", "Give it in words"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c.field != "topic" {
				c.in.Topic = "python"
			}
			_, err := c.in.Normalize()
			e, ok := fault.Of(err)
			require.True(t, ok, "%v", err)
			assert.ErrorIs(t, err, fault.Invalid)
			assert.Equal(t, c.field, e.Field)
			assert.Contains(t, e.Remedy, c.remedy)
			assert.Less(t, len(err.Error()), 400)
		})
	}
}

func TestAnErrorQuotesNoMoreOfANonsenseWordThanItNeeds(t *testing.T) {
	t.Parallel()
	_, err := learning.Request{Topic: "python", Language: strings.Repeat("x\x1b", 10_000)}.Normalize()
	require.ErrorIs(t, err, fault.Invalid)
	assert.Less(t, len(err.Error()), 200)
	assert.NotContains(t, err.Error(), "\x1b")
}

func TestDefaultsYieldToWhatWasGiven(t *testing.T) {
	t.Parallel()
	type request = learning.Request
	for name, c := range map[string]struct {
		in   request
		want learning.Shape
	}{
		"nothing":               {request{}, learning.Shape{Nodes: 15, MinWidth: 3, MaxWidth: 5, MinHeight: 3, MaxHeight: 7}},
		"few nodes":             {request{NumNodes: 3}, learning.Shape{Nodes: 3, MinWidth: 1, MaxWidth: 5, MinHeight: 3, MaxHeight: 7}},
		"a low path":            {request{MaxHeight: 2}, learning.Shape{Nodes: 6, MinWidth: 3, MaxWidth: 5, MinHeight: 2, MaxHeight: 2}},
		"a narrow path":         {request{MaxWidth: 1}, learning.Shape{Nodes: 7, MinWidth: 1, MaxWidth: 1, MinHeight: 3, MaxHeight: 7}},
		"a wide beginning":      {request{MinWidth: 8}, learning.Shape{Nodes: 15, MinWidth: 8, MaxWidth: 8, MinHeight: 3, MaxHeight: 7}},
		"a high path":           {request{MinHeight: 12}, learning.Shape{Nodes: 15, MinWidth: 3, MaxWidth: 5, MinHeight: 12, MaxHeight: 12}},
		"many nodes, one wide":  {request{NumNodes: 40, MaxWidth: 1}, learning.Shape{Nodes: 40, MinWidth: 1, MaxWidth: 1, MinHeight: 3, MaxHeight: 40}},
		"many nodes, two high":  {request{NumNodes: 40, MaxHeight: 2}, learning.Shape{Nodes: 40, MinWidth: 3, MaxWidth: 39, MinHeight: 2, MaxHeight: 2}},
		"both maxima are given": {request{NumNodes: 9, MaxWidth: 4, MaxHeight: 3}, learning.Shape{Nodes: 9, MinWidth: 3, MaxWidth: 4, MinHeight: 3, MaxHeight: 3}},
	} {
		assert.Equal(t, c.want, c.in.Shape(), name)
	}
	sixty := request{NumNodes: 60}.Shape()
	assert.Equal(t, 60, sixty.Nodes)
	assert.Greater(t, sixty.MaxWidth, 5)
	assert.Greater(t, sixty.MaxHeight, 7)
}

// bounded draws a request whose bounds are each given or not.
func bounded(t *rapid.T) learning.Request {
	bound := func(label string, lo, hi int) int {
		if rapid.Bool().Draw(t, label+" given") {
			return rapid.IntRange(lo, hi).Draw(t, label)
		}
		return 0
	}
	r := learning.Request{Topic: "python"}
	for _, b := range learning.Bounds() {
		v := bound(b.Name, b.Min, b.Max)
		switch b.Name {
		case "num_nodes":
			r.NumNodes = v
		case "max_resources":
			r.MaxResources = v
		case "min_width":
			r.MinWidth = v
		case "max_width":
			r.MaxWidth = v
		case "min_height":
			r.MinHeight = v
		case "max_height":
			r.MaxHeight = v
		default:
			t.Fatalf("unknown bound %s", b.Name)
		}
	}
	return r
}

func TestEveryAcceptedRequestHasAShapeThatCanHold(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r, err := bounded(t).Normalize()
		if err != nil {
			assert.ErrorIs(t, err, fault.Invalid)
			return
		}
		s := r.Shape()
		for _, given := range []struct {
			name      string
			asked, is int
		}{
			{"num_nodes", r.NumNodes, s.Nodes},
			{"min_width", r.MinWidth, s.MinWidth},
			{"max_width", r.MaxWidth, s.MaxWidth},
			{"min_height", r.MinHeight, s.MinHeight},
			{"max_height", r.MaxHeight, s.MaxHeight},
		} {
			if given.asked > 0 {
				assert.Equal(t, given.asked, given.is, "%s was given", given.name)
			}
		}
		assert.LessOrEqual(t, s.MinWidth, s.MaxWidth)
		assert.LessOrEqual(t, s.MinHeight, s.MaxHeight)
		assert.LessOrEqual(t, s.Nodes, 1+s.MaxWidth*(s.MaxHeight-1), "the nodes fit")
		assert.GreaterOrEqual(t, s.Nodes, s.MinWidth+s.MinHeight-1, "and suffice")
		assert.GreaterOrEqual(t, s.MinWidth, 1)
		assert.GreaterOrEqual(t, s.MinHeight, 2)
	})
}

func TestRequestsForTheSamePathHaveTheSameCanonicalForm(t *testing.T) {
	t.Parallel()
	a := learning.Request{Topic: "Python", Known: []string{"lists", "loops"}}
	b := learning.Request{Topic: "Python", Known: []string{"loops", "lists"}}
	assert.Equal(t, a.Canonical(), b.Canonical())
	assert.Equal(t, []string{"loops", "lists"}, b.Known, "nothing is sorted in place")
	for _, other := range []learning.Request{
		{Topic: "python", Known: []string{"loops"}},
		{Topic: "python", NumNodes: 15},
		{Topic: "python", Language: "pt"},
		{Topic: "python", Strict: true},
		{Topic: "python", Level: "beginner"},
		{Topic: "pythons"},
		{Topic: "python", Known: []string{"loops", "lists"}}, // its path says what was typed
	} {
		assert.NotEqual(t, b.Canonical(), other.Canonical())
	}
}

func FuzzNormalize(f *testing.F) {
	f.Add("Linear algebra", "vectors", "A", "B", 15)
	f.Add("\x00\u202e\xff", "\u2028", " ", "\u00a0\u0085x", 0)
	f.Add("🐍\ufeff", "", "", "", -5)
	f.Fuzz(func(t *testing.T, topic, known, title, needs string, nodes int) {
		r, err := learning.Request{
			Topic: topic, Known: []string{known}, NumNodes: nodes,
			Outline: []learning.OutlineItem{{Title: title}, {Title: needs, Requires: []string{title}}},
		}.Normalize()
		if err != nil {
			e, ok := fault.Of(err)
			require.True(t, ok)
			assert.NotEmpty(t, e.Field)
			assert.NotEmpty(t, e.Remedy)
			return
		}
		assert.True(t, r.NumNodes == 0 || r.NumNodes >= 3 && r.NumNodes <= 100)
		for _, s := range []string{r.Topic, r.Known[0], r.Outline[0].Title, r.Outline[1].Title, r.Outline[1].Requires[0]} {
			assert.NotEmpty(t, s)
			assert.True(t, utf8.ValidString(s))
			assert.LessOrEqual(t, utf8.RuneCountInString(s), learning.MaxTopic)
			assert.Equal(t, strings.TrimSpace(s), s)
			for _, c := range s {
				assert.False(t, unicode.IsControl(c) || unicode.Is(unicode.Cf, c), "%q", c)
			}
		}
		again, err := r.Normalize()
		require.NoError(t, err)
		assert.Equal(t, r, again)
	})
}

// A lenient request is never refused for bounds that cannot hold together: its shape
// is one that can.
func TestLenientBoundsComeToAShapeThatCanHold(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		bound := func(name string, low, high int) int {
			if rapid.Bool().Draw(t, name+" given") {
				return rapid.IntRange(low, high).Draw(t, name)
			}
			return 0
		}
		r := learning.Request{
			Topic: "python", Lenient: true, NumNodes: bound("num_nodes", 3, 100),
			MinWidth: bound("min_width", 1, 30), MaxWidth: bound("max_width", 1, 100),
			MinHeight: bound("min_height", 2, 30), MaxHeight: bound("max_height", 2, 100),
		}
		if r.MaxWidth > 0 {
			r.MinWidth = min(r.MinWidth, r.MaxWidth)
		}
		if r.MaxHeight > 0 {
			r.MinHeight = min(r.MinHeight, r.MaxHeight)
		}
		strict := r
		strict.Lenient = false
		n, err := r.Normalize()
		require.NoError(t, err)
		s := n.Shape()
		assert.LessOrEqual(t, s.Nodes, 1+s.MaxWidth*(s.MaxHeight-1), "%+v", s)
		assert.LessOrEqual(t, s.MinWidth, s.MaxWidth, "%+v", s)
		assert.LessOrEqual(t, s.MinHeight, s.MaxHeight, "%+v", s)
		assert.GreaterOrEqual(t, s.Nodes, s.MinWidth+s.MinHeight-1, "%+v", s)
		if plain, err := strict.Normalize(); err == nil {
			assert.Equal(t, plain.Canonical(), n.Canonical(), "what can hold is the same request")
		} else {
			require.ErrorIs(t, err, learning.ErrNoRoom)
			assert.True(t, n.Lenient)
		}
	})
}
