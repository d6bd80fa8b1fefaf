//go:build !linux

package pgtest

import (
	"os"
	"syscall"
)

var immediately = os.Kill

// attributes are none: elsewhere tests are not run by root.
func attributes(*account) *syscall.SysProcAttr { return nil }
