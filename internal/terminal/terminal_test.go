package terminal_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/rivo/uniseg"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/terminal"
)

func drawn(t *testing.T, markdown string, width int) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, terminal.RenderMarkdown(&b, markdown, width))
	return b.String()
}

const sample = `# Linear *algebra*

15 steps · C\# and \&lt; &amp; &lt;

## Level 1

1. **Vectors** (90 min)
   - [A book](https://example.org/a) book
   - quiz with a long text that has to go on in a second line
2. **Matrices**

> quoted

---

` + "```\ndef f(x):\n    return `x`\n```\n"

func TestMarkdownIsDrawnInPlainTextWithoutColours(t *testing.T) {
	t.Setenv("NO_COLOR", "1")
	want := `Linear algebra

15 steps · C# and &lt; & <

Level 1

1. Vectors (90 min)
   • A book
     <https://example.org/a> book
   • quiz with a long text that
     has to go on in a second
     line
2. Matrices

│ quoted

─────────────────────────────────

  def f(x):
      return ` + "`x`\n"
	assert.Equal(t, want, drawn(t, sample, 33))
}

func TestATerminalGetsAttributesThatEndWithEachWord(t *testing.T) {
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "xterm")
	got := drawn(t, "# A b\n\n**c** and [d](https://e.example)", 80)
	assert.Equal(t, "\x1b[1;4mA\x1b[0m \x1b[1;4mb\x1b[0m\n\n\x1b[1mc\x1b[0m and \x1b[4md\x1b[0m \x1b[2m<https://e.example>\x1b[0m\n", got)
}

func TestADumbTerminalGetsNoEscapeSequences(t *testing.T) {
	t.Setenv("NO_COLOR", "")
	t.Setenv("TERM", "dumb")
	assert.NotContains(t, drawn(t, sample, 80), "\x1b")
}

func TestTheLayoutIsTheSameWithAndWithoutColours(t *testing.T) {
	t.Setenv("TERM", "xterm")
	t.Setenv("NO_COLOR", "")
	coloured := drawn(t, sample, 40)
	t.Setenv("NO_COLOR", "1")
	assert.Equal(t, strings.Count(drawn(t, sample, 40), "\n"), strings.Count(coloured, "\n"))
}

func TestEscapeSequencesInTheTextDoNotReachTheTerminal(t *testing.T) {
	t.Setenv("NO_COLOR", "1")
	hostile := "# a\x1b]0;title\x07\n\n&#27;[31m \\\x1b[2J [x\x1b[1m](https://e.example/&#x1b;[1m) `\x1b[3m` <https://e.example/\x1b>\n\n```\n\x1b[4m\n```\n\n<b\x1b>\n\n\u202e\u009b31m"
	assert.NotRegexp(t, `[\x00-\x09\x0b-\x1f\x7f-\x{9f}\x{202e}]`, drawn(t, hostile, 80))
}

func TestLinesKeepToTheWidth(t *testing.T) {
	t.Setenv("NO_COLOR", "1")
	text := strings.Repeat("word 学习路径 ação ", 40)
	for _, width := range []int{20, 40, 80} {
		for l := range strings.SplitSeq(drawn(t, "- "+text+"\n\n1. "+text+"\n   - "+text, width), "\n") {
			assert.LessOrEqual(t, uniseg.StringWidth(l), width, l)
		}
	}
	assert.Equal(t, drawn(t, text, 80), drawn(t, text, 0), "no width means 80")
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestAWriterThatFailsIsReported(t *testing.T) {
	assert.EqualError(t, terminal.RenderMarkdown(broken{}, "x", 80), "broken pipe")
}

func TestProgressWithoutATerminalIsOneLineAStep(t *testing.T) {
	var b bytes.Buffer
	p := terminal.NewProgress(&b, false, "Learning path")
	p.Step(0, "resolving")
	p.Step(40, "arranging")
	p.Step(40, "arranging")
	p.Step(140, "writing\x1b[2J\nnow")
	p.Done()
	p.Step(100, "too late")
	p.Done()
	assert.Equal(t, "  0%  resolving\n  40%  arranging\n  100%  writing[2J now\n", b.String())
}

func TestProgressOnATerminalIsABarThatGoesAway(t *testing.T) {
	var b bytes.Buffer
	p := terminal.NewProgress(&b, true, "Learning path")
	p.Step(40, "arranging [red] "+strings.Repeat("x", 100))
	out := b.String()
	assert.Contains(t, out, "Learning path")
	assert.Contains(t, out, "arranging [red]")
	assert.Contains(t, out, "40%")
	for row := range strings.FieldsFuncSeq(out, func(r rune) bool { return r == '\r' || r == '\n' }) {
		assert.LessOrEqual(t, uniseg.StringWidth(row), 80, row)
	}
	p.Done()
	assert.True(t, strings.HasSuffix(b.String(), "\r"), "the cursor is at the start of an empty row")
	assert.NotContains(t, b.String(), "\n")
}

func TestProgressMayBeReportedFromSeveralGoroutines(t *testing.T) {
	var b bytes.Buffer
	p := terminal.NewProgress(&b, false, "x")
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() { p.Step(i, "step") })
	}
	wg.Wait()
	p.Done()
	assert.Equal(t, 20, strings.Count(b.String(), "\n"))
}

func TestAFileIsNoTerminal(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "x"))
	require.NoError(t, err)
	defer f.Close()
	for _, f := range []*os.File{f, nil} {
		tty, width := terminal.IsTerminal(f)
		assert.False(t, tty)
		assert.Equal(t, 80, width)
	}
}
