// Package terminal is what a person sees at a command's terminal: the progress
// of a run, and Markdown with emphasis and line breaks. It is for commands only;
// the servers do not need it. What the Markdown says is in package render.
//
// Why Markdown is drawn here and not by a larger library:
// docs/decisions/terminal-markdown.md.
package terminal

import (
	"os"

	"golang.org/x/term"
)

const defaultWidth = 80

// IsTerminal says whether f is a terminal, and how many columns it has: 80 where
// that cannot be told.
func IsTerminal(f *os.File) (bool, int) {
	if f == nil || !term.IsTerminal(int(f.Fd())) {
		return false, defaultWidth
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width < 1 {
		width = defaultWidth
	}
	return true, width
}
