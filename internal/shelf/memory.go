package shelf

import (
	"cmp"
	"container/list"
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/trilha/trilha/internal/task"
)

// Memory keeps paths in memory, within a number for each owner and within a number
// of bytes over all; of these what was used least recently goes first. It is safe
// for concurrent use.
type Memory struct {
	perOwner int
	maxBytes int

	mu     sync.Mutex
	owners map[string]*owned
	used   *list.List // *kept, most recently used first
	bytes  int
	number int64 // of the newest path
	tally  *Tally
}

// owned is what is kept of one owner.
type owned struct {
	byID      map[string]*kept
	byRequest map[string][]*kept // as they were put
	all       []*kept            // by number
}

type kept struct {
	Path
	number int64
	use    *list.Element
}

// MemoryBytes is how much a shelf in memory keeps, unless told.
const MemoryBytes = 256 << 20

// NewMemory makes an empty shelf. 0 stands for PerOwner and MemoryBytes.
func NewMemory(perOwner, maxBytes int) *Memory {
	return &Memory{
		perOwner: cmp.Or(perOwner, PerOwner), maxBytes: cmp.Or(maxBytes, MemoryBytes),
		owners: map[string]*owned{}, used: list.New(), tally: NewTally(),
		// Numbers go on from the clock, so that to this process a cursor from an
		// earlier one lies before everything instead of anywhere.
		number: time.Now().UnixNano(),
	}
}

// Put keeps a path, in the place of one with the same id. No transaction is needed.
func (m *Memory) Put(_ context.Context, _ task.Tx, p Path) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	o := m.owners[p.Owner]
	if o == nil {
		o = &owned{byID: map[string]*kept{}, byRequest: map[string][]*kept{}}
		m.owners[p.Owner] = o
	}
	k := &kept{Path: p}
	k.CreatedAt, k.UpdatedAt = time.Now(), time.Now()
	if old := o.byID[p.ID]; old != nil {
		k.number, k.CreatedAt = old.number, old.CreatedAt
		o.all[o.place(k.number)] = k
		m.forget(o, old)
	} else {
		m.number++
		k.number = m.number
		o.all = append(o.all, k)
	}
	k.use = m.used.PushFront(k)
	o.byID[p.ID] = k
	o.byRequest[p.Request] = append(o.byRequest[p.Request], k)
	m.bytes += len(p.JSON)
	m.tally.Add(p.Owner, Counts{Puts: 1})
	m.makeRoom(o)
	return nil
}

func (m *Memory) makeRoom(o *owned) {
	for len(o.all) > m.perOwner {
		m.evict(o.all[0])
	}
	for m.bytes > m.maxBytes {
		m.evict(m.used.Back().Value.(*kept))
	}
}

func (m *Memory) evict(k *kept) {
	m.tally.Add(k.Owner, Counts{Evicted: 1})
	m.drop(k)
}

// place is where in all the path of a number is.
func (o *owned) place(number int64) int {
	at, _ := slices.BinarySearchFunc(o.all, number, func(k *kept, n int64) int { return cmp.Compare(k.number, n) })
	return at
}

func (m *Memory) drop(k *kept) {
	o := m.owners[k.Owner]
	at := o.place(k.number)
	o.all = slices.Delete(o.all, at, at+1)
	m.forget(o, k)
	if len(o.all) == 0 {
		delete(m.owners, k.Owner)
	}
}

// forget takes k out of everything but all.
func (m *Memory) forget(o *owned, k *kept) {
	delete(o.byID, k.ID)
	same := o.byRequest[k.Request]
	if same = slices.DeleteFunc(same, func(other *kept) bool { return other == k }); len(same) > 0 {
		o.byRequest[k.Request] = same
	} else {
		delete(o.byRequest, k.Request)
	}
	m.used.Remove(k.use)
	m.bytes -= len(k.JSON)
}

// Get gives owner's path by its id, or NotFound.
func (m *Memory) Get(_ context.Context, owner, id string) (json.RawMessage, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if o := m.owners[owner]; o != nil && o.byID[id] != nil {
		return m.use(o.byID[id]), nil
	}
	return nil, ErrNotFound(id)
}

// Find gives owner's newest path for a request, put after since, or nil.
func (m *Memory) Find(_ context.Context, owner, request string, since time.Time) (json.RawMessage, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var newest *kept
	if o := m.owners[owner]; o != nil && len(o.byRequest[request]) > 0 {
		newest = o.byRequest[request][len(o.byRequest[request])-1]
	}
	hit := newest != nil && newest.UpdatedAt.After(since)
	m.tally.Found(owner, hit)
	if !hit {
		return nil, nil
	}
	return m.use(newest), nil
}

func (m *Memory) use(k *kept) json.RawMessage {
	m.used.MoveToFront(k.use)
	return k.JSON
}

// List pages through owner's paths, newest first. Errors: Invalid.
func (m *Memory) List(_ context.Context, owner string, q Query) (Page, error) {
	q, words, before, err := q.Check()
	if err != nil {
		return Page{}, err
	}
	page, last := Page{Forgets: true}, int64(0)
	for _, k := range m.before(owner, before) {
		if !contains(&k.Path, words) {
			continue
		}
		if len(page.Paths) == q.Limit {
			page.Next = Cursor(last)
			break
		}
		shown := k.Path
		shown.JSON = nil
		page.Paths, last = append(page.Paths, shown), k.number
	}
	return page, nil
}

// before gives owner's paths below a number, newest first. What is kept does not
// change, so words can be looked for without holding anybody up.
func (m *Memory) before(owner string, number int64) []*kept {
	m.mu.Lock()
	defer m.mu.Unlock()
	o := m.owners[owner]
	if o == nil {
		return nil
	}
	out := slices.Clone(o.all[:o.place(number)])
	slices.Reverse(out)
	return out
}

func contains(p *Path, words []string) bool {
	if len(words) == 0 {
		return true
	}
	text := p.Text()
	return !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(text, w) })
}

// Delete removes owner's path, or gives NotFound.
func (m *Memory) Delete(_ context.Context, owner, id string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	o := m.owners[owner]
	if o == nil || o.byID[id] == nil {
		return ErrNotFound(id)
	}
	m.drop(o.byID[id])
	return nil
}

// Release makes owner's paths with these ids answer no request any more, and gives
// how many did. They stay on the shelf.
func (m *Memory) Release(_ context.Context, owner string, ids []string) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, o := 0, m.owners[owner]
	for _, id := range ids {
		if o == nil || o.byID[id] == nil || o.byID[id].Request == "" {
			continue
		}
		// What is kept does not change: see before.
		was := o.byID[id]
		k := &kept{Path: was.Path, number: was.number}
		k.Request = ""
		m.forget(o, was)
		o.all[o.place(k.number)], o.byID[id], k.use = k, k, m.used.PushFront(k)
		m.bytes += len(k.JSON)
		n++
	}
	return n, nil
}

// Stats counts owner's paths that answer requests, those put after since apart from
// the older ones.
func (m *Memory) Stats(_ context.Context, owner string, since time.Time) (Stats, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := Stats{Max: m.perOwner}
	if o := m.owners[owner]; o != nil {
		for _, k := range o.all {
			switch {
			case k.Request == "":
			case k.UpdatedAt.After(since):
				s.Active++
			default:
				s.Expired++
			}
		}
	}
	m.tally.Into(&s, owner)
	return s, nil
}
