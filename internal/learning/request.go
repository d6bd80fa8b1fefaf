package learning

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/trilha/trilha/internal/fault"
)

// Request is what a learner, or an assistant for them, asks for. A zero bound
// was not given and takes its default; Normalize fills and checks it.
type Request struct {
	Topic        string        `json:"topic"`
	NumNodes     int           `json:"num_nodes,omitempty"`
	MaxResources int           `json:"max_resources,omitempty"`
	MinWidth     int           `json:"min_width,omitempty"`
	MaxWidth     int           `json:"max_width,omitempty"`
	MinHeight    int           `json:"min_height,omitempty"`
	MaxHeight    int           `json:"max_height,omitempty"`
	Language     string        `json:"language,omitempty"`
	Category     string        `json:"category,omitempty"`
	Level        string        `json:"level,omitempty"`
	Known        []string      `json:"known,omitempty"`
	Outline      []OutlineItem `json:"outline,omitempty"`
	HoursPerWeek float64       `json:"hours_per_week,omitempty"`
	Strict       bool          `json:"strict,omitempty"`
	Lenient      bool          `json:"lenient,omitempty"` // bounds that no path could meet together are told as unmet, not refused
	Sources      string        `json:"sources,omitempty"`
}

// OutlineItem is one step of a caller's own outline. Requires names other items
// by title.
type OutlineItem struct {
	Title    string   `json:"title"`
	Requires []string `json:"requires,omitempty"`
}

// Bound is a numeric field of a request: its range and default.
type Bound struct {
	Name              string
	Min, Max, Default int
	About             string
	value             func(*Request) *int
}

// Bounds lists the numeric fields; schemas, checks and docs read this table. A
// Default of 0 means that it depends on the rest of the request.
func Bounds() []Bound {
	return []Bound{
		{"num_nodes", 3, 100, 15, "steps in the path, overview and project included", func(r *Request) *int { return &r.NumNodes }},
		{"max_resources", 5, 300, 0, "links in the whole path; default three a step", func(r *Request) *int { return &r.MaxResources }},
		{"min_width", 1, 30, 3, "first steps (level 1), at least", func(r *Request) *int { return &r.MinWidth }},
		{"max_width", 1, 100, 5, "steps on one level, at most", func(r *Request) *int { return &r.MaxWidth }},
		{"min_height", 2, 30, 3, "levels, at least", func(r *Request) *int { return &r.MinHeight }},
		{"max_height", 2, 100, 7, "levels, at most", func(r *Request) *int { return &r.MaxHeight }},
	}
}

// Given says whether the request itself set a bound, by its name in Bounds.
func (r Request) Given(bound string) bool {
	for _, b := range Bounds() {
		if b.Name == bound {
			return *b.value(&r) != 0
		}
	}
	return false
}

// With is the request with a bound, by its name in Bounds, set to value.
func (r Request) With(bound string, value int) Request {
	for _, b := range Bounds() {
		if b.Name == bound {
			*b.value(&r) = value
		}
	}
	return r
}

// The words a request may use.
var (
	languages = []string{"en", "pt", "es"}
	levels    = []string{"beginner", "intermediate", "advanced"}
	sources   = []string{"auto", "offline", "live"}
)

// Levels lists the levels a learner may have.
func Levels() []string { return slices.Clone(levels) }

// Bounds of a request's texts.
const (
	MaxTopic   = 200
	MaxKnown   = 50
	MaxOutline = 99
	maxTitle   = 200
)

// Normalize checks r and gives it with its texts cleaned and its language and
// sources filled in. Bounds stay as given: see Shape. Errors are Invalid and
// name the field.
func (r Request) Normalize() (Request, error) {
	topic, err := clean("topic", r.Topic, MaxTopic)
	if err != nil {
		return r, err
	}
	r.Topic = topic
	r.Language = cmp.Or(r.Language, "en")
	r.Sources = cmp.Or(r.Sources, "auto")
	if err := r.checkWords(); err != nil {
		return r, err
	}
	if err := r.checkBounds(); err != nil {
		return r, err
	}
	if err := r.checkRoom(); err != nil && !r.Lenient {
		return r, err
	} else if err == nil {
		r.Lenient = false // it makes no difference, and the same request is to be the same
	}
	if !(r.HoursPerWeek >= 0 && r.HoursPerWeek <= 100) { // so that NaN is refused too
		return r, fault.InField("hours_per_week", "%g is out of range", r.HoursPerWeek).With("Give the hours a week the learner has, above 0 and at most 100, for example 5")
	}
	if r.Known, err = cleanAll("known", r.Known, MaxKnown); err != nil {
		return r, err
	}
	return r.normalizeOutline()
}

func (r Request) checkWords() error {
	for _, w := range []struct {
		field, value string
		allowed      []string
	}{
		{"language", r.Language, languages},
		{"level", cmp.Or(r.Level, levels[0]), levels}, // none given is no level, and right
		{"sources", r.Sources, sources},
	} {
		if !slices.Contains(w.allowed, w.value) {
			return fault.InField(w.field, "%q is not known", trim(w.value, 40)).With("Use one of %s", strings.Join(w.allowed, ", "))
		}
	}
	if r.Sources == "live" {
		return fault.InField("sources", "live sources are not built yet").With("Leave it out, or use auto or offline: paths come from the built-in concept graph")
	}
	return nil
}

// ErrNoRoom is behind the fault of a request whose bounds, each within its range, no
// path can meet together.
var ErrNoRoom = errors.New("no path can meet these bounds")

func (r Request) checkBounds() error {
	for _, b := range Bounds() {
		v := *b.value(&r)
		if v != 0 && (v < b.Min || v > b.Max) {
			return fault.InField(b.Name, "%d is out of range", v).With("Give a whole number from %d to %d", b.Min, b.Max)
		}
	}
	for _, p := range []struct {
		name   string
		lo, hi int
	}{{"width", r.MinWidth, r.MaxWidth}, {"height", r.MinHeight, r.MaxHeight}} {
		if p.lo > 0 && p.hi > 0 && p.lo > p.hi {
			return fault.InField("min_"+p.name, "%d is above max_%s %d", p.lo, p.name, p.hi).With("Lower min_%s or raise max_%s", p.name, p.name)
		}
	}
	return nil
}

// checkRoom refuses a number of nodes that the other bounds do not admit.
func (r Request) checkRoom() error {
	if r.NumNodes > 0 && r.MaxWidth > 0 && r.MaxHeight > 0 {
		if room := 1 + r.MaxWidth*(r.MaxHeight-1); room < r.NumNodes {
			e := fault.InField("num_nodes", "%d steps do not fit: %d levels of at most %d steps, with one overview on top, hold %d", r.NumNodes, r.MaxHeight, r.MaxWidth, room).Because(ErrNoRoom)
			if room < Bounds()[0].Min {
				return e.With("Raise max_width or max_height, for example to max_width 2")
			}
			return e.With("Ask for at most %d steps, or raise max_width or max_height", room)
		}
	}
	if r.NumNodes > 0 { // whatever is not given: a path has at least one first step, hence two levels
		width, height := max(r.MinWidth, 1), max(r.MinHeight, 2)
		if least := width + height - 1; least > r.NumNodes {
			return fault.InField("num_nodes", "%d steps cannot have %d levels and %d first steps", r.NumNodes, height, width).
				With("Ask for at least %d steps, or lower min_width or min_height", least).Because(ErrNoRoom)
		}
	}
	return nil
}

func (r Request) normalizeOutline() (Request, error) {
	if len(r.Outline) > MaxOutline {
		return r, fault.InField("outline", "%d items are too many", len(r.Outline)).With("Give at most %d", MaxOutline)
	}
	if len(r.Outline) == 1 {
		return r, fault.InField("outline", "one item makes no path").With("Give at least 2 items, for example [{\"title\":\"Vectors\"},{\"title\":\"Matrices\",\"requires\":[\"Vectors\"]}]")
	}
	items := make([]OutlineItem, len(r.Outline))
	for i, it := range r.Outline {
		title, err := clean("outline", it.Title, maxTitle)
		if err != nil {
			return r, err
		}
		needs, err := cleanAll("outline", it.Requires, MaxOutline)
		if err != nil {
			return r, err
		}
		items[i] = OutlineItem{Title: title, Requires: needs}
	}
	if len(items) > 0 {
		r.Outline = items
	}
	return r, nil
}

// Canonical is the same for two requests that ask for the same path.
func (r Request) Canonical() string {
	r.Known = slices.Sorted(slices.Values(r.Known))
	b, err := json.Marshal(r)
	if err != nil { // strings and numbers: cannot be
		return ""
	}
	return string(b)
}

// Shape is what the bounds of a request come to.
type Shape struct {
	Nodes, MinWidth, MaxWidth, MinHeight, MaxHeight int
}

// Shape fills in the defaults. A default yields to what was given: a given
// number of nodes widens and heightens what was not given, and shrinks default
// minimums.
func (r Request) Shape() Shape {
	s := Shape{Nodes: r.NumNodes, MinWidth: r.MinWidth, MaxWidth: r.MaxWidth, MinHeight: r.MinHeight, MaxHeight: r.MaxHeight}
	s.fillMaxima()
	s.fillMinima()
	if r.Lenient {
		s.settle()
	}
	return s
}

// settle brings bounds that no path could meet together to those that one can: the
// maxima hold, then the least height, and the first level has what is left.
func (s *Shape) settle() {
	s.Nodes = min(s.Nodes, 1+s.MaxWidth*(s.MaxHeight-1))
	s.MinHeight = max(2, min(s.MinHeight, s.MaxHeight, s.Nodes))
	s.MinWidth = max(1, min(s.MinWidth, s.MaxWidth, s.Nodes-s.MinHeight+1))
}

func (s *Shape) fillMaxima() {
	givenNodes, givenWidth, givenHeight := s.Nodes > 0, s.MaxWidth > 0, s.MaxHeight > 0
	s.Nodes = cmp.Or(s.Nodes, 15)
	s.MaxWidth = cmp.Or(s.MaxWidth, max(5, s.MinWidth))
	s.MaxHeight = cmp.Or(s.MaxHeight, max(7, s.MinHeight))
	if !givenNodes {
		s.Nodes = max(min(s.Nodes, 1+s.MaxWidth*(s.MaxHeight-1)), max(s.MinWidth, 1)+max(s.MinHeight, 2)-1)
		return
	}
	// Grow what may grow, height and width in turn, until the nodes fit.
	for 1+s.MaxWidth*(s.MaxHeight-1) < s.Nodes && !(givenWidth && givenHeight) {
		if !givenHeight && (givenWidth || s.MaxHeight <= s.MaxWidth+4) {
			s.MaxHeight++
		} else {
			s.MaxWidth++
		}
	}
}

func (s *Shape) fillMinima() {
	if s.MinHeight == 0 {
		s.MinHeight = max(2, min(3, s.MaxHeight, s.Nodes-max(s.MinWidth, 1)+1))
	}
	if s.MinWidth == 0 {
		s.MinWidth = max(1, min(3, s.MaxWidth, s.Nodes-s.MinHeight+1))
	}
}

// clean makes a text safe to show and to keep: valid UTF-8, no control or
// formatting characters, single spaces, within limit characters.
func clean(field, s string, limit int) (string, error) {
	if utf8.RuneCountInString(s) > limit {
		return "", fault.InField(field, "longer than %d characters", limit).With("Shorten it")
	}
	s = strings.Join(strings.Fields(Printable(s)), " ")
	if s == "" {
		return "", fault.InField(field, "empty").With("Give it in words, for example \"linear algebra\"")
	}
	return s, nil
}

func cleanAll(field string, list []string, limit int) ([]string, error) {
	if len(list) > limit {
		return nil, fault.InField(field, "%d items are too many", len(list)).With("Give at most %d", limit)
	}
	var out []string
	for _, s := range list {
		c, err := clean(field, s, maxTitle)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

// Printable takes out invalid bytes, control characters and invisible
// formatting characters (which can hide text or turn its direction).
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == utf8.RuneError:
			return -1
		case unicode.IsSpace(r):
			return ' '
		case unicode.Is(unicode.Cc, r), unicode.Is(unicode.Cf, r), unicode.Is(unicode.Co, r):
			return -1
		}
		return r
	}, s)
}

func trim(s string, n int) string {
	if r := []rune(Printable(s)); len(r) > n {
		return string(r[:n]) + "…"
	}
	return Printable(s)
}
