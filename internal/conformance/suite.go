package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"time"
)

// The suite, and the Node that it needs.
const (
	suite    = "@modelcontextprotocol/conformance@0.2.0-alpha.12"
	node     = "node@22"
	patience = 5 * time.Minute // for one run, a first download included
)

// runs lists what is asked of the suite. There is no list of expected failures.
var runs = []struct {
	args      []string
	scenarios int // that there are at least: fewer mean that the suite has not run
}{
	{[]string{"--suite", "all"}, 61},
	{[]string{"--suite", "all", "--spec-version", "2025-03-26"}, 1},
	{[]string{"--suite", "all", "--spec-version", "2025-06-18"}, 27},
	{[]string{"--suite", "all", "--spec-version", "2025-11-25"}, 33},
	{[]string{"--suite", "all", "--spec-version", "2026-07-28"}, 40},
	{[]string{"--requirements", "2025-11-25"}, 33},
	{[]string{"--requirements", "2026-07-28"}, 49},
}

// left lists the beginnings of scenarios that do not count: those of an extension that
// the server under test does not declare, and one that passes over its only check.
var left = []string{"sep-2640-skills-", "tasks-status-notifications"}

// unfixed lists the scenarios that need no fixtures: what trilha itself is held to.
// completion-complete is none of them: it completes for a prompt of its own.
var unfixed = []string{
	"caching", "dns-rebinding-protection", "http-header-validation",
	"input-required-result-unsupported-methods", "input-required-result-validate-input",
	"ping", "prompts-list", "resources-list", "resources-subscribe", "resources-unsubscribe",
	"sep-2164-resource-not-found", "server-initialize", "server-session-lifecycle",
	"server-sse-multiple-streams", "tools-list",
}

// holdReal runs what needs no fixtures against an endpoint.
func holdReal(ctx context.Context, url string, out io.Writer) error {
	s, err := run(ctx, url, []string{"--suite", "all"}, func(scenario string) bool { return slices.Contains(unfixed, scenario) })
	if err == nil {
		err = s.judge(len(unfixed))
	}
	fmt.Fprintf(out, "%-42s %3d scenarios, %3d checks passed\n", "without fixtures", s.scenarios, s.passed)
	return err
}

// counts tells whether a scenario does.
func counts(scenario string) bool {
	return !slices.ContainsFunc(left, func(l string) bool { return strings.HasPrefix(scenario, l) })
}

// hold runs the suite against an endpoint and tells what came of it.
func hold(ctx context.Context, url string, out io.Writer) error {
	var failed []error
	for _, r := range runs {
		s, err := run(ctx, url, r.args, counts)
		if err == nil {
			err = s.judge(r.scenarios)
		}
		name := strings.Join(r.args, " ")
		fmt.Fprintf(out, "%-42s %3d scenarios, %3d checks passed\n", name, s.scenarios, s.passed)
		if err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", name, err))
		}
	}
	return errors.Join(failed...)
}

// run runs the suite once and reads what it has written down: its exit code does not
// count warnings, nor what it does not score.
func run(ctx context.Context, url string, args []string, counts func(scenario string) bool) (score, error) {
	dir, err := os.MkdirTemp("", "conformance")
	if err != nil {
		return score{}, err
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	//nolint:gosec // the arguments are constants of this file and an address of ours
	cmd := exec.CommandContext(ctx, "npx", append([]string{
		"-y", "-p", node, "-p", suite, "conformance", "server", "--url", url, "-o", dir,
	}, args...)...)
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = &said, &said, 5*time.Second
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) } // which npx hands on
	ran := cmd.Run()
	s, err := read(os.DirFS(dir), counts)
	if err != nil {
		return s, err
	}
	if exit := (*exec.ExitError)(nil); ran != nil && (!errors.As(ran, &exit) || s.scenarios == 0) {
		return s, fmt.Errorf("npx: %w\n%s", ran, tail(said.String()))
	}
	return s, nil
}

func tail(text string) string { return text[max(0, len(text)-2000):] }
