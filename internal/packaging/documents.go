package main

import (
	"bytes"
	"encoding/json"
	"strings"
)

// document is a file that is written from the product's facts, by its path from
// the repository's root.
type document struct {
	path    string
	content any
}

// documents are the files that are committed. Those who read them want them at
// these places.
func documents() []document {
	return []document{
		{"server.json", serverJSON("")},
		{"glama.json", glama{"https://glama.ai/mcp/schemas/server.json", []string{maintainer}}},
		{"gemini-extension.json", extension{name, version, description, servers{name: pinned()}}},
		{".claude-plugin/marketplace.json", claudeMarketplace()},
		{"packaging/claude/.claude-plugin/plugin.json", claudePlugin()},
		{"packaging/claude/.mcp.json", mcpServers{servers{name: pinned()}}},
		{"packaging/mcpb/manifest.json", mcpbManifest(platforms)},
		{"packaging/npm/package.json", npmWrapper()},
	}
}

// encode writes JSON as a person would: two spaces, no escaped characters.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}

// sentence is the first of a text.
func sentence(text string) string {
	first, _, more := strings.Cut(text, ". ")
	if more {
		return first + "."
	}
	return first
}

type servers map[string]launch

// mcpServers is the form of settings that most assistants share.
type mcpServers struct {
	Servers servers `json:"mcpServers"`
}

// glama is https://glama.ai's file.
type glama struct {
	Schema      string   `json:"$schema"`
	Maintainers []string `json:"maintainers"`
}

// extension is Gemini CLI's file.
type extension struct {
	Name        string  `json:"name"`
	Version     string  `json:"version"`
	Description string  `json:"description"`
	Servers     servers `json:"mcpServers"`
}

type person struct {
	Name string `json:"name"`
	URL  string `json:"url,omitempty"`
}

// plugin is one of Claude Code's, in its own file and in a marketplace's list.
type plugin struct {
	Name        string   `json:"name"`
	Source      string   `json:"source,omitempty"`
	Version     string   `json:"version"`
	Description string   `json:"description"`
	Author      person   `json:"author"`
	Homepage    string   `json:"homepage"`
	Repository  string   `json:"repository"`
	License     string   `json:"license"`
	Keywords    []string `json:"keywords"`
}

type marketplace struct {
	Name     string            `json:"name"`
	Owner    person            `json:"owner"`
	Metadata map[string]string `json:"metadata"`
	Plugins  []plugin          `json:"plugins"`
}

func claudePlugin() plugin {
	return plugin{
		Name: name, Version: version, Description: description, Author: person{Name: author, URL: repository},
		Homepage: repository, Repository: repository, License: licence, Keywords: keywords,
	}
}

func claudeMarketplace() marketplace {
	p := claudePlugin()
	p.Source = "./packaging/claude"
	return marketplace{
		Name: name, Owner: person{Name: author}, Plugins: []plugin{p},
		Metadata: map[string]string{"description": "Trilha, a server that makes learning paths.", "version": version},
	}
}
