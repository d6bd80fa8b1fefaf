package cli_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestHealthSaysWhetherAServerIsWell(t *testing.T) {
	t.Parallel()
	status := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "/healthz", r.URL.Path)
		w.WriteHeader(status)
	}))
	defer server.Close()
	addr := strings.TrimPrefix(server.URL, "http://")
	_, port, _ := strings.Cut(addr, ":")

	for _, args := range [][]string{
		{server.URL},
		{"--addr", addr},
		{"--addr", "0.0.0.0:" + port}, // as in a container
		{"--addr", "[::]:" + port},
		{"--port", port},
	} {
		code, stdout, stderr := run(t.Context(), t, nil, append([]string{"health"}, args...)...)
		assert.Zero(t, code, "%v: %s", args, stderr)
		assert.Equal(t, "ok\n", stdout)
	}

	status = http.StatusServiceUnavailable
	code, stdout, stderr := run(t.Context(), t, nil, "health", server.URL)
	assert.Equal(t, 1, code)
	assert.Empty(t, stdout)
	assert.Contains(t, stderr, "503")

	code, _, stderr = run(t.Context(), t, nil, "health", "--addr", "8400")
	assert.Equal(t, 2, code)
	assert.Contains(t, stderr, "give host and port")

	server.Close()
	code, _, stderr = run(t.Context(), t, nil, "health", server.URL)
	assert.Equal(t, 1, code)
	assert.Contains(t, stderr, "no server answers")
}
