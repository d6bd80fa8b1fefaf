package httpface

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/mark3labs/mcp-go/mcp"
)

func baseContext(ctx context.Context) func(net.Listener) context.Context {
	return func(net.Listener) context.Context { return ctx }
}

// guard refuses what a web page could make a browser send: a Host that is not
// loopback (DNS rebinding), an Origin from elsewhere, a body of another type than
// JSON (which needs no preflight). It bounds every body.
func guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopback(r.Host) {
			http.Error(w, "Host is not this machine: connect to 127.0.0.1 or localhost", http.StatusForbidden)
			return
		}
		if origin := r.Header.Get("Origin"); origin != "" && !isLoopbackOrigin(origin) {
			http.Error(w, "Origin is not allowed: only pages of this machine may call", http.StatusForbidden)
			return
		}
		if r.Method == http.MethodPost {
			if kind, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || kind != "application/json" {
				http.Error(w, "Content-Type must be application/json", http.StatusUnsupportedMediaType)
				return
			}
			r.Body = http.MaxBytesReader(w, r.Body, maxBody)
			if tooLarge(r) {
				http.Error(w, "the body is larger than 4 MB", http.StatusRequestEntityTooLarge)
				return
			}
		}
		// mcp-go's SSE answers carry Access-Control-Allow-Origin: *; no page of
		// another origin may read them.
		next.ServeHTTP(sameOrigin{w}, r)
	})
}

// tooLarge tells whether a body is above its bound. One that does not tell its
// length has to be read for that: mcp-go would answer it with another status.
func tooLarge(r *http.Request) bool {
	if r.ContentLength >= 0 {
		return r.ContentLength > maxBody
	}
	body, err := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	var over *http.MaxBytesError
	return errors.As(err, &over)
}

// sameOrigin takes the permission for all origins out of an answer.
type sameOrigin struct{ http.ResponseWriter }

func (s sameOrigin) WriteHeader(status int) {
	s.Header().Del("Access-Control-Allow-Origin")
	s.ResponseWriter.WriteHeader(status)
}

func (s sameOrigin) Write(b []byte) (int, error) {
	s.Header().Del("Access-Control-Allow-Origin")
	return s.ResponseWriter.Write(b)
}

func (s sameOrigin) Flush() {
	s.Header().Del("Access-Control-Allow-Origin")
	if f, ok := s.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

// Unwrap lets http.ResponseController reach the connection.
func (s sameOrigin) Unwrap() http.ResponseWriter { return s.ResponseWriter }

// isLoopback tells whether a Host header names this machine.
func isLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

func isLoopbackOrigin(origin string) bool {
	u, err := url.Parse(origin)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && isLoopback(u.Host)
}

// refuseModern keeps requests of 2026-07-28 and later out of HTTP+SSE, which does
// not exist there: it would answer them wrongly.
func refuseModern(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, "the body is larger than 4 MB or could not be read", http.StatusRequestEntityTooLarge)
			return
		}
		var m struct {
			Method string `json:"method"`
			Params struct {
				Meta map[string]json.RawMessage `json:"_meta"`
			} `json:"params"`
		}
		if json.Unmarshal(body, &m) == nil {
			var version string
			_ = json.Unmarshal(m.Params.Meta[mcp.MetaKeyProtocolVersion], &version)
			if mcp.IsModernProtocol(version) {
				http.Error(w, "protocol "+version+" has no HTTP+SSE transport: use /mcp", http.StatusBadRequest)
				return
			}
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r)
	})
}
