package river_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/task/river"
)

// askWhich asks one thing and gives what was replied.
func askWhich(ctx context.Context, run task.Run) (json.RawMessage, error) {
	replies, err := task.Ask(ctx, run, map[string]task.Form{
		"which": {Message: "Which one?", Schema: json.RawMessage(`{"type":"object","properties":{"n":{"type":"integer"}}}`)},
	})
	return replies["which"].Content, err
}

var asker = map[string]task.Work{"asks": askWhich}

func reply(n int) map[string]task.Reply {
	return map[string]task.Reply{"which": {Action: task.Accept, Content: json.RawMessage(fmt.Sprintf(`{"n":%d}`, n))}}
}

func answer(t *testing.T, s task.Store, id string, replies map[string]task.Reply) task.Task {
	t.Helper()
	got, err := s.Answer(context.Background(), "ann", id, replies)
	require.NoError(t, err)
	return got
}

// asked reads a watch up to the question.
func asked(t *testing.T, w *task.Watch) task.Task {
	t.Helper()
	for {
		if got := receive(t, w.Events, "the task to ask"); got.Awaits() {
			return got
		}
	}
}

func TestAQuestionOutlivesItsProcessAndIsAnsweredElsewhere(t *testing.T) {
	for name, stop := range map[string]func(*testing.T, *child){
		"killed": func(_ *testing.T, c *child) { c.kill() },
		"stopped": func(t *testing.T, c *child) {
			require.NoError(t, c.stdin.Close())
			c.says(t, "stopped")
		},
	} {
		t.Run(name, func(t *testing.T) {
			everywhere(t, func(t *testing.T, at string) {
				client := openAt(t, at, river.Options{Works: asker, Idle: true})
				first := startChild(t, at)
				sub := submit(t, client, task.Spec{Kind: "asks", Watch: true})
				question := asked(t, sub.Watch)
				assert.Equal(t, 60, question.Progress)
				stop(t, first)
				assert.Equal(t, question, get(t, client, sub.Task.ID))

				second := startChild(t, at)
				second.says(t, "ready")
				answered := answer(t, client, sub.Task.ID, reply(7))
				assert.False(t, answered.Awaits())
				assert.Equal(t, "again", receive(t, second.lines, "the work to begin"), "its step has finished")
				end := finish(t, client, sub.Task.ID)
				assert.JSONEq(t, `{"n":7}`, string(end.Result))
				consistent(t, at)
			})
		})
	}
}

func TestAQuestionIsAskedAnsweredAndGoneOnWithOnDifferentInstances(t *testing.T) {
	everywhere(t, func(t *testing.T, at string) {
		one := openAt(t, at, river.Options{Works: asker})
		sub := submit(t, one, task.Spec{Kind: "asks", Watch: true})
		question := asked(t, sub.Watch)
		two := openAt(t, at, river.Options{Works: asker, Idle: true})
		assert.Equal(t, question, get(t, two, sub.Task.ID))
		require.NoError(t, one.Shutdown(over()))
		answer(t, two, sub.Task.ID, reply(1))
		openAt(t, at, river.Options{Works: asker})
		assert.JSONEq(t, `{"n":1}`, string(finish(t, two, sub.Task.ID).Result))
	})
}

func TestUnansweredTasksFailOnceWhoeverNotices(t *testing.T) {
	everywhere(t, func(t *testing.T, at string) {
		limits := task.Limits{Running: 2, RunningPerOwner: 2, AnswerWithin: 300 * time.Millisecond}
		stores := make([]*river.Store, 3)
		for i := range stores {
			stores[i] = openAt(t, at, river.Options{Works: asker, Limits: limits})
		}
		watches := make([]*task.Watch, 20)
		for i := range watches {
			watches[i] = submit(t, stores[i%3], task.Spec{Kind: "asks", Watch: true}).Watch
		}
		for _, w := range watches {
			var ends []task.Task
			for e := range w.Events {
				if e.Status.Final() {
					ends = append(ends, e)
				}
			}
			require.Len(t, ends, 1)
			assert.Equal(t, task.Failed, ends[0].Status)
			assert.Contains(t, ends[0].Error, "none came within 300ms")
			for _, s := range stores {
				assert.Equal(t, ends[0], get(t, s, ends[0].ID))
				assert.Equal(t, ends[0], answer(t, s, ends[0].ID, reply(1)), "too late")
			}
		}
		consistent(t, at)
	})
}

func TestAnAnswerThatComesTooLateFindsTheTaskFailed(t *testing.T) {
	everywhere(t, func(t *testing.T, at string) {
		s := openAt(t, at, river.Options{Works: asker, Limits: task.Limits{AnswerWithin: time.Millisecond}})
		for range 10 {
			sub := submit(t, s, task.Spec{Kind: "asks", Watch: true})
			question := asked(t, sub.Watch)
			time.Sleep(time.Until(question.Question.Expires)) // hardly anybody has come to see by then
			got := answer(t, s, question.ID, reply(1))
			assert.Equal(t, task.Failed, got.Status)
			assert.Equal(t, got, get(t, s, question.ID))
			sub.Watch.Stop()
		}
		consistent(t, at)
	})
}

// Neither does asking count as the loss of a worker, nor waiting for the owner as age.
func TestAskingCostsNothingAndMakesNoOlder(t *testing.T) {
	everywhere(t, func(t *testing.T, at string) {
		s := openAt(t, at, river.Options{Works: asker})
		sub := submit(t, s, task.Spec{Kind: "asks", Watch: true})
		question := asked(t, sub.Watch)
		due := queryAt(t, at, `SELECT due FROM tasks`)
		assert.Zero(t, queryAt(t, at, `SELECT losses FROM tasks`))
		assert.Zero(t, queryAt(t, at, `SELECT count(*) FROM task_runs`))
		answered := answer(t, s, question.ID, reply(1))
		away := answered.UpdatedAt.Sub(question.Question.Asked)
		assert.Positive(t, away)
		assert.Equal(t, due+int(away.Microseconds()), queryAt(t, at, `SELECT due FROM tasks`))
		assert.Equal(t, task.Completed, finish(t, s, question.ID).Status)
		assert.Zero(t, queryAt(t, at, `SELECT count(*) FROM tasks WHERE question IS NOT NULL OR answer_by IS NOT NULL`))
	})
}

// What an instance of schema 3, which knows nothing of questions, does to a database
// that it shares: these are its statements.
const (
	sqlNextOf3 = `SELECT count(*) FROM (
		SELECT (SELECT p.seq FROM tasks p WHERE p.owner = w.owner AND p.status = 'pending' ORDER BY p.due, p.seq LIMIT 1) AS head
		FROM task_waiting w WHERE (w.running, w.turn) =
			(SELECT running, turn FROM task_waiting WHERE running < 1000 ORDER BY running, turn LIMIT 1)
	) q JOIN tasks t ON t.seq = q.head`
	sqlWaitingOf3 = `SELECT waiting + (SELECT count(*) FROM task_waiting) FROM task_store`
	sqlCancelOf3  = `UPDATE tasks SET status = 'cancelled', progress = 0, error = 'cancelled', messages = '', updated_at = created_at,
		completed_at = created_at, expires_at = 9000000000000000, unique_key = NULL, revision = revision + 1 WHERE completed_at IS NULL`
)

func TestAnInstanceOfSchema3NeverStartsWhatAwaitsItsOwnerAndMayCancelIt(t *testing.T) {
	everywhere(t, func(t *testing.T, at string) {
		s := openAt(t, at, river.Options{Works: asker})
		sub := submit(t, s, task.Spec{Kind: "asks", Watch: true})
		question := asked(t, sub.Watch)
		assert.Zero(t, queryAt(t, at, sqlNextOf3))
		assert.Zero(t, queryAt(t, at, sqlWaitingOf3), "nor is it told that anything waits")
		execAt(t, at, sqlCancelOf3)
		got := get(t, s, question.ID)
		assert.Equal(t, task.Cancelled, got.Status)
		assert.Nil(t, got.Question, "although its row still has it")
		assert.Equal(t, got, answer(t, s, question.ID, reply(1)))
		consistent(t, at)
	})
}

func TestAWorkThatAsksWhileItsStoreStopsKeepsItsQuestion(t *testing.T) {
	everywhere(t, func(t *testing.T, at string) {
		begun, goOn := make(chan struct{}), make(chan struct{})
		s := openAt(t, at, river.Options{Works: map[string]task.Work{"asks": func(ctx context.Context, run task.Run) (json.RawMessage, error) {
			_, err := askWhich(ctx, run)
			begun <- struct{}{}
			<-goOn // the store is stopping by now
			return nil, err
		}}, Limits: task.Limits{Running: 1}})
		sub := submit(t, s, task.Spec{Kind: "asks"})
		<-begun
		stopped := make(chan error, 1)
		go func() { stopped <- s.Shutdown(over()) }()
		for {
			if _, err := s.Submit(context.Background(), task.Spec{Owner: "ann", Kind: "asks"}); err != nil {
				break
			}
		}
		close(goOn)
		require.NoError(t, receive(t, stopped, "the store to stop"))
		assert.True(t, get(t, s, sub.Task.ID).Awaits())
		consistent(t, at)
	})
}
