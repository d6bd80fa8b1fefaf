package task

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/trilha/trilha/internal/fault"
)

// Question is what a task asks of its owner in the middle of its work. Values are
// never changed: what asks or answers makes a new one.
type Question struct {
	// Forms is what is not answered yet, by key. A key stands for one question of a
	// task, for its whole life. Empty: nothing is open.
	Forms map[string]Form
	// Replies is what has been answered, by key, to this and to earlier questions.
	Replies map[string]Reply

	Asked   time.Time // when the open forms were asked; zero when nothing is open
	Expires time.Time // when the task fails for want of an answer; zero when nothing is open
}

// Form is one thing that is asked.
type Form struct {
	Message string `json:"message"` // for people, in the language of the request
	// Schema is a flat JSON Schema: an object whose properties are strings, numbers,
	// integers, booleans, or arrays of such.
	Schema json.RawMessage `json:"schema"`
}

// Action is what an owner did with a form.
type Action string

// The actions.
const (
	Accept  Action = "accept"
	Decline Action = "decline"
	Dismiss Action = "cancel" // neither: it was put away
)

// Reply is an owner's answer to a form.
type Reply struct {
	Action  Action          `json:"action"`
	Content json.RawMessage `json:"content,omitempty"` // of Accept: a JSON object; whether it fits the schema is for the work to say
}

// What a question may measure.
const (
	MaxForms   = 64       // of a task, in its whole life
	MaxReply   = 64 << 10 // bytes of a reply's content
	maxKey     = 128      // bytes
	maxMessage = 4 << 10  // bytes of a form's message
	maxSchema  = 64 << 10 // bytes
)

// Awaits reports whether the task waits for its owner to answer: it is Pending then,
// and nothing of it runs.
func (t Task) Awaits() bool { return t.Question.Open() }

// Open reports whether something is not answered yet.
func (q *Question) Open() bool { return q != nil && len(q.Forms) > 0 }

// Ask is for stores: q with forms asked besides, to be answered by at and within.
func (q *Question) Ask(forms map[string]Form, at time.Time, within time.Duration) *Question {
	next := &Question{Forms: maps.Clone(forms), Asked: at, Expires: at.Add(within)}
	if q != nil {
		next.Replies = q.Replies
	}
	return next
}

// Answer is for stores: q with those of the replies taken in that answer an open form.
// changed is false if none does.
func (q *Question) Answer(replies map[string]Reply) (next *Question, changed bool) {
	if !q.Open() {
		return q, false
	}
	next = &Question{Forms: maps.Clone(q.Forms), Replies: maps.Clone(q.Replies), Asked: q.Asked, Expires: q.Expires}
	for key, reply := range replies {
		if _, open := q.Forms[key]; !open {
			continue
		}
		if next.Replies == nil {
			next.Replies = make(map[string]Reply)
		}
		if reply.Action != Accept {
			reply.Content = nil
		}
		reply.Content = slices.Clone(reply.Content)
		next.Replies[key] = reply
		delete(next.Forms, key)
		changed = true
	}
	if !changed {
		return q, false
	}
	if !next.Open() {
		next.Asked, next.Expires = time.Time{}, time.Time{}
	}
	return next, true
}

// CheckReplies is for stores: it says what is wrong with replies whatever was asked.
func CheckReplies(replies map[string]Reply) error {
	for key, reply := range replies {
		if err := reply.check(); err != nil {
			return fault.InField("replies", "%.40q: %v", key, err).
				With(`Give an action ("accept", "decline" or "cancel") and, to accept, content that is a JSON object.`)
		}
	}
	return nil
}

func (r Reply) check() error {
	var object map[string]json.RawMessage
	switch {
	case !slices.Contains([]Action{Accept, Decline, Dismiss}, r.Action):
		return fmt.Errorf("there is no action %.40q", r.Action)
	case len(r.Content) > MaxReply:
		return fmt.Errorf("the content has %d bytes, and %d may be", len(r.Content), MaxReply)
	case r.Action == Accept && len(r.Content) > 0 && (json.Unmarshal(r.Content, &object) != nil || object == nil):
		return errors.New("the content is no JSON object")
	default:
		return nil
	}
}

// Asks tells whether a work that left with err asks its owner something: Ask's error.
func Asks(err error) bool {
	_, ok := errors.AsType[*asking](err)
	return ok
}

// Ask is for works: it gives the replies to forms when all of them are there.
// Otherwise it gives an error that the work must return, wrapped or not: the task then
// waits for its owner without a worker, and the work begins anew once every form has a
// reply (steps that have finished keep what they gave, on durable stores). Whoever asks
// under a key again is given the reply that there is.
func Ask(ctx context.Context, run Run, forms map[string]Form) (map[string]Reply, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var known map[string]Reply
	if q := run.Task().Question; q != nil {
		known = q.Replies
	}
	replies, missing := make(map[string]Reply), make(map[string]Form)
	for key, form := range forms {
		if reply, there := known[key]; there {
			replies[key] = reply
			continue
		}
		if err := form.check(key); err != nil {
			return nil, fmt.Errorf("task %s: form %q: %w", run.Task().ID, key, err)
		}
		missing[key] = form
	}
	switch {
	case len(missing) == 0:
		return replies, nil
	case len(known)+len(missing) > MaxForms:
		return nil, fmt.Errorf("task %s: asks more than %d things", run.Task().ID, MaxForms)
	default:
		return nil, &asking{missing}
	}
}

func (f Form) check(key string) error {
	var schema struct {
		Type       string                           `json:"type"`
		Properties map[string]struct{ Type string } `json:"properties"`
	}
	switch {
	case key == "" || len(key) > maxKey:
		return fmt.Errorf("a key has 1 to %d bytes", maxKey)
	case f.Message == "" || len(f.Message) > maxMessage:
		return fmt.Errorf("a message has 1 to %d bytes", maxMessage)
	case len(f.Schema) > maxSchema:
		return fmt.Errorf("a schema has at most %d bytes", maxSchema)
	}
	if err := json.Unmarshal(f.Schema, &schema); err != nil {
		return fmt.Errorf("schema: %w", err)
	}
	if schema.Type != "object" {
		return fmt.Errorf("schema: is of type %q and not object", schema.Type)
	}
	for name, p := range schema.Properties {
		if !slices.Contains([]string{"string", "number", "integer", "boolean", "array"}, p.Type) {
			return fmt.Errorf("schema: property %q is of type %q: it is not flat", name, p.Type)
		}
	}
	return nil
}

// asking is how a work tells that it waits for its owner: see Ask.
type asking struct{ forms map[string]Form }

func (*asking) Error() string { return "the task waits for its owner to answer" }

// OutcomeUnanswered is that of a task whose question q found no answer in time.
func OutcomeUnanswered(q *Question) Outcome {
	why := fault.New(fault.Unavailable, "the task asked for input, and none came within %s", q.Expires.Sub(q.Asked)).
		With("Ask for it again, and answer what it asks.")
	return Outcome{Status: Failed, Why: why.Error()}
}
