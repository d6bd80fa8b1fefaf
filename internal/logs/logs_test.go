package logs_test

import (
	"bytes"
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/identity"
	"github.com/trilha/trilha/internal/logs"
)

func TestWordsOfFaultsStayOut(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("work: %w", fault.InField("topic", "%q means nothing", "knitting"))
	for _, c := range []struct {
		name  string
		o     logs.Options
		log   func(*slog.Logger)
		shown bool
	}{
		{"info", logs.Options{}, func(l *slog.Logger) { l.Info("x", "error", err) }, false},
		{"error", logs.Options{}, func(l *slog.Logger) { l.Error("x", "error", err) }, false},
		{"JSON", logs.Options{JSON: true}, func(l *slog.Logger) { l.Error("x", "error", err) }, false},
		{"with", logs.Options{}, func(l *slog.Logger) { l.With("error", err).WithGroup("g").Error("x") }, false},
		{"debug", logs.Options{Level: slog.LevelDebug}, func(l *slog.Logger) { l.Debug("x", "error", err) }, true},
		{"allowed", logs.Options{Topics: true}, func(l *slog.Logger) { l.Info("x", "error", err) }, true},
	} {
		var b bytes.Buffer
		c.log(logs.New(&b, c.o))
		assert.Equal(t, c.shown, strings.Contains(b.String(), "knitting"), "%s: %s", c.name, &b)
		if !c.shown {
			assert.Contains(t, b.String(), "topic: invalid", c.name)
		}
	}
	var b bytes.Buffer
	logs.New(&b, logs.Options{}).Error("x", "error", fmt.Errorf("the disk is full"))
	assert.Contains(t, b.String(), "the disk is full")
}

func TestLinesNameTheirRequest(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	ctx := identity.With(context.WithoutCancel(t.Context()), identity.Principal{Name: "ana"})
	ctx = logs.WithRequest(ctx, func() string { return "k3-7" })
	logs.New(&b, logs.Options{}).WarnContext(ctx, "x")
	assert.Contains(t, b.String(), "request=k3-7 caller=ana")
	b.Reset()
	logs.New(&b, logs.Options{}).Warn("x")
	assert.NotContains(t, b.String(), "request")
}

// keys are what an attribute of a line may be. None is of a caller's words: who adds
// one looks at what it can hold. error may hold a fault, whose words are left out;
// panic may hold what the runtime says.
var keys = []string{
	"about", "addr", "cause", "collector", "error", "file", "instance", "issuer", "keys", "kind", "method", "operation", "outcome", "owner",
	"panic", "part", "path", "seconds", "stack", "step", "task", "tasks", "tool", "waited",
}

// Every call of a logger in the program has a fixed message and known keys.
func TestEveryLineIsKnown(t *testing.T) {
	t.Parallel()
	calls := 0
	for _, root := range []string{"../../internal", "../../tools", "../../cmd"} {
		require.NoError(t, filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
				return err
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(parsed, func(n ast.Node) bool {
				if message, attributes, ok := line(n); ok {
					calls++
					assert.NotEmpty(t, text(message), "%s: a message that is made up as it goes", file)
					for i := 0; i < len(attributes); i += 2 {
						assert.Contains(t, keys, text(attributes[i]), file)
					}
				}
				return true
			})
			return nil
		}))
	}
	assert.Greater(t, calls, 20)
}

// line takes a call of a logger apart: one of Debug, Info, Warn, Error on something
// that is called log.
func line(n ast.Node) (message ast.Expr, attributes []ast.Expr, ok bool) {
	call, _ := n.(*ast.CallExpr)
	if call == nil {
		return nil, nil, false
	}
	method, _ := call.Fun.(*ast.SelectorExpr)
	if method == nil {
		return nil, nil, false
	}
	name := ""
	switch on := method.X.(type) {
	case *ast.Ident:
		name = on.Name
	case *ast.SelectorExpr:
		name = on.Sel.Name
	}
	level, withContext := strings.CutSuffix(method.Sel.Name, "Context")
	if !strings.EqualFold(name, "log") || !slices.Contains([]string{"Debug", "Info", "Warn", "Error", "With"}, level) {
		return nil, nil, false
	}
	args := call.Args
	if withContext {
		args = args[1:]
	}
	if level == "With" {
		return &ast.BasicLit{Kind: token.STRING, Value: `"with"`}, args, true
	}
	return args[0], args[1:], true
}

func text(e ast.Expr) string {
	l, ok := e.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return ""
	}
	s, _ := strconv.Unquote(l.Value)
	return s
}
