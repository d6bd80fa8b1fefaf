package tools

import (
	"context"
	"fmt"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/tutor"
)

// MaxWait is how long one call waits: clients cut calls off after 60 s.
const MaxWait = 45 * time.Second

type statusInput struct {
	TaskID      string  `json:"task_id"`
	WaitSeconds float64 `json:"wait_seconds"`
}

type statusOutput struct {
	TaskID      string      `json:"task_id"`
	Status      task.Status `json:"status"`
	Progress    int         `json:"progress"`
	Description string      `json:"description"`
	Message     string      `json:"message,omitempty"`
	Error       string      `json:"error,omitempty"`
	Question    string      `json:"question,omitempty"` // what it waits to be told
	PathID      string      `json:"path_id,omitempty"`
	CreatedAt   string      `json:"created_at"`
	Resource    string      `json:"resource"`
	Next        string      `json:"next"`
}

func (o statusOutput) link() (mcp.ResourceLink, bool) {
	if o.PathID == "" {
		return mcp.ResourceLink{}, false
	}
	return mcp.NewResourceLink(pathURI(o.PathID), "path "+o.PathID, "The finished learning path", "application/json"), true
}

// statusSchema is the output of every tool that shows one task.
const statusSchema = `{"type":"object","properties":{"task_id":{"type":"string"},"status":{"enum":["pending","running","completed","failed","cancelled"]},` +
	`"progress":{"type":"integer","minimum":0,"maximum":100},"description":{"type":"string"},"message":{"type":"string"},"error":{"type":"string"},` +
	`"question":{"type":"string"},"path_id":{"type":"string"},"created_at":{"type":"string"},"resource":{"type":"string"},"next":{"type":"string"}},` +
	`"required":["task_id","status","progress","next"]}`

func (t *Tools) getTaskStatus() Definition {
	return define(t, about{
		name:  "get_task_status",
		title: "Get a task's status, or wait for it",
		description: "Show one task's status and progress, waiting for its end if asked. " +
			"Set wait_seconds instead of calling in a loop: it returns as soon as the task ends. " +
			"For many tasks use list_tasks. Changes nothing; an unknown id is an error. " +
			"Returns status, progress 0-100, the last message, path_id when completed, and what to call next.",
		readOnly: true, idempotent: true,
		params: params{
			taskIDParam,
			{name: "wait_seconds", kind: "number", min: 0, max: MaxWait.Seconds(), def: 0, about: "wait for the end this long at most", example: 30},
		},
		output: statusSchema,
	}, t.status)
}

var taskIDParam = param{name: "task_id", kind: "string", required: true, min: 1, max: 100, about: "from generate_learning_path_async or list_tasks", example: "7f3c0d6e-2b1a-4c8e-9d57-0a1b2c3d4e5f"}

func (t *Tools) status(ctx context.Context, c Caller, in statusInput) (statusOutput, error) {
	found, err := t.tutor.Task(ctx, c.Owner, in.TaskID)
	if err != nil {
		return statusOutput{}, withRemedy(err)
	}
	if in.WaitSeconds > 0 && !found.Status.Final() && !found.Awaits() {
		if found, err = t.wait(ctx, c, in); err != nil {
			return statusOutput{}, withRemedy(err)
		}
	}
	if found.Status.Final() {
		c.Settle(ctx, found.ID)
	}
	return describeTask(found), nil
}

// wait holds the call until the task ends or the time is over. When too many
// calls wait already it does not: others must get through.
func (t *Tools) wait(ctx context.Context, c Caller, in statusInput) (task.Task, error) {
	select {
	case t.waits <- struct{}{}:
		defer func() { <-t.waits }()
	default:
		return t.tutor.Task(ctx, c.Owner, in.TaskID)
	}
	waiting, cancel := context.WithTimeout(ctx, time.Duration(in.WaitSeconds*float64(time.Second)))
	defer cancel()
	w, err := t.tutor.Watch(waiting, c.Owner, in.TaskID)
	if err != nil {
		return task.Task{}, err
	}
	w = untilAsked(w)
	defer w.Stop()
	if last := c.Progress(waiting, w); last.Status.Final() {
		return last, nil
	}
	return t.tutor.Task(context.WithoutCancel(ctx), c.Owner, in.TaskID)
}

func describeTask(t task.Task) statusOutput {
	out := statusOutput{
		TaskID: t.ID, Status: t.Status, Progress: t.Progress, Description: t.Description, Error: t.Error, Question: Question(t),
		PathID: tutor.PathID(t), CreatedAt: t.CreatedAt.UTC().Format(time.RFC3339), Resource: taskURI(t.ID), Next: nextStep(t),
	}
	if n := len(t.Messages); n > 0 {
		out.Message = t.Messages[n-1].Text
	}
	return out
}

// nextStep says what to call next.
func nextStep(t task.Task) string {
	if t.Awaits() {
		return fmt.Sprintf("it waits until %s for an answer to question, which a client that knows MCP tasks asks for by itself; else ask the learner, "+
			"cancel_task with task_id %s, and call generate_learning_path_async with the exact topic", t.Question.Expires.UTC().Format(time.RFC3339), t.ID)
	}
	switch t.Status {
	case task.Completed:
		return "get_learning_path with id " + tutor.PathID(t)
	case task.Failed:
		return "read error; mend the request and call generate_learning_path_async again"
	case task.Cancelled:
		return "nothing: it was cancelled; generate_learning_path_async starts anew"
	default:
		return fmt.Sprintf("get_task_status with task_id %s and wait_seconds 30", t.ID)
	}
}
