package catalog_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/catalog"
)

func same(s string) catalog.Text { return catalog.Text{En: s, Pt: s, Es: s} }

func each(list ...string) catalog.Texts { return catalog.Texts{En: list, Pt: list, Es: list} }

var links = []catalog.Resource{
	{URL: "https://go.dev/a", Title: "A", Type: "book", Language: "en"},
	{URL: "https://www.youtube.com/b", Title: "B", Type: "video", Language: "pt"},
	{URL: "https://www.youtube.com/c", Title: "C", Type: "video", Language: "es"},
}

// sound is a small subject without a fault: two concepts, the second requires the
// first.
func sound() *catalog.Subject {
	summary := same(strings.Repeat("a summary that is long enough ", 3))
	s := &catalog.Subject{
		ID: "knots", Category: "arts", Title: same("Knots"), Summary: summary, Overview: same("An overview."),
		Resources: append([]catalog.Resource{}, links...),
		Project: catalog.Project{
			Title: same("A net"), Summary: summary, Steps: each("one", "two", "three", "four"), Hints: each("a hint", "another"),
			DoneWhen: same("It holds."), Minutes: 60, Requires: []string{"knots/reef"},
		},
	}
	for _, name := range []string{"bight", "reef"} {
		c := catalog.Concept{
			Entry:   catalog.Entry{ID: "knots/" + name, Title: same(name), Level: "beginner", Minutes: 30, PartOf: "knots"},
			Summary: summary, Wikipedia: catalog.Text{En: "Some_article"}, Resources: append([]catalog.Resource{}, links...),
			Exercises: []catalog.Exercise{{
				ID: "tie", Title: same("Tie"), Difficulty: "beginner", Instructions: same("Tie it."), Hints: each("slowly"),
				Solution: same("Over, under."), Verification: "manual",
			}},
		}
		for i := range 2 {
			c.Quiz = append(c.Quiz, catalog.Question{
				Question: same(fmt.Sprintf("%s %d?", name, i)), Options: each("a", "b", "c", "d"), Answer: i, Why: same("So."),
			})
		}
		s.Concepts = append(s.Concepts, c)
	}
	s.Concepts[1].Requires = []string{"knots/bight"}
	return s
}

func TestASoundSubjectHasNoProblem(t *testing.T) {
	t.Parallel()
	assert.Empty(t, catalog.Check([]*catalog.Subject{sound()}))
}

func TestEveryRuleOfTheCheckFindsItsBreach(t *testing.T) {
	t.Parallel()
	type subject = catalog.Subject
	for _, c := range []struct {
		name   string
		breach func(*subject)
		want   string
	}{
		{"category", func(s *subject) { s.Category = "magic" }, `error: knots: category "magic": want one of technology`},
		{"subject title", func(s *subject) { s.Title.Pt = " " }, "error: knots: title is missing in pt"},
		{"subject summary", func(s *subject) { s.Summary.Es = "short" }, "error: knots: summary in es has 5 characters, want 60 to 240"},
		{"overview", func(s *subject) { s.Overview.En = "" }, "error: knots: overview is missing in en"},
		{"subject without links", func(s *subject) { s.Resources = nil }, "error: knots: no link beyond Wikipedia"},
		{"project title", func(s *subject) { s.Project.Title.En = "" }, "error: knots: project title is missing in en"},
		{"project summary", func(s *subject) { s.Project.Summary.En = "" }, "error: knots: project summary is missing in en"},
		{"project end", func(s *subject) { s.Project.DoneWhen.En = "" }, "error: knots: project done_when is missing in en"},
		{"long project summary", func(s *subject) { s.Project.Summary.En = strings.Repeat("é", 241) }, "error: knots: project summary in en has 241 characters"},
		{"project minutes", func(s *subject) { s.Project.Minutes = 0 }, "error: knots: project minutes 0: want 5 to 3000"},
		{"project that needs nothing", func(s *subject) { s.Project.Requires = nil }, "error: knots: project requires nothing"},
		{"project steps", func(s *subject) { s.Project.Steps = each("one") }, "error: knots: project steps: 1 in en, want 3"},
		{"project steps in one language", func(s *subject) { s.Project.Steps.Pt = []string{"um"} }, "error: knots: project steps: 1 in pt, want 4"},
		{"empty step", func(s *subject) { s.Project.Steps.Es = []string{"a", "b", "", "d"} }, "error: knots: project steps: an empty one in es"},
		{"project hints", func(s *subject) { s.Project.Hints = each() }, "error: knots: project hints: 0 in en, want 1"},
		{"project requirement", func(s *subject) { s.Project.Requires = []string{"knots/none"} }, `error: knots: project requires "knots/none": there is no such id`},

		{"id twice", func(s *subject) { s.Concepts[1].ID = "knots/bight"; s.Concepts[1].Requires = nil }, "error: knots/bight: the id stands twice"},
		{"id of another subject", func(s *subject) { s.Concepts[0].ID = "ropes/bight" }, "error: ropes/bight: the id does not begin with knots/"},
		{"title", func(s *subject) { s.Concepts[0].Title.Es = "" }, "error: knots/bight: title is missing in es"},
		{"long summary", func(s *subject) { s.Concepts[0].Summary.En = strings.Repeat("é", 241) }, "error: knots/bight: summary in en has 241 characters"},
		{"level", func(s *subject) { s.Concepts[0].Level = "easy" }, `error: knots/bight: level "easy": want one of beginner`},
		{"minutes", func(s *subject) { s.Concepts[0].Minutes = 4 }, "error: knots/bight: minutes 4: want 5 to 3000"},
		{"many minutes", func(s *subject) { s.Concepts[0].Minutes = 3001 }, "error: knots/bight: minutes 3001: want 5 to 3000"},
		{"unknown requirement", func(s *subject) { s.Concepts[1].Requires = []string{"knots/none"} }, `error: knots/reef: requires "knots/none": there is no such id`},
		{"requirement twice", func(s *subject) { s.Concepts[1].Requires = []string{"knots/bight", "knots/bight"} }, `error: knots/reef: requires "knots/bight" stands twice`},
		{"requires itself", func(s *subject) { s.Concepts[1].Requires = []string{"knots/reef"} }, `error: knots/reef: requires "knots/reef" stands twice or is the concept itself`},
		{"unknown help", func(s *subject) { s.Concepts[1].Helps = []string{"knots/none"} }, `error: knots/reef: helps "knots/none": there is no such id`},
		{"part of nothing", func(s *subject) { s.Concepts[1].PartOf = "" }, `error: knots/reef: part_of "": there is no such id`},
		{"circle", func(s *subject) { s.Concepts[0].Requires = []string{"knots/reef"} }, "error: catalogue: concept graph: knots/bight requires itself through others"},
		{"Wikipedia address", func(s *subject) { s.Concepts[0].Wikipedia.En = "https://en.wikipedia.org/wiki/Knot" }, "error: knots/bight: wikipedia in en"},
		{"Wikipedia title with blanks", func(s *subject) { s.Concepts[0].Wikipedia.Pt = "Um nó" }, "error: knots/bight: wikipedia in pt"},
		{"Wikipedia title of the subject", func(s *subject) { s.Wikipedia.En = "Knots?" }, "error: knots: wikipedia in en"},
		{"Wikipedia title in the wrong language", func(s *subject) { s.Concepts[0].Wikipedia.Pt = "Theory_of_knots" }, `error: knots/bight: wikipedia in pt: "Theory_of_knots" is of another language, as "of" shows`},
		{"no web address", func(s *subject) { s.Concepts[0].Resources[0].URL = "ftp://example.org" }, `error: knots/bight: url "ftp://example.org" is not a web address`},
		{"script", func(s *subject) { s.Concepts[0].Resources[0].URL = "javascript:alert(1)" }, "is not a web address"},
		{"link twice", func(s *subject) { s.Concepts[0].Resources[1] = links[0] }, "error: knots/bight: url https://go.dev/a stands twice"},
		{"link twice but for what leads to the same page", func(s *subject) { s.Concepts[0].Resources[1].URL = "http://www.GO.dev/a/" }, "error: knots/bight: url http://www.GO.dev/a/ stands twice"},
		{"host that is not allowed", func(s *subject) { s.Concepts[0].Resources[0].URL = "https://www.spam.example:443/a" }, "error: knots/bight: url https://www.spam.example:443/a: the host spam.example is not in internal/catalog/hosts.txt"},
		{"host below one that is allowed", func(s *subject) { s.Resources[0].URL = "https://evil.go.dev/" }, "error: knots: url https://evil.go.dev/: the host evil.go.dev is not in"},
		{"Wikipedia as link", func(s *subject) { s.Concepts[0].Resources[0].URL = "https://pt.wikipedia.org/wiki/N" }, "Wikipedia belongs in the field wikipedia"},
		{"link type", func(s *subject) { s.Concepts[0].Resources[0].Type = "song" }, `error: knots/bight: resource type "song"`},
		{"link language", func(s *subject) { s.Concepts[0].Resources[0].Language = "fr" }, `error: knots/bight: resource language "fr"`},
		{"link title", func(s *subject) { s.Concepts[0].Resources[0].Title = "" }, "error: knots/bight: url https://go.dev/a has no title"},
		{"no links", func(s *subject) { s.Concepts[0].Resources = nil }, "error: knots/bight: no link beyond Wikipedia"},
		{"nothing in Spanish", func(s *subject) { s.Concepts[0].Resources = s.Concepts[0].Resources[:2] }, "warning: knots: 1 of 2 concepts have no link in es"},
		{"nothing in Portuguese", func(s *subject) { s.Concepts[1].Resources = s.Concepts[1].Resources[:1] }, "warning: knots: 1 of 2 concepts have no link in pt"},
		{"one link", func(s *subject) { s.Concepts[0].Resources = s.Concepts[0].Resources[:1] }, "warning: knots/bight: only 1 link beyond Wikipedia"},

		{"few questions", func(s *subject) { s.Concepts[0].Quiz = s.Concepts[0].Quiz[:1] }, "error: knots/bight: 1 quiz questions, want at least 2"},
		{"question text", func(s *subject) { s.Concepts[0].Quiz[0].Question.Pt = "" }, "error: knots/bight: question is missing in pt"},
		{"question reason", func(s *subject) { s.Concepts[0].Quiz[0].Why.Es = "" }, "error: knots/bight: why is missing in es"},
		{"options", func(s *subject) { s.Concepts[0].Quiz[0].Options.Es = []string{"a", "b", "c"} }, `error: knots/bight: question "bight 0?" has 3 options in es, want 4`},
		{"same option", func(s *subject) { s.Concepts[0].Quiz[0].Options.Es = []string{"a", "b", "c", "a"} }, "has the same option twice in es"},
		{"answer", func(s *subject) { s.Concepts[0].Quiz[0].Answer = 4 }, `error: knots/bight: question "bight 0?": answer 4, want 0 to 3`},
		{"question twice", func(s *subject) { s.Concepts[1].Quiz[0] = s.Concepts[0].Quiz[0] }, `error: knots/reef: question "bight 0?" stands in knots/bight too, in en`},
		{"question twice in one language, but for its form", func(s *subject) { s.Concepts[1].Quiz[0].Question.Pt = "BÍGHTS,  0" }, `error: knots/reef: question "BÍGHTS,  0" stands in knots/bight too, in pt`},

		{"exercise id", func(s *subject) { s.Concepts[0].Exercises[0].ID = "" }, `error: knots/bight: exercise id "" is empty or stands twice`},
		{"exercise title", func(s *subject) { s.Concepts[0].Exercises[0].Title.En = "" }, "exercise title is missing in en"},
		{"exercise instructions", func(s *subject) { s.Concepts[0].Exercises[0].Instructions.En = "" }, "exercise instructions is missing in en"},
		{"exercise solution", func(s *subject) { s.Concepts[0].Exercises[0].Solution.En = "" }, "exercise solution is missing in en"},
		{"exercise hints", func(s *subject) { s.Concepts[0].Exercises[0].Hints = each() }, "exercise hints: 0 in en, want 1"},
		{"exercise difficulty", func(s *subject) { s.Concepts[0].Exercises[0].Difficulty = "hard" }, `exercise difficulty "hard"`},
		{"exercise verification", func(s *subject) { s.Concepts[0].Exercises[0].Verification = "trust" }, `exercise verification "trust"`},
		{"text to match", func(s *subject) { s.Concepts[0].Exercises[0].Verification = "text_match" }, "exercise tie: text_match needs an answer"},
		{"option to choose", func(s *subject) {
			e := &s.Concepts[0].Exercises[0]
			e.Verification, e.Options, e.Answer = "multiple_choice", each("a", "b"), "2"
		}, "exercise tie: multiple_choice needs options and an answer that is one's index"},
		{"options of an exercise in one language", func(s *subject) {
			e := &s.Concepts[0].Exercises[0]
			e.Verification, e.Options, e.Answer = "multiple_choice", catalog.Texts{En: []string{"a", "b"}}, "1"
		}, "error: knots/bight: exercise options: 0 in pt, want 2"},

		{"alias of two", func(s *subject) { s.Concepts[1].Aliases.En = []string{"BIGHTS"} }, `error: knots/reef: "BIGHTS" is claimed by knots/bight too, in en`},
		{"edge that is implied", func(s *subject) {
			third := s.Concepts[1]
			third.ID, third.Title, third.Quiz, third.Requires = "knots/sheet-bend", same("Sheet bend"), nil, []string{"knots/bight", "knots/reef"}
			s.Concepts = append(s.Concepts, third)
		}, "warning: knots/sheet-bend: requires knots/bight, which knots/reef already implies"},
		{"lonely concept", func(s *subject) { s.Concepts[1].Requires = nil }, "error: knots/bight: has no edge to or from another concept"},
		{"part of a circle", func(s *subject) { s.Concepts[0].PartOf, s.Concepts[1].PartOf = "knots/reef", "knots/bight" }, "error: knots/reef: part_of goes round in a circle and never reaches knots"},
		{"part of itself", func(s *subject) { s.Concepts[0].PartOf = "knots/bight" }, "error: knots/bight: part_of goes round in a circle and never reaches knots"},
		{"answers all in one place", func(s *subject) { manyQuestions(s, func(int) int { return 2 }) }, "error: knots: position 2 is right in 24 of 24 questions"},
		{"answers shown by their length", func(s *subject) {
			manyQuestions(s, func(i int) int { return i % 4 })
			for i := range s.Concepts[0].Quiz {
				q := &s.Concepts[0].Quiz[i]
				q.Options = each("a", "b", "c", "d")
				q.Options.Pt = append([]string{}, q.Options.Pt...)
				q.Options.Pt[q.Answer] = "a long one"
			}
		}, "error: knots: the longest option is right in 22 of the 22 questions in pt where there is one (100.0 %)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := sound()
			c.breach(s)
			var found []string
			for _, p := range catalog.Check([]*catalog.Subject{s}) {
				found = append(found, p.String())
			}
			require.NotEmpty(t, found)
			assert.Contains(t, strings.Join(found, "\n"), c.want)
		})
	}
}

// What binds one subject to another needs two.
func TestSubjectsAreCheckedTogether(t *testing.T) {
	t.Parallel()
	ropes := func() *catalog.Subject {
		s := sound()
		s.ID, s.Title, s.Project.Requires = "ropes", same("Ropes"), []string{"ropes/hemp"}
		for i, name := range []string{"hemp", "sisal"} {
			c := &s.Concepts[i]
			c.ID, c.Title, c.PartOf = "ropes/"+name, same(name), "ropes"
			for j := range c.Quiz {
				c.Quiz[j].Question = same(fmt.Sprintf("%s %d?", name, j))
			}
		}
		s.Concepts[1].Requires = []string{"ropes/hemp"}
		return s
	}
	both := func(breach func(knots, ropes *catalog.Subject)) string {
		a, b := sound(), ropes()
		breach(a, b)
		var found []string
		for _, p := range catalog.Check([]*catalog.Subject{a, b}) {
			found = append(found, p.String())
		}
		return strings.Join(found, "\n")
	}
	assert.Empty(t, both(func(_, _ *catalog.Subject) {}))
	assert.Equal(t, "error: ropes/sisal: part_of leads to knots, not to ropes",
		both(func(_, ropes *catalog.Subject) { ropes.Concepts[1].PartOf = "knots/bight" }))
	assert.Empty(t, both(func(knots, ropes *catalog.Subject) {
		knots.Concepts[1].Requires, knots.Concepts[1].Helps = nil, []string{"ropes/hemp"}
		ropes.Concepts[0].Helps = []string{"knots/bight"}
	}), "an edge to another subject joins too, and so does help, at both of its ends")
}

// manyQuestions gives s 24 questions, so that their spread counts.
func manyQuestions(s *catalog.Subject, answer func(int) int) {
	first := &s.Concepts[0]
	for i := range s.Concepts[1].Quiz {
		s.Concepts[1].Quiz[i].Answer = answer(i)
	}
	first.Quiz = nil
	for i := range 22 {
		first.Quiz = append(first.Quiz, catalog.Question{
			Question: same(fmt.Sprintf("question %d?", i)), Options: each("a", "b", "c", "d"), Answer: answer(i), Why: same("So."),
		})
	}
}

func TestCategoriesCannotBeChangedByWhoReadsThem(t *testing.T) {
	t.Parallel()
	catalog.Categories()[0] = "magic"
	assert.NotContains(t, catalog.Categories(), "magic")
}
