package memory

import (
	"cmp"
	"container/heap"
)

// queue is a heap whose members know their seat, so that one can leave it, or
// move in it, without being looked for.
type queue[T member[T]] []T

type member[T any] interface {
	before(T) bool
	sit(seat int) // -1: left the queue
}

func (q queue[T]) Len() int           { return len(q) }
func (q queue[T]) Less(i, j int) bool { return q[i].before(q[j]) }

func (q queue[T]) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].sit(i)
	q[j].sit(j)
}

// Push is for container/heap.
func (q *queue[T]) Push(x any) {
	m := x.(T)
	m.sit(len(*q))
	*q = append(*q, m)
}

// Pop is for container/heap.
func (q *queue[T]) Pop() any {
	last := len(*q) - 1
	m := (*q)[last]
	clear((*q)[last:])
	*q = (*q)[:last]
	m.sit(-1)
	return m
}

// enqueue lets e wait. An owner's turn counts from its last start or from when
// it began to wait, whichever is later: a newcomer goes ahead of who was served
// last, and an endless row of newcomers goes ahead of nobody else.
func (s *Store) enqueue(e *entry) {
	o := e.owner
	if len(o.queue) == 0 {
		o.turn = max(o.turn, s.turn-1)
	}
	heap.Push(&o.queue, e)
	s.reseat(o)
}

// leaveQueue takes e out if it waits.
func (s *Store) leaveQueue(e *entry) {
	if e.life.seat < 0 {
		return
	}
	heap.Remove(&e.owner.queue, e.life.seat)
	s.reseat(e.owner)
}

// reseat puts o where it belongs in ready. It is called after every change to
// what o waits for or runs.
func (s *Store) reseat(o *owner) {
	may := len(o.queue) > 0 && o.running < cmp.Or(o.most, s.limits.RunningPerOwner)
	switch {
	case may && o.seat < 0:
		heap.Push(&s.ready, o)
	case may:
		heap.Fix(&s.ready, o.seat)
	case o.seat >= 0:
		heap.Remove(&s.ready, o.seat)
	}
}

// startWaiting starts what waits until no more may run.
func (s *Store) startWaiting() {
	for s.running < s.limits.Running && len(s.ready) > 0 {
		o := s.ready[0]
		e := heap.Pop(&o.queue).(*entry)
		s.turn += 2 // leaves room for who begins to wait before the next start
		o.turn = s.turn
		o.running++
		s.running++
		s.reseat(o)
		s.start(e)
	}
}

// release frees the slot of a work of o that has returned.
func (s *Store) release(o *owner) {
	o.running--
	s.running--
	s.reseat(o)
	s.dismiss(o)
	s.startWaiting()
	s.noteIdle()
}
