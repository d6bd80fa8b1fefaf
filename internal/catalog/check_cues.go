package catalog

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A quiz must not be passed by the form of its answers. Each cue is one way to
// guess without knowing: it points at none, one or several options of a question.
// A cue that says more than maxShare per cent of the answers is a fault of the
// quiz (chance is 25).
const (
	maxShare = 35
	fewest   = 20 // shares of fewer questions say nothing
	parts    = 12 // the least that 1, 2, 3 and 4 divide: a guess among as many counts exactly
)

type cue struct {
	name    string
	points  func(*sheet) []int
	warning bool // over the whole catalogue
	subject bool // an error in one subject too, where the others only warn
}

var cues = []cue{
	{name: "the longest option", points: longest, subject: true},
	{name: "the shortest option", points: shortest, warning: true},
	{name: "the option with most words of the question or title", points: sharing},
	{name: "the only hedged option", points: only(hedged)},
	{name: "the only option with a figure", points: only(figure)},
	{name: "the only absolute option", points: only(absolute)},
	{name: "the only exact option (figure or absolute)", points: only(exact)},
}

// sheet is a question in one language, as someone sees it who guesses.
type sheet struct {
	subject  string
	concept  string
	number   int // from 1
	language string
	answer   int
	options  []string
	folded   []string        // the options, between blanks
	marks    []string        // the same without what looks like a mark and is none
	asked    map[string]bool // what words the question and the title have
}

func newSheet(subject string, c *Concept, i int, language string) *sheet {
	q := &c.Quiz[i]
	s := &sheet{
		subject: subject, concept: c.ID, number: i + 1, language: language,
		answer: q.Answer, options: q.Options.In(language), asked: map[string]bool{},
	}
	for _, o := range s.options {
		f := " " + Fold(o) + " "
		s.folded = append(s.folded, f)
		for _, p := range otherwise.In(language) {
			f = strings.ReplaceAll(f, p, " ")
		}
		s.marks = append(s.marks, f)
	}
	for _, text := range []string{q.Question.In(language), c.Title.In(language)} {
		for _, w := range strings.Fields(Fold(text)) {
			s.asked[w] = true
		}
	}
	for _, w := range strings.Fields(Fold(functionWords.In(language))) {
		delete(s.asked, w)
	}
	return s
}

// sheets are all questions that can be guessed at; what is malformed is told
// elsewhere.
func sheets(subjects []*Subject) (all []*sheet) {
	for _, s := range subjects {
		for i := range s.Concepts {
			c := &s.Concepts[i]
			for j, q := range c.Quiz {
				for _, l := range Languages() {
					if q.Answer >= 0 && q.Answer < options && len(q.Options.In(l)) == options {
						all = append(all, newSheet(s.ID, c, j, l))
					}
				}
			}
		}
	}
	return all
}

// most lists the options that rank highest.
func most(s *sheet, rank func(i int) int) (best []int) {
	for i := range s.options {
		switch {
		case len(best) == 0 || rank(i) > rank(best[0]):
			best = []int{i}
		case rank(i) == rank(best[0]):
			best = append(best, i)
		}
	}
	return best
}

func longest(s *sheet) []int {
	return most(s, func(i int) int { return utf8.RuneCountInString(s.options[i]) })
}

func shortest(s *sheet) []int {
	return most(s, func(i int) int { return -utf8.RuneCountInString(s.options[i]) })
}

func sharing(s *sheet) []int {
	shared := make([]int, len(s.options))
	for i, o := range s.folded {
		words := strings.Fields(o)
		slices.Sort(words)
		for _, w := range slices.Compact(words) {
			if s.asked[w] {
				shared[i]++
			}
		}
	}
	best := most(s, func(i int) int { return shared[i] })
	if shared[best[0]] == 0 || len(best) == len(s.options) {
		return nil
	}
	return best
}

// only points at the one option that has a mark.
func only(has func(s *sheet, i int) bool) func(*sheet) []int {
	return func(s *sheet) (marked []int) {
		for i := range s.options {
			if has(s, i) {
				marked = append(marked, i)
			}
		}
		if len(marked) != 1 {
			return nil
		}
		return marked
	}
}

func hedged(s *sheet, i int) bool   { return says(s.marks[i], hedges.In(s.language)) }
func absolute(s *sheet, i int) bool { return says(s.marks[i], absolutes.In(s.language)) }
func figure(s *sheet, i int) bool   { return strings.ContainsFunc(s.options[i], unicode.IsDigit) }
func exact(s *sheet, i int) bool    { return figure(s, i) || absolute(s, i) }

func says(text string, phrases []string) bool {
	return slices.ContainsFunc(phrases, func(p string) bool { return strings.Contains(text, p) })
}

// phrases folds a list of words and phrases as the options are folded.
func phrases(list string) (folded []string) {
	for p := range strings.SplitSeq(list, ",") {
		folded = append(folded, " "+Fold(p)+" ")
	}
	return folded
}

// The words that make an option hedged or absolute.
var (
	hedges = Texts{
		En: phrases("usually, often, may, might, can, could, sometimes, generally, in general, typically, tend, tends, roughly, about, " +
			"approximately, around, almost, nearly, most, mostly, probably, possibly, perhaps, likely, normally, as a rule, in most cases"),
		Pt: phrases("geralmente, em geral, costuma, costumam, pode, podem, poderia, poderiam, às vezes, por vezes, muitas vezes, tende, tendem, " +
			"cerca de, por volta de, mais ou menos, quase, a maioria, a maior parte, normalmente, frequentemente, tipicamente, " +
			"aproximadamente, provavelmente, possivelmente, talvez, em regra, na maioria"),
		Es: phrases("generalmente, por lo general, en general, suele, suelen, puede, pueden, podría, podrían, a veces, muchas veces, a menudo, " +
			"tiende, tienden, cerca de, alrededor de, más o menos, casi, la mayoría, la mayor parte, normalmente, frecuentemente, " +
			"con frecuencia, típicamente, aproximadamente, probablemente, posiblemente, quizá, quizás, tal vez"),
	}
	absolutes = Texts{
		En: phrases("exactly, precisely, always, never, only, every, all, entirely, completely, totally, in any case, certainly"),
		Pt: phrases("exatamente, precisamente, sempre, nunca, jamais, só, somente, apenas, unicamente, todo, toda, todos, todas, tudo, " +
			"inteiramente, completamente, totalmente, em qualquer caso, certamente, com certeza"),
		Es: phrases("exactamente, precisamente, siempre, nunca, jamás, solo, solamente, únicamente, todo, toda, todos, todas, " +
			"enteramente, completamente, totalmente, en cualquier caso, ciertamente, con certeza"),
	}
	// Where such a word is none: "não pode" does not hedge, "at all" is not absolute.
	otherwise = Texts{
		En: phrases("at most, the most, at all, after all"),
		Pt: phrases("não pode, não podem, não se pode, não se podem"),
		Es: phrases("no puede, no pueden, no se puede, no se pueden"),
	}
	functionWords = Text{
		En: "a an the of to in on at by for from with without as and or not no but if than then that this these those it its is are be was were " +
			"has have had do does did which what who when where why how there so one each into out up",
		Pt: "a o as os um uma uns umas de da do das dos em na no nas nos num numa por pela pelo pelas pelos para com sem e ou não mas se que " +
			"quem qual quais quando onde como é são ser foi há tem ter ao à aos às isso isto esse essa este esta seu sua já mais menos cada",
		Es: "a el la los las lo un una unos unas de del en al por para con sin y e o u no pero si que quién cuál cuáles cuando cuándo donde dónde " +
			"como cómo qué es son ser fue hay ha tiene tener se su sus eso esto ese esa este esta ya más menos cada",
	}
)

// CueFigures says how far one cue goes in one language: in a subject, or in the
// whole catalogue where Subject is empty.
type CueFigures struct {
	Subject, Language, Cue string

	Questions int
	Single    int // where the cue points at one option
	Found     int // where that one is right

	guessed int // the right answers in all when guessing by the cue, in parts of one
	cue     *cue
}

// Certain is the share of right answers, in per cent, where the cue points at one
// option.
func (f *CueFigures) Certain() float64 {
	return 100 * float64(f.Found) / float64(max(f.Single, 1))
}

// Guessed is the share of right answers that guessing by the cue can expect over
// all questions: among several options by chance, and among all where it points at
// none.
func (f *CueFigures) Guessed() float64 {
	return 100 * float64(f.guessed) / float64(parts*max(f.Questions, 1))
}

func (f *CueFigures) add(pointed []int, answer int) {
	f.Questions++
	if len(pointed) == 0 {
		f.guessed += parts / options
		return
	}
	right := slices.Contains(pointed, answer)
	if right {
		f.guessed += parts / len(pointed)
	}
	if len(pointed) == 1 {
		f.Single++
		if right {
			f.Found++
		}
	}
}

// Giveaway is a question whose answer a cue gives away.
type Giveaway struct {
	Concept       string
	Number        int // of the question, from 1
	Language, Cue string
}

// figuresOf prepares to count: over all, and in each subject.
func figuresOf(subjects []*Subject) (figures []*CueFigures) {
	names := []string{""}
	for _, s := range subjects {
		names = append(names, s.ID)
	}
	for _, name := range names {
		for i := range cues {
			for _, l := range Languages() {
				figures = append(figures, &CueFigures{Subject: name, Language: l, Cue: cues[i].name, cue: &cues[i]})
			}
		}
	}
	return figures
}

// Cues measures each cue, over all and in each subject, and lists the questions
// whose right option a cue points at alone.
func Cues(subjects []*Subject) (figures []*CueFigures, given []Giveaway) {
	type key struct{ subject, language, cue string }
	figures = figuresOf(subjects)
	find := map[key]*CueFigures{}
	for _, f := range figures {
		find[key{f.Subject, f.Language, f.Cue}] = f
	}
	for _, s := range sheets(subjects) {
		for _, c := range cues {
			pointed := c.points(s)
			find[key{"", s.language, c.name}].add(pointed, s.answer)
			find[key{s.subject, s.language, c.name}].add(pointed, s.answer)
			if len(pointed) == 1 && pointed[0] == s.answer {
				given = append(given, Giveaway{Concept: s.concept, Number: s.number, Language: s.language, Cue: c.name})
			}
		}
	}
	return figures, given
}

// cues holds that no cue says more than maxShare per cent.
func (k *checker) cues(subjects []*Subject) {
	figures, _ := Cues(subjects)
	for _, f := range figures {
		id, tell := f.Subject, k.fail
		if id == "" {
			id = "catalogue"
		}
		if f.cue.warning || f.Subject != "" && !f.cue.subject {
			tell = k.warn
		}
		if f.Single >= fewest && f.Found*100 > maxShare*f.Single {
			tell(id, "%s is right in %d of the %d questions in %s where there is one (%.1f %%), want at most %d %%",
				f.Cue, f.Found, f.Single, f.Language, f.Certain(), maxShare)
		}
		if f.Questions >= fewest && f.guessed*100 > maxShare*parts*f.Questions {
			tell(id, "guessing by %s finds %.1f %% of %d questions in %s, want at most %d %%",
				f.Cue, f.Guessed(), f.Questions, f.Language, maxShare)
		}
	}
}
