package task

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Message is one line of a task's log, for its owner to read.
type Message struct {
	Time time.Time
	Text string
}

// MaxMessages bounds a task's log. When it is full the oldest lines go.
const MaxMessages = 100

const maxMessageBytes = 500

// CleanMessage is for stores: it makes one bounded line of valid UTF-8 out of
// what was reported.
func CleanMessage(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsControl(r) {
			if !unicode.IsSpace(r) {
				continue
			}
			r = ' '
		}
		if b.Len()+utf8.RuneLen(r) > maxMessageBytes {
			break
		}
		b.WriteRune(r)
	}
	return strings.TrimSpace(b.String())
}
