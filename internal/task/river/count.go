package river

import (
	"context"
	"time"

	"github.com/trilha/trilha/internal/task"
)

const sqlCount = `SELECT status, count(*), min(created_at) FROM tasks WHERE` + alive + `$1) GROUP BY status`

// Count implements task.Counter.
func (s *Store) Count(ctx context.Context) (task.Counts, error) {
	type group struct {
		status string
		n      int64
		oldest int64
	}
	var c task.Counts
	err := s.reads(ctx, func(ctx context.Context, q querier) error {
		groups, err := all(ctx, q, func(from rows) (g group, err error) {
			err = from.Scan(&g.status, &g.n, &g.oldest)
			return g, err
		}, sqlCount, now().UnixMicro())
		for _, g := range groups {
			c.Add(task.Status(g.status), g.status == statusAsking, int(g.n), time.UnixMicro(g.oldest))
		}
		return err
	})
	return c, err
}
