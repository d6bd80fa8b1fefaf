package main

import "fmt"

// listing is the MCP Registry's server.json, schema 2025-12-11.
type listing struct {
	Schema      string            `json:"$schema"`
	Name        string            `json:"name"`
	Title       string            `json:"title"`
	Description string            `json:"description"`
	Version     string            `json:"version"`
	WebsiteURL  string            `json:"websiteUrl"`
	Repository  map[string]string `json:"repository"`
	Packages    []listed          `json:"packages"`
}

type listed struct {
	RegistryType     string            `json:"registryType"`
	Identifier       string            `json:"identifier"`
	Version          string            `json:"version,omitempty"`
	FileSHA256       string            `json:"fileSha256,omitempty"`
	RuntimeHint      string            `json:"runtimeHint,omitempty"`
	Transport        map[string]string `json:"transport"`
	RuntimeArguments []argument        `json:"runtimeArguments,omitempty"`
	PackageArguments []argument        `json:"packageArguments,omitempty"`
	Environment      []variable        `json:"environmentVariables,omitempty"`
}

type argument struct {
	Type        string `json:"type"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Value       string `json:"value,omitempty"`
	Default     string `json:"default,omitempty"`
}

type variable struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	Default     string   `json:"default"`
	Choices     []string `json:"choices,omitempty"`
}

// serverJSON is the listing. The bundle is in it once its hash is known, which is
// when a release has been built.
func serverJSON(bundleSHA256 string) listing {
	stdio := map[string]string{"type": "stdio"}
	store := argument{Type: "named", Name: "--store", Default: "sqlite", Description: "Where tasks and paths are kept: sqlite (a file of yours), memory (a restart forgets them), sqlite:PATH or postgres://..."}
	settings := []variable{
		{"TRILHA_TTL", "How long a finished task is kept.", "24h", nil},
		{"TRILHA_LOG_LEVEL", "What is logged on standard error.", "warn", []string{"debug", "info", "warn", "error"}},
	}
	l := listing{
		Schema: "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
		Name:   registry, Title: title, Description: description, Version: version, WebsiteURL: repository,
		Repository: map[string]string{"url": repository, "source": "github"},
		Packages: []listed{
			{
				RegistryType: "npm", Identifier: npmPackage, Version: version, RuntimeHint: "npx", Transport: stdio,
				PackageArguments: []argument{store}, Environment: settings,
			},
			{
				RegistryType: "oci", Identifier: image + ":" + version, RuntimeHint: "docker", Transport: stdio,
				RuntimeArguments: []argument{{Type: "named", Name: "-v", Value: "trilha:/data", Description: "The volume that holds the store."}},
				PackageArguments: []argument{store}, Environment: settings,
			},
		},
	}
	if bundleSHA256 != "" {
		l.Packages = append(l.Packages, listed{
			RegistryType: "mcpb", Identifier: fmt.Sprintf("%s/releases/download/v%s/%s", repository, version, bundleName),
			Version: version, FileSHA256: bundleSHA256, Transport: stdio,
		})
	}
	return l
}
