package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// addResources adds two resources, one to watch, and a template.
func addResources(s *server.MCPServer) {
	for _, c := range []mcp.ResourceContents{
		mcp.TextResourceContents{URI: "test://static-text", MIMEType: "text/plain", Text: "This is the content of the static text resource."},
		mcp.BlobResourceContents{URI: "test://static-binary", MIMEType: "image/png", Blob: pixel},
		mcp.TextResourceContents{URI: "test://watched-resource", MIMEType: "text/plain", Text: "Nothing has changed yet."},
	} {
		uri, kind := described(c)
		resource := mcp.NewResource(uri, strings.TrimPrefix(uri, "test://"),
			mcp.WithResourceDescription("A fixture of the conformance suite."), mcp.WithMIMEType(kind))
		s.AddResource(resource, func(context.Context, mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
			return []mcp.ResourceContents{c}, nil
		})
	}
	s.AddResourceTemplate(
		mcp.NewResourceTemplate("test://template/{id}/data", "template", mcp.WithTemplateMIMEType("application/json")),
		func(_ context.Context, r mcp.ReadResourceRequest) ([]mcp.ResourceContents, error) {
			id := strings.TrimSuffix(strings.TrimPrefix(r.Params.URI, "test://template/"), "/data")
			text := fmt.Sprintf(`{"id":%q,"templateTest":true,"data":"Data for ID: %s"}`, id, id)
			return []mcp.ResourceContents{mcp.TextResourceContents{URI: r.Params.URI, MIMEType: "application/json", Text: text}}, nil
		})
}

func described(c mcp.ResourceContents) (uri, kind string) {
	switch c := c.(type) {
	case mcp.TextResourceContents:
		return c.URI, c.MIMEType
	case mcp.BlobResourceContents:
		return c.URI, c.MIMEType
	}
	return "", ""
}

// addPrompts adds prompts with each kind of content.
func addPrompts(s *server.MCPServer) {
	for _, p := range []struct {
		name    string
		args    []string
		content func(args map[string]string) []mcp.Content
	}{
		{"test_simple_prompt", nil, func(map[string]string) []mcp.Content {
			return []mcp.Content{mcp.NewTextContent("This is a simple prompt for testing.")}
		}},
		{"test_prompt_with_arguments", []string{"arg1", "arg2"}, func(args map[string]string) []mcp.Content {
			return []mcp.Content{mcp.NewTextContent(fmt.Sprintf("Prompt with arguments: arg1='%s', arg2='%s'", args["arg1"], args["arg2"]))}
		}},
		{"test_prompt_with_embedded_resource", []string{"resourceUri"}, func(args map[string]string) []mcp.Content {
			return []mcp.Content{
				mcp.NewEmbeddedResource(mcp.TextResourceContents{
					URI: args["resourceUri"], MIMEType: "text/plain", Text: "Embedded resource content for testing.",
				}),
				mcp.NewTextContent("Please process the embedded resource above."),
			}
		}},
		{"test_prompt_with_image", nil, func(map[string]string) []mcp.Content {
			return []mcp.Content{mcp.NewImageContent(pixel, "image/png"), mcp.NewTextContent("Please analyze the image above.")}
		}},
	} {
		options := []mcp.PromptOption{mcp.WithPromptDescription("A fixture of the conformance suite.")}
		for _, name := range p.args {
			options = append(options, mcp.WithArgument(name, mcp.RequiredArgument()))
		}
		s.AddPrompt(mcp.NewPrompt(p.name, options...), func(_ context.Context, r mcp.GetPromptRequest) (*mcp.GetPromptResult, error) {
			return prompt(p.content(r.Params.Arguments)...), nil
		})
	}
}

// prompt is a prompt of the user's, a message for each content.
func prompt(contents ...mcp.Content) *mcp.GetPromptResult {
	result := &mcp.GetPromptResult{}
	for _, c := range contents {
		result.Messages = append(result.Messages, mcp.NewPromptMessage(mcp.RoleUser, c))
	}
	return result
}
