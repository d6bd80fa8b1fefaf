// Command sidebyside runs binaries from before and after a change on one Postgres, as
// a fleet does while it is upgraded, and judges by a ledger of what was acknowledged.
//
// Both are the real program, built from two commits: each has a `trilha serve` that
// leaves the work to workers, and a `trilha worker` that comes and goes. What is made on
// one is watched, cancelled and read on the other, whichever of them works.
//
// Here are: what is run (this file), programs (program.go), and the ledger (ledger.go).
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/trilha/trilha/internal/pgtest"
)

func main() {
	old := flag.String("old", "", "commit of the earlier program; the later one is built from the files as they are")
	tasks := flag.Int("tasks", 40, "tasks made on each server in each phase")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, *old, *tasks)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "sidebyside:", err)
		os.Exit(1)
	}
}

var errUsage = errors.New("name a commit with -old")

func run(ctx context.Context, commit string, tasks int) (err error) {
	if commit == "" {
		return errUsage
	}
	dir, err := os.MkdirTemp("", "sidebyside")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	before, after, err := build(ctx, dir, commit)
	if err != nil {
		return err
	}
	server, err := pgtest.Start()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Remove()) }()
	if err := server.Create("shared"); err != nil {
		return err
	}
	f := &fleet{url: server.URL("shared"), dir: dir, old: before, new: after, ledger: newLedger(), tasks: tasks}
	defer func() { err = errors.Join(err, f.end()) }()
	return f.upgrade(ctx)
}

// fleet is the programs on one database.
type fleet struct {
	url, dir string
	old, new string // programs
	servers  []*program
	workers  []*program
	ledger   *ledger
	tasks    int
}

// upgrade is a fleet's life from all old to all new, in phases. In each both servers
// take tasks; what differs is who works.
func (f *fleet) upgrade(ctx context.Context) error {
	if err := f.begin(ctx); err != nil {
		return err
	}
	for _, phase := range []struct {
		name string
		run  func(context.Context) error
	}{
		{"the old one works", func(ctx context.Context) error { return f.phase(ctx, f.old) }},
		{"the new one works", func(ctx context.Context) error { return f.phase(ctx, f.new) }},
		{"both work", func(ctx context.Context) error { return f.phase(ctx, f.old, f.new) }},
		{"the old one is killed at work", func(ctx context.Context) error { return f.killed(ctx, f.old, f.new) }},
		{"the new one is killed at work", func(ctx context.Context) error { return f.killed(ctx, f.new, f.old) }},
		{"an old one starts anew", f.startAnew},
	} {
		began := time.Now()
		if err := phase.run(ctx); err != nil {
			return fmt.Errorf("%s: %w", phase.name, err)
		}
		fmt.Printf("%-32s %6.1f s, %d tasks so far\n", phase.name, time.Since(began).Seconds(), f.ledger.len())
	}
	if err := f.ledger.judge(ctx, f.servers); err != nil {
		return err
	}
	left, err := leftovers(ctx, f.url)
	if err != nil {
		return err
	}
	if left != "" {
		return fmt.Errorf("left in the database: %s", left)
	}
	fmt.Println(f.ledger.report())
	return nil
}

// begin starts the old program on an empty database, which it makes, lets it do something,
// and then starts the new one, which upgrades it under the old one's feet.
func (f *fleet) begin(ctx context.Context) error {
	if err := f.serve(ctx, "old", f.old); err != nil {
		return err
	}
	if err := f.phase(ctx, f.old); err != nil {
		return fmt.Errorf("alone: %w", err)
	}
	return f.serve(ctx, "new", f.new)
}

func (f *fleet) serve(ctx context.Context, name, binary string) error {
	p, err := start(f.dir, binary, "serve", "--workers", "0", "--addr", "127.0.0.1:0", "--store", f.url)
	if err != nil {
		return err
	}
	p.name = name
	f.servers = append(f.servers, p)
	return p.connect(ctx)
}

func (f *fleet) work(binary string) (*program, error) {
	p, err := start(f.dir, binary, "worker", "--store", f.url)
	if err == nil {
		f.workers = append(f.workers, p)
	}
	return p, err
}

// phase makes tasks on every server, has some cancelled on another, lets the given
// programs work, and waits on a server other than the task's own.
func (f *fleet) phase(ctx context.Context, workers ...string) error {
	made, err := f.create(ctx)
	if err != nil {
		return err
	}
	var working []*program
	for _, binary := range workers {
		w, err := f.work(binary)
		if err != nil {
			return err
		}
		working = append(working, w)
	}
	err = f.finish(ctx, made)
	for _, w := range working {
		err = errors.Join(err, w.stop())
	}
	return err
}

// killed has one program killed while it works, and the other finish what is left.
func (f *fleet) killed(ctx context.Context, victim, heir string) error {
	made, err := f.create(ctx)
	if err != nil {
		return err
	}
	first, err := f.work(victim)
	if err != nil {
		return err
	}
	// Its first is done: it is at the next.
	if err := f.finish(ctx, made[:1]); err != nil {
		return err
	}
	first.kill()
	hit, err := count(ctx, f.url, `SELECT count(*) FROM task_runs`)
	if err != nil {
		return err
	}
	f.ledger.interrupted += hit
	return f.workAlone(ctx, heir, made[1:])
}

func (f *fleet) workAlone(ctx context.Context, binary string, made []*acknowledged) error {
	w, err := f.work(binary)
	if err != nil {
		return err
	}
	return errors.Join(f.finish(ctx, made), w.stop())
}

// startAnew starts the old program on the schema of the new one.
func (f *fleet) startAnew(ctx context.Context) error {
	if err := f.serve(ctx, "old again", f.old); err != nil {
		return err
	}
	return f.phase(ctx, f.old, f.new)
}

func (f *fleet) create(ctx context.Context) ([]*acknowledged, error) {
	var made []*acknowledged
	for i := range f.tasks {
		for at, s := range f.servers {
			a, err := f.ledger.create(ctx, s)
			if err != nil {
				return nil, err
			}
			other := f.servers[(at+1)%len(f.servers)]
			switch {
			case i%10 == 3:
				err = f.ledger.cancel(ctx, other, a)
			case i%10 == 6:
				err = f.ledger.repeat(ctx, other, a)
			}
			if err != nil {
				return nil, err
			}
			made = append(made, a)
		}
	}
	return made, nil
}

func (f *fleet) finish(ctx context.Context, made []*acknowledged) error {
	for i, a := range made {
		if err := f.ledger.await(ctx, f.servers[(a.server(f.servers)+1+i%len(f.servers))%len(f.servers)], a); err != nil {
			return err
		}
	}
	return nil
}

// end stops all that runs.
func (f *fleet) end() error {
	var errs []error
	for _, p := range append(f.workers, f.servers...) {
		errs = append(errs, p.stop())
	}
	return errors.Join(errs...)
}
