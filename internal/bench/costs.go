package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/trilha/trilha/internal/bench/bare"
	"github.com/trilha/trilha/internal/learning"
)

// starts measures from exec to the answered tools/list.
func (b *bench) starts(ctx context.Context) error {
	const launches = 7 // a run
	r := b.table.row("exec to answered tools/list", millis)
	r.under = 50
	for range launches * runs {
		trilha, err := start(ctx, b.trilha)
		if err != nil {
			return err
		}
		bare, err := start(ctx, b.bare)
		if err != nil {
			return err
		}
		r.add(trilha, bare)
	}
	return nil
}

func start(ctx context.Context, program string) (millis float64, err error) {
	began := time.Now()
	t, err := startStdio(ctx, program)
	if err != nil {
		return 0, err
	}
	defer t.close()
	_, err = t.call(ctx, "tools/list", []byte("{}"))
	return float64(time.Since(began).Microseconds()) / 1000, err
}

// idle measures resident memory of servers that have told their tools and have
// nothing to do.
func (b *bench) idle(ctx context.Context) error {
	if _, err := os.Stat("/proc/self/status"); err != nil {
		return nil //nolint:nilerr // only Linux tells; elsewhere the rows are missing
	}
	for range runs {
		if err := b.idleOnce(ctx, "idle on stdio, resident", idleStdio, []string{b.trilha}, []string{b.bare}); err != nil {
			return err
		}
		if err := b.idleOnce(ctx, "idle on HTTP, resident", idleHTTP,
			[]string{b.trilha, "serve", "--addr", "127.0.0.1:0"}, []string{b.bare, "127.0.0.1:0"}); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) idleOnce(ctx context.Context, name string, measure func(context.Context, []string) (float64, error), trilha, bare []string) error {
	t, err := measure(ctx, trilha)
	if err != nil {
		return err
	}
	other, err := measure(ctx, bare)
	if err != nil {
		return err
	}
	b.table.row(name, mibs).add(t, other)
	return nil
}

func idleStdio(ctx context.Context, command []string) (float64, error) {
	t, err := startStdio(ctx, command...)
	if err != nil {
		return 0, err
	}
	defer t.close()
	if _, err := t.call(ctx, "tools/list", []byte("{}")); err != nil {
		return 0, err
	}
	return resident(t.command.Process.Pid)
}

var endpoint = regexp.MustCompile(`http://\S+/mcp`)

func idleHTTP(ctx context.Context, command []string) (float64, error) {
	ctx, kill := context.WithCancel(ctx)
	defer kill()
	c := exec.CommandContext(ctx, command[0], command[1:]...)
	said, err := c.StderrPipe()
	if err != nil {
		return 0, err
	}
	if err := c.Start(); err != nil {
		return 0, err
	}
	defer func() { kill(); _ = c.Wait() }()
	line, err := bufio.NewReader(said).ReadString('\n')
	url := endpoint.FindString(line)
	if err != nil || url == "" {
		return 0, fmt.Errorf("%v did not say where it listens: %q (%w)", command, line, err)
	}
	session, err := post(ctx, url, "", message(1, "initialize", []byte(initialize)))
	if err != nil {
		return 0, err
	}
	if _, err := post(ctx, url, session, message(2, "tools/list", []byte("{}"))); err != nil {
		return 0, err
	}
	return resident(c.Process.Pid)
}

// post sends a message over Streamable HTTP and gives the session's id.
func post(ctx context.Context, url, session string, body []byte) (string, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(string(body)))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	if session != "" {
		r.Header.Set("Mcp-Session-Id", session)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s answers %s: %s", url, answer.Status, text)
	}
	return answer.Header.Get("Mcp-Session-Id"), err
}

// resident is a process's memory in MiB.
func resident(pid int) (float64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(status), "VmRSS:")
	kib, err := strconv.ParseFloat(strings.Fields(after + " ?")[0], 64)
	return kib / 1024, err
}

// generation measures the making of one path, from the request to its JSON. Its
// neighbour is the least that a server has to do with a path: to write it.
func (b *bench) generation(ctx context.Context) error {
	for _, nodes := range []int{15, 100} {
		request := learning.Request{Topic: "machine learning", NumNodes: nodes}
		path, err := makePath(ctx, b.generator, request)
		if err != nil {
			return err
		}
		name := fmt.Sprintf("generation, %d nodes", nodes)
		if len(path.Nodes) != nodes {
			name += fmt.Sprintf(" (there are %d)", len(path.Nodes))
		}
		for range runs {
			made, err := costOf(func() error {
				p, err := makePath(ctx, b.generator, request)
				if err != nil {
					return err
				}
				_, err = json.Marshal(p)
				return err
			})
			if err != nil {
				return err
			}
			written, err := costOf(func() error { _, err := json.Marshal(path); return err })
			if err != nil {
				return err
			}
			b.table.row(name, micros).add(made.micros, written.micros)
			b.table.row(name+", allocations", counted).add(made.allocs, written.allocs)
			b.table.row(name+", allocated", kibs).add(made.bytes/1024, written.bytes/1024)
		}
	}
	return nil
}

type cost struct{ micros, allocs, bytes float64 }

// costOf is what one do costs.
func costOf(do func() error) (cost, error) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	began, n := time.Now(), 0.0
	for ; time.Since(began) < 200*time.Millisecond; n++ {
		if err := do(); err != nil {
			return cost{}, err
		}
	}
	took := time.Since(began)
	runtime.ReadMemStats(&after)
	return cost{
		micros: float64(took.Microseconds()) / n,
		allocs: math.Round(float64(after.Mallocs-before.Mallocs) / n),
		bytes:  float64(after.TotalAlloc-before.TotalAlloc) / n,
	}, nil
}

// memory measures what 10,000 kept tasks hold, and a map of as many tasks with
// results of the same sizes. It is done once: it comes out the same.
func (b *bench) memory(ctx context.Context) error {
	for _, m := range []struct {
		name     string
		distinct bool
	}{{"10,000 tasks, one result", false}, {"10,000 tasks, distinct results", true}} {
		trilha, sizes, err := b.keep(ctx, m.distinct)
		if err != nil {
			return err
		}
		b.table.row(m.name, mibs).add(trilha, keepBare(sizes, m.distinct))
	}
	return nil
}

const kept = 10_000

func (b *bench) keep(ctx context.Context, distinct bool) (mib float64, sizes []int, err error) {
	t := newTrilha()
	defer t.close()
	if _, err := finished(ctx, t, b.creates[len(b.creates)-1]); err != nil {
		return 0, nil, err
	}
	before := heap()
	if distinct {
		var ids []string
		if ids, err = b.createAll(ctx, t, kept); err == nil {
			sizes, err = ends(ctx, t.store, ids)
		}
	} else {
		for i := 0; i < kept && err == nil; i++ {
			var id string
			if id, err = finished(ctx, t, b.creates[0]); i == 0 && err == nil {
				sizes, err = ends(ctx, t.store, []string{id})
			}
		}
	}
	return heap() - before, sizes, err
}

// keepBare is as many tasks in a map; where one result is given, all share it.
func keepBare(sizes []int, distinct bool) (mib float64) {
	before := heap()
	tasks := map[string]*bare.Task{}
	shared := make([]byte, sizes[0])
	for i := range kept {
		t := &bare.Task{ID: uuid.NewString(), Topic: "topic", Status: "completed", Progress: 100, Created: time.Now(), Result: shared}
		if distinct {
			t.Result = make([]byte, sizes[i])
		}
		tasks[t.ID] = t
	}
	mib = heap() - before
	runtime.KeepAlive(tasks)
	return mib
}

// heap is what is in use after everything unused is gone, in MiB.
func heap() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what finalizers and pools held
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc) / (1 << 20)
}
