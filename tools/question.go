package tools

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/trilha/trilha/internal/task"
)

// maxQuestion bounds a question as models read it, in characters.
const maxQuestion = 600

// Question is what a task asks of its owner, in one line with the answers to choose
// from; empty if it asks nothing.
func Question(t task.Task) string {
	if !t.Awaits() {
		return ""
	}
	var all []string
	for _, key := range slices.Sorted(maps.Keys(t.Question.Forms)) {
		form := t.Question.Forms[key]
		text := form.Message
		if choices := choicesOf(form.Schema); len(choices) > 0 {
			text += " (" + strings.Join(choices, "; ") + ")"
		}
		all = append(all, text)
	}
	return cut(strings.Join(strings.Fields(strings.Join(all, " ")), " "), maxQuestion)
}

// choicesOf gives what a form has to choose from, in the forms that elicitation has for
// that: a list of values, or of values with titles.
func choicesOf(schema json.RawMessage) (choices []string) {
	var form struct {
		Properties map[string]struct {
			Enum  []string `json:"enum"`
			OneOf []struct {
				Const string `json:"const"`
				Title string `json:"title"`
			} `json:"oneOf"`
		} `json:"properties"`
	}
	if json.Unmarshal(schema, &form) != nil {
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(form.Properties)) {
		property := form.Properties[name]
		choices = append(choices, property.Enum...)
		for _, o := range property.OneOf {
			choices = append(choices, fmt.Sprintf("%s: %s", o.Const, o.Title))
		}
	}
	return choices
}

// untilAsked ends a subscription when its task comes to wait for its owner, whom no
// call that waits for its end can answer.
func untilAsked(w *task.Watch) *task.Watch {
	events, stopped := make(chan task.Task), make(chan struct{})
	go func() {
		defer close(events)
		for t := range w.Events {
			select {
			case events <- t:
			case <-stopped:
				return
			}
			if t.Awaits() {
				return
			}
		}
	}()
	return task.NewWatch(events, func() {
		close(stopped)
		w.Stop()
	})
}
