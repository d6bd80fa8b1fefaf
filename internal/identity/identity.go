// Package identity is who makes a request, as plain data: a principal with a name,
// which owns tasks and paths, with scopes and with limits. Who a credential belongs
// to is found out in packages keyring and issuer, and put into the context of a
// request by package httpface.
package identity

import (
	"context"
	"net/netip"
	"slices"
	"strings"
	"time"
)

// Names that no credential may have.
const (
	// Local owns what is asked for over stdio, and over HTTP on a loopback address
	// without authentication.
	Local = "local"
	// Anonymous owns what is asked for by all who need no credential on any other
	// address. They share nothing but the name: see tutor.
	Anonymous = "anonymous"
)

// What a credential may be used for.
const (
	Read  = "paths:read"  // look at tasks, paths and concepts
	Write = "paths:write" // make and cancel tasks, delete paths
)

// Scopes lists the scopes that there are.
func Scopes() []string { return []string{Read, Write} }

// Limits are what one principal may have; zeros stand for what the server gives
// everyone.
type Limits struct {
	Rate    float64 `json:"rate,omitempty"`    // requests a second
	Waiting int     `json:"waiting,omitempty"` // tasks
	Running int     `json:"running,omitempty"` // tasks at once
	Kept    int     `json:"kept,omitempty"`    // tasks
}

// Principal is who makes a request.
type Principal struct {
	Name    string
	Scopes  []string // of Scopes
	Limits  Limits
	Address netip.Addr // from where; not valid where that is unknown
}

// Anonymous says that it is nobody in particular.
func (p Principal) Anonymous() bool { return p.Name == Anonymous }

// Unlimited says that requests are not counted: of this machine's own user.
func (p Principal) Unlimited() bool { return p.Name == Local && p.Limits.Rate == 0 }

// May tells whether a scope was given.
func (p Principal) May(scope string) bool { return slices.Contains(p.Scopes, scope) }

// Counted is the name under which requests are counted: the principal's own, or for
// the anonymous their address. Of IPv6 a network counts as one address, since each
// home has one.
func (p Principal) Counted() string {
	if !p.Anonymous() || !p.Address.IsValid() {
		return p.Name
	}
	at := p.Address.Unmap()
	if at.Is6() {
		if network, err := at.WithZone("").Prefix(64); err == nil {
			return Anonymous + " " + network.String()
		}
	}
	return Anonymous + " " + at.String()
}

// Grant is what a credential gives: a principal, until it ends.
type Grant struct {
	Principal
	Expires time.Time       // zero: never
	Until   context.Context // ends when it is revoked; nil: never
}

type key struct{}

// With puts a principal into the context of its request.
func With(ctx context.Context, p Principal) context.Context { return context.WithValue(ctx, key{}, p) }

// From gives the principal of a request, if there is one.
func From(ctx context.Context) (Principal, bool) {
	p, ok := ctx.Value(key{}).(Principal)
	return p, ok
}

// Owner gives the name of the principal of a request: Local where there is none,
// which is only where nobody has to authenticate.
func Owner(ctx context.Context) string {
	if p, ok := From(ctx); ok {
		return p.Name
	}
	return Local
}

// MaxName bounds the name of a principal, in bytes.
const MaxName = 255

// CheckName says whether a key may be given this name: letters, digits, dots,
// dashes and underscores. The names of OAuth's principals have a colon, so that
// nobody's can be another's.
func CheckName(name string) bool {
	return name != "" && len(name) <= 64 && name != Local && name != Anonymous &&
		strings.IndexFunc(name, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("._-", r)
		}) < 0
}
