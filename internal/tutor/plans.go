package tutor

import (
	"encoding/json"
	"fmt"
	"sync"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/generate"
	"github.com/trilha/trilha/internal/learning"
)

// planned is a request that was found good, in the forms in which a task needs it.
type planned struct {
	topic   string
	takenAs string          // generate.Plan.TakenAs
	like    float64         // generate.Plan.Likeness
	key     string          // see requestKey
	input   json.RawMessage // the plan
}

// checkLikeness refuses a topic that was taken for something whose name is less
// like it than least.
func (p planned) checkLikeness(least float64) error {
	if p.takenAs == "" || p.like >= least {
		return nil
	}
	return fault.New(fault.NotFound, "topic %q is not in the concept graph; the nearest, %q, is like it by %.2f, and %.2f was asked for", p.topic, p.takenAs, p.like, least).
		With("Ask for %q, or for less likeness", p.takenAs)
}

// plans remembers what requests mean. A plan depends on the request and on the
// catalogue alone, which does not change, and assistants repeat themselves.
type plans struct {
	generator *generate.Generator

	mu    sync.Mutex
	known map[string]planned // by the request as it came
}

// What is remembered is bounded in number, and long requests (outlines) are not
// worth their room. When it is full everything is forgotten, which costs no more
// than planning anew.
const (
	maxPlans   = 2000
	maxRequest = 2 << 10 // bytes
)

// plan gives what a request means; with ask an ambiguous topic is left to be asked.
func (p *plans) plan(r learning.Request, ask bool) (planned, error) {
	find := p.generator.Plan
	if ask {
		find = p.generator.PlanAsking
	}
	asked, err := json.Marshal(struct {
		Request learning.Request
		Ask     bool
	}{r, ask})
	if err != nil { // a number that JSON does not know
		return planned{}, fmt.Errorf("request: %w", err)
	}
	p.mu.Lock()
	found, ok := p.known[string(asked)]
	p.mu.Unlock()
	if ok {
		return found, nil
	}
	plan, err := find(r)
	if err != nil {
		return planned{}, err
	}
	input, err := json.Marshal(plan)
	if err != nil {
		return planned{}, fmt.Errorf("plan: %w", err)
	}
	found = planned{topic: plan.Request.Topic, takenAs: plan.TakenAs, like: plan.Likeness, key: requestKey(plan.Request), input: input}
	if len(asked) > maxRequest {
		return found, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.known == nil || len(p.known) >= maxPlans {
		p.known = map[string]planned{}
	}
	p.known[string(asked)] = found
	return found, nil
}
