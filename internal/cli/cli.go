// Package cli is the command line: it reads flags and environment into a Config
// and a request, runs the app, and turns outcomes into exit codes.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"

	"github.com/alecthomas/kong"

	"github.com/trilha/trilha/internal/app"
	"github.com/trilha/trilha/internal/config"
	"github.com/trilha/trilha/internal/fault"
)

// Exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// Streams are the standard streams of a run. Out may be a terminal.
type Streams struct {
	In       io.Reader
	Out, Err *os.File
}

type grammar struct {
	config.Config `group:"Server"`

	Stdio    stdioCommand    `cmd:"" default:"1" help:"Speak MCP on standard input and output: what an assistant starts."`
	Serve    serveCommand    `cmd:"" help:"Speak MCP and REST over HTTP."`
	Generate generateCommand `cmd:"" help:"Make a learning path and print it."`
	Worker   workerCommand   `cmd:"" help:"Carry out the tasks of a shared store, and nothing else."`
	Keys     keysCommand     `cmd:"" help:"Look after the API keys of those who may call over HTTP."`
	Paths    pathsCommand    `cmd:"" help:"Look after finished paths, in a store that outlives its process."`
	Catalog  catalogCommand  `cmd:"" help:"Look at the concept graph."`
	Admin    adminCommand    `cmd:"" help:"Look after everyone's tasks and data in a store, by principal."`
	Migrate  migrateCommand  `cmd:"" name:"migrate" help:"Look after the schema of a store."`
	Backup   backupCommand   `cmd:"" help:"Copy a SQLite store to a file, while it is in use."`
	Health   healthCommand   `cmd:"" help:"Ask a running server whether it is well; exit code 0 says so."`
	Version  versionCommand  `cmd:"" help:"Print the version."`
}

// env is what every command runs in.
type env struct {
	ctx     context.Context
	config  config.Config
	streams Streams
}

var errInterrupted = errors.New("interrupted")

// usageError is wrong usage found after parsing.
type usageError struct{ error }

// Run parses args and runs the command until it is done or ctx ends. It gives the
// exit code.
func Run(ctx context.Context, args []string, s Streams) int {
	var g grammar
	code := -1
	parser, err := newParser(&g, s, func(c int) { code = c }) // of --help
	if err != nil {
		fmt.Fprintln(s.Err, "trilha:", err)
		return exitFailed
	}
	k, err := parser.Parse(args)
	if code >= 0 {
		return code
	}
	if err != nil {
		fmt.Fprintf(s.Err, "trilha: %s\nRun %s --help for what it takes.\n", plain(err), command(err))
		return exitUsage
	}
	return exitCode(k.Run(&env{ctx: ctx, config: g.Config, streams: s}), s.Err)
}

func newParser(g *grammar, s Streams, exit func(int)) (*kong.Kong, error) {
	return kong.New(g,
		kong.Name("trilha"),
		kong.Description("Learning paths in prerequisite order, with real links, made in the background. Without a command it speaks MCP on standard input and output."),
		kong.DefaultEnvars("TRILHA"),
		kong.Writers(s.Out, s.Err),
		kong.Exit(exit),
	)
}

// goWords finds what the parser says in Go's words; plain says it in a reader's.
var goWords = regexp.MustCompile(`an? (valid \d+ bit )?(u?int|float)\b|duration\b|: time: [a-z ]+"[^"]*"| \((of type )?\w+\)$`)

func plain(err error) string {
	text := goWords.ReplaceAllStringFunc(err.Error(), func(found string) string {
		switch {
		case strings.HasPrefix(found, " ("), strings.HasPrefix(found, ": time"):
			return ""
		case found == "duration":
			return "a duration such as 30m or 24h"
		case strings.HasSuffix(found, "int"):
			return "a whole number"
		default:
			return "a number"
		}
	})
	return strings.Replace(text, "from envar", "from the variable", 1)
}

// command names the command whose arguments are wrong, as far as it was given.
func command(err error) string {
	name := "trilha"
	var wrong *kong.ParseError
	if !errors.As(err, &wrong) || wrong.Context == nil {
		return name
	}
	for _, p := range wrong.Context.Path {
		if p.Command != nil && p.Command.Name != "stdio" { // what trilha alone means
			name += " " + p.Command.Name
		}
	}
	return name
}

func exitCode(err error, stderr io.Writer) int {
	var usage usageError
	switch {
	case err == nil:
		return exitDone
	case errors.Is(err, errInterrupted):
		fmt.Fprintln(stderr, "trilha: interrupted")
		return exitInterrupted
	case errors.As(err, &usage):
		fmt.Fprintln(stderr, "trilha:", err)
		return exitUsage
	default:
		fmt.Fprintln(stderr, "trilha:", err)
		return exitFailed
	}
}

// build makes the app; what is wrong with the configuration is wrong usage.
func (e *env) build(mode app.Mode) (*app.App, error) {
	if err := e.config.Check(); err != nil {
		return nil, usageError{err}
	}
	if _, err := e.config.Traces(); err != nil {
		return nil, usageError{err}
	}
	a, err := app.New(e.config, mode, e.streams.Err)
	if f, ok := fault.Of(err); ok && (f.Field == "tools" || f.Field == "exclude-tools") {
		err = usageError{err}
	}
	return a, err
}

type versionCommand struct{}

func (versionCommand) Run(e *env) error {
	_, err := fmt.Fprintln(e.streams.Out, "trilha", app.Version)
	return err
}
