package shelf

import (
	"sync"
	"time"
)

// Stats says how an owner's paths have answered requests. What is kept is counted
// as it is now; the rest by this process, since a moment.
type Stats struct {
	Active  int // paths that answer their request
	Expired int // paths that did, and are too old now
	Max     int // paths that are kept
	Counts
	Since time.Time
}

// Counts are of one owner.
type Counts struct {
	Hits, Misses int // of Find
	Puts         int
	Evicted      int // made room for others
}

// Tally is for shelves: it counts by owner.
type Tally struct {
	mu     sync.Mutex
	since  time.Time
	owners map[string]Counts
}

// maxTallied bounds the owners that are counted. When there are more all counts
// begin anew.
const maxTallied = 10_000

// NewTally makes one that counts from now on.
func NewTally() *Tally { return &Tally{since: time.Now(), owners: map[string]Counts{}} }

// Add adds to owner's counts.
func (t *Tally) Add(owner string, c Counts) {
	t.mu.Lock()
	defer t.mu.Unlock()
	sum, ok := t.owners[owner]
	if !ok && len(t.owners) >= maxTallied {
		t.owners, t.since = map[string]Counts{}, time.Now()
	}
	sum.Hits += c.Hits
	sum.Misses += c.Misses
	sum.Puts += c.Puts
	sum.Evicted += c.Evicted
	t.owners[owner] = sum
}

// Found adds a hit or a miss.
func (t *Tally) Found(owner string, hit bool) {
	if hit {
		t.Add(owner, Counts{Hits: 1})
		return
	}
	t.Add(owner, Counts{Misses: 1})
}

// Into fills in owner's counts.
func (t *Tally) Into(s *Stats, owner string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	s.Counts, s.Since = t.owners[owner], t.since
}
