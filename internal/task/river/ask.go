package river

import (
	"context"
	"encoding/json"
	"time"

	"github.com/trilha/trilha/internal/task"
)

// statusAsking is how a task stands in the database that awaits its owner; to all
// others it is pending. It is in no count of what waits, so that nobody starts it, nor
// does an instance of an earlier version that shares the database.
const statusAsking = "asking"

// question is a task.Question as it is stored.
type question struct {
	Forms   map[string]task.Form  `json:"forms,omitempty"`
	Replies map[string]task.Reply `json:"replies,omitempty"`
	Asked   int64                 `json:"asked,omitempty"`   // microseconds
	Expires int64                 `json:"expires,omitempty"` // microseconds
}

func writeQuestion(q *task.Question) ([]byte, error) {
	if q == nil {
		return nil, nil
	}
	stored := question{Forms: q.Forms, Replies: q.Replies}
	if q.Open() {
		stored.Asked, stored.Expires = q.Asked.UnixMicro(), q.Expires.UnixMicro()
	}
	return json.Marshal(stored)
}

func readQuestion(raw []byte) (*task.Question, error) {
	if raw == nil {
		return nil, nil //nolint:nilnil // most tasks ask nothing
	}
	var stored question
	if err := json.Unmarshal(raw, &stored); err != nil {
		return nil, err
	}
	q := &task.Question{Forms: stored.Forms, Replies: stored.Replies}
	if q.Open() {
		q.Asked, q.Expires = time.UnixMicro(stored.Asked), time.UnixMicro(stored.Expires)
	}
	return q, nil
}

const sqlAsk = `UPDATE tasks SET status = '` + statusAsking + `', progress = $3, messages = $4, updated_at = $5, question = $6,
	answer_by = $7, revision = revision + 1 WHERE id = $1 AND attempt = $2 AND status = 'running' RETURNING revision`

// ask lets the task of r await its owner, whose run has left. errNoRow tells that it
// has ended.
func (c *change) ask(ctx context.Context, r record, forms map[string]task.Form) error {
	r.Status, r.UpdatedAt = task.Pending, c.now
	r.Question = r.Question.Ask(forms, c.now, c.s.limits.AnswerWithin.Truncate(time.Microsecond))
	raw, err := writeQuestion(r.Question)
	if err != nil {
		return err
	}
	err = one(ctx, c, sqlAsk, []any{
		r.ID, r.attempt, r.Progress, writeMessages(r.Messages), c.now.UnixMicro(), raw, r.Question.Expires.UnixMicro(),
	}, &r.revision)
	if err != nil {
		return err
	}
	c.news = append(c.news, r.ID)
	c.then(func() { c.s.learn(r) })
	return nil
}

// Answer implements task.Store.
func (s *Store) Answer(ctx context.Context, owner, id string, replies map[string]task.Reply) (task.Task, error) {
	if err := task.CheckReplies(replies); err != nil {
		return task.Task{}, err
	}
	var got task.Task
	err := s.change(ctx, func(ctx context.Context, c *change) error {
		r, err := s.lookUp(ctx, c, owner, id, c.now)
		if err != nil {
			return err
		}
		if r.Awaits() && !c.now.Before(r.Question.Expires) {
			err = c.failUnanswered(ctx, &r)
		} else {
			err = c.answer(ctx, &r, replies)
		}
		got = r.Task
		return err
	})
	return got, err
}

const sqlAnswer = `UPDATE tasks SET status = $2, updated_at = $3, question = $4, answer_by = $5, due = due + $6,
	revision = revision + 1 WHERE seq = $1 AND status = '` + statusAsking + `' RETURNING revision`

// answer takes replies in. When nothing is left open the task waits for its turn, no
// older than it was when it asked.
func (c *change) answer(ctx context.Context, r *record, replies map[string]task.Reply) error {
	asked := r.Question
	next, changed := asked.Answer(replies)
	if !changed {
		return nil
	}
	r.Question, r.UpdatedAt = next, c.now
	raw, err := writeQuestion(next)
	if err != nil {
		return err
	}
	status, by, away := statusAsking, micros(next.Expires), int64(0)
	if !next.Open() {
		status, by, away = string(task.Pending), nil, c.now.Sub(asked.Asked).Microseconds()
	}
	err = one(ctx, c, sqlAnswer, []any{r.seq, status, c.now.UnixMicro(), raw, by, away}, &r.revision)
	if err != nil {
		return err
	}
	c.news = append(c.news, r.ID)
	answered := *r
	c.then(func() { c.s.learn(answered) })
	if next.Open() {
		return nil
	}
	if err := c.enqueue(ctx, r.Owner, unlimited); err != nil {
		return err
	}
	c.news = append(c.news, newsWaiting)
	return c.admit(ctx)
}

// failUnanswered ends the task of r, whose question found no answer in time.
func (c *change) failUnanswered(ctx context.Context, r *record) error {
	out := task.OutcomeUnanswered(r.Question)
	if err := c.end(ctx, *r, out); err != nil {
		return err
	}
	c.s.finish(&r.Task, out, c.now)
	return nil
}

// failAllUnanswered ends the tasks that have awaited their owners for too long,
// whichever instances they ran on.
func (s *Store) failAllUnanswered(ctx context.Context) error {
	for late := sweepBatch; late == sweepBatch; {
		var found []record
		err := s.reads(ctx, func(ctx context.Context, q querier) (err error) {
			found, err = unanswered(ctx, q, now())
			return err
		})
		if late = len(found); err != nil || late == 0 {
			return err
		}
		err = s.change(ctx, func(ctx context.Context, c *change) error {
			found, err := unanswered(ctx, c, c.now) // as they stand under the lock
			for i := 0; err == nil && i < len(found); i++ {
				err = c.failUnanswered(ctx, &found[i])
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func unanswered(ctx context.Context, q querier, at time.Time) ([]record, error) {
	return all(ctx, q, scanRecord, `SELECT `+columns+` FROM tasks WHERE status = '`+statusAsking+`' AND answer_by <= $1
		ORDER BY answer_by, seq LIMIT $2`, at.UnixMicro(), sweepBatch)
}
