package issuer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/trilha/trilha/internal/fault"
)

const (
	maxAge   = 10 * time.Minute // after which the keys are looked up anew: one that the issuer withdrew is refused by then
	maxStale = time.Hour        // for which they hold if it does not answer
	minPause = 10 * time.Second // between two questions, whatever tokens come
	maxJSON  = 1 << 20          // bytes of an answer
)

// keySet is the public keys of an issuer. A token with an unknown key makes it look
// again, but not more often than the pause: anyone can make up such a token.
type keySet struct {
	issuer string
	client *http.Client
	log    *slog.Logger
	pause  time.Duration

	asking sync.Mutex // held by the one who asks the issuer

	mu    sync.Mutex
	keys  jose.JSONWebKeySet
	asked time.Time // last, with whatever outcome
	known time.Time // when keys was right; zero: never
}

var errUnsigned = errors.New("no key of the issuer has signed it")

// VerifySignature is for go-oidc, which has looked at the algorithm.
func (s *keySet) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	var allowed []jose.SignatureAlgorithm
	for _, a := range algorithms {
		allowed = append(allowed, jose.SignatureAlgorithm(a))
	}
	jws, err := jose.ParseSignedCompact(token, allowed)
	if err != nil {
		return nil, err
	}
	kid := jws.Signatures[0].Header.KeyID
	if payload, ok := s.verify(jws, kid); ok {
		return payload, nil
	}
	if s.has(kid) {
		return nil, errUnsigned // forged, or damaged
	}
	if err := s.refresh(ctx, s.pause); err != nil {
		return nil, err
	}
	if payload, ok := s.verify(jws, kid); ok {
		return payload, nil
	}
	return nil, errUnsigned
}

// verify tries the keys with an id, or all if the token names none.
func (s *keySet) verify(jws *jose.JSONWebSignature, kid string) ([]byte, bool) {
	s.mu.Lock()
	keys := s.keys.Keys
	s.mu.Unlock()
	for i := range keys {
		k := &keys[i]
		if kid != "" && k.KeyID != kid || k.Use != "" && k.Use != "sig" || !k.IsPublic() {
			continue
		}
		if payload, err := jws.Verify(k); err == nil {
			return payload, true
		}
	}
	return nil, false
}

func (s *keySet) has(kid string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return kid != "" && len(s.keys.Key(kid)) > 0
}

// refresh looks the keys up if they are older than that. That it fails is an error
// only once they are too old to go by.
func (s *keySet) refresh(ctx context.Context, age time.Duration) error {
	if !s.old(age) {
		return s.usable(nil)
	}
	s.asking.Lock()
	defer s.asking.Unlock()
	if !s.old(age) { // someone has asked meanwhile
		return s.usable(nil)
	}
	// The answer is for all, whoever asked first and may be gone.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTime)
	defer cancel()
	keys, err := s.fetch(ctx)
	s.mu.Lock()
	s.asked = time.Now()
	if err == nil {
		s.keys, s.known = keys, s.asked
	}
	s.mu.Unlock()
	if err != nil {
		s.log.WarnContext(ctx, "the authorization server does not give its keys", "issuer", s.issuer, "error", err)
	}
	return s.usable(err)
}

// old tells whether it is time to ask.
func (s *keySet) old(age time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known.IsZero() {
		age = 0
	}
	return time.Since(s.known) >= age && time.Since(s.asked) >= s.pause
}

func (s *keySet) usable(cause error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known.IsZero() || time.Since(s.known) > maxStale {
		return fault.New(fault.Unavailable, "the authorization server does not give its keys, so no token can be checked").
			With("Try again in a moment.").Because(cause)
	}
	return nil
}

// fetch asks the issuer where its keys are (OpenID Connect Discovery, else RFC 8414)
// and gets them.
func (s *keySet) fetch(ctx context.Context) (keys jose.JSONWebKeySet, err error) {
	var found struct {
		Issuer string `json:"issuer"`
		Keys   string `json:"jwks_uri"`
	}
	for _, at := range discovery(s.issuer) {
		if err = s.get(ctx, at, &found); err == nil {
			break
		}
	}
	switch {
	case err != nil:
		return keys, err
	case found.Issuer != s.issuer:
		return keys, fmt.Errorf("the document of %s is that of %q", s.issuer, found.Issuer)
	case found.Keys == "":
		return keys, fmt.Errorf("the document of %s names no jwks_uri", s.issuer)
	}
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	err = s.get(ctx, found.Keys, &set)
	for _, raw := range set.Keys {
		var k jose.JSONWebKey
		if json.Unmarshal(raw, &k) == nil { // else of a kind that nothing here is signed with
			keys.Keys = append(keys.Keys, k)
		}
	}
	if err == nil && len(keys.Keys) == 0 {
		err = fmt.Errorf("%s has no keys that can be used", found.Keys)
	}
	return keys, err
}

// discovery gives where an issuer may describe itself. RFC 8414 puts its path last.
func discovery(issuer string) []string {
	base := strings.TrimSuffix(issuer, "/")
	scheme, rest, _ := strings.Cut(base, "://")
	host, path, _ := strings.Cut(rest, "/")
	if path != "" {
		path = "/" + path
	}
	return []string{
		base + "/.well-known/openid-configuration",
		scheme + "://" + host + "/.well-known/oauth-authorization-server" + path,
	}
}

func (s *keySet) get(ctx context.Context, at string, into any) (err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at, http.NoBody)
	if err != nil {
		return err
	}
	r.Header.Set("Accept", "application/json")
	resp, err := s.client.Do(r)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: status %d", at, resp.StatusCode)
	}
	raw, err := io.ReadAll(io.LimitReader(resp.Body, maxJSON))
	if err != nil {
		return err
	}
	if err := json.Unmarshal(raw, into); err != nil {
		return fmt.Errorf("%s: %w", at, err)
	}
	return nil
}
