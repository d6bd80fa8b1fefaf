package tools

import (
	"context"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/task"
)

type listInput struct {
	Status task.Status `json:"status"`
	Limit  int         `json:"limit"`
	Cursor string      `json:"cursor"`
}

type listedTask struct {
	TaskID      string      `json:"task_id"`
	Status      task.Status `json:"status"`
	Progress    int         `json:"progress"`
	Description string      `json:"description"`
	Question    string      `json:"question,omitempty"` // what it waits to be told
}

type listOutput struct {
	Tasks      []listedTask `json:"tasks"`
	Total      int          `json:"total"`
	Kept       string       `json:"kept,omitempty"` // where a restart forgets them
	NextCursor string       `json:"next_cursor,omitempty"`
	Next       string       `json:"next"`
}

func (t *Tools) listTasks() Definition {
	var statuses []string
	for _, s := range task.Statuses() {
		statuses = append(statuses, string(s))
	}
	return define(t, about{
		name:  "list_tasks",
		title: "List your tasks",
		description: "List your own tasks, newest first. " +
			"Use it to find a task id again; for one task use get_task_status. Changes nothing. " +
			"Returns a page of tasks with status and progress, the total, and next_cursor if there are more.",
		readOnly: true, idempotent: true,
		params: params{
			{name: "status", kind: "string", enum: statuses, about: "only these", example: "running"},
			{name: "limit", kind: "integer", min: 1, max: task.MaxPage, def: task.DefaultPage, about: "tasks a page"},
			{name: "cursor", kind: "string", min: 1, max: 500, about: "next_cursor of the page before"},
		},
		output: `{"type":"object","properties":{"tasks":{"type":"array","items":{"type":"object","properties":{"task_id":{"type":"string"},"status":{"type":"string"},` +
			`"progress":{"type":"integer"},"description":{"type":"string"},"question":{"type":"string"}},"required":["task_id","status","progress","description"]}},` +
			`"total":{"type":"integer"},"kept":{"type":"string"},"next_cursor":{"type":"string"},"next":{"type":"string"}},"required":["tasks","total","next"]}`,
	}, t.list)
}

func (t *Tools) list(ctx context.Context, c Caller, in listInput) (listOutput, error) {
	f := task.Filter{Limit: in.Limit, Cursor: in.Cursor}
	if in.Status != "" {
		f.Statuses = []task.Status{in.Status}
	}
	page, err := t.tutor.Tasks(ctx, c.Owner, f)
	if err != nil {
		return listOutput{}, err
	}
	out := listOutput{Tasks: []listedTask{}, Total: page.Total, NextCursor: page.Next, Next: "get_task_status with a task_id"}
	if t.tutor.Forgets() {
		out.Kept = inMemory
	}
	for _, k := range page.Tasks {
		if k.Status.Final() {
			c.Settle(ctx, k.ID)
		}
		out.Tasks = append(out.Tasks, listedTask{TaskID: k.ID, Status: k.Status, Progress: k.Progress, Description: k.Description, Question: Question(k)})
	}
	switch {
	case len(page.Tasks) == 0 && page.Total == 0:
		out.Next = "generate_learning_path_async starts one"
	case page.Next != "":
		out.Next = "list_tasks with cursor next_cursor shows more"
	}
	return out, nil
}

// withRemedy adds to a NotFound about a task where its id can be found.
func withRemedy(err error) error {
	if f, ok := fault.Of(err); ok && f.Kind == fault.NotFound && f.Remedy == "" {
		return fault.New(fault.NotFound, "%s", f.Msg).
			With("It may have expired, or the server was restarted. list_tasks shows your tasks; generate_learning_path_async starts a new one").Because(err)
	}
	return err
}
