package task

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"

	"github.com/trilha/trilha/internal/fault"
)

const internalError = "internal error; the server's log tells more under this task's id"

// Outcome is how a task ends, or how a run of it leaves to ask its owner something.
type Outcome struct {
	Status Status // Pending: it asks
	Result json.RawMessage
	Why    string          // words for the owner, where there is no result
	Asks   map[string]Form // of Pending: what has to be answered before the task may run again
}

// OutcomeCancelled is that of a task whose owner no longer wants it.
func OutcomeCancelled() Outcome {
	return Outcome{Status: Cancelled, Why: "cancelled at its owner's request"}
}

// Perform is for stores: it carries work out on this goroutine and hands how its
// task ends, or that it asks, to settle, whichever way the work leaves: by returning, by a panic, or
// by ending the goroutine. What the owner is not shown goes to log. A result of
// more than maxResult bytes fails the task.
func Perform(ctx context.Context, work Work, run Run, maxResult int64, log *slog.Logger, settle func(Outcome)) {
	var result json.RawMessage
	err := errors.New("the work ended its goroutine instead of returning") // runtime.Goexit
	defer func() {
		if p := recover(); p != nil {
			err = &panicError{value: p, stack: debug.Stack()}
		}
		out := judge(result, err, maxResult)
		if out.Status != Pending {
			logFailure(ctx, log, run.Task(), err)
		}
		settle(out)
	}()
	result, err = work(ctx, run)
}

// judge says how a work that left with result and err ends its task, in words
// for the owner.
func judge(result json.RawMessage, err error, maxResult int64) Outcome {
	if a, ok := errors.AsType[*asking](err); ok {
		return Outcome{Status: Pending, Asks: a.forms}
	}
	if err == nil && int64(len(result)) > maxResult {
		err = ErrTooLarge(len(result), maxResult)
	}
	if err == nil {
		return Outcome{Status: Completed, Result: result}
	}
	return OutcomeOf(err)
}

// OutcomeOf is that of a task which fails with err.
func OutcomeOf(err error) Outcome {
	if f, ok := fault.Of(err); ok {
		return Outcome{Status: Failed, Why: f.Error()}
	}
	return Outcome{Status: Failed, Why: internalError}
}

// logFailure keeps what the owner is not shown.
func logFailure(ctx context.Context, log *slog.Logger, t Task, err error) {
	log = log.With("task", t.ID, "owner", t.Owner, "kind", t.Kind)
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
