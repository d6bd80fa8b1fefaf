package app

import (
	"context"
	"io"
	"log/slog"

	"github.com/trilha/trilha/internal/config"
	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/shelf"
	"github.com/trilha/trilha/internal/shelf/sqlshelf"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/task/memory"
	"github.com/trilha/trilha/internal/task/river"
	"github.com/trilha/trilha/internal/tutor"
)

// openShelf gives the shelf at a place. Nothing of a database is touched before the
// first call.
func openShelf(place config.Place, log *slog.Logger) (tutor.Shelf, io.Closer, error) {
	if place.InMemory() {
		return shelf.NewMemory(0, 0), io.NopCloser(nil), nil
	}
	s, err := sqlshelf.Open(place.File, place.URL, 0, log)
	return s, s, err
}

// openStore opens the task store at a place. Nothing of a database is touched unless
// it names one.
func openStore(c config.Config, place config.Place, mode Mode, works map[string]task.Work, traces bool, log *slog.Logger) (task.Store, error) {
	if place.InMemory() {
		return memory.New(works, c.Limits(), log), nil
	}
	return river.Open(context.Background(), river.Address(place), river.Options{
		Works: works, Limits: c.Limits(), Log: log,
		Idle: mode == HTTPOnly, Unmigrated: c.Migrate == "off", Traces: traces,
	})
}

// database gives the address of the store that c names, which has to be one.
func database(c config.Config) (river.Address, error) {
	place, err := c.Place()
	if err != nil {
		return river.Address{}, err
	}
	if place.InMemory() {
		return river.Address{}, fault.InField("store", "memory has no schema and no file").
			With("Name a store with --store sqlite, sqlite:PATH or postgres://...")
	}
	return river.Address(place), nil
}

// Schema tells how the schema of the store stands, after bringing it up to date if
// that is wanted.
func Schema(ctx context.Context, c config.Config, upgrade bool) (river.Schema, error) {
	at, err := database(c)
	if err != nil {
		return river.Schema{}, err
	}
	if upgrade {
		return river.Upgrade(ctx, at)
	}
	return river.Inspect(ctx, at)
}

// Backup copies a SQLite store to a file, while others use it.
func Backup(ctx context.Context, c config.Config, to string) error {
	at, err := database(c)
	if err != nil {
		return err
	}
	if at.File == "" {
		return fault.InField("store", "a Postgres database is not backed up by trilha").With("Use pg_dump.")
	}
	return river.Backup(ctx, at.File, to)
}
