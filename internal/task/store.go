package task

import (
	"context"
	"encoding/json"
	"sync"
)

// Store accepts tasks, runs them and remembers them. What always holds:
//
//   - A created task is readable by its owner before Submit returns.
//   - Progress never goes down; a final status never changes; Cancel wins or
//     loses its race with completion once, for everyone.
//   - Whoever watches a task sees its final snapshot, however slow they are; a
//     slow watcher may miss steps in between and never slows the task down.
//   - Someone else's task and one that does not exist answer alike.
//   - A panic in the work fails its task with a clean message and nothing else.
//   - What waits is ordered by priority and age within an owner, and owners take
//     turns.
//   - A task that asks its owner something holds no worker, and is not run before
//     everything is answered; the time until then does not make it older. Unanswered
//     for Limits.AnswerWithin, it fails.
type Store interface {
	// Submit makes a task. Errors: Invalid (no owner, or one that is
	// longer than MaxOwner or no plain UTF-8; unknown kind), Conflict
	// (idempotency key used with another request), Limit, Unavailable (shutting
	// down).
	Submit(ctx context.Context, s Spec) (Submission, error)

	// Get returns one task of owner, or NotFound.
	Get(ctx context.Context, owner, id string) (Task, error)

	// List pages through owner's tasks, newest first. Errors: Invalid (limit,
	// cursor, status).
	List(ctx context.Context, owner string, f Filter) (Page, error)

	// Watch subscribes to one task of owner, or NotFound. The subscription ends
	// with the task, with ctx, or when it is stopped. Its first event is the
	// task as it stands.
	Watch(ctx context.Context, owner, id string) (*Watch, error)

	// Cancel ends one task of owner: its status is Cancelled before Cancel
	// returns, and its work learns through its context. Cancelling a cancelled
	// task changes nothing and is no error. Errors: NotFound; Conflict, together
	// with the task, when it had ended otherwise.
	Cancel(ctx context.Context, owner, id string) (Task, error)

	// Answer gives replies to what one task of owner asks, by key, some or all. It
	// returns the task as it then stands, even if its work has started meanwhile;
	// the last reply lets it wait for its turn. What is not asked, or is answered
	// already, changes nothing and is no error, nor is that the task has ended.
	// Errors: NotFound; Invalid (replies: an action that there is not, content that
	// is too large or no JSON object); Unavailable.
	Answer(ctx context.Context, owner, id string, replies map[string]Reply) (Task, error)

	// Shutdown refuses new tasks, lets running work go on until ctx ends, then
	// stops it. It returns when no goroutine of the store is left. A store in
	// memory fails what has not ended, with the reason; a durable one hands it
	// back to be resumed.
	Shutdown(ctx context.Context) error
}

// Durable is a Store whose tasks outlive the process.
type Durable interface {
	Store
	Durable()
}

// Work carries out one kind of task. It must return soon after ctx ends. Its
// error's text reaches the owner only if it is a fault; any other error is
// logged and shown as an internal error.
type Work func(ctx context.Context, run Run) (json.RawMessage, error)

// Run is what a Work sees of its task. It is safe for concurrent use, and does
// nothing once the task has ended.
type Run interface {
	// Task is the task as it stood when the run began: its Question has the replies
	// of its owner, see Ask.
	Task() Task
	// Report raises the progress to percent (0-99; less than before leaves it as
	// it is) and adds a message to the log unless it is empty. Of the message
	// control characters and what goes beyond 500 bytes are left out. It never
	// blocks on a watcher.
	Report(percent int, message string)
	// Keep has put called when the task is about to be completed, and only then, in
	// the transaction that completes it: what the work made besides its result is kept
	// with that, or neither is. put is quick and does not use the store; an error of
	// it, which may be the database's, has all of that begun anew, in memory it fails
	// the task.
	Keep(put func(ctx context.Context, tx Tx) error)
}

// Tx is the transaction in which a store completes a task, in the words of its
// database; nil where there is none.
type Tx interface {
	Exec(ctx context.Context, query string, args ...any) (affected int64, err error)
}

// Watch is a subscription to one task.
type Watch struct {
	// Events carries snapshots, without gaps while the reader keeps up, and is
	// closed after the final one; it is closed without one when the
	// subscription is stopped or its context ends.
	Events <-chan Task

	stop func()
	once sync.Once
}

// NewWatch is for stores: stop is called at most once.
func NewWatch(events <-chan Task, stop func()) *Watch {
	return &Watch{Events: events, stop: stop}
}

// Stop ends the subscription; it may be called at any time and more than once.
func (w *Watch) Stop() { w.once.Do(w.stop) }

// Wait returns the task when it has ended or when ctx has, whichever is first:
// the caller tells by the status. Only a failed look-up is an error.
func Wait(ctx context.Context, s Store, owner, id string) (Task, error) {
	w, err := s.Watch(ctx, owner, id)
	if err != nil {
		return Task{}, err
	}
	defer w.Stop()
	var last Task
	for t := range w.Events {
		last = t
	}
	if last.Status.Final() {
		return last, nil
	}
	return s.Get(context.WithoutCancel(ctx), owner, id)
}

// Stepper is a Run that keeps what finished steps of its work gave, so that a task
// whose worker was lost is resumed after the last of them.
type Stepper interface {
	// StepCursor returns what the step of this name gave in an earlier run of the task,
	// or carries it out: do goes on from what an earlier run committed last, nil where
	// none did. A name stands for one step of a task.
	StepCursor(ctx context.Context, name string, do CursorStep) (json.RawMessage, error)
}

// CursorStep is a step that goes from one thing to the next, and commits how far it has
// come. What it gives must be all that later steps need of it.
type CursorStep = func(ctx context.Context, cursor json.RawMessage, commit Commit) (json.RawMessage, error)

// Commit keeps how far a step has come, with what it gave so far, if that is due: it
// is after each thing that took long, and so seldom that it costs little after each
// that did not. save makes what is kept. An error is one of save.
type Commit = func(save func() (json.RawMessage, error)) error

// Step carries out one step of a work, or returns what it gave before where run
// keeps that: what do gives must be all that later steps need of it.
func Step(ctx context.Context, run Run, name string, do func(context.Context) (json.RawMessage, error)) (json.RawMessage, error) {
	return StepCursor(ctx, run, name, func(ctx context.Context, _ json.RawMessage, _ Commit) (json.RawMessage, error) {
		return do(ctx)
	})
}

// StepCursor is Stepper.StepCursor where run keeps steps, and do from the beginning
// elsewhere.
func StepCursor(ctx context.Context, run Run, name string, do CursorStep) (json.RawMessage, error) {
	if s, ok := run.(Stepper); ok {
		return s.StepCursor(ctx, name, do)
	}
	return do(ctx, nil, func(func() (json.RawMessage, error)) error { return nil })
}
