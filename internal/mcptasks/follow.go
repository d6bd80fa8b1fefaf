package mcptasks

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"golang.org/x/time/rate"

	"github.com/trilha/trilha/internal/mcpwire"
	"github.com/trilha/trilha/internal/task"
)

// MethodTasks is the notification of 2026-07-28 that tells all of a task.
const MethodTasks = "notifications/tasks"

// follow tells the session of a call that asked for a task of its status and, under
// the call's token, of its progress, from the answer on until the task ends or the
// session does.
func (c call) follow(s task.Submission) {
	if s.Watch == nil {
		return
	}
	done := c.followers.Add(s.Task.ID)
	c.wire.Answered(func() {
		c.work.Go(func() {
			defer done()
			defer s.Watch.Stop()
			ctx, cancel := context.WithCancel(c.root)
			defer cancel()
			defer context.AfterFunc(c.wire.Session(), cancel)()
			last := working // as the answer says
			meta := map[string]any{mcp.RelatedTaskMetaKey: related(s.Task.ID)}
			Forward(ctx, s.Watch, c.token(), c.progress(meta), func(t task.Task) {
				if now := status(t); now != last {
					last = now
					c.wire.Notify(mcp.MethodNotificationTasksStatus, c.coreTask(t), nil)
				}
			})
		})
	})
}

// Of what changes within a status a subscription is told twice a second.
const tellRate = 2

// tell sends a subscription the tasks as they stand, and again as they change, until
// ctx ends.
func (l *Layer) tell(ctx context.Context, c *mcpwire.Call, owner string, jobs map[string]Job) {
	var all sync.WaitGroup
	defer all.Wait()
	for _, id := range slices.Sorted(maps.Keys(jobs)) {
		w, err := l.Store.Watch(ctx, owner, id)
		if err != nil {
			continue // it has expired just now
		}
		all.Go(func() {
			defer w.Stop()
			l.tellOf(ctx, c, jobs[id], w)
		})
	}
}

func (l *Layer) tellOf(ctx context.Context, c *mcpwire.Call, j Job, w *task.Watch) {
	send := func(t task.Task) {
		shape, err := l.detailed(ctx, j, t)
		if err != nil {
			l.Log.WarnContext(ctx, "a subscription is not told of a task", "task", t.ID, "error", err)
			return
		}
		c.Notify(MethodTasks, shape, nil)
	}
	limit := rate.NewLimiter(tellRate, 1)
	var told string
	var held *task.Task // by the rate
	var due <-chan time.Time
	for {
		select {
		case t, ok := <-w.Events:
			if !ok {
				return
			}
			mark := markOf(t)
			switch {
			case mark != told || limit.Allow():
				told, held, due = mark, nil, nil
				send(t)
			case held == nil:
				held, due = &t, time.After(time.Second/tellRate)
			default:
				held = &t
			}
			if t.Status.Final() {
				return
			}
		case <-due:
			send(*held)
			held, due = nil, nil
		case <-ctx.Done():
			return
		case <-l.root.Done():
			return
		}
	}
}

// markOf is equal for snapshots between which nothing changed that cannot wait.
func markOf(t task.Task) string {
	if !t.Awaits() {
		return status(t)
	}
	keys, _ := json.Marshal(slices.Sorted(maps.Keys(t.Question.Forms)))
	return status(t) + string(keys)
}
