package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const root = "../.."

func contents(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	require.NoError(t, err)
	return string(text)
}

func TestWhatIsCommittedIsWhatTheFactsSay(t *testing.T) {
	t.Parallel()
	for _, d := range documents() {
		want, err := encode(d.content)
		require.NoError(t, err)
		isFresh(t, d.path, contents(t, d.path), string(want))
	}
	page := contents(t, "README.md")
	text, err := install()
	require.NoError(t, err)
	want, err := within(page, text)
	require.NoError(t, err)
	isFresh(t, "README.md", page, want)

	_, err = within("# A page without marks\n", text)
	assert.Error(t, err)
}

// isFresh says of a stale file only which it is: what changed is in the diff of
// what writes it anew.
func isFresh(t *testing.T, path, have, want string) {
	t.Helper()
	if have != want {
		t.Errorf("%s is stale: make packaging", path)
	}
}

// The links of the README, decoded as VS Code and Cursor do, are the launches.
func TestInstallLinksDecodeToTheLaunches(t *testing.T) {
	t.Parallel()
	links := regexp.MustCompile(`(?:https|cursor)://\S*?/mcp/install\?[^)\s`+"`"+`]+`).FindAllString(contents(t, "README.md"), -1)
	require.Len(t, links, 2*len(launches))
	for i, link := range links {
		u, err := url.Parse(link)
		require.NoError(t, err)
		assert.Equal(t, name, u.Query().Get("name"))
		config := u.Query().Get("config")
		if u.Scheme == "cursor" {
			decoded, err := base64.StdEncoding.DecodeString(config)
			require.NoError(t, err)
			config = string(decoded)
		} else {
			assert.NotContains(t, link, "+")
		}
		want, err := json.Marshal(launches[i%len(launches)])
		require.NoError(t, err)
		assert.JSONEq(t, string(want), config)
	}
}

func TestEveryLaunchKeepsItsTasks(t *testing.T) {
	t.Parallel()
	for _, l := range append(launches, pinned()) {
		assert.Equal(t, arguments, l.Args[len(l.Args)-len(arguments):], l.Command)
	}
}

func TestTheManifestListsTheRealTools(t *testing.T) {
	t.Parallel()
	m := mcpbManifest(platforms)
	require.NotEmpty(t, m.Tools)
	for _, tool := range m.Tools {
		assert.Regexp(t, `^[A-Z].{10,160}\.$`, tool.Description)
	}
	assert.Equal(t, m.Server.EntryPoint, binaryOf("darwin"))
	assert.Equal(t, "${__dirname}/"+binaryOf("win32"), m.Server.Config.Overrides["win32"].Command)
	for variable, value := range m.Server.Config.Env {
		setting := strings.ToLower(strings.TrimPrefix(variable, "TRILHA_"))
		assert.Equal(t, "${user_config."+setting+"}", value)
		text, err := json.Marshal(m.UserConfig)
		require.NoError(t, err)
		assert.Contains(t, string(text), `"`+setting+`":{`)
	}
}

func TestTranslationsSayAllThatTheManifestSays(t *testing.T) {
	t.Parallel()
	english := mcpbManifest(platforms)
	for _, locale := range locales {
		var its struct {
			Description     string   `json:"description"`
			LongDescription string   `json:"long_description"`
			Keywords        []string `json:"keywords"`
			Tools           []tool   `json:"tools"`
		}
		d := json.NewDecoder(strings.NewReader(contents(t, "packaging/mcpb/mcpb-resources/"+locale+".json")))
		d.DisallowUnknownFields()
		require.NoError(t, d.Decode(&its), locale)
		assert.NotEmpty(t, its.Description)
		assert.NotEqual(t, english.Description, its.Description)
		assert.Greater(t, len(its.LongDescription), len(its.Description))
		assert.Len(t, its.Keywords, len(english.Keywords))
		require.Len(t, its.Tools, len(english.Tools), locale)
		for i, tool := range its.Tools {
			assert.Equal(t, english.Tools[i].Name, tool.Name, locale)
			assert.NotEqual(t, english.Tools[i].Description, tool.Description, locale)
			assert.Regexp(t, `\.$`, tool.Description)
		}
	}
}

func TestABundleHoldsWhatItsManifestNames(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "built")
	require.NoError(t, os.WriteFile(binary, []byte("a program"), 0o600))
	for _, with := range [][]string{{"linux"}, {"darwin", "win32", "linux"}, {"win32"}} {
		out := t.TempDir()
		b := binaries{}
		for _, p := range with {
			b[p] = binary
		}
		require.NoError(t, stageBundle(root, out, b))
		text, err := os.ReadFile(filepath.Join(out, "manifest.json"))
		require.NoError(t, err)
		var m manifest
		require.NoError(t, json.Unmarshal(text, &m))
		assert.Equal(t, with, m.Compatibility.Platforms)
		assert.FileExists(t, filepath.Join(out, m.Server.EntryPoint))
		for _, p := range with {
			command := m.Server.Config.Command
			if o, ok := m.Server.Config.Overrides[p]; ok {
				command = o.Command
			}
			file := filepath.Join(out, strings.TrimPrefix(command, "${__dirname}/"))
			assert.Contains(t, file, p)
			info, err := os.Stat(file)
			require.NoError(t, err)
			if runtime.GOOS != "windows" {
				assert.NotZero(t, info.Mode()&0o100, "%s cannot be started", file)
			}
		}
		for _, locale := range locales {
			assert.FileExists(t, filepath.Join(out, strings.Replace(m.Localization["resources"], "${locale}", locale, 1)))
		}
	}
}

func TestEveryNodePlatformHasItsPackage(t *testing.T) {
	t.Parallel()
	binary := filepath.Join(t.TempDir(), "built")
	require.NoError(t, os.WriteFile(binary, []byte("a program"), 0o600))
	b := binaries{}
	for p := range nodePlatforms {
		b[p] = binary
	}
	out := t.TempDir()
	require.NoError(t, stagePackages(root, out, b))
	assert.FileExists(t, filepath.Join(out, name, "bin", "trilha.js"))
	for p := range nodePlatforms {
		text, err := os.ReadFile(filepath.Join(out, name+"-"+p, "package.json"))
		require.NoError(t, err)
		var its packageJSON
		require.NoError(t, json.Unmarshal(text, &its))
		assert.Equal(t, version, npmWrapper().Optional[its.Name], "the wrapper does not depend on %s", its.Name)
		assert.FileExists(t, filepath.Join(out, name+"-"+p, npmExecutable(p)))
	}
	assert.Equal(t, registry, npmWrapper().MCPName)
}

func TestAListingOfARelease(t *testing.T) {
	t.Parallel()
	bundle := filepath.Join(t.TempDir(), bundleName)
	require.NoError(t, os.WriteFile(bundle, []byte("abc"), 0o600))
	var out bytes.Buffer
	require.NoError(t, run([]string{"listing", bundle}, &out))
	assert.Contains(t, out.String(), `"fileSha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"`)
	assert.Contains(t, out.String(), `"identifier": "https://github.com/trilha/trilha/releases/download/v`+version+`/trilha.mcpb"`)
	assert.Error(t, run([]string{"listing", bundle + ".none"}, &out))
}

func TestWhatIsNoCommandIsToldWhatIs(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{nil, {"writ"}, {"write", "x"}, {"mcpb", "out"}, {"listing"}} {
		assert.ErrorContains(t, run(args, &bytes.Buffer{}), "usage", "%v", args)
	}
	assert.ErrorContains(t, run([]string{"npm", t.TempDir(), "plan9-x64=trilha"}, &bytes.Buffer{}), "PLATFORM=FILE")
	assert.ErrorContains(t, run([]string{"mcpb", t.TempDir(), "linux"}, &bytes.Buffer{}), "PLATFORM=FILE")
}

// The image says the name that the registry looks for, and what the facts say.
func TestTheImageIsLabelled(t *testing.T) {
	t.Parallel()
	page := contents(t, "Dockerfile")
	assert.Contains(t, page, `io.modelcontextprotocol.server.name="`+registry+`"`)
	assert.Contains(t, page, `"`+description+`"`)
	assert.Contains(t, page, `"`+licence+`"`)
	assert.LessOrEqual(t, len(description), 100)
}
