package main

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"
)

// mailbox hands what comes on one stream to the calls that wait for it.
type mailbox struct {
	mu   sync.Mutex
	open map[string]*box
	err  error
}

// box is where one call waits.
type box struct {
	hear    news
	answer  chan message
	dropped chan struct{}
	failed  chan error
	once    sync.Once
}

func newMailbox() *mailbox { return &mailbox{open: map[string]*box{}} }

func (m *mailbox) expect(id int, hear news) *box {
	b := &box{hear: hear, answer: make(chan message, 1), dropped: make(chan struct{}), failed: make(chan error, 1)}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		b.failed <- m.err
		return b
	}
	m.open[strconv.Itoa(id)] = b
	return b
}

func (m *mailbox) forget(id int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.open, strconv.Itoa(id))
}

// put hands over one message; news goes to everybody who listens.
func (m *mailbox) put(one message) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if one.Method == "" {
		if b := m.open[string(one.ID)]; b != nil {
			b.answer <- one
			delete(m.open, string(one.ID))
		}
		return
	}
	for _, b := range m.open {
		if b.hear != nil && !b.hear(one) {
			b.once.Do(func() { close(b.dropped) })
		}
	}
}

func (m *mailbox) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err == nil {
		m.err = err
		for _, b := range m.open {
			b.failed <- err
		}
	}
}

func (b *box) wait(ctx context.Context) (json.RawMessage, error) {
	select {
	case m := <-b.answer:
		return outcomeOf(m)
	case <-b.dropped:
		return nil, errDropped
	case err := <-b.failed:
		return nil, err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
