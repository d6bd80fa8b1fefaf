package httpface_test

import (
	"testing"

	"go.uber.org/goleak"
)

// Nothing that a request or a stream started outlives the Face.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }
