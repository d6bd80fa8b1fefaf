//go:build !linux

package main

import "syscall"

// attributes are none: an instance ends with its input.
func attributes() *syscall.SysProcAttr { return nil }
