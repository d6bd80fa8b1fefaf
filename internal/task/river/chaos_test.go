package river_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/pgtest"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/task/river"
)

// chaosKills is how many kills have to hit an instance that runs a task; `make chaos`
// asks for a hundred.
func chaosKills() int {
	if n, err := strconv.Atoi(os.Getenv("TRILHA_CHAOS_KILLS")); err == nil {
		return n
	}
	return 5
}

// chaosWork has three steps of some milliseconds and says when it runs one.
func chaosWork(say func(format string, args ...any)) task.Work {
	return func(ctx context.Context, run task.Run) (json.RawMessage, error) {
		id := run.Task().ID
		say("begun %s", id)
		for i, name := range []string{"one", "two", "three"} {
			_, err := task.Step(ctx, run, name, func(ctx context.Context) (json.RawMessage, error) {
				say("step %s %s", id, name)
				select {
				case <-time.After(time.Duration(5+rand.IntN(20)) * time.Millisecond):
					run.Report(30*(i+1), name)
					return json.RawMessage(`1`), nil
				case <-ctx.Done():
					return nil, ctx.Err()
				}
			})
			if err != nil {
				return nil, err
			}
		}
		say("ended %s", id)
		return json.RawMessage(fmt.Sprintf("%q", id)), nil
	}
}

// ledger is what clients were told.
type ledger struct {
	mu    sync.Mutex
	made  map[string]string // task id: owner
	steps map[string]int    // task id and step: how often it was begun
}

func (l *ledger) put(id, owner string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.made[id] = owner
}

// fleet is child instances of which one is killed now and then.
type fleet struct {
	t      *testing.T
	at     string
	ledger *ledger
	hits   int // kills of an instance that ran a task
}

// instance starts a child and keeps account of what it says until it is dead. It is
// killed at a moment when it runs a task.
func (f *fleet) instance(stop <-chan struct{}, kills <-chan struct{}) {
	for {
		c := startChild(f.t, f.at)
		running := map[string]bool{}
		var soon <-chan time.Time // when it dies, if it then runs something
		var doomed bool
		for alive := true; alive; {
			select {
			case line, open := <-c.lines:
				alive = open
				f.account(line, running)
				if doomed && soon == nil {
					soon = time.After(rand.N(60 * time.Millisecond))
				}
			case <-kills:
				doomed = true
			case <-soon:
				soon = nil
				if len(running) == 0 {
					continue
				}
				_ = c.cmd.Process.Kill()
				f.hit()
			case <-stop:
				c.kill()
				return
			}
		}
		c.kill()
	}
}

func (f *fleet) account(line string, running map[string]bool) {
	word, rest, _ := strings.Cut(line, " ")
	switch word {
	case "begun":
		running[rest] = true
	case "ended":
		delete(running, rest)
	case "step":
		f.ledger.mu.Lock()
		f.ledger.steps[rest]++
		f.ledger.mu.Unlock()
	}
}

func (f *fleet) hit() {
	f.ledger.mu.Lock()
	defer f.ledger.mu.Unlock()
	f.hits++
}

func (f *fleet) count() int {
	f.ledger.mu.Lock()
	defer f.ledger.mu.Unlock()
	return f.hits
}

// chaos kills instances while clients make tasks, and then wants every task that was
// acknowledged to have ended once.
func chaos(t *testing.T, at string, instances int, disturb func()) {
	l := &ledger{made: map[string]string{}, steps: map[string]int{}}
	client := openAt(t, at, river.Options{Works: map[string]task.Work{"chaos": newStage().works()["work"]}, Idle: true})
	f := &fleet{t: t, at: at, ledger: l}
	stop, kills := make(chan struct{}), make(chan struct{})
	var crew, clients sync.WaitGroup
	for range instances {
		crew.Go(func() { f.instance(stop, kills) })
	}
	clientsStop := make(chan struct{})
	for i := range 3 {
		clients.Go(func() { createUntil(clientsStop, client, l, i) })
	}
	want := chaosKills()
	for n := range want { // one at a time: where all are doomed nothing is ever finished
		receive(t, send(kills), "an instance to be doomed")
		for deadline := time.Now().Add(patience); f.count() == n; time.Sleep(time.Millisecond) {
			require.True(t, time.Now().Before(deadline), "%d of %d kills", n, want)
		}
		time.Sleep(rand.N(200 * time.Millisecond))
	}
	disturb()
	close(clientsStop)
	clients.Wait()
	ends := map[string]task.Task{}
	for id, owner := range l.made {
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
		end, err := task.Wait(ctx, client, owner, id)
		cancel()
		require.NoError(t, err)
		require.True(t, end.Status.Final(), "%s is still %s", id, end.Status)
		if end.Status == task.Completed {
			assert.JSONEq(t, fmt.Sprintf("%q", id), string(end.Result))
		} else {
			assert.Contains(t, end.Error, "its worker was lost")
		}
		ends[id] = end
	}
	close(stop)
	crew.Wait()
	consistent(t, at)
	failed := 0
	for id, end := range ends {
		got, err := client.Get(context.Background(), l.made[id], id)
		require.NoError(t, err)
		assert.Equal(t, end, got, "changed after it was seen")
		if end.Status != task.Completed {
			failed++
		}
	}
	again := 0
	for _, n := range l.steps {
		again += n - 1
	}
	t.Logf("%d tasks, %d kills that hit, %d steps of %d run again, %d tasks given up", len(ends), f.count(), again, len(l.steps)+again, failed)
	assert.LessOrEqual(t, failed, len(ends)/10)
}

// send gives a value when to has taken one.
func send(to chan<- struct{}) <-chan struct{} {
	sent := make(chan struct{}, 1)
	go func() {
		to <- struct{}{}
		sent <- struct{}{}
	}()
	return sent
}

// createUntil makes tasks, and notes those that were acknowledged.
func createUntil(stop <-chan struct{}, s task.Store, l *ledger, client int) {
	for i := 0; ; i++ {
		owner := fmt.Sprintf("client %d owner %d", client, i%5)
		sub, err := s.Submit(context.Background(), task.Spec{Owner: owner, Kind: "chaos"})
		if err == nil {
			l.put(sub.Task.ID, owner)
		}
		select {
		case <-stop:
			return
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func TestChaosOnSQLite(t *testing.T) {
	t.Parallel()
	chaos(t, filepath.Join(t.TempDir(), "trilha.db"), 2, func() {})
}

func TestChaosOnPostgres(t *testing.T) {
	t.Parallel()
	server, err := pgtest.Start()
	pgtest.Need(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Remove()) })
	require.NoError(t, server.Create("chaos"))
	chaos(t, server.URL("chaos"), 3, func() {
		for range 2 {
			require.NoError(t, server.Down())
			require.NoError(t, server.Up())
			time.Sleep(500 * time.Millisecond)
		}
	})
}

// consistent wants what is counted to be what is there.
func consistent(t *testing.T, at string) {
	t.Helper()
	for what, query := range map[string]string{
		"tasks":          `SELECT tasks - (SELECT count(*) FROM tasks) FROM task_store`,
		"bytes":          `SELECT bytes - (SELECT coalesce(sum(length(result)), 0) FROM tasks) FROM task_store`,
		"waiting":        `SELECT waiting - (SELECT count(*) FROM tasks WHERE status = 'pending') FROM task_store`,
		"owners waiting": `SELECT coalesce(sum(waiting), 0) - (SELECT count(*) FROM tasks WHERE status = 'pending') FROM task_waiting`,
		"owners running": `SELECT count(*) FROM task_waiting w WHERE running <> (SELECT count(*) FROM task_runs r WHERE r.owner = w.owner)`,
		"runs":           `SELECT count(*) FROM tasks t WHERE status = 'running' AND NOT EXISTS (SELECT 1 FROM task_runs r WHERE r.task = t.id AND r.attempt = t.attempt)`,
		"steps":          `SELECT count(*) FROM task_steps s JOIN tasks t ON t.id = s.task WHERE t.completed_at IS NOT NULL`,
	} {
		assert.Zero(t, queryAt(t, at, query), what)
	}
}
