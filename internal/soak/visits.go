package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// route is a way to reach a server.
type route struct {
	name string
	eras []string
	dial func(ctx context.Context, base, era string) (conn, error)
}

var (
	older = []string{"2024-11-05", "2025-03-26", "2025-06-18", latest}

	overHTTP  = route{"HTTP", append([]string{modern, modern}, older[1:]...), dialHTTP}
	overSSE   = route{"SSE", older, dialSSE}
	overStdio = route{"stdio", append([]string{modern, modern}, older...), dialStdio}
	resumable = route{"HTTP", older[1:], dialHTTP}
)

// kind is one sort of visit.
type kind struct {
	name   string
	weight int
	slow   bool // to the server where tasks wait until they are cancelled
	routes []route
	visit  func(ctx context.Context, v *visitor) error
}

// kinds lists the visits, or the one of a name.
func kinds(only string) (all []kind) {
	every, net := []route{overHTTP, overSSE, overStdio}, []route{overHTTP, overSSE}
	for _, k := range []kind{
		{"whole", 30, false, every, whole},
		{"cancel", 12, true, net, cancels},
		{"cancel", 3, false, []route{overStdio}, cancels},
		{"watch", 12, true, net, watches},
		{"vanish", 10, true, net, vanishes},
		{"vanish", 10, false, every, vanishes},
		{"resume", 3, false, []route{resumable}, resumes},
		{"catch up", 6, false, []route{resumable}, catchesUp},
		{"listen", 8, true, net, listens},
		{"crowd", 1, true, net, crowds},
		{"deaf", 1, false, []route{{"HTTP", []string{modern, latest}, nil}}, deafHTTP},
		{"deaf", 1, false, []route{{"SSE", older, nil}}, deafSSE},
		{"deaf", 2, false, []route{{"stdio", []string{modern, latest}, nil}}, deafStdio},
	} {
		if only == "" || k.name == only {
			all = append(all, k)
		}
	}
	return all
}

func pick(kinds []kind, chance *rand.Rand) kind {
	sum := 0
	for _, k := range kinds {
		sum += k.weight
	}
	at := chance.IntN(sum)
	for _, k := range kinds {
		if at -= k.weight; at < 0 {
			return k
		}
	}
	return kinds[0]
}

// visitor is one client for as long as it stays.
type visitor struct {
	*soak
	kind   kind
	chance *rand.Rand
	route  route
	era    string
	calls  atomic.Int64 // answered
	news   atomic.Int64

	resumed atomic.Int64
}

func (v *visitor) server() *child {
	if v.kind.slow {
		return v.slow
	}
	return v.fast
}

// come makes the visit and tells what came of it.
func (v *visitor) come(ctx context.Context) outcome {
	v.route = v.kind.routes[v.chance.IntN(len(v.kind.routes))]
	v.era = v.route.eras[v.chance.IntN(len(v.route.eras))]
	began := time.Now()
	err := v.kind.visit(ctx, v)
	if ctx.Err() != nil {
		err = nil // we ended it
	}
	return outcome{
		route: v.route.name, era: v.era, calls: int(v.calls.Load()), news: int(v.news.Load()), resumed: int(v.resumed.Load()),
		took: time.Since(began), err: err, hung: errors.Is(err, context.DeadlineExceeded),
	}
}

// within bounds one exchange.
func within(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, answerTime*time.Second)
}

func (v *visitor) dial(ctx context.Context) (conn, error) {
	ctx, cancel := within(ctx)
	defer cancel()
	c, err := v.route.dial(ctx, v.server().base, v.era)
	if err != nil {
		if c != nil {
			c.Close()
		}
		return nil, fmt.Errorf("connect: %w", err)
	}
	v.calls.Add(1)
	return c, nil
}

func (v *visitor) hear(message) bool {
	v.news.Add(1)
	return true
}

func (v *visitor) tool(ctx context.Context, c conn, name string, arguments map[string]any, hear news) (map[string]any, error) {
	ctx, cancel := within(ctx)
	defer cancel()
	r, err := tool(ctx, c, name, arguments, hear)
	if err == nil || errors.As(err, new(*toolError)) {
		v.calls.Add(1)
	}
	return r, err
}

var topics = []string{"linear algebra", "python", "machine learning", "go", "music theory", "probability", "data mining", "personal finance"}

// requests counts what was asked for, so that no two requests are equal: equal ones
// share a task.
var requests atomic.Int64

// makes makes a task and gives its id.
func (v *visitor) makes(ctx context.Context, c conn, hear news) (string, error) {
	r, err := v.tool(ctx, c, "generate_learning_path_async", map[string]any{
		"topic": topics[v.chance.IntN(len(topics))], "num_nodes": 8 + v.chance.IntN(30),
		"hours_per_week": 1 + float64(requests.Add(1)%90_000)/1000,
	}, hear)
	if err != nil {
		return "", err
	}
	id, _ := r["task_id"].(string)
	if id == "" {
		return "", errors.New("no task_id")
	}
	return id, nil
}

// whole makes a path, waits for it, reads it and deletes it.
func whole(ctx context.Context, v *visitor) error {
	c, err := v.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	list, cancel := within(ctx)
	defer cancel()
	if _, err := c.call(list, "tools/list", nil, nil); err != nil {
		return err
	}
	v.calls.Add(1)
	id, err := v.makes(ctx, c, v.hear)
	if err != nil {
		return err
	}
	r, err := v.tool(ctx, c, "get_task_status", map[string]any{"task_id": id, "wait_seconds": 40}, v.hear)
	if err != nil {
		return err
	}
	if r["status"] != "completed" {
		return fmt.Errorf("the task is %v after 40 s", r["status"])
	}
	path, err := v.tool(ctx, c, "get_learning_path", map[string]any{"id": id}, nil)
	if err != nil {
		return err
	}
	if _, err := v.tool(ctx, c, "delete_learning_path", map[string]any{"path_id": path["path_id"]}, nil); err != nil {
		return err
	}
	return c.leave(ctx)
}

// cancels makes a task and cancels it.
func cancels(ctx context.Context, v *visitor) error {
	c, err := v.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	id, err := v.makes(ctx, c, nil)
	if err != nil {
		return err
	}
	if err := v.cancel(ctx, c, id); err != nil {
		return err
	}
	return c.leave(ctx)
}

// cancel cancels a task. Where tasks are quick it may be too late.
func (v *visitor) cancel(ctx context.Context, c conn, id string) error {
	r, err := v.tool(ctx, c, "cancel_task", map[string]any{"task_id": id}, nil)
	switch late := (*toolError)(nil); {
	case errors.As(err, &late) && !v.kind.slow:
		return nil
	case err != nil:
		return err
	case r["status"] != "cancelled":
		return fmt.Errorf("a cancelled task is %v", r["status"])
	}
	return nil
}

// elsewhere cancels a task after a while, over another connection.
func (v *visitor) elsewhere(ctx context.Context, id string, after time.Duration) <-chan error {
	done := make(chan error, 1)
	go func() {
		select {
		case <-time.After(after):
		case <-ctx.Done():
		}
		c, err := v.dial(ctx)
		if err == nil {
			err = errors.Join(v.cancel(ctx, c, id), c.leave(ctx), c.Close())
		}
		done <- err
	}()
	return done
}

func (v *visitor) moment(most time.Duration) time.Duration {
	return time.Duration(v.chance.Int64N(int64(most)))
}

// watches waits for a task that another connection cancels.
func watches(ctx context.Context, v *visitor) error {
	c, err := v.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	id, err := v.makes(ctx, c, v.hear)
	if err != nil {
		return err
	}
	done := v.elsewhere(ctx, id, v.moment(5*time.Second))
	r, err := v.tool(ctx, c, "get_task_status", map[string]any{"task_id": id, "wait_seconds": 45}, v.hear)
	if err := errors.Join(err, <-done); err != nil {
		return err
	}
	if r["status"] != "cancelled" {
		return fmt.Errorf("who waited for a cancelled task was told it is %v", r["status"])
	}
	return c.leave(ctx)
}

// vanishes is gone in the middle of a call, sometimes at the first piece of news.
func vanishes(ctx context.Context, v *visitor) error {
	c, err := v.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	id, err := v.makes(ctx, c, v.hear)
	if err != nil {
		return err
	}
	hear := v.hear
	if v.chance.IntN(2) == 0 {
		hear = func(message) bool { return false }
	}
	stay, cancel := context.WithTimeout(ctx, 10*time.Millisecond+v.moment(500*time.Millisecond))
	defer cancel()
	_, err = tool(stay, c, "get_task_status", map[string]any{"task_id": id, "wait_seconds": 45}, hear)
	if err != nil && !errors.Is(err, errDropped) && stay.Err() == nil {
		return err
	}
	if v.chance.IntN(2) == 0 {
		// Between the calls there is somebody who leaves as one should.
		return c.leave(ctx)
	}
	c.drop()
	return nil
}

// resumes breaks off while it waits, and comes back for the answer. It waits for the
// last of several tasks, of which something is told before it ends.
func resumes(ctx context.Context, v *visitor) error {
	c, err := v.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	id := ""
	for range 15 {
		if id, err = v.makes(ctx, c, nil); err != nil {
			return err
		}
	}
	w := c.(*web)
	stay, cancel := within(ctx)
	defer cancel()
	_, err = tool(stay, c, "get_task_status", map[string]any{"task_id": id, "wait_seconds": 45}, func(message) bool { return false })
	switch at := w.at.Load(); {
	case err == nil: // it was done already
	case !errors.Is(err, errDropped):
		return err
	case at == nil:
		return errors.New("there is no event to come back with")
	default:
		<-time.After(v.moment(time.Second))
		if _, err := w.resume(stay, *at, v.hear); err != nil {
			return fmt.Errorf("after event %s: %w", *at, err)
		}
		v.resumed.Add(1)
	}
	v.calls.Add(1)
	return c.leave(ctx)
}

// catchesUp breaks off the stream on which a task is told of, and hears of its end
// all the same.
func catchesUp(ctx context.Context, v *visitor) error {
	c, err := v.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	w := c.(*web)
	stay, cancel := within(ctx)
	defer cancel()
	last := 0.0
	hear := func(m message) bool {
		v.news.Add(1)
		var p struct {
			Progress float64 `json:"progress"`
		}
		_ = json.Unmarshal(m.Params, &p) // other news has none
		last = max(last, p.Progress)
		return false
	}
	resp, err := w.send(stay, http.MethodGet, nil) //nolint:bodyclose // answer closes it
	if err != nil {
		return err
	}
	first := make(chan error, 1)
	go func() {
		_, err := w.answer(resp, hear)
		first <- err
	}()
	// The call itself may hear of the beginning.
	if _, err := v.makes(ctx, c, func(m message) bool { return hear(m) || true }); err != nil {
		return err
	}
	for err = <-first; last < 100; {
		if !errors.Is(err, errDropped) {
			return fmt.Errorf("progress came up to %.0f: %w", last, err)
		}
		<-time.After(v.moment(100 * time.Millisecond))
		_, err = w.resume(stay, *w.at.Load(), hear)
		v.resumed.Add(1)
	}
	return c.leave(ctx)
}

// listens subscribes to a task and waits for its change.
func listens(ctx context.Context, v *visitor) error {
	c, err := v.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	id, err := v.makes(ctx, c, nil)
	if err != nil {
		return err
	}
	updated := func(m message) bool {
		v.news.Add(1)
		return m.Method != "notifications/resources/updated"
	}
	stay, cancel := within(ctx)
	defer cancel()
	uri := "trilha://tasks/" + id
	heard := make(chan error, 1)
	if v.era == modern {
		go func() {
			_, err := c.call(stay, "subscriptions/listen", map[string]any{
				"notifications": map[string]any{"resourceSubscriptions": []string{uri}},
			}, updated)
			heard <- err
		}()
	} else if err := v.listensOld(stay, c, uri, updated, heard); err != nil {
		return err
	}
	done := v.elsewhere(ctx, id, 300*time.Millisecond+v.moment(2*time.Second))
	if err := <-heard; !errors.Is(err, errDropped) {
		return fmt.Errorf("no update came: %w", errors.Join(err, <-done))
	}
	if err := <-done; err != nil {
		return err
	}
	if v.chance.IntN(2) == 0 {
		c.drop()
		return nil
	}
	return c.leave(ctx)
}

// listensOld subscribes as it was before 2026-07-28.
func (v *visitor) listensOld(ctx context.Context, c conn, uri string, updated news, heard chan<- error) error {
	switch c := c.(type) {
	case *web:
		resp, err := c.send(ctx, http.MethodGet, nil) //nolint:bodyclose // answer closes it
		if err != nil {
			return err
		}
		go func() {
			_, err := c.answer(resp, updated)
			heard <- err
		}()
	case *sse:
		box := c.expect(c.next(), updated)
		go func() {
			_, err := box.wait(ctx)
			heard <- err
		}()
	}
	_, err := c.call(ctx, "resources/subscribe", map[string]any{"uri": uri}, nil)
	return err
}

// crowds has many calls wait on one connection, which hold nothing up.
func crowds(ctx context.Context, v *visitor) error {
	c, err := v.dial(ctx)
	if err != nil {
		return err
	}
	defer c.Close()
	id, err := v.makes(ctx, c, nil)
	if err != nil {
		return err
	}
	const many = 150
	errs := make([]error, many)
	var all sync.WaitGroup
	for i := range errs {
		all.Go(func() {
			_, errs[i] = v.tool(ctx, c, "get_task_status", map[string]any{"task_id": id, "wait_seconds": 45}, v.hear)
		})
	}
	quick, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	_, err = tool(quick, c, "list_tasks", map[string]any{"limit": 1}, nil)
	err = errors.Join(err, v.cancel(ctx, c, id))
	all.Wait()
	if err := errors.Join(err, errors.Join(errs...)); err != nil {
		return err
	}
	return c.leave(ctx)
}
