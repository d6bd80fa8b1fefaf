package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// script is a server that answers what a test says.
type script struct {
	answer func(r request) outcome
	show   *path
}

func (s script) ask(_ context.Context, r request) (outcome, error) { return s.answer(r), nil }

func (s script) shown(context.Context, string) (*path, string, error) {
	if s.show == nil {
		return nil, "the answer would have more than a client takes", nil
	}
	return s.show, "", nil
}

func (s script) close() error { return nil }

// numbered finds a request that the auditor makes up, by what it is like.
func numbered(t *testing.T, w *world, like func(r request) bool) uint64 {
	t.Helper()
	for i := range uint64(10_000) {
		r := one(w, 1, again*i)
		plain := len(r.Known)+len(r.Outline) == 0 && r.Level == ""
		if plain && like(r) {
			return again * i
		}
	}
	t.Fatal("no such request")
	return 0
}

func judged(t *testing.T, w *world, i uint64, server, fresh asked) verdict {
	t.Helper()
	a := auditor{world: w, server: server, fresh: fresh, seed: 1}
	v, err := a.judge(t.Context(), i)
	require.NoError(t, err)
	return v
}

func (v verdict) laws() (names []string) {
	for _, b := range v.found {
		if !slices.Contains(names, b.law) {
			names = append(names, b.law)
		}
	}
	return names
}

func TestRefusalsAreJudged(t *testing.T) {
	t.Parallel()
	w := small(t)
	contradictory := numbered(t, w, func(r request) bool { return r.contradiction() == "min_width above max_width" && !r.Strict })
	possible := numbered(t, w, func(r request) bool { return r.contradiction() == "" && !r.Strict })
	_, p := good(w)
	always := func(o outcome) script { return script{answer: func(request) outcome { return o }} }
	mends := func(text string) script {
		return script{answer: func(r request) outcome {
			if r.MinWidth > r.MaxWidth {
				return outcome{refused: fmt.Sprintf(text, r.MinWidth, r.MaxWidth)}
			}
			return outcome{path: p}
		}}
	}
	for name, c := range map[string]struct {
		number uint64
		server script
		want   string
	}{
		"delivered against reason": {contradictory, always(outcome{path: p}), "refusal: missing"},
		"failed late":              {contradictory, always(outcome{failed: "min_width: above"}), "refusal: missing"},
		"without a number":         {contradictory, always(outcome{refused: "min_width: too much. Ask for less"}), "refusal: no nearest"},
		"without a field":          {contradictory, always(outcome{refused: "4 is above 3. Ask for 3"}), "refusal: no nearest"},
		"for ever":                 {contradictory, always(outcome{refused: "min_width: 4 is above max_width 3. Lower it"}), "refusal: nearest does not hold"},
		"with the wrong number":    {contradictory, mends("min_width: %d is above max_width %d. Ask for min_width 31"), "refusal: nearest does not hold"},
		"with the right one":       {contradictory, mends("min_width: %d is above max_width %d. Lower min_width or raise max_width"), ""},
		"without reason":           {possible, always(outcome{refused: "no"}), "refusal: without reason"},
		"failed without reason":    {possible, always(outcome{failed: "no"}), "refusal: without reason"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := judged(t, w, c.number, c.server, c.server).laws()
			if c.want == "" {
				assert.Empty(t, got)
				return
			}
			assert.Contains(t, got, c.want)
		})
	}
}

func TestStrictIsJudged(t *testing.T) {
	t.Parallel()
	w := small(t)
	number := numbered(t, w, func(r request) bool { return r.contradiction() == "" && r.Strict && r.NumNodes > 40 })
	_, met := good(w)
	_, short := good(w)
	short.tell("num_nodes", 50, 10)
	answers := func(loose *path, strict, then outcome) script {
		return script{answer: func(r request) outcome {
			switch {
			case !r.Strict:
				return outcome{path: loose}
			case r.NumNodes == 10:
				return then
			}
			return strict
		}}
	}
	no := outcome{failed: "strict: num_nodes of 50 cannot be met, 10 can. Ask with num_nodes 10, or without strict"}
	yes := outcome{path: met}
	for name, c := range map[string]struct {
		server script
		want   string
	}{
		"refused though met":   {answers(met, no, yes), "strict: refused"},
		"delivered though not": {answers(short, outcome{path: short}, yes), "strict: delivered"},
		"naming nothing":       {answers(short, outcome{failed: "cannot be met"}, yes), "strict: names no bound"},
		"without the nearest":  {answers(short, outcome{failed: "num_nodes cannot be met. Ask with less"}, yes), "strict: no nearest"},
		"nearest is not met":   {answers(short, no, outcome{failed: "no"}), "strict: nearest does not hold"},
		"loose fails":          {script{answer: func(request) outcome { return outcome{failed: "no"} }}, "refusal: without reason"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Contains(t, judged(t, w, number, c.server, c.server).laws(), c.want)
		})
	}
	v := judged(t, w, number, answers(short, no, yes), script{})
	assert.Equal(t, refusedStrict, v.end)
	for _, name := range v.laws() {
		assert.NotContains(t, name, "strict")
	}
}

func TestRepeatsAreCompared(t *testing.T) {
	t.Parallel()
	w := small(t)
	number := numbered(t, w, func(r request) bool { return r.contradiction() == "" && !r.Strict })
	_, p := good(w)
	_, other := good(w)
	other.find("s/a").Place.Level = 2
	says := func(raw string, shows *path) script {
		return script{func(request) outcome { return outcome{path: p, raw: raw} }, shows}
	}
	assert.Contains(t, judged(t, w, number, says("a", p), says("b", p)).laws(), "repeat")
	assert.Contains(t, judged(t, w, number, says("a", other), says("a", p)).laws(), "shown")
	for _, shows := range []*path{p, nil} {
		got := judged(t, w, number, says("a", shows), says("a", p)).laws()
		assert.NotContains(t, got, "repeat")
		assert.NotContains(t, got, "shown")
	}
}

func TestNearestBoundsAreRead(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]map[string]int{
		"strict: num_nodes of 60 cannot be met, 21 can: why. Ask with num_nodes 21 and min_width 2, or without strict": {"num_nodes": 21, "min_width": 2},
		"num_nodes: 50 steps do not fit: 3 levels hold 5. Ask for at most 5 steps, or raise max_width or max_height":   {"num_nodes": 5},
		"min_width: 4 is above max_width 2. Lower min_width or raise max_width":                                        {"min_width": 2},
		"something else. Ask for 3": {},
	} {
		assert.Equal(t, want, namedBounds(text), text)
	}
}

// A request is told by its seed and number; there must be enough of each sort.
func TestRequestsComeAgainAndAreOfEverySort(t *testing.T) {
	t.Parallel()
	w := small(t)
	count := map[string]int{}
	const n = 2000
	for i := range uint64(n) {
		r := one(w, 7, i)
		require.Equal(t, r, one(w, 7, i))
		for sort, is := range map[string]bool{
			"contradictory": r.contradiction() != "", "strict": r.Strict, "known": len(r.Known) > 0, "outline": len(r.Outline) > 0,
			"no nodes given": r.NumNodes == 0, "100 nodes": r.NumNodes > 90, "three nodes": r.NumNodes == 3,
			"bounded": r.MaxWidth > 0 && r.MaxHeight > 0, "pt": r.Language == "pt", "level": r.Level != "",
		} {
			if is {
				count[sort]++
			}
		}
	}
	for sort, times := range count {
		assert.Greater(t, times, n/200, sort)
		assert.Less(t, times, n*2/3, sort)
	}
	assert.Len(t, count, 10)
	assert.InDelta(t, n/20, count["contradictory"], n/30)
}

func TestTheReportCountsAndShows(t *testing.T) {
	t.Parallel()
	r := newReport()
	for i := range uint64(9) {
		r.add(verdict{number: 8 - i, end: delivered, paths: 1, found: []breach{
			{law: "root", what: "first"}, {law: "root", what: "second"}, {law: "unmet num_nodes: gap", open: true, gap: int(i%2) + 1},
		}})
	}
	assert.Equal(t, 9, r.broken(), "a law counts once a request; what is open does not count")
	var out strings.Builder
	r.print(&out)
	for _, want := range []string{"9 requests", "9   root", "9   unmet num_nodes: gap (size: times) 1: 5, 2: 4", "#0 {", "#4 {"} {
		assert.Contains(t, out.String(), want)
	}
	assert.NotContains(t, out.String(), "#5 {")
}
