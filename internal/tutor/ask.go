package tutor

import (
	"context"
	"encoding/json"

	"github.com/trilha/trilha/internal/generate"
	"github.com/trilha/trilha/internal/learning"
	"github.com/trilha/trilha/internal/task"
)

// topicKey is the key under which it is asked what an ambiguous topic means, and the
// property of the form that holds the answer.
const topicKey = "topic"

// Asks gives what the task of a request would ask of its owner (see Order.MayAsk), by
// key; nothing where the request leaves nothing to ask. Errors are those of Generate
// that are about the request.
func (t *Tutor) Asks(r learning.Request) (map[string]task.Form, error) {
	p, err := t.plans.generator.PlanAsking(r)
	if err != nil || len(p.Choices) == 0 {
		return nil, err
	}
	return forms(t.plans.generator, p)
}

// Answered gives a request as it is with the replies to what Asks gave for it. Errors:
// Conflict when none of the topics was chosen.
func (t *Tutor) Answered(r learning.Request, replies map[string]task.Reply) (learning.Request, error) {
	p, err := t.plans.generator.PlanAsking(r)
	if err != nil || len(p.Choices) == 0 {
		return r, err
	}
	p, err = t.plans.generator.Decide(p, chosen(replies[topicKey]))
	return p.Request, err
}

// decide asks what the topic of a plan means, and gives the plan for the answer.
func decide(ctx context.Context, g *generate.Generator, run task.Run, p generate.Plan) (generate.Plan, error) {
	asks, err := forms(g, p)
	if err != nil {
		return p, err
	}
	replies, err := task.Ask(ctx, run, asks)
	if err != nil {
		return p, err
	}
	return g.Decide(p, chosen(replies[topicKey]))
}

// topicSchema is the JSON Schema of the one form.
type topicSchema struct {
	Type       string                   `json:"type"`
	Properties map[string]topicProperty `json:"properties"`
	Required   []string                 `json:"required"`
}

type topicProperty struct {
	Type  string        `json:"type"`
	Title string        `json:"title"`
	OneOf []topicOption `json:"oneOf"`
}

type topicOption struct {
	Const string `json:"const"`
	Title string `json:"title"`
}

func forms(g *generate.Generator, p generate.Plan) (map[string]task.Form, error) {
	q, err := g.Question(p)
	if err != nil {
		return nil, err
	}
	topic := topicProperty{Type: "string", Title: q.Title}
	for _, o := range q.Options {
		topic.OneOf = append(topic.OneOf, topicOption{o.ID, o.Title})
	}
	schema, err := json.Marshal(topicSchema{"object", map[string]topicProperty{topicKey: topic}, []string{topicKey}})
	return map[string]task.Form{topicKey: {Message: q.Message, Schema: schema}}, err
}

// chosen is the topic that was chosen, or nothing.
func chosen(reply task.Reply) string {
	if reply.Action != task.Accept {
		return ""
	}
	var content struct {
		Topic string `json:"topic"`
	}
	_ = json.Unmarshal(reply.Content, &content) // what is no such object names no topic
	return content.Topic
}
