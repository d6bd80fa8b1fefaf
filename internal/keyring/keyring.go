// Package keyring keeps API keys in a file: who each belongs to, what it may be used
// for and its limits. Of a key itself only the SHA-256 is kept. A server reads the
// file anew when it has changed; a command line adds and revokes.
package keyring

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/identity"
)

// Prefix begins every key, so that one is recognised in a log or a commit.
const Prefix = "trilha_"

// Key is a key as it is kept.
type Key struct {
	ID        string          `json:"id"` // the part of the key that is no secret
	Name      string          `json:"name"`
	Hash      string          `json:"sha256"` // of the whole key, in hex
	Scopes    []string        `json:"scopes"`
	Limits    identity.Limits `json:"limits,omitzero"`
	CreatedAt time.Time       `json:"created_at"`
}

// Principal is whose key it is. Keys of one name are of one principal.
func (k *Key) Principal() identity.Principal {
	return identity.Principal{Name: k.Name, Scopes: k.Scopes, Limits: k.Limits}
}

// New makes a key: 256 random bits behind an id. The secret is shown once and kept
// nowhere.
func New(name string, scopes []string, limits identity.Limits) (secret string, k Key, err error) {
	var bits [32]byte
	_, _ = rand.Read(bits[:]) // it cannot fail
	id := strings.ToLower(rand.Text()[:8])
	secret = Prefix + id + "_" + base64.RawURLEncoding.EncodeToString(bits[:])
	k = Key{ID: id, Name: name, Hash: hash(secret), Scopes: scopes, Limits: limits, CreatedAt: time.Now().UTC().Truncate(time.Second)}
	err = k.check()
	return secret, k, err
}

func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// check says what is wrong with a key.
func (k *Key) check() error {
	unknown := slices.IndexFunc(k.Scopes, func(s string) bool { return !slices.Contains(identity.Scopes(), s) })
	raw, err := hex.DecodeString(k.Hash)
	switch {
	case !identity.CheckName(k.Name):
		return fault.InField("name", "%q cannot be the name of a key", k.Name).
			With("Use up to 64 letters, digits, dots, dashes and underscores; local and anonymous are taken.")
	case unknown >= 0:
		return fault.InField("scope", "%q is not known", k.Scopes[unknown]).With("Use %s.", strings.Join(identity.Scopes(), " or "))
	case len(k.Scopes) == 0:
		return fault.InField("scope", "the key of %s has none", k.Name).With("Give at least %s.", identity.Read)
	case !(k.Limits.Rate >= 0) || math.IsInf(k.Limits.Rate, 0) || k.Limits.Waiting < 0 || k.Limits.Running < 0 || k.Limits.Kept < 0:
		return fault.InField("limits", "those of %s are below zero, or no numbers", k.Name).With("Give at least 1, or leave a limit out.")
	case k.ID == "" || err != nil || len(raw) != sha256.Size:
		return fault.InField("sha256", "the key %q of %s is no key of trilha keys add", k.ID, k.Name).With("Take it out of the file.")
	}
	return nil
}

// keys is what a file holds.
type keys struct {
	Keys []Key `json:"keys"`
}

func (ks keys) check() error {
	seen := map[string]bool{}
	for i := range ks.Keys {
		k := &ks.Keys[i]
		if err := k.check(); err != nil {
			return err
		}
		if seen[k.ID] {
			return fault.InField("id", "two keys have the id %q", k.ID).With("Take one of them out of the file.")
		}
		seen[k.ID] = true
	}
	return nil
}

// find gives the key with this secret. Which id there is is no secret; the hashes are
// compared in the same time whatever they are.
func (ks keys) find(secret string) (*Key, bool) {
	rest, ours := strings.CutPrefix(secret, Prefix)
	id, _, cut := strings.Cut(rest, "_")
	if !ours || !cut {
		return nil, false
	}
	for i := range ks.Keys {
		k := &ks.Keys[i]
		if k.ID == id && subtle.ConstantTimeCompare([]byte(k.Hash), []byte(hash(secret))) == 1 {
			return k, true
		}
	}
	return nil, false
}
