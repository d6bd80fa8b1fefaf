package cli

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/trilha/trilha/internal/app"
)

type adminCommand struct {
	Tasks  adminTasksCommand  `cmd:"" help:"Show tasks of everyone or of one principal, the newest first, or cancel one."`
	Export adminExportCommand `cmd:"" help:"Write all that is kept of one principal, as JSON."`
	Delete adminDeleteCommand `cmd:"" help:"Delete all that is kept of one principal, for good."`
}

// administered runs f on a store that outlives this process.
func (e *env) administered(f func(a *app.Admin) error) error {
	if err := e.config.Check(); err != nil {
		return usageError{err}
	}
	a, err := app.OpenAdmin(e.ctx, e.config, e.streams.Err)
	if err != nil {
		return misused(err)
	}
	return errors.Join(f(a), a.Close())
}

type adminTasksCommand struct {
	Principal string `help:"Only of this one: local, the name of a key, or oauth: with issuer, # and subject." placeholder:"NAME"`
	Cancel    string `help:"Cancel the task with this id, whosever it is." placeholder:"ID"`
	Limit     int    `help:"Show at most so many." default:"100" placeholder:"N"`
}

func (c *adminTasksCommand) Run(e *env) error {
	if c.Limit < 1 {
		return usageError{fmt.Errorf("--limit %d: give at least 1", c.Limit)}
	}
	return e.administered(func(a *app.Admin) error {
		if c.Cancel != "" {
			t, err := a.Cancel(e.ctx, c.Cancel)
			if err != nil {
				return callError{err.Error()}
			}
			fmt.Fprintf(e.streams.Out, "cancelled %s of %s\n", t.ID, t.Owner)
			return nil
		}
		tasks, err := a.Tasks(e.ctx, c.Principal, c.Limit)
		if err != nil {
			return err
		}
		for i := range tasks {
			t := &tasks[i]
			fmt.Fprintf(e.streams.Out, "%s  %s  %s  %3d%%  %s  %s\n", t.ID, t.CreatedAt.UTC().Format(time.DateTime), t.Status, t.Progress, t.Owner, t.Description)
		}
		return nil
	})
}

type adminExportCommand struct {
	Principal string `required:"" help:"Whose: local, the name of a key, or oauth: with issuer, # and subject." placeholder:"NAME"`
	Output    string `help:"Write to a file; - is standard output." default:"-" placeholder:"FILE"`
}

func (c *adminExportCommand) Run(e *env) error {
	return e.administered(func(a *app.Admin) error {
		if c.Output == "-" {
			return a.Export(e.ctx, c.Principal, e.streams.Out)
		}
		file, err := os.OpenFile(c.Output, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
		if err != nil {
			return fmt.Errorf("--output: %w", err)
		}
		return errors.Join(a.Export(e.ctx, c.Principal, file), file.Close())
	})
}

type adminDeleteCommand struct {
	Principal string `required:"" help:"Whose: local, the name of a key, or oauth: with issuer, # and subject." placeholder:"NAME"`
}

func (c *adminDeleteCommand) Run(e *env) error {
	return e.administered(func(a *app.Admin) error {
		tasks, paths, err := a.Erase(e.ctx, c.Principal)
		if err != nil {
			return err
		}
		fmt.Fprintf(e.streams.Out, "deleted %d tasks and %d paths of %s\n", tasks, paths, c.Principal)
		return nil
	})
}
