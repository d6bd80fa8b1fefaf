// Command chaos kills instances of the durable task stores while clients use them,
// restarts the database under them, and judges what the clients were promised by a
// ledger of what was acknowledged.
//
// The instances are this program again, each a process with a river.Store as
// `trilha serve` opens it, and works that take 50 to 500 ms in steps. The real work,
// a path, takes a few milliseconds, so that hardly a kill would meet one; and what
// can be lost is the store's to lose. Clients talk to instances over pipes, so that
// an answer can be lost with the instance that was about to give it.
//
// Here are: what is run (this file, scenario.go), an instance (instance.go, work.go),
// what passes between (wire.go), how the parent holds instances (child.go, fleet.go),
// clients (client.go), the ledger and its laws (ledger.go), what is left in the
// database (leftovers.go) and the figures (report.go).
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
	"strings"
	"syscall"
	"time"
)

func main() {
	if at := os.Getenv(instanceEnv); at != "" {
		os.Exit(instanceMain(at))
	}
	p := full()
	store := flag.String("store", "both", "postgres, sqlite or both")
	flag.Uint64Var(&p.seed, "seed", rand.Uint64(), "of all that is left to chance here; who is faster is not")
	flag.IntVar(&p.kills, "kills", p.kills, "kills that must hit an instance that runs a task")
	flag.DurationVar(&p.gap, "gap", p.gap, "between kills, at most")
	flag.DurationVar(&p.lease, "lease", p.lease, "of instances on Postgres; 0: as they come")
	flag.Func("outages", "how long the database goes away each time, as in 4s,20s", p.setOutages)
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *store, p, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

// plan is how much of everything there is.
type plan struct {
	seed     uint64
	kills    int
	gap      time.Duration // at most, between kills
	outages  []time.Duration
	lease    time.Duration // of instances on Postgres; 0: theirs
	patience time.Duration // for what must happen
}

func full() plan {
	return plan{kills: 100, gap: 1500 * time.Millisecond, outages: []time.Duration{4 * time.Second, 20 * time.Second}, patience: 90 * time.Second}
}

func (p *plan) setOutages(list string) error {
	p.outages = nil
	for _, one := range strings.Split(list, ",") {
		d, err := time.ParseDuration(one)
		if err != nil {
			return err
		}
		p.outages = append(p.outages, d)
	}
	return nil
}

// short is for the tests.
func short() plan {
	return plan{seed: 1, kills: 5, gap: 300 * time.Millisecond, outages: []time.Duration{time.Second}, lease: 2 * time.Second, patience: 30 * time.Second}
}

var errBroken = errors.New("promises were broken")

func run(ctx context.Context, store string, p plan, out io.Writer) error {
	scenarios := map[string][]func(context.Context, plan, io.Writer) error{
		"postgres": {onPostgres}, "sqlite": {onSQLite}, "both": {onPostgres, onSQLite},
	}[store]
	if scenarios == nil {
		return fmt.Errorf("-store %q: use postgres, sqlite or both", store)
	}
	var errs []error
	for _, scenario := range scenarios {
		errs = append(errs, scenario(ctx, p, out))
		if ctx.Err() != nil {
			break
		}
	}
	return errors.Join(errs...)
}
