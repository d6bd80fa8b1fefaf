package httpface_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/httpface"
	"github.com/trilha/trilha/internal/identity"
)

// slowest is how long a client of these tests may take for headers and for a body.
const slowest = 2 * time.Second

var mcpHeaders = []string{"Content-Type", jsonType, "Accept", "application/json, text/event-stream"}

// keys are the credentials of these tests, each until its context ends.
type keys map[string]identity.Grant

func (ks keys) find(_ context.Context, credential string) (identity.Grant, error) {
	if credential == "unknowable" {
		return identity.Grant{}, errors.New("the issuer is away")
	}
	g, ok := ks[credential]
	if !ok || g.Until != nil && g.Until.Err() != nil {
		return g, fault.New(fault.Invalid, "there is no such key")
	}
	return g, nil
}

func whole(name string) identity.Grant {
	return identity.Grant{Principal: identity.Principal{Name: name, Scopes: identity.Scopes()}}
}

func parse(t *testing.T, raw string) *url.URL {
	t.Helper()
	u, err := url.Parse(raw)
	require.NoError(t, err)
	return u
}

func with(headers []string, more ...string) []string {
	return append(append([]string{}, headers...), more...)
}

func TestEveryRouteNeedsACredentialButWhatIsForAll(t *testing.T) {
	t.Parallel()
	p := listenWith(t, httpface.Options{Authenticate: keys{"good": whole("ana")}.find, Issuer: "https://issuer.example"})
	for _, at := range []string{"GET /sse", "GET /mcp", "POST /mcp", "POST /message?sessionId=x", "DELETE /mcp", "GET /", "GET /nothing", "GET /status/x"} {
		method, path, _ := strings.Cut(at, " ")
		for name, headers := range map[string][]string{
			"none": nil, "wrong": {"Authorization", "Bearer wrong"}, "basic": {"Authorization", "Basic Z29vZA=="},
			"wrong key": {"X-API-Key", "wrong"}, "in the URL": nil,
		} {
			if name == "in the URL" {
				path = strings.TrimSuffix(path, "?sessionId=x") + "?access_token=good"
			}
			resp, body := p.ask(method, path, initialize, with(mcpHeaders, headers...)...)
			require.Equal(t, http.StatusUnauthorized, resp.StatusCode, "%s %s", at, name)
			challenge := resp.Header.Get("WWW-Authenticate")
			assert.Contains(t, challenge, `scope="paths:read paths:write"`)
			assert.Equal(t, strings.HasPrefix(name, "wrong"), strings.Contains(challenge, `error="invalid_token"`), name)
			resource := ""
			if strings.HasPrefix(path, "/mcp") || strings.HasPrefix(path, "/sse") || strings.HasPrefix(path, "/message") {
				resource = "/mcp"
				assert.Contains(t, body, `"jsonrpc":"2.0"`)
			} else {
				assert.Contains(t, body, `"detail":`)
			}
			assert.Contains(t, challenge, `resource_metadata="`+p.base+"/.well-known/oauth-protected-resource"+resource+`"`)
		}
	}
	for _, path := range []string{"/healthz", "/readyz", "/.well-known/oauth-protected-resource", "/.well-known/oauth-protected-resource/mcp"} {
		resp, _ := p.ask(http.MethodGet, path, "")
		assert.Equal(t, http.StatusOK, resp.StatusCode, path)
	}
	for _, credential := range [][]string{{"Authorization", "Bearer good"}, {"Authorization", "bearer good"}, {"X-API-Key", "good"}} {
		resp, _ := p.ask(http.MethodPost, "/mcp", initialize, with(mcpHeaders, credential...)...)
		assert.Equal(t, http.StatusOK, resp.StatusCode, credential)
	}
}

func TestACredentialThatCannotBeCheckedIsNoFaultOfItsHolder(t *testing.T) {
	t.Parallel()
	p := listenWith(t, httpface.Options{Authenticate: keys{}.find})
	resp, _ := p.ask(http.MethodPost, "/mcp", initialize, with(mcpHeaders, "Authorization", "Bearer unknowable")...)
	assert.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
	assert.NotEmpty(t, resp.Header.Get("Retry-After"))
}

func TestProtectedResourceMetadata(t *testing.T) {
	t.Parallel()
	p := listenWith(t, httpface.Options{
		Authenticate: keys{}.find, Issuer: "https://issuer.example/tenant", PublicURL: parse(t, "https://paths.example"),
	})
	for suffix, resource := range map[string]string{"": "https://paths.example", "/mcp": "https://paths.example/mcp"} {
		resp, body := p.ask(http.MethodGet, "/.well-known/oauth-protected-resource"+suffix, "", "Host", "paths.example")
		require.Equal(t, http.StatusOK, resp.StatusCode)
		var m map[string]any
		require.NoError(t, json.Unmarshal([]byte(body), &m))
		assert.Equal(t, resource, m["resource"])
		assert.Equal(t, []any{"https://issuer.example/tenant"}, m["authorization_servers"])
		assert.Equal(t, []any{"paths:read", "paths:write"}, m["scopes_supported"])
	}
	resp, _ := p.ask(http.MethodGet, "/.well-known/oauth-protected-resource/other", "")
	assert.Equal(t, http.StatusNotFound, resp.StatusCode)
	none := listenWith(t, httpface.Options{Authenticate: keys{}.find})
	resp, _ = none.ask(http.MethodGet, "/.well-known/oauth-protected-resource", "")
	assert.Equal(t, http.StatusUnauthorized, resp.StatusCode, "without an issuer there is none")
}

func TestWhatAScopeDoesNotAllow(t *testing.T) {
	t.Parallel()
	reader, nothing := whole("ana"), whole("bia")
	reader.Scopes, nothing.Scopes = []string{identity.Read}, nil
	p := listenWith(t, httpface.Options{
		Authenticate: keys{"reader": reader, "nothing": nothing}.find, Issuer: "https://issuer.example",
		Writes: func(method, tool string) bool { return method == "tools/call" && tool == "hello" },
	})
	call := `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"hello"}}`
	for _, c := range []struct {
		credential, method, path, body string
		status                         int
	}{
		{"nothing", http.MethodPost, "/mcp", initialize, 403},
		{"nothing", http.MethodGet, "/sse", "", 403},
		{"nothing", http.MethodGet, "/tasks", "", 403},
		{"reader", http.MethodPost, "/mcp", initialize, 200},
		{"reader", http.MethodPost, "/mcp", call, 403},
		{"reader", http.MethodPost, "/mcp", "[" + ping + "," + call + "]", 403},
		{"reader", http.MethodPost, "/mcp", strings.Replace(call, "hello", "other", 1), 400}, // no session
		{"reader", http.MethodGet, "/tasks", "", 404},
		{"reader", http.MethodGet, "/generate_mcp?topic=go", "", 403},
		{"reader", http.MethodPost, "/generate_mcp_async?topic=go", "", 403},
		{"reader", http.MethodDelete, "/tasks/x", "", 403},
	} {
		resp, _ := p.ask(c.method, c.path, c.body, with(mcpHeaders, "Authorization", "Bearer "+c.credential)...)
		assert.Equal(t, c.status, resp.StatusCode, "%+v", c)
		if c.status == 403 {
			assert.Contains(t, resp.Header.Get("WWW-Authenticate"), `error="insufficient_scope"`)
			assert.Contains(t, resp.Header.Get("WWW-Authenticate"), `scope="paths:read paths:write"`)
			assert.Contains(t, resp.Header.Get("WWW-Authenticate"), `resource_metadata=`)
		}
	}
}

func TestAReadOnlyServerRefusesWhatChanges(t *testing.T) {
	t.Parallel()
	p := listenWith(t, httpface.Options{ReadOnly: true})
	for at, status := range map[string]int{"POST /generate_mcp_async": 403, "GET /generate_mcp": 403, "DELETE /tasks/x": 403, "GET /tasks": 404} {
		method, path, _ := strings.Cut(at, " ")
		resp, _ := p.ask(method, path, "", "Content-Type", jsonType)
		assert.Equal(t, status, resp.StatusCode, at)
	}
}

// Streams do not outlive the credential that opened them.
func TestStreamsEndWithTheirCredential(t *testing.T) {
	t.Parallel()
	revoked, revoke := context.WithCancel(t.Context())
	mine, short := whole("ana"), whole("bia")
	mine.Until = revoked
	short.Expires = time.Now().Add(time.Second)
	p := listenWith(t, httpface.Options{Authenticate: keys{"mine": mine, "short": short}.find})
	listenRequest := `{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},"_meta":{` +
		`"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},` +
		`"io.modelcontextprotocol/clientInfo":{"name":"raw","version":"1"}}}}`
	ended := make(chan string, 10)
	open := func(key string) {
		auth := []string{"Authorization", "Bearer " + key}
		watch := func(what string, resp *http.Response) {
			require.Equal(t, http.StatusOK, resp.StatusCode, what)
			require.Contains(t, resp.Header.Get("Content-Type"), "text/event-stream", what)
			go func() {
				defer resp.Body.Close()
				_, err := io.Copy(io.Discard, resp.Body)
				ended <- fmt.Sprint(key, " ", what, ": ", err)
			}()
		}
		watch("sse", p.stream(t.Context(), http.MethodGet, "/sse", nil, auth...))
		resp, _ := p.ask(http.MethodPost, "/mcp", initialize, with(mcpHeaders, auth...)...)
		session := with(auth, "Mcp-Session-Id", resp.Header.Get("Mcp-Session-Id"), "Accept", "text/event-stream")
		watch("news", p.stream(t.Context(), http.MethodGet, "/mcp", nil, session...))
		watch("listen", p.stream(t.Context(), http.MethodPost, "/mcp", strings.NewReader(listenRequest),
			with(with(mcpHeaders, auth...), "Mcp-Protocol-Version", "2026-07-28", "Mcp-Method", "subscriptions/listen")...))
	}
	open("mine")
	open("short")
	var expired []string
	for range 3 {
		expired = append(expired, <-ended)
	}
	assert.ElementsMatch(t, []string{"short sse: <nil>", "short news: <nil>", "short listen: <nil>"}, expired, "closed properly")
	revoke()
	var gone []string
	for range 3 {
		gone = append(gone, <-ended)
	}
	assert.ElementsMatch(t, []string{"mine sse: <nil>", "mine news: <nil>", "mine listen: <nil>"}, gone)
	resp, _ := p.ask(http.MethodPost, "/mcp", initialize, with(mcpHeaders, "Authorization", "Bearer mine")...)
	assert.Equal(t, http.StatusUnauthorized, resp.StatusCode)
}

func TestTooManyRequestsAreToldWhenToComeBack(t *testing.T) {
	t.Parallel()
	p := listenWith(t, httpface.Options{
		Authenticate: keys{"ana": whole("ana"), "bia": whole("bia")}.find, Limiter: identity.NewLimiter(0.1),
	})
	get := func(credential string) (int, string) {
		resp, _ := p.ask(http.MethodGet, "/tasks", "", "X-API-Key", credential)
		return resp.StatusCode, resp.Header.Get("Retry-After")
	}
	status, _ := get("ana")
	assert.Equal(t, http.StatusNotFound, status)
	status, after := get("ana")
	assert.Equal(t, http.StatusTooManyRequests, status)
	assert.Regexp(t, `^(19|20)$`, after)
	status, _ = get("bia")
	assert.Equal(t, http.StatusNotFound, status, "another's requests are their own")
	// MCP's messages are counted by the MCP face; who does not heed it is stopped here.
	resp, body := p.ask(http.MethodPost, "/mcp", initialize, with(mcpHeaders, "X-API-Key", "ana")...)
	assert.Equal(t, http.StatusTooManyRequests, resp.StatusCode)
	assert.Contains(t, body, `"jsonrpc":"2.0"`)
	// Guessing is slowed down by address, and harms nobody who has a key.
	var statuses []int
	for range 3 {
		status, _ := get("guess")
		statuses = append(statuses, status)
	}
	assert.Equal(t, []int{401, 429, 429}, statuses)
}

func TestTheAddressBehindAProxyIsTheOneItSaw(t *testing.T) {
	t.Parallel()
	from := func(p *place, forwarded string) int {
		resp, _ := p.ask(http.MethodGet, "/tasks", "", "X-Forwarded-For", forwarded)
		return resp.StatusCode
	}
	p := listenWith(t, httpface.Options{Anonymous: true, Limiter: identity.NewLimiter(0.001), TrustProxy: true})
	assert.Equal(t, 404, from(p, "192.0.2.1"))
	assert.Equal(t, 429, from(p, "192.0.2.1"))
	assert.Equal(t, 429, from(p, "198.51.100.7, 192.0.2.1"), "what the client wrote itself")
	assert.Equal(t, 404, from(p, "192.0.2.1, 192.0.2.2"))
	untrusting := listenWith(t, httpface.Options{Anonymous: true, Limiter: identity.NewLimiter(0.001)})
	assert.Equal(t, 404, from(untrusting, "192.0.2.1"))
	assert.Equal(t, 429, from(untrusting, "192.0.2.2"))
	local := listenWith(t, httpface.Options{})
	assert.Equal(t, 403, from(local, "192.0.2.1"), "a proxy brings others, who would be taken for this machine's user")
}

func TestHostsOfAPublicServer(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		o    httpface.Options
		host map[string]int
	}{
		{"by its URL", httpface.Options{PublicURL: parse(t, "https://paths.example"), Everywhere: true}, map[string]int{
			"paths.example": 200, "paths.example:443": 200, "PATHS.example": 200, "localhost:1": 200, "10.1.2.3:8400": 200,
			"paths.example:444": 403, "evil.example": 403, "paths.example.evil.example": 403, "": 400,
		}},
		{"by its address", httpface.Options{Everywhere: true}, map[string]int{
			"192.0.2.1:8400": 200, "[2001:db8::1]:8400": 200, "paths.example": 403,
		}},
	} {
		p := listenWith(t, c.o)
		for host, status := range c.host {
			if host == "" {
				continue
			}
			resp, _ := p.ask(http.MethodGet, "/healthz", "", "Host", host)
			assert.Equal(t, status, resp.StatusCode, "%s: %s", c.name, host)
		}
	}
}

func TestListedPagesMayCallAndRead(t *testing.T) {
	t.Parallel()
	const page = "https://app.example"
	p := listenWith(t, httpface.Options{
		Authenticate: keys{"good": whole("ana")}.find, Everywhere: true,
		Origins: []string{page, "http://localhost:5173"}, PublicURL: parse(t, "https://paths.example"),
	})
	for _, path := range []string{"/mcp", "/sse", "/message", "/tasks", "/healthz"} {
		resp, _ := p.ask(http.MethodOptions, path, "", "Origin", page, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization")
		require.Equal(t, http.StatusNoContent, resp.StatusCode, path)
		assert.Equal(t, page, resp.Header.Get("Access-Control-Allow-Origin"))
		assert.Equal(t, []string{"Origin"}, resp.Header.Values("Vary"))
		for _, h := range []string{"Authorization", "X-API-Key", "Content-Type", "Mcp-Session-Id", "Mcp-Protocol-Version", "Mcp-Method", "Mcp-Name", "Last-Event-Id"} {
			assert.Contains(t, strings.ToLower(resp.Header.Get("Access-Control-Allow-Headers")), strings.ToLower(h))
		}
		for _, m := range []string{"GET", "POST", "DELETE"} {
			assert.Contains(t, resp.Header.Get("Access-Control-Allow-Methods"), m)
		}
	}
	// The page can read that it has to authenticate, and what comes then.
	resp, _ := p.ask(http.MethodPost, "/mcp", initialize, with(mcpHeaders, "Origin", page)...)
	assert.Equal(t, http.StatusUnauthorized, resp.StatusCode)
	assert.Equal(t, page, resp.Header.Get("Access-Control-Allow-Origin"))
	resp, _ = p.ask(http.MethodPost, "/mcp", initialize, with(mcpHeaders, "Origin", page, "X-API-Key", "good")...)
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	for _, h := range []string{"Mcp-Session-Id", "WWW-Authenticate", "Link", "Retry-After"} {
		assert.Contains(t, resp.Header.Get("Access-Control-Expose-Headers"), h)
	}
	for origin, status := range map[string]int{"https://paths.example": 200, "http://localhost:5173": 200, "http://localhost:1": 403, "https://evil.example": 403, "http://app.example": 403, "null": 403} {
		resp, _ := p.ask(http.MethodGet, "/healthz", "", "Origin", origin)
		assert.Equal(t, status, resp.StatusCode, origin)
		assert.Equal(t, origin == "http://localhost:5173", resp.Header.Get("Access-Control-Allow-Origin") != "", origin)
	}
}

// Clients that send slowly, or nothing, are let go, and others do not notice.
func TestSlowClientsAreLetGo(t *testing.T) {
	t.Parallel()
	p := listen(t)
	at := strings.TrimPrefix(p.base, "http://")
	const slow = 50
	closed := make(chan time.Duration, 2*slow)
	var dialed sync.WaitGroup
	began := time.Now()
	for i := range 2 * slow {
		dialed.Add(1)
		go func() {
			conn, err := net.Dial("tcp", at)
			if !assert.NoError(t, err) {
				dialed.Done()
				return
			}
			defer conn.Close()
			text := "POST /mcp HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" // and no more
			if i%2 == 0 {
				text += "Content-Length: 100000\r\n\r\n{\"jsonrpc\":"
			}
			_, err = io.WriteString(conn, text)
			assert.NoError(t, err)
			dialed.Done()
			drip := time.NewTicker(200 * time.Millisecond)
			defer drip.Stop()
			stop := make(chan struct{})
			defer close(stop)
			go func() {
				for {
					select {
					case <-drip.C:
						_, _ = io.WriteString(conn, "x")
					case <-stop:
						return
					}
				}
			}()
			_, _ = io.Copy(io.Discard, conn)
			closed <- time.Since(began)
		}()
	}
	dialed.Wait()
	resp, _ := p.ask(http.MethodPost, "/mcp", initialize, mcpHeaders...)
	assert.Equal(t, http.StatusOK, resp.StatusCode, "others are served meanwhile")
	for range 2 * slow {
		select {
		case after := <-closed:
			assert.Less(t, after, slowest+10*time.Second)
		case <-time.After(slowest + 15*time.Second):
			t.Fatal("a slow client is still connected")
		}
	}
}

// The time of a body is none of what comes after it.
func TestAStreamOutlivesTheTimeOfItsBody(t *testing.T) {
	t.Parallel()
	p := listen(t)
	endpoint, lines := p.sse(t.Context())
	resp, _ := p.ask(http.MethodPost, endpoint, initialize, "Content-Type", jsonType)
	require.Equal(t, http.StatusAccepted, resp.StatusCode)
	assert.Contains(t, data(t, lines), "protocolVersion")
	body := `{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen","params":{"notifications":{"toolsListChanged":true},"_meta":{` +
		`"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"io.modelcontextprotocol/clientInfo":{"name":"raw","version":"1"}}}}`
	stream := p.stream(t.Context(), http.MethodPost, "/mcp", strings.NewReader(body), with(mcpHeaders, "Mcp-Protocol-Version", "2026-07-28", "Mcp-Method", "subscriptions/listen")...)
	defer stream.Body.Close()
	require.Equal(t, http.StatusOK, stream.StatusCode)
	events := bufio.NewReader(stream.Body)
	_ = data(t, events) // it is acknowledged
	ended := make(chan error, 1)
	go func() { _, err := events.ReadString(0); ended <- err }()
	select {
	case err := <-ended:
		t.Fatalf("it ended: %v", err)
	case <-time.After(slowest + slowest/2):
	}
	p.face.CloseStreams()
	assert.ErrorIs(t, <-ended, io.EOF)
}

func TestReadinessTellsOfTheStoreAndOfTheEnd(t *testing.T) {
	t.Parallel()
	away := make(chan error, 1)
	p := listenWith(t, httpface.Options{Ready: func(context.Context) error {
		select {
		case err := <-away:
			return err
		default:
			return nil
		}
	}})
	status := func() (int, string) {
		resp, body := p.ask(http.MethodGet, "/readyz", "")
		return resp.StatusCode, body
	}
	code, _ := status()
	assert.Equal(t, http.StatusOK, code)
	away <- errors.New("postgres://user:secret@host is away")
	code, body := status()
	assert.Equal(t, http.StatusServiceUnavailable, code)
	assert.NotContains(t, body, "secret")
	p.face.CloseStreams()
	code, body = status()
	assert.Equal(t, http.StatusServiceUnavailable, code)
	assert.Contains(t, body, "stopping")
	resp, _ := p.ask(http.MethodGet, "/healthz", "")
	assert.Equal(t, http.StatusOK, resp.StatusCode, "it lives")
}

func TestHTTP2WithoutTLSIsSpokenToWhoKnows(t *testing.T) {
	t.Parallel()
	p := listen(t)
	protocols := new(http.Protocols)
	protocols.SetUnencryptedHTTP2(true)
	tr := &http.Transport{Protocols: protocols}
	defer tr.CloseIdleConnections()
	p.client = &http.Client{Transport: tr}
	resp, _ := p.ask(http.MethodPost, "/mcp", initialize, mcpHeaders...)
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	assert.Equal(t, 2, resp.ProtoMajor)
	endpoint, lines := p.sse(t.Context())
	resp, _ = p.ask(http.MethodPost, endpoint, ping, "Content-Type", jsonType)
	assert.Equal(t, http.StatusAccepted, resp.StatusCode)
	assert.JSONEq(t, `{"jsonrpc":"2.0","id":2,"result":{}}`, data(t, lines))
}

func TestOnlyOneCredentialIsTaken(t *testing.T) {
	t.Parallel()
	p := listenWith(t, httpface.Options{Authenticate: keys{"good": whole("ana"), "other": whole("bia")}.find})
	ask := func(authorization []string, key []string) int {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.base+"/mcp", strings.NewReader(initialize))
		require.NoError(t, err)
		r.Header = http.Header{"Content-Type": {jsonType}, "Accept": {"application/json, text/event-stream"}, "Authorization": authorization, "X-Api-Key": key}
		resp, err := p.client.Do(r)
		require.NoError(t, err)
		resp.Body.Close()
		return resp.StatusCode
	}
	for _, c := range []struct {
		name               string
		authorization, key []string
		status             int
	}{
		{"the same twice", []string{"Bearer good", "bearer  good"}, []string{"good"}, 200},
		{"for a proxy, and for this", []string{"Basic Z29vZA=="}, []string{"good"}, 200},
		{"two keys", []string{"Bearer good", "Bearer other"}, nil, 401},
		{"the other way round", []string{"Bearer other", "Bearer good"}, nil, 401},
		{"in two headers", []string{"Bearer good"}, []string{"other"}, 401},
		{"two of the other header", nil, []string{"good", "other"}, 401},
		{"a wrong one behind", []string{"Bearer good", "Bearer wrong"}, nil, 401},
		{"nothing", []string{"Bearer "}, []string{""}, 401},
	} {
		assert.Equal(t, c.status, ask(c.authorization, c.key), c.name)
	}
}

func TestNothingGoesPastTheGuards(t *testing.T) {
	t.Parallel()
	p := listenWith(t, httpface.Options{Origins: []string{"https://app.example"}})
	address := strings.TrimPrefix(p.base, "http://")
	for request, status := range map[string]string{
		"OPTIONS * HTTP/1.1\r\nHost: evil.example\r\n":                                                                "403",
		"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: https://app.example\r\nOrigin: https://evil.example\r\n": "403",
		"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nForwarded: for=192.0.2.1\r\n":                                    "403",
		"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Real-IP: 192.0.2.1\r\n":                                        "403",
		"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: https://app.example\r\n":                                 "200",
	} {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		require.NoError(t, err)
		_, err = io.WriteString(conn, request+"Connection: close\r\n\r\n")
		require.NoError(t, err)
		answer, err := io.ReadAll(conn)
		require.NoError(t, err)
		conn.Close()
		assert.True(t, strings.HasPrefix(string(answer), "HTTP/1.1 "+status), "%q: %.60q", request, answer)
	}
}
