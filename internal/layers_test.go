// Package internal_test holds what no single package can: that dependencies in
// this module point down.
package internal_test

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const module = "github.com/trilha/trilha"

// layer is one line of the picture. An entry that ends in /... stands for the
// packages below it as well.
type layer struct {
	name     string
	packages []string
}

// picture is the layer picture of docs/architecture.md, top to bottom. A package
// imports from its own line or from those below.
var picture = []layer{
	{"program", []string{"cmd/trilha"}},
	{"audit", []string{"internal/audit", "internal/chaos", "internal/sidebyside", "internal/soak", "internal/load"}},
	{"command line", []string{"internal/cli"}},
	{"assembly", []string{"internal/app"}},
	{"workshop", []string{"internal/bench/...", "internal/catalog/catalogbuild", "internal/catalog/yamlfile", "internal/catalog/knownurls", "internal/catalog/linkcheck", "internal/conformance", "internal/interop/...", "internal/packaging"}},
	{"configuration", []string{"internal/config"}},
	{"faces", []string{"tools", "internal/mcpface", "internal/httpface", "internal/rest"}},
	{"use cases", []string{"internal/tutor", "internal/render"}},
	{"terminal", []string{"internal/terminal"}},
	{"machinery", []string{
		"internal/generate", "internal/source/...", "internal/webfetch", "internal/mcpwire", "internal/mcptasks",
		"internal/task/memory", "internal/task/river", "internal/task/tasktest", "internal/pgtest", "internal/disktest",
		"internal/shelf/...", "internal/dbfault", "internal/telemetry", "internal/logs", "internal/keyring", "internal/issuer/...",
	}},
	{"domain", []string{"internal/catalog", "internal/learning", "internal/learner", "internal/task", "internal/identity"}},
	{"leaf", []string{"internal/fault"}},
}

// between lists what one face may import of another: nothing, but for this.
var between = map[string][]string{
	"internal/mcpface": {"tools"},
}

// reserved lists what only some packages may import, with all below it. A test
// may import any of it, whatever the package.
var reserved = []struct {
	imported string
	by       []string
	why      string
}{
	{module + "/internal/task/tasktest", nil, "it is for tests only"},
	{module + "/internal/shelf/shelftest", nil, "it is for tests only"},
	{module + "/internal/pgtest", []string{"internal/bench/...", "internal/chaos", "internal/sidebyside"}, "it is for tests only"},
	{module + "/internal/disktest", nil, "it is for tests only"},
	{module + "/internal/issuer/issuertest", nil, "it is for tests only"},
	{module + "/internal/bench", nil, "it measures the program and is no part of it"},
	{module + "/internal/terminal", []string{"internal/cli"}, "what it needs costs the server's start"},
	{
		"github.com/mark3labs/mcp-go",
		[]string{
			"tools", "internal/mcpface", "internal/mcptasks", "internal/httpface", "internal/mcpwire",
			"internal/app", "internal/cli", "internal/bench/...", "internal/audit", "internal/conformance", "internal/interop/...", "internal/sidebyside",
		},
		"only faces, the wire and what puts them together speak MCP",
	},
	{"github.com/danielgtaylor/huma", []string{"internal/rest"}, "one face has an OpenAPI document"},
	{"github.com/goccy/go-yaml", []string{"internal/catalog/yamlfile"}, "the binary parses no YAML"},
	{module + "/internal/catalog/yamlfile", []string{"internal/catalog/catalogbuild"}, "the binary parses no YAML"},
	{"github.com/riverqueue/river", []string{"internal/task/river", "internal/bench/..."}, "one package keeps tasks in a database"},
	{"github.com/jackc/pgx", []string{"internal/task/river", "internal/shelf/sqlshelf", "internal/dbfault", "internal/pgtest", "internal/bench/...", "internal/chaos", "internal/sidebyside"}, "one package keeps tasks in a database, and one paths"},
	{"modernc.org/sqlite", []string{"internal/task/river", "internal/shelf/sqlshelf", "internal/dbfault", "internal/bench/...", "internal/chaos", "internal/sidebyside"}, "one package keeps tasks in a database, and one paths"},
	{"github.com/prometheus/client_golang", []string{"internal/telemetry"}, "one package has metrics"},
	{"go.opentelemetry.io/otel/sdk", []string{"internal/telemetry", "internal/app"}, "one package has traces"},
	{"google.golang.org/grpc", nil, "its start costs as much as all of ours"},
	{"testing", testHelpers, "it is for tests only"},
	{"github.com/stretchr/testify", testHelpers, "it is for tests only"},
	{"pgregory.net/rapid", testHelpers, "it is for tests only"},
	{"go.uber.org/goleak", testHelpers, "it is for tests only"},
}

var testHelpers = []string{"internal/task/tasktest", "internal/shelf/shelftest", "internal/issuer/issuertest", "internal/pgtest", "internal/disktest", "internal/bench/..."}

// outside lists what the domain and the leaf do not know of.
var outside = []string{
	"database/sql", "net/http", "github.com/mark3labs/mcp-go", "github.com/jackc/pgx",
	"github.com/riverqueue/river", "modernc.org/sqlite",
}

// source is one Go file as far as the rules care.
type source struct {
	dir     string // of its package, from the module's root, with slashes
	kind    kind
	imports []string // full import paths
}

type kind int

const (
	code         kind = iota // part of the program
	innerTest                // a test in its package: bound by all but what is reserved
	externalTest             // a test in foo_test: stands above everything, so may build on anything
)

func TestImportsPointDown(t *testing.T) {
	t.Parallel()
	sources := readTree(t, "..")
	require.NotEmpty(t, sources)
	for _, s := range sources {
		for _, complaint := range breaches(s) {
			t.Error(complaint)
		}
	}
}

// breaches tells every rule that s breaks, in words.
func breaches(s source) []string {
	if s.kind == externalTest {
		return nil
	}
	from := layerOf(s.dir)
	if from < 0 {
		return []string{s.dir + " is on no line of the layer picture: add it to picture in internal/layers_test.go and to docs/architecture.md"}
	}
	var found []string
	for _, imported := range s.imports {
		for _, why := range slices.Concat(
			againstDirection(s.dir, from, imported),
			againstReserve(s, imported),
			againstPurity(from, imported),
		) {
			found = append(found, fmt.Sprintf("%s imports %s: %s", s.dir, imported, why))
		}
	}
	return found
}

// againstDirection holds the lines. What is imported but on no line is told where
// that package itself is looked at.
func againstDirection(dir string, from int, imported string) []string {
	target, ours := strings.CutPrefix(imported, module+"/")
	if !ours || target == dir {
		return nil
	}
	to := layerOf(target)
	switch {
	case to < 0:
		return nil
	case to < from:
		return []string{fmt.Sprintf("%s is above %s", picture[to].name, picture[from].name)}
	case to == from && picture[to].name == "faces" && !slices.Contains(between[dir], target):
		return []string{"faces do not import each other"}
	}
	return nil
}

func againstReserve(s source, imported string) []string {
	if s.kind != code {
		return nil
	}
	for _, r := range reserved {
		if within(imported, r.imported) && !within(module+"/"+s.dir, r.imported) && !listed(s.dir, r.by) {
			return []string{r.why}
		}
	}
	return nil
}

func againstPurity(from int, imported string) []string {
	if name := picture[from].name; name != "domain" && name != "leaf" {
		return nil
	}
	if slices.ContainsFunc(outside, func(o string) bool { return within(imported, o) }) {
		return []string{"the domain is plain data and pure functions"}
	}
	return nil
}

// layerOf is the number of dir's line, or -1.
func layerOf(dir string) int {
	return slices.IndexFunc(picture, func(l layer) bool { return listed(dir, l.packages) })
}

func listed(dir string, packages []string) bool {
	return slices.ContainsFunc(packages, func(p string) bool {
		root, whole := strings.CutSuffix(p, "/...")
		return dir == root || whole && within(dir, root)
	})
}

func within(p, root string) bool { return p == root || strings.HasPrefix(p, root+"/") }

// readTree reads the imports of every Go file below root, whatever its build
// constraints.
func readTree(t *testing.T, root string) []source {
	t.Helper()
	var found []source
	err := filepath.WalkDir(root, func(file string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && file != root && (ignored(entry.Name()) || nested(file)):
			return filepath.SkipDir
		case entry.IsDir() || !strings.HasSuffix(file, ".go"):
			return nil
		}
		s, err := readFile(root, file)
		found = append(found, s)
		return err
	})
	require.NoError(t, err)
	return found
}

// ignored tells the folders that the go command ignores, and those of Node.
func ignored(name string) bool {
	return name == "testdata" || name == "node_modules" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_")
}

// nested tells a folder that is a module of its own.
func nested(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

func readFile(root, file string) (source, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
	if err != nil {
		return source{}, err
	}
	relative, err := filepath.Rel(root, file)
	if err != nil {
		return source{}, err
	}
	s := source{dir: path.Dir(filepath.ToSlash(relative))}
	if strings.HasSuffix(file, "_test.go") {
		s.kind = innerTest
		if strings.HasSuffix(parsed.Name.Name, "_test") {
			s.kind = externalTest
		}
	}
	for _, spec := range parsed.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return source{}, err
		}
		s.imports = append(s.imports, imported)
	}
	return s, nil
}

func TestBreachesAreFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		dir   string
		kind  kind
		one   string // the import
		wants string // part of the complaint; empty: none
	}{
		{"down", "internal/tutor", code, module + "/internal/task", ""},
		{"own line", "internal/generate", code, module + "/internal/source", ""},
		{"own line, below a root", "internal/generate", code, module + "/internal/source/wikipedia", ""},
		{"a library", "internal/task/river", code, "github.com/riverqueue/river", ""},
		{"up", "internal/task", code, module + "/internal/task/memory", "machinery is above domain"},
		{"up from the leaf", "internal/fault", code, module + "/internal/task", "domain is above leaf"},
		{"up to configuration", "internal/tutor", code, module + "/internal/config", "configuration is above use cases"},
		{"up from an inner test", "internal/task", innerTest, module + "/internal/task/memory", "machinery is above domain"},
		{"up from an external test", "internal/task", externalTest, module + "/internal/app", ""},
		{"up from a workshop", "internal/bench", code, module + "/internal/app", "assembly is above workshop"},
		{"unknown package", "internal/utils", code, "fmt", "add it to picture"},
		{"unknown package, no imports that matter", "pkg", innerTest, "fmt", "add it to picture"},
		{"sideways", "internal/httpface", code, module + "/internal/mcpface", "faces do not import each other"},
		{"sideways, the way that is allowed", "internal/mcpface", code, module + "/tools", ""},
		{"sideways, the other way round", "tools", code, module + "/internal/mcpface", "faces do not import each other"},
		{"test-only code", "internal/task/memory", code, module + "/internal/task/tasktest", "for tests only"},
		{"test-only code from a test", "internal/task/memory", innerTest, module + "/internal/task/tasktest", ""},
		{"a test library", "internal/app", code, "github.com/stretchr/testify/require", "for tests only"},
		{"a test library in a suite", "internal/task/tasktest", code, "pgregory.net/rapid", ""},
		{"testing itself", "internal/app", code, "testing/synctest", "for tests only"},
		{"bench", "internal/app", code, module + "/internal/bench", "no part of it"},
		{"bench in itself", "internal/bench", code, module + "/internal/bench/bare", ""},
		{"terminal", "internal/app", code, module + "/internal/terminal", "costs the server's start"},
		{"terminal from the command line", "internal/cli", code, module + "/internal/terminal", ""},
		{"YAML", "internal/catalog", code, "github.com/goccy/go-yaml", "parses no YAML"},
		{"YAML in its reader", "internal/catalog/yamlfile", code, "github.com/goccy/go-yaml", ""},
		{"the YAML reader in the packer", "internal/catalog/catalogbuild", code, module + "/internal/catalog/yamlfile", ""},
		{"the YAML reader in the program", "internal/app", code, module + "/internal/catalog/yamlfile", "parses no YAML"},
		{"MCP below the faces", "internal/tutor", code, "github.com/mark3labs/mcp-go/mcp", "speak MCP"},
		{"HTTP in the domain", "internal/learning", code, "net/http", "plain data and pure functions"},
		{"HTTP in the leaf", "internal/fault", code, "net/http/httptest", "plain data and pure functions"},
		{"a database in the domain", "internal/task", code, "github.com/jackc/pgx/v5", "plain data and pure functions"},
		{"a name that only begins alike", "internal/learning", code, "net/httputil", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			complaints := strings.Join(breaches(source{dir: c.dir, kind: c.kind, imports: []string{c.one}}), "\n")
			if c.wants == "" {
				assert.Empty(t, complaints)
				return
			}
			assert.Contains(t, complaints, c.wants)
		})
	}
}
