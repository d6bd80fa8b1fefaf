package memory

import (
	"bytes"
	"context"
	"time"

	"github.com/trilha/trilha/internal/task"
)

// entry is what the store holds about one task. There may be tens of thousands,
// so what only a task that has not ended needs is apart, in life.
type entry struct {
	task  task.Task
	seq   uint64 // orders tasks by creation: CreatedAt alone may tie
	owner *owner
	key   string // task.Spec.IdempotencyKey
	life  *life  // nil once the status is final

	older, newer *entry // of the same owner
	endedSeat    int    // in Store.ended, once the status is final
}

// life is what an entry has until its task ends.
type life struct {
	unique   string    // task.Spec.Unique
	due      time.Time // when it would be its turn within its owner; see entry.before
	seat     int       // in its owner's queue; -1 when it does not wait
	asked    *asked    // nil unless it awaits its owner
	cancel   context.CancelFunc
	watchers task.Watchers
}

// snapshot is safe to hand out: messages are only ever added behind its end.
func (e *entry) snapshot() task.Task {
	t := e.task
	t.Messages = t.Messages[:len(t.Messages):len(t.Messages)]
	return t
}

// listed is a snapshot for a listing.
func (e *entry) listed() task.Task {
	t := e.snapshot()
	t.Result = nil
	return t
}

// before orders the tasks of one owner that wait. The key of a task does not
// change while it does, which is what makes ageing cheap.
func (e *entry) before(f *entry) bool {
	if c := e.life.due.Compare(f.life.due); c != 0 {
		return c < 0
	}
	return e.seq < f.seq
}

func (e *entry) sit(seat int) { e.life.seat = seat }

// owner is what the store holds about one principal, for as long as it keeps a
// task of theirs or runs a work for them.
type owner struct {
	name   string
	newest *entry
	keys   map[string]*entry // by IdempotencyKey, of all kept tasks
	unique map[string]*entry // by Unique, of tasks that have not ended

	tasks   int           // kept
	most    int           // that may run at once; 0: as many as of anyone
	queue   queue[*entry] // what waits for its turn
	asking  int           // tasks that await their owner
	running int           // works that have not returned
	turn    int64         // since when it waits for its turn; see Store.enqueue
	seat    int           // in Store.ready; -1 when not there
}

// before orders the owners that may run more: who runs least, then whose turn
// is longest ago, then whose next task is due first.
func (o *owner) before(p *owner) bool {
	switch {
	case o.running != p.running:
		return o.running < p.running
	case o.turn != p.turn:
		return o.turn < p.turn
	default:
		return o.queue[0].before(p.queue[0])
	}
}

func (o *owner) sit(seat int) { o.seat = seat }

// existing finds the task that spec repeats, if any.
func (o *owner) existing(spec task.Spec) (*entry, error) {
	if e := o.keys[spec.IdempotencyKey]; e != nil {
		if e.task.Kind != spec.Kind || !bytes.Equal(e.task.Input, spec.Input) {
			return nil, task.ErrKeyTaken(spec.IdempotencyKey, e.task.ID)
		}
		return e, nil
	}
	return o.unique[spec.Unique], nil
}

// create makes the entry for spec and files it under its owner.
func (s *Store) create(o *owner, spec task.Spec, id string, now time.Time) *entry {
	for spec.Limits.Kept > 0 && o.tasks >= spec.Limits.Kept {
		first := o.firstEnded()
		if first == nil {
			break
		}
		s.forget(first)
	}
	for len(s.tasks) >= s.limits.Kept {
		s.forgetFirst()
	}
	o.most = spec.Limits.Running
	s.reseat(o)
	s.seq++
	e := &entry{
		seq: s.seq, owner: o, key: spec.IdempotencyKey,
		task: task.Task{
			ID: id, Owner: o.name, Kind: spec.Kind, Description: spec.Description,
			Priority: spec.Priority, Input: bytes.Clone(spec.Input), Trace: spec.Trace, TTL: s.limits.TTLOf(spec.TTL),
			Status: task.Pending, CreatedAt: now, UpdatedAt: now,
		},
		life: &life{
			unique: spec.Unique,
			due:    now.Add(time.Duration(spec.Priority.Rank()) * s.limits.Ageing),
			seat:   -1,
		},
	}
	s.tasks[id] = e
	s.owners[o.name] = o
	o.add(e)
	return e
}

func (o *owner) add(e *entry) {
	if o.newest != nil {
		e.older, o.newest.newer = o.newest, e
	}
	o.newest = e
	o.tasks++
	put(&o.keys, e.key, e)
	put(&o.unique, e.life.unique, e)
}

func (o *owner) remove(e *entry) {
	o.tasks--
	if e.older != nil {
		e.older.newer = e.newer
	}
	if e.newer != nil {
		e.newer.older = e.older
	} else {
		o.newest = e.older
	}
	e.older, e.newer = nil, nil // whoever still holds e holds no others through it
	if e.key != "" {
		delete(o.keys, e.key)
	}
}

// put files e under key, which may be empty: then it does not.
func put(m *map[string]*entry, key string, e *entry) {
	if key == "" {
		return
	}
	if *m == nil {
		*m = make(map[string]*entry)
	}
	(*m)[key] = e
}
