package cli

import (
	"errors"
	"fmt"

	"github.com/trilha/trilha/internal/app"
	"github.com/trilha/trilha/internal/config"
	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/task/river"
)

type workerCommand struct {
	config.Metrics
}

// Run carries out what others make, until it is told to stop.
func (c *workerCommand) Run(e *env) error {
	if place, err := e.config.Place(); err == nil && place.InMemory() {
		return usageError{errors.New("a worker needs a store that others put tasks into: --store sqlite, sqlite:PATH or postgres://user@host/database")}
	}
	a, err := e.build(app.HTTP)
	if err != nil {
		return err
	}
	if err := e.metrics(a, c.Metrics); err != nil {
		return err
	}
	fmt.Fprintf(e.streams.Err, "trilha %s: working for store %s\n", app.Version, e.place())
	return a.Work(e.ctx)
}

type migrateCommand struct {
	Up     migrateUpCommand     `cmd:"" help:"Bring the schema of the store up to date."`
	Status migrateStatusCommand `cmd:"" help:"Tell how the schema of the store stands."`
}

type migrateUpCommand struct{}

func (migrateUpCommand) Run(e *env) error { return e.schema(true) }

type migrateStatusCommand struct{}

func (migrateStatusCommand) Run(e *env) error { return e.schema(false) }

func (e *env) schema(upgrade bool) error {
	if err := e.config.Check(); err != nil {
		return usageError{err}
	}
	s, err := app.Schema(e.ctx, e.config, upgrade)
	if err != nil {
		return misused(err)
	}
	_, err = fmt.Fprintf(e.streams.Out, "store %s\nschema %d of %d, River's %d of %d: %s\n",
		e.place(), s.Have, s.Want, s.HaveRiver, s.WantRiver, standing(s))
	return err
}

func standing(s river.Schema) string {
	switch {
	case s.Have > s.Want || s.HaveRiver > s.WantRiver:
		return "newer than this program"
	case s.Current():
		return "up to date"
	default:
		return "to be migrated"
	}
}

type backupCommand struct {
	File string `arg:"" help:"File to write, which must not be there yet." type:"path"`
}

func (c *backupCommand) Run(e *env) error {
	if err := e.config.Check(); err != nil {
		return usageError{err}
	}
	return misused(app.Backup(e.ctx, e.config, c.File))
}

// misused makes an error about the configuration one of usage.
func misused(err error) error {
	if f, ok := fault.Of(err); ok && f.Field == "store" {
		return usageError{err}
	}
	return err
}

// place names the store, without its password.
func (e *env) place() string {
	place, err := e.config.Place()
	if err != nil {
		return err.Error()
	}
	return place.String()
}
