package river_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/pgtest"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/task/river"
)

// patience is how long something that must happen may take.
const patience = 30 * time.Second

// shortLease makes tests wait less for an instance to be taken for dead.
const shortLease = time.Second

func openPlace(at string, o river.Options) (*river.Store, error) {
	o.Lease = shortLease
	o.Log = testLog()
	return river.Open(context.Background(), address(at), o)
}

// address makes a path or a URL an address.
func address(at string) river.Address {
	if strings.HasPrefix(at, "postgres://") {
		return river.Address{URL: at}
	}
	return river.Address{File: at}
}

// everywhere runs a test on a fresh place of each database.
func everywhere(t *testing.T, check func(t *testing.T, at string)) {
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		check(t, filepath.Join(t.TempDir(), "trilha.db"))
	})
	t.Run("Postgres", func(t *testing.T) {
		t.Parallel()
		check(t, pgtest.Database(t))
	})
}

func openAt(t *testing.T, at string, o river.Options) *river.Store {
	t.Helper()
	s, err := openPlace(at, o)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Shutdown(over())) })
	return s
}

func over() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// started is a work that has begun.
type started struct {
	run task.Run
	ctx context.Context
	end chan json.RawMessage
}

// stage is works that the test lets go.
type stage struct{ begun chan *started }

func newStage() *stage { return &stage{begun: make(chan *started, 100)} }

func (st *stage) works() map[string]task.Work {
	return map[string]task.Work{"work": func(ctx context.Context, run task.Run) (json.RawMessage, error) {
		s := &started{run, ctx, make(chan json.RawMessage, 1)}
		st.begun <- s
		select {
		case out := <-s.end:
			return out, nil
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}}
}

func (st *stage) next(t *testing.T) *started {
	t.Helper()
	return receive(t, st.begun, "a work to begin")
}

func receive[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case v, open := <-from:
		require.True(t, open, "closed while waiting for %s", what)
		return v
	case <-timer.C:
		require.FailNow(t, "waited too long for "+what)
	}
	panic("unreachable")
}

func submit(t *testing.T, s task.Store, spec task.Spec) task.Submission {
	t.Helper()
	spec.Owner = "ann"
	if spec.Kind == "" {
		spec.Kind = "work"
	}
	sub, err := s.Submit(context.Background(), spec)
	require.NoError(t, err)
	return sub
}

func get(t *testing.T, s task.Store, id string) task.Task {
	t.Helper()
	got, err := s.Get(context.Background(), "ann", id)
	require.NoError(t, err)
	return got
}

func finish(t *testing.T, s task.Store, id string) task.Task {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	got, err := task.Wait(ctx, s, "ann", id)
	require.NoError(t, err)
	require.True(t, got.Status.Final(), "task %s is still %s", id, got.Status)
	return got
}

func TestATaskMadeOnOneInstanceRunsOnAnotherAndIsWatchedAndCancelledFromTheFirst(t *testing.T) {
	everywhere(t, func(t *testing.T, at string) {
		st := newStage()
		here := openAt(t, at, river.Options{Works: st.works(), Idle: true})
		openAt(t, at, river.Options{Works: st.works()})

		sub := submit(t, here, task.Spec{Watch: true, Input: json.RawMessage(`{"a":1}`)})
		w := st.next(t)
		assert.Equal(t, sub.Task.ID, w.run.Task().ID)
		assert.JSONEq(t, `{"a":1}`, string(w.run.Task().Input))
		w.run.Report(40, "half way")
		for e := range sub.Watch.Events {
			if e.Progress == 40 {
				assert.Equal(t, task.Running, e.Status)
				assert.Equal(t, "half way", e.Messages[0].Text)
				break
			}
		}
		got, err := here.Cancel(context.Background(), "ann", sub.Task.ID)
		require.NoError(t, err)
		assert.Equal(t, task.Cancelled, got.Status)
		receive(t, closed(w.ctx), "the work's context to end")

		sub = submit(t, here, task.Spec{Watch: true})
		st.next(t).end <- json.RawMessage(`{"b":2}`)
		end := finish(t, here, sub.Task.ID)
		assert.Equal(t, task.Completed, end.Status)
		assert.JSONEq(t, `{"b":2}`, string(end.Result))
	})
}

// closed gives a value when ctx ends.
func closed(ctx context.Context) <-chan struct{} {
	c := make(chan struct{}, 1)
	context.AfterFunc(ctx, func() { c <- struct{}{} })
	return c
}

func TestLimitsOfAnOwnerHoldOverAllInstances(t *testing.T) {
	everywhere(t, func(t *testing.T, at string) {
		st := newStage()
		limits := task.Limits{Running: 2, RunningPerOwner: 2, WaitingPerOwner: 1}
		one := openAt(t, at, river.Options{Works: st.works(), Limits: limits})
		two := openAt(t, at, river.Options{Works: st.works(), Limits: limits})
		submit(t, one, task.Spec{})
		submit(t, two, task.Spec{})
		first, second := st.next(t), st.next(t)
		waits := submit(t, one, task.Spec{IdempotencyKey: "k"}).Task
		_, err := two.Submit(context.Background(), task.Spec{Owner: "ann", Kind: "work"})
		require.ErrorIs(t, err, fault.Limit)
		again := submit(t, two, task.Spec{IdempotencyKey: "k"})
		assert.True(t, again.Repeated)
		assert.Equal(t, waits.ID, again.Task.ID)
		assert.Equal(t, task.Pending, get(t, two, waits.ID).Status)
		first.end <- json.RawMessage(`1`)
		assert.Equal(t, waits.ID, st.next(t).run.Task().ID)
		second.end <- json.RawMessage(`1`)
	})
}

func TestWhatOneInstanceCannotRunAnotherDoes(t *testing.T) {
	everywhere(t, func(t *testing.T, at string) {
		st := newStage()
		limits := task.Limits{Running: 1, RunningPerOwner: 10}
		one := openAt(t, at, river.Options{Works: st.works(), Limits: limits})
		openAt(t, at, river.Options{Works: st.works(), Limits: limits})
		for range 3 {
			submit(t, one, task.Spec{})
		}
		first, second := st.next(t), st.next(t)
		first.end <- json.RawMessage(`1`)
		st.next(t).end <- json.RawMessage(`1`)
		second.end <- json.RawMessage(`1`)
	})
}

func TestAGracefulStopHandsRunningTasksBackAtOnce(t *testing.T) {
	everywhere(t, func(t *testing.T, at string) {
		st := newStage()
		one, err := openPlace(at, river.Options{Works: st.works()})
		require.NoError(t, err)
		sub := submit(t, one, task.Spec{})
		st.next(t).run.Report(30, "so far")
		begin := time.Now()
		require.NoError(t, one.Shutdown(over()))
		assert.Less(t, time.Since(begin), time.Second)
		assert.Equal(t, task.Pending, get(t, one, sub.Task.ID).Status)

		two := openAt(t, at, river.Options{Works: st.works()})
		w := st.next(t)
		assert.Equal(t, sub.Task.ID, w.run.Task().ID)
		assert.Equal(t, 30, w.run.Task().Progress, "progress never falls")
		w.end <- json.RawMessage(`1`)
		end := finish(t, two, sub.Task.ID)
		assert.Equal(t, task.Completed, end.Status)
		assert.Len(t, end.Messages, 1)
	})
}

func TestAWorkThatDoesNotStopIsLeftBehindAndItsTaskIsHandedBack(t *testing.T) {
	everywhere(t, func(t *testing.T, at string) {
		begun, leave := make(chan task.Run, 1), make(chan struct{})
		one, err := openPlace(at, river.Options{Works: map[string]task.Work{"work": func(_ context.Context, run task.Run) (json.RawMessage, error) {
			begun <- run
			<-leave
			return json.RawMessage(`"late"`), nil
		}}})
		require.NoError(t, err)
		sub := submit(t, one, task.Spec{})
		late := receive(t, begun, "the work")
		require.NoError(t, one.Shutdown(over()), "it is no failure of the instance")

		st := newStage()
		two := openAt(t, at, river.Options{Works: st.works()})
		w := st.next(t)
		close(leave)
		late.Report(99, "late")
		w.end <- json.RawMessage(`"in time"`)
		assert.JSONEq(t, `"in time"`, string(finish(t, two, sub.Task.ID).Result))
	})
}

// Children: the test binary again, as an instance that can be killed.

const childEnv = "TRILHA_TEST_CHILD"

// things is how many the work of that kind goes through, each in thingTime.
const (
	things    = 100
	thingTime = 10 * time.Millisecond
)

// childMain is what a child does: it works until it is killed, or told to end by the
// end of its input, and says on standard output what it does.
func childMain(at string) int {
	say := func(format string, args ...any) { fmt.Printf(format+"\n", args...) }
	s, err := openPlace(at, river.Options{Works: map[string]task.Work{
		"work": func(ctx context.Context, run task.Run) (json.RawMessage, error) {
			say("begun %s", run.Task().ID)
			<-ctx.Done()
			say("left %s", run.Task().ID)
			return json.RawMessage(`"too late"`), nil
		},
		"poison": func(_ context.Context, run task.Run) (json.RawMessage, error) {
			say("begun %s", run.Task().ID)
			self, _ := os.FindProcess(os.Getpid())
			_ = self.Kill()
			select {}
		},
		"slow": func(ctx context.Context, run task.Run) (json.RawMessage, error) {
			say("begun %s", run.Task().ID)
			select {
			case <-time.After(300 * time.Millisecond):
				return json.RawMessage(`"done"`), nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		},
		"asks": func(ctx context.Context, run task.Run) (json.RawMessage, error) {
			if run.Task().Question != nil {
				say("again")
			}
			_, err := task.Step(ctx, run, "one", func(context.Context) (json.RawMessage, error) {
				say("step one")
				run.Report(60, "")
				return json.RawMessage(`1`), nil
			})
			if err != nil {
				return nil, err
			}
			return askWhich(ctx, run)
		},
		"steps": func(ctx context.Context, run task.Run) (json.RawMessage, error) {
			var all []string
			for _, name := range []string{"one", "two", "three"} {
				out, err := task.Step(ctx, run, name, func(ctx context.Context) (json.RawMessage, error) {
					say("step %s", name)
					if name == "three" && run.Task().Progress == 0 {
						run.Report(60, "")
						<-ctx.Done()
						return nil, ctx.Err()
					}
					return json.RawMessage(fmt.Sprintf("%q", name)), nil
				})
				if err != nil {
					return nil, err
				}
				all = append(all, string(out))
			}
			return json.RawMessage("[" + strings.Join(all, ",") + "]"), nil
		},
		"things": func(ctx context.Context, run task.Run) (json.RawMessage, error) {
			return task.StepCursor(ctx, run, "all", func(ctx context.Context, cursor json.RawMessage, commit task.Commit) (json.RawMessage, error) {
				var done []int
				if cursor != nil {
					if err := json.Unmarshal(cursor, &done); err != nil {
						return nil, err
					}
				}
				for i := len(done); i < things; i++ {
					select {
					case <-time.After(thingTime):
					case <-ctx.Done():
						return nil, ctx.Err()
					}
					say("thing %d", i)
					done = append(done, i)
					err := commit(func() (json.RawMessage, error) {
						say("commit")
						return json.Marshal(done)
					})
					if err != nil {
						return nil, err
					}
				}
				return json.Marshal(done)
			})
		},
	}, Limits: task.Limits{Running: 2, RunningPerOwner: 2}})
	if err != nil {
		say("error %v", err)
		return 1
	}
	say("ready")
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
	if err := s.Shutdown(over()); err != nil {
		say("error %v", err)
		return 1
	}
	say("stopped")
	return 0
}

// child is one of them.
type child struct {
	cmd   *exec.Cmd
	lines chan string
	dead  chan struct{}
	stdin interface{ Close() error }
	once  sync.Once
}

func startChild(t *testing.T, at string) *child {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+at)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	c := &child{cmd: cmd, lines: make(chan string, 1000), dead: make(chan struct{}), stdin: in}
	go func() {
		defer close(c.dead)
		defer close(c.lines)
		for scan := bufio.NewScanner(out); scan.Scan(); {
			c.lines <- scan.Text()
		}
	}()
	t.Cleanup(c.kill)
	return c
}

// kill ends the child as the end of the machine would.
func (c *child) kill() {
	c.once.Do(func() {
		_ = c.cmd.Process.Kill()
		for range c.lines { // to the end of its output
		}
		_ = c.cmd.Wait()
	})
}

// says waits for a line of the child.
func (c *child) says(t *testing.T, want string) {
	t.Helper()
	for {
		if line := receive(t, c.lines, "the child to say "+want); line == want {
			return
		}
	}
}

func TestWhatAKilledProcessRanRunsAgain(t *testing.T) {
	everywhere(t, func(t *testing.T, at string) {
		client := openAt(t, at, river.Options{Works: newStage().works(), Idle: true})
		first := startChild(t, at)
		first.says(t, "ready")
		running := submit(t, client, task.Spec{}).Task
		first.says(t, "begun "+running.ID)
		first.kill()
		killed := time.Now()
		second := startChild(t, at)
		second.says(t, "begun "+running.ID)
		assert.Less(t, time.Since(killed), 10*time.Second)
		t.Logf("%s after the kill", time.Since(killed).Round(time.Millisecond))
		_, err := client.Cancel(context.Background(), "ann", running.ID)
		require.NoError(t, err)
	})
}

func TestAProcessThatLivesTakesBackWhatAKilledOneRan(t *testing.T) {
	everywhere(t, func(t *testing.T, at string) {
		client := openAt(t, at, river.Options{Works: newStage().works(), Idle: true})
		first := startChild(t, at)
		first.says(t, "ready")
		running := submit(t, client, task.Spec{}).Task
		first.says(t, "begun "+running.ID)
		second := startChild(t, at)
		second.says(t, "ready")
		first.kill()
		second.says(t, "begun "+running.ID)
	})
}

func TestAnInterruptedTaskGoesOnAfterItsLastFinishedStep(t *testing.T) {
	everywhere(t, func(t *testing.T, at string) {
		works := map[string]task.Work{"steps": newStage().works()["work"]}
		client := openAt(t, at, river.Options{Works: works, Idle: true})
		first := startChild(t, at)
		sub := submit(t, client, task.Spec{Kind: "steps", Watch: true})
		first.says(t, "step one")
		first.says(t, "step two")
		first.says(t, "step three")
		for e := range sub.Watch.Events { // it is written
			if e.Progress == 60 {
				break
			}
		}
		first.kill()
		second := startChild(t, at)
		second.says(t, "ready")
		assert.Equal(t, "step three", receive(t, second.lines, "a step"))
		end := finish(t, client, sub.Task.ID)
		assert.JSONEq(t, `["one","two","three"]`, string(end.Result))
	})
}

func TestAStepThatIsInterruptedGoesOnFromItsCursor(t *testing.T) {
	everywhere(t, func(t *testing.T, at string) {
		client := openAt(t, at, river.Options{Works: map[string]task.Work{"things": newStage().works()["work"]}, Idle: true})
		first := startChild(t, at)
		sub := submit(t, client, task.Spec{Kind: "things"})
		first.says(t, fmt.Sprintf("thing %d", things*6/10))
		first.kill()
		second := startChild(t, at)
		second.says(t, "ready")
		var goesOn int
		line := receive(t, second.lines, "a thing")
		_, err := fmt.Sscanf(line, "thing %d", &goesOn)
		require.NoError(t, err, line)
		twice := things*6/10 - goesOn + 1
		t.Logf("%d of %d things done twice", twice, things)
		assert.Positive(t, goesOn)
		assert.LessOrEqual(t, twice, int(500*time.Millisecond/thingTime), "no more than there is time for between two commits")
		end := finish(t, client, sub.Task.ID)
		var done []int
		require.NoError(t, json.Unmarshal(end.Result, &done))
		require.Len(t, done, things)
		assert.IsIncreasing(t, done)
		commits := 0
		for line := "thing"; line != fmt.Sprintf("thing %d", things-1); line = receive(t, second.lines, "the last thing") {
			if line == "commit" {
				commits++
			}
		}
		assert.LessOrEqual(t, commits, things, "writes are bounded by time")
	})
}

func TestATaskThatKillsItsWorkerFailsAndItsNeighbourDoesNot(t *testing.T) {
	everywhere(t, func(t *testing.T, at string) {
		works := map[string]task.Work{"poison": newStage().works()["work"], "slow": newStage().works()["work"]}
		client := openAt(t, at, river.Options{Works: works, Idle: true})
		poison := submit(t, client, task.Spec{Kind: "poison"}).Task
		slow := submit(t, client, task.Spec{Kind: "slow"}).Task
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_, _ = task.Wait(context.Background(), client, "ann", poison.ID)
		}()
		kills := 0
		for over := false; !over && kills < 20; {
			c := startChild(t, at)
			select {
			case <-ended:
				over = true
			case <-c.dead:
				kills++
			case <-time.After(patience):
				require.FailNow(t, "neither dead nor done")
			}
			if over {
				assert.Equal(t, task.Completed, finish(t, client, slow.ID).Status)
			}
			c.kill()
		}
		end := finish(t, client, poison.ID)
		assert.Equal(t, task.Failed, end.Status)
		assert.Contains(t, end.Error, "its worker was lost 3 times")
		assert.Equal(t, 3, kills)
	})
}

func TestProcessesThatStartAtOnceOnAFreshFileLoseNothing(t *testing.T) {
	t.Parallel()
	for range 50 {
		path := filepath.Join(t.TempDir(), "trilha.db")
		var wg sync.WaitGroup
		for range 2 {
			wg.Go(func() {
				s, err := openPlace(path, river.Options{Works: newStage().works(), Idle: true})
				if !assert.NoError(t, err) {
					return
				}
				for range 5 {
					_, err := s.Submit(context.Background(), task.Spec{Owner: "ann", Kind: "work", Result: json.RawMessage(`1`)})
					assert.NoError(t, err)
				}
				assert.NoError(t, s.Shutdown(context.Background()))
			})
		}
		wg.Wait()
		s, err := openPlace(path, river.Options{Works: newStage().works(), Idle: true})
		require.NoError(t, err)
		page, err := s.List(t.Context(), "ann", task.Filter{})
		require.NoError(t, err)
		assert.Equal(t, 10, page.Total)
		require.NoError(t, s.Shutdown(context.Background()))
	}
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
