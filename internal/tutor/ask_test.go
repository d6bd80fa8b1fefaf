package tutor_test

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/learning"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/task/river"
	"github.com/trilha/trilha/internal/tutor"
)

func mayAsk(topic, language string) tutor.Order {
	return tutor.Order{Request: learning.Request{Topic: topic, Language: language}, MayAsk: true, Watch: true}
}

// asked reads the watch of a submission up to the question.
func asked(t *testing.T, sub task.Submission) task.Task {
	t.Helper()
	for e := range sub.Watch.Events {
		if e.Awaits() {
			return e
		}
		require.False(t, e.Status.Final(), e.Error)
	}
	require.Fail(t, "it never asked")
	return task.Task{}
}

func choose(content string) map[string]task.Reply {
	return map[string]task.Reply{"topic": {Action: task.Accept, Content: json.RawMessage(content)}}
}

func TestAnAmbiguousTopicIsAskedInTheLanguageOfTheRequest(t *testing.T) {
	t.Parallel()
	s := opened(t)
	for language, want := range map[string]struct{ topic, form string }{
		"en": {"kernel", `{"message":"\"kernel\" may mean several topics. Which one would you like to learn?","schema":{"type":"object","properties":{"topic":{"type":"string","title":"Topic","oneOf":[` +
			`{"const":"linear-algebra/kernel","title":"Kernel (null space) · Linear algebra"},{"const":"machine-learning/support-vector-machine","title":"Support vector machines · Machine learning"}]}},"required":["topic"]}}`},
		"pt": {"funções", `{"message":"\"funções\" pode ser mais de um tema. Qual deles você quer aprender?","schema":{"type":"object","properties":{"topic":{"type":"string","title":"Tema","oneOf":[` +
			`{"const":"python/function","title":"Funções · Python"},{"const":"go/function","title":"Funções em Go e múltiplos resultados · Programação em Go"}]}},"required":["topic"]}}`},
		"es": {"funciones", `{"message":"\"funciones\" puede ser más de un tema. ¿Cuál quieres aprender?","schema":{"type":"object","properties":{"topic":{"type":"string","title":"Tema","oneOf":[` +
			`{"const":"python/function","title":"Funciones · Python"},{"const":"go/function","title":"Funciones en Go y varios resultados · Programación en Go"}]}},"required":["topic"]}}`},
	} {
		question := asked(t, s.order(t, "ann", mayAsk(want.topic, language)))
		require.Len(t, question.Question.Forms, 1)
		got, err := json.Marshal(question.Question.Forms["topic"])
		require.NoError(t, err)
		assert.Equal(t, want.form, string(got))
		asks, err := s.Asks(learning.Request{Topic: want.topic, Language: language})
		require.NoError(t, err)
		assert.Equal(t, question.Question.Forms, asks)
	}
}

func TestTheChosenTopicMakesThePathThatItsIdMakes(t *testing.T) {
	t.Parallel()
	s := opened(t)
	question := asked(t, s.order(t, "ann", mayAsk("kernel", "")))
	assert.Equal(t, "Generate learning path for topic: kernel", question.Description)
	again := s.order(t, "ann", mayAsk("kernel", ""))
	assert.True(t, again.Repeated)
	assert.Equal(t, question.ID, again.Task.ID)
	_, err := s.Answer(t.Context(), "eve", question.ID, choose(`{"topic":"linear-algebra/kernel"}`))
	require.ErrorIs(t, err, fault.NotFound)
	_, err = s.Answer(t.Context(), "ann", question.ID, choose(`{"topic":"linear-algebra/kernel"}`))
	require.NoError(t, err)
	done := s.wait(t, "ann", question.ID)
	require.Equal(t, task.Completed, done.Status, done.Error)

	byID := s.order(t, "ann", tutor.Order{Request: learning.Request{Topic: "linear-algebra/kernel"}})
	assert.Equal(t, task.Completed, byID.Task.Status, "it is on the shelf")
	assert.Equal(t, string(byID.Task.Result), string(done.Result))
}

func TestATopicThatIsNotChosenFailsWithWhatItMayMean(t *testing.T) {
	t.Parallel()
	s := opened(t)
	for name, c := range map[string]struct {
		reply map[string]task.Reply
		want  string
	}{
		"declined":      {map[string]task.Reply{"topic": {Action: task.Decline}}, "none of what it may mean was chosen"},
		"put away":      {map[string]task.Reply{"topic": {Action: task.Dismiss}}, "none of what it may mean was chosen"},
		"no topic":      {choose(`{"other":1}`), "none of what it may mean was chosen"},
		"no text":       {choose(`{"topic":7}`), "none of what it may mean was chosen"},
		"another topic": {choose(`{"topic":"python"}`), `"python" is none of what it may mean`},
	} {
		question := asked(t, s.order(t, "ann", mayAsk("kernel", "")))
		_, err := s.Answer(t.Context(), "ann", question.ID, c.reply)
		require.NoError(t, err)
		done := s.wait(t, "ann", question.ID)
		assert.Equal(t, task.Failed, done.Status, name)
		assert.Contains(t, done.Error, c.want, name)
		for _, candidate := range []string{"linear-algebra/kernel", "machine-learning/support-vector-machine"} {
			assert.Contains(t, done.Error, candidate, name)
		}
	}
}

func TestOnlyWhatIsAmbiguousIsAsked(t *testing.T) {
	t.Parallel()
	s := opened(t)
	done := s.wait(t, "ann", s.order(t, "ann", mayAsk("python", "")).Task.ID)
	assert.Equal(t, task.Completed, done.Status)
	_, err := s.Generate(t.Context(), "ann", mayAsk("java", ""))
	require.ErrorIs(t, err, fault.NotFound, "nothing that it may mean is here")
	o := mayAsk("functions", "")
	o.MayAsk = false
	_, err = s.Generate(t.Context(), "ann", o)
	require.ErrorIs(t, err, fault.Conflict)
	for _, topic := range []string{"python", "linear-algebra/kernel"} {
		asks, err := s.Asks(learning.Request{Topic: topic})
		require.NoError(t, err)
		assert.Empty(t, asks)
	}
	_, err = s.Asks(learning.Request{Topic: "java"})
	require.ErrorIs(t, err, fault.NotFound)
}

func TestWhatDoesNotGoWithTheChosenTopicFailsTheTask(t *testing.T) {
	t.Parallel()
	s := opened(t)
	o := mayAsk("kernel", "")
	o.Known = []string{"support vector machines"}
	question := asked(t, s.order(t, "ann", o))
	_, err := s.Answer(t.Context(), "ann", question.ID, choose(`{"topic":"machine-learning/support-vector-machine"}`))
	require.NoError(t, err)
	assert.Contains(t, s.wait(t, "ann", question.ID).Error, "names the topic itself")
}

func TestOnlyTopicsOfTheCategoryAreOffered(t *testing.T) {
	t.Parallel()
	s := opened(t)
	r := learning.Request{Topic: "kernel", Category: "science"}
	asks, err := s.Asks(r)
	require.NoError(t, err)
	assert.Contains(t, string(asks["topic"].Schema), "linear-algebra/kernel")
	assert.NotContains(t, string(asks["topic"].Schema), "support-vector-machine")
}

func TestARequestIsAnsweredBeforeThereIsATask(t *testing.T) {
	t.Parallel()
	s := opened(t)
	r, err := s.Answered(learning.Request{Topic: "kernel"}, choose(`{"topic":"linear-algebra/kernel"}`))
	require.NoError(t, err)
	assert.Equal(t, "linear-algebra/kernel", r.Topic)
	_, err = s.Answered(learning.Request{Topic: "kernel"}, nil)
	require.ErrorIs(t, err, fault.Conflict)
	r, err = s.Answered(learning.Request{Topic: "python"}, nil)
	require.NoError(t, err)
	assert.Equal(t, "python", r.Topic)
}

func TestALateOrderIsTakenAndFailsWithWhatWasWrong(t *testing.T) {
	t.Parallel()
	s := opened(t)
	for want, r := range map[string]learning.Request{
		"machine-learning/support-vector-machine": {Topic: " kernel "},
		"not in the concept graph":                {Topic: "java"},
		"30 steps do not fit":                     {Topic: "python", NumNodes: 30, MaxWidth: 3, MaxHeight: 3},
		"strict":                                  {Topic: "music-theory/interval", NumNodes: 60, Strict: true},
	} {
		_, told := s.Generate(t.Context(), "ann", tutor.Order{Request: r})
		require.ErrorContains(t, told, want)
		sub := s.order(t, "ann", tutor.Order{Request: r, Late: true, IdempotencyKey: r.Topic})
		assert.Equal(t, task.Failed, sub.Task.Status)
		assert.Equal(t, told.Error(), sub.Task.Error)
		assert.Contains(t, sub.Task.Description, "topic: "+strings.TrimSpace(r.Topic))
		assert.True(t, s.order(t, "ann", tutor.Order{Request: r, Late: true, IdempotencyKey: r.Topic}).Repeated)
	}
	for _, r := range []learning.Request{
		{Topic: "python", Language: "xx"}, {Topic: "python", NumNodes: 2}, {Topic: ""}, {Topic: "python", MinWidth: 4, MaxWidth: 3},
	} {
		_, err := s.Generate(t.Context(), "ann", tutor.Order{Request: r, Late: true})
		require.ErrorIs(t, err, fault.Invalid)
	}
	o := mayAsk("kernel", "")
	o.Late = true
	asked(t, s.order(t, "ann", o))
}

// Asked in one process, answered while none works, gone on with in a third.
func TestATopicIsAskedOverRestarts(t *testing.T) {
	t.Parallel()
	for kind, fresh := range databases {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			at := fresh(t)
			plain := func(w task.Work) task.Work { return w }
			first := start(t, at, plain)
			sub, err := first.Generate(t.Context(), "ann", mayAsk("kernel", "pt"))
			require.NoError(t, err)
			question := asked(t, sub)
			first.stop(t)

			idle, err := river.Open(t.Context(), at, river.Options{Idle: true})
			require.NoError(t, err)
			answered, err := idle.Answer(t.Context(), "ann", question.ID, choose(`{"topic":"linear-algebra/kernel"}`))
			require.NoError(t, err)
			assert.Equal(t, task.Pending, answered.Status)
			require.NoError(t, idle.Shutdown(context.Background()))

			second := start(t, at, plain)
			defer second.stop(t)
			done, err := task.Wait(t.Context(), second.tasks, "ann", question.ID)
			require.NoError(t, err)
			require.Equal(t, task.Completed, done.Status, done.Error)
			assert.Contains(t, string(done.Result), "linear-algebra/kernel")
		})
	}
}
