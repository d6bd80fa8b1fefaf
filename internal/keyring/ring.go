package keyring

import (
	"bytes"
	"context"
	"crypto/sha256"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/trilha/trilha/internal/identity"
)

// LookEvery is how often the file is looked at: a revoked key is refused, and its
// open streams end, no later than that.
const LookEvery = time.Second

// Ring is the keys of a file, as they stand. Watch keeps it so.
type Ring struct {
	file string
	log  *slog.Logger
	sum  [sha256.Size]byte // of the file as it was last read
	bad  [sha256.Size]byte // of the file that could not be read last

	mu     sync.RWMutex
	keys   keys
	leases map[string]lease // by the hash of a key
}

// lease lasts as long as a key does.
type lease struct {
	ctx context.Context
	end context.CancelFunc
}

// Open reads a file of keys.
func Open(file string, log *slog.Logger) (*Ring, error) {
	r := &Ring{file: file, log: log, leases: map[string]lease{}}
	raw, err := load(file)
	if err != nil {
		return nil, err
	}
	ks, err := parse(file, raw)
	if err != nil {
		return nil, err
	}
	r.sum = sha256.Sum256(raw)
	if open(file) {
		log.Warn("everybody on this machine may write to the file of API keys, and so let themselves in: chmod o-w helps", "file", file)
	}
	r.put(ks)
	if len(ks.Keys) == 0 {
		log.Warn("the file of API keys holds none: all callers are refused", "file", file)
	}
	return r, nil
}

// Find gives what a key grants, or that there is no such key.
func (r *Ring) Find(secret string) (identity.Grant, bool) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	k, ok := r.keys.find(secret)
	if !ok {
		return identity.Grant{}, false
	}
	return identity.Grant{Principal: k.Principal(), Until: r.leases[k.Hash].ctx}, true
}

// Watch takes over what changes in the file until ctx ends. A file that is gone or
// broken leaves the keys as they are.
func (r *Ring) Watch(ctx context.Context) {
	look := time.NewTicker(LookEvery)
	defer look.Stop()
	for {
		select {
		case <-look.C:
			r.look()
		case <-ctx.Done():
			return
		}
	}
}

// look compares the file itself and not its time, which some file systems keep by the
// second or two: it is small.
func (r *Ring) look() {
	raw, err := load(r.file)
	sum := sha256.Sum256(raw)
	if err != nil {
		sum = sha256.Sum256([]byte(err.Error())) // another reason is told anew
	}
	if err == nil && bytes.Equal(sum[:], r.sum[:]) {
		r.bad = [sha256.Size]byte{}
		return
	}
	if bytes.Equal(sum[:], r.bad[:]) {
		return // told already
	}
	var ks keys
	if err == nil { // the very bytes that sum is of: what is read anew may be another file
		ks, err = parse(r.file, raw)
	}
	if err != nil {
		r.bad = sum
		r.log.Error("the file of API keys cannot be used: the keys stay as they were", "file", r.file, "error", err)
		return
	}
	r.sum, r.bad = sum, [sha256.Size]byte{}
	r.put(ks)
	r.log.Info("API keys read anew", "file", r.file, "keys", len(ks.Keys))
}

// put makes ks the keys, and ends what is open under those that are gone or have
// changed.
func (r *Ring) put(ks keys) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := map[string]Key{}
	for _, k := range r.keys.Keys {
		before[k.Hash] = k
	}
	leases := map[string]lease{}
	for _, k := range ks.Keys {
		if old, ok := before[k.Hash]; ok && same(old, k) {
			leases[k.Hash] = r.leases[k.Hash]
			delete(before, k.Hash)
		} else {
			ctx, end := context.WithCancel(context.Background())
			leases[k.Hash] = lease{ctx, end}
		}
	}
	for h := range before {
		r.leases[h].end()
	}
	r.keys, r.leases = ks, leases
}

// same tells whether a key still grants the same.
func same(a, b Key) bool {
	return a.Name == b.Name && a.Limits == b.Limits && slices.Equal(a.Scopes, b.Scopes)
}
