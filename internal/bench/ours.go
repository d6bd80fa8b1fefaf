package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/task/memory"
	"github.com/trilha/trilha/internal/task/river"
)

const benchKind = "bench"

// wide are limits that no load reaches.
func wide(running int) task.Limits {
	return task.Limits{Running: running, RunningPerOwner: 1 << 20, WaitingPerOwner: 1 << 30, Kept: 1 << 30}
}

// stage is a work that tells its maker of itself and ends with its context, or at
// once.
type stage struct {
	lasting bool
	begun   chan begun
}

type begun struct {
	at  time.Time
	run task.Run
	ctx context.Context
}

func newStage(lasting bool) *stage { return &stage{lasting, make(chan begun, 1024)} }

func (s *stage) works() map[string]task.Work {
	return map[string]task.Work{benchKind: func(ctx context.Context, run task.Run) (json.RawMessage, error) {
		s.begun <- begun{time.Now(), run, ctx}
		if s.lasting {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		return known, nil
	}}
}

// end closes stores at once.
func end(stores ...task.Store) func() {
	return func() {
		now, cancel := context.WithCancel(context.Background())
		cancel()
		for _, s := range stores {
			_ = s.Shutdown(now)
		}
	}
}

func submit(ctx context.Context, s task.Store, client int) (task.Task, error) {
	sub, err := s.Submit(ctx, task.Spec{Owner: fmt.Sprint("owner", client), Kind: benchKind, Input: known})
	return sub.Task, err
}

func creating(s task.Store) op {
	return func(ctx context.Context, client int) error {
		_, err := submit(ctx, s, client)
		return err
	}
}

// starting waits for each task to end before the next.
func starting(s task.Store, st *stage) timed {
	return func(ctx context.Context) (time.Duration, error) {
		from := time.Now()
		t, err := submit(ctx, s, 0)
		if err != nil {
			return 0, err
		}
		b := <-st.begun
		_, err = task.Wait(ctx, s, t.Owner, t.ID)
		return b.at.Sub(from), err
	}
}

// reporting has one running task for each client.
func reporting(ctx context.Context, s task.Store, st *stage) (op, error) {
	runs := make([]task.Run, storeClients)
	for i := range runs {
		if _, err := submit(ctx, s, i); err != nil {
			return nil, err
		}
		runs[i] = (<-st.begun).run
	}
	var n atomic.Int64
	return func(_ context.Context, client int) error {
		runs[client].Report(50, fmt.Sprint("report ", n.Add(1)))
		return nil
	}, nil
}

func looking(ctx context.Context, s task.Store) (op, error) {
	var ids []string
	for range 1000 {
		sub, err := s.Submit(ctx, task.Spec{Owner: "owner", Kind: benchKind, Input: known, Result: known})
		if err != nil {
			return nil, err
		}
		ids = append(ids, sub.Task.ID)
	}
	var n atomic.Int64
	return func(ctx context.Context, _ int) error {
		_, err := s.Get(ctx, "owner", ids[int(n.Add(1))%len(ids)])
		return err
	}, nil
}

func cancelling(here task.Store, st *stage) timed {
	return func(ctx context.Context) (time.Duration, error) {
		t, err := submit(ctx, here, 0)
		if err != nil {
			return 0, err
		}
		b := <-st.begun
		from := time.Now()
		if _, err = here.Cancel(ctx, t.Owner, t.ID); err != nil {
			return 0, err
		}
		<-b.ctx.Done()
		return time.Since(from), nil
	}
}

// seeing measures the first report of a task each time: later ones may wait for the
// next write.
func seeing(here task.Store, st *stage) timed {
	return func(ctx context.Context) (time.Duration, error) {
		sub, err := here.Submit(ctx, task.Spec{Owner: "owner", Kind: benchKind, Input: known, Watch: true})
		if err != nil {
			return 0, err
		}
		defer sub.Watch.Stop()
		b := <-st.begun
		var from time.Time
		for e := range sub.Watch.Events {
			switch {
			case e.Status == task.Running && from.IsZero():
				from = time.Now()
				b.run.Report(50, "half way")
			case e.Progress == 50:
				took := time.Since(from)
				_, err := here.Cancel(ctx, "owner", e.ID)
				return took, err
			}
		}
		return 0, errors.New("the watch ended")
	}
}

func keeping(ctx context.Context, s task.Store, n int) error {
	var left atomic.Int64
	left.Store(int64(n))
	errs := make([]error, storeClients)
	var clients sync.WaitGroup
	for i := range errs {
		clients.Go(func() {
			for left.Add(-1) >= 0 && errs[i] == nil {
				_, errs[i] = s.Submit(ctx, task.Spec{Owner: "owner", Kind: benchKind, Input: known, Result: known})
			}
		})
	}
	clients.Wait()
	return errors.Join(errs...)
}

// inMemory is the store of one process.
type inMemory struct{}

func (inMemory) open(st *stage, running int) task.Store {
	return memory.New(st.works(), wide(running), nil)
}

func (m inMemory) creates(ctx context.Context) (op, func(), error) {
	st := newStage(true)
	s := m.open(st, 1)
	if _, err := submit(ctx, s, 0); err != nil { // holds the only slot
		return nil, nil, err
	}
	return creating(s), end(s), nil
}

func (m inMemory) starts(context.Context) (timed, func(), error) {
	st := newStage(false)
	s := m.open(st, storeClients)
	return starting(s, st), end(s), nil
}

func (m inMemory) reports(ctx context.Context) (op, func(), error) {
	st := newStage(true)
	s := m.open(st, storeClients)
	do, err := reporting(ctx, s, st)
	return do, end(s), err
}

func (m inMemory) statuses(ctx context.Context) (op, func(), error) {
	s := m.open(newStage(true), 1)
	do, err := looking(ctx, s)
	return do, end(s), err
}

func (inMemory) cancels(context.Context) (timed, func(), error) { return nil, nil, errNone }
func (inMemory) sees(context.Context) (timed, func(), error)    { return nil, nil, errNone }

func (m inMemory) keeps(ctx context.Context, n int) (float64, float64, error) {
	before := heap()
	s := m.open(newStage(true), 1)
	defer end(s)()
	err := keeping(ctx, s, n)
	return heap() - before, math.NaN(), err
}

// durable is the store in a database.
type durable struct {
	fresh func() (string, error)
}

func (d *durable) open(ctx context.Context, at string, st *stage, idle bool) (*river.Store, error) {
	address := river.Address{File: at}
	if strings.HasPrefix(at, "postgres://") {
		address = river.Address{URL: at}
	}
	return river.Open(ctx, address, river.Options{Works: st.works(), Limits: wide(storeClients), Idle: idle})
}

// one opens a store of a fresh database.
func (d *durable) one(ctx context.Context, lasting, idle bool) (*river.Store, *stage, error) {
	at, err := d.fresh()
	if err != nil {
		return nil, nil, err
	}
	st := newStage(lasting)
	s, err := d.open(ctx, at, st, idle)
	return s, st, err
}

// two opens a store that works and one that does not on one database.
func (d *durable) two(ctx context.Context) (here, there *river.Store, st *stage, err error) {
	at, err := d.fresh()
	if err != nil {
		return nil, nil, nil, err
	}
	st = newStage(true)
	if here, err = d.open(ctx, at, st, true); err == nil {
		there, err = d.open(ctx, at, st, false)
	}
	return here, there, st, err
}

func (d *durable) creates(ctx context.Context) (op, func(), error) {
	s, _, err := d.one(ctx, true, true)
	if err != nil {
		return nil, nil, err
	}
	return creating(s), end(s), nil
}

func (d *durable) starts(ctx context.Context) (timed, func(), error) {
	s, st, err := d.one(ctx, false, false)
	if err != nil {
		return nil, nil, err
	}
	return starting(s, st), end(s), nil
}

func (d *durable) reports(ctx context.Context) (op, func(), error) {
	s, st, err := d.one(ctx, true, false)
	if err != nil {
		return nil, nil, err
	}
	do, err := reporting(ctx, s, st)
	return do, end(s), err
}

func (d *durable) statuses(ctx context.Context) (op, func(), error) {
	s, _, err := d.one(ctx, true, true)
	if err != nil {
		return nil, nil, err
	}
	do, err := looking(ctx, s)
	return do, end(s), err
}

func (d *durable) cancels(ctx context.Context) (timed, func(), error) {
	here, there, st, err := d.two(ctx)
	if err != nil {
		return nil, nil, err
	}
	return cancelling(here, st), end(here, there), nil
}

func (d *durable) sees(ctx context.Context) (timed, func(), error) {
	here, there, st, err := d.two(ctx)
	if err != nil {
		return nil, nil, err
	}
	return seeing(here, st), end(here, there), nil
}

func (d *durable) keeps(ctx context.Context, n int) (float64, float64, error) {
	at, err := d.fresh()
	if err != nil {
		return 0, 0, err
	}
	if strings.HasPrefix(at, "postgres://") {
		at += "&options=-c%20synchronous_commit%3Doff" // only how long it takes would be another
	}
	before := heap()
	s, err := d.open(ctx, at, newStage(true), true)
	if err != nil {
		return 0, 0, err
	}
	defer end(s)()
	if err := keeping(ctx, s, n); err != nil {
		return 0, 0, err
	}
	held := heap() - before
	disk, err := onDisk(ctx, at)
	return held, disk, err
}

// onDisk is the size of a database, in MiB.
func onDisk(ctx context.Context, at string) (float64, error) {
	if strings.HasPrefix(at, "postgres://") {
		return sizeOfDatabase(ctx, at)
	}
	var size int64
	err := filepath.WalkDir(filepath.Dir(at), func(_ string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err == nil {
			size += info.Size()
		}
		return err
	})
	return float64(size) / (1 << 20), err
}
