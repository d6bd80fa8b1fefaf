package mcpface

import (
	"context"

	"github.com/trilha/trilha/internal/task"
)

// Forward is what tells one token of one task.
func Forward(ctx context.Context, w *task.Watch, token any, send func(map[string]any) error) task.Task {
	return forward(ctx, w, token, send)
}

// Instructions are what clients show their models.
func Instructions() string { return instructions }

// Subscriptions counts the resource subscriptions that stand.
func (f *Face) Subscriptions() int {
	f.subscriptions.mu.Lock()
	defer f.subscriptions.mu.Unlock()
	return len(f.subscriptions.running)
}

// SetPageSize makes lists come in smaller pages.
func (f *Face) SetPageSize(n int) { f.pageSize = n }
