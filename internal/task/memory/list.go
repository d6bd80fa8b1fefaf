package memory

import (
	"context"
	"slices"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/task"
)

// Get implements task.Store.
func (s *Store) Get(_ context.Context, owner, id string) (task.Task, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e, err := s.find(owner, id)
	if err != nil {
		return task.Task{}, err
	}
	return e.snapshot(), nil
}

// find is the one look-up: every method that names a task answers alike.
func (s *Store) find(owner, id string) (*entry, error) {
	s.tick()
	e := s.tasks[id]
	if e == nil || e.owner.name != owner {
		return nil, task.ErrNotFound(id)
	}
	return e, nil
}

// List implements task.Store.
func (s *Store) List(_ context.Context, owner string, f task.Filter) (task.Page, error) {
	before, err := checkFilter(&f)
	if err != nil {
		return task.Page{}, err
	}
	page := task.Page{Tasks: []task.Task{}}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	o := s.owners[owner]
	if o == nil {
		return page, nil
	}
	var last uint64 // sequence of the page's last task
	more := false
	for e := o.newest; e != nil; e = e.older {
		if len(f.Statuses) > 0 && !slices.Contains(f.Statuses, e.task.Status) {
			continue
		}
		page.Total++
		switch {
		case e.seq >= before: // on an earlier page
		case len(page.Tasks) < f.Limit:
			page.Tasks = append(page.Tasks, e.listed())
			last = e.seq
		default:
			more = true
		}
	}
	if more {
		page.Next = cursor(last)
	}
	return page, nil
}

// checkFilter fills in the default limit, and returns the sequence that the
// page's tasks lie before.
func checkFilter(f *task.Filter) (before uint64, err error) {
	for _, status := range f.Statuses {
		if !slices.Contains(task.Statuses(), status) {
			return 0, fault.InField("status", "there is no status %q", status).
				With("Use any of %q.", task.Statuses())
		}
	}
	if f.Limit < 0 || f.Limit > task.MaxPage {
		return 0, fault.InField("limit", "%d is out of range", f.Limit).
			With("Use 1 to %d, or leave it out for %d.", task.MaxPage, task.DefaultPage)
	}
	if f.Limit == 0 {
		f.Limit = task.DefaultPage
	}
	return parseCursor(f.Cursor)
}
