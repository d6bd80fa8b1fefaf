package mcptasks

import (
	"context"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/trilha/trilha/internal/task"
)

// MethodProgress is the notification of progress.
const MethodProgress = "notifications/progress"

// A token gets at most ten notifications a second, after a first burst of ten.
// The last one is never held back.
const (
	progressRate  = 10
	progressBurst = 10
)

// Forward turns a task's events into progress for one token until the task ends,
// the subscription does, or ctx does, and gives the last snapshot. Progress sent
// rises strictly; 100 is sent on completion alone, and nothing after the end. Without
// a token nothing is sent. see, if not nil, is called with every snapshot, after what
// is sent of it.
func Forward(ctx context.Context, w *task.Watch, token any, send func(map[string]any) error, see func(task.Task)) task.Task {
	if see == nil {
		see = func(task.Task) {}
	}
	p := pacer{limit: rate.NewLimiter(progressRate, progressBurst), token: token, send: send}
	defer p.stop()
	var last task.Task
	for {
		select {
		case t, ok := <-w.Events:
			if !ok {
				return last
			}
			last = t
			if !t.Status.Final() {
				p.offer(t)
				see(t)
				continue
			}
			if t.Status == task.Completed {
				p.now(t)
			}
			see(t)
			return last
		case <-p.due():
			p.retry()
		case <-ctx.Done():
			return last
		}
	}
}

// pacer sends what is offered at the allowed rate, the newest first, and drops
// what a newer one has overtaken.
type pacer struct {
	limit   *rate.Limiter
	token   any
	send    func(map[string]any) error
	sent    int        // the progress sent last
	pending *task.Task // held back by the rate
	timer   *time.Timer
}

func (p *pacer) offer(t task.Task) {
	if p.token == nil || t.Progress <= p.sent {
		return
	}
	if p.pending == nil && p.limit.Allow() {
		p.now(t)
		return
	}
	if p.pending == nil {
		p.timer = time.NewTimer(time.Second / progressRate)
	}
	p.pending = &t
}

func (p *pacer) due() <-chan time.Time {
	if p.pending == nil {
		return nil
	}
	return p.timer.C
}

func (p *pacer) retry() {
	if !p.limit.Allow() {
		p.timer.Reset(time.Second / progressRate)
		return
	}
	t := *p.pending
	p.pending = nil
	p.now(t)
}

func (p *pacer) now(t task.Task) {
	if p.token == nil || t.Progress <= p.sent {
		return
	}
	p.sent = t.Progress
	params := map[string]any{"progressToken": p.token, "progress": t.Progress, "total": 100}
	if n := len(t.Messages); n > 0 {
		params["message"] = t.Messages[n-1].Text
	}
	// A session that is gone or does not read loses its progress; the task and
	// its result are kept all the same.
	_ = p.send(params)
}

func (p *pacer) stop() {
	if p.timer != nil {
		p.timer.Stop()
	}
}

// Followers knows who is being told of which task.
type Followers struct {
	mu     sync.Mutex
	byTask map[string][]chan struct{}
}

// Add notes a follower of a task; done takes it off.
func (f *Followers) Add(id string) (done func()) {
	ch := make(chan struct{})
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.byTask == nil {
		f.byTask = map[string][]chan struct{}{}
	}
	f.byTask[id] = append(f.byTask[id], ch)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		close(ch)
		left := f.byTask[id][:0:0]
		for _, other := range f.byTask[id] {
			if other != ch {
				left = append(left, other)
			}
		}
		if f.byTask[id] = left; len(left) == 0 {
			delete(f.byTask, id)
		}
	}
}

// Settle returns when every follower of a task is done, or ctx is: an answer that
// shows a task's end must not be followed by progress of it.
func (f *Followers) Settle(ctx context.Context, id string) {
	f.mu.Lock()
	waiting := f.byTask[id]
	f.mu.Unlock()
	for _, ch := range waiting {
		select {
		case <-ch:
		case <-ctx.Done():
			return
		}
	}
}
