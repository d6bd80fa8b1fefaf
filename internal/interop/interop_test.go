package main

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/interop/steps"
)

// The page names versions; these are the files that decide.
func TestVersionsAreThoseThatRun(t *testing.T) {
	t.Parallel()
	var pinned strings.Builder
	for _, file := range []string{"node/package.json", "gosdk/go.mod", "../../go.mod", "../../.ci/smoke"} {
		raw, err := os.ReadFile(file)
		require.NoError(t, err)
		pinned.Write(raw)
	}
	for _, c := range clients {
		name, version, found := strings.Cut(c.version, " ")
		require.True(t, found, c.version)
		ways := []string{`"` + name + `": "` + version + `"`, name + " " + version, name + "@" + version}
		assert.True(t, strings.Contains(pinned.String(), ways[0]) || strings.Contains(pinned.String(), ways[1]) || strings.Contains(pinned.String(), ways[2]),
			"%s is pinned nowhere", c.version)
	}
}

func cells(steps ...step) []cell {
	return []cell{{client: client{name: "some client"}, at: at{"http", "modern"}, steps: steps}}
}

func TestOnlyWhatAClientCannotDoMayBeMissing(t *testing.T) {
	t.Parallel()
	well := step{Step: steps.Step{Step: "tools", OK: true}}
	cannot := step{Step: steps.Step{Step: "progress", Note: "not shown", Cannot: true}}
	failed := step{Step: steps.Step{Step: "cancel", Note: "the task is running"}}
	require.ErrorContains(t, judge(nil), "nothing was tried")
	require.NoError(t, judge(cells(well, cannot)))
	require.ErrorContains(t, judge(cells(well, cannot, failed)), "some client, http, modern: cancel: the task is running")
	// Whatever a program does not come to has failed.
	require.ErrorContains(t, judge(cells(complete(client{}, at{}, nil, "not reached")...)), "connect: not reached")
	assert.Len(t, complete(client{}, at{}, []step{well}, ""), len(names)-tasks)
	assert.Len(t, complete(client{tasks: []string{"legacy"}}, at{era: "legacy"}, []step{well}, ""), len(names))
}
