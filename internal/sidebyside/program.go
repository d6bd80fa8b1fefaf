package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"
)

// build makes both programs in dir: of a commit, in a work tree of its own that is
// removed again, and of the files as they are.
func build(ctx context.Context, dir, commit string) (before, after string, err error) {
	tree := filepath.Join(dir, "tree")
	if err := command(ctx, "", "git", "worktree", "add", "--detach", tree, commit); err != nil {
		return "", "", err
	}
	defer func() {
		err = errors.Join(err, command(context.WithoutCancel(ctx), "", "git", "worktree", "remove", "--force", tree))
	}()
	before, after = filepath.Join(dir, "trilha-old"), filepath.Join(dir, "trilha-new")
	return before, after, errors.Join(
		command(ctx, tree, "go", "build", "-o", before, "./cmd/trilha"),
		command(ctx, "", "go", "build", "-o", after, "./cmd/trilha"),
	)
}

func command(ctx context.Context, dir string, name string, args ...string) error {
	c := exec.CommandContext(ctx, name, args...)
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

// program is one that runs.
type program struct {
	name    string
	command *exec.Cmd
	ready   chan string   // its first line
	dead    chan struct{} // closed after its last
	client  *client.Client

	mu   sync.Mutex
	log  []string
	once sync.Once
	err  error
}

// Times for a program to say something and to stop.
const (
	startTime = 30 * time.Second
	stopTime  = 20 * time.Second
)

func start(dir, binary string, args ...string) (*program, error) {
	p := &program{
		name: filepath.Base(binary), command: exec.CommandContext(context.Background(), binary, args...),
		ready: make(chan string, 1), dead: make(chan struct{}),
	}
	p.command.Env = append(os.Environ(), "HOME="+dir)
	log, err := p.command.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.dead)
		for scan := bufio.NewScanner(log); scan.Scan(); {
			p.mu.Lock()
			p.log = append(p.log, scan.Text())
			p.mu.Unlock()
			select {
			case p.ready <- scan.Text():
			default:
			}
		}
	}()
	return p, nil
}

var address = regexp.MustCompile(`http://[^/ ]+`)

// connect speaks MCP with a server.
func (p *program) connect(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	var line string
	select {
	case line = <-p.ready:
	case <-p.dead:
	case <-ctx.Done():
	}
	base := address.FindString(line)
	if base == "" {
		return p.complaint("does not say where it listens")
	}
	var err error
	if p.client, err = client.NewStreamableHttpClient(base + "/mcp"); err != nil {
		return err
	}
	if err := p.client.Start(context.WithoutCancel(ctx)); err != nil {
		return err
	}
	r := mcp.InitializeRequest{}
	r.Params.ProtocolVersion = "2025-06-18"
	r.Params.ClientInfo = mcp.Implementation{Name: "sidebyside", Version: "1"}
	_, err = p.client.Initialize(ctx, r)
	return err
}

func (p *program) complaint(what string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return fmt.Errorf("%s %s: %s", p.name, what, strings.Join(p.log, "\n"))
}

// call calls a tool.
func (p *program) call(ctx context.Context, tool string, arguments map[string]any) (map[string]any, error) {
	r := mcp.CallToolRequest{}
	r.Params.Name, r.Params.Arguments = tool, arguments
	result, err := p.client.CallTool(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("%s on %s: %w", tool, p.name, err)
	}
	if result.IsError {
		text, _ := result.Content[0].(mcp.TextContent)
		return nil, fmt.Errorf("%s on %s: %s", tool, p.name, text.Text)
	}
	raw, err := json.Marshal(result.StructuredContent)
	if err != nil {
		return nil, err
	}
	out := map[string]any{}
	err = json.Unmarshal(raw, &out)
	return out, err
}

// kill ends it as the end of its machine would.
func (p *program) kill() {
	p.once.Do(func() {
		_ = p.command.Process.Kill()
		<-p.dead
		_ = p.command.Wait() // says that it was killed
	})
}

// stop ends it in order, and says if it did not end well.
func (p *program) stop() error {
	p.once.Do(func() {
		if p.client != nil {
			_ = p.client.Close()
		}
		_ = p.command.Process.Signal(syscall.SIGTERM)
		timer := time.AfterFunc(stopTime, func() { _ = p.command.Process.Kill() })
		defer timer.Stop()
		<-p.dead
		if err := p.command.Wait(); err != nil {
			p.err = p.complaint("ended with " + err.Error())
		}
	})
	return p.err
}
