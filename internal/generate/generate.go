// Package generate turns a request into a learning path: it resolves the words
// of the request, chooses concepts, gives each its texts, links and exercises,
// arranges them and sets quizzes. It knows the catalogue and the domain of paths;
// it knows nothing of tasks beyond a function to report progress to.
package generate

import (
	"context"
	"encoding/json"
	"errors"
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
	watch   Watcher // nil: nobody
}

// New makes a Generator over a catalogue.
func New(c *catalog.Catalog) *Generator { return &Generator{catalog: c} }

// Watcher is told when a step begins, and gives the context for it and whom to tell
// how it ended.
type Watcher func(ctx context.Context, step string) (context.Context, func(error))

// Watch has every step of Resume told to w. It is called before the first.
func (g *Generator) Watch(w Watcher) { g.watch = w }

// stepNames are the steps in their order, as a Watcher knows them.
var stepNames = []string{"outline", "texts", "resources", "quizzes", "finish"}

// Steps lists the steps that a Watcher is told of, in their order.
func Steps() []string { return slices.Clone(stepNames) }

// Report hears of progress: percent from 1 to 99, rising, and what was done, in
// the request's language.
type Report func(percent int, message string)

// pathSpace is the UUID name space of path ids (RFC 9562, version 5).
var pathSpace = uuid.MustParse("6f1c2f0e-5c0b-4a63-9d0e-2f6a9c1b7d31")

// Run makes the path of a plan. The same plan over the same catalogue gives the
// same path, byte for byte. Errors: Conflict under Strict when a bound cannot be
// met, or when nothing is left to learn; ctx's error when it ends.
func (g *Generator) Run(ctx context.Context, p Plan, report Report) (*learning.Path, error) {
	return g.Resume(ctx, p, report, nil)
}

// Resume is Run in steps that are kept, so that a run that was interrupted goes on
// after the last step that it finished. Nothing is kept where keep is nil.
func (g *Generator) Resume(ctx context.Context, p Plan, report Report, keep Step) (*learning.Path, error) {
	b, err := g.build(ctx, p, report, keep, g.watch)
	if err != nil {
		return nil, err
	}
	if err := g.strict(ctx, b); err != nil {
		return nil, err
	}
	b.say(95, sayChecked)
	return b.path, nil
}

// rehearse makes the path of a plan that could fail, so that this is told before
// there is a task.
func (g *Generator) rehearse(p Plan) error {
	r := p.Request
	if !r.Strict && len(r.Known) == 0 && !(len(r.Outline) > 0 && r.Given("max_height")) {
		return nil
	}
	b, err := g.build(context.Background(), p, silently, nil, nil)
	if err != nil {
		return err
	}
	return g.strict(context.Background(), b)
}

func silently(int, string) {}

// build makes the path of a plan, whatever it does not meet.
func (g *Generator) build(ctx context.Context, p Plan, report Report, keep Step, watch Watcher) (*builder, error) {
	ix, err := g.catalog.Index()
	if err != nil {
		return nil, err
	}
	b := &builder{catalog: g.catalog, ix: ix, plan: p, language: p.Request.Language, shape: p.Request.Shape(), report: report, keep: keep}
	for i, stage := range []func(context.Context) error{b.outline, b.always(b.texts), b.resources, b.quizzed, b.always(b.finish)} {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("generate: %w", err)
		}
		if err := watched(ctx, watch, stepNames[i], stage); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// watched carries out a step and tells of it.
func watched(ctx context.Context, w Watcher, name string, stage func(context.Context) error) error {
	if w == nil {
		return stage(ctx)
	}
	ctx, ended := w(ctx, name)
	err := errPanicked
	defer func() { ended(err) }()
	err = stage(ctx)
	return err
}

var errPanicked = errors.New("the step panicked")

// strict makes an error of the given bounds that b does not meet, where that was
// asked for, and names the nearest that can hold: those of the path as it came out,
// tried, since one bound's being met can cost another. A default that nobody gave is
// told and fails nothing.
func (g *Generator) strict(ctx context.Context, b *builder) error {
	unmet := b.unmetGiven()
	if !b.plan.Request.Strict || len(unmet) == 0 {
		return nil
	}
	var faults []string
	for _, u := range unmet {
		faults = append(faults, fmt.Sprintf("%s of %d cannot be met: %s", u.Bound, u.Asked, u.Why))
	}
	nearest := map[string]int{}
	near := b
	for tries := 0; len(unmet) > 0 && tries < 10; tries++ {
		p := near.plan
		for _, u := range unmet {
			nearest[u.Bound] = near.nearest(u)
			p.Request = p.Request.With(u.Bound, nearest[u.Bound])
		}
		var err error
		if near, err = g.build(ctx, p, silently, nil, nil); err != nil {
			return err
		}
		unmet = near.unmetGiven()
	}
	return fault.New(fault.Conflict, "strict: %s", strings.Join(faults, "; ")).With("%s", remedy(nearest))
}

// remedy names the nearest bounds that can hold. One that may not even be asked for
// (a path of two steps) is none.
func remedy(nearest map[string]int) string {
	var with []string
	for _, bound := range learning.Bounds() {
		v, ok := nearest[bound.Name]
		if ok && v < bound.Min {
			return "Ask without strict, or for another topic"
		}
		if ok {
			with = append(with, fmt.Sprintf("%s %d", bound.Name, v))
		}
	}
	return fmt.Sprintf("Ask with %s, or without strict", strings.Join(with, " and "))
}

// unmetGiven lists the bounds that the request gave and the path does not meet.
func (b *builder) unmetGiven() []learning.Unmet {
	return slices.DeleteFunc(slices.Clone(b.unmet), func(u learning.Unmet) bool { return !b.plan.Request.Given(u.Bound) })
}

// nearest is the value nearest to what was asked that this path meets.
func (b *builder) nearest(u learning.Unmet) int {
	if u.Bound == maxResources {
		return b.withLinks
	}
	return u.Got
}

// builder carries one run from step to step.
type builder struct {
	catalog  *catalog.Catalog
	ix       *catalog.Index
	plan     Plan
	language string
	shape    learning.Shape
	report   Report
	keep     Step // may be nil

	choice choice
	places []int // outline: the item behind each chosen id
	levels []int // of each chosen id, from 1
	path   *learning.Path
	unmet  []learning.Unmet

	withLinks int // steps that have links to offer
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
	b.levels = learning.Arrange(b.choice.order, b.shape, learning.Wishes{After: b.choice.helps, Soon: practice})
	if b.levels == nil {
		return fmt.Errorf("arrange: %d chosen steps do not fit %+v", len(b.choice.ids), b.shape)
	}
	if target := slices.Index(b.choice.ids, b.plan.Topic); target >= 0 && len(b.plan.Outline) == 0 {
		learning.Postpone(b.choice.order, b.levels, b.shape, target) // the path leads to it
	}
	b.measure()
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

// measure compares the arrangement with the bounds and notes what is not met.
func (b *builder) measure() {
	counts := make([]int, b.height())
	for _, l := range b.levels {
		counts[l]++
	}
	nodes := len(b.choice.ids) + 1
	why := whyFewer
	if b.plan.Request.MaxHeight > 0 || b.plan.Request.MaxWidth > 0 {
		why = whyBounded
	}
	asked := b.plan.Request // of a lenient one the shape may hold less
	b.below("num_nodes", max(b.shape.Nodes, asked.NumNodes), nodes, why)
	own := len(b.plan.Outline) > 0 // defaults yield to it
	if !own || b.plan.Request.MinWidth > 0 {
		b.below("min_width", max(b.shape.MinWidth, asked.MinWidth), counts[1], b.whyLess(asked.MinWidth > b.shape.MinWidth, whyNarrow))
	}
	if !own || b.plan.Request.MinHeight > 0 {
		b.below("min_height", max(b.shape.MinHeight, asked.MinHeight), b.height(), b.whyLess(asked.MinHeight > b.shape.MinHeight, whyFlat))
	}
}

// whyLess says why a bound is not met: because of the others, or of the concepts.
func (*builder) whyLess(crowded bool, otherwise phrase) phrase {
	if crowded {
		return whyCrowded
	}
	return otherwise
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
		return fmt.Errorf("finish: %w", err)
	}
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
	for i, id := range slices.Concat(b.choice.assumes, b.choice.behind) {
		c, err := b.catalog.Concept(id)
		if err != nil {
			continue // the checks hold that every edge leads to a concept
		}
		title := c.Title.In(b.language)
		page := b.asResources(id, title, c.Resources, c.Wikipedia)[0] // the checks hold that there is one
		out = append(out, learning.Assumption{ID: id, Title: title, Where: assumedAt.in(b.language, title, page.Title), URL: page.URL, Indirect: i >= len(b.choice.assumes)})
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
