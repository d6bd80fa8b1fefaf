package mcptasks

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/trilha/trilha/internal/mcpwire"
	"github.com/trilha/trilha/internal/task"
)

// formsSince is the first protocol version whose clients can be asked to fill in a
// form.
const formsSince = "2025-06-18"

// elicits tells whether the client of a call can show its user a form. A client that
// names no mode means forms.
func elicits(w *mcpwire.Call) bool {
	if w == nil || w.Version() < formsSince {
		return false
	}
	e := w.Client().Elicitation
	return e != nil && (e.Form != nil || e.URL == nil)
}

// elicitation is a form as the params of elicitation/create.
func elicitation(f task.Form, modes bool, meta map[string]any) map[string]any {
	params := map[string]any{"message": f.Message, "requestedSchema": f.Schema}
	if modes {
		params["mode"] = "form"
	}
	if meta != nil {
		params["_meta"] = meta
	}
	return params
}

// reply is what a client answered to a form.
type reply struct {
	Action  task.Action     `json:"action"`
	Content json.RawMessage `json:"content"`
}

// replyIn reads one. false: it is no answer to a form.
func replyIn(raw []byte) (task.Reply, bool) {
	var r reply
	if json.Unmarshal(raw, &r) != nil {
		return task.Reply{}, false
	}
	given := task.Reply{Action: r.Action, Content: r.Content}
	return given, task.CheckReplies(map[string]task.Reply{"": given}) == nil
}

// Round answers a call with what has to be asked before there can be a task: see
// Caller.Rounds.
func Round(forms map[string]task.Form) *mcp.CallToolResult {
	r := &mcp.CallToolResult{Result: mcp.Result{ResultType: mcp.ResultTypeInputRequired}}
	r.InputRequests = mcp.InputRequests{}
	for key, form := range forms {
		r.InputRequests[key] = mcp.NewElicitationInputRequest(mcp.ElicitationParams{
			Mode: mcp.ElicitationModeForm, Message: form.Message, RequestedSchema: form.Schema,
		})
	}
	return r
}

// Replies gives what the client answered to a Round, by key. What is no answer to a
// form is left out.
func Replies(r mcp.CallToolRequest) map[string]task.Reply {
	replies := map[string]task.Reply{}
	for key, response := range r.Params.InputResponses {
		raw, err := json.Marshal(response)
		if err != nil {
			continue
		}
		if r, ok := replyIn(raw); ok {
			replies[key] = r
		}
	}
	return replies
}

// asker asks a client, once each, what a task asks, while a call of the client is
// open.
type asker struct {
	call
	ctx   context.Context
	end   context.CancelFunc
	by    time.Time // when an answer has to be there; zero: as long as ctx
	meta  map[string]any
	mute  bool
	asked map[string]bool
	open  sync.WaitGroup
}

// asker makes one for a client that can be asked in the middle of a call.
func (c call) asker(ctx context.Context, by time.Time, meta map[string]any) *asker {
	a := &asker{call: c, by: by, meta: meta, asked: map[string]bool{}}
	a.mute = !elicits(c.wire) || c.wire.Modern()
	a.ctx, a.end = context.WithCancel(ctx)
	return a
}

// see looks at a snapshot of the task. It is called by one goroutine at a time.
func (a *asker) see(t task.Task) {
	if a.mute || !t.Awaits() {
		return
	}
	for _, key := range slices.Sorted(maps.Keys(t.Question.Forms)) {
		if !a.asked[key] {
			a.asked[key] = true
			form := t.Question.Forms[key]
			a.open.Go(func() { a.ask(t, key, form) })
		}
	}
}

// stop waits until nothing is asked any more.
func (a *asker) stop() {
	a.end()
	a.open.Wait()
}

func (a *asker) ask(t task.Task, key string, form task.Form) {
	ctx, cancel := a.ctx, context.CancelFunc(func() {})
	if !a.by.IsZero() {
		ctx, cancel = context.WithDeadline(ctx, a.by)
	}
	defer cancel()
	var given json.RawMessage
	err := a.wire.Ask(ctx, string(mcp.MethodElicitationCreate), elicitation(form, a.wire.Version() >= coreVersion, a.meta), &given)
	if a.ctx.Err() != nil {
		return // the call is over: whoever asks next may be answered
	}
	r, ok := replyIn(given)
	if err != nil || !ok {
		r = task.Reply{Action: task.Dismiss}
	}
	if _, err := a.Store.Answer(a.ctx, t.Owner, t.ID, map[string]task.Reply{key: r}); err != nil {
		a.Log.WarnContext(ctx, "an answer could not be given to its task", "task", t.ID, "error", err)
	}
}
