package memory

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/task"
)

const (
	maxMessageBytes = 500
	internalError   = "internal error; the server's log tells more under this task's id"
)

// start runs e, which has left its queue and holds a slot.
func (s *Store) start(e *entry) {
	// Not the context of whoever asked: the task outlives the request.
	ctx, cancel := context.WithCancel(context.Background())
	e.life.cancel = cancel
	e.task.Status = task.Running
	e.task.UpdatedAt = time.Now()
	e.publish()
	go s.perform(ctx, &run{store: s, entry: e, began: e.snapshot()})
}

// perform carries the work out and settles it, whichever way it leaves.
func (s *Store) perform(ctx context.Context, r *run) {
	var result json.RawMessage
	err := errors.New("the work ended its goroutine instead of returning") // runtime.Goexit
	defer func() {
		if p := recover(); p != nil {
			err = &panicError{value: p, stack: debug.Stack()}
		}
		out := s.judge(result, err)
		s.logFailure(ctx, r.began, err)
		s.settle(r.entry, out)
	}()
	result, err = s.works[r.began.Kind](ctx, r)
}

// settle ends the task, unless it was cancelled meanwhile, and frees the slot.
func (s *Store) settle(e *entry, out outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.end(e, out)
	s.release(e.owner)
}

// judge says how a work that left with result and err ends its task, in words
// for the owner.
func (s *Store) judge(result json.RawMessage, err error) outcome {
	if err == nil && int64(len(result)) > s.limits.KeptBytes {
		err = s.errTooLarge(len(result))
	}
	if err == nil {
		return outcome{status: task.Completed, result: result}
	}
	if f, ok := fault.Of(err); ok {
		return outcome{status: task.Failed, why: f.Error()}
	}
	return outcome{status: task.Failed, why: internalError}
}

// logFailure keeps what the owner is not shown.
func (s *Store) logFailure(ctx context.Context, t task.Task, err error) {
	log := s.log.With("task", t.ID, "kind", t.Kind)
	if p, ok := errors.AsType[*panicError](err); ok {
		log.Error("work panicked", "panic", fmt.Sprint(p.value), "stack", string(p.stack))
		return
	}
	// A context that has ended tells that the task ended first: then any error
	// is only the work's way of stopping.
	if err == nil || ctx.Err() != nil {
		return
	}
	if f, ok := fault.Of(err); ok {
		log.Info("task failed", "error", err, "cause", f.Unwrap())
		return
	}
	log.Error("task failed", "error", err)
}

type panicError struct {
	value any
	stack []byte
}

func (p *panicError) Error() string { return fmt.Sprint("panic: ", p.value) }

// run is a task.Run.
type run struct {
	store *Store
	entry *entry
	began task.Task
}

func (r *run) Task() task.Task { return r.began }

func (r *run) Report(percent int, message string) {
	message = clean(message)
	percent = min(percent, 99)
	r.store.mu.Lock()
	defer r.store.mu.Unlock()
	e := r.entry
	if e.life == nil || (percent <= e.task.Progress && message == "") {
		return
	}
	now := time.Now()
	e.task.UpdatedAt = now
	e.task.Progress = max(e.task.Progress, percent)
	if message != "" {
		e.note(task.Message{Time: now, Text: message})
	}
	e.publish()
}

// note adds to the log. Snapshots share its array: append writes only behind
// what they see, and moves the lines to a new array when this one is used up.
func (e *entry) note(m task.Message) {
	log := append(e.task.Messages, m) //nolint:gocritic // snapshots keep the shorter slice
	e.task.Messages = log[max(0, len(log)-task.MaxMessages):]
}

// clean makes one bounded line of valid UTF-8 out of text.
func clean(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsControl(r) {
			if !unicode.IsSpace(r) {
				continue
			}
			r = ' '
		}
		if b.Len()+utf8.RuneLen(r) > maxMessageBytes {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}
