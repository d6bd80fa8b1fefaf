package memory_test

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/task"
)

func atOnce(context.Context, task.Run) (json.RawMessage, error) { return nil, nil }

// BenchmarkSubmitAndGet has every task wait, behind many of many owners.
func BenchmarkSubmitAndGet(b *testing.B) {
	s := store(b, task.Limits{Running: 1, WaitingPerOwner: 1 << 30, Kept: 1 << 30}, nil, untilTold)
	for i := range 10_000 {
		submit(b, s, task.Spec{Owner: fmt.Sprint(i % 1000)})
	}
	b.ReportAllocs()
	for b.Loop() {
		get(b, s, submit(b, s, task.Spec{}).ID)
	}
}

// BenchmarkSubmitAndRun has every task run, in a store that is full.
func BenchmarkSubmitAndRun(b *testing.B) {
	s := full(b, task.Limits{Running: 2, WaitingPerOwner: 1 << 30, Kept: 10_000})
	b.ReportAllocs()
	for b.Loop() {
		finish(b, s, submit(b, s, task.Spec{}).ID)
	}
}

func BenchmarkSubmitWithResult(b *testing.B) {
	s := full(b, task.Limits{Kept: 10_000})
	b.ReportAllocs()
	for b.Loop() {
		submit(b, s, task.Spec{Result: json.RawMessage(`{}`)})
	}
}

func BenchmarkListOf10000(b *testing.B) {
	s := full(b, task.Limits{})
	deep := ""
	for range 99 {
		page, err := s.List(b.Context(), "ann", task.Filter{Limit: task.MaxPage, Cursor: deep})
		require.NoError(b, err)
		deep = page.Next
	}
	for name, f := range map[string]task.Filter{
		"first page":    {},
		"last page":     {Limit: task.MaxPage, Cursor: deep},
		"none selected": {Statuses: []task.Status{task.Running}},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, err := s.List(b.Context(), "ann", f)
				require.NoError(b, err)
			}
		})
	}
}

// full is a store that keeps 10,000 tasks of ann.
func full(b *testing.B, limits task.Limits) task.Store {
	s := store(b, limits, nil, atOnce)
	for range 10_000 {
		submit(b, s, task.Spec{Result: json.RawMessage(`{}`)})
	}
	return s
}

// BenchmarkKeptTask reports what one of 10,000 kept tasks takes, without what
// the caller shares with it, and what it would take in a bare map.
func BenchmarkKeptTask(b *testing.B) {
	const n = 10_000
	result := json.RawMessage(`{}`)
	for b.Loop() {
		inStore := grown(func() any {
			s := store(b, task.Limits{}, nil, atOnce)
			for range n {
				submit(b, s, task.Spec{Result: result})
			}
			return s
		})
		inMap := grown(func() any {
			m := make(map[string]task.Task)
			for range n {
				id := uuid.NewString()
				m[id] = task.Task{ID: id, Owner: "ann", Kind: "work", Status: task.Completed, Result: result}
			}
			return m
		})
		b.ReportMetric(float64(inStore)/n, "B/task")
		b.ReportMetric(float64(inMap)/n, "B/task-in-map")
	}
}

// grown is by how many bytes the heap grows when made is.
func grown(made func() any) uint64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	kept := made()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(kept)
	return after.HeapAlloc - before.HeapAlloc
}
