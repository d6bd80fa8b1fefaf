package river

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/pgtest"
	"github.com/trilha/trilha/internal/task"
)

// filled opens an idle store with so many ended tasks of some owners, "0" to
// "owners-1" in turn.
func filled(tb testing.TB, a Address, tasks, owners int) *Store {
	tb.Helper()
	s, err := Open(tb.Context(), a, Options{Idle: true, Limits: task.Limits{Kept: 2 * tasks}})
	require.NoError(tb, err)
	tb.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		assert.NoError(tb, s.Shutdown(ctx))
	})
	numbers := `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < %d) `
	identity, analyze := `printf('%%08d-0000-4000-8000-000000000000', n)`, `ANALYZE`
	if a.URL != "" {
		numbers = `WITH numbers(n) AS (SELECT * FROM generate_series(1, %d)) `
		identity, analyze = `gen_random_uuid()`, `ANALYZE tasks`
	}
	insert := fmt.Sprintf(`INSERT INTO tasks (id, owner, kind, description, priority, status, progress, created_at, updated_at, completed_at, expires_at, due) `+
		numbers+`SELECT CAST(`+identity+` AS text), CAST(n %% %d AS text), 'path', 'a task', 'normal',
			CASE WHEN n %% 10 = 0 THEN 'failed' ELSE 'completed' END, 100, n, n, n, %d + n, n FROM numbers`, tasks, owners, time.Now().Add(24*time.Hour).UnixMicro())
	require.NoError(tb, s.db.write(tb.Context(), func(t tx) error {
		if _, err := t.exec(tb.Context(), insert); err != nil {
			return err
		}
		if _, err := t.exec(tb.Context(), fmt.Sprintf(`UPDATE task_store SET tasks = %d`, tasks)); err != nil {
			return err
		}
		_, err := t.exec(tb.Context(), analyze)
		return err
	}))
	return s
}

// plan is how the database would look for a page of a listing.
func plan(tb testing.TB, s *Store, explain string, statuses ...task.Status) string {
	tb.Helper()
	where, params := selection("7", statuses, now())
	n := len(params)
	query := fmt.Sprintf(`%s SELECT %s FROM tasks WHERE %s AND seq < $%d ORDER BY seq DESC LIMIT $%d`, explain, listed, where, n+1, n+2)
	var lines []string
	require.NoError(tb, s.reads(tb.Context(), func(ctx context.Context, q querier) (err error) {
		lines, err = all(ctx, q, func(from rows) (line string, err error) {
			var a, b, c any
			if strings.Contains(explain, "PLAN") {
				err = from.Scan(&a, &b, &c, &line)
			} else {
				err = from.Scan(&line)
			}
			return line, err
		}, query, append(params, int64(1)<<62, 21)...)
		return err
	}))
	return strings.Join(lines, "\n")
}

func TestAPageOfAListingIsReadFromAnIndex(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		address func(*testing.T) Address
		explain string
		index   string
	}{
		"SQLite":   {func(t *testing.T) Address { return Address{File: filepath.Join(t.TempDir(), "trilha.db")} }, `EXPLAIN QUERY PLAN`, "USING INDEX tasks_owner"},
		"Postgres": {func(t *testing.T) Address { return Address{URL: pgtest.Database(t)} }, `EXPLAIN`, "tasks_owner"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := filled(t, c.address(t), 20_000, 200)
			for _, statuses := range [][]task.Status{nil, {task.Failed}} {
				p := plan(t, s, c.explain, statuses...)
				assert.Contains(t, p, c.index)
				assert.NotContains(t, p, "Seq Scan")
				assert.NotContains(t, p, "SCAN tasks")
			}
			page, err := s.List(t.Context(), "7", task.Filter{Statuses: []task.Status{task.Completed}})
			require.NoError(t, err)
			assert.Equal(t, 100, page.Total)
			assert.Len(t, page.Tasks, task.DefaultPage)
			assert.NotEmpty(t, page.Next)
		})
	}
}
