package main

import (
	"encoding/json"
	"slices"

	"github.com/trilha/trilha/internal/task"
)

// request is a line to an instance.
type request struct {
	ID    int64           `json:"id"`
	Op    string          `json:"op"` // create, get, wait, cancel or list
	Owner string          `json:"owner"`
	Task  string          `json:"task,omitempty"`
	Key   string          `json:"key,omitempty"`   // create: for idempotency
	Input json.RawMessage `json:"input,omitempty"` // create: an assignment
}

// line is one from an instance: the answer to a request, or an event.
type line struct {
	ID    int64  `json:"id,omitempty"`
	Tasks []seen `json:"tasks,omitempty"`
	Kind  string `json:"kind,omitempty"` // of the fault; "error" for what is none
	Error string `json:"error,omitempty"`

	Event string `json:"event,omitempty"` // ready, begun, left, step, did or stopped
	Task  string `json:"task,omitempty"`
	Step  string `json:"step,omitempty"`
}

// seen is a task as a client saw it.
type seen struct {
	ID       string      `json:"id"`
	Status   task.Status `json:"status"`
	Progress int         `json:"progress"`
	Result   string      `json:"result,omitempty"`
	Error    string      `json:"error,omitempty"`
	Ended    int64       `json:"ended,omitempty"` // microseconds
	Log      []string    `json:"log,omitempty"`
}

func asSeen(t task.Task) seen {
	s := seen{ID: t.ID, Status: t.Status, Progress: t.Progress, Result: string(t.Result), Error: t.Error}
	if !t.CompletedAt.IsZero() {
		s.Ended = t.CompletedAt.UnixMicro()
	}
	for _, m := range t.Messages {
		s.Log = append(s.Log, m.Text)
	}
	return s
}

func (s seen) equal(o seen) bool {
	return s.ID == o.ID && s.Status == o.Status && s.Progress == o.Progress && s.Result == o.Result &&
		s.Error == o.Error && s.Ended == o.Ended && slices.Equal(s.Log, o.Log)
}

// assignment is the input of a task.
type assignment struct {
	Token string `json:"token"` // tells tasks apart
	Steps []int  `json:"steps"` // milliseconds each
	Fail  bool   `json:"fail,omitempty"`
}

// link is what a step gives. Nonce is new with each time that it is carried out, and
// Prev that of the step before: a result whose links do not hang together mixes
// outputs of one run with those of another.
type link struct {
	Step  int    `json:"step"`
	Nonce string `json:"nonce"`
	Prev  string `json:"prev"`
}

// product is the result of a task.
type product struct {
	Token string `json:"token"`
	Links []link `json:"links"`
}

// flaw tells what is wrong with a chain of links, in words, or "".
func flaw(a assignment, links []link) string {
	prev := a.Token
	for i, l := range links {
		if l.Step != i || l.Prev != prev || l.Nonce == "" {
			return "links of different runs are mixed"
		}
		prev = l.Nonce
	}
	return ""
}
