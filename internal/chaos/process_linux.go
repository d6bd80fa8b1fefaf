package main

import "syscall"

// attributes keep an interrupt at the terminal from an instance, and end it with its
// parent however that ends.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
