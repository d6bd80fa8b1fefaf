package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/mark3labs/mcp-go/client"
	"github.com/mark3labs/mcp-go/mcp"

	"github.com/trilha/trilha/internal/app"
	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/learning"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/terminal"
)

type generateCommand struct {
	Topic          string   `arg:"" help:"What to learn, for example \"linear algebra\"." json:"topic"`
	NumNodes       *int     `help:"Steps in the path, overview and project included (3-100, default 15)." placeholder:"N" json:"num_nodes,omitempty"`
	MaxResources   *int     `help:"Links in the whole path (5-300, default three a step)." placeholder:"N" json:"max_resources,omitempty"`
	MinWidth       *int     `help:"First steps, at least (default 3)." placeholder:"N" json:"min_width,omitempty"`
	MaxWidth       *int     `help:"Steps on one level, at most (default 5)." placeholder:"N" json:"max_width,omitempty"`
	MinHeight      *int     `help:"Levels, at least (default 3)." placeholder:"N" json:"min_height,omitempty"`
	MaxHeight      *int     `help:"Levels, at most (default 7)." placeholder:"N" json:"max_height,omitempty"`
	Language       string   `help:"Language of the path: en, pt or es." default:"en" json:"language"`
	Category       string   `help:"Refuse topics of another category." placeholder:"NAME" json:"category,omitempty"`
	Level          string   `help:"Level of the learner: beginner, intermediate or advanced." placeholder:"LEVEL" json:"level,omitempty"`
	Known          []string `help:"What is already mastered, separated by commas." placeholder:"NAME" json:"known,omitempty"`
	Outline        string   `help:"File with your own outline: JSON, a list of {title, requires}; - reads standard input." placeholder:"FILE" json:"-"`
	HoursPerWeek   float64  `help:"Hours a week, to tell how many weeks it takes." placeholder:"HOURS" json:"hours_per_week,omitempty"`
	Priority       string   `help:"high, normal or low." placeholder:"WORD" json:"priority,omitempty"`
	Strict         bool     `help:"Fail when a bound cannot be met." json:"strict,omitempty"`
	IdempotencyKey string   `help:"The same key gives the same task." placeholder:"KEY" json:"idempotency_key,omitempty"`
	Sources        string   `help:"auto, offline or live." placeholder:"WORD" json:"sources,omitempty"`

	Format string `help:"Form of the result: markdown, json or mermaid." enum:"markdown,json,mermaid" default:"markdown" json:"-"`
	Detail bool   `help:"Markdown with quizzes and exercises." json:"-"`
	Output string `help:"Write the result to a file; - is standard output." type:"path" placeholder:"FILE" json:"-"`
}

// callError is an error that a tool answered with.
type callError struct{ text string }

func (e callError) Error() string { return inCommands.Replace(e.text) }

// inCommands says in commands and flags what the tools say in tools and fields.
var inCommands = strings.NewReplacer(
	"Call list_learning_paths for the paths there are, list_tasks for what is being made", "trilha paths list shows the paths there are",
	"call search_concepts", "run trilha catalog search",
	"search_concepts finds", "trilha catalog search finds",
	"send your own outline", "give your own steps with --outline",
)

func (c *generateCommand) Run(e *env) error {
	arguments, err := c.arguments(e.streams.In)
	if err != nil {
		return usageError{err}
	}
	e.config.ReadOnly, e.config.Tools, e.config.ExcludeTools = false, nil, nil // they are about servers
	a, err := e.build(app.HTTP)
	if err != nil {
		return err
	}
	text, err := c.generate(e, a, arguments)
	if err == nil {
		err = c.print(e, text)
	}
	return errors.Join(err, a.Close())
}

// arguments are those of the tool: the flags that were given.
func (c *generateCommand) arguments(in io.Reader) (map[string]any, error) {
	raw, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	arguments := map[string]any{}
	if err := json.Unmarshal(raw, &arguments); err != nil {
		return nil, err
	}
	if err := c.check(raw, arguments); err != nil {
		return nil, err
	}
	if c.Outline == "" {
		return arguments, nil
	}
	if c.Outline == "-" {
		raw, err = io.ReadAll(io.LimitReader(in, 1<<20))
	} else {
		raw, err = os.ReadFile(c.Outline)
	}
	if err != nil {
		return nil, fmt.Errorf("--outline: %w", err)
	}
	var outline any
	if err := json.Unmarshal(raw, &outline); err != nil {
		return nil, fmt.Errorf("--outline %s is not JSON: %w; want for example [{\"title\":\"Vectors\"},{\"title\":\"Matrices\",\"requires\":[\"Vectors\"]}]", c.Outline, err)
	}
	arguments["outline"] = outline
	return arguments, nil
}

// check refuses what is wrong whatever the concept graph holds, in the words of
// the flags. The tool checks the rest.
func (c *generateCommand) check(raw []byte, arguments map[string]any) error {
	for _, b := range learning.Bounds() {
		if v, given := arguments[b.Name].(float64); given && (v < float64(b.Min) || v > float64(b.Max)) {
			return fmt.Errorf("%s %.0f: give a whole number from %d to %d", asFlag(b.Name), v, b.Min, b.Max)
		}
	}
	for _, w := range []struct {
		flag, value string
		allowed     []string
	}{
		{"--level", c.Level, learning.Levels()},
		{"--category", c.Category, catalog.Categories()},
		{"--priority", c.Priority, task.Priorities()},
	} {
		if w.value != "" && !slices.Contains(w.allowed, w.value) {
			return fmt.Errorf("%s %q: use one of %s", w.flag, w.value, strings.Join(w.allowed, ", "))
		}
	}
	var request learning.Request
	if err := json.Unmarshal(raw, &request); err != nil {
		return err
	}
	_, err := request.Normalize()
	if f, ok := fault.Of(err); ok && f.Field != "topic" {
		f.Field = asFlag(f.Field)
	}
	return err
}

// asFlag gives the flag of a request's field.
func asFlag(field string) string { return "--" + strings.ReplaceAll(field, "_", "-") }

// generate runs the main job as any client would, through MCP, in this process.
func (c *generateCommand) generate(e *env, a *app.App, arguments map[string]any) (string, error) {
	tty, _ := terminal.IsTerminal(e.streams.Err)
	bar := terminal.NewProgress(e.streams.Err, tty, c.Topic)
	var takenAs any
	defer func() {
		bar.Done()
		if takenAs != nil {
			fmt.Fprintf(e.streams.Err, "trilha: %q was taken for %q\n", c.Topic, takenAs)
		}
	}()
	s, err := connect(e.ctx, a, bar)
	if err != nil {
		return "", err
	}
	defer s.client.Close()
	started, err := s.call("generate_learning_path_async", arguments, progressToken)
	if err != nil {
		return "", err
	}
	takenAs = started["taken_as"]
	pathID, err := s.wait(e.ctx, started["task_id"])
	if err != nil {
		return "", err
	}
	return s.fetch(c, pathID)
}

func (s *session) fetch(c *generateCommand, pathID any) (string, error) {
	if c.Format == "json" { // whole, as the resource has it
		r := mcp.ReadResourceRequest{}
		r.Params.URI = fmt.Sprintf("trilha://paths/%v", pathID)
		result, err := s.client.ReadResource(context.Background(), r)
		if err != nil {
			return "", err
		}
		text, _ := result.Contents[0].(mcp.TextResourceContents)
		return text.Text + "\n", nil
	}
	get := map[string]any{"id": pathID, "format": c.Format}
	if c.Detail {
		get["detail"] = "detailed"
	}
	got, err := s.call("get_learning_path", get, nil)
	if err != nil {
		return "", err
	}
	text, _ := got["content"].(string)
	return text, nil
}

// session is an in-process MCP client whose notifications move a bar. Whatever has
// an answer, the bar has moved as far before.
type session struct {
	client *client.Client
}

const progressToken = "generate"

func connect(ctx context.Context, a *app.App, bar *terminal.Progress) (*session, error) {
	c := client.NewClient(a.InProcess())
	c.OnNotification(func(n mcp.JSONRPCNotification) {
		if n.Method != "notifications/progress" || n.Params.AdditionalFields["progressToken"] != progressToken {
			return
		}
		percent, _ := n.Params.AdditionalFields["progress"].(float64)
		message, _ := n.Params.AdditionalFields["message"].(string)
		bar.Step(int(percent), message)
	})
	// The session outlives an interrupt: the task has to be cancelled through it.
	ctx = context.WithoutCancel(ctx)
	if err := c.Start(ctx); err != nil {
		return nil, err
	}
	r := mcp.InitializeRequest{}
	r.Params.ProtocolVersion = "2025-11-25"
	r.Params.ClientInfo = mcp.Implementation{Name: "trilha generate", Version: app.Version}
	if _, err := c.Initialize(ctx, r); err != nil {
		return nil, err
	}
	return &session{c}, nil
}

// call calls a tool and gives its structured content. With a token its task's
// progress comes as notifications.
func (s *session) call(tool string, arguments map[string]any, token any) (map[string]any, error) {
	r := mcp.CallToolRequest{}
	r.Params.Name, r.Params.Arguments = tool, arguments
	if token != nil {
		r.Params.Meta = &mcp.Meta{ProgressToken: token}
	}
	result, err := s.client.CallTool(context.Background(), r)
	if err != nil {
		return nil, err
	}
	if result.IsError {
		text, _ := result.Content[0].(mcp.TextContent)
		return nil, callError{text.Text}
	}
	out := map[string]any{}
	raw, err := json.Marshal(result.StructuredContent)
	if err == nil {
		err = json.Unmarshal(raw, &out)
	}
	return out, err
}

// waitSeconds is how long one look at the task waits: what the store says when an end
// cannot be written comes with the next.
const waitSeconds = 5

// wait returns the id of the path when the task is done. When ctx ends first it
// cancels the task.
func (s *session) wait(ctx context.Context, taskID any) (any, error) {
	type answer struct {
		status map[string]any
		err    error
	}
	for {
		answers := make(chan answer, 1)
		go func() {
			status, err := s.call("get_task_status", map[string]any{"task_id": taskID, "wait_seconds": waitSeconds}, nil)
			answers <- answer{status, err}
		}()
		var a answer
		select {
		case a = <-answers:
		case <-ctx.Done():
		}
		if ctx.Err() != nil { // it may have ended in the same moment
			_, err := s.call("cancel_task", map[string]any{"task_id": taskID}, nil)
			return nil, errors.Join(errInterrupted, err)
		}
		switch {
		case a.err != nil:
			return nil, a.err
		case a.status["status"] == "completed":
			return a.status["path_id"], nil
		case a.status["status"] == "failed", a.status["status"] == "cancelled":
			return nil, callError{fmt.Sprint(a.status["error"])}
		}
	}
}

// print writes the result: rendered on a terminal, as it is elsewhere.
func (c *generateCommand) print(e *env, text string) error {
	if c.Output != "" && c.Output != "-" {
		if err := os.WriteFile(c.Output, []byte(text), 0o644); err != nil {
			return fmt.Errorf("write %s: %w", filepath.Base(c.Output), err)
		}
		return nil
	}
	if tty, width := terminal.IsTerminal(e.streams.Out); tty && c.Format == "markdown" {
		return terminal.RenderMarkdown(e.streams.Out, text, width)
	}
	_, err := io.WriteString(e.streams.Out, text)
	return err
}
