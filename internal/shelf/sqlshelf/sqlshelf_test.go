package sqlshelf_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/pgtest"
	"github.com/trilha/trilha/internal/shelf"
	"github.com/trilha/trilha/internal/shelf/shelftest"
	"github.com/trilha/trilha/internal/shelf/sqlshelf"
	"github.com/trilha/trilha/internal/task/river"
)

func TestMain(m *testing.M) {
	flag.Parse()
	checks := flag.Lookup("rapid.checks")
	if checks.Value.String() == checks.DefValue {
		_ = checks.Value.Set("10") // each waits for a disk
	}
	code := pgtest.Run(m, func(url string) error { return migrate(river.Address{URL: url}) })
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// migrate makes the tables, which are part of the task store's schema.
func migrate(at river.Address) error {
	_, err := river.Upgrade(context.Background(), at)
	return err
}

func open(t *testing.T, file, url string, perOwner int) *sqlshelf.Shelf {
	t.Helper()
	s, err := sqlshelf.Open(file, url, perOwner, nil)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	return s
}

func fresh(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "trilha.db")
	require.NoError(t, migrate(river.Address{File: file}))
	return file
}

func TestAShelfInSQLiteKeepsTheContract(t *testing.T) {
	t.Parallel()
	shelftest.Run(t, func(t *testing.T, perOwner int) shelftest.Shelf { return open(t, fresh(t), "", perOwner) })
}

func TestAShelfInPostgresKeepsTheContract(t *testing.T) {
	t.Parallel()
	shelftest.Run(t, func(t *testing.T, perOwner int) shelftest.Shelf { return open(t, "", pgtest.Database(t), perOwner) })
}

// Two processes on one database see each other's paths, and keep them when they end.
func TestShelvesOfOneDatabaseAreOne(t *testing.T) {
	t.Parallel()
	for name, at := range map[string]func(*testing.T) (file, url string){
		"SQLite":   func(t *testing.T) (string, string) { return fresh(t), "" },
		"Postgres": func(t *testing.T) (string, string) { return "", pgtest.Database(t) + "&pool_max_conns=9" },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			file, url := at(t)
			one, other := open(t, file, url, 0), open(t, file, url, 0)
			p := shelf.Path{Owner: "ann", ID: "id", Request: "r", Title: "T", Topic: "t", JSON: []byte(`{}`)}
			require.NoError(t, one.Put(t.Context(), nil, p))
			require.NoError(t, one.Close())
			page, err := other.List(t.Context(), "ann", shelf.Query{})
			require.NoError(t, err)
			require.Len(t, page.Paths, 1)
			assert.False(t, page.Forgets)
			require.NoError(t, other.Delete(t.Context(), "ann", "id"))
		})
	}
}

func TestAllWorksAgainOnceTheDatabaseIsBack(t *testing.T) {
	t.Parallel()
	server, err := pgtest.Start()
	pgtest.Need(t, err)
	t.Cleanup(func() { assert.NoError(t, server.Remove()) })
	require.NoError(t, server.Create("paths"))
	require.NoError(t, migrate(river.Address{URL: server.URL("paths")}))
	s := open(t, "", server.URL("paths"), 0)
	p := shelf.Path{Owner: "ann", ID: "id", JSON: []byte(`{}`)}
	require.NoError(t, s.Put(t.Context(), nil, p))

	require.NoError(t, server.Down())
	_, err = s.Get(t.Context(), "ann", "id")
	require.ErrorIs(t, err, fault.Unavailable)
	p.ID = "other"
	require.ErrorIs(t, s.Put(t.Context(), nil, p), fault.Unavailable)
	require.NoError(t, server.Up())
	_, err = s.Get(t.Context(), "ann", "id")
	require.NoError(t, err)
	require.NoError(t, s.Put(t.Context(), nil, p))
}

// What is asked of a database that is not there is told without its words.
func TestADatabaseThatIsAwayIsTold(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*sqlshelf.Shelf{
		"SQLite":   open(t, filepath.Join(t.TempDir(), "none.db"), "", 0),
		"Postgres": open(t, "", "postgres://trilha@/none?host="+t.TempDir(), 0),
	} {
		_, err := s.Get(t.Context(), "ann", "id")
		require.ErrorIs(t, err, fault.Unavailable, name)
		_, err = s.Find(t.Context(), "ann", "r", shelf.Path{}.CreatedAt)
		require.ErrorIs(t, err, fault.Unavailable, name)
		_, err = s.List(t.Context(), "ann", shelf.Query{})
		require.ErrorIs(t, err, fault.Unavailable, name)
		err = s.Delete(t.Context(), "ann", "id")
		require.ErrorIs(t, err, fault.Unavailable, name)
		f, _ := fault.Of(err)
		assert.NotContains(t, f.Error(), "none", "no path and no address")
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, s.Put(ctx, nil, shelf.Path{JSON: []byte(`{}`)}), context.Canceled, name)
	}
	_, err := sqlshelf.Open("", "postgres://:no:address", 0, nil)
	require.ErrorIs(t, err, fault.Invalid)
}
