// Package fault names the kinds of error that a caller can act on. It is the
// leaf every other package may import: domain packages return faults, faces
// turn a Kind into their own wire (a tool error, a JSON-RPC code, an HTTP
// status, an exit code) in one table each.
//
// An error that is not a fault is a defect or an accident of the machine: its
// text is for the log, never for the caller.
package fault

import (
	"errors"
	"fmt"
)

// Kind says what a caller can do about an error. A Kind is itself an error, so
// that errors.Is(err, fault.NotFound) reads as it should.
type Kind string

// The kinds, by what helps: change the request, change the id, look at the
// state first, wait or ask for less, try again later, give up.
const (
	Invalid     Kind = "invalid"
	NotFound    Kind = "not found"
	Conflict    Kind = "conflict"
	Limit       Kind = "limit reached"
	Unavailable Kind = "unavailable"
)

func (k Kind) Error() string { return string(k) }

// Error is a fault with words for the caller: what was wrong, and what to do
// next. Both are safe to show: no path, no Go type, no secret.
type Error struct {
	Kind   Kind
	Msg    string // what was wrong, and on what
	Field  string // the request field at fault; empty where there is none
	Remedy string // what to do next, a sentence; may be empty
	cause  error
}

func (e *Error) Error() string {
	msg := e.Msg
	if e.Field != "" {
		msg = e.Field + ": " + msg
	}
	if e.Remedy != "" {
		msg += ". " + e.Remedy
	}
	return msg
}

// Is makes errors.Is(err, kind) true for the error's own kind.
func (e *Error) Is(target error) bool { return target == error(e.Kind) }

// Unwrap gives the cause, which is for logs.
func (e *Error) Unwrap() error { return e.cause }

// New makes a fault of kind k.
func New(k Kind, format string, args ...any) *Error {
	return &Error{Kind: k, Msg: fmt.Sprintf(format, args...)}
}

// InField makes an Invalid fault about one field of a request.
func InField(field, format string, args ...any) *Error {
	return &Error{Kind: Invalid, Field: field, Msg: fmt.Sprintf(format, args...)}
}

// With adds what to do next and returns e.
func (e *Error) With(format string, args ...any) *Error {
	e.Remedy = fmt.Sprintf(format, args...)
	return e
}

// Because keeps cause for the log and for errors.Is, and returns e.
func (e *Error) Because(cause error) *Error {
	e.cause = cause
	return e
}

// Of finds the fault in err's chain; ok is false for any other error.
func Of(err error) (e *Error, ok bool) {
	ok = errors.As(err, &e)
	return e, ok
}
