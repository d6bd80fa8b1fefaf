// Package shelf keeps finished paths by their owner, until they are deleted: here
// in memory, and in a database in package sqlshelf. A path outlives the task that
// made it. Both pass shelftest.
package shelf

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/fault"
)

// Path is a finished path as it is kept: what a list shows of it, and all of it as
// JSON.
type Path struct {
	Owner string
	ID    string // one of the owner's
	// Request is the same for two requests that ask for the same path.
	Request   string
	Title     string
	Topic     string
	Language  string
	Category  string
	Steps     int
	Hours     int
	CreatedAt time.Time // when it was first put; a shelf sets both times
	UpdatedAt time.Time // when it was last put
	JSON      json.RawMessage
}

// PerOwner is how many paths of one owner are kept, unless told; beyond it the one
// goes that was made first.
const PerOwner = 5000

// How many paths a page has.
const (
	DefaultPage = 20
	MaxPage     = 100
)

// Query selects from an owner's paths.
type Query struct {
	Words  string // each has to occur in the title or the topic; empty: all paths
	Limit  int    // 0: DefaultPage
	Cursor string // Next of the page before
}

// Page is a part of a list, newest first. Its paths come without their JSON.
type Page struct {
	Paths   []Path
	Next    string // cursor of the next page, if there is one
	Forgets bool   // the shelf is empty after a restart
}

// Check is for shelves: it gives the query with its defaults, its words as Text has
// them, and the number in its cursor, which lies above every other where there is
// none.
func (q Query) Check() (checked Query, words []string, before int64, err error) {
	switch {
	case q.Limit == 0:
		q.Limit = DefaultPage
	case q.Limit < 0 || q.Limit > MaxPage:
		return q, nil, 0, fault.InField("limit", "%d is out of range", q.Limit).With("Give 1 to %d.", MaxPage)
	}
	before, err = parseCursor(q.Cursor)
	return q, strings.Fields(catalog.Plain(q.Words)), before, err
}

// Text is what words are looked for in, without case and accents.
func (p *Path) Text() string { return catalog.Plain(p.Title + " " + p.Topic) }

// Cursor is for shelves: the cursor of a page whose last path has this number.
// Numbers order paths by creation.
func Cursor(number int64) string { return "p" + strconv.FormatInt(number, 36) }

const afterAll = 1<<63 - 1

func parseCursor(text string) (int64, error) {
	if text == "" {
		return afterAll, nil
	}
	digits, ok := strings.CutPrefix(text, "p")
	number, err := strconv.ParseInt(digits, 36, 64)
	if !ok || err != nil || number < 0 {
		return 0, fault.InField("cursor", "is not one that a listing gave").
			With("Pass the cursor of the page before as it was, or leave it out for the first page.")
	}
	return number, nil
}

// ErrNotFound is what Get and Delete answer for a path that is not there, or is
// someone else's.
func ErrNotFound(id string) error { return fault.New(fault.NotFound, "no path with id %q", id) }
