package cli_test

import (
	"encoding/base64"
	"encoding/json"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/cli"
	"github.com/trilha/trilha/tools"
)

const root = "../.."

// guides are the pages that tell people what to type.
var guides = []string{"README.md", "docs/clients.md"}

// block is a fenced block of a page: its language and its lines.
var block = regexp.MustCompile("(?s)```(\\w+)\n(.*?)\n```\n")

func blocks(t *testing.T, page, language string) []string {
	t.Helper()
	var found []string
	for _, b := range block.FindAllStringSubmatch(contents(t, filepath.Join(root, page)), -1) {
		if b[1] == language {
			found = append(found, b[2])
		}
	}
	require.NotEmpty(t, found, "%s has no block of %s", page, language)
	return found
}

func TestSettingsInTheGuidesStartTrilha(t *testing.T) {
	for _, page := range guides {
		for _, text := range blocks(t, page, "json") {
			var v any
			require.NoError(t, json.Unmarshal([]byte(text), &v), "%s:\n%s", page, text)
			settings, ok := v.(map[string]any)
			if !ok {
				continue // an outline
			}
			servers, _ := settings["mcpServers"].(map[string]any)
			if servers == nil {
				servers, _ = settings["servers"].(map[string]any)
			}
			require.NotEmpty(t, servers, "%s: no server in\n%s", page, text)
			for _, s := range servers {
				startsTrilha(t, s.(map[string]any))
			}
		}
	}
}

// startsTrilha holds that one server's settings name a command of this module
// with arguments and variables that it takes, or its default address.
func startsTrilha(t *testing.T, settings map[string]any) {
	t.Helper()
	if address, ok := settings["url"]; ok {
		assert.Contains(t, []any{"http://127.0.0.1:8400/mcp", "http://127.0.0.1:8400/sse"}, address)
		return
	}
	command, _ := settings["command"].(string)
	words := []string{command}
	for _, a := range asList(settings["args"]) {
		words = append(words, a.(string))
	}
	args, ok := ofTrilha(words)
	require.True(t, ok, words)
	variables, _ := settings["env"].(map[string]any)
	for name, value := range variables {
		assert.Regexp(t, "^TRILHA_[A-Z_]+$", name)
		t.Setenv(name, value.(string))
	}
	assert.NoError(t, cli.Parse(args))
}

// ofTrilha gives the arguments of trilha, however it is started.
func ofTrilha(words []string) ([]string, bool) {
	last := map[string]string{"trilha": "trilha", "./cmd/trilha": "./cmd/trilha", "npx": "@trilha/trilha", "docker": "ghcr.io/trilha/trilha"}[words[0]]
	i := slices.Index(words, last)
	if i < 0 {
		return nil, false
	}
	return words[i+1:], true
}

func asList(v any) []any {
	list, _ := v.([]any)
	return list
}

func TestOneClickLinksInTheReadmeStartTrilha(t *testing.T) {
	links := regexp.MustCompile(`(?:https|cursor)://\S*?/mcp/install\?[^)\s`+"`"+`]+`).FindAllString(contents(t, filepath.Join(root, "README.md")), -1)
	require.Len(t, links, 6)
	for _, link := range links {
		u, err := url.Parse(link)
		require.NoError(t, err)
		assert.Equal(t, "trilha", u.Query().Get("name"))
		config := []byte(u.Query().Get("config"))
		if u.Scheme == "cursor" {
			config, err = base64.StdEncoding.DecodeString(string(config))
			require.NoError(t, err)
		}
		var settings map[string]any
		require.NoError(t, json.Unmarshal(config, &settings), link)
		startsTrilha(t, settings)
	}
}

func TestCommandsInTheGuidesParse(t *testing.T) {
	for _, page := range guides {
		parsed := 0
		for _, text := range append(blocks(t, page, "sh"), inline(t, page)...) {
			for line := range strings.Lines(text) {
				if takes(t, page, line) {
					parsed++
				}
			}
		}
		assert.NotZero(t, parsed, page)
	}
}

// inline gives the commands inside a page's sentences.
func inline(t *testing.T, page string) []string {
	t.Helper()
	var found []string
	for _, m := range regexp.MustCompile("`((?:trilha|make|npx|docker run) [^`]+)`").FindAllStringSubmatch(contents(t, filepath.Join(root, page)), -1) {
		found = append(found, m[1])
	}
	return found
}

// takes holds that a line's command is one that exists, and says whether it was
// one of trilha.
func takes(t *testing.T, page, line string) bool {
	t.Helper()
	words := shellWords(line)
	switch {
	case len(words) == 0:
		return false
	case words[0] == "make":
		for _, target := range words[1:] {
			assert.Contains(t, contents(t, filepath.Join(root, "Makefile")), "\n"+target+":", "%s: %s", page, line)
		}
		return false
	case words[0] == "go" && words[1] == "install":
		assert.Equal(t, "github.com/trilha/trilha/cmd/trilha@latest", words[2])
		return false
	case words[0] == "go" && words[1] == "run":
		assert.Equal(t, "./cmd/trilha", words[2])
		words = words[2:]
	case words[0] == "curl":
		asksRoute(t, page, words[1:])
		return false
	case words[0] == "claude" && words[1] == "plugin":
		assert.Equal(t, []string{"marketplace", "add", "trilha/trilha", "&&", "claude", "plugin", "install", "trilha@trilha"}, words[2:])
		return false
	case words[0] == "gemini":
		assert.Equal(t, []string{"extensions", "install", "https://github.com/trilha/trilha"}, words[1:])
		return false
	case words[0] == "claude" || words[0] == "codex":
		return addsTrilha(t, words)
	}
	args, ok := ofTrilha(words)
	assert.True(t, ok, "%s: %s", page, line)
	assert.NoError(t, cli.Parse(args), "%s: %s", page, line)
	return true
}

// asksRoute holds that a curl command asks for a route of the OpenAPI document, at
// the default address.
func asksRoute(t *testing.T, page string, words []string) {
	t.Helper()
	method, address := "get", ""
	for i, w := range words {
		switch {
		case w == "-X":
			method = strings.ToLower(words[i+1])
		case strings.HasPrefix(w, "http"):
			address = w
		}
	}
	u, err := url.Parse(address)
	require.NoError(t, err)
	assert.Equal(t, "127.0.0.1:8400", u.Host, "%s: %s", page, words)
	var doc struct{ Paths map[string]map[string]any }
	require.NoError(t, json.Unmarshal([]byte(contents(t, filepath.Join(root, "internal", "rest", "testdata", "openapi.json"))), &doc))
	for path, methods := range doc.Paths {
		route := "^" + strings.ReplaceAll(path, "{task_id}", "[^/]+") + "$"
		if regexp.MustCompile(route).MatchString(u.Path) && methods[method] != nil {
			return
		}
	}
	assert.Fail(t, "no such route", "%s: %s", page, words)
}

// addsTrilha looks at an assistant's own command for adding a server.
func addsTrilha(t *testing.T, words []string) bool {
	t.Helper()
	assert.Equal(t, []string{"mcp", "add"}, words[1:3])
	for i, w := range words {
		if w == "--" {
			args, ok := ofTrilha(words[i+1:])
			assert.True(t, ok, words)
			assert.NoError(t, cli.Parse(args))
			return true
		}
	}
	assert.Equal(t, "http://127.0.0.1:8400/mcp", words[len(words)-1])
	return false
}

// shellWords splits a line as a shell does, as far as these pages need it: spaces,
// double quotes, comments.
func shellWords(line string) []string {
	line, _, _ = strings.Cut(strings.TrimSpace(line), " #")
	var words []string
	for _, m := range regexp.MustCompile(`"([^"]*)"|(\S+)`).FindAllStringSubmatch(line, -1) {
		words = append(words, m[1]+m[2])
	}
	return words
}

// Whoever hosts the server types what it takes, and so does the blueprint.
func TestCommandsForHostsParse(t *testing.T) {
	commands := inline(t, "docs/hosting.md")
	require.NotEmpty(t, commands)
	for _, m := range regexp.MustCompile(`(?m)^ +dockerCommand: /(.*)$`).FindAllStringSubmatch(contents(t, filepath.Join(root, "render.yaml")), -1) {
		commands = append(commands, m[1])
	}
	for _, m := range regexp.MustCompile(`(?m)^#   (docker run .*?)(?:   .*)?$`).FindAllStringSubmatch(contents(t, filepath.Join(root, "Dockerfile")), -1) {
		commands = append(commands, strings.Replace(m[1], "IMAGE", "ghcr.io/trilha/trilha", 1))
	}
	require.GreaterOrEqual(t, len(commands), 6)
	t.Setenv("PORT", "8400") // of the image
	for _, c := range commands {
		takes(t, "docs/hosting.md", c)
	}
}

// What the README shows of the terminal is what the terminal shows.
// UPDATE_GOLDEN=1 writes it anew.
func TestTranscriptsInTheReadmeAreReal(t *testing.T) {
	page := filepath.Join(root, "README.md")
	before := contents(t, page)
	after := block.ReplaceAllStringFunc(before, func(text string) string {
		b := block.FindStringSubmatch(text)
		if b[1] != "console" {
			return text
		}
		line, _, _ := strings.Cut(b[2], "\n")
		words := shellWords(strings.TrimPrefix(line, "$ "))
		require.Equal(t, "trilha", words[0])
		code, stdout, _ := run(t.Context(), t, nil, words[1:]...)
		require.Zero(t, code, line)
		return "```console\n" + line + "\n" + strings.TrimRight(stdout, "\n") + "\n```\n"
	})
	if os.Getenv("UPDATE_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(page, []byte(after), 0o644))
		return
	}
	assert.Equal(t, after, before, "stale: UPDATE_GOLDEN=1 go test ./internal/cli -run Transcripts")
}

func TestTheReadmeNamesEveryToolAndSubject(t *testing.T) {
	page := contents(t, filepath.Join(root, "README.md"))
	for _, d := range tools.New(nil, slog.New(slog.DiscardHandler), 1).All() {
		assert.Contains(t, page, "\n| `"+d.Tool.Name+"` |")
	}
	ix, err := catalog.Embedded().Index()
	require.NoError(t, err)
	for _, s := range ix.Subjects() {
		assert.Contains(t, strings.ToLower(page), strings.ToLower(s.Title.En))
	}
}

// A page that points at what is gone has drifted.
func TestPagesPointAtWhatExists(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)#:]+)\)`)
	named := regexp.MustCompile("`((?:internal|tools|cmd)/[\\w./-]*)`|(?m)^[a-z -]{16}((?:internal|cmd)/\\S+|tools)")
	for _, page := range []string{"README.md", "CHANGELOG.md", "docs/clients.md", "docs/architecture.md", "docs/rough-edges.md", "docs/hosting.md", "PRIVACY.md"} {
		text := contents(t, filepath.Join(root, page))
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			assert.FileExists(t, filepath.Join(root, filepath.Dir(page), m[1]), page)
		}
		for _, m := range named.FindAllStringSubmatch(text, -1) {
			_, err := os.Stat(filepath.Join(root, m[1]+m[2]))
			assert.NoError(t, err, page)
		}
	}
}
