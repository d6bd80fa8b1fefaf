// Package config is what a run of Trilha is set up with: flags beat environment,
// environment beats defaults (the command line reads them into a Config), and
// Check refuses nonsense at start with the remedy in the message. Nothing below
// package app ever sees a Config.
package config

import (
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"time"

	"github.com/trilha/trilha/internal/task"
)

// Config sets up the server. The tags are read by the command line.
type Config struct {
	Store           string        `help:"Where tasks are kept: memory (a restart forgets them), sqlite (a file of yours), sqlite:PATH, or postgres://..." default:"memory" env:"TRILHA_STORE"`
	Migrate         string        `help:"Bring an old store up to date at start, or refuse it: on or off." default:"on" env:"TRILHA_MIGRATE"`
	Running         int           `help:"Tasks running at once; 0: one per processor." default:"0" env:"TRILHA_RUNNING"`
	RunningPerOwner int           `help:"Tasks of one owner running at once." default:"2" env:"TRILHA_RUNNING_PER_OWNER"`
	WaitingPerOwner int           `help:"Tasks of one owner that may wait." default:"1000" env:"TRILHA_WAITING_PER_OWNER"`
	Kept            int           `help:"Tasks kept in all." default:"20000" env:"TRILHA_KEPT"`
	TTL             time.Duration `name:"ttl" help:"How long a finished task is kept." default:"24h" env:"TRILHA_TTL"`
	AnswerWithin    time.Duration `help:"How long a task waits for the answer to what it asks, before it fails." default:"1h" env:"TRILHA_ANSWER_WITHIN"`
	Grace           time.Duration `help:"How long running tasks may go on at shutdown." default:"1s" env:"TRILHA_GRACE"`
	ReadOnly        bool          `help:"Offer only what changes nothing: no new tasks, nothing cancelled or deleted." env:"TRILHA_READ_ONLY"`
	Tools           []string      `help:"Offer only these tools, separated by commas." placeholder:"NAME" env:"TRILHA_TOOLS"`
	ExcludeTools    []string      `help:"Do not offer these tools." placeholder:"NAME" env:"TRILHA_EXCLUDE_TOOLS"`
	LogLevel        string        `help:"Log level: debug, info, warn or error." default:"warn" env:"TRILHA_LOG_LEVEL"`
	LogFormat       string        `help:"Log format: text or json." default:"text" env:"TRILHA_LOG_FORMAT"`
	LogTopics       bool          `help:"Let the log hold what callers typed (topics and the like) above debug too." env:"TRILHA_LOG_TOPICS"`
}

// Check refuses what cannot work.
func (c Config) Check() error {
	if _, err := c.Place(); err != nil {
		return err
	}
	if !slices.Contains([]string{"on", "off", ""}, c.Migrate) { // nothing is on
		return fmt.Errorf("--migrate %q: use on or off", c.Migrate)
	}
	for name, v := range map[string]int{
		"--running-per-owner": c.RunningPerOwner, "--waiting-per-owner": c.WaitingPerOwner, "--kept": c.Kept,
	} {
		if v < 1 {
			return fmt.Errorf("%s %d: give at least 1", name, v)
		}
	}
	if c.Running < 0 {
		return fmt.Errorf("--running %d: give at least 1, or 0 for one per processor", c.Running)
	}
	if c.TTL < time.Second {
		return fmt.Errorf("--ttl %s is too short: a client could not fetch its result; give at least 1s, for example 24h", c.TTL)
	}
	if c.AnswerWithin < time.Second {
		return fmt.Errorf("--answer-within %s is too short: nobody could answer in time; give at least 1s, for example 1h", c.AnswerWithin)
	}
	if c.Grace < 0 || c.Grace > time.Hour {
		return fmt.Errorf("--grace %s: give 0s to 1h", c.Grace)
	}
	if !slices.Contains([]string{"text", "json", ""}, c.LogFormat) { // nothing is text
		return fmt.Errorf("--log-format %q: use text or json", c.LogFormat)
	}
	if _, err := c.Level(); err != nil {
		return err
	}
	return nil
}

// Level gives the log level.
func (c Config) Level() (slog.Level, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return 0, fmt.Errorf("--log-level %q: use debug, info, warn or error", c.LogLevel)
	}
	return l, nil
}

// Limits gives the limits of the task store.
func (c Config) Limits() task.Limits {
	running := c.Running
	if running == 0 {
		running = runtime.GOMAXPROCS(0)
	}
	return task.Limits{
		Running: running, RunningPerOwner: c.RunningPerOwner, WaitingPerOwner: c.WaitingPerOwner,
		Kept: c.Kept, TTL: c.TTL, AnswerWithin: c.AnswerWithin,
	}
}
