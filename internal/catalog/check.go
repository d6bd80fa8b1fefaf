package catalog

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// Problem is one thing that check found wrong. A Warning does not fail it.
type Problem struct {
	ID      string // of the concept or subject
	Text    string
	Warning bool
}

func (p Problem) String() string {
	kind := "error"
	if p.Warning {
		kind = "warning"
	}
	return fmt.Sprintf("%s: %s: %s", kind, p.ID, p.Text)
}

// What the words of a data file may be.
var (
	levels        = []string{"beginner", "intermediate", "advanced"}
	categories    = []string{"technology", "finance", "health", "education", "arts", "science", "business", "lifestyle", "general"}
	types         = []string{"article", "video", "documentation", "exercise", "tutorial", "course", "book", "tool", "quiz", "qa", "other"}
	verifications = []string{"multiple_choice", "text_match", "code_execution", "manual"}
)

// Categories lists the categories a subject may have.
func Categories() []string { return slices.Clone(categories) }

// Bounds of texts and quizzes that Check holds.
const (
	minSummary, maxSummary = 60, 240
	minMinutes, maxMinutes = 5, 3000
	minQuestions           = 2
	options                = 4
	wantLinks              = 2 // beyond Wikipedia; fewer is a warning, none an error
)

// Check finds what is wrong with the subjects, taken together.
func Check(subjects []*Subject) []Problem {
	k := &checker{ids: map[string]bool{}, questions: map[string]string{}}
	for _, s := range subjects {
		k.once(s.ID)
		for i := range s.Concepts {
			k.once(s.Concepts[i].ID)
		}
	}
	for _, s := range subjects {
		k.subject(s)
	}
	k.aliases(subjects)
	k.cues(subjects)
	k.belonging(subjects)
	k.graph(subjects)
	return k.problems
}

type checker struct {
	problems  []Problem
	ids       map[string]bool
	questions map[string]string
}

func (k *checker) fail(id, format string, args ...any) {
	k.problems = append(k.problems, Problem{ID: id, Text: fmt.Sprintf(format, args...)})
}

func (k *checker) warn(id, format string, args ...any) {
	k.problems = append(k.problems, Problem{ID: id, Text: fmt.Sprintf(format, args...), Warning: true})
}

func (k *checker) once(id string) {
	if k.ids[id] {
		k.fail(id, "the id stands twice")
	}
	k.ids[id] = true
}

func (k *checker) oneOf(id, what, value string, allowed []string) {
	if !slices.Contains(allowed, value) {
		k.fail(id, "%s %q: want one of %s", what, value, strings.Join(allowed, ", "))
	}
}

func (k *checker) text(id, what string, t Text) {
	for _, l := range Languages() {
		if strings.TrimSpace(t.In(l)) == "" {
			k.fail(id, "%s is missing in %s", what, l)
		}
	}
}

func (k *checker) texts(id, what string, t Texts, least int) {
	n := len(t.En)
	for _, l := range Languages() {
		list := t.In(l)
		if len(list) != n || len(list) < least {
			k.fail(id, "%s: %d in %s, want %d (the same number in each language)", what, len(list), l, max(n, least))
		}
		for _, s := range list {
			if strings.TrimSpace(s) == "" {
				k.fail(id, "%s: an empty one in %s", what, l)
			}
		}
	}
}

func (k *checker) minutes(id, what string, n int) {
	if n < minMinutes || n > maxMinutes {
		k.fail(id, "%s %d: want %d to %d", what, n, minMinutes, maxMinutes)
	}
}

func (k *checker) summary(id, what string, t Text) {
	k.text(id, what, t)
	for _, l := range Languages() {
		if n := utf8.RuneCountInString(t.In(l)); n > 0 && (n < minSummary || n > maxSummary) {
			k.fail(id, "%s in %s has %d characters, want %d to %d", what, l, n, minSummary, maxSummary)
		}
	}
}

func (k *checker) subject(s *Subject) {
	k.oneOf(s.ID, "category", s.Category, categories)
	k.text(s.ID, "title", s.Title)
	k.summary(s.ID, "summary", s.Summary)
	k.text(s.ID, "overview", s.Overview)
	k.wikipedia(s.ID, s.Wikipedia)
	k.links(s.ID, s.Resources)
	k.project(s.ID, &s.Project)
	for i := range s.Concepts {
		k.concept(s, &s.Concepts[i])
	}
	k.answerSpread(s)
	k.translatedLinks(s)
}

func (k *checker) project(id string, p *Project) {
	k.text(id, "project title", p.Title)
	k.summary(id, "project summary", p.Summary)
	k.text(id, "project done_when", p.DoneWhen)
	k.texts(id, "project steps", p.Steps, 3)
	k.texts(id, "project hints", p.Hints, 1)
	k.minutes(id, "project minutes", p.Minutes)
	if len(p.Requires) == 0 {
		k.fail(id, "project requires nothing")
	}
	k.edges(id, "project requires", p.Requires)
}

func (k *checker) concept(s *Subject, c *Concept) {
	if SubjectOf(c.ID) != s.ID {
		k.fail(c.ID, "the id does not begin with %s/", s.ID)
	}
	k.text(c.ID, "title", c.Title)
	k.summary(c.ID, "summary", c.Summary)
	k.oneOf(c.ID, "level", c.Level, levels)
	k.minutes(c.ID, "minutes", c.Minutes)
	k.edges(c.ID, "requires", c.Requires)
	k.edges(c.ID, "helps", c.Helps)
	k.edges(c.ID, "part_of", []string{c.PartOf})
	k.wikipedia(c.ID, c.Wikipedia)
	k.links(c.ID, c.Resources)
	if len(c.Quiz) < minQuestions {
		k.fail(c.ID, "%d quiz questions, want at least %d", len(c.Quiz), minQuestions)
	}
	for i := range c.Quiz {
		k.question(c.ID, &c.Quiz[i])
	}
	seen := map[string]bool{}
	for i := range c.Exercises {
		if id := c.Exercises[i].ID; seen[id] || id == "" {
			k.fail(c.ID, "exercise id %q is empty or stands twice", id)
		}
		seen[c.Exercises[i].ID] = true
		k.exercise(c.ID, &c.Exercises[i])
	}
}

func (k *checker) edges(id, what string, targets []string) {
	seen := map[string]bool{id: true}
	for _, t := range targets {
		if !k.ids[t] {
			k.fail(id, "%s %q: there is no such id", what, t)
		}
		if seen[t] {
			k.fail(id, "%s %q stands twice or is the concept itself", what, t)
		}
		seen[t] = true
	}
}

func (k *checker) links(id string, links []Resource) {
	seen := map[string]bool{}
	for _, r := range links {
		u, err := url.Parse(r.URL)
		if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" {
			k.fail(id, "url %q is not a web address", r.URL)
			continue
		}
		page := PlainURL(r.URL) + "#" + u.Fragment
		if seen[page] {
			k.fail(id, "url %s stands twice", r.URL)
		}
		seen[page] = true
		k.host(id, r.URL, u.Hostname())
		k.oneOf(id, "resource type", r.Type, types)
		k.oneOf(id, "resource language", r.Language, Languages())
		if strings.TrimSpace(r.Title) == "" {
			k.fail(id, "url %s has no title", r.URL)
		}
	}
	switch {
	case len(seen) == 0:
		k.fail(id, "no link beyond Wikipedia")
	case len(seen) < wantLinks:
		k.warn(id, "only %d link beyond Wikipedia", len(seen))
	}
}

func (k *checker) host(id, address, host string) {
	host = strings.TrimPrefix(strings.ToLower(host), "www.")
	switch {
	case strings.HasSuffix(host, "wikipedia.org"):
		k.fail(id, "url %s: Wikipedia belongs in the field wikipedia", address)
	case hosts()[host] == "":
		k.fail(id, "url %s: the host %s is not in internal/catalog/hosts.txt; add it with what it is, if its pages are worth a promise", address, host)
	}
}

// translatedLinks warns, once a subject, of concepts that have nothing to read in a
// language.
func (k *checker) translatedLinks(s *Subject) {
	for _, l := range Languages()[1:] {
		without := 0
		for i := range s.Concepts {
			if !slices.ContainsFunc(s.Concepts[i].Resources, func(r Resource) bool { return r.Language == l }) {
				without++
			}
		}
		if without > 0 {
			k.warn(s.ID, "%d of %d concepts have no link in %s", without, len(s.Concepts), l)
		}
	}
}

func (k *checker) question(id string, q *Question) {
	k.text(id, "question", q.Question)
	k.text(id, "why", q.Why)
	k.texts(id, "options of "+q.Question.En, q.Options, options)
	for _, l := range Languages() {
		list := q.Options.In(l)
		if len(list) != options {
			k.fail(id, "question %q has %d options in %s, want %d", q.Question.En, len(list), l, options)
		}
		if sorted := slices.Sorted(slices.Values(list)); len(slices.Compact(sorted)) != len(list) {
			k.fail(id, "question %q has the same option twice in %s", q.Question.En, l)
		}
	}
	if q.Answer < 0 || q.Answer >= options {
		k.fail(id, "question %q: answer %d, want 0 to %d", q.Question.En, q.Answer, options-1)
	}
	for _, l := range Languages() {
		asked := l + " " + Fold(q.Question.In(l))
		if other, ok := k.questions[asked]; ok && q.Question.In(l) != "" {
			k.fail(id, "question %q stands in %s too, in %s", q.Question.In(l), other, l)
		}
		k.questions[asked] = id
	}
}

func (k *checker) exercise(id string, e *Exercise) {
	k.text(id, "exercise title", e.Title)
	k.text(id, "exercise instructions", e.Instructions)
	k.text(id, "exercise solution", e.Solution)
	k.texts(id, "exercise hints", e.Hints, 1)
	k.oneOf(id, "exercise difficulty", e.Difficulty, levels)
	k.oneOf(id, "exercise verification", e.Verification, verifications)
	switch e.Verification {
	case "text_match":
		if strings.TrimSpace(e.Answer) == "" {
			k.fail(id, "exercise %s: text_match needs an answer", e.ID)
		}
	case "multiple_choice":
		k.texts(id, "exercise options", e.Options, 2)
		if n := len(e.Options.En); n < 2 || len(e.Answer) != 1 || e.Answer[0] < '0' || int(e.Answer[0]-'0') >= n {
			k.fail(id, "exercise %s: multiple_choice needs options and an answer that is one's index", e.ID)
		}
	}
}

// answerSpread holds that a quiz cannot be passed by the place of its answers.
func (k *checker) answerSpread(s *Subject) {
	var asked []*Question
	for i := range s.Concepts {
		for j := range s.Concepts[i].Quiz {
			if q := &s.Concepts[i].Quiz[j]; q.Answer >= 0 && q.Answer < options {
				asked = append(asked, q)
			}
		}
	}
	n := len(asked)
	if n < fewest {
		return
	}
	for i := range options {
		if c := count(asked, func(q *Question) bool { return q.Answer == i }); c*100 < 15*n || c*100 > 35*n {
			k.fail(s.ID, "position %d is right in %d of %d questions, want 15-35 %%", i, c, n)
		}
	}
}

func count(questions []*Question, is func(*Question) bool) (n int) {
	for _, q := range questions {
		if is(q) {
			n++
		}
	}
	return n
}

// aliases holds that no name is claimed twice in one language.
func (k *checker) aliases(subjects []*Subject) {
	for _, l := range Languages() {
		claimed := map[string]string{}
		claim := func(id, name string) {
			f := Fold(name)
			if other, ok := claimed[f]; ok && other != id {
				k.fail(id, "%q is claimed by %s too, in %s", name, other, l)
			}
			claimed[f] = id
		}
		for _, s := range subjects {
			for _, name := range append([]string{s.Title.In(l)}, s.Aliases.In(l)...) {
				claim(s.ID, name)
			}
			for i := range s.Concepts {
				c := &s.Concepts[i]
				for _, name := range append([]string{c.Title.In(l)}, c.Aliases.In(l)...) {
					claim(c.ID, name)
				}
			}
		}
	}
}

// graph holds that requires is acyclic, and warns of edges that others imply.
func (k *checker) graph(subjects []*Subject) {
	ix, err := newIndex(indexOf(subjects))
	if err != nil {
		k.fail("catalogue", "%v", err)
		return
	}
	for _, c := range ix.Concepts() {
		for _, r := range c.Requires {
			for _, other := range c.Requires {
				if other != r && ix.Ancestors(other, nil)[r] {
					k.warn(c.ID, "requires %s, which %s already implies", r, other)
				}
			}
		}
	}
}

// belonging holds that each concept has an edge to or from another, and leads to its
// own subject through part_of.
func (k *checker) belonging(subjects []*Subject) {
	joined, partOf := map[string]bool{}, map[string]string{}
	for _, s := range subjects {
		for i := range s.Concepts {
			c := &s.Concepts[i]
			partOf[c.ID] = c.PartOf
			for _, other := range slices.Concat(c.Requires, c.Helps) {
				joined[c.ID], joined[other] = true, true
			}
		}
	}
	for _, s := range subjects {
		for i := range s.Concepts {
			id := s.Concepts[i].ID
			if !joined[id] {
				k.fail(id, "has no edge to or from another concept")
			}
			k.leadsTo(s.ID, id, partOf)
		}
	}
}

// leadsTo follows part_of from a concept. An id that is not there is told elsewhere.
func (k *checker) leadsTo(subject, id string, partOf map[string]string) {
	seen := map[string]bool{}
	at := id
	for isConcept := true; isConcept; _, isConcept = partOf[at] {
		if seen[at] {
			k.fail(id, "part_of goes round in a circle and never reaches %s", subject)
			return
		}
		seen[at] = true
		at = partOf[at]
	}
	if at != subject && k.ids[at] {
		k.fail(id, "part_of leads to %s, not to %s", at, subject)
	}
}
