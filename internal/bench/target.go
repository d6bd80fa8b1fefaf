package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
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
	answers
	command *exec.Cmd
	in      io.WriteCloser
	writing sync.Mutex // keeps lines whole
}

const initialize = `{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"bench","version":"1"}}`

// startStdio starts a server and makes its session.
func startStdio(ctx context.Context, command ...string) (*overStdio, error) {
	t, err := openStdio(exec.CommandContext(ctx, command[0], command[1:]...))
	if err != nil {
		return nil, err
	}
	if err := t.hello(ctx); err != nil {
		t.close()
		return nil, err
	}
	return t, nil
}

// openStdio starts a server.
func openStdio(command *exec.Cmd) (*overStdio, error) {
	t := &overStdio{answers: newAnswers(), command: command}
	var err error
	if t.in, err = t.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := t.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := t.command.Start(); err != nil {
		return nil, err
	}
	go t.read(bufio.NewReaderSize(out, 1<<20), nil)
	return t, nil
}

// hello makes a session.
func (t *overStdio) hello(ctx context.Context) error {
	if _, err := t.call(ctx, "initialize", []byte(initialize)); err != nil {
		return err
	}
	return t.write([]byte(`{"jsonrpc":"2.0","method":"notifications/initialized"}`))
}

func (t *overStdio) write(line []byte) error {
	t.writing.Lock()
	defer t.writing.Unlock()
	_, err := t.in.Write(append(line, '\n'))
	return err
}

func (t *overStdio) call(ctx context.Context, method string, params []byte) ([]byte, error) {
	return t.ask(ctx, method, params, t.write)
}

// close ends the process at once: it may have thousands of tasks before it.
func (t *overStdio) close() {
	_ = t.in.Close()
	_ = t.command.Process.Kill()
	<-t.done
	_ = t.command.Wait()
}
