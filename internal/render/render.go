// Package render writes learning paths as text: Markdown for people and for
// assistants, a Mermaid drawing, and a summary of a few lines. Pure functions;
// the texts of a path may come from anywhere, so all of them are escaped, and
// answers are written only when asked for. What a terminal makes of the Markdown
// is in package terminal; JSON is the path's own (package learning).
package render

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/trilha/trilha/internal/learning"
)

// Options says how much of a path Markdown writes. The zero value is compact.
type Options struct {
	Detailed bool   // all links, descriptions, quizzes and exercises
	Answers  bool   // the quiz answers and solutions too, where quizzes and exercises are written
	Section  string // only this step, in detail: its id, or its number as written
}

// allowance is what a compact step may take.
type allowance struct {
	links, title, where, needs int
}

// allowances are tried in turn until the path is within its budget.
var allowances = []allowance{
	{links: 2, title: 100, where: 60, needs: 8},
	{links: 2, title: 80, where: 30, needs: 6},
	{links: 2, title: 60, where: 0, needs: 4},
	{links: 1, title: 80, where: 60, needs: 4},
	{links: 1, title: 50, where: 20, needs: 4},
	{links: 0, title: 50, where: 0, needs: 3},
}

// Sizes of the compact form, in bytes and characters.
const (
	budgetPerStep = 464 // 15 steps: about 2,000 tokens
	leastBudget   = 3000
	shortText     = 240
	compactItems  = 8 // assumptions and the like
)

// Markdown writes p. The compact form keeps to about 460 bytes a step, if need
// be with fewer links. An unknown Section gives the empty string.
func Markdown(p *learning.Path, o Options) string {
	switch {
	case o.Section != "":
		return section(p, o)
	case o.Detailed:
		d := newPage(p, o)
		d.path(allowance{title: 1000, needs: 1000})
		return d.b.String()
	}
	budget := max(leastBudget, budgetPerStep*len(p.Nodes))
	for _, a := range allowances {
		d := newPage(p, o)
		d.path(a)
		if d.b.Len() <= budget || a.links == 0 {
			return d.b.String()
		}
	}
	return ""
}

func section(p *learning.Path, o Options) string {
	d := newPage(p, o)
	at := slices.IndexFunc(d.order, func(i int) bool { return p.Nodes[i].ID == o.Section })
	if at < 0 {
		number, err := strconv.Atoi(o.Section)
		if err != nil || number < 1 || number > len(d.order) {
			return ""
		}
		at = number - 1
	}
	d.detail("##", at+1, &p.Nodes[d.order[at]])
	return d.b.String()
}

// Summary says in at most six lines what p is: for the result of a tool call.
func Summary(p *learning.Path) string {
	d := newPage(p, Options{})
	out := []string{"**" + short(p.Title, 100) + "**: " + d.facts()}
	add := func(name string, items []string) {
		if len(items) > 0 {
			out = append(out, name+": "+strings.Join(some(items, 5), "; "))
		}
	}
	var first, last []string
	for _, i := range d.order {
		n := &p.Nodes[i]
		switch {
		case n.Type == learning.ProjectOf:
			last = append(last, short(n.Title, 80))
		case n.VisualPosition.Level == 1:
			first = append(first, short(n.Title, 80))
		}
	}
	add(d.startsWith, first)
	add(d.endsWith, last)
	assumes, _ := assumed(p)
	add(d.assumes, mapped(assumes, func(a learning.Assumption) string { return short(a.Title, 80) }))
	add(d.unmet, mapped(p.Metadata.Unmet, d.bound))
	add(d.notKnown, mapped(p.Metadata.NotKnown, func(s string) string { return short(s, 80) }))
	return strings.Join(out, "\n") + "\n"
}

// page is a text being written.
type page struct {
	vocabulary
	b     strings.Builder
	p     *learning.Path
	o     Options
	order []int // the nodes as they are numbered: by level
	at    map[string]int
}

func newPage(p *learning.Path, o Options) *page {
	d := &page{vocabulary: wordsOf(p.Language), p: p, o: o, at: make(map[string]int, len(p.Nodes))}
	for i := range p.Nodes {
		d.order = append(d.order, i)
		d.at[p.Nodes[i].ID] = i
	}
	slices.SortStableFunc(d.order, func(a, b int) int {
		return cmp.Compare(p.Nodes[a].VisualPosition.Level, p.Nodes[b].VisualPosition.Level)
	})
	return d
}

// line writes s; with no s an empty line.
func (d *page) line(indent int, s ...string) {
	if t := strings.Join(s, ""); t != "" {
		d.b.WriteString(strings.Repeat(" ", indent) + t)
	}
	d.b.WriteByte('\n')
}

// path writes the whole path, each step within a.
func (d *page) path(a allowance) {
	d.line(0, "# ", short(d.p.Title, a.title))
	d.line(0)
	d.line(0, d.facts())
	if d.o.Detailed {
		d.paragraph(0, d.p.Description)
	} else if s := short(d.p.Description, shortText); s != "" {
		d.line(0)
		d.line(0, s)
	}
	level := -1
	for at, i := range d.order {
		n := &d.p.Nodes[i]
		if l := n.VisualPosition.Level; at == 0 || l != level {
			level = l
			d.levelStart(level)
		}
		if d.o.Detailed {
			d.detail("###", at+1, n)
		} else {
			d.step(at+1, n, a)
		}
	}
	d.remarks()
}

func (d *page) levelStart(level int) {
	heading := fmt.Sprintf("## %s %d", d.levelHeading, level)
	if level == 0 {
		heading += ": " + d.overview
	}
	d.line(0)
	d.line(0, heading)
	if !d.o.Detailed {
		d.line(0)
	}
}

func (d *page) facts() string {
	m := d.p.Metadata
	var out []string
	for _, f := range []struct {
		n    int
		word plural
	}{{len(d.p.Nodes), d.vocabulary.step}, {m.Height, d.level}, {d.p.TotalHours, d.hour}, {m.Weeks, d.week}} {
		if f.n > 0 {
			out = append(out, fmt.Sprintf("%d %s", f.n, f.word.of(f.n)))
		}
	}
	return joined(" · ", append(out, d.language(d.p.Language), d.difficulty(m.Difficulty))...)
}

// step writes a step in the compact form.
func (d *page) step(number int, n *learning.Node, a allowance) {
	marker := fmt.Sprintf("%d. ", number)
	links := n.Resources[:min(len(n.Resources), a.links)]
	marks := d.marks(n)
	if left := len(n.Resources) - len(links); left > 0 {
		marks = append(marks, fmt.Sprintf("+%d %s", left, d.link.of(left)))
	}
	s := marker + "**" + short(n.Title, a.title) + "**"
	if m := joined(", ", append([]string{d.minutes(n.Minutes), d.kind(n)}, marks...)...); m != "" {
		s += " (" + m + ")"
	}
	if needs := d.prerequisites(n, a.title); len(needs) > 0 {
		s += " · " + d.needs + ": " + strings.Join(some(needs, a.needs), "; ")
	}
	d.line(0, s)
	for i := range links {
		d.line(len(marker), "- ", d.resource(&links[i], a.title, a.where))
	}
}

// marks says how many questions and exercises a step has.
func (d *page) marks(n *learning.Node) []string {
	var out []string
	if n.Quiz != nil && len(n.Quiz.Questions) > 0 {
		out = append(out, fmt.Sprintf("%s %d", d.quiz, len(n.Quiz.Questions)))
	}
	if n.ExerciseSet != nil && len(n.ExerciseSet.Exercises) > 0 {
		out = append(out, fmt.Sprintf("%s %d", d.exercises, len(n.ExerciseSet.Exercises)))
	}
	return out
}

func (d *page) minutes(n int) string {
	if n <= 0 {
		return ""
	}
	return fmt.Sprintf("%d min", n)
}

func (d *page) kind(n *learning.Node) string {
	if n.Type == learning.ProjectOf {
		return d.project
	}
	return ""
}

// prerequisites are titles; the root, which everything follows, is left out.
func (d *page) prerequisites(n *learning.Node, limit int) []string {
	var out []string
	for _, id := range n.Prerequisites {
		if i, ok := d.at[id]; ok && id != d.p.RootNodeID {
			out = append(out, short(d.p.Nodes[i].Title, limit))
		}
	}
	return out
}

// resource writes a link with its type, its language when it is not the path's,
// and the part of it that is meant.
func (d *page) resource(r *learning.Resource, title, where int) string {
	s := linked(short(r.Title, title), r.URL)
	language := r.Metadata["language"]
	if language == d.p.Language {
		language = ""
	}
	place := ""
	if where > 0 {
		place = short(r.Metadata["where"], where)
	}
	return joined(" ", s, joined(", ", text(r.Type), text(language), place))
}

// linked makes escaped text a link where the address is one that may be shown.
func linked(s, url string) string {
	u, ok := address(url)
	if !ok {
		return s
	}
	if s == "" {
		s = text(u)
	}
	return "[" + s + "](" + u + ")"
}

// remarks writes what the path assumes and does not meet.
func (d *page) remarks() {
	m := d.p.Metadata
	direct, indirect := assumed(d.p)
	assumes := mapped(direct, func(a learning.Assumption) string {
		return joined(": ", linked(short(a.Title, 100), a.URL), short(a.Where, shortText))
	})
	if len(indirect) > 0 {
		titles := mapped(indirect, func(a learning.Assumption) string { return short(a.Title, 100) })
		if !d.o.Detailed {
			titles = some(titles, compactItems)
		}
		assumes = append(assumes, d.behind+": "+strings.Join(titles, ", "))
	}
	d.list(d.assumes, assumes)
	d.list(d.unmet, mapped(m.Unmet, func(u learning.Unmet) string {
		return joined(". ", d.bound(u), short(u.Why, shortText))
	}))
	d.list(d.notKnown, mapped(m.NotKnown, func(s string) string { return short(s, 100) }))
}

// assumed parts what a path assumes into what its steps need and what only that
// needs in turn.
func assumed(p *learning.Path) (direct, indirect []learning.Assumption) {
	for _, a := range p.Metadata.Assumes {
		if a.Indirect {
			indirect = append(indirect, a)
		} else {
			direct = append(direct, a)
		}
	}
	return direct, indirect
}

func (d *page) bound(u learning.Unmet) string {
	return fmt.Sprintf("%s (%s %d, %s %d)", short(u.Bound, 60), d.asked, u.Asked, d.got, u.Got)
}

func (d *page) list(heading string, items []string) {
	if len(items) == 0 {
		return
	}
	if !d.o.Detailed {
		items = some(items, compactItems)
	}
	d.line(0)
	d.line(0, "## ", heading)
	d.line(0)
	for _, s := range items {
		d.line(0, "- ", s)
	}
}

// some keeps the first n of items and says how many are left out.
func some(items []string, n int) []string {
	if len(items) <= n {
		return items
	}
	return append(slices.Clone(items[:n]), fmt.Sprintf("… (+%d)", len(items)-n))
}

// joined joins what is not empty.
func joined(sep string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(parts), func(s string) bool { return s == "" }), sep)
}

func mapped[T any](in []T, f func(T) string) []string {
	out := make([]string, 0, len(in))
	for _, v := range in {
		out = append(out, f(v))
	}
	return out
}
