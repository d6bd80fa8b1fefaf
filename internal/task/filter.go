package task

import (
	"cmp"
	"slices"

	"github.com/trilha/trilha/internal/fault"
)

// Filter selects and pages a listing.
type Filter struct {
	Statuses []Status // none: all
	Limit    int      // 1-MaxPage; 0: DefaultPage
	Cursor   string   // Page.Next of the page before; empty: from the newest
}

// Sizes of a page of a listing.
const (
	DefaultPage = 20
	MaxPage     = 100
)

// Check is for stores: it gives f with its defaults, and the sequence that the
// page's tasks lie before.
func (f Filter) Check() (checked Filter, before uint64, err error) {
	for _, status := range f.Statuses {
		if !slices.Contains(Statuses(), status) {
			return f, 0, fault.InField("status", "there is no status %q", status).
				With("Use any of %q.", Statuses())
		}
	}
	if f.Limit < 0 || f.Limit > MaxPage {
		return f, 0, fault.InField("limit", "%d is out of range", f.Limit).
			With("Use 1 to %d, or leave it out for %d.", MaxPage, DefaultPage)
	}
	f.Limit = cmp.Or(f.Limit, DefaultPage)
	before, err = parseCursor(f.Cursor)
	return f, before, err
}

// Page is a part of a listing, newest task first. Results are left out of the
// listed tasks: Get has them.
type Page struct {
	Tasks []Task
	Next  string // cursor of the next page; empty on the last
	Total int    // how many tasks the filter selects in all
}
