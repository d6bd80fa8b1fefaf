// Package tutor is what can be asked of Trilha: make a path, watch its task,
// cancel it, fetch the path, look concepts up. Every face calls it and adds
// nothing but its own wire. Whose request it is comes in as owner, a principal.
package tutor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/generate"
	"github.com/trilha/trilha/internal/identity"
	"github.com/trilha/trilha/internal/learning"
	"github.com/trilha/trilha/internal/task"
)

// PathKind is the kind of the tasks that make learning paths.
const PathKind = "learning_path"

// Tutor answers requests from a catalogue, a task store and a shelf of finished
// paths. It is safe for concurrent use.
type Tutor struct {
	catalog *catalog.Catalog
	plans   plans
	shelf   Shelf
	tasks   task.Store
	crowd   crowd
	told    []func(context.Context, Change)
}

// New makes a Tutor. tasks must run the work that Work gives for the same
// generator and shelf.
func New(c *catalog.Catalog, g *generate.Generator, shelf Shelf, tasks task.Store) *Tutor {
	return &Tutor{catalog: c, plans: plans{generator: g}, shelf: shelf, tasks: tasks, crowd: newCrowd(mostOfAddress)}
}

// Work is the work of a PathKind task: its input is a generate.Plan, its result a
// learning.Path, which is put on its owner's shelf when its task is completed. It asks
// what a topic means of which the plan does not say.
func Work(g *generate.Generator, shelf Shelf) task.Work {
	return func(ctx context.Context, run task.Run) (json.RawMessage, error) {
		t := run.Task()
		var plan generate.Plan
		if err := json.Unmarshal(t.Input, &plan); err != nil {
			return nil, fmt.Errorf("task %s: input: %w", t.ID, err)
		}
		if len(plan.Choices) > 0 {
			var err error
			if plan, err = decide(ctx, g, run, plan); err != nil {
				return nil, err
			}
		}
		path, err := g.Resume(ctx, plan, run.Report, stepsOf(run))
		if err != nil {
			return nil, err
		}
		if t.Owner == identity.Anonymous {
			path.ID = secretID(t.ID, path.ID)
		}
		result, err := json.Marshal(path)
		if err != nil {
			return nil, fmt.Errorf("task %s: result: %w", t.ID, err)
		}
		kept := onShelf(t.Owner, plan.Request, path, result)
		run.Keep(func(ctx context.Context, tx task.Tx) error { return shelf.Put(ctx, tx, kept) })
		return result, nil
	}
}

// secretID is the id of a path that only who knows its task's id can know: the ids of
// paths follow from what was asked, and the anonymous reach by its id what is theirs.
func secretID(taskID, pathID string) string {
	return uuid.NewSHA1(uuid.NameSpaceOID, []byte(taskID+" "+pathID)).String()
}

// stepsOf gives what keeps the steps of a run, where anything does.
func stepsOf(run task.Run) generate.Step {
	if s, ok := run.(task.Stepper); ok {
		return s.StepCursor
	}
	return nil
}

// Warm reads the catalogue's index if nothing has yet, so that the first request
// need not wait for it.
func (t *Tutor) Warm() {
	_, _ = t.catalog.Index() // who asks for it next is told what was wrong
}

// Order is a request for a path with what belongs to its task alone.
type Order struct {
	learning.Request
	Priority       task.Priority
	IdempotencyKey string
	Watch          bool          // see task.Spec
	TTL            time.Duration // see task.Spec

	// Likeness is how like a name the topic has to be at least, from 0 to 1, where
	// it is none: 1 takes no misspelling, 0 whatever is sure.
	Likeness float64

	// MayAsk says that the owner can be asked: the task of an ambiguous topic is made
	// all the same, and asks which is meant (see Asks).
	MayAsk bool
	// Late has the task tell what would otherwise be told at once: one for an unknown
	// or ambiguous topic, or for bounds that no path can meet, is made and has failed.
	// What is wrong in itself (a number out of range, an unknown language) is told at
	// once all the same.
	Late bool
}

// Generate makes a task that makes a path. A request whose path is on the owner's
// shelf gives a completed task; one that is being worked on gives that task.
// Errors: Invalid, NotFound (topic), Conflict (ambiguous topic, idempotency key),
// Limit, Unavailable.
func (t *Tutor) Generate(ctx context.Context, owner string, o Order) (task.Submission, error) {
	if owner == identity.Anonymous {
		o.IdempotencyKey = "" // with it one would get, and could cancel, another's
		if o.Priority == task.High {
			o.Priority = task.Normal // they are one owner: it would be ahead of all others
		}
	}
	p, err := t.plans.plan(o.Request, o.MayAsk)
	if err == nil {
		err = p.checkLikeness(o.Likeness)
	}
	switch {
	case err != nil && o.Late && mayBeTold(err):
		return t.refuse(ctx, owner, o, err)
	case err != nil:
		return task.Submission{}, err
	}
	spec := task.Spec{
		Owner: owner, Kind: PathKind, Priority: o.Priority, Input: p.input,
		Description: describe(p.topic), IdempotencyKey: o.IdempotencyKey, Watch: o.Watch, TTL: o.TTL,
	}
	if owner != identity.Anonymous {
		spec.Unique = p.key
		spec.Result, err = t.shelf.Find(ctx, owner, p.key, time.Now().Add(-CacheTime))
		if err != nil {
			return task.Submission{}, err
		}
	}
	return t.submit(ctx, spec)
}

func describe(topic string) string { return "Generate learning path for topic: " + topic }

// mayBeTold says whether an error about a request is one that Order.Late is for.
func mayBeTold(err error) bool {
	return errors.Is(err, fault.NotFound) || errors.Is(err, fault.Conflict) || errors.Is(err, learning.ErrNoRoom)
}

// refuse makes a task that has failed with why.
func (t *Tutor) refuse(ctx context.Context, owner string, o Order, why error) (task.Submission, error) {
	input, err := json.Marshal(generate.Plan{Request: o.Request})
	if err != nil {
		return task.Submission{}, fmt.Errorf("request: %w", err)
	}
	topic := strings.Join(strings.Fields(learning.Printable(o.Topic)), " ")
	return t.submit(ctx, task.Spec{
		Owner: owner, Kind: PathKind, Priority: o.Priority, Input: input, Description: describe(topic),
		IdempotencyKey: o.IdempotencyKey, Failure: why.Error(), Watch: o.Watch, TTL: o.TTL,
	})
}

// TakenAs gives the title of what a good request's topic was taken for, where what
// was typed is none of its names.
func (t *Tutor) TakenAs(r learning.Request) string {
	if len(r.Outline) > 0 { // it is the topic of its own words
		return ""
	}
	p, err := t.plans.plan(r, false)
	if err != nil {
		return ""
	}
	return p.takenAs
}

// TakenFor is TakenAs of the request that a task was made for.
func TakenFor(t task.Task) string {
	var plan generate.Plan
	if json.Unmarshal(t.Input, &plan) != nil || len(plan.Request.Outline) > 0 {
		return ""
	}
	return plan.TakenAs
}

// Task gives one task of owner, or NotFound.
func (t *Tutor) Task(ctx context.Context, owner, id string) (task.Task, error) {
	return t.tasks.Get(ctx, owner, id)
}

// Watch subscribes to one task of owner, or gives NotFound.
func (t *Tutor) Watch(ctx context.Context, owner, id string) (*task.Watch, error) {
	return t.tasks.Watch(ctx, owner, id)
}

// Tasks pages through owner's tasks. The anonymous have none to be listed: whose is
// known by its id alone.
func (t *Tutor) Tasks(ctx context.Context, owner string, f task.Filter) (task.Page, error) {
	if owner == identity.Anonymous {
		return task.Page{}, nil
	}
	return t.tasks.List(ctx, owner, f)
}

// Forgets says whether a restart of the process forgets tasks.
func (t *Tutor) Forgets() bool {
	_, durable := t.tasks.(task.Durable)
	return !durable
}

// Cancel ends one task of owner.
func (t *Tutor) Cancel(ctx context.Context, owner, id string) (task.Task, error) {
	return t.tasks.Cancel(ctx, owner, id)
}

// Answer gives replies to what one task of owner asks; see task.Store.
func (t *Tutor) Answer(ctx context.Context, owner, id string, replies map[string]task.Reply) (task.Task, error) {
	return t.tasks.Answer(ctx, owner, id, replies)
}

// PathID gives the id of the path that a completed task made, or nothing. It
// reads no more of the result than its beginning, where the id stands.
func PathID(t task.Task) string {
	if t.Status != task.Completed {
		return ""
	}
	var head struct {
		ID string `json:"id"`
	}
	const prefix = `{"id":"`
	if len(t.Result) > len(prefix)+36 && string(t.Result[:len(prefix)]) == prefix {
		return string(t.Result[len(prefix) : len(prefix)+36])
	}
	_ = json.Unmarshal(t.Result, &head)
	return head.ID
}

// Found is one answer of Search.
type Found struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Subject  string   `json:"subject,omitempty"` // title of a concept's subject
	Why      string   `json:"why"`               // how it matched, see catalog.Match
	Matched  string   `json:"matched,omitempty"` // the name that did
	Level    string   `json:"level,omitempty"`   // empty for a subject or route
	Minutes  int      `json:"minutes,omitempty"`
	Requires []string `json:"requires,omitempty"`
	Score    float64  `json:"score"` // 1: the same name; falling with distance
}

// Search looks subjects, routes and concepts up, best first; at most limit.
func (t *Tutor) Search(query, language string, limit int) ([]Found, error) {
	ix, err := t.catalog.Index()
	if err != nil {
		return nil, err
	}
	found := []Found{}
	for _, m := range ix.Search(query, language, limit) {
		f := Found{ID: m.ID, Title: ix.Title(m.ID, language), Why: m.Why, Matched: m.Name, Score: float64(int(m.Score*100)) / 100}
		if e := ix.Entry(m.ID); e != nil {
			f.Subject = ix.Title(catalog.SubjectOf(m.ID), language)
			f.Level, f.Minutes, f.Requires = e.Level, e.Minutes, e.Requires
		}
		found = append(found, f)
	}
	return found, nil
}

// Concept gives one concept whole, or NotFound.
func (t *Tutor) Concept(id string) (*catalog.Concept, error) { return t.catalog.Concept(id) }

// Complete gives up to limit names of topics that begin with what was typed, or,
// where none does, titles of what it may mean; where nothing was typed, those of all
// subjects and routes. A category leaves topics of others out.
func (t *Tutor) Complete(typed, language, category string, limit int) ([]string, error) {
	ix, err := t.catalog.Index()
	if err != nil {
		return nil, err
	}
	names := []string{}
	add := func(id, name string) {
		if (category == "" || ix.Category(id) == category) && !slices.Contains(names, name) && len(names) < limit {
			names = append(names, name)
		}
	}
	if strings.TrimSpace(typed) == "" {
		for _, s := range ix.Subjects() {
			add(s.ID, s.Title.In(language))
		}
		for _, r := range ix.Routes() {
			add(r.ID, r.Title.In(language))
		}
		return names, nil
	}
	for _, m := range ix.Complete(typed, language, math.MaxInt) {
		add(m.ID, m.Name)
	}
	if len(names) == 0 {
		for _, m := range ix.Search(typed, language, math.MaxInt) {
			add(m.ID, ix.Title(m.ID, language))
		}
	}
	return names, nil
}

// CompleteID gives up to limit ids of concepts and subjects that begin with, or
// contain, what was typed.
func (t *Tutor) CompleteID(typed string, limit int) ([]string, error) {
	ix, err := t.catalog.Index()
	if err != nil {
		return nil, err
	}
	begin, contain := []string{}, []string{}
	for _, c := range ix.Concepts() {
		switch {
		case strings.HasPrefix(c.ID, typed):
			begin = append(begin, c.ID)
		case strings.Contains(c.ID, typed):
			contain = append(contain, c.ID)
		}
	}
	begin = append(begin, contain...)
	return begin[:min(limit, len(begin))], nil
}
