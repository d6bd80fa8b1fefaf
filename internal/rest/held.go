package rest

import (
	"net/http"
	"sync"
)

// How many requests may be held open at a time: event streams, and those that wait
// for a path. One costs about 30 KB.
const (
	maxHeld      = 4000
	maxHeldOwner = 2000
)

// held counts them.
type held struct {
	mu     sync.Mutex
	owners map[string]int
	all    int
}

// take admits one more of owner's, until release is called, or says why not.
func (h *held) take(owner string) (release func(), err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.all >= maxHeld || h.owners[owner] >= maxHeldOwner {
		return nil, &problem{
			status: http.StatusTooManyRequests, retryAfter: patience,
			text: "Too many requests wait already. End some, or ask /status/{task_id} from time to time",
		}
	}
	if h.owners == nil {
		h.owners = map[string]int{}
	}
	h.owners[owner]++
	h.all++
	return func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.all--
		if h.owners[owner]--; h.owners[owner] == 0 {
			delete(h.owners, owner)
		}
	}, nil
}
