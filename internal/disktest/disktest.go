//go:build linux

package disktest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// Alone reports whether the test runs with mounts of its own. If not, it has run it so,
// in another process, and there is nothing left to do. The test must not be a subtest.
func Alone(t *testing.T) bool {
	t.Helper()
	if Inside() {
		return true
	}
	out, err := again(t, &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL})
	if errors.Is(err, syscall.EPERM) { // not root: in a user namespace
		out, err = again(t, &syscall.SysProcAttr{
			Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWUSER, Pdeathsig: syscall.SIGKILL,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		})
	}
	switch {
	case errors.Is(err, syscall.EPERM), errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EINVAL), strings.Contains(out, mayNot):
		fmt.Fprintf(os.Stderr, "disktest: SKIPPED %s: mounting is forbidden here (%v)\n", t.Name(), err)
		t.Skip("mounting is forbidden here")
	case err != nil:
		t.Errorf("with mounts of its own: %v\n%s", err, out)
	default:
		t.Log(out)
	}
	return false
}

func again(t *testing.T, attributes *syscall.SysProcAttr) (string, error) {
	t.Helper()
	name := "^" + regexp.QuoteMeta(t.Name()) + "$"
	c := exec.CommandContext(t.Context(), os.Args[0], "-test.run="+name, "-test.v", "-test.count=1") //nolint:gosec // this program
	c.Env = append(os.Environ(), inside+"=1")
	c.SysProcAttr = attributes
	out, err := c.CombinedOutput()
	return string(out), err
}

const mayNot = "disktest: may not mount"

// Disk is a disk of its own, empty at first.
type Disk struct{ Dir string }

// New mounts a disk of so many KiB until the test ends.
func New(t *testing.T, kib int) Disk {
	t.Helper()
	d := Disk{t.TempDir()}
	err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "") // nothing of this gets out
	if err == nil {
		err = syscall.Mount("tmpfs", d.Dir, "tmpfs", 0, fmt.Sprintf("size=%dk", kib))
	}
	if err != nil {
		t.Fatalf("%s: %v", mayNot, err)
	}
	t.Cleanup(func() { _ = syscall.Unmount(d.Dir, syscall.MNT_DETACH) })
	return d
}

// Path is that of a file on the disk.
func (d Disk) Path(name string) string { return filepath.Join(d.Dir, name) }

func (d Disk) ballast() string { return d.Path("ballast") }

// Fill leaves so many KiB of the disk free.
func (d Disk) Fill(t *testing.T, free int) {
	t.Helper()
	d.Free(t)
	var s syscall.Statfs_t
	if err := syscall.Statfs(d.Dir, &s); err != nil {
		t.Fatal(err)
	}
	size := int64(s.Bavail)*s.Bsize - int64(free)<<10
	err := os.WriteFile(d.ballast(), make([]byte, max(0, size)), 0o600)
	if err != nil && !(free == 0 && errors.Is(err, syscall.ENOSPC)) { // somebody else wrote meanwhile
		t.Fatal(err)
	}
}

// Free takes away what Fill put there.
func (d Disk) Free(t *testing.T) {
	t.Helper()
	if err := os.RemoveAll(d.ballast()); err != nil {
		t.Fatal(err)
	}
}

// ReadOnly lets nothing be written to the disk any more. No file of it may be open for
// writing.
func (d Disk) ReadOnly(t *testing.T) {
	t.Helper()
	if err := syscall.Mount("", d.Dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
}
