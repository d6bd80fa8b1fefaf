package pgtest

import "syscall"

const immediately = syscall.SIGQUIT // to PostgreSQL

// attributes run a process as another, in a group of its own: an interrupt at the
// terminal is for the tests. The death of the tests ends it.
func attributes(as *account) *syscall.SysProcAttr {
	a := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: immediately}
	if as != nil {
		a.Credential = &syscall.Credential{Uid: uint32(as.uid), Gid: uint32(as.gid)}
	}
	return a
}
