package catalog_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/trilha/trilha/internal/catalog"
)

func TestEveryHostSaysWhatItIs(t *testing.T) {
	t.Parallel()
	assert.NotEmpty(t, catalog.Hosts())
	for host, what := range catalog.Hosts() {
		assert.NotEmpty(t, what, host)
		assert.Equal(t, strings.ToLower(host), host)
		assert.NotContains(t, host, "/")
		assert.False(t, strings.HasPrefix(host, "www."), "%s stands for www.%[1]s too: leave it out", host)
	}
}
