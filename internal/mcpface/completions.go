package mcpface

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/learning"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/tools"
)

// maxCompletions is how many values a completion offers; the protocol's limit is
// 100, and a menu is read by a person.
const maxCompletions = 20

// completer completes the arguments of prompts and of resource templates: topics
// and concepts from the graph, tasks from the caller's own.
type completer struct{ f *Face }

// CompletePromptArgument is for mcp-go.
func (c completer) CompletePromptArgument(_ context.Context, _ string, a mcp.CompleteArgument, given mcp.CompleteContext) (*mcp.Completion, error) {
	switch a.Name {
	case "topic":
		language := cmp.Or(given.Arguments["language"], "en")
		names, err := c.f.tutor.Complete(a.Value, language, maxCompletions)
		return &mcp.Completion{Values: names}, err
	case "language":
		return beginning(a.Value, catalog.Languages()), nil
	case "level":
		return beginning(a.Value, learning.Levels()), nil
	default:
		return &mcp.Completion{}, nil
	}
}

// CompleteResourceArgument is for mcp-go.
func (c completer) CompleteResourceArgument(ctx context.Context, _ string, a mcp.CompleteArgument, given mcp.CompleteContext) (*mcp.Completion, error) {
	switch a.Name {
	case "concept_id":
		ids, err := c.f.tutor.CompleteID(a.Value, maxCompletions)
		for i := range ids { // one segment of an address
			ids[i] = strings.ReplaceAll(ids[i], "/", "%2F")
		}
		return &mcp.Completion{Values: ids}, err
	case "subject", "concept":
		return c.ofSubject(a, given.Arguments["subject"])
	case "format":
		return beginning(a.Value, tools.Formats()), nil
	case "task_id":
		return c.tasks(ctx, a.Value)
	default:
		return &mcp.Completion{}, nil
	}
}

// ofSubject completes the two parts of a concept's id.
func (c completer) ofSubject(a mcp.CompleteArgument, subject string) (*mcp.Completion, error) {
	typed := a.Value
	if a.Name == "concept" && subject != "" {
		typed = subject + "/" + a.Value
	}
	ids, err := c.f.tutor.CompleteID(typed, 1000)
	values := []string{}
	for _, id := range ids {
		of, concept, _ := strings.Cut(id, "/")
		value := of
		if a.Name == "concept" {
			value = concept
		}
		if strings.HasPrefix(value, a.Value) && (subject == "" || of == subject) && !slices.Contains(values, value) {
			values = append(values, value)
		}
	}
	return &mcp.Completion{Values: values[:min(maxCompletions, len(values))]}, err
}

// tasks completes ids of the caller's own tasks, newest first.
func (c completer) tasks(ctx context.Context, typed string) (*mcp.Completion, error) {
	page, err := c.f.tutor.Tasks(ctx, c.f.ownerOf(ctx), task.Filter{Limit: task.MaxPage})
	if err != nil {
		return nil, err
	}
	var ids []string
	for i := range page.Tasks {
		ids = append(ids, page.Tasks[i].ID)
	}
	return beginning(typed, ids), nil
}

// beginning offers the values that begin with what was typed.
func beginning(typed string, values []string) *mcp.Completion {
	found := slices.DeleteFunc(slices.Clone(values), func(v string) bool { return !strings.HasPrefix(v, strings.ToLower(typed)) })
	return &mcp.Completion{Values: found[:min(maxCompletions, len(found))]}
}
