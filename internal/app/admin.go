package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/trilha/trilha/internal/config"
	"github.com/trilha/trilha/internal/shelf"
	"github.com/trilha/trilha/internal/shelf/sqlshelf"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/task/river"
)

// Admin looks after a store that outlives its process, for all principals. Servers
// may use the store meanwhile.
type Admin struct {
	tasks *river.Store
	paths *sqlshelf.Shelf
	grace time.Duration
}

// OpenAdmin opens the store that c names.
func OpenAdmin(ctx context.Context, c config.Config, out io.Writer) (*Admin, error) {
	at, err := database(c)
	if err != nil {
		return nil, err
	}
	log, err := logger(c, out)
	if err != nil {
		return nil, err
	}
	paths, err := sqlshelf.Open(at.File, at.URL, 0, log)
	if err != nil {
		return nil, err
	}
	tasks, err := river.Open(ctx, at, river.Options{Limits: c.Limits(), Log: log, Idle: true, Unmigrated: c.Migrate == "off"})
	if err != nil {
		return nil, errors.Join(err, paths.Close())
	}
	return &Admin{tasks, paths, c.Grace}, nil
}

// Close closes the store.
func (a *Admin) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), a.grace)
	defer cancel()
	return errors.Join(a.tasks.Shutdown(ctx), a.paths.Close())
}

// Tasks gives tasks of a principal, or of everyone where it is empty, the newest
// first, without results.
func (a *Admin) Tasks(ctx context.Context, principal string, most int) ([]task.Task, error) {
	return a.tasks.All(ctx, principal, most)
}

// Cancel ends a task, whosever it is.
func (a *Admin) Cancel(ctx context.Context, id string) (task.Task, error) {
	owner, err := a.tasks.OwnerOf(ctx, id)
	if err != nil {
		return task.Task{}, err
	}
	return a.tasks.Cancel(ctx, owner, id)
}

// Erase removes all that is kept of a principal, for good.
func (a *Admin) Erase(ctx context.Context, principal string) (tasks, paths int64, err error) {
	if tasks, err = a.tasks.Erase(ctx, principal); err != nil {
		return tasks, 0, err
	}
	paths, err = a.paths.Erase(ctx, principal)
	return tasks, paths, err
}

// exportedTask is a task with what was asked, which nobody is shown otherwise.
type exportedTask struct {
	Task  task.Task       `json:"task"`
	Input json.RawMessage `json:"input,omitempty"`
}

// Export writes all that is kept of a principal as one JSON document.
func (a *Admin) Export(ctx context.Context, principal string, w io.Writer) error {
	name, err := json.Marshal(principal)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "{\"principal\":%s,\"exported_at\":%q,\"tasks\":[", name, time.Now().UTC().Format(time.RFC3339)); err != nil {
		return err
	}
	if err := a.exportTasks(ctx, principal, w); err != nil {
		return err
	}
	if _, err := io.WriteString(w, "],\"paths\":["); err != nil {
		return err
	}
	if err := a.exportPaths(ctx, principal, w); err != nil {
		return err
	}
	_, err = io.WriteString(w, "]}\n")
	return err
}

func (a *Admin) exportTasks(ctx context.Context, principal string, w io.Writer) error {
	filter, comma := task.Filter{Limit: task.MaxPage}, ""
	for {
		page, err := a.tasks.List(ctx, principal, filter)
		if err != nil {
			return err
		}
		for i := range page.Tasks {
			whole, err := a.tasks.Get(ctx, principal, page.Tasks[i].ID)
			if err != nil {
				return err
			}
			if err := put(w, &comma, exportedTask{whole, whole.Input}); err != nil {
				return err
			}
		}
		if filter.Cursor = page.Next; filter.Cursor == "" {
			return nil
		}
	}
}

func (a *Admin) exportPaths(ctx context.Context, principal string, w io.Writer) error {
	query, comma := shelf.Query{Limit: shelf.MaxPage}, ""
	for {
		page, err := a.paths.List(ctx, principal, query)
		if err != nil {
			return err
		}
		for i := range page.Paths {
			whole, err := a.paths.Get(ctx, principal, page.Paths[i].ID)
			if err != nil {
				return err
			}
			if err := put(w, &comma, whole); err != nil {
				return err
			}
		}
		if query.Cursor = page.Next; query.Cursor == "" {
			return nil
		}
	}
}

// put writes one member of a list.
func put(w io.Writer, comma *string, v any) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n%s", *comma, raw)
	*comma = ","
	return err
}
