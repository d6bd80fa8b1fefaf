package mcpface

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/learning"
	"github.com/trilha/trilha/internal/shelf"
)

// makes is the tool that a prompt has a path made with, and shows the one that it has
// it shown with.
const (
	makes = "generate_learning_path_async"
	shows = "get_learning_path"
)

// addPrompts registers the prompts learn and continue_learning, where the tools are
// offered that they have called.
func (f *Face) addPrompts() {
	if f.offers(makes) && f.offers(shows) {
		f.addLearn()
	}
	if f.offers(shows) {
		f.addContinueLearning()
	}
}

// offers tells whether a tool is among those that can be called here.
func (f *Face) offers(tool string) bool { return f.server.GetTool(tool) != nil }

func (f *Face) addLearn() {
	f.server.AddPrompt(mcp.NewPrompt("learn",
		mcp.WithPromptDescription("Plan how to learn a topic, step by step, with real links."),
		mcp.WithArgument("topic", mcp.RequiredArgument(), mcp.ArgumentDescription("What to learn, for example linear algebra")),
		mcp.WithArgument("language", mcp.ArgumentDescription("en, pt or es; default en")),
		mcp.WithArgument("category", mcp.ArgumentDescription("refuses topics of another: "+strings.Join(catalog.Categories(), ", "))),
		mcp.WithArgument("level", mcp.ArgumentDescription("beginner, intermediate or advanced")),
	), f.learn)
}

func (f *Face) addContinueLearning() {
	f.server.AddPrompt(mcp.NewPrompt("continue_learning",
		mcp.WithPromptDescription("Go on with one of your learning paths of an earlier conversation."),
		mcp.WithArgument("path", mcp.ArgumentDescription("Its path_id, or words of its title or topic; without it all are offered")),
	), f.continueLearning)
}

func (f *Face) learn(ctx context.Context, r mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
	given := r.Params.Arguments
	request, err := learning.Request{Topic: given["topic"], Language: given["language"], Level: given["level"]}.Normalize()
	if category := given["category"]; err == nil && category != "" {
		request.Category = category
		if !slices.Contains(catalog.Categories(), category) {
			err = fault.InField("category", "%.40q is not known", category).With("Use one of %s", strings.Join(catalog.Categories(), ", "))
		}
	}
	if err != nil {
		return nil, f.refusal(ctx, err, "the prompt")
	}
	var text strings.Builder
	fmt.Fprintf(&text, "I want to learn %q. Make me a learning path with generate_learning_path_async (language %s", request.Topic, request.Language)
	if request.Category != "" {
		fmt.Fprintf(&text, ", category %s", request.Category)
	}
	if request.Level != "" {
		fmt.Fprintf(&text, ", level %s", request.Level)
	}
	text.WriteString("), wait with get_task_status and wait_seconds 30, then show it with get_learning_path. " +
		"First ask me what I already know and how many hours a week I have, if that would change the path. " +
		"Keep the order and the links as they are, and tell me where to begin.")
	return prompt("Learn "+request.Topic, text.String()), nil
}

func prompt(about, text string) *mcp.GetPromptResult {
	return &mcp.GetPromptResult{
		Description: about,
		Messages:    []mcp.PromptMessage{mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent(text))},
	}
}

// offered is how many paths continue_learning offers at most.
const offered = 10

// continueLearning starts from the caller's own paths: from the one that is meant,
// or by asking which.
func (f *Face) continueLearning(ctx context.Context, r mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
	owner, asked := f.ownerOf(ctx), strings.TrimSpace(r.Params.Arguments["path"])
	if len(asked) > maxURI {
		return nil, f.refusal(ctx, fault.InField("path", "%d bytes, want at most %d", len(asked), maxURI), "path")
	}
	if p, err := f.tutor.Path(ctx, owner, asked); err == nil {
		return goOn(p.ID, p.Title), nil
	}
	page, err := f.tutor.Paths(ctx, owner, shelf.Query{Words: asked, Limit: offered})
	if err == nil && len(page.Paths) == 0 && asked != "" {
		page, err = f.tutor.Paths(ctx, owner, shelf.Query{Limit: offered})
	} else if err == nil && len(page.Paths) == 1 {
		return goOn(page.Paths[0].ID, page.Paths[0].Title), nil
	}
	if err != nil {
		return nil, f.readable(ctx, err, "the list of paths")
	}
	return f.choose(asked, page), nil
}

func goOn(id, title string) *mcp.GetPromptResult {
	return prompt("Continue "+title, fmt.Sprintf("I want to go on with my learning path %q. Show it with get_learning_path (id %s), and ask me which steps "+
		"I have finished and what was hard. Then take up the next step that I am ready for, with section and its number: go through its links "+
		"and exercises with me, and quiz me before we move on. Keep the order and the links as they are.", title, id))
}

// choose asks which of several paths is meant, or has one made.
func (f *Face) choose(asked string, page shelf.Page) *mcp.GetPromptResult {
	if len(page.Paths) == 0 && !f.offers(makes) {
		return prompt("Continue learning", "I want to go on learning, but I have no finished learning path here, and this server makes none. "+
			"Ask me what I want to learn, and help me to find where it begins.")
	}
	if len(page.Paths) == 0 {
		return prompt("Continue learning", "I want to go on learning, but I have no finished learning path here. "+
			"Ask me what I want to learn, and make a path with generate_learning_path_async.")
	}
	var text strings.Builder
	text.WriteString("I want to go on with one of my learning paths")
	if asked != "" {
		fmt.Fprintf(&text, " (%q)", asked)
	}
	text.WriteString(". Ask me which of these I mean, then show it with get_learning_path and take up the next step:\n")
	for i := range page.Paths {
		p := &page.Paths[i]
		fmt.Fprintf(&text, "- %q, %d steps, made on %s: id %s\n", p.Title, p.Steps, p.CreatedAt.UTC().Format(time.DateOnly), p.ID)
	}
	if page.Next != "" {
		text.WriteString("There are more: list_learning_paths finds them by words.\n")
	}
	return prompt("Continue learning", text.String())
}
