package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"
)

// pipe is a client of a process of its own.
type pipe struct {
	*mailbox
	era   string
	cmd   *exec.Cmd
	write sync.Mutex
	in    io.WriteCloser
	out   io.ReadCloser
	last  atomic.Int64
	ended chan struct{} // closed at the end of the process
	exit  error         // how it ended
}

func dialStdio(ctx context.Context, _, era string) (conn, error) {
	p, err := startPipe(ctx, era)
	if err != nil {
		return nil, err
	}
	go p.listen()
	if era == modern {
		_, err := p.call(ctx, "server/discover", nil, nil)
		return p, err
	}
	if _, err := p.call(ctx, "initialize", hello(era), nil); err != nil {
		return p, err
	}
	err = p.line([]byte(initialized))
	return p, err
}

func startPipe(ctx context.Context, era string) (*pipe, error) {
	cmd, err := command(ctx, "stdio")
	if err != nil {
		return nil, err
	}
	p := &pipe{mailbox: newMailbox(), era: era, cmd: cmd, ended: make(chan struct{})}
	cmd.Stderr = os.Stderr
	if p.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	if p.out, err = cmd.StdoutPipe(); err != nil {
		return nil, err
	}
	return p, cmd.Start()
}

// listen reads until the process closes its output.
func (p *pipe) listen() {
	lines := bufio.NewReaderSize(p.out, 64<<10)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		var m message
		if err := json.Unmarshal(line, &m); err != nil {
			p.fail(fmt.Errorf("%w: %.200s", err, line))
			break
		}
		p.put(m)
	}
	p.fail(errors.New("the process has ended"))
	p.wait()
}

func (p *pipe) line(text []byte) error {
	p.write.Lock()
	defer p.write.Unlock()
	_, err := p.in.Write(append(text, '\n'))
	return err
}

func (p *pipe) call(ctx context.Context, method string, params map[string]any, hear news) (json.RawMessage, error) {
	id := int(p.last.Add(1))
	box := p.expect(id, hear)
	defer p.forget(id)
	if err := p.line(request(p.era, id, method, params)); err != nil {
		return nil, err
	}
	return box.wait(ctx)
}

// leave closes the input: the process ends by itself, and well.
func (p *pipe) leave(context.Context) error {
	_ = p.in.Close()
	select {
	case <-p.ended:
		return p.exit
	case <-time.After(15 * time.Second):
		return errors.New("the process does not end")
	}
}

func (p *pipe) drop() { _ = p.cmd.Process.Kill() }

func (p *pipe) Close() error {
	p.drop()
	<-p.ended
	return nil
}

// wait notes the end of the process.
func (p *pipe) wait() {
	p.exit = p.cmd.Wait()
	close(p.ended)
}
