package main

import (
	"context"
	"encoding/json"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
)

// The smallest image and the shortest sound that are valid: one red pixel, and a
// WAV file of a single silent sample.
const (
	pixel   = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC"
	silence = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQIAAAAAAA=="
)

// addContent adds tools that return each kind of content.
func addContent(s *server.MCPServer) {
	note := mcp.NewEmbeddedResource(mcp.TextResourceContents{
		URI: "test://embedded-resource", MIMEType: "text/plain", Text: "This is an embedded resource content.",
	})
	mixed := mcp.NewEmbeddedResource(mcp.TextResourceContents{
		URI: "test://mixed-content-resource", MIMEType: "application/json", Text: `{"test":"data","value":123}`,
	})
	image, text := mcp.NewImageContent(pixel, "image/png"), mcp.NewTextContent
	for name, content := range map[string][]mcp.Content{
		"test_simple_text":            {text("This is a simple text response for testing.")},
		"test_image_content":          {image},
		"test_audio_content":          {mcp.NewAudioContent(silence, "audio/wav")},
		"test_embedded_resource":      {note},
		"test_multiple_content_types": {text("Multiple content types test:"), image, mixed},
		"json_schema_2020_12_tool":    {text("The schema is what counts.")},
		"test_header_parameter":       {text("The header agrees with the argument.")},
	} {
		s.AddTool(toolOf(name), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
			return &mcp.CallToolResult{Content: content}, nil
		})
	}
	s.AddTool(toolOf("test_error_handling"), func(context.Context, mcp.CallToolRequest) (*mcp.CallToolResult, error) {
		return mcp.NewToolResultError("This tool intentionally returns an error for testing"), nil
	})
}

// schemas lists the input schemas of the tools that take something.
var schemas = map[string]string{
	"test_sampling":    `{"type":"object","properties":{"prompt":{"type":"string"}},"required":["prompt"]}`,
	"test_elicitation": `{"type":"object","properties":{"message":{"type":"string"}},"required":["message"]}`,
	// A parameter that travels in a header as well.
	"test_header_parameter": `{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"}},"required":["region"]}`,
	// What JSON Schema 2020-12 has and earlier drafts lack must reach the client.
	"json_schema_2020_12_tool": `{
		"$schema": "https://json-schema.org/draft/2020-12/schema",
		"type": "object",
		"$defs": {"address": {
			"$anchor": "addressDef", "type": "object",
			"properties": {"street": {"type": "string"}, "city": {"type": "string"}}
		}},
		"properties": {
			"name": {"type": "string"},
			"address": {"$ref": "#/$defs/address"},
			"contactMethod": {"type": "string", "enum": ["phone", "email"]},
			"phone": {"type": "string"},
			"email": {"type": "string"}
		},
		"allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
		"if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
		"then": {"required": ["phone"]},
		"else": {"required": ["email"]},
		"additionalProperties": false
	}`,
}

// toolOf declares the fixture of a name.
func toolOf(name string) mcp.Tool {
	schema := schemas[name]
	if schema == "" {
		schema = `{"type":"object","properties":{}}`
	}
	return mcp.NewToolWithRawSchema(name, "A fixture of the conformance suite.", json.RawMessage(schema))
}
