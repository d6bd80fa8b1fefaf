package river

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/trilha/trilha/internal/task"
)

// readTime is how long a read may take.
const readTime = 10 * time.Second

// reads runs f with something to read from, after Shutdown too.
func (s *Store) reads(ctx context.Context, f func(ctx context.Context, q querier) error) error {
	ctx, cancel := context.WithTimeout(ctx, readTime)
	defer cancel()
	s.pools.RLock()
	defer s.pools.RUnlock()
	if !s.shut {
		return f(ctx, s.db)
	}
	q, done, err := s.db.briefly(ctx)
	if err != nil {
		return err
	}
	defer done()
	return f(ctx, q)
}

const alive = ` (expires_at IS NULL OR expires_at > `

// lookUp is the one look-up: every method that names a task answers alike.
func (s *Store) lookUp(ctx context.Context, q querier, owner, id string, at time.Time) (record, error) {
	found, err := all(ctx, q, scanRecord,
		`SELECT `+columns+` FROM tasks WHERE id = $1 AND owner = $2 AND`+alive+`$3)`, text(id), text(owner), at.UnixMicro())
	if err != nil {
		return record{}, err
	}
	if len(found) == 0 {
		return record{}, task.ErrNotFound(id)
	}
	return found[0], nil
}

// byID finds a task whoever owns it.
func (s *Store) byID(ctx context.Context, id string) (record, error) {
	var r record
	err := s.reads(ctx, func(ctx context.Context, q querier) error {
		found, err := all(ctx, q, scanRecord, `SELECT `+columns+` FROM tasks WHERE id = $1`, id)
		if err == nil && len(found) == 0 {
			err = errNoRow
		}
		if err == nil {
			r = found[0]
		}
		return err
	})
	return r, err
}

// get reads a task as its owner sees it.
func (s *Store) get(ctx context.Context, owner, id string) (record, error) {
	if r := s.runHere(id); r != nil {
		s.writeProgress(ctx, r)
	}
	var r record
	err := s.reads(ctx, func(ctx context.Context, q querier) (err error) {
		r, err = s.lookUp(ctx, q, owner, id, now())
		return err
	})
	if err == nil && !r.Status.Final() {
		err = s.stuck(id)
	}
	return r, s.broken(err)
}

// stuck tells why a task of this process is not seen to end, although it has.
func (s *Store) stuck(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if e := s.entries[id]; e != nil && e.run != nil {
		return e.run.stuck
	}
	return nil
}

// Get implements task.Store.
func (s *Store) Get(ctx context.Context, owner, id string) (task.Task, error) {
	r, err := s.get(ctx, owner, id)
	return r.Task, err
}

// List implements task.Store.
func (s *Store) List(ctx context.Context, owner string, f task.Filter) (task.Page, error) {
	f, before, err := f.Check()
	if err != nil {
		return task.Page{}, err
	}
	owner = text(owner)
	for _, r := range s.runsThat(func(r *run) bool { return s.entries[r.id].task.Owner == owner }) {
		s.writeProgress(ctx, r)
	}
	where, params := selection(owner, f.Statuses, now())
	page := task.Page{Tasks: []task.Task{}}
	var found []record
	err = s.reads(ctx, func(ctx context.Context, q querier) error {
		if err := one(ctx, q, `SELECT count(*) FROM tasks WHERE `+where, params, &page.Total); err != nil {
			return err
		}
		n := len(params)
		query := fmt.Sprintf(`SELECT %s FROM tasks WHERE %s AND seq < $%d ORDER BY seq DESC LIMIT $%d`, listed, where, n+1, n+2)
		found, err = all(ctx, q, scanRecord, query, append(params, int64(min(before, 1<<62)), f.Limit+1)...)
		return err
	})
	if err != nil {
		return task.Page{}, s.broken(err)
	}
	if len(found) > f.Limit {
		found = found[:f.Limit]
		page.Next = task.Cursor(uint64(found[f.Limit-1].seq))
	}
	for _, r := range found {
		page.Tasks = append(page.Tasks, r.Task)
	}
	return page, nil
}

// selection is what a filter selects, as SQL.
func selection(owner string, statuses []task.Status, at time.Time) (where string, params []any) {
	params = []any{owner, at.UnixMicro()}
	where = `owner = $1 AND` + alive + `$2)`
	if len(statuses) == 0 {
		return where, params
	}
	var marks []string
	for _, status := range statuses {
		params = append(params, string(status))
		marks = append(marks, fmt.Sprintf("$%d", len(params)))
		if status == task.Pending {
			marks = append(marks, `'`+statusAsking+`'`)
		}
	}
	return where + ` AND status IN (` + strings.Join(marks, ", ") + `)`, params
}

// reload learns how a task stands that is watched or run here.
func (s *Store) reload(ctx context.Context, id string) error {
	before := s.settledRevision(id)
	r, err := s.byID(ctx, id)
	if err != nil && !errors.Is(err, errNoRow) {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err == nil {
		s.learn(r)
	} else {
		s.vanished(id, before)
	}
	return nil
}

// reloadAll reloads every task that is watched or run here and has changed, or is
// gone.
func (s *Store) reloadAll(ctx context.Context) error {
	s.mu.Lock()
	ids := slices.Collect(maps.Keys(s.entries))
	s.mu.Unlock()
	for some := range slices.Chunk(ids, reloadBatch) {
		changed, err := s.changed(ctx, some)
		if err != nil {
			return err
		}
		for _, id := range changed {
			if err := s.reload(ctx, id); err != nil {
				return err
			}
		}
	}
	return nil
}

const reloadBatch = 64

// sqlRevisions has a fixed number of parameters, so that it is one text.
var sqlRevisions = func() string {
	marks := make([]string, reloadBatch)
	for i := range marks {
		marks[i] = fmt.Sprintf("$%d", i+1)
	}
	return `SELECT id, status, attempt, revision FROM tasks WHERE id IN (` + strings.Join(marks, ", ") + `)`
}()

// changed gives those of ids of which this process may not know all.
func (s *Store) changed(ctx context.Context, ids []string) (changed []string, err error) {
	params := make([]any, reloadBatch)
	for i := range params {
		params[i] = ids[min(i, len(ids)-1)]
	}
	var found []record
	err = s.reads(ctx, func(ctx context.Context, q querier) (err error) {
		found, err = all(ctx, q, func(from rows) (r record, err error) {
			err = from.Scan(&r.ID, &r.Status, &r.attempt, &r.revision)
			return r, err
		}, sqlRevisions, params...)
		return err
	})
	if err != nil {
		return nil, err
	}
	known := make(map[string]record, len(found))
	for _, r := range found {
		known[r.ID] = r
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.DeleteFunc(ids, func(id string) bool {
		r, there := known[id]
		e := s.entries[id]
		return e == nil || there && (r.revision <= e.revision || e.runs(r))
	}), nil
}
