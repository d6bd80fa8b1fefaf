package app_test

import (
	"testing"

	"go.uber.org/goleak"
)

// No goroutine outlives the tests: what is served, waits or follows ends with its
// App.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
