package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// looks makes looks at a server whose figures are what of makes of the turn.
func looks(n int, of func(i int, l *look)) (all []look) {
	for i := range n {
		l := look{state: state{Goroutines: 10, Heap: 50 << 20}, rss: 100 << 20, files: 12}
		of(i, &l)
		all = append(all, l)
	}
	return all
}

func TestGrowthIsFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		looks []look
		wants string // part of the complaint; empty: none
	}{
		{"all stays", looks(20, func(int, *look) {}), ""},
		{"fills up once", looks(20, func(i int, l *look) { l.state.Heap = uint64(min(i, 6)) << 23 }), ""},
		{"one look is high", looks(20, func(i int, l *look) {
			if i == 19 {
				l.state.Goroutines = 100
			}
		}), ""},
		{"goroutines stay behind", looks(20, func(i int, l *look) { l.state.Goroutines += i }), "goroutines grew"},
		{"the heap grows", looks(20, func(i int, l *look) { l.state.Heap += uint64(i) << 21 }), "heap, MiB grew"},
		{"memory grows", looks(20, func(i int, l *look) { l.rss += i << 23 }), "resident memory, MiB grew"},
		{"files stay open", looks(20, func(i int, l *look) { l.files += i }), "open files grew"},
		{"looked at once", looks(1, func(int, *look) {}), "run longer"},
	} {
		err := grew(c.looks)
		if c.wants == "" {
			assert.NoError(t, err, c.name)
			continue
		}
		assert.ErrorContains(t, err, c.wants, c.name)
	}
}

func TestWhatGoesWrongIsCounted(t *testing.T) {
	t.Parallel()
	var all tally
	require.ErrorContains(t, all.judge(), "nobody came")
	k := kind{name: "whole"}
	all.add(k, outcome{route: "HTTP", era: modern, calls: 5})
	require.NoError(t, all.judge())
	hung := fmt.Errorf("tools/list: %w", context.DeadlineExceeded)
	all.add(k, outcome{route: "HTTP", era: modern, err: hung, hung: true})
	all.add(k, outcome{route: "SSE", era: latest, err: errors.New("no update came")})
	require.ErrorContains(t, all.judge(), "tools/list: context deadline exceeded")
	require.ErrorContains(t, all.judge(), "no update came")
	var out strings.Builder
	all.print(&out)
	assert.Regexp(t, `whole +HTTP +2026-07-28 +2 +5 .* 0 +1\n`, out.String())
	assert.Regexp(t, `whole +SSE +2025-11-25 +1 +0 .* 1 +0\n`, out.String())
}
