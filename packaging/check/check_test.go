// Package trilhacheck holds the packaging against what its takers demand: the MCP
// Registry's own validator, Docker's own parser and linter, and actionlint. No test
// reaches the network.
package trilhacheck

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/modelcontextprotocol/registry/internal/validators"
	v0 "github.com/modelcontextprotocol/registry/pkg/api/v0"
	"github.com/modelcontextprotocol/registry/pkg/model"
	"github.com/rhysd/actionlint"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const root = "../.."

func contents(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	require.NoError(t, err)
	return text
}

// complaints are what the registry would say to a server.json at publishing, less
// what it asks other registries.
func complaints(t *testing.T, text []byte) []string {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	var server v0.ServerJSON
	if err := d.Decode(&server); err != nil {
		return []string{err.Error()}
	}
	assert.Equal(t, model.CurrentSchemaURL, server.Schema)
	var found []string
	for _, issue := range validators.ValidateServerJSON(&server, validators.ValidationAll).Issues {
		found = append(found, issue.Path+": "+issue.Message)
	}
	return found
}

func TestTheRegistryTakesTheListing(t *testing.T) {
	committed := contents(t, "server.json")
	assert.Empty(t, complaints(t, committed))

	bundle := filepath.Join(t.TempDir(), "trilha.mcpb")
	require.NoError(t, os.WriteFile(bundle, []byte("a bundle"), 0o600))
	listing := exec.Command("go", "run", "./internal/packaging", "listing", bundle)
	listing.Dir = root
	released, err := listing.Output()
	require.NoError(t, err)
	assert.Empty(t, complaints(t, released))
	assert.Contains(t, string(released), `"registryType": "mcpb"`)

	for broken, with := range map[string][2]string{
		"a range for a version": {`"version": "0.1.0"`, `"version": "^0.1.0"`},
		"a name without owner":  {`"name": "io.github.trilha/trilha"`, `"name": "trilha"`},
		"a long description":    {`"description": "Learning`, `"description": "` + strings.Repeat("Learning ", 12)},
		"an unknown field":      {`"title"`, `"titel"`},
		"no hash":               {`"fileSha256": "`, `"fileSha256": "x`},
	} {
		changed := bytes.Replace(released, []byte(with[0]), []byte(with[1]), 1)
		require.NotEqual(t, released, changed, broken)
		assert.NotEmpty(t, complaints(t, changed), broken)
	}
}

// image is a Dockerfile as Docker reads it, with what its linter says.
func image(t *testing.T, text []byte) (stages []instructions.Stage, warnings []string) {
	t.Helper()
	file, err := parser.Parse(bytes.NewReader(text))
	require.NoError(t, err)
	warn := func(rule, _, _, message string, _ []parser.Range) { warnings = append(warnings, rule+": "+message) }
	stages, _, err = instructions.Parse(file.AST, linter.New(&linter.Config{Warn: warn}))
	require.NoError(t, err)
	return stages, warnings
}

func TestTheImageIsSmallAndWithoutRoot(t *testing.T) {
	text := contents(t, "Dockerfile")
	stages, warnings := image(t, text)
	assert.Empty(t, warnings)
	_, warnings = image(t, bytes.Replace(text, []byte("FROM scratch"), []byte("from scratch AS Small"), 1))
	assert.NotEmpty(t, warnings, "the linter says nothing")

	require.Len(t, stages, 2)
	assert.Equal(t, "scratch", stages[1].BaseName)
	var user, volume string
	var health, entry []string
	labels := map[string]string{}
	for _, c := range stages[1].Commands {
		switch c := c.(type) {
		case *instructions.UserCommand:
			user = c.User
		case *instructions.HealthCheckCommand:
			health = c.Health.Test
		case *instructions.EntrypointCommand:
			require.False(t, c.PrependShell, "there is no shell")
			entry = c.CmdLine
		case *instructions.VolumeCommand:
			volume = strings.Join(c.Volumes, " ")
		case *instructions.LabelCommand:
			for _, l := range c.Labels {
				labels[l.Key] = strings.Trim(l.Value, `"`)
			}
		case *instructions.RunCommand:
			t.Error("scratch has nothing that could run")
		}
	}
	assert.Equal(t, "65532:65532", user)
	assert.Equal(t, "/data", volume)
	assert.Equal(t, []string{"/trilha"}, entry)
	assert.Equal(t, []string{"CMD", "/trilha", "health"}, health)

	var server v0.ServerJSON
	require.NoError(t, json.Unmarshal(contents(t, "server.json"), &server))
	assert.Equal(t, server.Name, labels["io.modelcontextprotocol.server.name"])
	assert.Equal(t, server.Description, labels["org.opencontainers.image.description"])

	var node struct{ MCPName, Version string }
	require.NoError(t, json.Unmarshal(contents(t, "packaging/npm/package.json"), &node))
	assert.Equal(t, server.Name, node.MCPName)
	assert.Equal(t, server.Version, node.Version)
}

func TestWorkflowsAreInOrder(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, ".github", "workflows", "*.yml"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 2)
	lint, err := actionlint.NewLinter(&bytes.Buffer{}, &actionlint.LinterOptions{})
	require.NoError(t, err)
	for _, file := range files {
		found, err := lint.LintFile(file, nil)
		require.NoError(t, err)
		for _, e := range found {
			t.Errorf("%s: %s", file, e)
		}
	}
	found, err := lint.Lint("broken.yml", []byte("on: push\njobs: {a: {runs-on: ubuntu-24.04, steps: [{run: 'echo ${{ nothing.here }}'}]}}\n"), nil)
	require.NoError(t, err)
	assert.NotEmpty(t, found, "actionlint says nothing")
}
