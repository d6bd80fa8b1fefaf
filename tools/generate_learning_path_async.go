package tools

import (
	"context"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/learning"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/tutor"
)

type generateInput struct {
	learning.Request
	Priority       task.Priority `json:"priority"`
	IdempotencyKey string        `json:"idempotency_key"`
}

type generateOutput struct {
	TaskID     string      `json:"task_id"`
	Status     string      `json:"status"` // always accepted
	TaskStatus task.Status `json:"task_status"`
	Message    string      `json:"message"`
	TakenAs    string      `json:"taken_as,omitempty"` // the topic's title, where what was asked for is none of its names
	Kept       string      `json:"kept,omitempty"`     // where a restart forgets it
	Resource   string      `json:"resource"`
	Next       string      `json:"next"`
}

func (o generateOutput) link() (mcp.ResourceLink, bool) {
	return mcp.NewResourceLink(o.Resource, "task "+o.TaskID, "The task: status, progress, messages", "application/json"), true
}

func (t *Tools) generateLearningPathAsync() Definition {
	return define(t, about{
		name:  "generate_learning_path_async",
		title: "Start making a learning path",
		description: "Start making a learning path on a topic and return a task id at once. " +
			"Use it whenever someone wants to learn a topic; for a mere look-up use search_concepts, to be given the finished path generate_learning_path. " +
			"The path orders concepts by prerequisite and gives each real links, times, exercises and quizzes. " +
			"It is made in the background, in seconds; the same request returns the same task or the finished path. " +
			"A misspelt topic is understood, and taken_as says as what; an unknown or ambiguous one is an error that names the nearest. " +
			"Returns task_id: wait with get_task_status, then call get_learning_path.",
		network: true,
		params:  generateParams(),
		output: `{"type":"object","properties":{"task_id":{"type":"string"},"status":{"const":"accepted"},"task_status":{"type":"string"},` +
			`"message":{"type":"string"},"taken_as":{"type":"string"},"kept":{"type":"string"},"resource":{"type":"string"},"next":{"type":"string"}},"required":["task_id","status","message","resource","next"]}`,
	}, t.generate)
}

func generateParams() params {
	p := params{{name: "topic", kind: "string", required: true, min: 1, max: learning.MaxTopic, about: "What to learn, in a few words (en, pt or es), or a concept id", example: "linear algebra"}}
	for _, b := range learning.Bounds() {
		q := param{name: b.Name, kind: "integer", min: float64(b.Min), max: float64(b.Max), about: b.About}
		if q.def = b.Default; b.Default == 0 {
			q.def, q.example = nil, b.Min
		}
		p = append(p, q)
	}
	return append(p,
		param{name: "language", kind: "string", enum: catalog.Languages(), def: "en", about: "of the path"},
		param{name: "category", kind: "string", enum: catalog.Categories(), about: "refuse topics of another", example: "technology"},
		param{name: "level", kind: "string", enum: learning.Levels(), about: "of the learner", example: "beginner"},
		param{name: "known", kind: "strings", max: learning.MaxKnown, about: "already mastered: left out", example: []string{"vectors"}},
		param{name: "outline", kind: "outline", max: learning.MaxOutline, about: "your own steps, to be ordered and given links; requires names other titles", example: []map[string]any{{"title": "Vectors"}, {"title": "Matrices", "requires": []string{"Vectors"}}}},
		param{name: "hours_per_week", kind: "number", min: 0, max: 100, about: "to tell how many weeks it takes", example: 5},
		param{name: "priority", kind: "string", enum: task.Priorities(), def: "normal", about: "among your waiting tasks"},
		param{name: "strict", kind: "boolean", def: false, about: "fail when a bound cannot be met"},
		param{name: "idempotency_key", kind: "string", min: 1, max: 200, about: "same key, same task", example: "a1"},
		param{name: "sources", kind: "string", enum: []string{"auto", "offline", "live"}, def: "auto", about: "live is not available yet"},
	)
}

func (t *Tools) generate(ctx context.Context, c Caller, in generateInput) (generateOutput, error) {
	s, err := t.tutor.Generate(ctx, c.Owner, tutor.Order{
		Request: in.Request, Priority: in.Priority, IdempotencyKey: in.IdempotencyKey, Watch: c.Follow != nil,
	})
	if err != nil {
		return generateOutput{}, err
	}
	if s.Watch != nil {
		if s.Task.Status.Final() {
			s.Watch.Stop() // over before it was asked for: there is no progress to tell
		} else {
			c.Follow(s.Watch)
		}
	}
	out := generateOutput{
		TaskID: s.Task.ID, Status: "accepted", TaskStatus: s.Task.Status, Message: "Task created successfully",
		Kept: t.kept(), Resource: taskURI(s.Task.ID), Next: "get_task_status with this task_id and wait_seconds 30",
	}
	switch {
	case s.Task.Status == task.Completed:
		out.Message, out.Next = "Task completed immediately (cached result)", "get_learning_path with id "+tutor.PathID(s.Task)
	case s.Repeated:
		out.Message = "The same request is already being worked on: this is its task"
	}
	if out.TakenAs = t.tutor.TakenAs(in.Request); out.TakenAs != "" {
		out.Message += fmt.Sprintf("; %q was taken for %q", in.Topic, out.TakenAs)
	}
	return out, nil
}
