package app

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"math"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/trilha/trilha/internal/config"
	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/httpface"
	"github.com/trilha/trilha/internal/identity"
	"github.com/trilha/trilha/internal/issuer"
	"github.com/trilha/trilha/internal/keyring"
	"github.com/trilha/trilha/internal/mcpwire"
)

// front is how an App meets callers over HTTP: who they are, and what they may.
type front struct {
	options httpface.Options
	ring    *keyring.Ring // nil: no API keys
	tls     *tls.Config   // nil: none
}

// Front sets up who may call over HTTP, before ServeHTTP. Without it this machine
// alone may, as one.
func (a *App) Front(h config.HTTP) error {
	public, err := h.Public()
	if err != nil {
		return err
	}
	a.front.options = httpface.Options{
		Issuer: h.OAuthIssuer, Anonymous: h.Insecure, PublicURL: public, Everywhere: h.Exposed(),
		Origins: h.CORSOrigin, TrustProxy: h.TrustProxy, Limiter: identity.NewLimiter(h.Rate),
	}
	if h.TLSCert != "" {
		pair, err := tls.LoadX509KeyPair(h.TLSCert, h.TLSKey)
		if err != nil {
			return fault.InField("tls-cert", "the certificate or its key cannot be used: %v", err).With("Give PEM files that belong together.")
		}
		a.front.tls = &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	}
	if !h.Authenticates() {
		return nil
	}
	if h.APIKeys != "" {
		if a.front.ring, err = keyring.Open(h.APIKeys, a.log); err != nil {
			return err
		}
	}
	var tokens *issuer.Issuer
	if h.OAuthIssuer != "" {
		tokens = issuer.New(h.OAuthIssuer, h.Audiences(), nil, a.log)
	}
	a.front.options.Authenticate = authenticator(a.front.ring, tokens)
	return nil
}

// authenticator finds out whose a credential is: an API key shows that it is one.
func authenticator(ring *keyring.Ring, tokens *issuer.Issuer) func(context.Context, string) (identity.Grant, error) {
	return func(ctx context.Context, credential string) (identity.Grant, error) {
		if ring != nil && (tokens == nil || strings.HasPrefix(credential, keyring.Prefix)) {
			if g, ok := ring.Find(credential); ok {
				return g, nil
			}
			return identity.Grant{}, fault.New(fault.Invalid, "there is no such key, or it was revoked")
		}
		return tokens.Verify(ctx, credential)
	}
}

// httpFace makes the handler of everything over HTTP.
func (a *App) httpFace() *httpface.Face {
	o := a.front.options
	o.Log, o.Ready, o.Writes, o.ReadOnly = a.log, a.ready(), a.writes, a.readOnly
	return httpface.New(a.wire, o)
}

// shared tells that a request is of the anonymous: what is theirs is known by its id
// alone.
func shared(ctx context.Context) bool { return identity.Owner(ctx) == identity.Anonymous }

// caller names who sends a request, for the sessions of the wire: they belong to it,
// and of one there are not too many.
func caller(ctx context.Context) string {
	if p, ok := identity.From(ctx); ok {
		return p.Counted()
	}
	return identity.Local
}

// gate is asked before every request over MCP that calls no tool, and permitTool
// before those that do: they are refused in words for a model.
func (a *App) gate(ctx context.Context, method string) *mcpwire.Error {
	if method == toolsCall {
		return nil
	}
	if err := a.permit(ctx, method, ""); err != nil {
		return &mcpwire.Error{Code: refused, Message: err.Error()}
	}
	return nil
}

func (a *App) permitTool(ctx context.Context, tool string) error {
	return a.permit(ctx, toolsCall, tool)
}

const (
	toolsCall = "tools/call"
	refused   = -32000 // JSON-RPC's code for what is no fault of the message
)

// permit says why a request may not be made. Over stdio there is no principal, and
// all is permitted that the server offers.
func (a *App) permit(ctx context.Context, method, tool string) error {
	writes := a.writes(method, tool)
	if a.readOnly && writes {
		return fault.New(fault.Invalid, "this server is read-only, and %s is not", strings.TrimSpace(strings.TrimPrefix(method+" "+tool, toolsCall)))
	}
	p, ok := identity.From(ctx)
	if !ok {
		return nil
	}
	if writes && !p.May(identity.Write) || !p.May(identity.Read) {
		return fault.New(fault.Invalid, "the credential has not the scope for this").With("Use one with the scope %s.", identity.Write)
	}
	if l := a.front.options.Limiter; l != nil {
		if wait := l.Take(p); wait > 0 {
			return fault.New(fault.Limit, "too many requests").With("Wait %d seconds before the next one.", int(math.Ceil(wait.Seconds())))
		}
	}
	return nil
}

// writes tells whether a method of MCP changes anything, or a tool.
func (a *App) writes(method, tool string) bool {
	switch method {
	case toolsCall:
		return a.changing[tool]
	case "tasks/get", "tasks/list", "tasks/result":
		return false
	default:
		return strings.HasPrefix(method, "tasks/")
	}
}

// nobody has no tasks.
const nobody = "00000000-0000-4000-8000-000000000000"

// How long the store may take to show that it is there, and how long that is believed:
// anybody may ask.
const (
	readyTime = 2 * time.Second
	readyFor  = time.Second
)

// ready gives what tells whether the store can be reached.
func (a *App) ready() func(context.Context) error {
	var (
		mu   sync.Mutex
		at   time.Time
		last error
	)
	return func(ctx context.Context) error {
		mu.Lock()
		defer mu.Unlock()
		if time.Since(at) < readyFor {
			return last
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyTime)
		defer cancel()
		if _, last = a.Tutor.Task(ctx, identity.Local, nobody); errors.Is(last, fault.NotFound) {
			last = nil
		}
		at = time.Now()
		return last
	}
}

// secure wraps a listener in TLS, if it is set up, for both versions of HTTP.
func (f front) secure(l net.Listener) net.Listener {
	if f.tls == nil {
		return l
	}
	c := f.tls.Clone()
	c.NextProtos = []string{"h2", "http/1.1"}
	return tls.NewListener(l, c)
}

// URL is where a listener is reached.
func (a *App) URL(l net.Listener) string {
	if a.front.tls != nil {
		return fmt.Sprintf("https://%s", l.Addr())
	}
	return fmt.Sprintf("http://%s", l.Addr())
}
