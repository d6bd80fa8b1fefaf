package terminal

import (
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/schollz/progressbar/v3"

	"github.com/trilha/trilha/internal/learning"
)

// Progress shows how far a run is: a bar on a terminal, else one line a step. It
// may be used from several goroutines. A writer that fails is not reported: a
// run does not end for want of its progress.
type Progress struct {
	mu          sync.Mutex
	w           io.Writer
	bar         *progressbar.ProgressBar // nil where there is no terminal
	description string
	last        string
	done        bool
}

// NewProgress starts to show a run under a description, a word or two.
func NewProgress(w io.Writer, isTTY bool, description string) *Progress {
	p := &Progress{w: w, description: oneLine(description)}
	if isTTY {
		p.bar = progressbar.NewOptions(100,
			progressbar.OptionSetWriter(w),
			progressbar.OptionSetDescription(p.description),
			progressbar.OptionSetWidth(20),
			progressbar.OptionSetElapsedTime(false),
			progressbar.OptionSetPredictTime(false),
			progressbar.OptionSetRenderBlankState(true),
		)
	}
	return p
}

// Step shows that percent of the run is done, and what happens now. The same
// step twice in a row is shown once; after Done nothing is.
func (p *Progress) Step(percent int, message string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	percent = min(max(percent, 0), 100)
	message = oneLine(message)
	line := strings.TrimRight(fmt.Sprintf("  %d%%  %s", percent, message), " ")
	if p.done || line == p.last {
		return
	}
	p.last = line
	if p.bar == nil {
		_, _ = fmt.Fprintln(p.w, line)
		return
	}
	p.bar.Describe(cut(strings.TrimSpace(p.description+" "+message), 44))
	_ = p.bar.Set(percent)
}

// Done ends the display: a bar goes away, so that the outcome takes its place;
// lines stay. A second Done does nothing.
func (p *Progress) Done() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.bar != nil && !p.done {
		_ = p.bar.Clear()
	}
	p.done = true
}

// cut keeps a bar on one row of a terminal: a longer one would not be wiped.
func cut(s string, n int) string {
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// oneLine takes out what could move the cursor or colour the terminal.
func oneLine(s string) string {
	return strings.Join(strings.Fields(learning.Printable(s)), " ")
}
