// Command soak lets clients of every transport and era come and go against real
// `trilha serve` and stdio processes for hours: they make, watch and cancel tasks,
// break off in mid-stream, come back with Last-Event-ID, send much and read nothing.
// It fails if anything hangs (a call is neither answered nor ended within its bound)
// or grows (goroutines, heap, memory, open files, measured while nobody is there).
//
// Here are: what is run and judged (this file, judge.go), the processes (child.go),
// what visitors do (visits.go, deaf.go), and clients that can misbehave: wire.go,
// http.go, sse.go, stdio.go. Linux only: it reads /proc.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

func main() {
	if os.Getenv(childEnv) != "" {
		os.Exit(childMain())
	}
	var p plan
	flag.DurationVar(&p.time, "time", time.Hour, "how long")
	flag.DurationVar(&p.quiet, "quiet", 3*time.Minute, "between looks at what is left when all have gone")
	flag.Float64Var(&p.rate, "rate", 4, "visits a second")
	flag.Uint64Var(&p.seed, "seed", rand.Uint64(), "of who comes when and what they do")
	flag.StringVar(&p.only, "only", "", "one kind of visit, by its name")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, p, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "soak:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

type plan struct {
	time  time.Duration
	quiet time.Duration
	rate  float64 // a second
	seed  uint64
	only  string
}

// maxVisits is how many visitors there are at a time.
const maxVisits = 100

// soak is one run.
type soak struct {
	plan
	fast, slow *child // works at once; never works
	out        io.Writer
	began      time.Time
	tally      tally
	looks      []look
}

func run(ctx context.Context, p plan, out io.Writer) error {
	dir, err := os.MkdirTemp("", "soak")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s := &soak{plan: p, out: out, began: time.Now()}
	if s.fast, err = startChild(ctx, "--kept", "1000", "serve"); err != nil {
		return err
	}
	defer s.fast.kill()
	if s.slow, err = startChild(ctx, "--kept", "1000", "--store", "sqlite:"+filepath.Join(dir, "tasks.db"), "serve", "--workers", "0"); err != nil {
		return err
	}
	defer s.slow.kill()
	fmt.Fprintf(out, "seed %d, %s, %.1f visits a second\n", p.seed, p.time, p.rate)
	if err := s.visits(ctx); err != nil {
		return err
	}
	s.tally.print(out)
	return errors.Join(s.tally.judge(), s.judgeGrowth(), s.fast.end(), s.slow.end())
}

// visits lets visitors come until the time is over. Between times all leave, and
// what is left is looked at.
func (s *soak) visits(ctx context.Context) error {
	chance := rand.New(rand.NewPCG(s.seed, 0))
	kinds := kinds(s.only)
	if len(kinds) == 0 {
		return fmt.Errorf("-only %q: no visit has this name", s.only)
	}
	end := time.After(s.time)
	for round := 0; ; round++ {
		over := s.round(ctx, kinds, chance, end)
		if err := s.lookAt(ctx); err != nil {
			return err
		}
		if over {
			return nil
		}
	}
}

// round lets visitors come for a while and waits until the last has gone.
func (s *soak) round(ctx context.Context, kinds []kind, chance *rand.Rand, end <-chan time.Time) (over bool) {
	var here sync.WaitGroup
	defer here.Wait()
	places := make(chan struct{}, maxVisits)
	next := time.NewTicker(time.Duration(float64(time.Second) / s.rate))
	defer next.Stop()
	for quiet := time.After(s.quiet); ; {
		select {
		case <-quiet:
			return false
		case <-end:
			return true
		case <-ctx.Done():
			return true
		case <-next.C:
		}
		k := pick(kinds, chance)
		v := &visitor{soak: s, kind: k, chance: rand.New(rand.NewPCG(chance.Uint64(), 0))}
		select {
		case places <- struct{}{}:
		default:
			s.tally.add(k, outcome{full: true})
			continue
		}
		here.Go(func() {
			defer func() { <-places }()
			s.tally.add(k, v.come(ctx))
		})
	}
}
