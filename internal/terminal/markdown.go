package terminal

import (
	"fmt"
	"html"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/rivo/uniseg"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"

	"github.com/trilha/trilha/internal/learning"
)

// ANSI attributes, no colours: they read on any background.
const (
	bold      = "1"
	dim       = "2"
	italic    = "3"
	underline = "4"
)

// RenderMarkdown writes Markdown for a terminal of that many columns (80 where
// width is below 1). Escape sequences in the text are taken out. With NO_COLOR
// set, or TERM=dumb, it writes plain text in the same layout.
func RenderMarkdown(w io.Writer, markdown string, width int) error {
	if width < 1 {
		width = defaultWidth
	}
	d := &drawing{
		source: []byte(markdown),
		width:  width,
		plain:  os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb",
	}
	p := parser.NewParser(
		parser.WithBlockParsers(parser.DefaultBlockParsers()...),
		parser.WithInlineParsers(parser.DefaultInlineParsers()...),
		parser.WithParagraphTransformers(parser.DefaultParagraphTransformers()...),
	)
	d.children(p.Parse(text.NewReader(d.source)), "", "", true)
	_, err := io.WriteString(w, d.out.String())
	return err
}

// drawing is a document being drawn, block by block.
type drawing struct {
	source []byte
	width  int
	plain  bool
	out    strings.Builder
}

// children draws the blocks in n: what comes before the first line of the first,
// and before every other line. Apart puts an empty line between them.
func (d *drawing) children(n ast.Node, first, rest string, apart bool) {
	prefix := first
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if apart && c != n.FirstChild() {
			d.line(strings.TrimRight(rest, " "))
		}
		d.block(c, prefix, rest)
		prefix = rest
	}
	if n.FirstChild() == nil {
		d.line(strings.TrimRight(first, " "))
	}
}

func (d *drawing) block(n ast.Node, first, rest string) {
	switch n := n.(type) {
	case *ast.Heading:
		d.heading(n, first, rest)
	case *ast.List:
		d.list(n, first, rest)
	case *ast.Blockquote:
		d.children(n, first+"│ ", rest+"│ ", true)
	case *ast.ThematicBreak:
		d.line(first + d.styled(strings.Repeat("─", max(3, d.room(first))), dim))
	case *ast.FencedCodeBlock, *ast.CodeBlock, *ast.HTMLBlock:
		d.verbatim(n, first, rest)
	default:
		d.wrap(d.inline(n), first, rest)
	}
}

func (d *drawing) heading(n *ast.Heading, first, rest string) {
	style := []string{bold}
	if n.Level == 1 {
		style = append(style, underline)
	}
	d.wrap(d.inline(n, style...), first, rest)
}

func (d *drawing) list(n *ast.List, first, rest string) {
	number := n.Start
	prefix := first
	for item := n.FirstChild(); item != nil; item = item.NextSibling() {
		marker := "• "
		if n.IsOrdered() {
			marker = fmt.Sprintf("%d. ", number)
			number++
		}
		if !n.IsTight && item != n.FirstChild() {
			d.line(strings.TrimRight(rest, " "))
		}
		indent := strings.Repeat(" ", uniseg.StringWidth(marker))
		d.children(item, prefix+marker, rest+indent, !n.IsTight)
		prefix = rest
	}
}

// verbatim draws lines as they are: code, and HTML, which means nothing here.
func (d *drawing) verbatim(n ast.Node, first, rest string) {
	prefix := first
	for _, segment := range n.Lines().Sliced(0, n.Lines().Len()) {
		l := strings.ReplaceAll(string(segment.Value(d.source)), "\t", "    ")
		l = strings.TrimRight(learning.Printable(l), " ")
		d.line(strings.TrimRight(prefix+"  "+d.styled(l, dim), " "))
		prefix = rest
	}
}

// inline is the text in n, each word with its styles; a line feed is a line
// break that is meant.
func (d *drawing) inline(n ast.Node, styles ...string) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		switch c := c.(type) {
		case *ast.Text:
			b.WriteString(d.styled(unescape(string(c.Value(d.source))), styles...))
			if c.HardLineBreak() {
				b.WriteByte('\n')
			} else if c.SoftLineBreak() {
				b.WriteByte(' ')
			}
		case *ast.CodeSpan:
			b.WriteString(d.styled(d.literal(c), append(styles[:len(styles):len(styles)], dim)...))
		case *ast.Emphasis:
			style := italic
			if c.Level > 1 {
				style = bold
			}
			b.WriteString(d.inline(c, append(styles[:len(styles):len(styles)], style)...))
		case *ast.Link:
			b.WriteString(d.inline(c, append(styles[:len(styles):len(styles)], underline)...))
			b.WriteString(" " + d.styled("<"+unescape(string(c.Destination))+">", dim))
		case *ast.AutoLink:
			b.WriteString(d.styled(string(c.URL(d.source)), append(styles[:len(styles):len(styles)], underline)...))
		case *ast.RawHTML:
			b.WriteString(d.styled(string(c.Segments.Value(d.source)), styles...))
		default:
			b.WriteString(d.inline(c, styles...))
		}
	}
	return b.String()
}

func (d *drawing) literal(n ast.Node) string {
	var b strings.Builder
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if t, ok := c.(*ast.Text); ok {
			b.Write(t.Value(d.source))
		}
	}
	return b.String()
}

// styled gives s with styles on each word, so that it may be wrapped anywhere.
// Everything that reaches the terminal goes through here or is drawn by us.
func (d *drawing) styled(s string, styles ...string) string {
	s = learning.Printable(s)
	if d.plain || len(styles) == 0 {
		return s
	}
	words := strings.Split(s, " ")
	for i, w := range words {
		if w != "" {
			words[i] = "\x1b[" + strings.Join(styles, ";") + "m" + w + "\x1b[0m"
		}
	}
	return strings.Join(words, " ")
}

// wrap writes words in lines of the width; a longer word has its own line.
func (d *drawing) wrap(s, first, rest string) {
	prefix := first
	for part := range strings.SplitSeq(s, "\n") {
		line, used := "", 0
		for _, word := range strings.Fields(part) {
			n := columns(word)
			if used > 0 && used+1+n > d.room(prefix) {
				d.line(prefix + line)
				line, used, prefix = "", 0, rest
			}
			if used > 0 {
				line += " "
				used++
			}
			line += word
			used += n
		}
		d.line(strings.TrimRight(prefix+line, " "))
		prefix = rest
	}
}

func (d *drawing) line(s string) { d.out.WriteString(s + "\n") }

func (d *drawing) room(prefix string) int { return d.width - uniseg.StringWidth(prefix) }

// columns is the width of a word without its styles.
func columns(word string) int {
	n := 0
	for i, part := range strings.Split(word, "\x1b[") {
		if i > 0 {
			_, part, _ = strings.Cut(part, "m")
		}
		n += uniseg.StringWidth(part)
	}
	return n
}

var reference = regexp.MustCompile(`^&#?[0-9A-Za-z]{1,32};`)

// unescape resolves backslashes and character references, once.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && isPunct(s[i+1]) {
			i++
			b.WriteByte(s[i])
			continue
		}
		if s[i] == '&' {
			if ref := reference.FindString(s[i:]); ref != "" {
				b.WriteString(html.UnescapeString(ref))
				i += len(ref) - 1
				continue
			}
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

func isPunct(c byte) bool {
	return c >= '!' && c <= '/' || c >= ':' && c <= '@' || c >= '[' && c <= '`' || c >= '{' && c <= '~'
}
