package rest

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/danielgtaylor/huma/v2"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/task"
)

// generate makes a path and waits for it. The task goes on whatever becomes of the
// request.
func (f *Face) generate(ctx context.Context, in *generateInput) (*answer[wholePath], error) {
	owner := f.owner(ctx)
	release, err := f.held.take(owner)
	if err != nil {
		return nil, err
	}
	defer release()
	o := in.order()
	o.Watch = true
	s, err := f.tutor.Generate(ctx, owner, o)
	switch {
	case errors.Is(err, fault.NotFound), errors.Is(err, fault.Conflict): // no topic, or several
		return nil, &problem{status: http.StatusNotFound, text: words(err)}
	case err != nil:
		return nil, err
	}
	t := f.ended(ctx, s)
	switch t.Status {
	case task.Completed:
		return &answer[wholePath]{wholePath(t.Result)}, nil
	case task.Failed:
		f.log.InfoContext(ctx, "task failed", "task", t.ID)
		return nil, &problem{status: http.StatusInternalServerError, text: t.Error}
	case task.Cancelled:
		return nil, &problem{status: http.StatusConflict, text: fmt.Sprintf("Task %s was cancelled", t.ID)}
	}
	return nil, &problem{
		status: http.StatusGatewayTimeout, location: "/status/" + t.ID,
		text: fmt.Sprintf("Task %s is still %s. Ask GET /status/%s until it is completed, or send this request again", t.ID, t.Status, t.ID),
	}
}

// ended waits for the end of a task within bounds, and gives it as it stands then.
func (f *Face) ended(ctx context.Context, s task.Submission) task.Task {
	defer s.Watch.Stop()
	ctx, cancel := context.WithTimeout(ctx, f.wait)
	defer cancel()
	last := s.Task
	for !last.Status.Final() {
		select {
		case t, ok := <-s.Watch.Events:
			if !ok {
				return last
			}
			last = t
		case <-ctx.Done():
			return last
		case <-f.closing.Done():
			return last
		}
	}
	return last
}

func words(err error) string {
	if e, ok := fault.Of(err); ok {
		return e.Error()
	}
	return http.StatusText(http.StatusNotFound)
}

// asked refuses what another site's page made a browser load: a picture's address,
// for instance, carries no Origin, and would start work.
func asked(ctx huma.Context, next func(huma.Context)) {
	r, w := unwrap(ctx)
	if site := r.Header.Get("Sec-Fetch-Site"); (site == "cross-site" || site == "same-site") && r.Header.Get("Origin") == "" {
		(&problem{status: http.StatusForbidden, text: "Another site's page may not start work"}).write(w)
		return
	}
	next(ctx)
}
