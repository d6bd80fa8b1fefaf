package tutor

import (
	"container/list"
	"encoding/json"
	"sync"
	"time"
)

// Shelf keeps finished paths per owner, by path id and by canonical request, for
// a time and within a number of bytes over all owners; what was used least
// recently goes first. It is safe for concurrent use.
type Shelf struct {
	keep     time.Duration
	maxBytes int

	mu    sync.Mutex
	byKey map[shelfKey]*list.Element
	byID  map[shelfKey]*list.Element
	used  *list.List // *shelved, most recently used first
	bytes int
}

// shelfKey is an owner's path id, or an owner's canonical request.
type shelfKey struct{ owner, name string }

type shelved struct {
	id, request shelfKey
	path        json.RawMessage
	until       time.Time
}

// Defaults of a shelf.
const (
	ShelfTime  = 30 * 24 * time.Hour
	ShelfBytes = 128 << 20
)

// NewShelf makes a shelf that keeps a path for a time, and at most maxBytes of
// them.
func NewShelf(keep time.Duration, maxBytes int) *Shelf {
	return &Shelf{keep: keep, maxBytes: maxBytes, byKey: map[shelfKey]*list.Element{}, byID: map[shelfKey]*list.Element{}, used: list.New()}
}

// Put keeps a path in the place of an earlier one for the same request.
func (s *Shelf) Put(owner, request, id string, path json.RawMessage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	item := &shelved{id: shelfKey{owner, id}, request: shelfKey{owner, request}, path: path, until: time.Now().Add(s.keep)}
	s.drop(s.byKey[item.request])
	s.drop(s.byID[item.id])
	e := s.used.PushFront(item)
	s.byKey[item.request], s.byID[item.id] = e, e
	s.bytes += len(path)
	for s.bytes > s.maxBytes {
		s.drop(s.used.Back())
	}
}

// Get gives owner's path by its id, or nil.
func (s *Shelf) Get(owner, id string) json.RawMessage {
	return s.find(s.byID, shelfKey{owner, id})
}

// Find gives owner's path for a canonical request, or nil.
func (s *Shelf) Find(owner, request string) json.RawMessage {
	return s.find(s.byKey, shelfKey{owner, request})
}

func (s *Shelf) find(in map[shelfKey]*list.Element, k shelfKey) json.RawMessage {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := in[k]
	if e == nil {
		return nil
	}
	item := e.Value.(*shelved)
	if !time.Now().Before(item.until) {
		s.drop(e)
		return nil
	}
	s.used.MoveToFront(e)
	return item.path
}

func (s *Shelf) drop(e *list.Element) {
	if e == nil {
		return
	}
	item := e.Value.(*shelved)
	if s.byID[item.id] != e { // dropped already
		return
	}
	s.used.Remove(e)
	delete(s.byID, item.id)
	delete(s.byKey, item.request)
	s.bytes -= len(item.path)
}
