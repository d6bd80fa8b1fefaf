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
	"time"
)

var (
	errGone = errors.New("the instance is gone")
	errSlow = errors.New("the instance does not answer")
)

// answerTime is how long a client waits for an answer.
const answerTime = 30 * time.Second

// child is an instance as the parent holds it.
type child struct {
	command *exec.Cmd
	in      io.WriteCloser
	started time.Time
	ready   chan struct{} // closed when it says so
	dead    chan struct{} // closed after its last line
	hear    func(*child, line)

	mu      sync.Mutex
	last    int64
	waiting map[int64]chan line
	running map[string]bool // works that have begun and not returned
	stopped bool            // it said goodbye
}

// startChild starts an instance; hear is told of its events, one at a time. What it
// logs goes to log.
func startChild(s setting, log io.Writer, hear func(*child, line)) (*child, error) {
	given, err := json.Marshal(s)
	if err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{
		command: exec.CommandContext(context.Background(), self), hear: hear,
		ready: make(chan struct{}), dead: make(chan struct{}),
		waiting: map[int64]chan line{}, running: map[string]bool{},
	}
	c.command.Env = append(os.Environ(), instanceEnv+"="+string(given))
	c.command.Stderr = log
	c.command.SysProcAttr = attributes()
	if c.in, err = c.command.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.started = time.Now()
	if err := c.command.Start(); err != nil {
		return nil, err
	}
	go c.read(out)
	return c, nil
}

func (c *child) read(out io.Reader) {
	defer close(c.dead)
	lines := bufio.NewReader(out)
	for {
		text, err := lines.ReadBytes('\n')
		if err != nil {
			return // half a line counts for nothing
		}
		var l line
		if err := json.Unmarshal(text, &l); err != nil {
			panic(fmt.Sprintf("an instance says %q", text))
		}
		c.take(l)
	}
}

func (c *child) take(l line) {
	c.mu.Lock()
	switch l.Event {
	case "":
		answer := c.waiting[l.ID]
		delete(c.waiting, l.ID)
		c.mu.Unlock()
		if answer != nil {
			answer <- l
		}
		return
	case "ready":
		close(c.ready)
	case "begun":
		c.running[l.Task] = true
	case "left":
		delete(c.running, l.Task)
	case "stopped":
		c.stopped = true
	}
	c.mu.Unlock()
	c.hear(c, l)
}

// call sends a request and waits for its answer.
func (c *child) call(ctx context.Context, r request) (line, error) {
	answer := make(chan line, 1)
	c.mu.Lock()
	c.last++
	r.ID = c.last
	c.waiting[r.ID] = answer
	text, err := json.Marshal(r)
	if err == nil {
		_, err = c.in.Write(append(text, '\n'))
	}
	c.mu.Unlock()
	if err != nil {
		return line{}, errGone
	}
	timer := time.NewTimer(answerTime)
	defer timer.Stop()
	select {
	case l := <-answer:
		return l, nil
	case <-c.dead:
		select {
		case l := <-answer: // it was its last word
			return l, nil
		default:
			return line{}, errGone
		}
	case <-timer.C:
		return line{}, errSlow
	case <-ctx.Done():
		return line{}, ctx.Err()
	}
}

// isRunning gives the tasks whose work is on.
func (c *child) isRunning() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var ids []string
	for id := range c.running {
		ids = append(ids, id)
	}
	return ids
}

// kill ends the instance as the end of its machine would, and waits for its last
// line.
func (c *child) kill() time.Time {
	at := time.Now()
	_ = c.command.Process.Kill()
	<-c.dead
	_ = c.command.Wait() // says that it was killed
	_ = c.in.Close()
	return at
}

// stop ends it gracefully.
func (c *child) stop() error {
	_ = c.in.Close()
	timer := time.AfterFunc(answerTime, func() { _ = c.command.Process.Kill() })
	defer timer.Stop()
	<-c.dead
	return c.command.Wait()
}
