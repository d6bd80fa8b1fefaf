package river

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/trilha/trilha/internal/task"
)

// record is a row of tasks: a task, and what the store knows besides.
type record struct {
	task.Task
	seq      int64
	attempt  int64
	losses   int64 // workers lost since the last finished step
	revision int64 // grows with every change of the row
}

// columns are those of a record; listed leaves the result out.
const (
	columns = `seq, id, owner, kind, description, priority, input, status, progress, result, error, messages,
		created_at, updated_at, completed_at, expires_at, attempt, losses, revision, question, ttl`
	listed = `seq, id, owner, kind, description, priority, input, status, progress, CAST(NULL AS bytea) AS result, error, messages,
		created_at, updated_at, completed_at, expires_at, attempt, losses, revision, question, ttl`
)

func scanRecord(from rows) (record, error) { return scanAfter(from) }

// scanAfter scans other columns, and then those of a record.
func scanAfter(from rows, other ...any) (record, error) {
	var (
		r                    record
		input, result, asked []byte
		messages             string
		progress             int64
		created, updated     int64
		completedAt, expires *int64
		ttl                  int64
	)
	err := from.Scan(append(other,
		&r.seq, &r.ID, &r.Owner, &r.Kind, &r.Description, &r.Priority, &input, &r.Status, &progress, &result, &r.Error,
		&messages, &created, &updated, &completedAt, &expires, &r.attempt, &r.losses, &r.revision, &asked, &ttl)...)
	if err != nil {
		return record{}, err
	}
	r.Input, r.Result, r.Progress = input, result, int(progress)
	r.CreatedAt, r.UpdatedAt = time.UnixMicro(created), time.UnixMicro(updated)
	r.TTL = time.Duration(ttl) * time.Microsecond
	if completedAt != nil && expires != nil {
		r.CompletedAt, r.ExpiresAt = time.UnixMicro(*completedAt), time.UnixMicro(*expires)
		r.TTL = r.ExpiresAt.Sub(r.CompletedAt)
	}
	if r.Messages, err = readMessages(messages); err != nil {
		return record{}, err
	}
	if r.Status == statusAsking {
		r.Status = task.Pending
	}
	if !r.Status.Final() { // one that an earlier version ended still has its question
		r.Question, err = readQuestion(asked)
	}
	return r, err
}

// line is a message as it is stored.
type line struct {
	At   int64  `json:"at"` // microseconds
	Text string `json:"text"`
}

func writeMessages(log []task.Message) string {
	if len(log) == 0 {
		return ""
	}
	lines := make([]line, len(log))
	for i, m := range log {
		lines[i] = line{m.Time.UnixMicro(), m.Text}
	}
	text, err := json.Marshal(lines)
	if err != nil {
		panic(err) // numbers and text
	}
	return string(text)
}

func readMessages(text string) ([]task.Message, error) {
	if text == "" {
		return nil, nil
	}
	var lines []line
	if err := json.Unmarshal([]byte(text), &lines); err != nil {
		return nil, err
	}
	log := make([]task.Message, len(lines))
	for i, l := range lines {
		log[i] = task.Message{Time: time.UnixMicro(l.At), Text: l.Text}
	}
	return log, nil
}

// now is the time as it comes back from the database: to the microsecond, without
// the process's own clock.
func now() time.Time { return time.UnixMicro(time.Now().UnixMicro()) }

// text makes what a caller gave fit for a column: Postgres takes no zero bytes and
// nothing but UTF-8.
func text(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// longestKey is how many bytes of a key are kept as they are: an index of Postgres
// takes no more than some 2700 a row.
const longestKey = 512

// key is s as it is kept to be found again, or null where it is empty.
func key(s string) *string {
	if s == "" {
		return nil
	}
	k := text(s)
	if len(k) > longestKey {
		k = fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(s)))
	}
	return &k
}
