package river

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"log/slog"
	"strconv"
	"strings"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/trilha/trilha/internal/fault"
)

//go:embed migrations
var migrationFiles embed.FS

// versions are those of a database's two schemas: ours and River's.
type versions struct {
	ours  int
	needs int // the lowest version that a program must know to use ours
	river int
}

// migration is one step of our schema.
type migration struct {
	version int
	name    string
	sql     string
	// breaks says that programs which do not know it cannot use the database any
	// more. Others only add, so that a fleet can be upgraded while it runs.
	breaks bool
}

// breaking lists the versions of migrations that break.
var breaking = map[int]bool{1: true}

// migrationsOf reads the migrations of a dialect, in order.
func migrationsOf(dialect string) []migration {
	dir := "migrations/" + dialect
	files, err := fs.ReadDir(migrationFiles, dir)
	if err != nil {
		panic(err) // embedded
	}
	var out []migration
	for _, f := range files {
		sql, err := fs.ReadFile(migrationFiles, dir+"/"+f.Name())
		if err != nil {
			panic(err) // embedded
		}
		number, name, _ := strings.Cut(strings.TrimSuffix(f.Name(), ".sql"), "_")
		version, err := strconv.Atoi(number)
		if err != nil || version != len(out)+1 {
			panic(fmt.Sprintf("migration %s: want number %d", f.Name(), len(out)+1))
		}
		out = append(out, migration{version, name, string(sql), breaking[version]})
	}
	return out
}

// Schema tells which versions of the two schemas a database has, and which this
// program wants.
type Schema struct {
	Have, Want           int // ours
	HaveRiver, WantRiver int // River's
}

// Current says whether there is nothing to migrate.
func (s Schema) Current() bool { return s.Have >= s.Want && s.HaveRiver >= s.WantRiver }

// Inspect tells how the schema at a stands.
func Inspect(ctx context.Context, a Address) (Schema, error) { return atSchema(ctx, a, false) }

// Upgrade brings the schema at a up to date.
func Upgrade(ctx context.Context, a Address) (Schema, error) { return atSchema(ctx, a, true) }

func atSchema(ctx context.Context, a Address, upgrade bool) (Schema, error) {
	db, err := connect(ctx, a, lease)
	if err != nil {
		return Schema{}, err
	}
	defer db.close()
	var have versions
	if upgrade {
		err = prepare(ctx, db, false)
	}
	if err == nil {
		have, err = db.schema(ctx)
	}
	want := db.wanted()
	if err != nil {
		if _, ok := fault.Of(err); !ok {
			err = unavailable(db, err)
		}
	}
	return Schema{have.ours, want.ours, have.river, want.river}, err
}

// check refuses a schema that this program does not know.
func check(have, want versions) error {
	if have.needs > want.ours || have.river > want.river {
		return fault.New(fault.Unavailable, "the task store was made by a newer version (schema %d, this program knows %d)", have.ours, want.ours).
			With("Use that version or a later one.")
	}
	return nil
}

// prepare brings the schema up to date, or refuses it.
func prepare(ctx context.Context, db database, unmigrated bool) error {
	return db.exclusively(ctx, func(ctx context.Context) error {
		have, err := db.schema(ctx)
		if err != nil {
			return err
		}
		want := db.wanted()
		switch err := check(have, want); {
		case err != nil:
			return err
		case have.ours >= want.ours && have.river >= want.river:
			return nil
		case unmigrated:
			return fault.New(fault.Unavailable, "the task store has schema %d and this program wants %d", have.ours, want.ours).
				With("Run `trilha migrate up`, or leave out --migrate=off.")
		}
		return db.migrate(ctx, have)
	})
}

// schemaOf reads the versions of both schemas. exists counts the tables of a name.
func schemaOf(ctx context.Context, q querier, exists string) (v versions, err error) {
	for table, read := range map[string]func() error{
		"task_schema": func() error {
			return one(ctx, q, `SELECT version, needs FROM task_schema`, nil, &v.ours, &v.needs)
		},
		"river_migration": func() error {
			return one(ctx, q, `SELECT coalesce(max(version), 0) FROM river_migration`, nil, &v.river)
		},
	} {
		var there int
		if err := one(ctx, q, exists, []any{table}, &there); err != nil {
			return v, err
		}
		if there == 0 {
			continue
		}
		if err := read(); err != nil {
			return v, err
		}
	}
	return v, nil
}

// applyMigrations runs those that are missing, each with the version it makes.
func applyMigrations(dialect string, have int, run func(script string) error) error {
	needs := 0
	for _, m := range migrationsOf(dialect) {
		if m.breaks {
			needs = m.version
		}
		if m.version <= have {
			continue
		}
		script := m.sql
		if m.version == 1 {
			script += "\nCREATE TABLE task_schema (version integer NOT NULL, needs integer NOT NULL);\nINSERT INTO task_schema VALUES (0, 0);\n"
		}
		script += fmt.Sprintf("\nUPDATE task_schema SET version = %d, needs = %d;\n", m.version, needs)
		if err := run(script); err != nil {
			return fmt.Errorf("migration %d %s: %w", m.version, m.name, err)
		}
	}
	return nil
}

// riverVersion is the newest version of River's schema that this program knows.
func riverVersion[T any](d riverdriver.Driver[T]) int {
	m, err := rivermigrate.New(d, quietMigrations())
	if err != nil {
		panic(err) // embedded
	}
	known := m.AllVersions()
	return known[len(known)-1].Version
}

func quietMigrations() *rivermigrate.Config {
	return &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)}
}
