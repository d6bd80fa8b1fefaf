package main

import "slices"

// bundleName is the same in every release, so that a link to the latest stays.
const bundleName = "trilha.mcpb"

// platforms of a whole bundle, as its manifest names them, each with the binary's
// place: one for an operating system, since hosts do not choose by processor.
var platforms = []string{"darwin", "win32", "linux"}

// binaryOf is where a bundle has a platform's binary.
func binaryOf(platform string) string {
	if platform == "win32" {
		return "server/win32/trilha.exe"
	}
	return "server/" + platform + "/trilha"
}

// manifest is that of an MCP bundle, version 0.3.
type manifest struct {
	ManifestVersion  string            `json:"manifest_version"`
	Name             string            `json:"name"`
	DisplayName      string            `json:"display_name"`
	Version          string            `json:"version"`
	Description      string            `json:"description"`
	LongDescription  string            `json:"long_description"`
	Author           person            `json:"author"`
	Repository       map[string]string `json:"repository"`
	Homepage         string            `json:"homepage"`
	Documentation    string            `json:"documentation"`
	Support          string            `json:"support"`
	License          string            `json:"license"`
	Keywords         []string          `json:"keywords"`
	PrivacyPolicies  []string          `json:"privacy_policies"`
	Localization     map[string]string `json:"localization"`
	Server           bundled           `json:"server"`
	Tools            []tool            `json:"tools"`
	ToolsGenerated   bool              `json:"tools_generated"`
	PromptsGenerated bool              `json:"prompts_generated"` // their texts depend on the arguments
	Compatibility    compatibility     `json:"compatibility"`
	UserConfig       userConfig        `json:"user_config"`
}

type bundled struct {
	Type       string    `json:"type"`
	EntryPoint string    `json:"entry_point"`
	Config     mcpConfig `json:"mcp_config"`
}

type mcpConfig struct {
	Command   string              `json:"command"`
	Args      []string            `json:"args"`
	Env       map[string]string   `json:"env"`
	Overrides map[string]override `json:"platform_overrides,omitempty"`
}

type override struct {
	Command string `json:"command"`
}

type compatibility struct {
	Platforms []string `json:"platforms"`
}

// userConfig is what the host asks the user, in a form.
type userConfig struct {
	Store    option `json:"store"`
	TTL      option `json:"ttl"`
	LogLevel option `json:"log_level"`
}

type option struct {
	Type        string `json:"type"`
	Title       string `json:"title"`
	Description string `json:"description"`
	Default     string `json:"default"`
	Required    bool   `json:"required"`
}

// mcpbManifest is the manifest of a bundle with the binaries of these platforms.
func mcpbManifest(with []string) manifest {
	in := func(platform string) string { return "${__dirname}/" + binaryOf(platform) }
	overrides := map[string]override{}
	for _, p := range with[1:] {
		overrides[p] = override{in(p)}
	}
	return manifest{
		ManifestVersion: "0.3", Name: name, DisplayName: title, Version: version, Description: description,
		LongDescription: "Ask to learn a topic: Trilha answers at once, works in the background and delivers the concepts in the order in which they need each other, each with real links, reading times, exercises and quizzes. What comes before what is written by hand in a concept graph inside the program, so nothing is invented and nothing leaves your machine. In English, Portuguese and Spanish.",
		Author:          person{Name: author, URL: repository}, License: licence, Keywords: keywords,
		Repository: map[string]string{"type": "git", "url": repository}, Homepage: repository,
		Documentation: repository + "#readme", Support: repository + "/issues",
		PrivacyPolicies: []string{privacy},
		Localization:    map[string]string{"resources": "mcpb-resources/${locale}.json", "default_locale": "en"},
		Server: bundled{Type: "binary", EntryPoint: binaryOf(with[0]), Config: mcpConfig{
			Command: in(with[0]), Args: []string{}, Overrides: overrides,
			Env: map[string]string{
				"TRILHA_STORE":     "${user_config.store}",
				"TRILHA_TTL":       "${user_config.ttl}",
				"TRILHA_LOG_LEVEL": "${user_config.log_level}",
			},
		}},
		Tools: listTools(), ToolsGenerated: false, PromptsGenerated: true,
		Compatibility: compatibility{slices.Clone(with)},
		UserConfig: userConfig{
			Store:    option{"string", "Store", "Where tasks and paths are kept: sqlite (a file of yours), memory (a restart forgets them) or sqlite:PATH.", "sqlite", false},
			TTL:      option{"string", "Keep finished tasks for", "A duration such as 24h; finished paths stay until you delete them.", "24h", false},
			LogLevel: option{"string", "Log level", "debug, info, warn or error.", "warn", false},
		},
	}
}
