package mcpwire

import (
	"encoding/json"
	"errors"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

var (
	errStalled  = errors.New("the client has read nothing for too long")
	errOverflow = errors.New("the client does not read its notifications")
	errClosed   = errors.New("the stream is closed")
)

// frame is one message as it leaves.
type frame struct {
	raw   []byte
	final bool // the answer, with which a response ends; without raw it ends with none
	code  int  // of an answer that is an error
}

// item is a place in a stream: a frame, or the place of a notification that is
// about to be handed over.
type item struct {
	frame
	slot   chan mcp.JSONRPCNotification
	encode func(mcp.JSONRPCNotification) []byte
	owner  any    // whose notification: thinning never mixes two calls
	about  string // what a later one of the same owner makes superfluous; empty: nothing does
}

// stream is an ordered queue of messages with one writer: whoever puts an answer
// while nobody writes. It holds little: notifications are thinned out when the
// reader is slow, and whoever reads requests looks at roomy before the next.
type stream struct {
	write func([]frame) error // called by one goroutine at a time
	ended func()              // called, with mu held, when it fails; may be nil

	mu      sync.Mutex
	items   []*item
	bytes   int   // of frames that are not yet written
	written int64 // bytes so far
	writing bool  // somebody is in drain
	thinAt  int
	err     error         // why nothing is taken any more
	moved   chan struct{} // closed at the next change; nil: nobody waits for it
}

func newStream(write func([]frame) error) *stream { return &stream{write: write, thinAt: thinAt} }

// slotTime is how long the writer waits for a notification whose place was taken:
// mcp-go hands it over in the next instruction.
const slotTime = time.Second

// put adds a frame and, if nobody writes, makes its caller the writer until the
// stream is empty.
func (s *stream) put(f frame) {
	if s.enqueue(f) {
		s.drain()
	}
}

// enqueue adds a frame. The caller must call drain if it is told so.
func (s *stream) enqueue(f frame) (mustDrain bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return false
	}
	s.items = append(s.items, &item{frame: f})
	s.bytes += len(f.raw)
	return s.begin()
}

// begin claims the writing, if it is free. Callers hold mu.
func (s *stream) begin() bool {
	if s.writing {
		return false
	}
	s.writing = true
	return true
}

// place takes the next place for a notification that its sender will put into the
// channel at once. The channel takes exactly one.
func (s *stream) place(owner any, encode func(mcp.JSONRPCNotification) []byte) chan<- mcp.JSONRPCNotification {
	slot := make(chan mcp.JSONRPCNotification, 1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return slot // nobody will read it
	}
	if len(s.items) >= s.thinAt {
		if s.thin() >= maxPending {
			s.failLocked(errOverflow)
			return slot
		}
		s.thinAt = max(thinAt, 2*len(s.items))
	}
	s.items = append(s.items, &item{slot: slot, encode: encode, owner: owner})
	if s.begin() {
		go s.drain() // the sender is somebody's handler: it does not wait for a reader
	}
	return slot
}

// thin drops every notification that a later one of the same owner makes
// superfluous, and gives how many are left. Callers hold mu.
func (s *stream) thin() (left int) {
	type subject struct {
		owner any
		about string
	}
	newest := map[subject]bool{}
	kept := make([]*item, len(s.items))
	at := len(kept)
	for i := len(s.items) - 1; i >= 0; i-- {
		it := s.items[i]
		s.bytes += it.arrived()
		if it.owner != nil {
			if k := (subject{it.owner, it.about}); it.about != "" {
				if newest[k] {
					s.bytes -= len(it.raw)
					continue
				}
				newest[k] = true
			}
			left++
		}
		at--
		kept[at] = it
	}
	s.items = kept[at:]
	return left
}

// arrived turns a place whose notification is there into a frame and gives its size.
func (it *item) arrived() int {
	if it.slot == nil {
		return 0
	}
	select {
	case n := <-it.slot:
		it.fill(n)
		return len(it.raw)
	default:
		return 0
	}
}

func (it *item) fill(n mcp.JSONRPCNotification) {
	it.slot = nil
	it.raw, it.about = it.encode(n), about(n)
}

// about names what of two notifications only the newer one tells. Empty: each tells
// something of its own.
func about(n mcp.JSONRPCNotification) string {
	var of any
	switch n.Method {
	case "notifications/progress":
		of = n.Params.AdditionalFields["progressToken"]
	case mcp.MethodNotificationResourceUpdated:
		of = n.Params.AdditionalFields["uri"]
	case "notifications/tasks", mcp.MethodNotificationTasksStatus: // each tells all of a task
		of = n.Params.AdditionalFields["taskId"]
	case mcp.MethodNotificationToolsListChanged, mcp.MethodNotificationPromptsListChanged, mcp.MethodNotificationResourcesListChanged:
	default:
		return ""
	}
	raw, _ := json.Marshal(of)
	return n.Method + " " + string(raw)
}

// maxWrite is how much one write gathers.
const maxWrite = 64 << 10

// drain writes until the stream is empty or fails.
func (s *stream) drain() {
	for {
		frames := s.next()
		if len(frames) == 0 {
			return
		}
		err := s.write(frames)
		s.mu.Lock()
		for _, f := range frames {
			s.bytes -= len(f.raw)
			s.written += int64(len(f.raw))
		}
		if err != nil {
			s.failLocked(err)
		}
		s.wake()
		s.mu.Unlock()
	}
}

// next takes what can be written at once off the queue. Nothing means that the
// caller is the writer no longer.
func (s *stream) next() (frames []frame) {
	s.mu.Lock()
	defer s.mu.Unlock()
	size := 0
	for size < maxWrite {
		if len(s.items) == 0 {
			s.items, s.thinAt = nil, thinAt
			break
		}
		it := s.items[0]
		s.bytes += it.arrived()
		if it.slot != nil {
			if len(frames) > 0 {
				break
			}
			s.items = s.items[1:]
			s.await(it)
		} else {
			s.items = s.items[1:]
		}
		if it.raw != nil || it.final {
			frames = append(frames, it.frame)
			size += len(it.raw)
		}
	}
	if len(frames) == 0 {
		s.writing = false
		s.wake()
	}
	return frames
}

// await waits for the notification whose place it is. Callers hold mu, which is
// free meanwhile.
func (s *stream) await(it *item) {
	s.mu.Unlock()
	if n, sent := receive(it.slot); sent {
		it.fill(n)
	}
	s.mu.Lock()
	s.bytes += len(it.raw)
}

// receive waits for a notification whose place was taken; some are never sent.
func receive(slot <-chan mcp.JSONRPCNotification) (n mcp.JSONRPCNotification, sent bool) {
	late := time.NewTimer(slotTime)
	defer late.Stop()
	select {
	case n = <-slot:
		return n, true
	case <-late.C:
		return n, false
	}
}

// fail ends the stream: what waits is dropped, and nothing is taken any more.
func (s *stream) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failLocked(err)
}

func (s *stream) failLocked(err error) {
	if s.err != nil {
		return
	}
	s.err = err
	for _, it := range s.items {
		s.bytes -= len(it.raw)
	}
	s.items = nil
	if s.ended != nil {
		s.ended()
	}
	s.wake()
}

func (s *stream) wake() {
	if s.moved != nil {
		close(s.moved)
		s.moved = nil
	}
}

// until waits until holds does, the stream has failed or done is closed. holds is
// called with mu held.
func (s *stream) until(done <-chan struct{}, holds func() bool) error {
	for {
		s.mu.Lock()
		if s.err != nil || holds() {
			err := s.err
			s.mu.Unlock()
			return err
		}
		if s.moved == nil {
			s.moved = make(chan struct{})
		}
		moved := s.moved
		s.mu.Unlock()
		select {
		case <-moved:
		case <-done:
			return nil
		}
	}
}

// roomy waits while answers go unread, until done is closed. It tells whether there is
// room, and how many bytes were written so far.
func (s *stream) roomy(done <-chan struct{}) (roomy bool, written int64, err error) {
	err = s.until(done, func() bool {
		roomy, written = s.bytes <= maxUnread, s.written
		return roomy
	})
	return roomy, written, err
}

// flushed waits until everything is written.
func (s *stream) flushed(done <-chan struct{}) error {
	return s.until(done, func() bool { return !s.writing && len(s.items) == 0 })
}

// revive takes up a stream that has failed for want of a reader.
func (s *stream) revive() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.err = nil
}
