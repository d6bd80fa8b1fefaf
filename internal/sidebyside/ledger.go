package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
)

// acknowledged is a task whose create was answered.
type acknowledged struct {
	id        string
	arguments map[string]any
	on        *program
	cancelled bool // a cancel of it was answered
	end       *end // as it was seen first
}

// server is where in a list the one is that made a.
func (a *acknowledged) server(all []*program) int {
	for i, p := range all {
		if p == a.on {
			return i
		}
	}
	return 0
}

// end is how a task ended, as a client sees it.
type end struct{ status, path, why string }

// ledger is what was acknowledged.
type ledger struct {
	made        []*acknowledged
	repeats     int
	interrupted int // works that were on when their program was killed
	looks       int
	ends        map[string]int
}

func newLedger() *ledger { return &ledger{ends: map[string]int{}} }

func (l *ledger) len() int { return len(l.made) }

var subjects = []string{
	"python", "go", "linear algebra", "probability and statistics", "machine learning", "data mining", "music theory", "personal finance",
}

// create asks a server for a path that nobody has asked for yet.
func (l *ledger) create(ctx context.Context, on *program) (*acknowledged, error) {
	n := len(l.made)
	a := &acknowledged{on: on, arguments: map[string]any{
		"topic": subjects[n%len(subjects)], "language": []string{"en", "pt", "es"}[n/8%3], "num_nodes": 5 + n/24,
		"idempotency_key": fmt.Sprintf("key %d", n),
	}}
	created, err := on.call(ctx, "generate_learning_path_async", a.arguments)
	if err != nil {
		return nil, err
	}
	a.id, _ = created["task_id"].(string)
	if a.id == "" {
		return nil, fmt.Errorf("no task: %v", created)
	}
	l.made = append(l.made, a)
	return a, nil
}

// repeat asks for the same again, on another server, with the same key.
func (l *ledger) repeat(ctx context.Context, on *program, a *acknowledged) error {
	l.repeats++
	again, err := on.call(ctx, "generate_learning_path_async", a.arguments)
	if err != nil {
		return err
	}
	if again["task_id"] != a.id {
		return fmt.Errorf("key %q made %v on %s and %v on %s", a.arguments["idempotency_key"], a.id, a.on.name, again["task_id"], on.name)
	}
	return nil
}

func (l *ledger) cancel(ctx context.Context, on *program, a *acknowledged) error {
	got, err := on.call(ctx, "cancel_task", map[string]any{"task_id": a.id})
	if err != nil {
		return err
	}
	if got["status"] != "cancelled" {
		return fmt.Errorf("a cancelled task is %v on %s", got["status"], on.name)
	}
	a.cancelled = true
	return nil
}

// await waits for the end of a task on a server.
func (l *ledger) await(ctx context.Context, on *program, a *acknowledged) error {
	for range 4 {
		got, err := on.call(ctx, "get_task_status", map[string]any{"task_id": a.id, "wait_seconds": 30})
		if err != nil {
			return err
		}
		switch got["status"] {
		case "completed", "failed", "cancelled":
			return l.see(on, a, got)
		}
	}
	return fmt.Errorf("task %s of %s does not end", a.id, a.on.name)
}

// see takes in how a task has ended, and tells if that is not how it should have.
func (l *ledger) see(on *program, a *acknowledged, got map[string]any) error {
	text := func(field string) string { s, _ := got[field].(string); return s }
	now := end{text("status"), text("path_id"), text("error")}
	want := "completed"
	if a.cancelled {
		want = "cancelled"
	}
	switch {
	case now.status != want:
		return fmt.Errorf("task %s of %s is %v on %s, want %s", a.id, a.on.name, now, on.name, want)
	case want == "completed" && now.path == "":
		return fmt.Errorf("task %s of %s has no path on %s", a.id, a.on.name, on.name)
	case a.end != nil && *a.end != now:
		return fmt.Errorf("task %s of %s was %v and is %v on %s", a.id, a.on.name, *a.end, now, on.name)
	case a.end == nil:
		l.ends[now.status]++
	}
	a.end = &now
	return nil
}

// judge looks at every task and its path on every server.
func (l *ledger) judge(ctx context.Context, servers []*program) error {
	var errs []error
	for _, a := range l.made {
		for _, on := range servers {
			l.looks++
			errs = append(errs, l.await(ctx, on, a))
			if a.end == nil || a.end.path == "" {
				continue
			}
			path, err := on.call(ctx, "get_learning_path", map[string]any{"id": a.end.path})
			if err == nil && path["steps"] == nil {
				err = fmt.Errorf("path %s has no steps on %s", a.end.path, on.name)
			}
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (l *ledger) report() string {
	return fmt.Sprintf("%d tasks acknowledged, %d repeated by their key, %d interrupted by a kill: %d completed, %d cancelled; each seen alike on every server (%d looks); none lost, none changed",
		len(l.made), l.repeats, l.interrupted, l.ends["completed"], l.ends["cancelled"], l.looks)
}

func count(ctx context.Context, url, query string) (n int, err error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close(ctx) }()
	err = conn.QueryRow(ctx, query).Scan(&n)
	return n, err
}

// leftovers says what is left in the database that nothing should be left of.
func leftovers(ctx context.Context, url string) (string, error) {
	var found []string
	for what, query := range map[string]string{
		"runs":                          `SELECT count(*) FROM task_runs`,
		"owners that wait":              `SELECT count(*) FROM task_waiting`,
		"steps":                         `SELECT count(*) FROM task_steps`,
		"tasks that have not ended":     `SELECT count(*) FROM tasks WHERE completed_at IS NULL`,
		"counted and not there, or not": `SELECT abs(s.tasks - (SELECT count(*) FROM tasks)) + abs(s.waiting) FROM task_store s`,
		"completed without a path":      `SELECT count(*) FROM tasks t WHERE status = 'completed' AND NOT EXISTS (SELECT 1 FROM paths p WHERE p.owner = t.owner AND position(p.id IN convert_from(t.result, 'UTF8')) > 0)`,
	} {
		n, err := count(ctx, url, query)
		if err != nil {
			return "", err
		}
		if n > 0 {
			found = append(found, fmt.Sprintf("%d %s", n, what))
		}
	}
	return strings.Join(found, ", "), nil
}
