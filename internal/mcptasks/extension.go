package mcptasks

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/mcpwire"
	"github.com/trilha/trilha/internal/task"
)

// declared tells whether the client said with this request that it knows tasks.
func declared(w *mcpwire.Call) bool {
	_, ok := w.Client().Extensions[Extension]
	return ok
}

// required is the error for a client that did not, or nothing.
func required(w *mcpwire.Call) error {
	if declared(w) {
		return nil
	}
	return &mcpwire.Error{
		Code:    mcp.MISSING_REQUIRED_CLIENT_CAPABILITY,
		Message: "this needs the tasks extension: declare " + Extension + " in the client capabilities of the request",
		Data:    map[string]any{"requiredCapabilities": map[string]any{"extensions": map[string]any{Extension: struct{}{}}}},
	}
}

// extension makes a task of a call. What is finished, or wrong, is answered at once.
func (c call) extension(ctx context.Context) (*mcp.CallToolResult, error) {
	can := elicits(c.wire)
	s, err := c.Start(ctx, Caller{Owner: c.Owner(ctx), Asks: can, Rounds: can}, c.request)
	switch {
	case err != nil || s.Answer != nil:
		return s.Answer, err
	case s.Task.Status.Final():
		return c.Result(ctx, s.Task)
	}
	created := c.head(s.Task)
	created["resultType"] = "task"
	return c.answer(created)
}

// head is what every shape of a task has in 2026-07-28.
func (l *Layer) head(t task.Task) map[string]any {
	return map[string]any{
		"taskId": t.ID, "status": status(t), "statusMessage": standing(t),
		"createdAt": t.CreatedAt.UTC().Format(iso), "lastUpdatedAt": t.UpdatedAt.UTC().Format(iso),
		"ttlMs": ttlMs(t), "pollIntervalMs": pollMs(t),
	}
}

const working = "working"

// status is that of both dialects, which mean different things by it: detailed.
func status(t task.Task) string {
	switch {
	case t.Status.Final():
		return string(t.Status)
	case t.Awaits():
		return "input_required"
	default:
		return working
	}
}

// detailed is a task with what it asks or came to. Failed is one whose call would
// have failed with an error of JSON-RPC; a tool that tells of an error has completed.
func (l *Layer) detailed(ctx context.Context, j Job, t task.Task) (map[string]any, error) {
	shape := l.head(t)
	switch {
	case t.Awaits():
		asks := map[string]any{}
		for key, form := range t.Question.Forms {
			asks[key] = map[string]any{"method": mcp.MethodElicitationCreate, "params": elicitation(form, true, nil)}
		}
		shape["inputRequests"] = asks
	case t.Status == task.Completed, t.Status == task.Failed:
		result, err := j.Result(ctx, t)
		var failed *mcpwire.Error
		switch {
		case err == nil:
			result.ResultType = mcp.ResultTypeComplete
			shape["status"], shape["result"] = "completed", result
		case errors.As(err, &failed):
			shape["status"], shape["error"], shape["statusMessage"] = "failed", failed, failed.Message
		default:
			return nil, err
		}
	}
	return shape, nil
}

// acknowledged is the answer where there is nothing to tell.
func acknowledged() any { return map[string]any{"resultType": mcp.ResultTypeComplete} }

// param reads a member of a request's params. One that is not there is as its zero.
func param[P any](c *mcpwire.Call, name string) (p P, err error) {
	raw := c.Param(name)
	if raw == nil || json.Unmarshal(raw, &p) == nil {
		return p, nil
	}
	return p, invalid(name + " has the wrong shape")
}

// named gives the task that the params name.
func (l *Layer) named(ctx context.Context, c *mcpwire.Call) (task.Task, Job, error) {
	id, err := param[string](c, "taskId")
	if err != nil {
		return task.Task{}, Job{}, err
	}
	return l.find(ctx, id)
}

// get is tasks/get.
func (l *Layer) get(ctx context.Context, c *mcpwire.Call) (any, error) {
	t, j, err := l.named(ctx, c)
	if err != nil {
		return nil, err
	}
	shape, err := l.detailed(ctx, j, t)
	if err != nil {
		return nil, err
	}
	shape["resultType"] = mcp.ResultTypeComplete
	return shape, nil
}

// update is tasks/update. What is not asked, or no more, changes nothing.
func (l *Layer) update(ctx context.Context, c *mcpwire.Call) (any, error) {
	t, _, err := l.named(ctx, c)
	if err != nil {
		return nil, err
	}
	given, err := param[map[string]json.RawMessage](c, "inputResponses")
	switch {
	case err != nil:
		return nil, err
	case given == nil:
		return nil, invalid("inputResponses is missing: it maps keys of inputRequests to answers")
	}
	replies := map[string]task.Reply{}
	for key, raw := range given {
		if t.Awaits() {
			if _, asked := t.Question.Forms[key]; asked {
				r, ok := replyIn(raw)
				if !ok {
					return nil, invalid(fmt.Sprintf("inputResponses.%.40s is no answer to a form: it has an action (accept, decline or cancel) and, to accept, content, a JSON object", key))
				}
				replies[key] = r
			}
		}
	}
	if len(replies) > 0 {
		if _, err := l.Store.Answer(ctx, t.Owner, t.ID, replies); err != nil {
			return nil, shown(err)
		}
	}
	return acknowledged(), nil
}

// cancel is tasks/cancel. One that has ended stays as it is.
func (l *Layer) cancel(ctx context.Context, c *mcpwire.Call) (any, error) {
	t, _, err := l.named(ctx, c)
	if err != nil {
		return nil, err
	}
	if _, err := l.Store.Cancel(ctx, t.Owner, t.ID); err != nil && !errors.Is(err, fault.Conflict) {
		return nil, shown(err)
	}
	return acknowledged(), nil
}

// maxListened bounds the tasks of one subscription.
const maxListened = 200

// listen adds tasks to a subscription. Those that are none of the client's are left
// out of what is acknowledged.
func (l *Layer) listen(ctx context.Context, c *mcpwire.Call) (any, error) {
	wanted, err := param[struct {
		TaskIDs []string `json:"taskIds"`
	}](c, "notifications")
	ids := wanted.TaskIDs
	switch {
	case !c.Modern() || err == nil && len(ids) == 0:
		return nil, mcpwire.ErrPass // mcp-go says what is wrong with the rest
	case err != nil:
		return nil, err
	case len(ids) > maxListened:
		return nil, invalid(fmt.Sprintf("taskIds has %d ids, and %d may be", len(ids), maxListened))
	}
	if err := required(c); err != nil {
		return nil, err
	}
	known := []string{}
	jobs := map[string]Job{}
	for _, id := range ids {
		t, j, err := l.find(ctx, id)
		if err == nil && jobs[t.ID].Kind == "" {
			known = append(known, t.ID)
			jobs[t.ID] = j
		}
	}
	if len(known) == 0 {
		return nil, mcpwire.ErrPass
	}
	owner := l.Owner(ctx)
	c.Listen("taskIds", known, func(ctx context.Context) { l.tell(ctx, c, owner, jobs) })
	return nil, mcpwire.ErrPass
}
