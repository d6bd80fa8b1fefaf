package mcptasks

import (
	"context"
	"fmt"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/trilha/trilha/internal/mcpwire"
	"github.com/trilha/trilha/internal/task"
)

// MaxWait is how long a call without a task waits for its result: clients end calls
// after 60 s, and drop what comes then.
const MaxWait = 45 * time.Second

// lastAnswer is what of MaxWait is kept for the task to end, once the client's user has
// been asked.
const lastAnswer = 5 * time.Second

// call is one call of a job's tool.
type call struct {
	*Layer
	Job
	wire    *mcpwire.Call // nil: on no transport that this layer knows
	request mcp.CallToolRequest
}

// Handler gives the handler of a tool whose calls are j's.
func (l *Layer) Handler(tool string, j Job) server.ToolHandlerFunc {
	l.tools[tool], l.kinds[j.Kind] = j, j
	return func(ctx context.Context, r mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		w, _ := mcpwire.CallOf(ctx)
		c := call{l, j, w, r}
		switch {
		case w != nil && w.Modern() && declared(w):
			return c.extension(ctx)
		case w != nil && isCore(w) && r.Params.Task != nil:
			return c.core(ctx)
		case j.Required && w != nil && w.Modern():
			return nil, required(w)
		case j.Required:
			return nil, &mcpwire.Error{Code: mcp.METHOD_NOT_FOUND, Message: fmt.Sprintf("%s can be called as a task only", tool)}
		default:
			return c.plain(ctx)
		}
	}
}

// isCore tells whether a call is of the protocol whose core has tasks.
func isCore(w *mcpwire.Call) bool { return !w.Modern() && w.Version() == coreVersion }

// refuseTask refuses calls as a task of tools that have none.
func (l *Layer) refuseTask(_ context.Context, w *mcpwire.Call) (any, error) {
	if !isCore(w) {
		return nil, mcpwire.ErrPass
	}
	if asked := w.Param("task"); asked == nil || string(asked) == "null" {
		return nil, mcpwire.ErrPass
	}
	name, _ := param[string](w, "name")
	if _, ok := l.tools[name]; ok || name == "" {
		return nil, mcpwire.ErrPass // mcp-go says what is wrong with the rest
	}
	return nil, &mcpwire.Error{Code: mcp.METHOD_NOT_FOUND, Message: fmt.Sprintf("%.100q cannot be called as a task", name)}
}

// token is what progress is told under, or nil.
func (c call) token() any {
	if c.request.Params.Meta == nil {
		return nil
	}
	return c.request.Params.Meta.ProgressToken
}

// plain serves a client that is not to get a task: it waits for the result, tells of
// progress meanwhile, and asks where that is possible.
func (c call) plain(ctx context.Context) (*mcp.CallToolResult, error) {
	until := time.Now().Add(MaxWait)
	can := elicits(c.wire)
	modern := c.wire != nil && c.wire.Modern()
	s, err := c.Start(ctx, Caller{Owner: c.Owner(ctx), Watch: true, Asks: can && !modern, Rounds: can && modern}, c.request)
	if err != nil || s.Answer != nil {
		return s.Answer, err
	}
	if s.Watch != nil {
		defer s.Watch.Stop()
	}
	t := s.Task
	if !t.Status.Final() && s.Watch != nil {
		if t, err = c.wait(ctx, s, until); err != nil {
			return nil, shown(err)
		}
	}
	if !t.Status.Final() {
		return c.Later(t), nil
	}
	c.followers.Settle(ctx, t.ID)
	return c.Result(ctx, t)
}

// wait tells of a task's progress, and asks what it asks, until it ends, waits for
// somebody else, or the time is over.
func (c call) wait(ctx context.Context, s Started, until time.Time) (task.Task, error) {
	waiting, cancel := context.WithDeadline(ctx, until)
	defer cancel()
	asking := c.asker(waiting, until.Add(-lastAnswer), nil)
	Forward(waiting, s.Watch, c.token(), c.progress(nil), func(t task.Task) {
		if asking.see(t); t.Awaits() && asking.mute {
			cancel()
		}
	})
	asking.stop()
	return c.Store.Get(context.WithoutCancel(ctx), s.Task.Owner, s.Task.ID)
}

// progress sends progress where the call's answer goes. meta may be nil.
func (c call) progress(meta map[string]any) func(map[string]any) error {
	return func(params map[string]any) error {
		if c.wire != nil {
			c.wire.Notify(MethodProgress, params, meta)
		}
		return nil
	}
}

// answer answers with what is no result of a tool.
func (c call) answer(result any) (*mcp.CallToolResult, error) {
	return &mcp.CallToolResult{}, c.wire.Answer(result)
}
