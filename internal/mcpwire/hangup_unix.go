//go:build unix

package mcpwire

import (
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// hungUp tells whether nobody holds the other end of a pipe any more, whatever is
// still to be read from it.
func hungUp(in io.Reader) bool {
	f, ok := in.(*os.File)
	if !ok {
		return false
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return false
	}
	gone := false
	err = raw.Control(func(fd uintptr) {
		fds := []unix.PollFd{{Fd: int32(fd)}} //nolint:gosec // descriptors are small
		n, err := unix.Poll(fds, 0)
		gone = err == nil && n == 1 && fds[0].Revents&unix.POLLHUP != 0
	})
	return err == nil && gone
}
