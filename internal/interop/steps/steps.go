// Package steps is what every Go client of package interop does with trilha, and how
// it tells of it. node/steps.mjs is the same for clients in JavaScript.
package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Client is a client under test, before it has connected.
type Client interface {
	// Connect gives the protocol version that was agreed upon. hear is told of
	// progress from then on.
	Connect(ctx context.Context, hear Hear) (version string, err error)
	// Tools gives the names of all tools.
	Tools(ctx context.Context) ([]string, error)
	// Call calls a tool and gives its structured answer; an error of the tool is one.
	// With a token it asks for progress.
	Call(ctx context.Context, name string, arguments map[string]any, token string) (map[string]any, error)
	// Read reads a resource of text.
	Read(ctx context.Context, uri string) (string, error)
	Close() error
}

// Tasker is a client with calls for the tasks of 2025-11-25.
type Tasker interface {
	// Begin calls a tool as a task and gives the task's id.
	Begin(ctx context.Context, name string, arguments map[string]any) (id string, err error)
	// Status is the task's.
	Status(ctx context.Context, id string) (string, error)
	// Result waits for what the call came to; an error of the tool is one.
	Result(ctx context.Context, id string) error
	// Cancel gives the status that the task has then.
	Cancel(ctx context.Context, id string) (status string, err error)
	// Asked is how many elicitations were answered so far; [ErrCannot] where it cannot.
	Asked() (int, error)
}

// Hear is told of progress.
type Hear func(token any, progress float64)

// Args is how a client's program is called: TRANSPORT ERA HOURS TARGET...
type Args struct {
	Transport string // stdio, http or sse
	Era       string // legacy or modern
	Hours     float64
	Target    []string // an address, or a command
}

// Parse reads the arguments of a program.
func Parse(args []string) (a Args, err error) {
	if len(args) < 4 {
		return a, errors.New("usage: TRANSPORT ERA HOURS TARGET")
	}
	a.Transport, a.Era, a.Target = args[0], args[1], args[3:]
	a.Hours, err = strconv.ParseFloat(args[2], 64)
	return a, err
}

// Step is one line that a program writes.
type Step struct {
	Step string `json:"step"`
	OK   bool   `json:"ok"`
	Note string `json:"note"`
	// Cannot says that the client has no way to do it; the note says why.
	Cannot bool `json:"cannot,omitempty"`
}

// ErrCannot is of what a client has no way to do.
var ErrCannot = errors.New("not in this client")

// patience is the bound of all steps.
const patience = time.Minute

// taker takes the steps of one client.
type taker struct {
	Client
	hours float64
	made  atomic.Int64
	id    string
	path  string

	mu   sync.Mutex
	told map[any][]float64 // by token
}

// Take takes all steps and writes of each; it stops at the first that fails. Those of
// tasks are for a [Tasker] in the legacy eras.
func Take(ctx context.Context, c Client, a Args, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	t := &taker{Client: c, hours: a.Hours, told: map[any][]float64{}}
	all := []named{
		{"connect", t.connect},
		{"tools", t.tools},
		{"create", t.create},
		{"wait", t.wait},
		{"progress", t.progress},
		{"path", t.get},
		{"resource", t.read},
		{"cancel", t.cancel},
	}
	if tasks, ok := c.(Tasker); ok && a.Era == "legacy" {
		all = append(all, t.tasks(tasks)...)
	}
	for _, s := range all {
		note, err := s.take(ctx)
		if err != nil {
			note = err.Error()
		}
		cannot := errors.Is(err, ErrCannot)
		if err := json.NewEncoder(out).Encode(Step{s.name, err == nil, note, cannot}); err != nil {
			return err
		}
		if cannot {
			continue
		}
		if err != nil {
			return errors.Join(err, c.Close())
		}
	}
	return c.Close()
}

// named is a step by its name.
type named struct {
	name string
	take func(context.Context) (note string, err error)
}

// tasks are the steps of a client that speaks MCP tasks.
func (t *taker) tasks(c Tasker) []named {
	return []named{
		{"task", func(ctx context.Context) (string, error) { return t.watch(ctx, c, "machine learning") }},
		{"task asks", func(ctx context.Context) (string, error) {
			before, err := c.Asked()
			if err != nil {
				return "", err
			}
			note, err := t.watch(ctx, c, "functions")
			if after, _ := c.Asked(); err == nil && after == before {
				err = errors.New("nothing was asked")
			}
			return note, err
		}},
		{"task cancel", func(ctx context.Context) (note string, err error) {
			for range 5 { // as for cancel
				if note, err = t.cancelTask(ctx, c); err == nil {
					break
				}
			}
			return note, err
		}},
	}
}

func (t *taker) begin(ctx context.Context, c Tasker, topic string) (string, error) {
	return c.Begin(ctx, "generate_learning_path", map[string]any{
		"topic": topic, "num_nodes": 14, "hours_per_week": t.hours + float64(t.made.Add(1))/100,
	})
}

// watch begins a task, gets its status until it needs something or is done, and its
// result. The note is the statuses that were seen.
func (t *taker) watch(ctx context.Context, c Tasker, topic string) (string, error) {
	id, err := t.begin(ctx, c, topic)
	if err != nil {
		return "", err
	}
	var seen []string
	for {
		status, err := c.Status(ctx, id)
		if err != nil {
			return "", err
		}
		if !slices.Contains(seen, status) {
			seen = append(seen, status)
		}
		if status != "working" {
			break
		}
	}
	if err := c.Result(ctx, id); err != nil {
		return "", err
	}
	status, err := c.Status(ctx, id)
	if err == nil && status != "completed" {
		err = fmt.Errorf("the task is %v", status)
	}
	if !slices.Contains(seen, status) {
		seen = append(seen, status)
	}
	return strings.Join(seen, ", "), err
}

func (t *taker) cancelTask(ctx context.Context, c Tasker) (string, error) {
	if err := t.keepBusy(ctx); err != nil {
		return "", err
	}
	id, err := t.begin(ctx, c, "machine learning")
	if err != nil {
		return "", err
	}
	status, err := c.Cancel(ctx, id)
	if err == nil && status != "cancelled" {
		err = fmt.Errorf("the task is %v", status)
	}
	return "", err
}

func (t *taker) tools(ctx context.Context) (string, error) {
	names, err := t.Tools(ctx)
	if err == nil && !slices.Contains(names, "generate_learning_path_async") {
		err = fmt.Errorf("tools: %v", names)
	}
	return fmt.Sprintf("%d tools", len(names)), err
}

func (t *taker) connect(ctx context.Context) (string, error) {
	return t.Connect(ctx, func(token any, progress float64) {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.told[token] = append(t.told[token], progress)
	})
}

// make makes a task that is unlike all others.
func (t *taker) make(ctx context.Context, nodes int, token string) (string, error) {
	r, err := t.Call(ctx, "generate_learning_path_async", map[string]any{
		"topic": "machine learning", "num_nodes": nodes, "hours_per_week": t.hours + float64(t.made.Add(1))/100,
	}, token)
	if err != nil {
		return "", err
	}
	id, _ := r["task_id"].(string)
	if id == "" {
		return "", errors.New("no task_id")
	}
	return id, nil
}

// keepBusy makes tasks for which those made after them wait: one runs at a time.
func (t *taker) keepBusy(ctx context.Context) error {
	var all sync.WaitGroup
	errs := make([]error, 40)
	for i := range errs {
		all.Go(func() { _, errs[i] = t.make(ctx, 90, "") })
	}
	all.Wait()
	return errors.Join(errs...)
}

func (t *taker) create(ctx context.Context) (note string, err error) {
	if err = t.keepBusy(ctx); err == nil {
		t.id, err = t.make(ctx, 100, "create")
	}
	return "", err
}

func (t *taker) wait(ctx context.Context) (string, error) {
	r, err := t.Call(ctx, "get_task_status", map[string]any{"task_id": t.id, "wait_seconds": 40}, "wait")
	if err == nil && r["status"] != "completed" {
		err = fmt.Errorf("the task is %v", r["status"])
	}
	return "", err
}

// late is how long clients that hand progress on beside everything else may take.
const late = time.Second

func (t *taker) progress(ctx context.Context) (note string, err error) {
	for range 5 {
		if note, err = t.heard(); !errors.Is(err, errSilence) {
			return note, err
		}
		// On a busy machine the task may be done before anybody waits for it.
		if _, err := t.create(ctx); err != nil {
			return "", err
		}
		if _, err := t.wait(ctx); err != nil {
			return "", err
		}
	}
	return note, err
}

var errSilence = errors.New("no progress was told")

// heard says what the call that waited was told.
func (t *taker) heard() (string, error) {
	for end := time.Now().Add(late); ; time.Sleep(late / 20) {
		t.mu.Lock()
		told := slices.Clone(t.told["wait"])
		t.mu.Unlock()
		if time.Now().Before(end) && (len(told) == 0 || told[len(told)-1] < 100) {
			continue
		}
		if len(told) == 0 {
			return "", errSilence
		}
		note := fmt.Sprintf("%d, up to %g", len(told), told[len(told)-1])
		if !slices.IsSorted(told) {
			return "", fmt.Errorf("progress fell: %v", told)
		}
		return note, nil
	}
}

func (t *taker) get(ctx context.Context) (string, error) {
	r, err := t.Call(ctx, "get_learning_path", map[string]any{"id": t.id}, "")
	if err != nil {
		return "", err
	}
	t.path, _ = r["path_id"].(string)
	if content, _ := r["content"].(string); !strings.Contains(content, "http") {
		return "", errors.New("a path without links")
	}
	return "", nil
}

func (t *taker) read(ctx context.Context) (string, error) {
	text, err := t.Read(ctx, "trilha://paths/"+t.path)
	if err == nil && !json.Valid([]byte(text)) {
		err = errors.New("the resource is not JSON")
	}
	return "", err
}

// cancel tries again what may come too late on a busy machine: the task is done.
func (t *taker) cancel(ctx context.Context) (note string, err error) {
	for range 5 {
		if note, err = t.cancelOne(ctx); err == nil {
			break
		}
	}
	return note, err
}

func (t *taker) cancelOne(ctx context.Context) (string, error) {
	if err := t.keepBusy(ctx); err != nil {
		return "", err
	}
	id, err := t.make(ctx, 13, "")
	if err != nil {
		return "", err
	}
	r, err := t.Call(ctx, "cancel_task", map[string]any{"task_id": id}, "")
	if err == nil && r["status"] != "cancelled" {
		err = fmt.Errorf("the task is %v", r["status"])
	}
	return "", err
}
