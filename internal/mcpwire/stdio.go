package mcpwire

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"runtime"
	"syscall"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

// At the end of input, calls in flight have graceTime to be answered by themselves,
// and endTime more once they are cancelled.
const (
	graceTime = 400 * time.Millisecond
	endTime   = 100 * time.Millisecond
)

// patience is for how long a client that has closed its end of the input may read
// nothing. Those that mean to end a server wait as long before they signal.
const patience = 2 * time.Second

// ServeStdio speaks MCP on a pair of streams, one message a line, in whichever era
// each message is of, until the input or ctx ends, or the client stops reading.
// That the client is gone is no error. A read that is under way when ctx ends goes
// on until the input lets go of it.
func (w *Wire) ServeStdio(ctx context.Context, in io.Reader, out io.Writer) error {
	calls, cancelCalls := context.WithCancel(context.WithoutCancel(ctx))
	defer cancelCalls()
	pipe := newStream(nil)
	pipe.write = lines(out, pipe)
	p := w.newPeer(calls, overStdio, w.id("stdio"), pipe)
	if err := w.server.RegisterSession(ctx, p); err != nil {
		return fmt.Errorf("register session: %w", err)
	}
	defer w.server.UnregisterSession(context.WithoutCancel(ctx), p.SessionID())

	ended, failed := make(chan error, 1), make(chan struct{})
	pipe.ended = func() { close(failed) }
	stop := make(chan struct{})
	defer close(stop)
	go func() { ended <- p.readLines(in, stop) }()
	var err error
	select {
	case err = <-ended:
	case <-failed: // finish tells why
		cancelCalls()
	case <-ctx.Done():
		cancelCalls()
	}
	return errors.Join(gone(err), gone(p.finish(cancelCalls)))
}

// finish lets calls end, cancels those that do not, and writes what is left.
func (p *peer) finish(cancelCalls func()) error {
	over := p.close()
	wait(over, graceTime)
	cancelCalls()
	wait(over, endTime)
	late, stop := context.WithTimeout(context.Background(), endTime)
	defer stop()
	err := p.out.flushed(late.Done())
	p.out.fail(errClosed)
	return err
}

func wait(over <-chan struct{}, most time.Duration) {
	late := time.NewTimer(most)
	defer late.Stop()
	select {
	case <-over:
	case <-late.C:
	}
}

// gone makes nothing of an error that only says that the client is not there any
// more.
func gone(err error) error {
	for _, end := range []error{io.EOF, io.ErrClosedPipe, fs.ErrClosed, syscall.EPIPE} {
		if errors.Is(err, end) {
			return nil
		}
	}
	return err
}

// readLines takes line after line. It stops reading while the client does not read
// its answers.
func (p *peer) readLines(in io.Reader, stop <-chan struct{}) error {
	r := bufio.NewReaderSize(in, 64<<10)
	for {
		line, tooLong, err := readLine(r)
		select {
		case <-stop:
			return nil
		default:
		}
		switch {
		case tooLong:
			text := fmt.Sprintf("the message is longer than %d MB", maxMessage>>20)
			p.line().refuse(nil, &Error{Code: mcp.INVALID_REQUEST, Message: text})
		case len(bytes.TrimSpace(line)) > 0:
			p.take(p.line(), line)
		}
		if err != nil {
			return err
		}
		runtime.Gosched() // quick calls are answered before more are read: what is answered counts
		if err := p.room(in); err != nil {
			return err
		}
	}
}

// room waits while answers go unread. A client that has closed its end of the input
// and reads nothing for a while will not come back: that is the end of input, though
// there is more to read before it.
func (p *peer) room(in io.Reader) error {
	for before := int64(-1); ; {
		late, stop := context.WithTimeout(context.Background(), p.wire.patience)
		roomy, written, err := p.out.roomy(late.Done())
		stop()
		switch {
		case roomy || err != nil:
			return err
		case written == before && hungUp(in):
			return io.EOF
		}
		before = written
	}
}

// readLine reads a line of its own memory. Of one above maxMessage it keeps nothing.
func readLine(r *bufio.Reader) (line []byte, tooLong bool, err error) {
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(bytes.TrimRight(part, "\r\n")) > maxMessage {
			tooLong, line = true, nil
		}
		if !tooLong {
			line = append(line, part...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, tooLong, err
		}
	}
}

// lines writes frames as lines. A write that takes longer than stallTime ends the
// stream, though not the write itself.
func lines(out io.Writer, s *stream) func([]frame) error {
	stalled := time.AfterFunc(time.Hour, func() { s.fail(errStalled) })
	stalled.Stop()
	var all []byte
	return func(frames []frame) error {
		all = all[:0]
		for _, f := range frames {
			all = append(append(all, f.raw...), '\n')
		}
		stalled.Reset(stallTime)
		_, err := out.Write(all)
		stalled.Stop()
		if cap(all) > 4*maxWrite {
			all = nil // one long answer is no reason to keep as much for good
		}
		return err
	}
}
