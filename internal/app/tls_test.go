package app_test

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/app"
	"github.com/trilha/trilha/internal/config"
)

// certificate makes a certificate of 127.0.0.1, signed by itself, as PEM files.
func certificate(t *testing.T) (certFile, keyFile string, roots *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "trilha test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	require.NoError(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: raw}), 0o600))
	parsed, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	roots = x509.NewCertPool()
	roots.AddCert(parsed)
	return certFile, keyFile, roots
}

func TestEverythingIsServedOverTLS(t *testing.T) {
	t.Parallel()
	certFile, keyFile, roots := certificate(t)
	plainBase, a := serveAs(t, settings(), config.HTTP{Addr: "127.0.0.1:0", TLSCert: certFile, TLSKey: keyFile}, plain)
	base := strings.Replace(plainBase, "http://", "https://", 1)
	for _, v := range []struct {
		name, want string
		h2         bool
	}{{"HTTP/1.1", "HTTP/1.1", false}, {"HTTP/2", "HTTP/2.0", true}} {
		protocols := new(http.Protocols)
		protocols.SetHTTP1(!v.h2)
		protocols.SetHTTP2(v.h2)
		tr := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, Protocols: protocols}
		t.Cleanup(tr.CloseIdleConnections)
		client := &http.Client{Transport: tr}
		resp := send(t, client, mustRequest(t.Context(), t, http.MethodGet, base+"/healthz", nil))
		resp.Body.Close()
		require.Equal(t, v.want, resp.Proto, v.name)
		for _, era := range []string{"2025-11-25", modernEra} {
			p, listen := httpPeerBy(t, client, base, era)
			p.open()
			if era != modernEra {
				listen()
			}
			id := p.create("python", nil)
			done := p.tool("get_task_status", map[string]any{"task_id": id, "wait_seconds": 45})
			assert.Equal(t, "completed", done["status"], "%s, %s", v.name, era)
			resp := send(t, client, mustRequest(t.Context(), t, http.MethodGet, base+"/status/"+id+"/events", nil))
			told, err := io.ReadAll(resp.Body)
			require.NoError(t, err)
			resp.Body.Close()
			assert.Equal(t, v.want, resp.Proto)
			assert.Contains(t, string(told), "event: end")
		}
		old := ssePeerBy(t, client, base, "2024-11-05")
		old.open()
		assert.NotEmpty(t, old.tool("search_concepts", map[string]any{"query": "python"}), v.name)
	}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	assert.True(t, strings.HasPrefix(a.URL(l), "https://"))

	resp := send(t, httpClient(t), mustRequest(t.Context(), t, http.MethodGet, plainBase+"/healthz", nil))
	resp.Body.Close()
	assert.Equal(t, http.StatusBadRequest, resp.StatusCode, "without TLS")
	address := strings.TrimPrefix(base, "https://")
	_, err = tls.Dial("tcp", address, &tls.Config{RootCAs: roots, MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10}) //nolint:gosec // that is the point
	assert.Error(t, err, "an old TLS")
}

func TestACertificateThatCannotBeUsedIsToldAtStart(t *testing.T) {
	t.Parallel()
	certFile, keyFile, _ := certificate(t)
	_, other, _ := certificate(t)
	for _, h := range []config.HTTP{
		{TLSCert: certFile, TLSKey: other}, {TLSCert: keyFile, TLSKey: certFile}, {TLSCert: certFile, TLSKey: filepath.Join(t.TempDir(), "none.pem")},
	} {
		require.NoError(t, h.Check())
		a := newApp(t, app.HTTP)
		assert.ErrorContains(t, a.Front(h), "PEM files that belong together")
		require.NoError(t, a.Close())
	}
	assert.ErrorContains(t, config.HTTP{TLSCert: certFile}.Check(), "go together")
}

// A client that drips its request in, or takes nothing, does not keep the server from
// ending in order.
func TestASlowClientDoesNotSpoilTheEnd(t *testing.T) {
	t.Parallel()
	t.Run("served", func(t *testing.T) {
		a := newApp(t, app.HTTP)
		base := serveHTTP(t, a) // asserts that it ends without an error
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(base, "http://"))
		require.NoError(t, err)
		t.Cleanup(func() { conn.Close() })
		_, err = io.WriteString(conn, "POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: 100\r\nExpect: 100-continue\r\n\r\n{")
		require.NoError(t, err)
		line, err := bufio.NewReader(conn).ReadString('\n') // its handler reads the body
		require.NoError(t, err)
		assert.Contains(t, line, "100 Continue")
	})
}
