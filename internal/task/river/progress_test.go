package river_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/task/river"
)

func TestProgressThatWasSeenAnywhereIsSeenEverywhere(t *testing.T) {
	everywhere(t, func(t *testing.T, at string) {
		st := newStage()
		one := openAt(t, at, river.Options{Works: st.works()})
		two := openAt(t, at, river.Options{Works: st.works(), Idle: true})
		sub := submit(t, one, task.Spec{Watch: true})
		w := st.next(t)
		looks := map[string]func() int{
			"get": func() int { return get(t, one, sub.Task.ID).Progress },
			"list": func() int {
				page, err := one.List(t.Context(), "ann", task.Filter{})
				require.NoError(t, err)
				return page.Tasks[0].Progress
			},
			"repeated watch": func() int {
				again, err := one.Watch(t.Context(), "ann", sub.Task.ID)
				require.NoError(t, err)
				defer again.Stop()
				return (<-again.Events).Progress
			},
		}
		percent := 0
		for range 5 {
			for what, look := range looks {
				percent += 2
				w.run.Report(percent-1, "")
				w.run.Report(percent, "")
				seen := look()
				assert.Equal(t, percent, seen, what)
				assert.GreaterOrEqual(t, get(t, two, sub.Task.ID).Progress, seen, what)
			}
		}
		for last := 0; percent < 60; { // and by who watches
			percent++
			w.run.Report(percent, "")
			for last < percent {
				e := receive(t, sub.Watch.Events, "a step")
				assert.GreaterOrEqual(t, e.Progress, last)
				last = e.Progress
				require.GreaterOrEqual(t, get(t, two, sub.Task.ID).Progress, last, "watched")
			}
		}
		w.end <- json.RawMessage(`1`)
	})
}

func TestWhoWatchesSeesReportsThatAreWrittenTogetherOneByOne(t *testing.T) {
	everywhere(t, func(t *testing.T, at string) {
		st := newStage()
		s := openAt(t, at, river.Options{Works: st.works()})
		sub := submit(t, s, task.Spec{Watch: true})
		w := st.next(t)
		const reports = 50
		for i := range reports {
			w.run.Report(i+1, "")
		}
		w.end <- json.RawMessage(`1`)
		var seen []int
		for e := range sub.Watch.Events {
			if e.Progress > 0 {
				seen = append(seen, e.Progress)
			}
		}
		require.Len(t, seen, reports+1)
		assert.IsIncreasing(t, seen)
	})
}

func TestReportsInQuickSuccessionAreWrittenTogether(t *testing.T) {
	everywhere(t, func(t *testing.T, at string) {
		st := newStage()
		s := openAt(t, at, river.Options{Works: st.works()})
		sub := submit(t, s, task.Spec{})
		w := st.next(t)
		for i := range 10_000 {
			w.run.Report(i/100, "step")
		}
		w.end <- json.RawMessage(`1`)
		end := finish(t, s, sub.Task.ID)
		assert.Len(t, end.Messages, task.MaxMessages)
		assert.Less(t, queryAt(t, at, `SELECT revision FROM tasks`), 200)
	})
}
