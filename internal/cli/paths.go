package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/trilha/trilha/internal/app"
	"github.com/trilha/trilha/internal/learning"
	"github.com/trilha/trilha/internal/render"
	"github.com/trilha/trilha/internal/shelf"
	"github.com/trilha/trilha/internal/terminal"
	"github.com/trilha/trilha/internal/tutor"
)

type pathsCommand struct {
	List   pathsListCommand   `cmd:"" help:"List finished paths, newest first."`
	Show   pathsShowCommand   `cmd:"" help:"Show one finished path."`
	Delete pathsDeleteCommand `cmd:"" help:"Delete finished paths, for good."`
}

// shelved runs f with the tutor of a store that outlives this process. No task is
// worked on meanwhile.
func (e *env) shelved(f func(t *tutor.Tutor) error) error {
	if place, err := e.config.Place(); err == nil && place.InMemory() {
		return usageError{errors.New("memory keeps no paths: name the store with --store sqlite, sqlite:PATH or one in Postgres")}
	}
	a, err := e.build(app.HTTPOnly)
	if err != nil {
		return err
	}
	return errors.Join(f(a.Tutor), a.Close())
}

type pathsListCommand struct {
	Words []string `arg:"" optional:"" help:"Words that title or topic must all have."`
}

func (c *pathsListCommand) Run(e *env) error {
	return e.shelved(func(t *tutor.Tutor) error {
		q := shelf.Query{Words: strings.Join(c.Words, " "), Limit: shelf.MaxPage}
		for {
			page, err := t.Paths(e.ctx, app.LocalOwner, q)
			if err != nil {
				return err
			}
			for i := range page.Paths {
				p := &page.Paths[i]
				fmt.Fprintf(e.streams.Out, "%s  %s  %s, %d steps, %d h, %s\n", p.ID, p.CreatedAt.Format(time.DateOnly), p.Title, p.Steps, p.Hours, p.Language)
			}
			if q.Cursor = page.Next; q.Cursor == "" {
				return nil
			}
		}
	})
}

type pathsShowCommand struct {
	ID     string `arg:"" help:"Its id, as trilha paths list shows it."`
	Format string `help:"markdown, json or mermaid." enum:"markdown,json,mermaid" default:"markdown"`
	Detail bool   `help:"Markdown with quizzes and exercises."`
}

func (c *pathsShowCommand) Run(e *env) error {
	return e.shelved(func(t *tutor.Tutor) error {
		p, err := t.Path(e.ctx, app.LocalOwner, c.ID)
		if err != nil {
			return callError{err.Error()}
		}
		text, err := c.text(p)
		if err != nil {
			return err
		}
		if tty, width := terminal.IsTerminal(e.streams.Out); tty && c.Format == "markdown" {
			return terminal.RenderMarkdown(e.streams.Out, text, width)
		}
		_, err = io.WriteString(e.streams.Out, text)
		return err
	})
}

func (c *pathsShowCommand) text(p *learning.Path) (string, error) {
	switch c.Format {
	case "json":
		raw, err := json.Marshal(p)
		return string(raw) + "\n", err
	case "mermaid":
		return render.Mermaid(p), nil
	default:
		return render.Markdown(p, render.Options{Detailed: c.Detail}), nil
	}
}

type pathsDeleteCommand struct {
	ID []string `arg:"" help:"Ids, as trilha paths list shows them."`
}

func (c *pathsDeleteCommand) Run(e *env) error {
	return e.shelved(func(t *tutor.Tutor) error {
		for _, id := range c.ID {
			if err := t.DeletePath(e.ctx, app.LocalOwner, id); err != nil {
				return err
			}
		}
		return nil
	})
}
