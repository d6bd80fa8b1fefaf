package identity

import (
	"container/list"
	"sync"
	"time"
)

// maxWait bounds what is told to wait.
const maxWait = 365 * 24 * time.Hour

// Bounds of a Limiter.
const (
	burstSeconds = 10     // of the rate that may come at once
	maxCounted   = 20_000 // names; beyond it the one is forgotten that was quiet the longest
	maxOpen      = 2000   // requests in progress of one name, event streams among them
	maxOpenOf    = 100    // the same of an address of the anonymous
)

// Limiter counts the requests of principals. The zero rate allows everything.
type Limiter struct {
	rate float64 // a second, where a principal has none of its own

	mu      sync.Mutex
	buckets map[string]*list.Element // of *bucket
	recent  *list.List               // most recently used first
	now     func() time.Time
}

// bucket holds what one name may still ask. It sinks below zero when more is asked
// all the same, down to minus its size: who does not heed a refusal waits longer.
type bucket struct {
	name   string
	tokens float64
	at     time.Time
	open   int
}

// NewLimiter makes a limiter that gives every principal so many requests a second,
// unless it has a rate of its own. 0: no limit.
func NewLimiter(rate float64) *Limiter {
	return &Limiter{rate: rate, buckets: map[string]*list.Element{}, recent: list.New(), now: time.Now}
}

// Take counts one request. Where there are too many, wait is how long until one more
// is allowed, and else zero.
func (l *Limiter) Take(p Principal) (wait time.Duration) {
	rate := l.rateOf(p)
	if rate == 0 {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.bucket(p.Counted(), rate)
	size := sizeOf(rate)
	b.tokens = max(b.tokens-1, -size)
	if b.tokens >= 0 {
		return 0
	}
	return until(b, rate)
}

// until is how long a bucket takes to hold one. What a Duration cannot hold is some
// day, and not at once.
func until(b *bucket, rate float64) time.Duration {
	return time.Duration(min((1-b.tokens)/rate, maxWait.Seconds()) * float64(time.Second))
}

// Overdrawn tells, without counting, how long a principal has to wait that goes on
// asking although it was refused.
func (l *Limiter) Overdrawn(p Principal) (wait time.Duration) {
	rate := l.rateOf(p)
	if rate == 0 {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.bucket(p.Counted(), rate)
	if b.tokens > 1-sizeOf(rate) {
		return 0
	}
	return until(b, rate)
}

// Open notes a request in progress until done is called; ok is false when there are
// too many.
func (l *Limiter) Open(p Principal) (done func(), ok bool) {
	rate := l.rateOf(p)
	if rate == 0 {
		return func() {}, true
	}
	most := maxOpen
	if p.Anonymous() {
		most = maxOpenOf
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.bucket(p.Counted(), rate)
	if b.open >= most {
		return nil, false
	}
	b.open++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		b.open--
	}, true
}

func (l *Limiter) rateOf(p Principal) float64 {
	switch {
	case p.Unlimited():
		return 0
	case p.Limits.Rate > 0:
		return p.Limits.Rate
	default:
		return l.rate
	}
}

// sizeOf is how many requests may come at once, and how far below zero a bucket
// sinks.
func sizeOf(rate float64) float64 { return max(1, rate*burstSeconds) }

// bucket gives the bucket of a name, filled up to now.
func (l *Limiter) bucket(name string, rate float64) *bucket {
	now := l.now()
	e := l.buckets[name]
	if e == nil {
		e = l.recent.PushFront(&bucket{name: name, tokens: sizeOf(rate), at: now})
		l.buckets[name] = e
		l.trim()
		return e.Value.(*bucket)
	}
	l.recent.MoveToFront(e)
	b := e.Value.(*bucket)
	b.tokens = min(sizeOf(rate), b.tokens+now.Sub(b.at).Seconds()*rate)
	b.at = now
	return b
}

// trim forgets who was quiet the longest, but nobody with an open request.
func (l *Limiter) trim() {
	for e := l.recent.Back(); e != nil && len(l.buckets) > maxCounted; {
		before := e.Prev()
		if b := e.Value.(*bucket); b.open == 0 {
			l.recent.Remove(e)
			delete(l.buckets, b.name)
		}
		e = before
	}
}
