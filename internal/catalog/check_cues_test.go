package catalog_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/trilha/trilha/internal/catalog"
)

const (
	byLength    = "the longest option"
	byShortness = "the shortest option"
	byWords     = "the option with most words of the question or title"
	byHedge     = "the only hedged option"
	byFigure    = "the only option with a figure"
	byAbsolute  = "the only absolute option"
	byExactness = "the only exact option (figure or absolute)"
)

// The option in front is the right one, and all are equally long but where length
// is the cue.
func TestEachCuePointsAtItsOption(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		language, question string
		options            []string
		want               []string
	}{
		{"en", "?", []string{"bowline", "splice", "hitch", "hitch"}, []string{byLength}},
		{"en", "?", []string{"éé", "sss", "ttt", "uuu"}, []string{byShortness}}, // characters, not bytes
		{"en", "?", []string{"splice", "splice", "hitch", "hitch"}, nil},
		{"en", "Where do hitches slip?", []string{"hitch", "ridge", "lines", "coils"}, []string{byWords}},
		{"en", "Where?", []string{"reef", "line", "coil", "ring"}, []string{byWords}}, // the concept's title
		{"en", "Is it the line of a coil?", []string{"of the", "one, 4", "two, 4", "ten, 4"}, nil},
		{"en", "hitch?", []string{"hitch a", "hitch b", "hitch c", "hitch d"}, nil}, // all alike
		{"en", "?", []string{"It may go", "It has so", "It is not", "It is so."}, []string{byHedge}},
		{"en", "?", []string{"It may go", "It might.", "It is not", "It is so."}, nil},
		{"pt", "?", []string{"Às vezes", "Nem isso", "Tem base", "Vai sair"}, []string{byHedge}},
		{"pt", "?", []string{"não pode", "vai sair", "tem base", "nem isso"}, nil}, // what is denied does not hedge
		{"es", "?", []string{"Suele ir", "Va mejor", "Ha caído", "Va igual"}, []string{byHedge}},
		{"en", "?", []string{"turn 5", "turn a", "turn b", "turn c"}, []string{byFigure, byExactness}},
		{"en", "?", []string{"never goes", "may be so.", "may do so.", "not so now"}, []string{byAbsolute, byExactness}},
		{"en", "?", []string{"not at all", "but by far", "or so much", "but not so"}, nil},
		{"pt", "?", []string{"Só isso", "Vai sim", "Vai bem", "Tem nós"}, []string{byAbsolute, byExactness}},
		{"es", "?", []string{"Siempre", "Va bien", "Va, sí.", "Es cual"}, []string{byAbsolute, byExactness}},
		{"en", "?", []string{"always", "12 off", "no way", "by far"}, []string{byAbsolute}},
	} {
		t.Run(c.language+" "+c.options[0], func(t *testing.T) {
			t.Parallel()
			s := sound()
			s.Concepts[1].Quiz = []catalog.Question{{Question: same(c.question), Options: each(c.options...)}}
			_, given := catalog.Cues([]*catalog.Subject{s})
			var found []string
			for _, g := range given {
				if g.Concept == "knots/reef" && g.Language == c.language {
					assert.Equal(t, 1, g.Number)
					found = append(found, g.Cue)
				}
			}
			assert.Equal(t, c.want, found)
		})
	}
}

func TestGuessesAmongSeveralCountByChance(t *testing.T) {
	t.Parallel()
	s := sound()
	s.Concepts = s.Concepts[:1]
	ask := func(options ...string) catalog.Question {
		return catalog.Question{Question: same("?"), Options: each(options...)}
	}
	s.Concepts[0].Quiz = []catalog.Question{
		ask("long", "b", "c", "d"),       // 1
		ask("long", "long", "c", "d"),    // 1/2
		ask("a", "b", "c", "long"),       // 0
		ask("a", "b", "c", "d"),          // 1/4
		ask("lo", "ng", "on", "d"),       // 1/3
		ask("one", "too", "few options"), // does not count
	}
	figures, _ := catalog.Cues([]*catalog.Subject{s})
	for _, f := range figures {
		if f.Cue == byLength {
			assert.Equal(t, []int{5, 2, 1}, []int{f.Questions, f.Single, f.Found}, "%s in %s", f.Subject, f.Language)
			assert.InDelta(t, 50, f.Certain(), 1e-9)
			assert.InDelta(t, 100*(1+1./2+1./4+1./3)/5, f.Guessed(), 1e-9)
		}
	}
}

// marked is a subject of 24 questions more, in which a mark in Spanish points at the
// right option of the first n and at a wrong one of the rest.
func marked(n int, mark string) *catalog.Subject {
	s := sound()
	for i := range 24 {
		q := catalog.Question{Question: same(fmt.Sprintf("question %d?", i)), Options: each("a", "b", "c", "d"), Answer: i % 4, Why: same("So.")}
		q.Options.Es = []string{"aaaaaa", "bbbbbb", "cccccc", "dddddd"}
		at := q.Answer
		if i >= n {
			at = (at + 1) % 4
		}
		q.Options.Es[at] = mark
		s.Concepts[0].Quiz = append(s.Concepts[0].Quiz, q)
	}
	return s
}

func TestQuizzesThatTheirFormGivesAwayAreFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ cue, mark, overall, inSubject string }{
		{byLength, "ttttttt", "error", "error"},
		{byShortness, "ttttt", "warning", "warning"},
		{byWords, "bights", "error", "warning"},
		{byHedge, "suelen", "error", "warning"},
		{byFigure, "aaaa 5", "error", "warning"},
		{byAbsolute, "solo a", "error", "warning"},
		{byExactness, "solo 5", "error", "warning"},
	} {
		t.Run(c.cue, func(t *testing.T) {
			t.Parallel()
			report := func(right int) (found []string) {
				for _, p := range catalog.Check([]*catalog.Subject{marked(right, c.mark)}) {
					if strings.Contains(p.Text, c.cue) {
						found = append(found, p.String())
					}
				}
				return found
			}
			assert.Empty(t, report(8), "a third")
			tells := ": " + c.cue + " is right in 9 of the 24 questions in es where there is one (37.5 %), want at most 35 %"
			assert.Subset(t, report(9), []string{c.overall + ": catalogue" + tells, c.inSubject + ": knots" + tells})
			assert.Contains(t, strings.Join(report(24), "\n"), ": knots: guessing by "+c.cue+" finds 89.")
		})
	}
}

func TestSharesOfFewQuestionsSayNothing(t *testing.T) {
	t.Parallel()
	s := marked(24, "suelen")
	s.Concepts[0].Quiz = s.Concepts[0].Quiz[:15]
	assert.Empty(t, catalog.Check([]*catalog.Subject{s}))
}
