package tools

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"github.com/mark3labs/mcp-go/mcp"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/learning"
	"github.com/trilha/trilha/internal/render"
)

type pathInput struct {
	ID      string `json:"id"`
	Format  string `json:"format"`
	Detail  string `json:"detail"`
	Section string `json:"section"`
	Answers bool   `json:"include_answers"`
}

type pathOutput struct {
	PathID  string `json:"path_id"`
	Title   string `json:"title"`
	Format  string `json:"format"`
	Steps   int    `json:"steps"`
	Levels  int    `json:"levels"`
	Hours   int    `json:"hours"`
	Content string `json:"content"`
	Next    string `json:"next"`
}

func (o pathOutput) text() string { return o.Content }

func (o pathOutput) link() (mcp.ResourceLink, bool) {
	return mcp.NewResourceLink(pathURI(o.PathID), o.Title, "The whole path", "application/json"), true
}

// maxContent bounds an answer, in bytes: some 20,000 tokens. Clients refuse more.
const maxContent = 60_000

func (t *Tools) getLearningPath() Definition {
	return define(t, about{
		name:  "get_learning_path",
		title: "Get a finished learning path",
		description: "Show a finished learning path. " +
			"Use it once get_task_status says completed. Changes nothing; an unknown id, or a task that is not done, is an error. " +
			"Returns compact Markdown with links; detail=detailed adds quizzes and exercises, section shows one step, " +
			"format=mermaid draws it, format=json gives data. Answer keys only with include_answers.",
		readOnly: true, idempotent: true,
		params: params{
			{name: "id", kind: "string", required: true, min: 1, max: 100, about: "path_id, or the task's id", example: "7f3c0d6e-2b1a-5c8e-9d57-0a1b2c3d4e5f"},
			{name: "format", kind: "string", enum: Formats(), def: "markdown", about: "of content"},
			{name: "detail", kind: "string", enum: []string{"concise", "detailed"}, def: "concise", about: "how much"},
			{name: "section", kind: "string", min: 1, max: 200, about: "one step only: its id or number", example: "2"},
			{name: "include_answers", kind: "boolean", def: false, about: "with answers and solutions"},
		},
		output: `{"type":"object","properties":{"path_id":{"type":"string"},"title":{"type":"string"},"format":{"type":"string"},"steps":{"type":"integer"},` +
			`"levels":{"type":"integer"},"hours":{"type":"integer"},"content":{"type":"string"},"next":{"type":"string"}},"required":["path_id","title","format","content","next"]}`,
	}, t.path)
}

func (t *Tools) path(ctx context.Context, c Caller, in pathInput) (pathOutput, error) {
	p, err := t.tutor.Path(ctx, c.Owner, in.ID)
	if err != nil {
		return pathOutput{}, err
	}
	c.Settle(ctx, in.ID) // it may be the id of the task, whose end this shows
	out := pathOutput{
		PathID: p.ID, Title: p.Title, Format: in.Format, Steps: len(p.Nodes), Levels: p.Metadata.Height, Hours: p.TotalHours,
		Next: "section with a step's number shows it whole, with quiz and exercises",
	}
	if out.Format == "" {
		out.Format = "markdown"
	}
	if out.Content, err = content(p, in); err != nil {
		return pathOutput{}, err
	}
	if len(out.Content) > maxContent {
		return pathOutput{}, fault.New(fault.Limit, "the answer would have %d bytes, more than a client takes", len(out.Content)).
			With("Ask for detail concise, or one step with section; the resource %s holds the whole path", pathURI(p.ID))
	}
	return out, nil
}

func content(p *learning.Path, in pathInput) (string, error) {
	switch in.Format {
	case "mermaid":
		return render.Mermaid(p), nil
	case "json":
		return asJSON(p, in)
	}
	text := render.Markdown(p, render.Options{Detailed: in.Detail == "detailed", Answers: in.Answers, Section: in.Section})
	if text == "" {
		return "", noSection(in.Section)
	}
	return text, nil
}

func noSection(section string) error {
	return fault.InField("section", "no step %q in this path", cut(section, 40)).With("Use a step's number or id as get_learning_path shows it")
}

// asJSON gives the path, or one node, without what was not asked for.
func asJSON(p *learning.Path, in pathInput) (string, error) {
	var v any = p
	for i := range p.Nodes {
		trimNode(&p.Nodes[i], in)
	}
	if in.Section != "" {
		n := step(p, in.Section)
		if n == nil {
			return "", noSection(in.Section)
		}
		v = n
	}
	raw, err := json.Marshal(v)
	return string(raw), err
}

// step finds a node by its id, or by its number as the Markdown has it: by level.
func step(p *learning.Path, section string) *learning.Node {
	if n := p.Nodes.Get(section); n != nil {
		return n
	}
	number, err := strconv.Atoi(section)
	if err != nil || number < 1 || number > len(p.Nodes) {
		return nil
	}
	byLevel := slices.SortedStableFunc(slices.Values(p.Nodes), func(a, b learning.Node) int {
		return cmp.Compare(a.VisualPosition.Level, b.VisualPosition.Level)
	})
	return &byLevel[number-1]
}

// trimNode takes quizzes and exercises out of a concise answer, and the answers
// out of any that did not ask for them.
func trimNode(n *learning.Node, in pathInput) {
	if in.Detail != "detailed" && in.Section == "" {
		n.Quiz, n.ExerciseSet = nil, nil
	}
	if in.Answers {
		return
	}
	if n.Quiz != nil {
		for i := range n.Quiz.Questions {
			n.Quiz.Questions[i].CorrectOptionIndex, n.Quiz.Questions[i].Explanation = -1, ""
		}
	}
	if n.ExerciseSet != nil {
		for i := range n.ExerciseSet.Exercises {
			n.ExerciseSet.Exercises[i].Solution, n.ExerciseSet.Exercises[i].CorrectAnswer = "", ""
		}
	}
}

// Formats lists the forms in which a path can be had; the first is the default.
func Formats() []string { return []string{"markdown", "json", "mermaid"} }
