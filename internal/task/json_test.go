package task_test

import (
	"encoding/json"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/trilha/trilha/internal/task"
)

func TestSecondsAreWrittenWithAFraction(t *testing.T) {
	for want, at := range map[string]time.Time{
		"1746390672.0":      time.Unix(1746390672, 0),
		"1746390672.5":      time.Unix(1746390672, 5e8),
		"1746390672.05":     time.Unix(1746390672, 5e7),
		"1746390672.123456": time.Unix(1746390672, 123456789),
		"0.0":               time.Unix(0, 0),
		"-1.5":              time.Unix(-2, 5e8),
		"null":              {},
	} {
		got, err := json.Marshal(task.Seconds(at))
		require.NoError(t, err)
		assert.Equal(t, want, string(got))
	}
}

func TestSecondsComeBackToTheMicrosecond(t *testing.T) {
	fraction := regexp.MustCompile(`^-?\d+\.\d{1,6}$`)
	rapid.Check(t, func(t *rapid.T) {
		at := time.UnixMicro(rapid.Int64Range(-4e15, 4e15).Draw(t, "microseconds")) // 1843 to 2096: a float holds no more
		text, err := json.Marshal(task.Seconds(at))
		require.NoError(t, err)
		require.Regexp(t, fraction, string(text))
		var back task.Seconds
		require.NoError(t, json.Unmarshal(text, &back))
		require.True(t, at.Equal(time.Time(back)), "%v came back as %v", at, time.Time(back))
	})
}

func TestSecondsReadIntegersAndNull(t *testing.T) {
	var s task.Seconds
	require.NoError(t, json.Unmarshal([]byte("1746390672"), &s))
	assert.True(t, time.Unix(1746390672, 0).Equal(time.Time(s)))
	require.NoError(t, json.Unmarshal([]byte("null"), &s))
	assert.True(t, time.Time(s).IsZero())
	assert.Error(t, json.Unmarshal([]byte(`"today"`), &s))
}

func TestANewTaskIsWrittenWithItsNulls(t *testing.T) {
	at := time.Unix(1650123456, 0)
	got, err := json.Marshal(task.Task{
		ID: "t7", Owner: "ann", Kind: "work", Description: "learn Go", Input: json.RawMessage(`{"secret":1}`),
		Status: task.Pending, CreatedAt: at, UpdatedAt: at,
	})
	require.NoError(t, err)
	assert.Equal(t, `{"id":"t7","description":"learn Go","status":"pending","progress":0,"result":null,"error":null,`+
		`"created_at":1650123456.0,"updated_at":1650123456.0,"completed_at":null,"messages":[],"input":null}`, string(got))
}

func TestAnEndedTaskIsWrittenWithItsResultOrItsError(t *testing.T) {
	at := time.Unix(1650123456, 789e6)
	got, err := json.Marshal([]task.Task{
		{
			ID: "t7", Status: task.Completed, Progress: 100, Result: json.RawMessage(`{"nodes":{}}`),
			Messages:  []task.Message{{Time: at, Text: "done"}},
			CreatedAt: at, UpdatedAt: at, CompletedAt: at,
		},
		{ID: "t8", Status: task.Failed, Error: "no luck", CreatedAt: at, UpdatedAt: at, CompletedAt: at},
	})
	require.NoError(t, err)
	assert.Equal(t, `[{"id":"t7","description":"","status":"completed","progress":100,"result":{"nodes":{}},"error":null,`+
		`"created_at":1650123456.789,"updated_at":1650123456.789,"completed_at":1650123456.789,`+
		`"messages":[{"time":1650123456.789,"message":"done"}],"input":null},`+
		`{"id":"t8","description":"","status":"failed","progress":0,"result":null,"error":"no luck",`+
		`"created_at":1650123456.789,"updated_at":1650123456.789,"completed_at":1650123456.789,"messages":[],"input":null}]`, string(got))
}

func TestAnAskingTaskIsWrittenWithWhatIsNotAnsweredAndNoReplies(t *testing.T) {
	at := time.Unix(1650123456, 0)
	asks := task.Task{ID: "t7", Status: task.Pending, CreatedAt: at, UpdatedAt: at, Question: (&task.Question{}).Ask(map[string]task.Form{
		"a": {Message: "Which?", Schema: json.RawMessage(`{"type":"object"}`)},
		"b": {Message: "When?", Schema: json.RawMessage(`{"type":"object"}`)},
	}, at, time.Hour)}
	left, changed := asks.Question.Answer(map[string]task.Reply{"b": {Action: task.Accept, Content: json.RawMessage(`{"secret":1}`)}})
	require.True(t, changed)
	asks.Question = left
	got, err := json.Marshal(asks)
	require.NoError(t, err)
	assert.Equal(t, `{"id":"t7","description":"","status":"pending","progress":0,"result":null,"error":null,`+
		`"created_at":1650123456.0,"updated_at":1650123456.0,"completed_at":null,"messages":[],`+
		`"input":{"forms":{"a":{"message":"Which?","schema":{"type":"object"}}},"expires_at":1650127056.0}}`, string(got))
}
