package task

import (
	"encoding/base64"
	"encoding/binary"
	"math"

	"github.com/trilha/trilha/internal/fault"
)

// A cursor holds the sequence of a page's last task, so that it goes on from
// there whatever was added or removed since. Its first byte is the version of
// this format.
const (
	cursorVersion = 1
	cursorBytes   = 1 + 8
)

// Cursor is for stores: the cursor of a page whose last task has the given
// sequence. Sequences order tasks by creation.
func Cursor(seq uint64) string {
	return base64.RawURLEncoding.EncodeToString(binary.BigEndian.AppendUint64([]byte{cursorVersion}, seq))
}

// parseCursor returns what Cursor was given; an empty one lies after every task.
func parseCursor(text string) (uint64, error) {
	if text == "" {
		return math.MaxUint64, nil
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if err != nil || len(b) != cursorBytes || b[0] != cursorVersion {
		return 0, fault.InField("cursor", "is not one that a listing gave").
			With("Pass the cursor of the page before as it was, or leave it out for the first page.")
	}
	return binary.BigEndian.Uint64(b[1:]), nil
}
