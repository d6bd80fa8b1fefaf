package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/trilha/trilha/internal/pgtest"
)

func TestMain(m *testing.M) {
	if at := os.Getenv(instanceEnv); at != "" {
		os.Exit(instanceMain(at))
	}
	os.Exit(m.Run())
}

func TestNothingIsLostOnSQLite(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	assert.NoError(t, onSQLite(t.Context(), short(), &out), "%s", &out)
	t.Log(out.String())
}

func TestNothingIsLostOnPostgres(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	err := onPostgres(t.Context(), short(), &out)
	if err != nil && out.Len() == 0 {
		pgtest.Need(t, err)
	}
	assert.NoError(t, err, "%s", &out)
	t.Log(out.String())
}
