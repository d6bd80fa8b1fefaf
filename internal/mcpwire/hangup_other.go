//go:build !unix

package mcpwire

import "io"

// hungUp cannot be told here: what is read next will tell.
func hungUp(io.Reader) bool { return false }
