package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/catalog"
)

func same(s string) catalog.Text { return catalog.Text{En: s, Pt: s + " (pt)", Es: s + " (es)"} }

// small is a catalogue of two subjects:
//
//	a <- d <- e <- project    b <- f <- project    k <- g    c
//	z <- h    z <- another project
func small(t *testing.T) *world {
	t.Helper()
	concept := func(id, partOf string, requires ...string) catalog.Concept {
		c := catalog.Concept{Entry: catalog.Entry{ID: id, Title: same("Title of " + id), PartOf: partOf, Requires: requires}}
		c.Summary = same("Summary of " + id)
		for i := range 3 {
			c.Resources = append(c.Resources, catalog.Resource{URL: fmt.Sprintf("https://example.org/%s/%d", id, i)})
		}
		c.Quiz = []catalog.Question{{Question: same("Question about " + id)}}
		return c
	}
	s := &catalog.Subject{
		ID: "s", Title: same("The subject"), Resources: []catalog.Resource{{URL: "https://example.org/s"}},
		Project: catalog.Project{Title: same("The project"), Summary: same("What is built"), Requires: []string{"s/e", "s/f"}},
		Concepts: []catalog.Concept{
			concept("s/a", "s"), concept("s/b", "s"), concept("s/c", "s"), concept("s/d", "s", "s/a"),
			concept("s/e", "s", "s/d"), concept("s/f", "s", "s/b"), concept("s/k", "s"), concept("s/g", "s", "s/k"),
		},
	}
	s.Concepts[5].Helps = []string{"s/c"} // no order
	o := &catalog.Subject{
		ID: "o", Title: same("Another"), Project: catalog.Project{Title: same("Another project"), Requires: []string{"o/z"}},
		Concepts: []catalog.Concept{concept("o/z", "o"), concept("o/h", "o", "o/z")},
	}
	w, err := readWorld(catalog.Of(s, o))
	require.NoError(t, err)
	return w
}

// good is a path of the small catalogue that keeps every law, and its request.
func good(w *world) (request, *path) {
	p := &path{ID: "1", Topic: "s", Language: "en", RootNodeID: "overview"}
	put := func(id, title, about, kind string, level int, requires ...string) {
		n := node{ID: id, Title: title, Description: about, Type: kind, Prerequisites: requires}
		n.Place.Level = level
		n.Resources = []link{{"https://example.org/" + id + "/0"}}
		p.Nodes = append(p.Nodes, keyed{id, n})
	}
	put("overview", "Overview: The subject", strings.Repeat("What it is about. ", 5), "reference", 0)
	for _, c := range []struct {
		id       string
		level    int
		requires []string
	}{
		{"s/a", 1, []string{"overview"}},
		{"s/b", 1, []string{"overview"}},
		{"s/c", 1, []string{"overview"}},
		{"s/k", 1, []string{"overview"}},
		{"s/d", 2, []string{"s/a"}},
		{"s/f", 2, []string{"s/b"}},
		{"s/g", 2, []string{"s/k"}},
		{"s/e", 3, []string{"s/d"}},
	} {
		it := w.items[w.number[c.id]]
		put(c.id, it.titles.En, it.summaries.En, "lesson", c.level, c.requires...)
	}
	put("s/project", "Project: The project", "What is built, and how.", "project", 4, "s/e", "s/f")
	for _, id := range []string{"s/b", "s/e"} {
		quiz(p.find(id), "Question about "+id)
	}
	p.Metadata.Height, p.Metadata.Width = 5, 4
	return request{Topic: "s", NumNodes: 10}, p
}

func quiz(n *node, question string) {
	raw := fmt.Sprintf(`{"questions":[{"text":%q}]}`, question)
	if err := json.Unmarshal([]byte(raw), &n.Quiz); err != nil {
		panic(err)
	}
}

// without takes a node out.
func (p *path) without(id string) {
	p.Nodes = slices.DeleteFunc(p.Nodes, func(k keyed) bool { return k.ID == id })
	p.measure()
}

func (p *path) measure() { p.Metadata.Height, p.Metadata.Width = p.height(), p.width() }

func (p *path) tell(bound string, asked, got int) {
	p.Metadata.Unmet = append(p.Metadata.Unmet, unmet{bound, asked, got, "because"})
}

func lawsBroken(w *world, r request, p *path) (names []string) {
	for _, b := range inspect(w, r, p) {
		if !slices.Contains(names, b.law) {
			names = append(names, b.law)
		}
	}
	return names
}

func TestAGoodPathBreaksNoLaw(t *testing.T) {
	t.Parallel()
	w := small(t)
	r, p := good(w)
	assert.Empty(t, inspect(w, r, p))
	for name, change := range allowed {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, p := good(w)
			change(&r, p)
			assert.Empty(t, inspect(w, r, p))
		})
	}
}

// allowed is what is no breach though it looks like one.
var allowed = map[string]func(r *request, p *path){
	"a known thing is left out, with what only it needs": func(r *request, p *path) {
		r.Known = []string{"Title of s/g (pt)"}
		p.without("s/g")
		p.without("s/k")
		p.tell("num_nodes", 10, 8)
	},
	"what is known elsewhere changes nothing": func(r *request, _ *path) { r.Known = []string{"another"} },
	"what is not taught is assumed": func(r *request, p *path) {
		r.NumNodes = 9
		p.without("s/a")
		p.find("s/d").Prerequisites = []string{"overview"}
		p.Metadata.Assumes = []assumption{{"s/a", "Title of s/a", "Ask for a path on it", "https://example.org"}}
		quiz(p.find("s/c"), "Question about s/c")
	},
	"an order goes through what was not chosen": func(r *request, p *path) {
		r.NumNodes = 9
		p.without("s/e")
		p.find("s/project").Prerequisites = []string{"s/d", "s/f"}
		p.find("s/project").Place.Level = 3
		quiz(p.find("s/c"), "Question about s/c")
		p.Metadata.Assumes = []assumption{{"s/e", "Title of s/e", "Ask for a path on it", "https://example.org"}}
		p.measure()
	},
	"as many nodes as there are": func(r *request, p *path) {
		r.NumNodes = 50
		p.tell("num_nodes", 50, 10)
	},
	"as many first steps as there are": func(r *request, p *path) {
		r.MinWidth = 5
		p.tell("min_width", 5, 4)
	},
	"as many levels as so many nodes have": func(r *request, p *path) {
		r.MinHeight, r.MaxHeight, r.MinWidth = 9, 9, 4
		p.tell("min_height", 9, 5)
		r.NumNodes = 10
	},
	"exercises follow concepts": func(r *request, p *path) {
		r.NumNodes = 11
		n := node{ID: "s/c/exercises", Title: "Exercises", Description: "More of them.", Type: "exercise_set", Prerequisites: []string{"s/c"}}
		n.Place.Level = 2
		p.Nodes = append(p.Nodes, keyed{n.ID, n})
	},
	"too few links for each to have one": func(r *request, p *path) {
		r.MaxResources = 9
		p.find("s/c").Resources = nil
		p.tell("max_resources", 9, 9)
	},
}

// broken has, for each law, paths that break it.
var broken = []struct {
	law    string
	change func(r *request, p *path)
}{
	{"root", func(_ *request, p *path) { p.RootNodeID = "nowhere" }},
	{"root", func(_ *request, p *path) { p.find("s/c").Prerequisites = nil }},
	{"root", func(_ *request, p *path) { p.find("s/c").Place.Level = 0 }},
	{"root", func(_ *request, p *path) { p.find("overview").Place.Level = 1 }},
	{"root", func(_ *request, p *path) { p.find("overview").Description = "" }},
	{"ids", func(_ *request, p *path) { p.Nodes[2].key = "s/zzz" }},
	{"ids", func(_ *request, p *path) { p.Nodes = append(p.Nodes, p.Nodes[3]) }},
	{"prerequisites", func(_ *request, p *path) { p.find("s/d").Prerequisites = []string{"s/nowhere"} }},
	{"prerequisites", func(_ *request, p *path) { p.find("s/d").Place.Level = 1 }},
	{"prerequisites", func(_ *request, p *path) { p.find("s/a").Prerequisites = []string{"s/e"} }},
	{"levels", func(_ *request, p *path) { p.find("s/project").Place.Level = 5 }},
	{"levels", func(_ *request, p *path) { p.Metadata.Height = 4 }},
	{"levels", func(_ *request, p *path) { p.Metadata.Width = 5 }},
	{"order", func(_ *request, p *path) { p.find("s/d").Prerequisites = []string{"overview"} }},
	{"order", func(_ *request, p *path) { p.find("s/d").Prerequisites = []string{"s/a", "overview"} }},
	{"order", func(_ *request, p *path) { p.find("s/d").Prerequisites = []string{"s/a", "s/b"} }},
	{"order", func(_ *request, p *path) { p.find("s/d").Prerequisites = []string{"s/a", "s/a"} }},
	{"order", func(_ *request, p *path) { p.find("s/e").Prerequisites = []string{"s/d", "s/a"} }},
	{"order", func(_ *request, p *path) { p.find("s/project").Prerequisites = []string{"s/e"} }},
	{"order", func(_ *request, p *path) { p.find("s/a").Prerequisites = []string{"s/e"} }},
	{"order", func(_ *request, p *path) { // d is not chosen, the order goes through it
		p.without("s/d")
		p.find("s/e").Prerequisites = []string{"overview"}
	}},
	{"order", func(_ *request, p *path) {
		n := node{ID: "s/x", Title: "Exercises", Description: "On nothing.", Type: "exercise_set", Prerequisites: []string{"overview"}}
		n.Place.Level = 1
		p.Nodes = append(p.Nodes, keyed{n.ID, n})
	}},
	{"topic", func(_ *request, p *path) { p.find("overview").Title = "Overview: Another" }},
	{"topic", func(r *request, _ *path) { r.Topic = "o/h" }},
	{"outside", func(_ *request, p *path) { p.Nodes[3].ID, p.Nodes[3].key = "o/z", "o/z" }},
	{"outside", func(_ *request, p *path) { p.Nodes[3].ID, p.Nodes[3].key = "s/made-up", "s/made-up" }},
	{"closure", func(_ *request, p *path) {
		p.without("s/a")
		p.find("s/d").Prerequisites = []string{"overview"}
	}},
	{"closure: behind an assumed one", func(_ *request, p *path) {
		p.without("s/a")
		p.without("s/d")
		p.find("s/e").Prerequisites = []string{"overview"}
		p.Metadata.Assumes = []assumption{{"s/d", "Title of s/d", "Ask for a path on it", "https://example.org"}}
	}},
	{"assumes", func(_ *request, p *path) {
		p.Metadata.Assumes = []assumption{{"o/z", "Title of o/z", "Ask for a path on it", "https://example.org"}}
	}},
	{"assumes", func(_ *request, p *path) {
		p.Metadata.Assumes = []assumption{{"s/a", "Title of s/a", "Ask for a path on it", "https://example.org"}}
	}},
	{"assumes", func(_ *request, p *path) {
		p.without("s/a")
		p.Metadata.Assumes = []assumption{{"s/a", "Title of s/a", "", "https://example.org"}}
	}},
	{"assumes", func(_ *request, p *path) {
		p.without("s/a")
		p.Metadata.Assumes = []assumption{{"s/a", "Title of s/a", "Ask for a path on it", ""}}
	}},
	{"known", func(r *request, _ *path) { r.Known = []string{"Title of s/c"} }},
	{"known", func(r *request, _ *path) { r.Known = []string{"S"}; r.Topic = "o/h" }},
	{"known: implied", func(r *request, p *path) {
		r.Known = []string{"s/g"}
		p.without("s/g")
	}},
	{"known: misses", func(r *request, _ *path) { r.Known = []string{"what nobody knows"} }},
	{"known: misses", func(_ *request, p *path) { p.Metadata.NotKnown = []string{"never said"} }},
	{"bounds given", func(r *request, _ *path) { r.NumNodes = 9 }},
	{"bounds given", func(r *request, _ *path) { r.MaxWidth = 3 }},
	{"bounds given", func(r *request, _ *path) { r.MaxHeight = 4 }},
	{"bounds default", func(_ *request, p *path) {
		for _, id := range []string{"s/d", "s/f", "s/g"} {
			p.find(id).Place.Level = 1 // breaks more, but is wider than six
		}
	}},
	{"bounds default", func(_ *request, p *path) {
		for i, id := range []string{"s/c", "s/k", "s/g", "s/d", "s/f", "s/e", "s/project"} {
			p.find(id).Place.Level = i + 2
		}
	}},
	{"links", func(r *request, _ *path) { r.MaxResources = 9 }},
	{"links", func(_ *request, p *path) {
		p.find("s/c").Resources = nil
		p.find("s/a").Resources = append(p.find("s/a").Resources, link{"https://example.org/s/a/1"})
	}},
	{"links", func(_ *request, p *path) { p.find("s/c").Resources = nil }},
	{"links: whose", func(_ *request, p *path) { p.find("s/c").Resources[0].URL = "https://example.org/made-up" }},
	{"links: whose", func(_ *request, p *path) {
		p.find("s/c").Resources = append(p.find("s/c").Resources, p.find("s/c").Resources[0])
	}},
	{"quizzes", func(_ *request, p *path) { p.find("s/b").Quiz = nil }},
	{"quizzes", func(_ *request, p *path) {
		quiz(p.find("s/c"), "Question about s/c")
		quiz(p.find("s/d"), "Question about s/d")
	}},
	{"quizzes: whose", func(_ *request, p *path) { quiz(p.find("s/b"), "Question about s/b (pt)") }},
	{"language", func(r *request, _ *path) { r.Language = "pt" }},
	{"language", func(_ *request, p *path) { p.find("s/c").Title += " (pt)" }},
	{"language", func(_ *request, p *path) { p.find("s/c").Description = "Resumo" }},
	{"language", func(_ *request, p *path) {
		p.Metadata.Assumes = []assumption{{"s/a", "Título", "Ask for a path on it", "https://example.org"}}
	}},
	{"unmet entries", func(_ *request, p *path) { p.tell("max_width", 3, 4) }},
	{"unmet entries", func(r *request, p *path) {
		r.NumNodes = 50
		p.tell("num_nodes", 50, 10)
		p.tell("num_nodes", 50, 10)
	}},
	{"unmet num_nodes: not told", func(r *request, _ *path) { r.NumNodes = 12 }},
	{"unmet num_nodes: default not told", func(r *request, _ *path) { r.NumNodes = 0 }},
	{"unmet num_nodes: told in vain", func(_ *request, p *path) { p.tell("num_nodes", 10, 10) }},
	{"unmet num_nodes: figures", func(r *request, p *path) { r.NumNodes = 12; p.tell("num_nodes", 12, 9) }},
	{"unmet num_nodes: figures", func(r *request, p *path) { r.NumNodes = 12; p.tell("num_nodes", 13, 10) }},
	{"unmet num_nodes: can be met", func(_ *request, p *path) { p.without("s/project"); p.tell("num_nodes", 10, 9) }},
	{"unmet num_nodes: more can be had", func(r *request, p *path) {
		r.NumNodes = 12
		p.without("s/project")
		p.tell("num_nodes", 12, 9)
	}},
	{"unmet num_nodes: more can be had, level given", func(r *request, p *path) {
		r.NumNodes, r.Level = 12, "beginner"
		p.without("s/project")
		p.tell("num_nodes", 12, 9)
	}},
	{"unmet min_width: not told", func(r *request, _ *path) { r.MinWidth = 5 }},
	{"unmet min_width: default not told", func(_ *request, p *path) { p.find("s/k").Place.Level, p.find("s/c").Place.Level = 2, 2 }},
	{"unmet min_width: can be met", func(r *request, p *path) {
		r.MinWidth = 4
		p.find("s/c").Place.Level = 2
		p.tell("min_width", 4, 3)
	}},
	{"unmet min_width: figures", func(r *request, p *path) { r.MinWidth = 6; p.tell("min_width", 5, 4) }},
	{"unmet min_height: not told", func(r *request, _ *path) { r.MinHeight = 6 }},
	{"unmet min_height: can be met", func(r *request, p *path) { r.MinHeight = 6; p.tell("min_height", 6, 5) }},
	{"unmet min_height: figures", func(r *request, p *path) { r.MinHeight = 6; p.tell("min_height", 6, 4) }},
	{"unmet min_height: told in vain", func(r *request, p *path) { r.MinHeight = 5; p.tell("min_height", 5, 5) }},
	{"unmet max_resources: not told", func(r *request, p *path) { r.MaxResources = 9; p.find("s/c").Resources = nil }},
	{"unmet max_resources: told in vain", func(r *request, p *path) { r.MaxResources = 10; p.tell("max_resources", 10, 10) }},
	{"unmet max_resources: figures", func(r *request, p *path) {
		r.MaxResources = 9
		p.find("s/c").Resources = nil
		p.tell("max_resources", 9, 4)
	}},
}

func TestABrokenPathIsCaught(t *testing.T) {
	t.Parallel()
	w := small(t)
	tried := map[string]bool{}
	for i, b := range broken {
		name, _, _ := strings.Cut(b.law, ":")
		tried[name] = true
		t.Run(fmt.Sprintf("%d %s", i, b.law), func(t *testing.T) {
			t.Parallel()
			r, p := good(w)
			b.change(&r, p)
			assert.Contains(t, lawsBroken(w, r, p), b.law)
		})
	}
	for _, l := range laws {
		assert.True(t, tried[l.name], "no broken path for %q", l.name)
	}
}

// outlined is a path of an outline that the graph agrees with in part: it has d after
// a, the caller has c first and x last.
func outlined(w *world) (request, *path) {
	_, p := good(w)
	for _, id := range []string{"s/b", "s/f", "s/g", "s/e", "s/k", "s/project"} {
		p.without(id)
	}
	p.find("overview").Title = "Overview: mine"
	p.find("s/a").Prerequisites, p.find("s/a").Place.Level = []string{"s/c"}, 2
	p.find("s/d").Place.Level = 3
	x := node{ID: "outline/4", Title: "x", Description: "One of the caller's own.", Type: "lesson", Prerequisites: []string{"s/d"}}
	x.Place.Level = 4
	p.Nodes = append(p.Nodes, keyed{x.ID, x})
	p.measure()
	quiz(p.find("s/a"), "Question about s/a")
	return request{Topic: "mine", Outline: []step{
		{Title: "Title of s/c"},
		{Title: "Title of s/a (pt)", Requires: []string{"Title of s/c"}},
		{Title: "s/d"},
		{Title: "x", Requires: []string{"s/d"}},
	}}, p
}

func TestOutlinesKeepTheCallersOrderAndTheGraphs(t *testing.T) {
	t.Parallel()
	w := small(t)
	r, p := outlined(w)
	assert.Empty(t, inspect(w, r, p))

	r, p = outlined(w) // against the graph: the caller's word counts
	r.Outline[1].Requires = []string{"s/d"}
	p.find("s/d").Prerequisites, p.find("s/d").Place.Level = []string{"overview"}, 1
	p.find("s/a").Prerequisites = []string{"s/d"}
	p.find("outline/4").Place.Level = 3
	p.measure()
	assert.Empty(t, inspect(w, r, p))

	for name, c := range map[string]struct {
		law    string
		change func(r *request, p *path)
	}{
		"caller ignored": {"order", func(_ *request, p *path) { p.find("outline/4").Prerequisites = []string{"s/a"} }},
		"graph ignored":  {"order", func(_ *request, p *path) { p.find("s/d").Prerequisites = []string{"s/c"} }},
		"made up":        {"order", func(r *request, _ *path) { r.Outline[1].Requires = nil }},
		"too many edges": {"order", func(_ *request, p *path) { p.find("outline/4").Prerequisites = []string{"s/d", "s/a"} }},
		"not in it":      {"outside: outline", func(r *request, _ *path) { r.Outline = r.Outline[1:]; r.Outline[0].Requires = nil }},
		"known":          {"known", func(r *request, _ *path) { r.Known = []string{"s/c"} }},
		"nobody's":       {"outside", func(_ *request, p *path) { p.find("outline/4").Title = "y" }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, p := outlined(w)
			c.change(&r, p)
			assert.Contains(t, lawsBroken(w, r, p), c.law)
		})
	}
}

func TestAnOutlineThatFitsIsNotTooMuch(t *testing.T) {
	t.Parallel()
	w := small(t)
	for _, c := range []struct {
		nodes, width, height int
		want                 bool
	}{
		{0, 0, 0, false}, {5, 0, 0, false}, {4, 0, 0, true}, {0, 0, 5, false}, {0, 0, 4, true}, {0, 1, 0, false}, {0, 1, 5, false},
	} {
		r, _ := outlined(w)
		r.NumNodes, r.MaxWidth, r.MaxHeight = c.nodes, c.width, c.height
		assert.Equal(t, c.want, w.outlineTooMuch(r), "%+v", c)
	}
}
