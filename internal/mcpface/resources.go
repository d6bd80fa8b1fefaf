package mcpface

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/mcpwire"
	"github.com/trilha/trilha/internal/render"
	"github.com/trilha/trilha/internal/shelf"
	"github.com/trilha/trilha/internal/task"
)

const jsonType = "application/json"

// addResources registers trilha://tasks, trilha://paths and the templates.
func (f *Face) addResources() {
	for _, r := range []struct {
		uri, name, about string
		read             server.ResourceHandlerFunc
	}{
		{"trilha://paths", "paths", "Your finished learning paths, newest first, without their steps.", f.readPaths},
		{"trilha://tasks", "tasks", "Your tasks, newest first, without results.", f.readTasks},
	} {
		resource := mcp.NewResource(r.uri, r.name, mcp.WithResourceDescription(r.about), mcp.WithMIMEType(jsonType))
		f.resources = append(f.resources, resource)
		f.server.AddResource(resource, r.read)
	}
	for _, t := range []struct {
		uri, name, about, mime string
		read                   func(ctx context.Context, owner string, args []string) (string, string, error)
	}{
		{"trilha://tasks/{task_id}", "task", "One of your tasks, whole, with its result. Can be subscribed to.", jsonType, f.readTask},
		{"trilha://paths/{path_id}", "path", "One of your finished learning paths, whole.", jsonType, f.readPath},
		{"trilha://paths/{path_id}/{format}", "path in a format", "A finished path as markdown, json or mermaid.", "text/markdown", f.readPath},
		{"trilha://concepts/{concept_id}", "concept", "One concept of the graph; write the slash of its id as %2F.", jsonType, f.readConcept},
		{"trilha://concepts/{subject}/{concept}", "concept of a subject", "One concept of the graph, for example trilha://concepts/linear-algebra/eigenvalue.", jsonType, f.readConcept},
	} {
		template := mcp.NewResourceTemplate(t.uri, t.name, mcp.WithTemplateDescription(t.about), mcp.WithTemplateMIMEType(t.mime))
		f.templates = append(f.templates, template)
		f.server.AddResourceTemplate(template,
			func(ctx context.Context, r mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
				text, mime, err := t.read(ctx, f.ownerOf(ctx), uriParts(r.Params.URI))
				if err != nil {
					return nil, f.readable(ctx, err, r.Params.URI)
				}
				return []mcp.ResourceContents{mcp.TextResourceContents{URI: r.Params.URI, MIMEType: mime, Text: text}}, nil
			})
	}
}

// uriParts gives the unescaped path segments of a trilha:// address after its
// kind.
func uriParts(uri string) []string {
	_, rest, _ := strings.Cut(uri, "://")
	parts := strings.Split(rest, "/")[1:]
	for i, p := range parts {
		if u, err := url.PathUnescape(p); err == nil {
			parts[i] = u
		}
	}
	return parts
}

// hasTemplate tells whether there is a template, as it is written.
func (f *Face) hasTemplate(uri string) bool {
	return slices.ContainsFunc(f.templates, func(t mcp.ResourceTemplate) bool { return t.URITemplate.Raw() == uri })
}

// readable is an error fit to show: a fault's own words, or none of the inside. That
// there is no such resource has a code, which 2026-07-28 changed.
func (f *Face) readable(ctx context.Context, err error, uri string) error {
	e := f.refusal(ctx, err, uri)
	if errors.Is(err, fault.NotFound) {
		e.Data = map[string]any{"uri": uri}
		if !server.IsModernRequest(ctx) {
			e.Code = mcp.RESOURCE_NOT_FOUND
		}
	}
	return e
}

// refusal is what a request is answered that failed with err over something: a
// fault's own words, or none of the inside.
func (f *Face) refusal(ctx context.Context, err error, about string) *mcpwire.Error {
	shown, ok := fault.Of(err)
	if !ok {
		f.log.ErrorContext(ctx, "request failed", "about", about, "error", err)
		shown = fault.New(fault.Unavailable, "%s could not be read", about).With("Try again; the server's log has the details")
	}
	code := mcp.INTERNAL_ERROR
	if shown.Kind == fault.Invalid || shown.Kind == fault.NotFound {
		code = mcp.INVALID_PARAMS
	}
	return &mcpwire.Error{Code: code, Message: shown.Error()}
}

func (f *Face) readTasks(ctx context.Context, r mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
	page, err := f.tutor.Tasks(ctx, f.ownerOf(ctx), task.Filter{Limit: task.MaxPage})
	if err != nil {
		return nil, f.readable(ctx, err, r.Params.URI)
	}
	if page.Tasks == nil {
		page.Tasks = []task.Task{}
	}
	for _, t := range page.Tasks {
		if t.Status.Final() {
			f.followers.Settle(ctx, t.ID)
		}
	}
	raw, err := json.Marshal(map[string]any{"tasks": page.Tasks, "total": page.Total})
	if err != nil {
		return nil, f.readable(ctx, err, r.Params.URI)
	}
	return []mcp.ResourceContents{mcp.TextResourceContents{URI: r.Params.URI, MIMEType: jsonType, Text: string(raw)}}, nil
}

// listedPath is a finished path in trilha://paths.
type listedPath struct {
	ID        string    `json:"id"`
	Title     string    `json:"title"`
	Topic     string    `json:"topic"`
	Language  string    `json:"language"`
	Category  string    `json:"category"`
	Steps     int       `json:"steps"`
	Hours     int       `json:"hours"`
	CreatedAt time.Time `json:"created_at"`
}

func (f *Face) readPaths(ctx context.Context, r mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
	page, err := f.tutor.Paths(ctx, f.ownerOf(ctx), shelf.Query{Limit: shelf.MaxPage})
	if err != nil {
		return nil, f.readable(ctx, err, r.Params.URI)
	}
	paths := []listedPath{}
	for i := range page.Paths {
		p := &page.Paths[i]
		paths = append(paths, listedPath{p.ID, p.Title, p.Topic, p.Language, p.Category, p.Steps, p.Hours, p.CreatedAt.UTC()})
	}
	raw, err := json.Marshal(map[string]any{"paths": paths, "more": page.Next != ""})
	if err != nil {
		return nil, f.readable(ctx, err, r.Params.URI)
	}
	return []mcp.ResourceContents{mcp.TextResourceContents{URI: r.Params.URI, MIMEType: jsonType, Text: string(raw)}}, nil
}

func (f *Face) readTask(ctx context.Context, owner string, args []string) (string, string, error) {
	t, err := f.tutor.Whole(ctx, owner, args[0])
	if err != nil {
		return "", "", err
	}
	if t.Status.Final() {
		f.followers.Settle(ctx, t.ID)
	}
	raw, err := json.Marshal(t)
	return string(raw), jsonType, err
}

func (f *Face) readPath(ctx context.Context, owner string, args []string) (string, string, error) {
	p, err := f.tutor.Path(ctx, owner, args[0])
	if err != nil {
		return "", "", err
	}
	f.followers.Settle(ctx, args[0]) // it may be the id of the task, whose end this shows
	format := "json"
	if len(args) > 1 {
		format = args[1]
	}
	switch format {
	case "json":
		raw, err := json.Marshal(p)
		return string(raw), jsonType, err
	case "markdown":
		return render.Markdown(p, render.Options{Detailed: true}), "text/markdown", nil
	case "mermaid":
		return render.Mermaid(p), "text/vnd.mermaid", nil
	default:
		return "", "", fault.InField("format", "%q is not known", format).With("Use markdown, json or mermaid")
	}
}

func (f *Face) readConcept(_ context.Context, _ string, args []string) (string, string, error) {
	c, err := f.tutor.Concept(strings.Join(args, "/"))
	if err != nil {
		return "", "", err
	}
	// What a concept is and where to learn it; answer keys stay inside.
	raw, err := json.Marshal(map[string]any{
		"id": c.ID, "title": c.Title, "summary": c.Summary, "level": c.Level, "minutes": c.Minutes,
		"requires": c.Requires, "helps": c.Helps, "part_of": c.PartOf, "resources": c.Resources, "wikipedia": c.Wikipedia,
	})
	return string(raw), jsonType, err
}
