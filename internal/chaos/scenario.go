package main

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // for leftovers
	_ "modernc.org/sqlite"             // for leftovers

	"github.com/trilha/trilha/internal/pgtest"
	"github.com/trilha/trilha/internal/task/river"
)

// scene is one run of everything on one database.
type scene struct {
	name      string
	plan      plan
	setting   setting
	driver    string
	instances int
	clients   int
	server    *pgtest.Server // nil: a file
	log       io.Writer
}

func onPostgres(ctx context.Context, p plan, out io.Writer) error {
	server, err := pgtest.Start("fsync=on") // a database that is killed has to have written
	if err != nil {
		return err
	}
	defer func() { _ = server.Remove() }()
	if err := server.Create("chaos"); err != nil {
		return err
	}
	s := scene{name: "Postgres", plan: p, driver: "pgx", instances: 3, clients: 40, server: server}
	s.setting = setting{At: server.URL("chaos"), Lease: p.lease}
	return s.run(ctx, out)
}

func onSQLite(ctx context.Context, p plan, out io.Writer) error {
	dir, err := os.MkdirTemp("", "trilha-chaos-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s := scene{name: "SQLite", plan: p, driver: "sqlite", instances: 2, clients: 8}
	s.setting = setting{At: filepath.Join(dir, "trilha.db")}
	return s.run(ctx, out)
}

// run plays the scene, and tells the figures and what contradicts the ledger.
func (s scene) run(ctx context.Context, out io.Writer) error {
	log, err := os.CreateTemp("", "trilha-chaos-*.log")
	if err != nil {
		return err
	}
	defer log.Close()
	fmt.Fprintf(out, "%s, seed %d; the instances' log: %s\n", s.name, s.plan.seed, log.Name())
	s.log = log
	l := newLedger()
	began := time.Now()
	if err := s.play(ctx, l); err != nil {
		return fmt.Errorf("%s, seed %d: %w", s.name, s.plan.seed, err)
	}
	l.sum()
	l.figures.print(out, time.Since(began))
	for _, c := range l.contradictions {
		fmt.Fprintln(out, "CONTRADICTION:", c)
	}
	if len(l.contradictions) > 0 {
		return fmt.Errorf("%s, seed %d: %d times: %w", s.name, s.plan.seed, len(l.contradictions), errBroken)
	}
	_ = os.Remove(log.Name())
	return nil
}

func (s scene) play(ctx context.Context, l *ledger) error {
	f, err := newFleet(s.setting, l, s.log, s.instances)
	if err != nil {
		return err
	}
	defer f.end()
	clients := make([]*client, s.clients)
	for i := range clients {
		clients[i] = &client{owner: fmt.Sprintf("owner-%d", i), fleet: f, ledger: l, chance: s.chance(i + 1)}
	}
	if err := s.underLoad(ctx, f, clients); err != nil {
		return err
	}
	patience, cancel := context.WithTimeout(ctx, s.plan.patience)
	defer cancel()
	each(clients, func(c *client) { c.settle(patience) })
	if ctx.Err() != nil {
		return ctx.Err()
	}
	s.leftovers(ctx, l)
	f.retire()
	return s.review(ctx, clients)
}

// chance gives a source of chance of its own to each part.
func (s scene) chance(part int) *rand.Rand {
	return rand.New(rand.NewPCG(s.plan.seed, uint64(part))) //nolint:gosec // not for secrets
}

func each(clients []*client, do func(*client)) {
	var all sync.WaitGroup
	for _, c := range clients {
		all.Go(func() { do(c) })
	}
	all.Wait()
}

// underLoad kills instances and restarts the database while clients go on.
func (s scene) underLoad(ctx context.Context, f *fleet, clients []*client) error {
	load, endLoad := context.WithCancel(ctx)
	var using sync.WaitGroup
	using.Go(func() { each(clients, func(c *client) { c.use(load) }) })
	defer using.Wait()
	defer endLoad()
	if err := f.batter(ctx, s.plan, s.chance(0)); err != nil {
		return err
	}
	if s.server == nil {
		return nil
	}
	// What the kills have left lying is no matter of the restarts.
	for began := time.Now(); f.ledger.waiting() > 0 && time.Since(began) < s.plan.patience; {
		if err := pause(ctx, 10*time.Millisecond); err != nil {
			return err
		}
	}
	for _, outage := range s.plan.outages {
		if err := s.restart(ctx, f.ledger, outage); err != nil {
			return err
		}
	}
	return nil
}

// restart takes the database away for a while. Nobody is told beforehand.
func (s scene) restart(ctx context.Context, l *ledger, outage time.Duration) error {
	if err := pause(ctx, 3*time.Second); err != nil {
		return err
	}
	l.count(func(f *figures) { f.slowestRefusal = 0 })
	if err := s.server.Down(); err != nil {
		return err
	}
	waited := pause(ctx, outage)
	if err := s.server.Up(); err != nil {
		return err
	}
	up := time.Now()
	var o outageFigures
	for o.toCreate == 0 && waited == nil {
		if waited = pause(ctx, time.Millisecond); time.Since(up) > s.plan.patience {
			return fmt.Errorf("nothing is accepted %s after the database came back", s.plan.patience)
		}
		l.count(func(f *figures) {
			if f.lastCreate.After(up) {
				o = outageFigures{length: outage, toCreate: f.lastCreate.Sub(up), slowestRefusal: f.slowestRefusal}
				f.outages = append(f.outages, o)
			}
		})
	}
	return waited
}

// review looks at every task through a store that had no part in making it.
func (s scene) review(ctx context.Context, clients []*client) error {
	reader, err := river.Open(ctx, s.setting.address(), river.Options{Idle: true, Limits: limits()})
	if err != nil {
		return err
	}
	each(clients, func(c *client) { c.review(ctx, reader) })
	return reader.Shutdown(ctx)
}

// leftovers looks for what should not be in the database when every task has ended:
// a slot that is never freed, a step that is never removed, a count that is off.
func (s scene) leftovers(ctx context.Context, l *ledger) {
	db, err := sql.Open(s.driver, s.setting.At)
	if err != nil {
		l.complain("leftovers: %v", err)
		return
	}
	defer db.Close()
	defer s.stuck(ctx, db)
	for _, look := range []struct{ what, query string }{
		{"runs that are over and hold their slot", `SELECT count(*) FROM task_runs`},
		{"owners who are thought to wait", `SELECT count(*) FROM task_waiting`},
		{"steps of tasks that have ended", `SELECT count(*) FROM task_steps`},
		{"tasks that have not ended", `SELECT count(*) FROM tasks WHERE completed_at IS NULL`},
		{"tasks too many or too few in the count of what waits", `SELECT waiting FROM task_store`},
		{"tasks too many or too few in the count of what is kept", `SELECT tasks - (SELECT count(*) FROM tasks) FROM task_store`},
		{"jobs that River has not finished", `SELECT count(*) FROM river_job WHERE finalized_at IS NULL`},
	} {
		if n := s.settles(ctx, db, look.query); n != 0 {
			l.complain("left in the database: %d %s", n, look.what)
		}
	}
}

// stuck logs what is known of tasks that have not ended.
func (s scene) stuck(ctx context.Context, db *sql.DB) {
	found, err := db.QueryContext(ctx, `SELECT t.id, t.status, t.attempt, t.losses, r.holder, j.state, j.attempt
		FROM tasks t LEFT JOIN task_runs r ON r.task = t.id LEFT JOIN river_job j ON j.id = r.job WHERE t.completed_at IS NULL`)
	if err != nil {
		return
	}
	defer found.Close()
	for found.Next() {
		var id, status string
		var attempt, losses int64
		var holder, state, tries sql.NullString
		if err := found.Scan(&id, &status, &attempt, &losses, &holder, &state, &tries); err == nil {
			fmt.Fprintf(s.log, "stuck: task %s %s, attempt %d, losses %d; holder %s; job %s, attempt %s\n",
				id, status, attempt, losses, holder.String, state.String, tries.String)
		}
	}
	_ = found.Err() // it is for the log
}

// settles asks until the answer is 0, within reason: a work that was cancelled leaves
// its slot a moment after its task has ended.
func (s scene) settles(ctx context.Context, db *sql.DB, query string) (n int64) {
	ctx, cancel := context.WithTimeout(ctx, s.plan.patience/3)
	defer cancel()
	for {
		err := db.QueryRowContext(ctx, query).Scan(&n)
		if err == nil && n == 0 {
			return 0
		}
		if pause(ctx, 50*time.Millisecond) != nil {
			return n
		}
	}
}
