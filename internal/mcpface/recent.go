package mcpface

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/trilha/trilha/internal/learning"
	"github.com/trilha/trilha/internal/shelf"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/tools"
)

// maxRecent is how many of the caller's newest tasks, and how many of their newest
// paths, are listed as resources.
const maxRecent = 100

// Bounds of what is shown in names and descriptions, in characters. It comes from
// requests, so it is data: one line without anything invisible.
const (
	maxName  = 80
	maxAbout = 200
)

// recent lists what can be read without a template: the two lists, and after them the
// owner's own newest tasks and paths, the newest first.
func (f *Face) recent(ctx context.Context, owner string) ([]item[mcp.Resource], error) {
	var all []item[mcp.Resource]
	for _, r := range f.resources {
		all = append(all, item[mcp.Resource]{"! " + r.URI, r}) // before every number
	}
	tasks, err := f.tutor.Tasks(ctx, owner, task.Filter{Limit: maxRecent})
	if err != nil {
		return all, err
	}
	for i := range tasks.Tasks {
		t := &tasks.Tasks[i]
		if t.Status.Final() {
			f.followers.Settle(ctx, t.ID)
		} else {
			f.observe(owner, *t)
		}
		all = append(all, item[mcp.Resource]{newestFirst(t.CreatedAt, "task "+t.ID), taskResource(t)})
	}
	paths, err := f.tutor.Paths(ctx, owner, shelf.Query{Limit: maxRecent})
	for i := range paths.Paths {
		p := &paths.Paths[i]
		all = append(all, item[mcp.Resource]{newestFirst(p.CreatedAt, "path "+p.ID), pathResource(p)})
	}
	return all, err
}

func taskResource(t *task.Task) mcp.Resource {
	r := mcp.NewResource("trilha://tasks/"+t.ID, shownText(t.Description, maxName), mcp.WithMIMEType(jsonType),
		mcp.WithResourceDescription(fmt.Sprintf("A task of yours of %s: %s.", t.CreatedAt.UTC().Format(time.DateTime), standing(t))))
	r.Annotations = &mcp.Annotations{LastModified: t.UpdatedAt.UTC().Format(time.RFC3339)}
	return r
}

// standing says how a task stands, in words that change only when the list of
// resources is said to have changed.
func standing(t *task.Task) string {
	switch t.Status {
	case task.Pending, task.Running:
		if t.Awaits() {
			return "it waits for an answer, " + shownText(tools.Question(*t), maxAbout)
		}
		return "in work"
	case task.Failed:
		return "failed, " + shownText(t.Error, maxAbout)
	default:
		return string(t.Status)
	}
}

func pathResource(p *shelf.Path) mcp.Resource {
	r := mcp.NewResource("trilha://paths/"+p.ID, shownText(p.Title, maxName), mcp.WithMIMEType(jsonType),
		mcp.WithResourceDescription(fmt.Sprintf("A finished learning path of yours, made for %q: %d steps, %d hours, language %s.",
			shownText(p.Topic, maxName), p.Steps, p.Hours, p.Language)))
	r.Annotations = &mcp.Annotations{LastModified: p.UpdatedAt.UTC().Format(time.RFC3339)}
	return r
}

// shownText makes one line of at most n characters.
func shownText(s string, n int) string {
	s = strings.Join(strings.Fields(learning.Printable(s)), " ")
	if utf8.RuneCountInString(s) > n {
		return string([]rune(s)[:n-1]) + "…"
	}
	return s
}
