// Package issuertest is an authorization server for tests, as far as a resource
// server sees one: it describes itself, shows its keys, and signs tokens.
package issuertest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/stretchr/testify/require"
)

// Issuer is a running authorization server.
type Issuer struct {
	URL   string
	Asked atomic.Int64 // how often its keys were looked at
	Down  atomic.Bool  // it answers nothing but errors

	mu   sync.Mutex
	keys map[string]Key
}

// Key is one of its keys.
type Key struct {
	ID      string
	Alg     jose.SignatureAlgorithm
	Private any
}

// Start starts an issuer at a well-known path, until the test ends.
func Start(t testing.TB, wellKnown string) *Issuer {
	t.Helper()
	i := &Issuer{keys: map[string]Key{}}
	mux := http.NewServeMux()
	mux.HandleFunc(wellKnown, func(w http.ResponseWriter, _ *http.Request) {
		i.write(w, map[string]any{"issuer": i.URL, "jwks_uri": i.URL + "/keys", "authorization_endpoint": i.URL + "/authorize", "token_endpoint": i.URL + "/token"})
	})
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) {
		i.Asked.Add(1)
		i.write(w, i.public())
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	i.URL = s.URL
	return i
}

// OIDC is where OpenID Connect puts the description.
const OIDC = "/.well-known/openid-configuration"

func (i *Issuer) write(w http.ResponseWriter, v any) {
	if i.Down.Load() {
		http.Error(w, "down", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v)
}

func (i *Issuer) public() any {
	i.mu.Lock()
	defer i.mu.Unlock()
	keys := []any{map[string]string{"kty": "unheard-of", "kid": "x"}} // others' keys are no reason to fail
	for _, k := range i.keys {
		keys = append(keys, (&jose.JSONWebKey{Key: k.Private, KeyID: k.ID, Algorithm: string(k.Alg), Use: "sig"}).Public())
	}
	return map[string]any{"keys": keys}
}

// NewKey makes a key that the issuer does not show.
func NewKey(t testing.TB, id string, alg jose.SignatureAlgorithm) Key {
	t.Helper()
	k := Key{ID: id, Alg: alg}
	var err error
	if alg == jose.ES256 {
		k.Private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	} else {
		k.Private, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	require.NoError(t, err)
	return k
}

// Show lets the issuer show a key, and Withdraw no longer.
func (i *Issuer) Show(k Key) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.keys[k.ID] = k
}

// Withdraw takes a key back.
func (i *Issuer) Withdraw(k Key) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.keys, k.ID)
}

// Claims are those of a good token for an hour; with overrides them.
func (i *Issuer) Claims(subject, audience string, with map[string]any) map[string]any {
	c := map[string]any{
		"iss": i.URL, "sub": subject, "aud": []string{audience}, "iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
		"scope": "openid paths:read paths:write",
	}
	for k, v := range with {
		c[k] = v
		if v == nil {
			delete(c, k)
		}
	}
	return c
}

// Sign signs claims.
func Sign(t testing.TB, k Key, claims any) string {
	t.Helper()
	options := new(jose.SignerOptions).WithType("at+jwt")
	if k.ID != "" {
		options = options.WithHeader(jose.HeaderKey("kid"), k.ID)
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: k.Alg, Key: k.Private}, options)
	require.NoError(t, err)
	token, err := jwt.Signed(s).Claims(claims).Serialize()
	require.NoError(t, err)
	return token
}

// Unsigned makes a token of which the header says that it is signed by nobody.
func Unsigned(t testing.TB, claims any) string {
	t.Helper()
	body, err := json.Marshal(claims)
	require.NoError(t, err)
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","typ":"JWT"}`)) + "." + base64.RawURLEncoding.EncodeToString(body) + "."
}
