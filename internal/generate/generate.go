// Package generate turns a request into a learning path: it resolves the words
// of the request, chooses concepts, gives each its texts, links and exercises,
// arranges them and sets quizzes. It knows the catalogue and the domain of paths;
// it knows nothing of tasks beyond a function to report progress to.
package generate

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/learning"
)

// Generator makes paths from a catalogue. It is safe for concurrent use.
type Generator struct {
	catalog *catalog.Catalog
}

// New makes a Generator over a catalogue.
func New(c *catalog.Catalog) *Generator { return &Generator{catalog: c} }

// Report hears of progress: percent from 1 to 99, rising, and what was done, in
// the request's language.
type Report func(percent int, message string)

// pathSpace is the UUID name space of path ids (RFC 9562, version 5).
var pathSpace = uuid.MustParse("6f1c2f0e-5c0b-4a63-9d0e-2f6a9c1b7d31")

// Run makes the path of a plan. The same plan over the same catalogue gives the
// same path, byte for byte. Errors: Conflict under Strict when a bound cannot be
// met; ctx's error when it ends.
func (g *Generator) Run(ctx context.Context, p Plan, report Report) (*learning.Path, error) {
	ix, err := g.catalog.Index()
	if err != nil {
		return nil, err
	}
	b := &builder{catalog: g.catalog, ix: ix, plan: p, language: p.Request.Language, shape: p.Request.Shape(), report: report}
	steps := []func() error{b.choose, b.arrange, b.texts, b.links, b.quizzes, b.finish}
	for _, step := range steps {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("generate: %w", err)
		}
		if err := step(); err != nil {
			return nil, err
		}
	}
	return b.path, nil
}

// builder carries one run from step to step.
type builder struct {
	catalog  *catalog.Catalog
	ix       *catalog.Index
	plan     Plan
	language string
	shape    learning.Shape
	report   Report

	choice choice
	places []int // outline: the item behind each chosen id
	levels []int // of each chosen id, from 1
	path   *learning.Path
	unmet  []learning.Unmet
}

func (b *builder) say(percent int, p phrase, args ...any) {
	b.report(percent, p.in(b.language, args...))
}

func (b *builder) topicTitle() string {
	if b.plan.Topic != "" && len(b.plan.Outline) == 0 {
		return b.ix.Title(b.plan.Topic, b.language)
	}
	return b.plan.Request.Topic
}

func (b *builder) choose() error {
	b.say(5, sayResolved, b.topicTitle())
	if len(b.plan.Outline) > 0 {
		b.choice, b.places = chooseOutline(b.ix, b.plan)
	} else {
		b.choice = choose(b.ix, b.plan, b.hasExercises)
		b.shape = b.choice.shape
	}
	if len(b.choice.ids) == 0 {
		return fault.New(fault.Conflict, "nothing is left to learn of %q after what is known", b.plan.Request.Topic).
			With("Leave something out of known, or ask for another level or topic")
	}
	b.say(20, sayChosen, len(b.choice.ids)+1)
	return nil
}

// hasExercises says whether a concept has exercises; one that cannot be read has
// none, and is told of when its texts are.
func (b *builder) hasExercises(id string) bool {
	c, err := b.catalog.Concept(id)
	return err == nil && len(c.Exercises) > 0
}

func (b *builder) arrange() error {
	if len(b.plan.Outline) > 0 {
		if err := b.growForOutline(); err != nil {
			return err
		}
	}
	var practice []int
	for i, id := range b.choice.ids {
		if b.choice.practice[id] != nil {
			practice = append(practice, i)
		}
	}
	b.levels = learning.Arrange(b.choice.order, b.shape, practice...)
	if b.levels == nil {
		return fmt.Errorf("arrange %q: %d chosen steps do not fit %+v", b.plan.Request.Topic, len(b.choice.ids), b.shape)
	}
	if target := slices.Index(b.choice.ids, b.plan.Topic); target >= 0 && len(b.plan.Outline) == 0 {
		learning.Postpone(b.choice.order, b.levels, b.shape, target) // the path leads to it
	}
	if err := b.measure(); err != nil {
		return err
	}
	b.say(35, sayArranged, b.height())
	return nil
}

// growForOutline lets default bounds yield to an outline, which is taken whole.
func (b *builder) growForOutline() error {
	b.shape.Nodes = max(b.plan.Request.NumNodes, len(b.choice.ids)+1)
	r := b.plan.Request
	r.NumNodes = b.shape.Nodes
	b.shape = r.Shape()
	need := 1 + learning.FewestLevels(b.choice.order, b.shape.MaxWidth)
	if r.MaxHeight == 0 {
		b.shape.MaxHeight = max(b.shape.MaxHeight, need)
	}
	if need > b.shape.MaxHeight {
		return fault.InField("max_height", "the outline's order needs %d levels, the overview included", need).
			With("Raise max_height to %d, leave it out, or loosen the outline's requirements", need)
	}
	return nil
}

func (b *builder) height() int { return 1 + maxOf(b.levels) }

// measure compares the arrangement with the bounds. What is not met is kept for
// the metadata; under Strict it is an error that names what can hold.
func (b *builder) measure() error {
	counts := make([]int, b.height())
	for _, l := range b.levels {
		counts[l]++
	}
	nodes := len(b.choice.ids) + 1
	why := whyFewer
	if b.plan.Request.MaxHeight > 0 || b.plan.Request.MaxWidth > 0 {
		why = whyBounded
	}
	b.below("num_nodes", b.shape.Nodes, nodes, why)
	own := len(b.plan.Outline) > 0 // defaults yield to it
	if !own || b.plan.Request.MinWidth > 0 {
		b.below("min_width", b.shape.MinWidth, counts[1], whyNarrow)
	}
	if !own || b.plan.Request.MinHeight > 0 {
		b.below("min_height", b.shape.MinHeight, b.height(), whyFlat)
	}
	return b.strict()
}

// strict makes an error of what is not met so far, where that was asked for. A
// default that nobody gave is told and fails nothing.
func (b *builder) strict() error {
	var faults, remedies []string
	for _, u := range b.unmet {
		if !b.plan.Request.Strict || !b.plan.Request.Given(u.Bound) {
			continue
		}
		faults = append(faults, fmt.Sprintf("%s of %d cannot be met, %d can: %s", u.Bound, u.Asked, u.Got, u.Why))
		remedies = append(remedies, fmt.Sprintf("%s %d", u.Bound, u.Got))
	}
	if len(faults) == 0 {
		return nil
	}
	return fault.New(fault.Conflict, "strict: %s", strings.Join(faults, "; ")).
		With("Ask with %s, or without strict", strings.Join(remedies, " and "))
}

func (b *builder) below(bound string, asked, got int, why phrase) {
	if got < asked {
		b.unmet = append(b.unmet, learning.Unmet{Bound: bound, Asked: asked, Got: got, Why: why.in(b.language)})
	}
}

// finish fills in what is derived from the nodes and validates the path.
func (b *builder) finish() error {
	minutes := 0
	for i := range b.path.Nodes {
		minutes += b.path.Nodes[i].Minutes
	}
	hours := int(math.Ceil(float64(minutes) / 60))
	b.path.TotalHours = hours
	counts := make([]int, b.height())
	counts[0] = 1
	for _, l := range b.levels {
		counts[l]++
	}
	source := "catalogue"
	if len(b.plan.Outline) > 0 {
		source = "outline"
	}
	b.path.Metadata = learning.Metadata{
		Difficulty: b.difficulty(), EstimatedHours: hours, Tags: b.path.Tags,
		Height: b.height(), Width: maxOf(counts), Source: source,
		Assumes: b.assumptions(), Unmet: b.unmet, NotKnown: b.plan.Missed,
	}
	if h := b.plan.Request.HoursPerWeek; h > 0 {
		b.path.Metadata.Weeks = int(math.Ceil(float64(minutes) / 60 / h))
	}
	if err := b.path.Validate(); err != nil {
		return fmt.Errorf("generate %q: %w", b.plan.Request.Topic, err)
	}
	b.say(95, sayChecked)
	return nil
}

// difficulty is what was asked for, or else the level most steps have.
func (b *builder) difficulty() string {
	if b.plan.Request.Level != "" {
		return b.plan.Request.Level
	}
	counts := map[string]int{}
	for i := range b.path.Nodes {
		counts[b.path.Nodes[i].Level]++
	}
	best := "beginner"
	for _, l := range []string{"intermediate", "advanced"} {
		if counts[l] > counts[best] {
			best = l
		}
	}
	return best
}

func (b *builder) assumptions() []learning.Assumption {
	var out []learning.Assumption
	for _, id := range b.choice.assumes {
		c, err := b.catalog.Concept(id)
		if err != nil {
			continue // the checks hold that every edge leads to a concept
		}
		title := c.Title.In(b.language)
		page := b.asResources(id, title, c.Resources, c.Wikipedia)[0] // the checks hold that there is one
		out = append(out, learning.Assumption{ID: id, Title: title, Where: assumedAt.in(b.language, title, page.Title), URL: page.URL})
	}
	return out
}

// pathID is the same for the same request over the same catalogue.
func (b *builder) pathID() string {
	request, _ := json.Marshal(b.plan)
	chosen, _ := json.Marshal(b.choice.ids)
	return uuid.NewSHA1(pathSpace, append(request, chosen...)).String()
}

func maxOf(list []int) int {
	m := 0
	for _, v := range list {
		m = max(m, v)
	}
	return m
}
