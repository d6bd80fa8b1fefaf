package tools

import (
	"context"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/learning"
	"github.com/trilha/trilha/internal/mcptasks"
	"github.com/trilha/trilha/internal/render"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/tutor"
)

// madeOutput stands on its own: clients that know tasks hand it to the model long
// after the call.
type madeOutput struct {
	TaskID   string      `json:"task_id"`
	Status   task.Status `json:"status"`
	Progress int         `json:"progress"`
	PathID   string      `json:"path_id,omitempty"` // this and what follows only when completed
	Title    string      `json:"title,omitempty"`
	Steps    int         `json:"steps,omitempty"`
	Hours    int         `json:"hours,omitempty"`
	TakenAs  string      `json:"taken_as,omitempty"` // the topic's title, where what was asked for is none of its names
	Summary  string      `json:"summary,omitempty"`  // a few lines
	Kept     string      `json:"kept,omitempty"`     // where a restart forgets it
	Resource string      `json:"resource"`
	Next     string      `json:"next"`
}

func (o madeOutput) link() (mcp.ResourceLink, bool) {
	if o.PathID == "" {
		return mcp.NewResourceLink(o.Resource, "task "+o.TaskID, "The task: status, progress, messages", "application/json"), true
	}
	return mcp.NewResourceLink(o.Resource, o.Title, "The finished learning path", "application/json"), true
}

func (t *Tools) generateLearningPath() Definition {
	a := about{
		name:  "generate_learning_path",
		title: "Make a learning path",
		description: "Make a learning path on a topic and return it finished: a summary, path_id and link. " +
			"Use it when only the path is wanted; to start several, or to go on meanwhile, use generate_learning_path_async, " +
			"whose arguments, with their bounds, and errors these are. " +
			"It takes seconds; after 45 s it returns the task_id, for get_task_status. Its steps are in get_learning_path.",
		network: true,
		params:  generateParams(),
		brief:   true,
		output: `{"type":"object","properties":{"task_id":{"type":"string"},"status":{"enum":["pending","running","completed"]},"progress":{"type":"integer","minimum":0,"maximum":100},` +
			`"path_id":{"type":"string"},"title":{"type":"string"},"steps":{"type":"integer"},"hours":{"type":"integer"},"taken_as":{"type":"string"},"summary":{"type":"string"},` +
			`"kept":{"type":"string"},"resource":{"type":"string"},"next":{"type":"string"}},"required":["task_id","status","progress","resource","next"]}`,
	}
	return Definition{Tool: a.tool(), Job: &mcptasks.Job{
		Kind: tutor.PathKind,
		Start: func(ctx context.Context, c mcptasks.Caller, r mcp.CallToolRequest) (mcptasks.Started, error) {
			s, err := t.start(ctx, c, a.params, r)
			if err != nil {
				s.Answer = t.failure(ctx, a.name, err)
			}
			return s, nil
		},
		Result: func(ctx context.Context, made task.Task) (*mcp.CallToolResult, error) {
			out, err := t.made(ctx, made)
			if err != nil {
				return t.failure(ctx, a.name, err), nil
			}
			return success(out), nil
		},
		Later: func(made task.Task) *mcp.CallToolResult {
			next := "it goes on in the background: get_task_status with this task_id and wait_seconds 45"
			if made.Awaits() || made.Status.Final() {
				next = nextStep(made)
			}
			return success(madeOutput{
				TaskID: made.ID, Status: made.Status, Progress: made.Progress, Kept: t.kept(), Resource: taskURI(made.ID), Next: next,
			})
		},
	}}
}

func (t *Tools) start(ctx context.Context, c mcptasks.Caller, p params, r mcp.CallToolRequest) (s mcptasks.Started, err error) {
	raw, err := Arguments(r)
	if err != nil {
		return s, err
	}
	var in generateInput
	if err := p.decode(raw, &in); err != nil {
		return s, err
	}
	if c.Rounds && !c.Asks {
		if s.Answer, err = t.round(&in.Request, r); s.Answer != nil || err != nil {
			return s, err
		}
	}
	s.Submission, err = t.tutor.Generate(ctx, c.Owner, tutor.Order{
		Request: in.Request, Priority: in.Priority, IdempotencyKey: in.IdempotencyKey, Watch: c.Watch, TTL: c.TTL, MayAsk: c.Asks,
	})
	return s, err
}

// round asks what has to be known of a request before there can be a task, or takes
// in what was answered.
func (t *Tools) round(in *learning.Request, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
	forms, err := t.tutor.Asks(*in)
	if err != nil || len(forms) == 0 {
		return nil, err
	}
	replies := mcptasks.Replies(r)
	for key := range forms {
		if _, there := replies[key]; !there {
			return mcptasks.Round(forms), nil
		}
	}
	*in, err = t.tutor.Answered(*in, replies)
	return nil, err
}

// made tells what a task that has ended came to.
func (t *Tools) made(ctx context.Context, made task.Task) (madeOutput, error) {
	switch made.Status {
	case task.Failed:
		return madeOutput{}, fault.New(fault.Conflict, "%s", made.Error)
	case task.Cancelled:
		return madeOutput{}, fault.New(fault.Conflict, "task %s was cancelled", made.ID).With("Make the path anew if it is wanted after all")
	}
	p, err := t.tutor.Path(ctx, made.Owner, made.ID)
	if err != nil {
		return madeOutput{}, err
	}
	return madeOutput{
		TaskID: made.ID, Status: made.Status, Progress: made.Progress, PathID: p.ID, Title: p.Title,
		Steps: len(p.Nodes), Hours: p.TotalHours, TakenAs: tutor.TakenFor(made), Summary: render.Summary(p),
		Kept: t.kept(), Resource: pathURI(p.ID), Next: "get_learning_path with id " + p.ID + " shows the steps with their links",
	}, nil
}

// kept says what outlives a restart, or nothing where all does.
func (t *Tools) kept() string {
	if t.tutor.Forgets() {
		return inMemory
	}
	return ""
}
