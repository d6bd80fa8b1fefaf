package mcpface

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"
	"golang.org/x/time/rate"
)

// subscriptions holds what ends each running resource subscription.
type subscriptions struct {
	mu      sync.Mutex
	running map[subscription]*stopper
}

// stopper is a pointer so that one subscription can be told from a later one to
// the same.
type stopper struct{ stop context.CancelFunc }

type subscription struct{ session, uri string }

// A subscription is told of changes ten times a second at most, after a first burst
// of ten. The last one is never held back.
const (
	changeRate  = 10
	changeBurst = 10
)

// maxSubscriptions bounds the subscriptions of one session.
const maxSubscriptions = 200

// addSubscriptionHooks starts and ends the watching of tasks as sessions
// subscribe to them: resources/subscribe before 2026-07-28, subscriptions/listen
// since.
func (f *Face) addSubscriptionHooks(hooks *server.Hooks) {
	hooks.AddAfterSubscribe(func(ctx context.Context, _ any, m *mcp.SubscribeRequest, _ *mcp.EmptyResult) {
		session := server.ClientSessionFromContext(ctx)
		if session == nil || session.SessionID() == "" {
			return
		}
		watching, over := f.subscriptions.begin(f.root, subscription{session.SessionID(), m.Params.URI})
		if watching == nil {
			return
		}
		f.notifyUpdates(watching, f.ownerOf(ctx), m.Params.URI, over, func() error {
			return f.server.SendNotificationToSpecificClient(session.SessionID(), mcp.MethodNotificationResourceUpdated, map[string]any{"uri": m.Params.URI})
		})
	})
	hooks.AddAfterUnsubscribe(func(ctx context.Context, _ any, m *mcp.UnsubscribeRequest, _ *mcp.EmptyResult) {
		if session := server.ClientSessionFromContext(ctx); session != nil {
			f.subscriptions.end(subscription{session.SessionID(), m.Params.URI})
		}
	})
	hooks.AddOnUnregisterSession(func(_ context.Context, session server.ClientSession) {
		f.subscriptions.endSession(session.SessionID())
	})
	hooks.AddBeforeSubscriptionsListen(f.listen)
}

// listen serves one subscriptions/listen stream, as long as it is open. mcp-go
// acknowledges and closes it; its session is known to no one else, so that
// notifications go to it directly.
func (f *Face) listen(ctx context.Context, id any, m *mcp.SubscriptionsListenRequest) {
	session := server.ClientSessionFromContext(ctx)
	if session == nil {
		return
	}
	send := func(method string, params map[string]any) error {
		n := mcp.JSONRPCNotification{JSONRPC: mcp.JSONRPC_VERSION}
		n.Method = method
		n.Params.Meta = map[string]any{mcp.MetaKeySubscriptionID: id}
		n.Params.AdditionalFields = params
		select {
		case session.NotificationChannel() <- n:
			return nil
		default:
			return server.ErrNotificationChannelBlocked
		}
	}
	owner, asked := f.ownerOf(ctx), m.Params.Notifications
	if asked.ResourcesListChanged {
		key := new(int) // like no other
		f.news.join(owner, key, listener{changed: func() { _ = send(mcp.MethodNotificationResourcesListChanged, nil) }})
		context.AfterFunc(ctx, func() { f.news.leave(key) })
	}
	for _, uri := range asked.ResourceSubscriptions[:min(len(asked.ResourceSubscriptions), maxSubscriptions)] {
		f.notifyUpdates(ctx, owner, uri, func() {}, func() error {
			return send(mcp.MethodNotificationResourceUpdated, map[string]any{"uri": uri})
		})
	}
}

// notifyUpdates tells of each change of a task's resource until the task ends or
// ctx does, and then calls over. Other addresses, and tasks that are not the
// owner's, never change.
func (f *Face) notifyUpdates(ctx context.Context, owner, uri string, over func(), notify func() error) {
	id, ok := strings.CutPrefix(uri, "trilha://tasks/")
	if !ok {
		over()
		return
	}
	w, err := f.tutor.Watch(ctx, owner, id)
	if err != nil {
		over()
		return
	}
	f.work.Go(func() {
		defer over()
		defer w.Stop()
		// The subscription stands since the first snapshot, which is no change.
		first, ok := <-w.Events
		if !ok || first.Status.Final() {
			return
		}
		limit := rate.NewLimiter(changeRate, changeBurst)
		var late <-chan time.Time // a change that the rate held back
		for {
			select {
			case t, ok := <-w.Events:
				switch {
				case !ok:
					return
				case limit.Allow() || t.Status.Final():
					late = nil
					_ = notify()
				case late == nil:
					late = time.After(time.Second / changeRate)
				}
				if t.Status.Final() {
					return
				}
			case <-late:
				late = nil
				_ = notify()
			case <-ctx.Done():
				return
			case <-f.root.Done():
				return
			}
		}
	})
}

// begin notes a subscription and gives its context, and what takes it off once
// there is no more to tell. The context is nil when the subscription stands
// already or the session has too many.
func (s *subscriptions) begin(root context.Context, k subscription) (ctx context.Context, over func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == nil {
		s.running = map[subscription]*stopper{}
	}
	count := 0
	for other := range s.running {
		if other.session == k.session {
			count++
		}
	}
	if s.running[k] != nil || count >= maxSubscriptions {
		return nil, nil
	}
	ctx, stop := context.WithCancel(root)
	mine := &stopper{stop}
	s.running[k] = mine
	return ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		stop()
		if s.running[k] == mine {
			delete(s.running, k)
		}
	}
}

func (s *subscriptions) end(k subscription) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r := s.running[k]; r != nil {
		r.stop()
		delete(s.running, k)
	}
}

func (s *subscriptions) endSession(session string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, r := range s.running {
		if k.session == session {
			r.stop()
			delete(s.running, k)
		}
	}
}
