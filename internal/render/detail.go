package render

import (
	"fmt"
	"strings"

	"github.com/trilha/trilha/internal/learning"
)

// detail writes all of a step; answers only by the options.
func (d *page) detail(heading string, number int, n *learning.Node) {
	if d.b.Len() > 0 {
		d.line(0)
	}
	d.line(0, fmt.Sprintf("%s %d. %s", heading, number, text(n.Title)))
	needs := ""
	if titles := d.prerequisites(n, 1000); len(titles) > 0 {
		needs = d.needs + ": " + strings.Join(titles, "; ")
	}
	if facts := joined(" · ", d.minutes(n.Minutes), d.difficulty(n.Level), d.kind(n), needs); facts != "" {
		d.line(0)
		d.line(0, facts)
	}
	d.paragraph(0, n.Description)
	d.resources(n.Resources)
	if n.Quiz != nil && len(n.Quiz.Questions) > 0 {
		d.subheading(d.quiz, n.Quiz.PassingScore)
		for i := range n.Quiz.Questions {
			d.question(i+1, &n.Quiz.Questions[i])
		}
	}
	if n.ExerciseSet != nil && len(n.ExerciseSet.Exercises) > 0 {
		d.subheading(d.exercises, n.ExerciseSet.PassingScore)
		for i := range n.ExerciseSet.Exercises {
			d.exercise(i+1, &n.ExerciseSet.Exercises[i])
		}
	}
	if len(n.Hints) > 0 {
		d.subheading(d.hints, 0)
		d.line(0)
		for _, h := range n.Hints {
			d.line(0, "- ", text(h))
		}
	}
}

// subheading is bold rather than a heading: the same under a level and alone.
func (d *page) subheading(word string, pass int) {
	s := "**" + strings.ToUpper(word[:1]) + word[1:] + "**"
	if pass > 0 {
		s += fmt.Sprintf(" (%s: %d%%)", d.pass, pass)
	}
	d.line(0)
	d.line(0, s)
}

func (d *page) resources(rs []learning.Resource) {
	if len(rs) == 0 {
		return
	}
	d.subheading(d.links, 0)
	d.line(0)
	for i := range rs {
		r := &rs[i]
		s := d.resource(r, 1000, 1000)
		for _, m := range []*int{r.Duration, r.ReadTime} {
			if m != nil && *m > 0 {
				s += ", " + d.minutes(*m)
			}
		}
		if r.Description != nil {
			s = joined(": ", s, text(*r.Description))
		}
		d.line(0, "- ", s)
	}
}

func (d *page) question(number int, q *learning.Question) {
	marker := fmt.Sprintf("%d. ", number)
	d.line(0)
	d.line(0, marker, text(q.Text))
	d.options(len(marker), q.Options)
	if d.o.Answers {
		d.line(0)
		d.line(len(marker), d.answer, ": ", joined(". ", letter(q.CorrectOptionIndex), text(q.Explanation)))
	}
}

func (d *page) options(indent int, options []string) {
	for i, o := range options {
		d.line(indent, "- ", letter(i), ") ", text(o))
	}
}

// letter names an option: a, b, ... and numbers where letters end.
func letter(i int) string {
	if i < 0 || i >= 26 {
		return fmt.Sprint(i + 1)
	}
	return string(rune('a' + i))
}

func (d *page) exercise(number int, e *learning.Exercise) {
	marker := fmt.Sprintf("%d. ", number)
	indent := len(marker)
	s := marker + "**" + text(e.Title) + "**"
	if level := d.difficulty(e.Difficulty); level != "" {
		s += " (" + level + ")"
	}
	d.line(0)
	d.line(0, s)
	if e.Description != e.Instructions {
		d.paragraph(indent, e.Description)
	}
	d.paragraph(indent, e.Instructions)
	if len(e.Options)+len(e.Hints) > 0 {
		d.line(0)
	}
	d.options(indent, e.Options)
	for _, h := range e.Hints {
		d.line(indent, "- ", d.hint, ": ", text(h))
	}
	if d.o.Answers {
		d.solved(indent, e)
	}
}

func (d *page) solved(indent int, e *learning.Exercise) {
	if e.CorrectAnswer != "" {
		answer := text(e.CorrectAnswer)
		if i := optionIndex(e); i >= 0 {
			answer = letter(i)
		}
		d.line(0)
		d.line(indent, d.answer, ": ", answer)
	}
	if e.Solution == "" {
		return
	}
	d.line(0)
	if !strings.Contains(strings.TrimSpace(e.Solution), "\n") {
		d.line(indent, d.solution, ": ", text(e.Solution))
		return
	}
	d.line(indent, d.solution, ":")
	d.line(0)
	for _, l := range fence(e.Solution) {
		d.line(indent, l)
	}
}

// optionIndex is the option that the answer means, or -1.
func optionIndex(e *learning.Exercise) int {
	var i int
	if _, err := fmt.Sscanf(e.CorrectAnswer, "%d", &i); err != nil || i < 0 || i >= len(e.Options) {
		return -1
	}
	return i
}

// paragraph writes s as one paragraph that keeps its line breaks.
func (d *page) paragraph(indent int, s string) {
	ls := lines(s)
	if len(ls) == 0 {
		return
	}
	d.line(0)
	for i, l := range ls {
		if i < len(ls)-1 {
			l += "  " // a backslash would follow one of the text's own
		}
		d.line(indent, l)
	}
}
