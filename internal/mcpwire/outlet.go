package mcpwire

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const (
	writeTime   = 30 * time.Second // for which a write over HTTP may take
	beatTime    = 30 * time.Second // between signs of life on an open event stream
	maxBuffered = 2 << 10          // of an answer that net/http holds back whole
)

// conn is the HTTP response that an outlet writes to for the time being.
type conn struct {
	w     http.ResponseWriter
	begun bool          // its header is written
	gone  chan struct{} // closed when nothing more will be written

	mu      sync.Mutex
	writing bool
	unasked bool  // nobody wants it any more
	failed  error // of a write
}

// newResponse makes the outlet of one response, and its stream.
func newResponse(w http.ResponseWriter, h *history, status func(int) int) (*outlet, *conn, *stream) {
	c := newConn(w)
	o := &outlet{history: h, status: status, conn: c, done: make(chan struct{})}
	o.latest.Store(c)
	out := newStream(o.write)
	out.ended = func() { go o.abandon() }
	return o, c, out
}

func newConn(w http.ResponseWriter) *conn { return &conn{w: w, gone: make(chan struct{})} }

// begin starts an event stream.
func (c *conn) begin() {
	if c.begun {
		return
	}
	c.begun = true
	h := c.w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-cache, no-transform")
	h.Set("X-Accel-Buffering", "no")
	c.w.WriteHeader(http.StatusOK)
}

// send writes b at once, and no longer than writeTime. The deadline does not
// outlive it: the connection may serve other requests.
func (c *conn) send(b []byte) error {
	if !c.deadline(true, time.Now().Add(writeTime)) {
		return errClosed
	}
	defer c.deadline(false, time.Time{})
	_, err := c.w.Write(b)
	if err == nil {
		err = http.NewResponseController(c.w).Flush()
	}
	if err != nil {
		c.mu.Lock()
		c.failed = err
		c.mu.Unlock()
	}
	return err
}

// stalled tells whether its reader took nothing for writeTime, though it was wanted.
func (c *conn) stalled() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return !c.unasked && errors.Is(c.failed, os.ErrDeadlineExceeded)
}

// deadline begins or ends a write, unless none is to begin.
func (c *conn) deadline(writing bool, until time.Time) (ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if writing && c.unasked {
		return false
	}
	c.writing = writing
	_ = http.NewResponseController(c.w).SetWriteDeadline(until) // a writer without deadlines has a server with them
	return true
}

// cut lets go of a write that its reader holds up, for nobody waits for it any more.
func (c *conn) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.unasked = true
	if c.writing {
		_ = http.NewResponseController(c.w).SetWriteDeadline(time.Now())
	}
}

// outlet is where a stream goes over HTTP: the response to one request, or the
// events of a session. Responses come and go; while there is none, events are kept
// in the history, if there is one.
type outlet struct {
	number  int      // of the stream within its session
	history *history // nil: nothing can be resumed
	named   bool     // events carry their name, as HTTP+SSE wants it
	primed  bool     // the first event is empty, and its id alone lets a client come back
	status  func(code int) int

	latest atomic.Pointer[conn] // that was attached, for cut while a write holds mu

	mu   sync.Mutex
	seq  int
	conn *conn
	done chan struct{} // closed when the answer is written
	over bool

	ended func() // called when it is over; may be nil
}

// write is the stream's writer.
func (o *outlet) write(frames []frame) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if f := frames[0]; f.final && o.conn != nil && !o.conn.begun && o.seq == 0 {
		return o.finish(o.plain(f))
	}
	var b bytes.Buffer
	final := false
	for _, f := range frames {
		final = final || f.final && o.done != nil
		if f.raw == nil {
			continue
		}
		o.seq++
		at := b.Len()
		if o.named {
			b.WriteString("event: message\n")
		}
		if o.history != nil {
			fmt.Fprintf(&b, "id: %d-%d\n", o.number, o.seq)
		}
		fmt.Fprintf(&b, "data: %s\n\n", f.raw)
		if o.history != nil {
			o.history.add(event{o.number, o.seq, bytes.Clone(b.Bytes()[at:])})
		}
	}
	err := o.send(b.Bytes())
	if o.history != nil {
		err = nil // it can be resumed
	}
	if final {
		return o.finish(err)
	}
	return err
}

// plain writes an answer before which nothing was sent.
func (o *outlet) plain(f frame) error {
	c := o.conn
	c.begun = true
	if f.raw == nil {
		c.w.WriteHeader(http.StatusAccepted)
		return nil
	}
	c.w.Header().Set("Content-Type", "application/json")
	c.w.Header().Set("Content-Length", strconv.Itoa(len(f.raw)))
	c.w.WriteHeader(o.status(f.code))
	if len(f.raw) > maxBuffered {
		return c.send(f.raw)
	}
	_, err := c.w.Write(f.raw) // net/http sends it when the handler returns
	return err
}

func (o *outlet) finish(err error) error {
	if !o.over && o.done != nil {
		o.over = true
		close(o.done)
		if o.ended != nil {
			o.ended()
		}
	}
	return err
}

// send writes to the response, if there is one. One that fails is let go.
func (o *outlet) send(b []byte) error {
	if o.conn == nil {
		return errClosed
	}
	if o.primed && !o.conn.begun {
		b = append(fmt.Appendf(nil, "id: %d-0\ndata: \n\n", o.number), b...)
	}
	o.conn.begin()
	err := o.conn.send(b)
	if err != nil {
		close(o.conn.gone)
		o.conn = nil
	}
	return err
}

// beat is a sign of life on an event stream that is quiet.
func (o *outlet) beat() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.conn != nil && o.conn.begun && !o.over {
		_ = o.send([]byte(": still here\n\n"))
	}
}

// attach makes c the response, after what the history holds of the stream after
// an event. One that was attached before ends, whether its reader takes what is being
// written or not: often it is the same client, which has lost its connection.
func (o *outlet) attach(c *conn, first []byte, after int) {
	if before := o.latest.Swap(c); before != nil {
		before.cut()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.conn != nil {
		close(o.conn.gone)
	}
	o.conn = c
	var b bytes.Buffer
	b.Write(first)
	if o.history != nil && after >= 0 {
		o.history.replay(&b, o.number, after)
	}
	_ = o.send(b.Bytes())
	if o.over && o.conn != nil {
		close(c.gone)
		o.conn = nil
	}
}

// leave ends the response before the answer is there, and tells the client when to
// come back for it.
func (o *outlet) leave(after time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.conn == nil || !o.primed || o.over {
		return
	}
	if o.send(fmt.Appendf(nil, "retry: %d\n\n", after.Milliseconds())) == nil {
		close(o.conn.gone)
		o.conn = nil
	}
}

// detach lets go of c: afterwards nobody writes to it.
func (o *outlet) detach(c *conn) {
	c.cut()
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.conn == c {
		o.conn = nil
	}
}

// abandon ends the response when its stream has failed. The stream calls it from a
// goroutine of its own, since a write may be under way.
func (o *outlet) abandon() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.conn != nil {
		close(o.conn.gone)
		o.conn = nil
	}
	_ = o.finish(nil)
}

// serve stays with c while there may be something to write to it. The caller
// detaches it before its handler returns.
func (o *outlet) serve(w *Wire, r *http.Request, c *conn, closing <-chan struct{}) {
	defer w.noteStalled(r, c)
	beat := time.NewTicker(beatTime)
	defer beat.Stop()
	for {
		select {
		case <-o.done:
			return
		case <-c.gone:
			return
		case <-closing:
			return
		case <-r.Context().Done():
			return
		case <-beat.C:
			o.beat()
		}
	}
}

// noteStalled says why an event stream ends that its reader did not want to end.
func (w *Wire) noteStalled(r *http.Request, c *conn) {
	if c.stalled() {
		w.log.InfoContext(r.Context(), "event stream dropped: its reader took nothing in time", "seconds", writeTime.Seconds())
	}
}

// Bounds of what a session keeps for streams that break off.
const (
	maxEvents  = 256
	maxHistory = 256 << 10
)

// history holds the last events of a session.
type history struct {
	mu     sync.Mutex
	events []event
	bytes  int
}

type event struct {
	stream, seq int
	text        []byte
}

func (h *history) add(e event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.events = append(h.events, e)
	h.bytes += len(e.text)
	for len(h.events) > maxEvents || h.bytes > maxHistory {
		h.bytes -= len(h.events[0].text)
		h.events[0].text = nil
		h.events = h.events[1:]
	}
}

func (h *history) replay(b *bytes.Buffer, stream, after int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.events {
		if e.stream == stream && e.seq > after {
			b.Write(e.text)
		}
	}
}

// eventID reads the id of an event.
func eventID(id string) (stream, seq int, ok bool) {
	first, second, found := strings.Cut(id, "-")
	stream, err := strconv.Atoi(first)
	seq, err2 := strconv.Atoi(second)
	return stream, seq, found && err == nil && err2 == nil && stream >= 0 && seq >= 0
}
