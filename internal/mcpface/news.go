package mcpface

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"golang.org/x/time/rate"

	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/tutor"
	"github.com/trilha/trilha/tools"
)

// news tells each owner's sessions, and nobody else's, what happens to tasks and paths
// beside the calls that are about them: that the list of resources has changed, and, as
// log messages, how tasks went.
type news struct {
	mu       sync.Mutex
	audience map[string]*audience // by owner
	owners   map[any]string       // of listeners, by their keys
	closed   bool
}

// audience is who hears of one owner's tasks and paths.
type audience struct {
	listeners map[any]listener
	observed  map[string]bool // tasks whose end is waited for
	told      time.Time       // that the list has changed
	late      *time.Timer     // to tell it again; nil: there is nothing to tell
	logs      *rate.Limiter
}

// listener is a session before 2026-07-28, or a stream of subscriptions/listen.
type listener struct {
	changed func()
	message func(mcp.LoggingMessageNotification) // nil: it takes none
}

// Bounds of news. What is not told of the ends of too many tasks at once the next
// list shows.
const (
	listGap     = time.Second // between two tellings that the list has changed
	maxObserved = maxRecent   // tasks of an owner at a time
	logRate     = 10          // messages a second to an owner, after a burst
	logBurst    = 50
)

// addNews lets sessions in once they have said hello, since only then it is known
// whose they are.
func (f *Face) addNews(hooks *server.Hooks) {
	hooks.AddAfterInitialize(func(ctx context.Context, _ any, _ *mcp.InitializeRequest, _ *mcp.InitializeResult) {
		if session := server.ClientSessionFromContext(ctx); session != nil && session.SessionID() != "" {
			f.news.join(f.ownerOf(ctx), session.SessionID(), f.toSession(session.SessionID()))
		}
	})
	hooks.AddOnUnregisterSession(func(_ context.Context, session server.ClientSession) { f.news.leave(session.SessionID()) })
	f.tutor.Tell(func(_ context.Context, c tutor.Change) {
		switch {
		case c.Made.Status.Final(): // what comes of it was known
			f.news.message(c.Owner, messageOf(c.Made))
		case c.Made.ID != "":
			f.observe(c.Owner, c.Made)
		}
		f.news.listChanged(c.Owner)
	})
}

func (f *Face) toSession(id string) listener {
	gone := func(err error) {
		if errors.Is(err, server.ErrSessionNotFound) { // it went while it was saying hello
			f.news.leave(id)
		}
	}
	return listener{
		changed: func() {
			gone(f.server.SendNotificationToSpecificClient(id, mcp.MethodNotificationResourcesListChanged, nil))
		},
		message: func(m mcp.LoggingMessageNotification) { gone(f.server.SendLogMessageToSpecificClient(id, m)) },
	}
}

// observe tells owner's sessions when a task stands differently from t, if anybody
// listens.
func (f *Face) observe(owner string, t task.Task) {
	if !f.news.observe(owner, t.ID) {
		return
	}
	f.work.Go(func() {
		defer f.news.overlook(owner, t.ID)
		w, err := f.tutor.Watch(f.root, owner, t.ID)
		if err != nil {
			return // it was forgotten meanwhile
		}
		defer w.Stop()
		for now := range w.Events {
			if standing(&now) != standing(&t) {
				t = now
				f.news.message(owner, messageOf(t))
				f.news.listChanged(owner)
			}
		}
	})
}

// levels says how much it matters that a task stands as it does. That it is in work
// again matters little.
var levels = map[task.Status]mcp.LoggingLevel{
	task.Pending:   mcp.LoggingLevelDebug,
	task.Running:   mcp.LoggingLevelDebug,
	task.Completed: mcp.LoggingLevelInfo,
	task.Cancelled: mcp.LoggingLevelNotice,
	task.Failed:    mcp.LoggingLevelError,
}

// messageOf is a log message about how a task stands.
func messageOf(t task.Task) mcp.LoggingMessageNotification {
	level, data := levels[t.Status], map[string]any{"task_id": t.ID, "status": t.Status}
	if t.Error != "" {
		data["error"] = shownText(t.Error, maxAbout)
	}
	if t.Awaits() {
		level, data["question"] = mcp.LoggingLevelNotice, tools.Question(t)
	}
	return mcp.NewLoggingMessageNotification(level, "tasks", data)
}

func (n *news) join(owner string, key any, l listener) {
	n.leave(key) // it may have been another's
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.audience == nil {
		n.audience, n.owners = map[string]*audience{}, map[any]string{}
	}
	a := n.audience[owner]
	if a == nil {
		a = &audience{listeners: map[any]listener{}, observed: map[string]bool{}, logs: rate.NewLimiter(logRate, logBurst)}
		n.audience[owner] = a
	}
	a.listeners[key], n.owners[key] = l, owner
}

func (n *news) leave(key any) {
	n.mu.Lock()
	defer n.mu.Unlock()
	owner, ok := n.owners[key]
	if !ok {
		return
	}
	delete(n.owners, key)
	delete(n.audience[owner].listeners, key)
	n.dropIfIdle(owner)
}

// dropIfIdle forgets an owner of whom nobody hears. Callers hold mu.
func (n *news) dropIfIdle(owner string) {
	if a := n.audience[owner]; len(a.listeners) == 0 && len(a.observed) == 0 {
		if a.late != nil {
			a.late.Stop()
		}
		delete(n.audience, owner)
	}
}

// observe notes that a task's end is waited for. False: it is already, or is not to be.
func (n *news) observe(owner, id string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	a := n.audience[owner]
	if n.closed || a == nil || len(a.listeners) == 0 || a.observed[id] || len(a.observed) >= maxObserved {
		return false
	}
	a.observed[id] = true
	return true
}

func (n *news) overlook(owner, id string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.audience[owner].observed, id)
	n.dropIfIdle(owner)
}

// listChanged tells that the list of resources has changed, at once or, if that was
// told just now, a little later.
func (n *news) listChanged(owner string) {
	n.mu.Lock()
	a := n.audience[owner]
	if a == nil || a.late != nil || n.closed {
		n.mu.Unlock()
		return
	}
	if wait := time.Until(a.told.Add(listGap)); wait > 0 {
		a.late = time.AfterFunc(wait, func() {
			n.mu.Lock()
			a.late = nil
			n.mu.Unlock()
			n.listChanged(owner)
		})
		n.mu.Unlock()
		return
	}
	a.told = time.Now()
	all := slices.Collect(maps.Values(a.listeners))
	n.mu.Unlock()
	for _, l := range all {
		l.changed()
	}
}

// message sends a log message to an owner's sessions; mcp-go holds it against the
// level of each.
func (n *news) message(owner string, m mcp.LoggingMessageNotification) {
	n.mu.Lock()
	a := n.audience[owner]
	if a == nil || !a.logs.Allow() {
		n.mu.Unlock()
		return
	}
	all := slices.Collect(maps.Values(a.listeners))
	n.mu.Unlock()
	for _, l := range all {
		if l.message != nil {
			l.message(m)
		}
	}
}

// close ends what would be told later.
func (n *news) close() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.closed = true
	for _, a := range n.audience {
		if a.late != nil {
			a.late.Stop()
		}
	}
}
