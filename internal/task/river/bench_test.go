package river_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/pgtest"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/task/memory"
	"github.com/trilha/trilha/internal/task/river"
)

// stores opens two instances on one database, or one in memory twice.
func stores(b *testing.B, works map[string]task.Work) map[string]func(b *testing.B) (one, two task.Store) {
	limits := task.Limits{Running: 8, RunningPerOwner: 8, WaitingPerOwner: 1 << 20, Kept: 1 << 20}
	database := func(b *testing.B, a river.Address) (task.Store, task.Store) {
		one, err := river.Open(b.Context(), a, river.Options{Works: works, Limits: limits})
		require.NoError(b, err)
		two, err := river.Open(b.Context(), a, river.Options{Works: works, Limits: limits, Idle: true})
		require.NoError(b, err)
		b.Cleanup(func() {
			require.NoError(b, one.Shutdown(over()))
			require.NoError(b, two.Shutdown(over()))
		})
		return one, two
	}
	return map[string]func(b *testing.B) (one, two task.Store){
		"memory": func(b *testing.B) (task.Store, task.Store) {
			s := memory.New(works, limits, nil)
			b.Cleanup(func() { require.NoError(b, s.Shutdown(over())) })
			return s, s
		},
		"SQLite": func(b *testing.B) (task.Store, task.Store) {
			return database(b, river.Address{File: filepath.Join(b.TempDir(), "trilha.db")})
		},
		"Postgres": func(b *testing.B) (task.Store, task.Store) {
			return database(b, river.Address{URL: pgtest.Database(b)})
		},
	}
}

// p50 reports the median of what was timed.
func p50(b *testing.B, took []time.Duration) {
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms-p50")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "ms-p99")
}

// BenchmarkCreateToStart is from before Submit until the work has begun.
func BenchmarkCreateToStart(b *testing.B) {
	begun := make(chan time.Time, 1)
	works := map[string]task.Work{"work": func(context.Context, task.Run) (json.RawMessage, error) {
		begun <- time.Now()
		return json.RawMessage(`1`), nil
	}}
	for name, open := range stores(b, works) {
		b.Run(name, func(b *testing.B) {
			s, _ := open(b)
			var took []time.Duration
			for b.Loop() {
				at := time.Now()
				sub, err := s.Submit(b.Context(), task.Spec{Owner: "ann", Kind: "work"})
				require.NoError(b, err)
				took = append(took, (<-begun).Sub(at))
				_, err = task.Wait(b.Context(), s, "ann", sub.Task.ID)
				require.NoError(b, err)
			}
			p50(b, took)
		})
	}
}

// BenchmarkAcross is how long another instance takes to see progress, and a work to
// learn that another instance cancelled it.
func BenchmarkAcross(b *testing.B) {
	st := newStage()
	for name, open := range stores(b, st.works()) {
		b.Run(name, func(b *testing.B) {
			one, two := open(b)
			var progress, cancel []time.Duration
			for b.Loop() {
				sub, err := one.Submit(b.Context(), task.Spec{Owner: "ann", Kind: "work"})
				require.NoError(b, err)
				w := <-st.begun
				watch, err := two.Watch(b.Context(), "ann", sub.Task.ID)
				require.NoError(b, err)
				<-watch.Events
				at := time.Now()
				w.run.Report(50, "half way")
				for e := range watch.Events {
					if e.Progress == 50 {
						break
					}
				}
				progress = append(progress, time.Since(at))
				watch.Stop()
				at = time.Now()
				_, err = two.Cancel(b.Context(), "ann", sub.Task.ID)
				require.NoError(b, err)
				<-w.ctx.Done()
				cancel = append(cancel, time.Since(at))
			}
			slices.Sort(progress)
			slices.Sort(cancel)
			b.ReportMetric(float64(progress[len(progress)/2].Microseconds())/1000, "ms-progress-p50")
			b.ReportMetric(float64(cancel[len(cancel)/2].Microseconds())/1000, "ms-cancel-p50")
		})
	}
}

// BenchmarkCreate has many submit at once tasks whose result is known.
func BenchmarkCreate(b *testing.B) {
	for name, open := range stores(b, newStage().works()) {
		b.Run(name, func(b *testing.B) {
			s, _ := open(b)
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					_, err := s.Submit(context.Background(), task.Spec{Owner: "ann", Kind: "work", Result: json.RawMessage(`{}`)})
					require.NoError(b, err)
				}
			})
		})
	}
}

// BenchmarkListOfAMillion lists in a store of a million tasks: of an owner with a
// thousand of them, and of one with a hundred thousand.
func BenchmarkListOfAMillion(b *testing.B) {
	const columns = `id, owner, kind, description, priority, status, progress, result, created_at, updated_at, completed_at, expires_at, due`
	const values = `n, CASE WHEN n % 10 = 0 THEN 'many' ELSE 'owner ' || (n % 1000) END, 'work', 'a task', '',
		CASE WHEN n % 3 = 0 THEN 'failed' ELSE 'completed' END, 100, $blob, n, n, n, 4102444800000000, n`
	for name, place := range map[string]struct {
		at, blob, fill string
	}{
		"SQLite": {
			filepath.Join(b.TempDir(), "trilha.db"), `x'7b7d'`,
			`WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000000) INSERT INTO tasks (%s) SELECT %s FROM c; ANALYZE`,
		},
		"Postgres": {
			pgtest.Database(b), `'{}'::bytea`,
			`INSERT INTO tasks (%s) SELECT %s FROM generate_series(1, 1000000) n; VACUUM ANALYZE tasks`,
		},
	} {
		s, err := openPlace(place.at, river.Options{Works: newStage().works(), Limits: task.Limits{Kept: 1 << 30, KeptBytes: 1 << 40}, Idle: true})
		require.NoError(b, err)
		for part := range strings.SplitSeq(fmt.Sprintf(place.fill, columns, values), "; ") {
			execAt(b, place.at, strings.NewReplacer("SELECT n, CASE", "SELECT CAST(n AS text), CASE", "$blob", place.blob).Replace(part))
		}
		execAt(b, place.at, `UPDATE task_store SET tasks = 1000000`)
		for _, owner := range []string{"owner 7", "many"} {
			deep := task.Cursor(500_000)
			for how, f := range map[string]task.Filter{
				"first page": {}, "deep page": {Cursor: deep}, "by status": {Statuses: []task.Status{task.Failed}}, "none": {Statuses: []task.Status{task.Running}},
			} {
				b.Run(name+"/"+owner+"/"+how, func(b *testing.B) {
					for b.Loop() {
						_, err := s.List(b.Context(), owner, f)
						require.NoError(b, err)
					}
				})
			}
		}
		require.NoError(b, s.Shutdown(over()))
	}
}
