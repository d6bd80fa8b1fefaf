package rest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/learning"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/tutor"
)

// order is what was asked for. A bound that was not sent is left open, so that it
// yields to those that were. A category that is none of ours is not ours to judge.
func (in *generateInput) order() tutor.Order {
	o := tutor.Order{
		Request: learning.Request{
			Topic: in.Topic, NumNodes: in.NumNodes, MaxResources: in.MaxResources,
			MinWidth: in.MinWidth, MaxWidth: in.MaxWidth, MinHeight: in.MinHeight, MaxHeight: in.MaxHeight,
			Language: in.Language, Lenient: true,
		},
		Likeness: in.Threshold,
	}
	if slices.Contains(catalog.Categories(), in.Category) {
		o.Category = in.Category
	}
	return o
}

func (f *Face) generateAsync(ctx context.Context, in *generateInput) (*answer[accepted], error) {
	o := in.order()
	o.Late = true
	s, err := f.tutor.Generate(ctx, f.owner(ctx), o)
	if err != nil {
		return nil, err
	}
	message := "Task created successfully"
	if s.Task.Status == task.Completed {
		message = "Task completed immediately (cached result)"
	}
	return &answer[accepted]{accepted{TaskID: s.Task.ID, Status: "accepted", Message: message}}, nil
}

func (f *Face) status(ctx context.Context, in *taskInput) (*answer[taskBody], error) {
	found, err := f.tutor.Whole(ctx, f.owner(ctx), in.ID)
	if err != nil {
		return nil, orNotFound(err, in.ID)
	}
	return &answer[taskBody]{shown(found)}, nil
}

func (f *Face) cancel(ctx context.Context, in *taskInput) (*answer[taskBody], error) {
	ended, err := f.tutor.Cancel(ctx, f.owner(ctx), in.ID)
	if err != nil {
		return nil, orNotFound(err, in.ID)
	}
	return &answer[taskBody]{shown(ended)}, nil
}

// orNotFound says that a task is not there in the words of the original.
func orNotFound(err error, id string) error {
	if errors.Is(err, fault.NotFound) {
		return taskNotFound(id)
	}
	return err
}

// tasks answers with a page of whole tasks, each read when it is written: all of
// them at once would be megabytes.
func (f *Face) tasks(ctx context.Context, in *tasksInput) (*page, error) {
	filter := task.Filter{Limit: in.Limit, Cursor: in.Cursor}
	switch in.Status {
	case "":
	case string(task.Failed): // as shown
		filter.Statuses = []task.Status{task.Failed, task.Cancelled}
	default:
		filter.Statuses = []task.Status{task.Status(in.Status)}
	}
	owner := f.owner(ctx)
	listed, err := f.tutor.Tasks(ctx, owner, filter)
	if err != nil {
		return nil, err
	}
	out := &page{Body: func(hc huma.Context) { f.writeTasks(hc, owner, listed.Tasks) }}
	if listed.Next != "" {
		next := url.Values{"limit": {strconv.Itoa(in.Limit)}, "cursor": {listed.Next}}
		if in.Status != "" {
			next.Set("status", in.Status)
		}
		out.Link = fmt.Sprintf(`</tasks?%s>; rel="next"`, next.Encode())
	}
	return out, nil
}

func (f *Face) writeTasks(hc huma.Context, owner string, list []task.Task) {
	hc.SetHeader("Content-Type", jsonType)
	hc.SetStatus(http.StatusOK)
	w := hc.BodyWriter()
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	between := "["
	for _, t := range list {
		whole, err := f.tutor.Whole(hc.Context(), owner, t.ID)
		switch {
		case errors.Is(err, fault.NotFound): // it expired just now
			continue
		case err != nil:
			f.log.ErrorContext(hc.Context(), "list of tasks broken off", "error", err)
			panic(http.ErrAbortHandler) // so that nobody takes the part for the whole
		}
		_, _ = w.Write([]byte(between))
		if err := encoder.Encode(shown(whole)); err != nil {
			panic(http.ErrAbortHandler)
		}
		between = ","
	}
	if between == "[" {
		_, _ = w.Write([]byte("["))
	}
	_, _ = w.Write([]byte("]\n"))
}
