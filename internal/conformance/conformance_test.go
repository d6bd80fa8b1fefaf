package main

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func results(checks map[string]string) fstest.MapFS {
	dir := fstest.MapFS{}
	for scenario, text := range checks {
		dir["server-"+scenario+"-2026-11-25T17-06-24-534Z/checks.json"] = &fstest.MapFile{Data: []byte(text)}
	}
	return dir
}

func TestWhatTheSuiteWroteIsJudged(t *testing.T) {
	t.Parallel()
	const good = `[{"id":"a","status":"SUCCESS"},{"id":"b","status":"INFO"}]`
	for _, c := range []struct {
		name   string
		checks map[string]string
		wants  string // part of the complaint; empty: none
	}{
		{"all is well", map[string]string{"ping": good, "tools-list": good}, ""},
		{"an extension that is not there", map[string]string{"ping": good, "tools-list": good, "sep-2640-skills-list": `[{"id":"a","status":"SKIPPED"}]`}, ""},
		{"nothing ran", nil, "0 scenarios ran, of at least 2"},
		{"something did not run", map[string]string{"ping": good}, "1 scenarios ran, of at least 2"},
		{"a failure", map[string]string{"ping": good, "tools-list": `[{"id":"b","status":"FAILURE","errorMessage":"no"}]`}, "tools-list: b: FAILURE: no"},
		{"a warning", map[string]string{"ping": good, "tools-list": `[{"id":"a","status":"SUCCESS"},{"id":"b","status":"WARNING"}]`}, "b: WARNING"},
		{"a check that was passed over", map[string]string{"ping": good, "tools-list": `[{"id":"a","status":"SUCCESS"},{"id":"b","status":"SKIPPED"}]`}, "b: SKIPPED"},
		{"a status that we do not know", map[string]string{"ping": good, "tools-list": `[{"id":"b","status":"MAYBE"}]`}, "b: MAYBE"},
		{"a scenario without checks", map[string]string{"ping": good, "tools-list": `[]`}, "tools-list: no check has passed"},
	} {
		s, err := read(results(c.checks), counts)
		require.NoError(t, err, c.name)
		err = s.judge(2)
		if c.wants == "" {
			assert.NoError(t, err, c.name)
			continue
		}
		assert.ErrorContains(t, err, c.wants, c.name)
	}
}

func TestResultsThatCannotBeReadAreAnError(t *testing.T) {
	t.Parallel()
	_, err := read(results(map[string]string{"ping": `{`}), counts)
	require.Error(t, err)
	_, err = read(fstest.MapFS{"checks.json": &fstest.MapFile{Data: []byte(`[]`)}}, counts)
	require.ErrorContains(t, err, "has the suite changed")
}
