package httpface

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/identity"
)

const apiKeyHeader = "X-API-Key" // #nosec G101 -- the name of a header

// metadataPath is where RFC 9728 looks for what protects a resource.
const metadataPath = "/.well-known/oauth-protected-resource"

// authenticated puts the principal of a request into its context. What the request
// holds open ends with the credential: a stream under a key that is revoked, or a
// token that expires, is closed as if it were over.
func (f *Face) authenticated(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		address := f.address(r)
		switch {
		case f.Authenticate != nil:
			g, ok := f.grant(w, r, address)
			if !ok {
				return
			}
			g.Address = address
			ctx, cancel := during(r.Context(), g)
			defer cancel()
			next.ServeHTTP(w, r.WithContext(identity.With(ctx, g.Principal)))
		case f.Anonymous:
			p := identity.Principal{Name: identity.Anonymous, Scopes: identity.Scopes(), Address: address}
			next.ServeHTTP(w, r.WithContext(identity.With(r.Context(), p)))
		default:
			p := identity.Principal{Name: identity.Local, Scopes: identity.Scopes(), Address: address}
			next.ServeHTTP(w, r.WithContext(identity.With(r.Context(), p)))
		}
	})
}

// grant gives what the credential of a request grants, or answers that it grants
// nothing.
func (f *Face) grant(w http.ResponseWriter, r *http.Request, address netip.Addr) (g identity.Grant, ok bool) {
	credential, several := credentialOf(r.Header)
	if several {
		f.challenge(w, r, http.StatusUnauthorized, "invalid_request", "there are several credentials: send one")
		return g, false
	}
	if credential == "" {
		f.challenge(w, r, http.StatusUnauthorized, "", "a credential is missing: send Authorization: Bearer, or "+apiKeyHeader)
		return g, false
	}
	g, err := f.Authenticate(r.Context(), credential)
	var wrong *fault.Error
	switch {
	case err == nil:
		return g, true
	case !errors.As(err, &wrong) || wrong.Kind == fault.Unavailable:
		f.Log.WarnContext(r.Context(), "a credential cannot be checked", "error", err)
		later(w, r, http.StatusServiceUnavailable, 10*time.Second, "credentials cannot be checked for now; try again in a moment")
		return g, false
	}
	// Who tries one after the other is slowed down, by address.
	if wait := f.Limiter.Take(identity.Principal{Name: identity.Anonymous, Address: address}); wait > 0 {
		later(w, r, http.StatusTooManyRequests, wait, "too many credentials that are none")
		return g, false
	}
	f.challenge(w, r, http.StatusUnauthorized, "invalid_token", wrong.Error())
	return g, false
}

// credentialOf gives the credential of a request, or says that there are several that
// differ: what stands before this server may have looked at the other one (RFC 6750,
// section 2). One in the URL is none: it would stand in logs.
func credentialOf(h http.Header) (credential string, several bool) {
	sent := slices.Clone(h.Values(apiKeyHeader))
	for _, value := range h.Values("Authorization") {
		if scheme, token, _ := strings.Cut(value, " "); strings.EqualFold(scheme, "Bearer") {
			sent = append(sent, strings.TrimSpace(token))
		}
	}
	sent = slices.DeleteFunc(sent, func(s string) bool { return s == "" })
	slices.Sort(sent)
	if sent = slices.Compact(sent); len(sent) == 0 {
		return "", false
	}
	return sent[0], len(sent) > 1
}

// during is a context that ends with what was granted.
func during(ctx context.Context, g identity.Grant) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	if !g.Expires.IsZero() {
		var stop context.CancelFunc
		ctx, stop = context.WithDeadline(ctx, g.Expires)
		all := cancel
		cancel = func() { stop(); all() }
	}
	if g.Until != nil {
		unlink, all := context.AfterFunc(g.Until, cancel), cancel
		cancel = func() { unlink(); all() }
	}
	return ctx, cancel
}

// challenge refuses a request and says how it would be served: RFC 6750, section 3,
// and RFC 9728, section 5.1.
func (f *Face) challenge(w http.ResponseWriter, r *http.Request, status int, code, why string) {
	header := `Bearer realm="trilha"`
	if code != "" {
		header += `, error="` + code + `", error_description="` + strings.ReplaceAll(why, `"`, "'") + `"`
	}
	header += `, scope="` + strings.Join(identity.Scopes(), " ") + `"`
	if f.Issuer != "" {
		header += `, resource_metadata="` + f.base(r) + metadataPath + resource(r) + `"`
	}
	w.Header().Set("WWW-Authenticate", header)
	refuse(w, r, status, why)
}

// resource is the path of the resource that a request is about: MCP's endpoint, or
// the server as a whole.
func resource(r *http.Request) string {
	if speaksMCP(r) {
		return "/mcp"
	}
	return ""
}

// metadata describes how the resources are protected: RFC 9728.
func (f *Face) metadata(w http.ResponseWriter, r *http.Request) {
	path := ""
	switch r.PathValue("resource") {
	case "":
	case "mcp":
		path = "/mcp"
	default:
		refuse(w, r, http.StatusNotFound, "there is no such resource: /mcp is one")
		return
	}
	w.Header().Set("Access-Control-Allow-Origin", "*") // for all to read, credentials are not sent
	answer(w, http.StatusOK, map[string]any{
		"resource":                 f.base(r) + path,
		"resource_name":            "Trilha",
		"authorization_servers":    []string{f.Issuer},
		"scopes_supported":         identity.Scopes(),
		"bearer_methods_supported": []string{"header"},
	})
}

// base is the URL under which a client knows the server.
func (f *Face) base(r *http.Request) string {
	if f.PublicURL != nil {
		return strings.TrimSuffix(f.PublicURL.String(), "/")
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

// address is where a request comes from. Behind a trusted proxy that is what the
// proxy saw, which stands last; what a client wrote stands before it.
func (f *Face) address(r *http.Request) netip.Addr {
	if f.TrustProxy {
		if all := r.Header.Values("X-Forwarded-For"); len(all) > 0 {
			hops := strings.Split(all[len(all)-1], ",")
			if a, err := netip.ParseAddr(hostOf(strings.TrimSpace(hops[len(hops)-1]))); err == nil {
				return a
			}
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	a, _ := netip.ParseAddr(host)
	return a
}
