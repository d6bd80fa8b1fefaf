package app_test

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"

	"github.com/trilha/trilha/internal/pgtest"
)

// No goroutine outlives the tests: what is served, waits or follows ends with its
// App.
func TestMain(m *testing.M) {
	code := pgtest.Run(m, nil)
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}
