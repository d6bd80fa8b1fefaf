// Command audit asks Trilha for thousands of made-up paths, as a client does, and
// judges every answer by the contract alone: it has its own reading of the
// catalogue's graph, its own order, reduction and counting, and shares no code
// with what makes paths. A request is told by its seed and number, so that what
// is found can be asked again.
//
// What a path satisfies is in laws.go, what may be told as unmet in counts.go,
// refusals and strict in judge.go.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

func main() {
	seed := flag.Uint64("seed", 1, "of the requests")
	n := flag.Uint64("n", 20_000, "requests")
	only := flag.Uint64("only", math.MaxUint64, "judge the one request of this number, and show its path")
	flag.Parse()
	ok, err := run(context.Background(), os.Stdout, *seed, *n, *only)
	if err != nil {
		fmt.Fprintln(os.Stderr, "audit:", err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, seed, n, only uint64) (ok bool, err error) {
	a, err := newAuditor(ctx, seed, os.Stderr)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	began := time.Now()
	if only != math.MaxUint64 {
		return a.show(ctx, out, only)
	}
	r, err := a.judgeAll(ctx, n)
	if err != nil {
		return false, err
	}
	fmt.Fprintf(out, "seed %d, %.0f s\n", seed, time.Since(began).Seconds())
	r.print(out)
	return r.broken() == 0, nil
}

// judgeAll judges n requests, several at once.
func (a *auditor) judgeAll(ctx context.Context, n uint64) (*report, error) {
	r := newReport()
	var next atomic.Uint64
	var workers sync.WaitGroup
	failures := make(chan error, runtime.GOMAXPROCS(0))
	for range cap(failures) {
		workers.Go(func() {
			for i := next.Add(1) - 1; i < n; i = next.Add(1) - 1 {
				v, err := a.judge(ctx, i)
				if err != nil {
					failures <- fmt.Errorf("request %d of seed %d: %w", i, a.seed, err)
					return
				}
				r.add(v)
			}
		})
	}
	workers.Wait()
	close(failures)
	return r, <-failures
}

// show judges one request and prints its answer.
func (a *auditor) show(ctx context.Context, out io.Writer, i uint64) (bool, error) {
	v, err := a.judge(ctx, i)
	if err != nil {
		return false, err
	}
	r := newReport()
	r.add(v)
	r.print(out)
	o, err := a.server.ask(ctx, v.request)
	if o.path == nil && err == nil {
		fmt.Fprintf(out, "\n%s\n", o.no())
		v.request.Strict = false
		o, err = a.server.ask(ctx, v.request)
	}
	if err != nil {
		return false, err
	}
	if o.path == nil {
		return r.broken() == 0, nil
	}
	fmt.Fprintln(out)
	for _, n := range o.path.Nodes {
		fmt.Fprintf(out, "%3d %-40s %-12s %d links %v\n", n.Place.Level, n.ID, n.Type, len(n.Resources), n.Prerequisites)
	}
	fmt.Fprintf(out, "unmet %v\nassumes %v\n", o.path.Metadata.Unmet, o.path.Metadata.Assumes)
	m := a.world.matterOf(v.request)
	fmt.Fprint(out, "in the pool, not taught:")
	for i := range m.pool.all() {
		if id := a.world.items[i].id; o.path.find(id) == nil {
			fmt.Fprint(out, " ", id)
		}
	}
	fmt.Fprintln(out)
	return r.broken() == 0, nil
}
