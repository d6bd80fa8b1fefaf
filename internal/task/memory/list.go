package memory

import (
	"context"
	"slices"

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
	f, before, err := f.Check()
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
		page.Next = task.Cursor(last)
	}
	return page, nil
}

// Count implements task.Counter.
func (s *Store) Count(context.Context) (task.Counts, error) {
	var c task.Counts
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tick()
	for _, e := range s.tasks {
		c.Add(e.task.Status, e.task.Awaits(), 1, e.task.CreatedAt)
	}
	return c, nil
}
