// Package disktest gives tests a disk of their own, which can be full or not to be
// written. It is for tests only.
//
// The disk is a tmpfs that the test mounts where nobody else sees it: the test runs
// in a process of its own with mounts of its own. That is for Linux; where it is
// forbidden such tests are skipped, loudly.
package disktest

import "os"

const inside = "TRILHA_TEST_MOUNTS"

// Inside reports whether this is a process that has mounts of its own.
func Inside() bool { return os.Getenv(inside) != "" }
