package mcpface

import (
	"context"
	"fmt"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/trilha/trilha/internal/learning"
)

// addPrompts registers the prompt learn.
func (f *Face) addPrompts() {
	f.server.AddPrompt(mcp.NewPrompt("learn",
		mcp.WithPromptDescription("Plan how to learn a topic, step by step, with real links."),
		mcp.WithArgument("topic", mcp.RequiredArgument(), mcp.ArgumentDescription("What to learn, for example linear algebra")),
		mcp.WithArgument("language", mcp.ArgumentDescription("en, pt or es; default en")),
		mcp.WithArgument("level", mcp.ArgumentDescription("beginner, intermediate or advanced")),
	), learn)
}

func learn(_ context.Context, r mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
	request := learning.Request{Topic: r.Params.Arguments["topic"], Language: r.Params.Arguments["language"], Level: r.Params.Arguments["level"]}
	request, err := request.Normalize()
	if err != nil {
		return nil, err
	}
	var text strings.Builder
	fmt.Fprintf(&text, "I want to learn %q. Make me a learning path with generate_learning_path_async (language %s", request.Topic, request.Language)
	if request.Level != "" {
		fmt.Fprintf(&text, ", level %s", request.Level)
	}
	text.WriteString("), wait with get_task_status and wait_seconds 30, then show it with get_learning_path. " +
		"First ask me what I already know and how many hours a week I have, if that would change the path. " +
		"Keep the order and the links as they are, and tell me where to begin.")
	return &mcp.GetPromptResult{
		Description: "Learn " + request.Topic,
		Messages:    []mcp.PromptMessage{mcp.NewPromptMessage(mcp.RoleUser, mcp.NewTextContent(text.String()))},
	}, nil
}
