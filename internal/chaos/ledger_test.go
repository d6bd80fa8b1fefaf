package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/task"
)

// A ledger that never complains would show nothing.
func TestTheLedgerSeesWhatIsBroken(t *testing.T) {
	t.Parallel()
	given := assignment{Token: "me", Steps: []int{1, 1}}
	good := product{Token: "me", Links: []link{{0, "a", "me"}, {1, "b", "a"}}}
	result := func(p product) string {
		text, err := json.Marshal(p)
		require.NoError(t, err)
		return string(text)
	}
	pending := seen{ID: "1", Status: task.Pending}
	done := seen{ID: "1", Status: task.Completed, Progress: 100, Result: result(good), Ended: 5}
	with := func(s seen, change func(*seen)) seen {
		change(&s)
		return s
	}
	for name, c := range map[string]struct {
		told  []seen
		given assignment
		wants string // part of the complaint; empty: none
	}{
		"all is well":           {[]seen{pending, done, done}, given, ""},
		"two ids":               {[]seen{pending, with(done, func(s *seen) { s.ID = "2" })}, given, "also names"},
		"it runs again":         {[]seen{done, pending}, given, "changed after its end"},
		"another result":        {[]seen{done, with(done, func(s *seen) { s.Result = "{}" })}, given, "changed after its end"},
		"another moment":        {[]seen{done, with(done, func(s *seen) { s.Ended++ })}, given, "changed after its end"},
		"a longer log":          {[]seen{done, with(done, func(s *seen) { s.Log = []string{"late"} })}, given, "changed after its end"},
		"no product":            {[]seen{with(done, func(s *seen) { s.Result = "[]" })}, given, "no product"},
		"someone else's":        {[]seen{done}, assignment{Token: "you", Steps: []int{1, 1}}, "was given"},
		"too few steps":         {[]seen{with(done, func(s *seen) { s.Result = result(product{"me", good.Links[:1]}) })}, given, "was given"},
		"runs are mixed":        {[]seen{with(done, func(s *seen) { s.Result = result(product{"me", []link{{0, "a", "me"}, {1, "b", "c"}}}) })}, given, "mixed"},
		"it should have failed": {[]seen{done}, assignment{Token: "me", Steps: []int{1, 1}, Fail: true}, "was given"},
		"it failed":             {[]seen{{ID: "1", Status: task.Failed, Error: "oh"}}, given, "failed: oh"},
		"as it was told to":     {[]seen{{ID: "1", Status: task.Failed, Error: toldTo}}, assignment{Fail: true}, ""},
		"it was given up":       {[]seen{{ID: "1", Status: task.Failed, Error: "its worker was lost 3 times"}}, given, ""},
		"nobody cancelled":      {[]seen{{ID: "1", Status: task.Cancelled}}, given, "nobody asked"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLedger()
			e := &entry{key: "k", given: c.given}
			for _, s := range c.told {
				l.acknowledge(e, s)
			}
			if c.wants == "" {
				assert.Empty(t, l.contradictions)
				return
			}
			require.NotEmpty(t, l.contradictions)
			assert.Contains(t, l.contradictions[0], c.wants)
		})
	}
}

func TestACancelThatWasAnsweredIsDecided(t *testing.T) {
	t.Parallel()
	l := newLedger()
	l.cancelAnswered(&entry{id: "1", cancelled: true}, seen{ID: "1", Status: task.Cancelled})
	assert.Empty(t, l.contradictions)
	l.cancelAnswered(&entry{id: "1", cancelled: true}, seen{ID: "1", Status: task.Running})
	assert.Len(t, l.contradictions, 1)
}

func TestFiguresCountWhatWasRunTwice(t *testing.T) {
	t.Parallel()
	l := newLedger()
	here, there := &child{}, &child{}
	for _, told := range []struct {
		by *child
		line
	}{
		{here, line{Event: "begun", Task: "1"}},
		{here, line{Event: "step", Task: "1", Step: "0"}},
		{here, line{Event: "did", Task: "1", Step: "0"}},
		{here, line{Event: "step", Task: "1", Step: "1"}},
		{there, line{Event: "begun", Task: "1"}}, // while it is on here
		{there, line{Event: "step", Task: "1", Step: "0"}},
		{there, line{Event: "did", Task: "1", Step: "0"}},
		{there, line{Event: "step", Task: "1", Step: "1"}},
		{there, line{Event: "did", Task: "1", Step: "1"}},
	} {
		l.hear(told.by, told.line)
	}
	l.sum()
	f := l.figures
	assert.Equal(t, []int{2, 2, 2, 1, 1}, []int{f.runs, f.steps, f.begunAgain, f.didAgain, f.atOnce})
}
