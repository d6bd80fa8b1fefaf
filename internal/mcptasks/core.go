package mcptasks

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/trilha/trilha/internal/mcpwire"
	"github.com/trilha/trilha/internal/task"
)

// coreCapability is what a server says of tasks in 2025-11-25 to a client whose tasks
// can be listed, or not.
func coreCapability(lists bool) *mcp.TasksCapability {
	there := &struct{}{}
	c := &mcp.TasksCapability{Cancel: there, Requests: &mcp.TaskRequestsCapability{}}
	if lists {
		c.List = there
	}
	c.Requests.Tools = &struct {
		Call *struct{} `json:"call,omitempty"`
	}{there}
	return c
}

// execution is what tools/list says of a tool.
func (j Job) execution() *mcp.ToolExecution {
	if j.Required {
		return &mcp.ToolExecution{TaskSupport: mcp.TaskSupportRequired}
	}
	return &mcp.ToolExecution{TaskSupport: mcp.TaskSupportOptional}
}

// core makes a task of a call that asks for one. What is wrong with the call is an
// error, since the answer to one that is right is a task.
func (c call) core(ctx context.Context) (*mcp.CallToolResult, error) {
	ttl, err := asked(c.request.Params.Task.TTL)
	if err != nil {
		return nil, err
	}
	s, err := c.Start(ctx, Caller{Owner: c.Owner(ctx), Watch: true, TTL: ttl, Asks: elicits(c.wire)}, c.request)
	if err != nil {
		return nil, err
	}
	if s.Answer != nil {
		return nil, invalid(words(s.Answer))
	}
	begun := c.coreTask(s.Task)
	begun["status"] = working // every task of this dialect begins so; what is known already follows
	created := map[string]any{
		"task": begun,
		"_meta": map[string]any{
			mcp.ModelImmediateResponseMetaKey: words(c.Later(s.Task)),
			mcp.RelatedTaskMetaKey:            related(s.Task.ID),
		},
	}
	c.follow(s.Submission)
	return c.answer(created)
}

// asked is the time, in milliseconds, that a client wants its task to be kept. It counts
// from the task's creation, and what is made of it here from the task's end: whoever
// asks never gets less.
func asked(ms *int64) (time.Duration, error) {
	switch {
	case ms == nil:
		return 0, nil
	case *ms <= 0:
		return 0, invalid(fmt.Sprintf("task.ttl is %d: give the milliseconds for which the task is wanted, or leave it out", *ms))
	default:
		return time.Duration(min(*ms, math.MaxInt64/int64(time.Millisecond))) * time.Millisecond, nil
	}
}

// words are those of a result.
func words(r *mcp.CallToolResult) string {
	for _, item := range r.Content {
		if t, ok := item.(mcp.TextContent); ok {
			return t.Text
		}
	}
	return "this call cannot be a task"
}

func related(id string) map[string]any { return map[string]any{"taskId": id} }

// coreTask is a task in 2025-11-25.
func (l *Layer) coreTask(t task.Task) map[string]any {
	return map[string]any{
		"taskId": t.ID, "status": status(t), "statusMessage": standing(t),
		"createdAt": t.CreatedAt.UTC().Format(iso), "lastUpdatedAt": t.UpdatedAt.UTC().Format(iso),
		"ttl": ttlMs(t), "pollInterval": pollMs(t),
	}
}

// coreGet is tasks/get.
func (l *Layer) coreGet(ctx context.Context, c *mcpwire.Call) (any, error) {
	t, _, err := l.named(ctx, c)
	if err != nil {
		return nil, err
	}
	if t.Status.Final() {
		l.followers.Settle(ctx, t.ID)
	}
	return l.coreTask(t), nil
}

// coreCancel is tasks/cancel. That a task has ended otherwise is an error.
func (l *Layer) coreCancel(ctx context.Context, c *mcpwire.Call) (any, error) {
	t, _, err := l.named(ctx, c)
	if err != nil {
		return nil, err
	}
	if t.Status == task.Cancelled {
		return nil, shown(task.ErrEnded(t.ID, t.Status))
	}
	if t, err = l.Store.Cancel(ctx, t.Owner, t.ID); err != nil {
		return nil, shown(err)
	}
	l.followers.Settle(ctx, t.ID)
	return l.coreTask(t), nil
}

// coreResult is tasks/result: it waits for the end of the task, and asks meanwhile.
func (l *Layer) coreResult(ctx context.Context, c *mcpwire.Call) (any, error) {
	t, j, err := l.named(ctx, c)
	if err != nil {
		return nil, err
	}
	about := map[string]any{mcp.RelatedTaskMetaKey: related(t.ID)}
	if !t.Status.Final() {
		w, err := l.Store.Watch(ctx, t.Owner, t.ID)
		if err != nil {
			return nil, shown(err)
		}
		defer w.Stop()
		asking := call{Layer: l, Job: j, wire: c}.asker(ctx, time.Time{}, about)
		Forward(ctx, w, nil, nil, asking.see)
		asking.stop()
		if t, j, err = l.find(context.WithoutCancel(ctx), t.ID); err != nil {
			return nil, err
		}
		if !t.Status.Final() {
			return nil, &mcpwire.Error{Code: mcp.INTERNAL_ERROR, Message: "the task goes on, and this server stops: ask again"}
		}
	}
	l.followers.Settle(ctx, t.ID)
	result, err := j.Result(ctx, t)
	if err != nil {
		return nil, err
	}
	result.EnsureResultMeta().SetMetaField(mcp.RelatedTaskMetaKey, related(t.ID))
	return result, nil
}

// coreList is tasks/list: whoever asks sees their own.
func (l *Layer) coreList(ctx context.Context, c *mcpwire.Call) (any, error) {
	if !l.lists(ctx) {
		return nil, &mcpwire.Error{Code: mcp.METHOD_NOT_FOUND, Message: "tasks are not listed to whom the server cannot tell from others: ask by taskId"}
	}
	cursor, err := param[string](c, "cursor")
	if err != nil {
		return nil, err
	}
	page, err := l.Store.List(ctx, l.Owner(ctx), task.Filter{Cursor: cursor, Limit: task.MaxPage})
	if err != nil {
		return nil, shown(err)
	}
	all := []map[string]any{}
	for _, t := range page.Tasks {
		if _, ours := l.kinds[t.Kind]; !ours {
			continue
		}
		if t.Status.Final() {
			l.followers.Settle(ctx, t.ID)
		}
		all = append(all, l.coreTask(t))
	}
	list := map[string]any{"tasks": all}
	if page.Next != "" {
		list["nextCursor"] = page.Next
	}
	return list, nil
}
