// Package tasktest holds what every task store must pass: examples, one subtest
// a sentence (Run), and random runs against a model (StateMachine). It is for
// tests only.
//
// Nothing here waits for a fixed time or needs a fake clock, so that a store
// backed by a database passes the same suite: works under test are held and let
// go through channels, and where only time helps it polls with a deadline.
package tasktest

import (
	"testing"

	"github.com/trilha/trilha/internal/task"
)

// Open makes an empty store that runs works within limits. The suite shuts the
// store down itself; what else there is to release goes into t.Cleanup.
type Open func(t *testing.T, works map[string]task.Work, limits task.Limits) task.Store

// example is one sentence of the contract and how to see that it is true.
type example struct {
	name   string
	limits task.Limits
	check  func(t *testing.T, r *rig)
}

// Run checks the whole contract of task.Store by example.
func Run(t *testing.T, open Open) {
	groups := []struct {
		name     string
		examples []example
	}{
		{"submitting", submitting},
		{"repeating", repeating},
		{"reading", reading},
		{"running", running},
		{"watching", watching},
		{"cancelling", cancelling},
		{"asking", asking},
		{"counting", counting},
		{"limits", limiting},
		{"keeping", keeping},
		{"scheduling", scheduling},
		{"shutting down", stopping},
	}
	for _, g := range groups {
		t.Run(g.name, func(t *testing.T) {
			for _, e := range g.examples {
				t.Run(e.name, func(t *testing.T) { e.check(t, openRig(t, open, e.limits)) })
			}
		})
	}
}
