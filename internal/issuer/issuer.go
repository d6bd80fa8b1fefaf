// Package issuer verifies the access tokens of one OAuth 2.1 authorization server:
// JWTs signed by one of its keys, meant for this server, and not expired. Claims are
// checked by go-oidc, signatures by go-jose; which keys the issuer has is looked up
// here (keys.go), so that nobody can make this server ask it over and over.
package issuer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/identity"
)

// algorithms are those with a public key. None and the HMACs, for which a public key
// would be a secret, are not among them.
var algorithms = []string{
	oidc.RS256, oidc.RS384, oidc.RS512, oidc.ES256, oidc.ES384, oidc.ES512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.EdDSA,
}

// maxToken bounds a token, in bytes.
const maxToken = 16 << 10

// Issuer verifies tokens. It is safe for concurrent use.
type Issuer struct {
	audiences []string
	keys      *keySet
	verifier  *oidc.IDTokenVerifier
	log       *slog.Logger
}

// New makes an Issuer from its URL, as its tokens have it in iss, and the audiences
// that tokens for this server have. It is not asked for anything before the first
// token comes. client reaches it; nil is a client with bounds.
func New(url string, audiences []string, client *http.Client, log *slog.Logger) *Issuer {
	if client == nil {
		client = &http.Client{Timeout: fetchTime}
	}
	set := &keySet{issuer: url, client: client, log: log, pause: minPause}
	return &Issuer{
		audiences: audiences, keys: set, log: log,
		verifier: oidc.NewVerifier(url, set, &oidc.Config{
			SkipClientIDCheck:    true, // any of several audiences: see Verify
			SupportedSigningAlgs: algorithms,
		}),
	}
}

// claims are those beyond what go-oidc reads. Issuers write scopes as text (RFC 9068)
// or, under another name, as a list or text.
type claims struct {
	Scope string `json:"scope"`
	Scp   any    `json:"scp"`
}

// Verify gives what a token grants. Errors: Invalid, in words that its holder may
// read; Unavailable when the issuer cannot be asked.
func (i *Issuer) Verify(ctx context.Context, token string) (identity.Grant, error) {
	if len(token) > maxToken || strings.Count(token, ".") != 2 {
		return identity.Grant{}, fault.New(fault.Invalid, "the token is no JWT of the authorization server")
	}
	if err := i.keys.refresh(ctx, maxAge); err != nil {
		return identity.Grant{}, err // go-oidc would hide of which kind it is
	}
	t, err := i.verifier.Verify(ctx, token)
	var expired *oidc.TokenExpiredError
	switch {
	case errors.As(err, &expired):
		return identity.Grant{}, fault.New(fault.Invalid, "the token has expired").Because(err)
	case err != nil:
		i.log.DebugContext(ctx, "a token is refused", "error", err)
		return identity.Grant{}, fault.New(fault.Invalid, "the token is not one that the authorization server made").Because(err)
	case !slices.ContainsFunc(t.Audience, func(a string) bool { return slices.Contains(i.audiences, a) }):
		return identity.Grant{}, fault.New(fault.Invalid, "the token is meant for another server")
	case t.Subject == "":
		return identity.Grant{}, fault.New(fault.Invalid, "the token does not say whose it is")
	}
	var c claims
	if err := t.Claims(&c); err != nil {
		return identity.Grant{}, fault.New(fault.Invalid, "the claims of the token cannot be read").Because(err)
	}
	return identity.Grant{
		Principal: identity.Principal{Name: principal(t.Issuer, t.Subject), Scopes: c.scopes()},
		Expires:   t.Expiry,
	}, nil
}

// scopes gives those of the token that mean something here.
func (c claims) scopes() (known []string) {
	given := strings.Fields(c.Scope)
	switch scp := c.Scp.(type) {
	case string:
		given = append(given, strings.Fields(scp)...)
	case []any:
		for _, s := range scp {
			given = append(given, fmt.Sprint(s))
		}
	}
	for _, s := range identity.Scopes() {
		if slices.Contains(given, s) {
			known = append(known, s)
		}
	}
	return known
}

// principal names the subject of an issuer. One that is long or odd is named by its
// hash: owners are columns of a database, and words in a log.
func principal(issuer, subject string) string {
	name := "oauth:" + issuer + "#" + subject
	plain := func(r rune) bool { return unicode.IsPrint(r) && r != ' ' && r != utf8.RuneError }
	if len(name) <= identity.MaxName && strings.IndexFunc(name, func(r rune) bool { return !plain(r) }) < 0 {
		return name
	}
	sum := sha256.Sum256([]byte(issuer + "#" + subject))
	return "oauth:sha256:" + hex.EncodeToString(sum[:])
}

// fetchTime bounds one question to the issuer.
const fetchTime = 5 * time.Second
