package main

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	"github.com/google/uuid"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/task"
)

const (
	workKind = "chain"
	toldTo   = "told to fail" // how an assignment with Fail ends
)

// chain is the work: steps that take their time and hang on one another.
func (in *instance) chain(ctx context.Context, run task.Run) (json.RawMessage, error) {
	id := run.Task().ID
	in.say(line{Event: "begun", Task: id})
	defer in.say(line{Event: "left", Task: id})
	var a assignment
	if err := json.Unmarshal(run.Task().Input, &a); err != nil {
		return nil, err
	}
	made := product{Token: a.Token}
	prev := a.Token
	for i, millis := range a.Steps {
		l, err := in.step(ctx, run, link{Step: i, Prev: prev}, time.Duration(millis)*time.Millisecond)
		if err != nil {
			return nil, err
		}
		made.Links = append(made.Links, l)
		prev = l.Nonce
		run.Report(100*(i+1)/len(a.Steps), "step "+strconv.Itoa(i)+" is done")
	}
	if why := flaw(a, made.Links); why != "" {
		return nil, fault.New(fault.Conflict, "%s", why)
	}
	if a.Fail {
		return nil, fault.New(fault.Unavailable, toldTo)
	}
	return json.Marshal(made)
}

// step carries out one, or gives what it gave before.
func (in *instance) step(ctx context.Context, run task.Run, l link, takes time.Duration) (link, error) {
	id, name := run.Task().ID, strconv.Itoa(l.Step)
	out, err := task.Step(ctx, run, name, func(ctx context.Context) (json.RawMessage, error) {
		in.say(line{Event: "step", Task: id, Step: name})
		if err := pause(ctx, takes); err != nil {
			return nil, err
		}
		l.Nonce = uuid.NewString()
		in.say(line{Event: "did", Task: id, Step: name})
		return json.Marshal(l)
	})
	if err != nil {
		return link{}, err
	}
	var given link
	err = json.Unmarshal(out, &given)
	return given, err
}

// pause waits, unless ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
