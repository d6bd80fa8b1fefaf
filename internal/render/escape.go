package render

import (
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"github.com/trilha/trilha/internal/learning"
)

// text makes s one line that Markdown shows literally wherever it stands, the
// start of a line or of a list item included: no heading, list, link, HTML or
// automatic link comes of it.
func text(s string) string {
	s = autolink.ReplaceAllStringFunc(oneLine(s), func(m string) string { return m[:len(m)-1] + "\x00" + m[len(m)-1:] })
	var b strings.Builder
	prev := rune(-1)
	start := true // only digits so far, which with "." or ")" start a list
	for _, r := range s {
		switch {
		case r == '\x00': // what follows would end the trigger of an automatic link
			b.WriteByte('\\')
			continue
		case r == '<':
			b.WriteString("&lt;")
		case strings.ContainsRune("\\`*_[]|~@", r),
			prev == -1 && strings.ContainsRune("->+=:#", r),
			r == '#' && prev == ' ',
			start && prev != -1 && (r == '.' || r == ')'):
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '&':
			b.WriteString(`\&`)
		default:
			b.WriteRune(r)
		}
		start = start && r >= '0' && r <= '9'
		prev = r
	}
	return b.String()
}

// autolink is what makes a link of bare text in GitHub's Markdown, with the
// punctuation to escape last. (E-mail addresses go by their @.)
var autolink = regexp.MustCompile(`(?i)(https?|ftp|mailto|xmpp):|www\.`)

// oneLine takes out what is not printable and makes all space single spaces.
func oneLine(s string) string {
	return strings.Join(strings.Fields(learning.Printable(s)), " ")
}

// short is text of at most n characters, cut at a word where there is one.
func short(s string, n int) string {
	s = oneLine(s)
	r := []rune(s)
	if len(r) <= n {
		return text(s)
	}
	cut := string(r[:n])
	if i := strings.LastIndexByte(cut, ' '); i > len(cut)/2 {
		cut = cut[:i]
	}
	return text(strings.TrimRight(cut, " ,;:.")) + "…"
}

// lines are the non-empty lines of s, each as text.
func lines(s string) []string {
	var out []string
	for l := range strings.Lines(s) {
		if t := text(l); t != "" {
			out = append(out, t)
		}
	}
	return out
}

// fence gives the lines of a fenced code block that holds s whatever is in it.
func fence(s string) []string {
	mark := "```"
	for strings.Contains(s, mark) {
		mark += "`"
	}
	out := []string{mark}
	for l := range strings.Lines(strings.Trim(s, "\r\n")) {
		out = append(out, strings.TrimRight(learning.Printable(strings.ReplaceAll(l, "\t", "    ")), " "))
	}
	return append(out, mark)
}

// address gives a URL that is safe as the target of a Markdown link, or false
// for what is not a plain http or https address. One with a user in front of
// the host is not: it is there to look like another site. Nor is an IPv6 address.
func address(s string) (string, bool) {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" || u.User != nil || strings.Contains(u.Host, "[") {
		return "", false
	}
	var b strings.Builder
	const hex = "0123456789ABCDEF"
	for _, c := range []byte(u.String()) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte("()[]<>\"'`\\|{}^*", c) >= 0 {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
			continue
		}
		b.WriteByte(c)
	}
	return b.String(), true
}

// label makes s the inside of a quoted Mermaid label. Mermaid reads directives,
// Markdown and styles inside labels too, so all but letters, digits and
// harmless signs become its character codes.
func label(s string) string {
	var b strings.Builder
	start := true
	for i, r := range oneLine(s) {
		digit := r >= '0' && r <= '9'
		switch {
		case r == '"':
			b.WriteString("#quot;")
		case unicode.IsLetter(r), unicode.IsDigit(r), unicode.IsMark(r), strings.ContainsRune(" ,'?!/", r),
			i > 0 && r == '-', !start && strings.ContainsRune(".()", r):
			b.WriteRune(r)
		default:
			b.WriteString("#" + strconv.Itoa(int(r)) + ";")
		}
		start = start && digit
	}
	return b.String()
}
