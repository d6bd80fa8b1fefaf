package config

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/url"
	"strconv"
	"strings"
)

// HTTP sets up the listener, and who may call.
type HTTP struct {
	Addr string `help:"Address to listen on, host and port (default: 127.0.0.1:8400). One that others reach needs --api-keys, --oauth-issuer or --insecure." placeholder:"HOST:PORT" env:"TRILHA_ADDR"`
	Port string `help:"Port to listen on at every address, as hosting platforms set PORT; --addr goes before it." placeholder:"N" env:"TRILHA_PORT,PORT"`

	PublicURL  string   `name:"public-url" help:"URL under which clients reach the server, such as https://paths.example.org." placeholder:"URL" env:"TRILHA_PUBLIC_URL"`
	CORSOrigin []string `name:"cors-origin" help:"Web pages that may call, such as https://app.example.org; can be repeated." placeholder:"ORIGIN" env:"TRILHA_CORS_ORIGIN"`
	TrustProxy bool     `name:"trust-proxy" help:"A proxy stands before the server: the last X-Forwarded-For is who calls." env:"TRILHA_TRUST_PROXY"`
	TLSCert    string   `name:"tls-cert" help:"File with the certificate, to speak TLS." placeholder:"FILE" env:"TRILHA_TLS_CERT"`
	TLSKey     string   `name:"tls-key" help:"File with the certificate's key." placeholder:"FILE" env:"TRILHA_TLS_KEY"`

	APIKeys       string   `name:"api-keys" help:"File with the API keys of those who may call: trilha keys makes it." placeholder:"FILE" env:"TRILHA_API_KEYS"`
	OAuthIssuer   string   `name:"oauth-issuer" help:"Authorization server whose access tokens are taken, as their iss has it." placeholder:"URL" env:"TRILHA_OAUTH_ISSUER"`
	OAuthAudience []string `name:"oauth-audience" help:"What tokens for this server have in aud (default: the public URL, with and without /mcp); can be repeated." placeholder:"AUD" env:"TRILHA_OAUTH_AUDIENCE"`
	Insecure      bool     `help:"Let everyone in, as anonymous: they reach by its id what they made, and list nothing." env:"TRILHA_INSECURE"`
	Rate          float64  `help:"Requests a second of one principal, or of one address of the anonymous; ten seconds' worth may come at once; 0: no limit." default:"20" placeholder:"N" env:"TRILHA_RATE"`
}

const (
	defaultAddr  = "127.0.0.1:8400"
	everyAddress = "0.0.0.0"
)

// Listen is the address to listen on.
func (h HTTP) Listen() string {
	switch {
	case h.Addr != "":
		return h.Addr
	case h.Port != "":
		return net.JoinHostPort(everyAddress, h.Port)
	default:
		return defaultAddr
	}
}

// Authenticates says that callers need a credential.
func (h HTTP) Authenticates() bool { return h.APIKeys != "" || h.OAuthIssuer != "" }

// Exposed says that others than this machine reach the listener.
func (h HTTP) Exposed() bool {
	host, _, err := net.SplitHostPort(h.Listen())
	return err != nil || !loopback(host)
}

// Public gives the public URL, or nil where there is none.
func (h HTTP) Public() (*url.URL, error) {
	if h.PublicURL == "" {
		return nil, nil //nolint:nilnil // there is none
	}
	u, err := url.Parse(h.PublicURL)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, fmt.Errorf("--public-url %q cannot be used: give scheme and host, for example https://paths.example.org", h.PublicURL)
	}
	return &url.URL{Scheme: u.Scheme, Host: u.Host}, nil
}

// Audiences gives what a token for this server may have in aud.
func (h HTTP) Audiences() []string {
	if len(h.OAuthAudience) > 0 {
		return h.OAuthAudience
	}
	u, err := h.Public()
	if err != nil || u == nil {
		return nil
	}
	return []string{u.String(), u.String() + "/", u.String() + "/mcp"}
}

// Check refuses what cannot work, and what would let others in without being asked.
func (h HTTP) Check() error {
	public, err := h.Public()
	if err != nil {
		return err
	}
	for _, check := range []func() error{h.checkAddress, h.checkOrigins, h.checkIdentity} {
		if err := check(); err != nil {
			return err
		}
	}
	if h.Authenticates() || h.Insecure {
		return nil
	}
	const remedy = "configure authentication with --api-keys FILE or --oauth-issuer URL, let everyone in as anonymous with --insecure"
	_, port, _ := net.SplitHostPort(h.Listen())
	switch {
	case h.Exposed() && h.Addr == "":
		return fmt.Errorf("PORT %s is refused: it means to listen on every address, where others reach it; %s, or use --addr 127.0.0.1:%s", port, remedy, port)
	case h.Exposed():
		return fmt.Errorf("--addr %q is refused: others than this machine reach it; %s, or use 127.0.0.1:%s", h.Addr, remedy, port)
	case public != nil && !loopback(public.Hostname()):
		return fmt.Errorf("--public-url %q is refused: whoever comes that way would be taken for the user of this machine; %s", h.PublicURL, remedy)
	case h.TrustProxy:
		return fmt.Errorf("--trust-proxy is refused: whoever comes through the proxy would be taken for the user of this machine; %s", remedy)
	}
	return nil
}

func (h HTTP) checkAddress() error {
	host, port, err := net.SplitHostPort(h.Listen())
	_, wrong := strconv.ParseUint(port, 10, 16)
	switch {
	case err != nil || port == "":
		return fmt.Errorf("--addr %q is not an address: give host and port, for example 127.0.0.1:8400", h.Addr)
	case host == "":
		return fmt.Errorf("--addr %q is refused: it does not say on which address; use 127.0.0.1:%s, or %s:%s for all of them", h.Addr, port, everyAddress, port)
	case h.Addr == "" && h.Port != "" && wrong != nil:
		return fmt.Errorf("--port %q: give 1 to 65535", h.Port)
	case (h.TLSCert == "") != (h.TLSKey == ""):
		return errors.New("--tls-cert and --tls-key go together: give both or none")
	case !(h.Rate >= 0) || math.IsInf(h.Rate, 0): // not a number is neither
		return fmt.Errorf("--rate %g: give requests a second, or 0 for no limit", h.Rate)
	}
	return nil
}

func (h HTTP) checkOrigins() error {
	for _, o := range h.CORSOrigin {
		u, err := url.Parse(o)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.Scheme+"://"+u.Host != o {
			return fmt.Errorf("--cors-origin %q is no origin: give scheme, host and port as a browser sends them, for example https://app.example.org; there is no *", o)
		}
	}
	return nil
}

func (h HTTP) checkIdentity() error {
	switch {
	case h.Insecure && h.Authenticates():
		return errors.New("--insecure lets everyone in, --api-keys and --oauth-issuer do not: choose")
	case h.OAuthIssuer == "" && len(h.OAuthAudience) > 0:
		return errors.New("--oauth-audience needs --oauth-issuer: whose tokens are they?")
	case h.OAuthIssuer == "":
		return nil
	}
	u, err := url.Parse(h.OAuthIssuer)
	switch {
	case err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && (u.Scheme != "http" || !loopback(u.Hostname())):
		return fmt.Errorf("--oauth-issuer %q cannot be used: give its URL with https, as its tokens have it in iss", h.OAuthIssuer)
	case len(h.Audiences()) == 0:
		return errors.New("--oauth-issuer needs --oauth-audience or --public-url: a token for another server must not open this one")
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
