package task

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"time"
)

// Seconds is a moment as epoch seconds, written to JSON with a fraction even
// when it is zero (1746390672.0): clients in strict languages read a double and
// reject an integer.
type Seconds time.Time

// MarshalJSON writes microseconds, or null for the zero time.
func (s Seconds) MarshalJSON() ([]byte, error) {
	t := time.Time(s)
	if t.IsZero() {
		return []byte("null"), nil
	}
	out := strconv.AppendFloat(nil, float64(t.UnixMicro())/1e6, 'f', -1, 64)
	if !bytes.ContainsRune(out, '.') {
		out = append(out, ".0"...)
	}
	return out, nil
}

// UnmarshalJSON reads what MarshalJSON writes, and integers.
func (s *Seconds) UnmarshalJSON(b []byte) error {
	var f *float64
	if err := json.Unmarshal(b, &f); err != nil {
		return err
	}
	*s = Seconds{}
	if f != nil {
		*s = Seconds(time.UnixMicro(int64(math.Round(*f * 1e6))))
	}
	return nil
}

type messageJSON struct {
	Time    Seconds `json:"time"`
	Message string  `json:"message"`
}

type taskJSON struct {
	ID          string          `json:"id"`
	Description string          `json:"description"`
	Status      Status          `json:"status"`
	Progress    int             `json:"progress"`
	Result      json.RawMessage `json:"result"`
	Error       *string         `json:"error"`
	CreatedAt   Seconds         `json:"created_at"`
	UpdatedAt   Seconds         `json:"updated_at"`
	CompletedAt Seconds         `json:"completed_at"`
	Messages    []messageJSON   `json:"messages"`
	Input       *questionJSON   `json:"input"`
}

// questionJSON is what is not answered yet.
type questionJSON struct {
	Forms     map[string]Form `json:"forms"`
	ExpiresAt Seconds         `json:"expires_at"`
}

// MarshalJSON writes the public form of a task: snake case, times as epoch
// seconds, absent values as null. The owner, the input and replies stay inside: the
// field input is what the task awaits.
func (t Task) MarshalJSON() ([]byte, error) {
	out := taskJSON{
		ID: t.ID, Description: t.Description, Status: t.Status, Progress: t.Progress,
		Result:    t.Result,
		CreatedAt: Seconds(t.CreatedAt), UpdatedAt: Seconds(t.UpdatedAt), CompletedAt: Seconds(t.CompletedAt),
		Messages: make([]messageJSON, len(t.Messages)),
	}
	if t.Error != "" {
		out.Error = &t.Error
	}
	if t.Awaits() {
		out.Input = &questionJSON{t.Question.Forms, Seconds(t.Question.Expires)}
	}
	for i, m := range t.Messages {
		out.Messages[i] = messageJSON{Seconds(m.Time), m.Text}
	}
	return json.Marshal(out)
}
