package mcpwire

import (
	"context"
	"encoding/json"
	"sync"

	"github.com/mark3labs/mcp-go/client/transport"
	"github.com/mark3labs/mcp-go/mcp"
)

// InProcess is mcp-go's client transport to a server in the same process, with the
// order of every other transport: notifications are handled, one after the other,
// before the answer that they precede.
type InProcess struct {
	peer *peer
	end  context.CancelFunc

	mu      sync.Mutex
	waiting map[string]chan *transport.JSONRPCResponse
	told    func(mcp.JSONRPCNotification)
}

var _ transport.Interface = (*InProcess)(nil)

// InProcess makes a transport for one client.
func (w *Wire) InProcess() *InProcess {
	t := &InProcess{waiting: map[string]chan *transport.JSONRPCResponse{}}
	ctx, end := context.WithCancel(context.Background())
	t.peer, t.end = w.newPeer(ctx, overInProcess, w.id("in-process"), newStream(t.deliver)), end
	return t
}

// Start opens the session.
func (t *InProcess) Start(ctx context.Context) error {
	return t.peer.wire.server.RegisterSession(ctx, t.peer)
}

// Close ends the session and what it has in flight.
func (t *InProcess) Close() error {
	err := t.peer.finish(t.end)
	t.end()
	t.peer.wire.server.UnregisterSession(context.WithoutCancel(t.peer.ctx), t.peer.id)
	return err
}

// GetSessionId gives the id of the session.
func (t *InProcess) GetSessionId() string { return t.peer.id }

// SetNotificationHandler sets who is told. The handler holds up everything that
// comes after.
func (t *InProcess) SetNotificationHandler(told func(mcp.JSONRPCNotification)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.told = told
}

// SendNotification sends a notification.
func (t *InProcess) SendNotification(_ context.Context, n mcp.JSONRPCNotification) error {
	raw, err := json.Marshal(n)
	if err == nil {
		t.peer.take(t.peer.line(), raw)
	}
	return err
}

// SendRequest sends a request and waits for its answer. If ctx ends first, mcp-go's
// client cancels it with a notification.
func (t *InProcess) SendRequest(ctx context.Context, r transport.JSONRPCRequest) (*transport.JSONRPCResponse, error) {
	raw, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	id, err := json.Marshal(r.ID)
	if err != nil {
		return nil, err
	}
	answer := make(chan *transport.JSONRPCResponse, 1)
	t.mu.Lock()
	t.waiting[key(id)] = answer
	t.mu.Unlock()
	t.peer.take(t.peer.line(), raw)
	select {
	case a := <-answer:
		return a, nil
	case <-t.peer.ctx.Done():
		return nil, errClosed
	case <-ctx.Done():
		t.mu.Lock()
		delete(t.waiting, key(id))
		t.mu.Unlock()
		return nil, ctx.Err()
	}
}

// deliver is the stream's writer.
func (t *InProcess) deliver(frames []frame) error {
	for _, f := range frames {
		var head struct {
			ID     json.RawMessage `json:"id"`
			Method string          `json:"method"`
		}
		if err := json.Unmarshal(f.raw, &head); err != nil {
			return err
		}
		switch {
		case head.Method != "" && head.ID != nil:
			refused, _ := json.Marshal(Error{Code: mcp.METHOD_NOT_FOUND, Message: "this client takes no requests"})
			t.peer.answered(message{id: head.ID, response: refused, failed: true})
		case head.Method != "":
			t.tell(f.raw)
		default:
			t.answer(head.ID, f.raw)
		}
	}
	return nil
}

func (t *InProcess) tell(raw []byte) {
	t.mu.Lock()
	told := t.told
	t.mu.Unlock()
	var n mcp.JSONRPCNotification
	if told != nil && json.Unmarshal(raw, &n) == nil {
		told(n)
	}
}

func (t *InProcess) answer(id json.RawMessage, raw []byte) {
	t.mu.Lock()
	waiting := t.waiting[key(id)]
	delete(t.waiting, key(id))
	t.mu.Unlock()
	var a transport.JSONRPCResponse
	if waiting != nil && json.Unmarshal(raw, &a) == nil {
		waiting <- &a
	}
}
