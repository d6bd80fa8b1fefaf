package mcpface

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
