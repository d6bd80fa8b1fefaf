package tutor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/identity"
	"github.com/trilha/trilha/internal/learning"
	"github.com/trilha/trilha/internal/shelf"
	"github.com/trilha/trilha/internal/task"
)

// Shelf keeps finished paths per owner, until they are deleted or make room for
// others. It alone says which paths there are: one that is gone from it is gone,
// although the result of the task that made it may still be kept.
type Shelf interface {
	// Put keeps a path, in the place of one with the same id, with all else that tx
	// does; at once where that is nil.
	Put(ctx context.Context, tx task.Tx, p shelf.Path) error
	// Get gives owner's path by its id, or NotFound.
	Get(ctx context.Context, owner, id string) (json.RawMessage, error)
	// Find gives owner's newest path for a request, put after since, or nil.
	Find(ctx context.Context, owner, request string, since time.Time) (json.RawMessage, error)
	// List pages through owner's paths, newest first. Errors: Invalid.
	List(ctx context.Context, owner string, q shelf.Query) (shelf.Page, error)
	// Delete removes owner's path, or gives NotFound.
	Delete(ctx context.Context, owner, id string) error
	// Release makes owner's paths with these ids answer no request any more, and
	// gives how many did. They stay on the shelf.
	Release(ctx context.Context, owner string, ids []string) (int, error)
	// Stats counts owner's paths that answer requests, those put after since apart
	// from the older ones.
	Stats(ctx context.Context, owner string, since time.Time) (shelf.Stats, error)
}

// CacheTime is how long a path answers the request that it was made for. An older
// one stays on the shelf, and the request is worked on anew.
const CacheTime = 30 * 24 * time.Hour

// requestKey is the same for two requests that ask for the same path, and short: an
// outline may be longer than a database's index takes.
func requestKey(r learning.Request) string {
	sum := sha256.Sum256([]byte(r.Canonical()))
	return hex.EncodeToString(sum[:])
}

// onShelf is a path that was made for a request as it stands on its owner's shelf.
func onShelf(owner string, r learning.Request, p *learning.Path, raw json.RawMessage) shelf.Path {
	return shelf.Path{
		Owner: owner, ID: p.ID, Request: requestKey(r), Title: p.Title, Topic: p.Topic, Language: p.Language,
		Category: p.Category, Steps: len(p.Nodes), Hours: p.TotalHours, JSON: raw,
	}
}

// Paths pages through owner's finished paths. The anonymous have none to be listed.
func (t *Tutor) Paths(ctx context.Context, owner string, q shelf.Query) (shelf.Page, error) {
	if owner == identity.Anonymous {
		return shelf.Page{}, nil
	}
	return t.shelf.List(ctx, owner, q)
}

// DeletePath removes a finished path of owner, for good: the same request makes it
// anew. Errors: NotFound.
func (t *Tutor) DeletePath(ctx context.Context, owner, id string) error {
	err := t.shelf.Delete(ctx, owner, id)
	if err == nil {
		t.tell(ctx, Change{Owner: owner})
	}
	return err
}

// Path gives a finished path of owner by its own id or by the id of the task that
// made it. Errors: NotFound; Conflict when the task has made no path (yet).
func (t *Tutor) Path(ctx context.Context, owner, id string) (*learning.Path, error) {
	raw, err := t.shelf.Get(ctx, owner, id)
	if errors.Is(err, fault.NotFound) {
		raw, err = t.pathOf(ctx, owner, id)
	}
	if err != nil {
		return nil, err
	}
	p := new(learning.Path)
	if err := json.Unmarshal(raw, p); err != nil {
		return nil, fmt.Errorf("path %s: %w", id, err)
	}
	return p, nil
}

// pathOf gives the path that a task made.
func (t *Tutor) pathOf(ctx context.Context, owner, id string) (json.RawMessage, error) {
	made, err := t.tasks.Get(ctx, owner, id)
	switch {
	case errors.Is(err, fault.NotFound):
		return nil, fault.New(fault.NotFound, "no path or task with id %q", id).
			With("Call list_learning_paths for the paths there are, list_tasks for what is being made")
	case err != nil:
		return nil, err
	case made.Status != task.Completed:
		return nil, unfinished(made)
	}
	raw, err := t.shelf.Get(ctx, owner, PathID(made))
	if errors.Is(err, fault.NotFound) {
		return nil, fault.New(fault.NotFound, "the path of task %s is gone: it was deleted, or made room for newer ones", id).
			With("generate_learning_path_async makes it anew")
	}
	return raw, err
}

// Whole gives one task of owner with its result, unless the path that this was is
// gone, or NotFound.
func (t *Tutor) Whole(ctx context.Context, owner, id string) (task.Task, error) {
	found, err := t.tasks.Get(ctx, owner, id)
	if err != nil || found.Status != task.Completed {
		return found, err
	}
	_, err = t.shelf.Get(ctx, owner, PathID(found))
	if errors.Is(err, fault.NotFound) {
		found.Result, err = nil, nil
	}
	return found, err
}

func unfinished(t task.Task) error {
	e := fault.New(fault.Conflict, "task %s is %s and has no path", t.ID, t.Status)
	if t.Status.Final() {
		return e.With("Start again with generate_learning_path_async")
	}
	return e.With("Wait with get_task_status, task_id %s and wait_seconds 30", t.ID)
}
