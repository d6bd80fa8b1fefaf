package issuer_test

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/identity"
	"github.com/trilha/trilha/internal/issuer"
	"github.com/trilha/trilha/internal/issuer/issuertest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreTopFunction("net/http.(*persistConn).writeLoop"))
}

const audience = "https://paths.example/mcp"

func start(t *testing.T) (*issuertest.Issuer, issuertest.Key, *issuer.Issuer) {
	t.Helper()
	at := issuertest.Start(t, issuertest.OIDC)
	k := issuertest.NewKey(t, "one", jose.RS256)
	at.Show(k)
	return at, k, issuer.New(at.URL, []string{audience, "https://paths.example"}, nil, slog.New(slog.DiscardHandler))
}

func TestTokensThatAreGood(t *testing.T) {
	t.Parallel()
	at, rs, i := start(t)
	i.Pause(0)
	es := issuertest.NewKey(t, "two", jose.ES256)
	at.Show(es)
	for name, token := range map[string]string{
		"RS256":                issuertest.Sign(t, rs, at.Claims("ana", audience, nil)),
		"ES256":                issuertest.Sign(t, es, at.Claims("ana", audience, nil)),
		"several audiences":    issuertest.Sign(t, rs, at.Claims("ana", "", map[string]any{"aud": []string{"https://other.example", audience}})),
		"the other audience":   issuertest.Sign(t, rs, at.Claims("ana", "", map[string]any{"aud": "https://paths.example"})),
		"no key id":            issuertest.Sign(t, issuertest.Key{Alg: rs.Alg, Private: rs.Private}, at.Claims("ana", audience, nil)),
		"scopes as a list":     issuertest.Sign(t, rs, at.Claims("ana", audience, map[string]any{"scope": nil, "scp": []string{"paths:read", "paths:write"}})),
		"scopes by that other": issuertest.Sign(t, rs, at.Claims("ana", audience, map[string]any{"scope": nil, "scp": "paths:read paths:write"})),
	} {
		g, err := i.Verify(t.Context(), token)
		require.NoError(t, err, name)
		assert.Equal(t, "oauth:"+at.URL+"#ana", g.Name)
		assert.Equal(t, identity.Scopes(), g.Scopes, name)
		assert.WithinDuration(t, time.Now().Add(time.Hour), g.Expires, 2*time.Second)
	}
	g, err := i.Verify(t.Context(), issuertest.Sign(t, rs, at.Claims("ana", audience, map[string]any{"scope": "openid admin"})))
	require.NoError(t, err)
	assert.Empty(t, g.Scopes, "none that means something here")
}

func TestTokensThatAreRefused(t *testing.T) {
	t.Parallel()
	at, k, i := start(t)
	i.Pause(0)
	other := issuertest.Start(t, issuertest.OIDC)
	forged := issuertest.NewKey(t, "one", jose.RS256)
	unknown := issuertest.NewKey(t, "unheard-of", jose.RS256)
	good := issuertest.Sign(t, k, at.Claims("ana", audience, nil))
	parts := strings.Split(good, ".")
	for name, token := range map[string]string{
		"expired":               issuertest.Sign(t, k, at.Claims("ana", audience, map[string]any{"exp": time.Now().Add(-time.Second).Unix()})),
		"without an end":        issuertest.Sign(t, k, at.Claims("ana", audience, map[string]any{"exp": nil})),
		"not yet":               issuertest.Sign(t, k, at.Claims("ana", audience, map[string]any{"nbf": time.Now().Add(time.Hour).Unix()})),
		"for another server":    issuertest.Sign(t, k, at.Claims("ana", "https://other.example", nil)),
		"for nobody":            issuertest.Sign(t, k, at.Claims("ana", "", map[string]any{"aud": nil})),
		"of another issuer":     issuertest.Sign(t, k, other.Claims("ana", audience, nil)),
		"signed by nobody":      issuertest.Unsigned(t, at.Claims("ana", audience, nil)),
		"signed by another":     issuertest.Sign(t, forged, at.Claims("ana", audience, nil)),
		"of an unknown key":     issuertest.Sign(t, unknown, at.Claims("ana", audience, nil)),
		"of nobody":             issuertest.Sign(t, k, at.Claims("", audience, nil)),
		"HMAC with anything":    issuertest.Sign(t, issuertest.Key{ID: "one", Alg: jose.HS256, Private: []byte(strings.Repeat("k", 32))}, at.Claims("ana", audience, nil)),
		"with another body":     parts[0] + "." + strings.Split(issuertest.Unsigned(t, at.Claims("bia", audience, nil)), ".")[1] + "." + parts[2],
		"without its signature": parts[0] + "." + parts[1] + ".",
		"nothing":               "", "no JWT": "abc", "too large": good + strings.Repeat("x", 16<<10),
	} {
		_, err := i.Verify(t.Context(), token)
		assert.ErrorIs(t, err, fault.Invalid, name)
	}
	_, err := i.Verify(t.Context(), good)
	assert.NoError(t, err)
}

func TestKeysChange(t *testing.T) {
	t.Parallel()
	at, old, i := start(t)
	i.Pause(0)
	before := issuertest.Sign(t, old, at.Claims("ana", audience, nil))
	_, err := i.Verify(t.Context(), before)
	require.NoError(t, err)
	next := issuertest.NewKey(t, "two", jose.ES256)
	at.Show(next)
	at.Withdraw(old)
	_, err = i.Verify(t.Context(), issuertest.Sign(t, next, at.Claims("ana", audience, nil)))
	require.NoError(t, err, "a new key is looked up when it is met")
	_, err = i.Verify(t.Context(), before)
	require.ErrorIs(t, err, fault.Invalid)
}

func TestAWithdrawnKeyIsRefusedAfterTenMinutes(t *testing.T) {
	t.Parallel()
	at, old, i := start(t)
	token := issuertest.Sign(t, old, at.Claims("ana", audience, nil))
	_, err := i.Verify(t.Context(), token)
	require.NoError(t, err)
	at.Withdraw(old)
	at.Show(issuertest.NewKey(t, "two", jose.ES256))
	_, err = i.Verify(t.Context(), token)
	require.NoError(t, err)
	i.Age(10 * time.Minute)
	_, err = i.Verify(t.Context(), token)
	require.ErrorIs(t, err, fault.Invalid)
}

// Made-up tokens do not make the server ask its issuer over and over.
func TestTheIssuerIsNotAskedOften(t *testing.T) {
	t.Parallel()
	at, k, i := start(t)
	unknown := issuertest.NewKey(t, "unheard-of", jose.ES256)
	forged := issuertest.Sign(t, unknown, at.Claims("ana", audience, nil))
	for range 100 {
		_, err := i.Verify(t.Context(), forged)
		require.ErrorIs(t, err, fault.Invalid)
	}
	_, err := i.Verify(t.Context(), issuertest.Sign(t, k, at.Claims("ana", audience, nil)))
	require.NoError(t, err)
	assert.EqualValues(t, 1, at.Asked.Load())
}

func TestAnIssuerThatIsAwayIsNoFaultOfTheToken(t *testing.T) {
	t.Parallel()
	at, k, i := start(t)
	i.Pause(0)
	token := issuertest.Sign(t, k, at.Claims("ana", audience, nil))
	at.Down.Store(true)
	_, err := i.Verify(t.Context(), token)
	require.ErrorIs(t, err, fault.Unavailable)
	at.Down.Store(false)
	_, err = i.Verify(t.Context(), token)
	require.NoError(t, err)
	at.Down.Store(true)
	i.Age(30 * time.Minute)
	_, err = i.Verify(t.Context(), token)
	require.NoError(t, err, "the keys hold for an hour")
	i.Age(time.Hour)
	_, err = i.Verify(t.Context(), token)
	require.ErrorIs(t, err, fault.Unavailable)
}

func TestAnIssuerMayDescribeItselfAsRFC8414Says(t *testing.T) {
	t.Parallel()
	at := issuertest.Start(t, "/.well-known/oauth-authorization-server")
	k := issuertest.NewKey(t, "one", jose.ES256)
	at.Show(k)
	i := issuer.New(at.URL, []string{audience}, nil, slog.New(slog.DiscardHandler))
	_, err := i.Verify(t.Context(), issuertest.Sign(t, k, at.Claims("ana", audience, nil)))
	require.NoError(t, err)
}

func TestNamesOfPrincipalsAreBounded(t *testing.T) {
	t.Parallel()
	at, k, i := start(t)
	names := map[string]bool{}
	for _, subject := range []string{"ana", "ana ", "an\x00a", "josé", strings.Repeat("a", 1000), strings.Repeat("a", 1001), "auth0|5f7c8ec7c33c6c004bbafe82"} {
		g, err := i.Verify(t.Context(), issuertest.Sign(t, k, at.Claims(subject, audience, nil)))
		require.NoError(t, err, subject)
		assert.LessOrEqual(t, len(g.Name), identity.MaxName)
		assert.NotContains(t, g.Name, "\x00")
		assert.False(t, identity.CheckName(g.Name), "no key can have it")
		names[g.Name] = true
	}
	assert.Len(t, names, 7)
}
