package mcpface_test

import (
	"testing"

	"go.uber.org/goleak"
)

// What follows tasks and subscriptions ends with its Face.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
