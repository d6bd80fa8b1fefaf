package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"strconv"
	"sync"
	"sync/atomic"

	"github.com/mark3labs/mcp-go/server"
)

// target is a server under load. call sends one request and gives the whole
// answer, as it would go over the wire; it is safe for concurrent use.
type target interface {
	call(ctx context.Context, method string, params []byte) ([]byte, error)
	close()
}

// message is a request without the line's end.
func message(id int64, method string, params []byte) []byte {
	b := make([]byte, 0, len(params)+100)
	b = append(b, `{"jsonrpc":"2.0","id":`...)
	b = strconv.AppendInt(b, id, 10)
	b = append(b, `,"method":"`...)
	b = append(b, method...)
	b = append(b, `","params":`...)
	b = append(b, params...)
	return append(b, '}')
}

func toolCall(tool string, arguments []byte) []byte {
	return fmt.Appendf(nil, `{"name":%q,"arguments":%s}`, tool, arguments)
}

// refusal tells of an answer that is an error: nothing may be measured on those.
func refusal(answer []byte) error {
	if bytes.Contains(answer, []byte(`"isError":true`)) || bytes.Contains(answer, []byte(`"error":{"code"`)) {
		return fmt.Errorf("the server refuses: %.400s", answer)
	}
	return nil
}

// inProcess is HandleMessage and the marshalling that every transport adds.
type inProcess struct {
	server *server.MCPServer
	end    func()
	ids    atomic.Int64
}

func (t *inProcess) call(ctx context.Context, method string, params []byte) ([]byte, error) {
	answer, err := json.Marshal(t.server.HandleMessage(ctx, message(t.ids.Add(1), method, params)))
	if err != nil {
		return nil, err
	}
	return answer, refusal(answer)
}

func (t *inProcess) close() {
	if t.end != nil {
		t.end()
	}
}

// overStdio is a process.
type overStdio struct {
	command *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	ids     atomic.Int64
	done    chan struct{}

	mu      sync.Mutex // also keeps lines whole
	waiting map[int64]chan []byte
}

const initialize = `{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}`

// startStdio starts a server and makes its session.
func startStdio(ctx context.Context, command ...string) (*overStdio, error) {
	t := &overStdio{command: exec.CommandContext(ctx, command[0], command[1:]...), waiting: map[int64]chan []byte{}, done: make(chan struct{})}
	var err error
	if t.in, err = t.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := t.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	t.out = bufio.NewReaderSize(out, 1<<20)
	if err := t.command.Start(); err != nil {
		return nil, err
	}
	go t.read()
	if _, err := t.call(ctx, "initialize", []byte(initialize)); err != nil {
		t.close()
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	_, err = io.WriteString(t.in, `{"jsonrpc":"2.0","method":"notifications/initialized"}`+"\n")
	return t, err
}

// read hands answers to who waits for them. mcp-go writes the id right after the
// version; it is not worth a parse that would be measured with the server.
func (t *overStdio) read() {
	defer close(t.done)
	for {
		line, err := t.out.ReadBytes('\n')
		if err != nil {
			return
		}
		rest, ok := bytes.CutPrefix(line, []byte(`{"jsonrpc":"2.0","id":`))
		if !ok {
			continue
		}
		digits, _, _ := bytes.Cut(rest, []byte(","))
		id, err := strconv.ParseInt(string(digits), 10, 64)
		if err != nil {
			continue
		}
		t.mu.Lock()
		ch := t.waiting[id]
		delete(t.waiting, id)
		t.mu.Unlock()
		if ch != nil {
			ch <- line
		}
	}
}

func (t *overStdio) call(ctx context.Context, method string, params []byte) ([]byte, error) {
	id := t.ids.Add(1)
	line := append(message(id, method, params), '\n')
	ch := make(chan []byte, 1)
	t.mu.Lock()
	t.waiting[id] = ch
	_, err := t.in.Write(line)
	t.mu.Unlock()
	if err != nil {
		return nil, err
	}
	select {
	case answer := <-ch:
		return answer, refusal(answer)
	case <-t.done:
		return nil, errors.New("the server is gone")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// close ends the process at once: it may have thousands of tasks before it.
func (t *overStdio) close() {
	_ = t.in.Close()
	_ = t.command.Process.Kill()
	<-t.done
	_ = t.command.Wait()
}
