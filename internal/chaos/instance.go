package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/task/river"
)

const (
	// instanceEnv makes this program an instance; it holds a setting.
	instanceEnv = "TRILHA_CHAOS_INSTANCE"
	// runningPerOwner and runningHere are the limits of the stores.
	runningPerOwner = 4
	runningHere     = 8
	// longWait bounds one wait for a task.
	longWait = 300 * time.Millisecond
)

// setting is what an instance is started with.
type setting struct {
	At    string // a path or a URL
	Lease time.Duration
}

func (s setting) address() river.Address {
	if strings.HasPrefix(s.At, "postgres://") {
		return river.Address{URL: s.At}
	}
	return river.Address{File: s.At}
}

func limits() task.Limits {
	return task.Limits{Running: runningHere, RunningPerOwner: runningPerOwner, Kept: 1_000_000}
}

// instance is the child's side.
type instance struct {
	store *river.Store
	mu    sync.Mutex
	out   io.Writer
}

// say writes a line at once: a killed process keeps nothing back.
func (in *instance) say(l line) {
	text, err := json.Marshal(l)
	if err != nil {
		panic(err)
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	_, _ = in.out.Write(append(text, '\n'))
}

// instanceMain answers requests until its input ends, then stops gracefully.
func instanceMain(given string) int {
	in := &instance{out: os.Stdout}
	var s setting
	err := json.Unmarshal([]byte(given), &s)
	if err == nil {
		in.store, err = river.Open(context.Background(), s.address(), river.Options{
			Works: map[string]task.Work{workKind: in.chain}, Limits: limits(), Lease: s.Lease,
			Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
		})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "instance:", err)
		return 1
	}
	in.say(line{Event: "ready"})
	in.serve(os.Stdin)
	ctx, cancel := context.WithCancel(context.Background())
	cancel() // no grace: what runs is handed back
	if err := in.store.Shutdown(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "instance:", err)
		return 1
	}
	in.say(line{Event: "stopped"})
	return 0
}

func (in *instance) serve(from io.Reader) {
	var calls sync.WaitGroup
	defer calls.Wait()
	for scan := bufio.NewScanner(from); scan.Scan(); {
		var r request
		if err := json.Unmarshal(scan.Bytes(), &r); err != nil {
			panic(err)
		}
		calls.Go(func() { in.say(in.answer(r)) })
	}
}

func (in *instance) answer(r request) line {
	tasks, err := in.carryOut(r)
	l := line{ID: r.ID}
	for _, t := range tasks {
		l.Tasks = append(l.Tasks, asSeen(t))
	}
	if err != nil {
		l.Kind, l.Error = "error", err.Error()
		if f, ok := fault.Of(err); ok {
			l.Kind = string(f.Kind)
		}
	}
	return l
}

func (in *instance) carryOut(r request) ([]task.Task, error) {
	ctx := context.Background()
	var t task.Task
	var err error
	switch r.Op {
	case "create":
		var sub task.Submission
		sub, err = in.store.Submit(ctx, task.Spec{Owner: r.Owner, Kind: workKind, IdempotencyKey: r.Key, Input: r.Input})
		t = sub.Task
	case "get":
		t, err = in.store.Get(ctx, r.Owner, r.Task)
	case "wait":
		ctx, cancel := context.WithTimeout(ctx, longWait)
		defer cancel()
		t, err = task.Wait(ctx, in.store, r.Owner, r.Task)
	case "cancel":
		t, err = in.store.Cancel(ctx, r.Owner, r.Task)
	case "list":
		var page task.Page
		page, err = in.store.List(ctx, r.Owner, task.Filter{Statuses: []task.Status{task.Running}, Limit: task.MaxPage})
		return page.Tasks, err
	default:
		panic(r.Op)
	}
	if err != nil && t.ID == "" {
		return nil, err
	}
	return []task.Task{t}, err
}
