package httpface

import (
	"encoding/json"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
)

// guarded refuses what a web page could make a browser send: a Host that is not this
// server's (DNS rebinding), an Origin from elsewhere, a body of another type than
// JSON (which needs no preflight). Nothing at all, of no type, may be posted:
// parameters may stand in the query, and whatever posts across sites names its Origin.
// It tells allowed pages that they may, and bounds every body in size and in time.
func (f *Face) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !f.placed(w, r) {
			return
		}
		if r.Method == http.MethodPost && !empty(r) {
			if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
				refuse(w, r, http.StatusUnsupportedMediaType, "Content-Type must be application/json")
				return
			}
		}
		if r.ContentLength != 0 {
			r.Body = f.bounded(w, r.Body)
		}
		next.ServeHTTP(w, r)
	})
}

// empty tells whether a request has neither a body nor a type of one.
func empty(r *http.Request) bool { return r.ContentLength == 0 && r.Header.Get("Content-Type") == "" }

// placed looks at where a request comes from. It answers what is refused, and the
// preflights of listed pages.
func (f *Face) placed(w http.ResponseWriter, r *http.Request) (ok bool) {
	origin := r.Header.Get("Origin")
	switch {
	case !f.isHost(r.Host):
		refuse(w, r, http.StatusForbidden, "Host is not this server: "+f.hostRemedy())
	case f.Authenticate == nil && !f.Anonymous && proxied(r.Header):
		refuse(w, r, http.StatusForbidden, "this came through a proxy, and all callers are taken for the user of this machine: start the server with --api-keys, --oauth-issuer or --insecure")
	case origin == "":
		return true
	case len(r.Header.Values("Origin")) > 1:
		refuse(w, r, http.StatusForbidden, "there are several Origins: no browser sends more than one")
	case !f.isOrigin(origin):
		refuse(w, r, http.StatusForbidden, "Origin is not allowed: --cors-origin names the pages that may call")
	case f.shares(w.Header(), origin) && r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != "":
		permit(w.Header())
		w.WriteHeader(http.StatusNoContent)
	default:
		return true
	}
	return false
}

// proxied tells whether a request says that a proxy passed it on.
func proxied(h http.Header) bool {
	return slices.ContainsFunc([]string{"X-Forwarded-For", "Forwarded", "X-Real-Ip"}, func(name string) bool { return h.Get(name) != "" })
}

// isHost tells whether a Host header names this server: by its public URL, as this
// machine, or, where others reach it, as a bare address: a page that rebinds a name
// sends the name.
func (f *Face) isHost(hostport string) bool {
	if isLoopback(hostport) {
		return true
	}
	if f.PublicURL != nil && strings.EqualFold(withPort(hostport, f.PublicURL.Scheme), withPort(f.PublicURL.Host, f.PublicURL.Scheme)) {
		return true
	}
	_, err := netip.ParseAddr(hostOf(hostport))
	return f.Everywhere && err == nil
}

func (f *Face) hostRemedy() string {
	if f.PublicURL != nil {
		return "connect to " + f.PublicURL.String()
	}
	if f.Everywhere {
		return "start it with --public-url and the URL that clients use"
	}
	return "connect to 127.0.0.1 or localhost"
}

// isOrigin tells whether a page from there may call at all. Those of this machine
// may where only this machine may connect, but they cannot read the answer unless
// they are listed.
func (f *Face) isOrigin(origin string) bool {
	u, err := url.Parse(origin)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return false
	}
	return slices.Contains(f.Origins, origin) || f.isOwn(u) || !f.Everywhere && f.PublicURL == nil && isLoopback(u.Host)
}

// isOwn tells whether a page is this server's.
func (f *Face) isOwn(u *url.URL) bool {
	return f.PublicURL != nil && u.Scheme == f.PublicURL.Scheme &&
		strings.EqualFold(withPort(u.Host, u.Scheme), withPort(f.PublicURL.Host, u.Scheme))
}

// shares lets a listed page read the answer, and says whether it is one.
func (f *Face) shares(h http.Header, origin string) bool {
	h.Add("Vary", "Origin")
	if !slices.Contains(f.Origins, origin) {
		return false
	}
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Access-Control-Expose-Headers", strings.Join([]string{mcp.HeaderSessionID, mcp.HeaderProtocolVersion, "WWW-Authenticate", "Link", "Location", "Retry-After"}, ", "))
	return true
}

// permit answers a preflight: what a listed page may send.
func permit(h http.Header) {
	h.Set("Access-Control-Allow-Methods", "GET, POST, DELETE")
	h.Set("Access-Control-Allow-Headers", strings.Join([]string{
		"Authorization", apiKeyHeader, "Content-Type", "Accept", mcp.HeaderSessionID, mcp.HeaderProtocolVersion, mcp.HeaderMethod,
		mcp.HeaderName, mcp.HeaderLastEventID, "Idempotency-Key", "Traceparent", "Tracestate",
	}, ", "))
	h.Set("Access-Control-Max-Age", "600")
}

// bounded gives a body its size, and the time for all of it: the connection is of
// no use to anyone else while it drips in.
func (f *Face) bounded(w http.ResponseWriter, body io.ReadCloser) io.ReadCloser {
	rc := http.NewResponseController(w)
	_ = rc.SetReadDeadline(time.Now().Add(f.times.body)) // a test's recorder has none
	return &timedBody{http.MaxBytesReader(w, body, maxBody), rc}
}

// timedBody takes the deadline off once the body is read: a response may go on for
// hours after it.
type timedBody struct {
	io.ReadCloser
	rc *http.ResponseController
}

func (b *timedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == io.EOF {
		_ = b.rc.SetReadDeadline(time.Time{})
	}
	return n, err
}

// isLoopback tells whether a Host header names this machine.
func isLoopback(hostport string) bool {
	host := hostOf(hostport)
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

func hostOf(hostport string) string {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		return strings.Trim(hostport, "[]")
	}
	return host
}

// withPort is a host with its port, which may be that of the scheme.
func withPort(hostport, scheme string) string {
	if _, _, err := net.SplitHostPort(hostport); err == nil {
		return hostport
	}
	port := "80"
	if scheme == "https" {
		port = "443"
	}
	return net.JoinHostPort(strings.Trim(hostport, "[]"), port)
}

// answer writes JSON.
func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// refused is the code of a refusal that is no fault of the message.
const refused = -32000

// refuse answers that a request is not served, in the form of the route: JSON-RPC
// where MCP is spoken, and what REST clients read everywhere else.
func refuse(w http.ResponseWriter, r *http.Request, status int, why string) {
	if speaksMCP(r) {
		answer(w, status, map[string]any{"jsonrpc": mcp.JSONRPC_VERSION, "id": nil, "error": map[string]any{"code": refused, "message": why}})
		return
	}
	answer(w, status, map[string]string{"detail": why})
}

func speaksMCP(r *http.Request) bool {
	return r.URL.Path == "/mcp" || r.URL.Path == "/sse" || r.URL.Path == "/message"
}

// later is refuse for what may be tried again.
func later(w http.ResponseWriter, r *http.Request, status int, wait time.Duration, why string) {
	w.Header().Set("Retry-After", strconv.Itoa(seconds(wait)))
	refuse(w, r, status, why)
}

// seconds rounds up: who waits so long has waited enough.
func seconds(d time.Duration) int { return int((d + time.Second - 1) / time.Second) }
