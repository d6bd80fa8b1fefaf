package tools

import (
	"context"
	"time"

	"github.com/trilha/trilha/internal/shelf"
)

type pathsInput struct {
	Query  string `json:"query"`
	Limit  int    `json:"limit"`
	Cursor string `json:"cursor"`
}

type listedPath struct {
	PathID    string `json:"path_id"`
	Title     string `json:"title"`
	Topic     string `json:"topic"`
	Language  string `json:"language"`
	Steps     int    `json:"steps"`
	Hours     int    `json:"hours"`
	CreatedAt string `json:"created_at"`
	Resource  string `json:"resource"`
}

type pathsOutput struct {
	Paths      []listedPath `json:"paths"`
	Kept       string       `json:"kept"`
	NextCursor string       `json:"next_cursor,omitempty"`
	Next       string       `json:"next"`
}

func (t *Tools) listLearningPaths() Definition {
	return define(t, about{
		name:  "list_learning_paths",
		title: "List your finished learning paths",
		description: "List your own finished learning paths, newest first. " +
			"Use it to go on with a path of an earlier conversation; what is still being made is in list_tasks. Changes nothing. " +
			"Returns a page with ids, titles and sizes, and next_cursor if there are more.",
		readOnly: true, idempotent: true,
		params: params{
			{name: "query", kind: "string", min: 1, max: 200, about: "words that title or topic must all have", example: "linear algebra"},
			{name: "limit", kind: "integer", min: 1, max: shelf.MaxPage, def: shelf.DefaultPage, about: "paths a page"},
			{name: "cursor", kind: "string", min: 1, max: 50, about: "next_cursor of the page before"},
		},
		output: `{"type":"object","properties":{"paths":{"type":"array","items":{"type":"object","properties":{"path_id":{"type":"string"},"title":{"type":"string"},` +
			`"topic":{"type":"string"},"language":{"type":"string"},"steps":{"type":"integer"},"hours":{"type":"integer"},"created_at":{"type":"string"},` +
			`"resource":{"type":"string"}},"required":["path_id","title"]}},` +
			`"kept":{"type":"string"},"next_cursor":{"type":"string"},"next":{"type":"string"}},"required":["paths","kept","next"]}`,
	}, t.paths)
}

func (t *Tools) paths(ctx context.Context, c Caller, in pathsInput) (pathsOutput, error) {
	page, err := t.tutor.Paths(ctx, c.Owner, shelf.Query{Words: in.Query, Limit: in.Limit, Cursor: in.Cursor})
	if err != nil {
		return pathsOutput{}, err
	}
	out := pathsOutput{Paths: []listedPath{}, NextCursor: page.Next, Kept: "until you delete them", Next: "get_learning_path with a path_id"}
	if page.Forgets {
		out.Kept = inMemory
	}
	for i := range page.Paths {
		p := &page.Paths[i]
		out.Paths = append(out.Paths, listedPath{
			PathID: p.ID, Title: p.Title, Topic: p.Topic, Language: p.Language, Steps: p.Steps, Hours: p.Hours,
			CreatedAt: p.CreatedAt.UTC().Format(time.RFC3339), Resource: pathURI(p.ID),
		})
	}
	switch {
	case page.Next != "":
		out.Next = "get_learning_path with a path_id; list_learning_paths with cursor next_cursor shows more"
	case len(out.Paths) == 0 && in.Query != "":
		out.Next = "list_learning_paths without query shows all; generate_learning_path_async makes one"
	case len(out.Paths) == 0:
		out.Next = "generate_learning_path_async makes one"
	}
	return out, nil
}
