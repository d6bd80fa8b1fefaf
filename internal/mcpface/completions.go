package mcpface

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/learning"
	"github.com/trilha/trilha/internal/mcpwire"
	"github.com/trilha/trilha/internal/shelf"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/tools"
)

// Bounds of a completion. The protocol offers 100 values at most.
const (
	maxCompletions = 100
	maxMatches     = 5000 // of what is found and counted beyond those that are offered
	maxTyped       = learning.MaxTopic
	searched       = 5 // pages of the caller's tasks or paths in which values are looked for
)

// completer completes the arguments of prompts and of resource templates: topics
// and concepts from the graph, tasks and paths from the caller's own.
type completer struct{ f *Face }

// complete gives the values that an argument can have, the best first.
type complete func(ctx context.Context, typed string, given map[string]string) (*mcp.Completion, error)

// CompletePromptArgument is for mcp-go.
func (c completer) CompletePromptArgument(ctx context.Context, prompt string, a mcp.CompleteArgument, given mcp.CompleteContext) (*mcp.Completion, error) {
	if c.f.server.ListPrompts()[prompt] == nil {
		return c.answered(ctx, nil, fault.New(fault.NotFound, "no prompt %.40q", prompt).With("Use one that prompts/list gives"))
	}
	return c.complete(ctx, map[string]complete{
		"topic":    c.topics,
		"language": among(catalog.Languages),
		"category": among(catalog.Categories),
		"level":    among(learning.Levels),
		"path":     c.titles,
	}, a, given)
}

// CompleteResourceArgument is for mcp-go.
func (c completer) CompleteResourceArgument(ctx context.Context, uri string, a mcp.CompleteArgument, given mcp.CompleteContext) (*mcp.Completion, error) {
	if !c.f.hasTemplate(uri) {
		return c.answered(ctx, nil, fault.New(fault.NotFound, "no resource template %.80q", uri).With("Use one that resources/templates/list gives"))
	}
	return c.complete(ctx, map[string]complete{
		"concept_id": c.concepts,
		"subject":    c.subjects,
		"concept":    c.conceptsOf,
		"format":     among(tools.Formats),
		"task_id":    c.taskIDs,
		"path_id":    c.pathIDs,
	}, a, given)
}

// complete completes one argument. What nobody knows has no values.
func (c completer) complete(ctx context.Context, known map[string]complete, a mcp.CompleteArgument, given mcp.CompleteContext) (*mcp.Completion, error) {
	values := known[a.Name]
	switch {
	case values == nil:
		return &mcp.Completion{}, nil
	case len([]rune(a.Value)) > maxTyped:
		return c.answered(ctx, nil, fault.InField("argument.value", "longer than %d characters", maxTyped).With("Send the beginning"))
	}
	found, err := values(ctx, a.Value, given.Arguments)
	return c.answered(ctx, found, err)
}

// answered gives an error its code, which mcp-go does not let a completion choose.
func (c completer) answered(ctx context.Context, found *mcp.Completion, err error) (*mcp.Completion, error) {
	if err != nil {
		mcpwire.Refuse(ctx, c.f.refusal(ctx, err, "the values"))
	}
	return found, err
}

// offer gives the first of what was found.
func offer(found []string) *mcp.Completion {
	n := min(maxCompletions, len(found))
	return &mcp.Completion{Values: found[:n], Total: len(found), HasMore: n < len(found)}
}

// among completes one of few words.
func among(words func() []string) complete {
	return func(_ context.Context, typed string, _ map[string]string) (*mcp.Completion, error) {
		return offer(beginning(strings.ToLower(typed), words())), nil
	}
}

// beginning gives the values that begin with what was typed.
func beginning(typed string, values []string) []string {
	return slices.DeleteFunc(slices.Clone(values), func(v string) bool { return !strings.HasPrefix(v, typed) })
}

func (c completer) topics(_ context.Context, typed string, given map[string]string) (*mcp.Completion, error) {
	names, err := c.f.tutor.Complete(typed, cmp.Or(given["language"], "en"), given["category"], maxMatches)
	return offer(names), err
}

// concepts completes a concept's id as one segment of an address.
func (c completer) concepts(_ context.Context, typed string, _ map[string]string) (*mcp.Completion, error) {
	ids, err := c.f.tutor.CompleteID(strings.ReplaceAll(typed, "%2F", "/"), maxMatches)
	for i := range ids {
		ids[i] = strings.ReplaceAll(ids[i], "/", "%2F")
	}
	return offer(ids), err
}

func (c completer) subjects(_ context.Context, typed string, _ map[string]string) (*mcp.Completion, error) {
	ids, err := c.f.tutor.CompleteID(typed, maxMatches)
	subjects := []string{}
	for _, id := range ids {
		if s := catalog.SubjectOf(id); strings.HasPrefix(s, typed) && !slices.Contains(subjects, s) {
			subjects = append(subjects, s)
		}
	}
	return offer(subjects), err
}

// conceptsOf completes the second part of a concept's id, of the subject that was
// given, or of any.
func (c completer) conceptsOf(_ context.Context, typed string, given map[string]string) (*mcp.Completion, error) {
	ids, err := c.f.tutor.CompleteID("", maxMatches)
	concepts := []string{}
	for _, id := range ids {
		of, concept, _ := strings.Cut(id, "/")
		if strings.HasPrefix(concept, typed) && (given["subject"] == "" || of == given["subject"]) {
			concepts = append(concepts, concept)
		}
	}
	return offer(concepts), err
}

// taskIDs completes ids of the caller's own tasks, newest first.
func (c completer) taskIDs(ctx context.Context, typed string, _ map[string]string) (*mcp.Completion, error) {
	return c.own(func(cursor string) (found []string, next string, err error) {
		page, err := c.f.tutor.Tasks(ctx, c.f.ownerOf(ctx), task.Filter{Limit: task.MaxPage, Cursor: cursor})
		for i := range page.Tasks {
			found = append(found, page.Tasks[i].ID)
		}
		return beginning(typed, found), page.Next, err
	})
}

// pathIDs completes ids of the caller's own paths, newest first.
func (c completer) pathIDs(ctx context.Context, typed string, _ map[string]string) (*mcp.Completion, error) {
	return c.paths(ctx, "", func(p *shelf.Path) string {
		if strings.HasPrefix(p.ID, typed) {
			return p.ID
		}
		return ""
	})
}

// titles completes the title of one of the caller's own paths, from words of it.
func (c completer) titles(ctx context.Context, typed string, _ map[string]string) (*mcp.Completion, error) {
	return c.paths(ctx, typed, func(p *shelf.Path) string { return shownText(p.Title, maxName) })
}

// paths gives values made of the caller's own paths, newest first, and each once.
func (c completer) paths(ctx context.Context, words string, value func(*shelf.Path) string) (*mcp.Completion, error) {
	return c.own(func(cursor string) (found []string, next string, err error) {
		page, err := c.f.tutor.Paths(ctx, c.f.ownerOf(ctx), shelf.Query{Words: words, Limit: shelf.MaxPage, Cursor: cursor})
		for i := range page.Paths {
			if v := value(&page.Paths[i]); v != "" && !slices.Contains(found, v) {
				found = append(found, v)
			}
		}
		return found, page.Next, err
	})
}

// own offers what some pages of the caller's own have. How many there are in all is
// known only if those were all the pages.
func (c completer) own(page func(cursor string) (found []string, next string, err error)) (*mcp.Completion, error) {
	found, cursor := []string{}, ""
	for range searched {
		more, next, err := page(cursor)
		if err != nil {
			return nil, err
		}
		found, cursor = append(found, more...), next
		if cursor == "" || len(found) > maxCompletions {
			break
		}
	}
	out := offer(found)
	if cursor != "" {
		out.Total, out.HasMore = 0, true
	}
	return out, nil
}
