package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/trilha/trilha/internal/pgtest"
)

// contender is a way to keep and run tasks. Every measure opens it anew, and gives
// NaN for what it has not.
type contender interface {
	// creates gives a create of a task that nobody runs.
	creates(ctx context.Context) (op, func(), error)
	// starts gives a create of a task that runs at once, and tells how long that took.
	starts(ctx context.Context) (timed, func(), error)
	// reports gives a progress report of a running task.
	reports(ctx context.Context) (op, func(), error)
	// statuses gives a look at one of a thousand tasks.
	statuses(ctx context.Context) (op, func(), error)
	// cancels and sees are from one instance to a work in another: until its context
	// ends, and until its progress is seen.
	cancels(ctx context.Context) (timed, func(), error)
	sees(ctx context.Context) (timed, func(), error)
	// keeps gives the heap and the disk that so many finished tasks take, in MiB.
	keeps(ctx context.Context, tasks int) (heap, disk float64, err error)
}

// op is done by one of several clients, over and over.
type op func(ctx context.Context, client int) error

// timed is done once after the other, and says how long it took.
type timed func(ctx context.Context) (time.Duration, error)

// errNone is of what a contender has not.
var errNone = errors.New("there is no such thing")

const (
	storeClients = 4
	storeLoad    = 400 * time.Millisecond
	storeSamples = 30
	storeTime    = 2 * time.Second // for the samples of one measure, at most
	smallResult  = `{"path":"0123456789abcdef"}`
)

// measure is a row: what is done with each contender, and the goals.
type measure struct {
	name  string
	unit  unit
	of    func(context.Context, contender) (float64, error)
	ratio float64 // goal: at most so many times the bare River client
	under float64 // goal for Postgres
}

var measures = []measure{
	{name: "create", unit: perSec, of: rated(contender.creates), ratio: 1.5},
	{name: "create to start, p50", unit: fineMillis, of: timedBy(contender.starts), ratio: 1.5},
	{name: "progress reports", unit: perSec, of: rated(contender.reports)},
	{name: "status", unit: perSec, of: rated(contender.statuses), ratio: 1.5},
	{name: "cancel from another instance, p50", unit: fineMillis, of: timedBy(contender.cancels), under: 25},
	{name: "progress seen by another instance, p50", unit: fineMillis, of: timedBy(contender.sees), under: 25},
}

var fineMillis = unit{name: "ms", digits: 3}

// rated measures operations a second.
func rated(open func(contender, context.Context) (op, func(), error)) func(context.Context, contender) (float64, error) {
	return func(ctx context.Context, c contender) (float64, error) {
		do, end, err := open(c, ctx)
		if err != nil {
			return math.NaN(), err
		}
		defer end()
		var done atomic.Int64
		errs := make([]error, storeClients)
		began := time.Now()
		var clients sync.WaitGroup
		for i := range storeClients {
			clients.Go(func() {
				for errs[i] == nil && time.Since(began) < storeLoad {
					errs[i] = do(ctx, i)
					done.Add(1)
				}
			})
		}
		clients.Wait()
		return float64(done.Load()) / time.Since(began).Seconds(), errors.Join(errs...)
	}
}

// timedBy measures the median.
func timedBy(open func(contender, context.Context) (timed, func(), error)) func(context.Context, contender) (float64, error) {
	return func(ctx context.Context, c contender) (float64, error) {
		do, end, err := open(c, ctx)
		if err != nil {
			return math.NaN(), err
		}
		defer end()
		if _, err := do(ctx); err != nil { // what is prepared once
			return math.NaN(), err
		}
		var took []time.Duration
		for began := time.Now(); len(took) < storeSamples && (len(took) < 3 || time.Since(began) < storeTime); {
			d, err := do(ctx)
			if err != nil {
				return math.NaN(), err
			}
			took = append(took, d)
		}
		return quantile(took, 0.5).Seconds() * 1000, nil
	}
}

// storeTable compares the stores, each durable one with a bare River client on the
// same database.
type storeTable struct {
	kept    int // tasks, where memory is measured
	names   []string
	columns map[string]contender
	figures map[string]map[string][]float64 // by measure and column
}

func (b *bench) stores(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "trilha-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	t := storeTable{kept: b.kept, columns: map[string]contender{}, figures: map[string]map[string][]float64{}}
	t.add("memory", inMemory{})
	t.add("SQLite", &durable{fresh: freshFiles(dir)})
	t.add("River on SQLite", newRiverOnSQLite(freshFiles(dir)))
	server, err := pgtest.Start("fsync=on")
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench: without Postgres:", err)
	} else {
		defer func() { _ = server.Remove() }()
		fresh := freshDatabases(server)
		t.add("Postgres", &durable{fresh: fresh})
		t.add("River on Postgres", newRiverOnPostgres(fresh))
	}
	if err := t.run(ctx); err != nil {
		return err
	}
	b.stored = t
	return nil
}

// freshFiles gives the path of a new SQLite database each time.
func freshFiles(dir string) func() (string, error) {
	var mu sync.Mutex
	n := 0
	return func() (string, error) {
		mu.Lock()
		defer mu.Unlock()
		n++
		room, err := os.MkdirTemp(dir, "")
		return filepath.Join(room, fmt.Sprintf("%d.db", n)), err
	}
}

func freshDatabases(server *pgtest.Server) func() (string, error) {
	n := 0
	return func() (string, error) {
		n++
		name := fmt.Sprintf("bench%d", n)
		return server.URL(name), server.Create(name)
	}
}

func (t *storeTable) add(name string, c contender) {
	t.names = append(t.names, name)
	t.columns[name] = c
}

func (t *storeTable) note(row, column string, figure float64) {
	if t.figures[row] == nil {
		t.figures[row] = map[string][]float64{}
	}
	t.figures[row][column] = append(t.figures[row][column], figure)
}

func (t *storeTable) run(ctx context.Context) error {
	for _, m := range measures {
		for i := range runs {
			for j := range t.names {
				name := t.names[(i+j)%len(t.names)] // take turns in being first
				figure, err := m.of(ctx, t.columns[name])
				if err != nil && !errors.Is(err, errNone) {
					return fmt.Errorf("%s, %s: %w", m.name, name, err)
				}
				t.note(m.name, name, figure)
			}
		}
	}
	for _, name := range t.names {
		heap, disk, err := t.columns[name].keeps(ctx, t.kept)
		if err != nil {
			return fmt.Errorf("kept, %s: %w", name, err)
		}
		t.note(t.room("heap"), name, heap)
		t.note(t.room("disk"), name, disk)
	}
	return nil
}

// room names what kept tasks take.
func (t *storeTable) room(what string) string { return fmt.Sprintf("%d kept tasks, %s", t.kept, what) }

func (t *storeTable) print(w io.Writer) {
	rows := slices.Clone(measures)
	for _, what := range []string{"heap", "disk"} {
		rows = append(rows, measure{name: t.room(what), unit: mibs})
	}
	header := []string{""}
	for _, name := range t.names {
		header = append(header, name)
		if strings.HasPrefix(name, "River") {
			header = append(header, "times")
		}
	}
	cells := [][]string{header}
	for _, m := range rows {
		cells = append(cells, t.row(m))
	}
	align(w, cells)
	fmt.Fprintln(w)
	align(w, t.goals())
}

func (t *storeTable) row(m measure) []string {
	cells := []string{m.name}
	for i, name := range t.names {
		cells = append(cells, figure(m.unit, t.of(m, name)))
		if strings.HasPrefix(name, "River") {
			cells = append(cells, times(t.dearer(m, t.names[i-1], name)))
		}
	}
	return cells
}

func (t *storeTable) goals() [][]string {
	cells := [][]string{{"goal", "figure", "wanted", ""}}
	for _, m := range measures {
		for _, name := range t.names {
			ours, found := strings.CutPrefix(name, "River on ")
			if ratio := t.dearer(m, ours, name); found && m.ratio > 0 && !math.IsNaN(ratio) {
				cells = append(cells, []string{m.name + ", " + ours, times(ratio) + " times", fmt.Sprintf("at most %.2f", m.ratio), verdict(ratio <= m.ratio)})
			}
		}
		if got := t.of(m, "Postgres"); m.under > 0 && !math.IsNaN(got) {
			cells = append(cells, []string{m.name + ", Postgres", figure(m.unit, got), "under " + figure(m.unit, m.under), verdict(got < m.under)})
		}
	}
	return cells
}

func (t *storeTable) of(m measure, column string) float64 {
	figures := t.figures[m.name][column]
	if len(figures) == 0 {
		return math.NaN()
	}
	return median(figures)
}

// dearer is how many times as dear ours is as theirs.
func (t *storeTable) dearer(m measure, ours, theirs string) float64 {
	if m.unit.rate {
		return t.of(m, theirs) / t.of(m, ours)
	}
	return t.of(m, ours) / t.of(m, theirs)
}

func figure(u unit, v float64) string {
	if math.IsNaN(v) {
		return "-"
	}
	return strings.TrimSpace(fmt.Sprintf("%.*f %s", u.digits, v, u.name))
}

func times(ratio float64) string {
	if math.IsNaN(ratio) || math.IsInf(ratio, 0) {
		return "-"
	}
	return fmt.Sprintf("%.2f", ratio)
}

// known is a result that a task is made with.
var known = json.RawMessage(smallResult)
