// Package task is the domain of background work: what a task is, how its
// status may move, what limits hold, what a watcher sees, and the interface
// that stores implement. It knows nothing of learning paths (a task's input
// and result are opaque JSON), of MCP, of HTTP, or of any database.
//
// Stores live below it in their own packages (task/memory) and all pass the
// contract suite in task/tasktest.
package task

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"
)

// Status is where a task stands.
type Status string

// The statuses of a task. The last three are final.
const (
	Pending   Status = "pending"
	Running   Status = "running"
	Completed Status = "completed"
	Failed    Status = "failed"
	Cancelled Status = "cancelled"
)

// Statuses lists every status, in the order of a task's life.
func Statuses() []Status { return []Status{Pending, Running, Completed, Failed, Cancelled} }

// moves lists every legal change of status.
var moves = map[Status][]Status{
	Pending: {Running, Completed, Cancelled, Failed}, // Completed: the result was known at once
	Running: {Completed, Failed, Cancelled, Pending}, // Pending: its worker was lost, or it awaits its owner
}

// Final reports whether s can never change again. What is no status is not final.
func (s Status) Final() bool { return s == Completed || s == Failed || s == Cancelled }

// CanMove reports whether a task may go from s to next.
func (s Status) CanMove(next Status) bool { return slices.Contains(moves[s], next) }

// Priority orders what waits; see Limits.Ageing.
type Priority string

// The priorities. The empty Priority counts as Normal.
const (
	High   Priority = "high"
	Normal Priority = "normal"
	Low    Priority = "low"
)

// Priorities lists the priorities, the most urgent first.
func Priorities() []string { return []string{string(High), string(Normal), string(Low)} }

// Rank is 0 for High, 1 for Normal, 2 for Low: how many ageing steps a task of
// this priority stands behind a high one created at the same moment.
func (p Priority) Rank() int {
	switch p {
	case High:
		return 0
	case Low:
		return 2
	default:
		return 1
	}
}

// Task is a snapshot of one background run. Values are copies: holding one
// never blocks the store, and its slices must not be written to.
type Task struct {
	ID          string // uuid v4
	Owner       string // a principal, never a session
	Kind        string // which Work runs it
	Description string
	Priority    Priority
	Input       json.RawMessage // for the Work; opaque here
	TTL         time.Duration   // from its end until it is forgotten; see Limits.TTLOf

	Status   Status
	Progress int             // 0-100, never falls; 100 exactly when Completed
	Result   json.RawMessage // of a Completed task
	Error    string          // of a Failed or Cancelled task: words for the owner
	Messages []Message       // at most MaxMessages, oldest first
	Question *Question       // what was asked of its owner; nil: nothing so far, or it has ended

	Trace map[string]string // Spec.Trace, for its Work alone

	CreatedAt   time.Time
	UpdatedAt   time.Time
	CompletedAt time.Time // zero until the status is final
	ExpiresAt   time.Time // zero until the status is final; then when it is forgotten
}

// Spec describes a task to be made.
type Spec struct {
	Owner       string
	Kind        string
	Description string
	Priority    Priority
	Input       json.RawMessage

	// TTL is how long the task is wanted from its end on; Limits.TTLOf says how long it
	// is kept. What is repeated keeps the time that it has.
	TTL time.Duration

	// IdempotencyKey, if set, makes a second Submit of this owner with the same
	// key, Kind and Input return the first task for as long as that task is kept;
	// with another Kind or Input it is a Conflict.
	IdempotencyKey string

	// Unique, if set, makes Submit return this owner's task with the same Unique
	// that has not ended yet, if there is one.
	Unique string

	// Result, if not nil, is the outcome known beforehand: the task is created
	// Completed and no work runs.
	Result json.RawMessage

	// Failure, if set, is why there can be no result, in words for the owner: the
	// task is created Failed and no work runs. Not with Result.
	Failure string

	// Limits are the owner's own, from this task on; what is zero there is as the
	// store has it for everyone.
	Limits OwnLimits

	// Trace is where the task comes from, for whoever follows work across instances:
	// W3C's trace context, by the names of its headers. It reaches the Work, wherever
	// that runs, and is forgotten when the task has ended.
	Trace map[string]string

	// Watch asks for a subscription that is in place before the work can start,
	// so that it misses nothing; for a task that is repeated, or created
	// ended, it is as Store.Watch gives it. It does not end with Submit's
	// context: it must be stopped, or drained to its end.
	Watch bool
}

// Known gives the outcome that is known beforehand, if one is.
func (s Spec) Known() (out Outcome, known bool) {
	switch {
	case s.Result != nil:
		return Outcome{Status: Completed, Result: s.Result}, true
	case s.Failure != "":
		return Outcome{Status: Failed, Why: s.Failure}, true
	default:
		return Outcome{}, false
	}
}

// OwnLimits are limits of one owner, in the place of the store's.
type OwnLimits struct {
	Waiting int // for Limits.WaitingPerOwner
	Running int // for Limits.RunningPerOwner
	Kept    int // tasks of this owner: when full their first to expire goes, and with none ended Submit is refused
}

// Submission is the answer to Submit.
type Submission struct {
	Task     Task
	Repeated bool   // an existing task was returned (IdempotencyKey or Unique)
	Watch    *Watch // nil unless Spec.Watch
}

// Limits bound what a store accepts, runs and keeps. Zero fields take the
// value of DefaultLimits.
type Limits struct {
	RunningPerOwner int           // at once; more wait
	Running         int           // at once, over all owners; more wait
	WaitingPerOwner int           // for their turn or for an answer; more are refused
	Kept            int           // tasks in all; when full the first to expire goes, and with none finished Submit is refused
	KeptBytes       int64         // results in all; when over the first to expire go
	TTL             time.Duration // from a task's end until it is forgotten, at most
	MinTTL          time.Duration // the same, at least, unless TTL is less
	Ageing          time.Duration // a task goes ahead of one that is one rank higher and this much younger
	AnswerWithin    time.Duration // from a task's question until it fails for want of an answer
}

// DefaultLimits are those of the design; Running is left to the caller (the
// number of processors).
func DefaultLimits() Limits {
	return Limits{
		RunningPerOwner: 2,
		Running:         2,
		WaitingPerOwner: 1000,
		Kept:            20_000,
		KeptBytes:       512 << 20,
		TTL:             24 * time.Hour,
		MinTTL:          time.Minute,
		Ageing:          time.Minute,
		AnswerWithin:    time.Hour,
	}
}

// OrDefaults fills zero fields from DefaultLimits.
func (l Limits) OrDefaults() Limits {
	d := DefaultLimits()
	l.RunningPerOwner = cmp.Or(l.RunningPerOwner, d.RunningPerOwner)
	l.Running = cmp.Or(l.Running, d.Running)
	l.WaitingPerOwner = cmp.Or(l.WaitingPerOwner, d.WaitingPerOwner)
	l.Kept = cmp.Or(l.Kept, d.Kept)
	l.KeptBytes = cmp.Or(l.KeptBytes, d.KeptBytes)
	l.TTL = cmp.Or(l.TTL, d.TTL)
	l.MinTTL = cmp.Or(l.MinTTL, d.MinTTL)
	l.Ageing = cmp.Or(l.Ageing, d.Ageing)
	l.AnswerWithin = cmp.Or(l.AnswerWithin, d.AnswerWithin)
	return l
}

// TTLOf is for stores: how long a task is kept, from its end on, of which Spec.TTL is
// asked. What is out of bounds is as the nearest that is not; zero asks for nothing, and
// gets the most.
func (l Limits) TTLOf(asked time.Duration) time.Duration {
	if asked == 0 {
		return l.TTL
	}
	return min(max(asked, l.MinTTL), l.TTL)
}
