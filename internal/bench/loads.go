package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/pprof"
	"sync"
	"sync/atomic"
	"time"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/generate"
	"github.com/trilha/trilha/internal/learning"
	"github.com/trilha/trilha/internal/task"
)

// bench holds what the measurements share.
type bench struct {
	table        table
	stored       storeTable
	kept         int
	wired        []*wireRow
	held         [][2]float64 // KiB an idle stream, mcp-go's and ours, of Streamable HTTP and HTTP+SSE
	trilha, bare string       // programs
	generator    *generate.Generator
	requests     []learning.Request // no two the same
	creates      [][]byte           // the same, as parameters of tools/call
	pace         pace
}

// mostDearer is the goal for calls: the bare server's time and this much of it.
const mostDearer = 1.3

func newBench(dir string) (*bench, error) {
	subjects := catalog.Embedded()
	requests, err := distinct(subjects, 30_000)
	if err != nil {
		return nil, err
	}
	calls, err := creates(requests)
	return &bench{
		trilha: filepath.Join(dir, "trilha"), bare: filepath.Join(dir, "bare"),
		generator: generate.New(subjects), requests: requests, creates: calls,
		pace: pace{every: 10 * time.Millisecond, paced: 100, closed: 300 * time.Millisecond, clients: 4},
	}, err
}

// starter gives a fresh server.
type starter func(context.Context) (target, error)

func (b *bench) loadsInProcess(ctx context.Context) error {
	return b.loads(ctx, "in process",
		func(context.Context) (target, error) { return newTrilha(), nil },
		func(context.Context) (target, error) { return newBare(nil), nil })
}

func (b *bench) loadsOverStdio(ctx context.Context) error {
	return b.loads(ctx, "stdio",
		func(ctx context.Context) (target, error) {
			return startStdio(ctx, b.trilha, "--waiting-per-owner", "1000000", "--kept", "1000000")
		},
		func(ctx context.Context) (target, error) { return startStdio(ctx, b.bare) })
}

// kind is one sort of call and the goals for it.
type kind struct {
	name          string
	prepare       func(context.Context, target) (supply, error)
	paced, closed float64 // how much dearer each may be; 0: no goal
}

func (b *bench) loads(ctx context.Context, transport string, trilha, bare starter) error {
	for _, k := range []kind{
		{name: "real create", prepare: b.real, paced: mostDearer},
		{name: "repeated create", prepare: b.repeated, closed: mostDearer},
		{name: "status", prepare: b.statuses, paced: mostDearer, closed: mostDearer},
	} {
		for i := range runs {
			// Whoever is second finds another machine than who is first: take turns.
			sides := []starter{trilha, bare}
			names := []string{"trilha ", "bare "}
			got := make([]figures, 2)
			for _, s := range []int{i % 2, 1 - i%2} {
				var err error
				pprof.Do(ctx, pprof.Labels("load", names[s]+transport+" "+k.name), func(ctx context.Context) {
					got[s], err = b.oneLoad(ctx, sides[s], k)
				})
				if err != nil {
					return fmt.Errorf("%s%s, %s: %w", names[s], transport, k.name, err)
				}
			}
			b.note(k, transport, got[0], got[1])
		}
	}
	return nil
}

func (b *bench) note(k kind, transport string, trilha, bare figures) {
	name := k.name + ", " + transport
	us := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }
	b.table.row(name+", 100/s p50", micros).add(us(trilha.p50), us(bare.p50)).ratio = k.paced
	b.table.row(name+", 100/s p99", micros).add(us(trilha.p99), us(bare.p99))
	b.table.row(name+", closed", perSec).add(trilha.rate, bare.rate).ratio = k.closed
}

func (b *bench) oneLoad(ctx context.Context, start starter, k kind) (figures, error) {
	t, err := start(ctx)
	if err != nil {
		return figures{}, err
	}
	defer t.close()
	next, err := k.prepare(ctx, t)
	if err != nil {
		return figures{}, err
	}
	runtime.GC()
	return load(ctx, t, b.pace, next)
}

// real asks for another path every time, each of which is made.
func (b *bench) real(ctx context.Context, t target) (supply, error) {
	_, err := finished(ctx, t, b.creates[len(b.creates)-1])
	return func(n int) []byte {
		if n >= len(b.creates)-1 {
			return nil
		}
		return b.creates[n]
	}, err
}

// repeated asks for one finished path again and again.
func (b *bench) repeated(ctx context.Context, t target) (supply, error) {
	_, err := finished(ctx, t, b.creates[0])
	return func(int) []byte { return b.creates[0] }, err
}

// statuses asks for one of a thousand finished tasks.
func (b *bench) statuses(ctx context.Context, t target) (supply, error) {
	if _, err := finished(ctx, t, b.creates[0]); err != nil {
		return nil, err
	}
	calls := make([][]byte, 1000)
	for i := range calls {
		id, err := create(ctx, t, b.creates[0])
		if err != nil {
			return nil, err
		}
		calls[i] = toolCall("get_task_status", fmt.Appendf(nil, `{"task_id":%q}`, id))
	}
	rand.New(rand.NewPCG(seed, seed)).Shuffle(len(calls), func(i, j int) { calls[i], calls[j] = calls[j], calls[i] })
	return func(n int) []byte { return calls[n%len(calls)] }, nil
}

var taskID = regexp.MustCompile(`"task_id":"([0-9a-f-]{36})"`)

// create makes a task and gives its id.
func create(ctx context.Context, t target, call []byte) (string, error) {
	answer, err := t.call(ctx, "tools/call", call)
	if err != nil {
		return "", err
	}
	found := taskID.FindSubmatch(answer)
	if found == nil {
		return "", fmt.Errorf("no task id in %.300s", answer)
	}
	return string(found[1]), nil
}

// finished makes a task and waits until it is complete.
func finished(ctx context.Context, t target, call []byte) (string, error) {
	id, err := create(ctx, t, call)
	if err != nil {
		return "", err
	}
	answer, err := t.call(ctx, "tools/call", toolCall("get_task_status", fmt.Appendf(nil, `{"task_id":%q,"wait_seconds":30}`, id)))
	if err == nil && !bytes.Contains(answer, []byte(`"status":"completed"`)) {
		err = fmt.Errorf("task %s did not complete: %.300s", id, answer)
	}
	return id, err
}

// finishing measures how many paths a second are made: by Trilha in its tasks,
// from the first create to the last end, and by the bare server inside the calls.
func (b *bench) finishing(ctx context.Context) error {
	const count = 500
	r := b.table.row("paths made, in process, closed", perSec)
	for range runs {
		t := newTrilha()
		trilha, err := b.makeAll(ctx, t, count, t.store)
		t.close()
		if err != nil {
			return err
		}
		bare, err := b.makeAll(ctx, newBare(inline(b.generator)), count, nil)
		if err != nil {
			return err
		}
		r.add(trilha, bare)
	}
	return nil
}

// makeAll gives paths a second. store is where tasks end later than their calls.
func (b *bench) makeAll(ctx context.Context, t target, count int, store task.Store) (float64, error) {
	if _, err := finished(ctx, t, b.creates[len(b.creates)-1]); err != nil {
		return 0, err
	}
	runtime.GC()
	began := time.Now()
	ids, err := b.createAll(ctx, t, count)
	if err != nil {
		return 0, err
	}
	if store != nil {
		if _, err := ends(ctx, store, ids); err != nil {
			return 0, err
		}
	}
	return float64(count) / time.Since(began).Seconds(), nil
}

// createAll makes count distinct tasks in a closed loop.
func (b *bench) createAll(ctx context.Context, t target, count int) ([]string, error) {
	ids, errs := make([]string, count), make([]error, count)
	var taken atomic.Int64
	var clients sync.WaitGroup
	for range b.pace.clients {
		clients.Go(func() {
			for i := int(taken.Add(1) - 1); i < count; i = int(taken.Add(1) - 1) {
				ids[i], errs[i] = create(ctx, t, b.creates[i])
			}
		})
	}
	clients.Wait()
	return ids, errors.Join(errs...)
}

// ends waits for every task and gives the sizes of their results.
func ends(ctx context.Context, store task.Store, ids []string) ([]int, error) {
	var sizes []int
	for _, id := range ids {
		t, err := task.Wait(ctx, store, owner, id)
		if err != nil {
			return nil, err
		}
		if t.Status != task.Completed {
			return nil, fmt.Errorf("task %s is %s: %s", id, t.Status, t.Error)
		}
		sizes = append(sizes, len(t.Result))
	}
	return sizes, nil
}
