package task

import (
	"strings"

	"github.com/trilha/trilha/internal/fault"
)

// What stores answer, in the same words everywhere.

// ErrNotFound is the one answer for a task that does not exist, has expired, or
// is someone else's.
func ErrNotFound(id string) error {
	return fault.New(fault.NotFound, "no task with id %q", id)
}

// ErrStopping is the answer to Submit after Shutdown.
func ErrStopping() error {
	return fault.New(fault.Unavailable, "the server is stopping and takes no new tasks").
		With("Try again in a moment.")
}

// ErrTooManyWaiting is the answer to Submit at Limits.WaitingPerOwner.
func ErrTooManyWaiting(waiting int) error {
	return fault.New(fault.Limit, "%d tasks are waiting already, and no more may", waiting).
		With("Wait until one of them starts, answer one that asks, or cancel one.")
}

// ErrFull is the answer to Submit at Limits.Kept when none has ended.
func ErrFull(kept int) error {
	return fault.New(fault.Limit, "the server holds %d tasks, and no more fit", kept).
		With("Try again when one of them has ended.")
}

// ErrOwnFull is the answer to Submit at OwnLimits.Kept when none of the owner's has
// ended.
func ErrOwnFull(kept int) error {
	return fault.New(fault.Limit, "%d tasks of yours are kept, and no more may be", kept).
		With("Wait until one of them has ended, or cancel one.")
}

// ErrTooLarge is about a result that could not be kept even alone.
func ErrTooLarge(size int, most int64) error {
	return fault.New(fault.Limit, "a result of %d bytes is larger than all results together may be (%d)", size, most).
		With("Ask for less.")
}

// ErrKeyTaken is about an idempotency key that came with another request.
func ErrKeyTaken(key, id string) error {
	return fault.New(fault.Conflict, "idempotency key %q belongs to task %q, which asked for something else", key, id).
		With("Use a new key for a new request.")
}

// ErrEnded is the answer to Cancel for a task that has ended otherwise.
func ErrEnded(id string, as Status) error {
	return fault.New(fault.Conflict, "task %q has ended already (%s)", id, as).
		With("There is nothing left to cancel.")
}

// MaxOwner bounds the name of an owner, in bytes: indexes hold it whole.
const MaxOwner = 256

// Check says what is wrong with s whatever the store holds. known tells the kinds
// of work that there are.
func (s Spec) Check(known func(kind string) bool) error {
	switch {
	case s.Owner == "":
		return fault.InField("owner", "is empty").With("Name whose task it is.")
	case len(s.Owner) > MaxOwner:
		return fault.InField("owner", "of %d bytes is longer than %d", len(s.Owner), MaxOwner).With("Use a shorter name.")
	case strings.ContainsAny(s.Owner, "\x00\uFFFD"): // the second is what stands for bytes that are no UTF-8
		return fault.InField("owner", "is not plain UTF-8").With("Use a name that is.")
	}
	if !known(s.Kind) {
		return fault.InField("kind", "there is no work of kind %q", s.Kind).
			With("Use one of the kinds this server was built with.")
	}
	return nil
}
