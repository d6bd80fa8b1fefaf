package config_test

import (
	"math"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/config"
)

func good() config.Config {
	return config.Config{
		Store: "memory", Migrate: "on", RunningPerOwner: 2, WaitingPerOwner: 1000, Kept: 20_000,
		TTL: 24 * time.Hour, AnswerWithin: time.Hour, Grace: time.Second, LogLevel: "warn",
	}
}

func TestNonsenseIsRefusedWithTheRemedy(t *testing.T) {
	t.Parallel()
	require.NoError(t, good().Check())
	for want, change := range map[string]func(*config.Config){
		"--store \"disk\" is no store: use":     func(c *config.Config) { c.Store = "disk" },
		"--store \"sqlite:\" is no store: use":  func(c *config.Config) { c.Store = "sqlite:" },
		"postgres://user@host/database":         func(c *config.Config) { c.Store = "postgres:" },
		"--migrate \"maybe\": use on or off":    func(c *config.Config) { c.Migrate = "maybe" },
		"--running -1: give at least 1, or 0":   func(c *config.Config) { c.Running = -1 },
		"--running-per-owner 0: give at least":  func(c *config.Config) { c.RunningPerOwner = 0 },
		"--waiting-per-owner -5: give at least": func(c *config.Config) { c.WaitingPerOwner = -5 },
		"--kept 0: give at least":               func(c *config.Config) { c.Kept = 0 },
		"--ttl 5ms is too short":                func(c *config.Config) { c.TTL = 5 * time.Millisecond },
		"--answer-within 0s is too short":       func(c *config.Config) { c.AnswerWithin = 0 },
		"--grace -1s: give 0s to 1h":            func(c *config.Config) { c.Grace = -time.Second },
		"use debug, info, warn or error":        func(c *config.Config) { c.LogLevel = "loud" },
	} {
		c := good()
		change(&c)
		assert.ErrorContains(t, c.Check(), want)
	}
}

func TestLimitsFollowTheConfiguration(t *testing.T) {
	t.Parallel()
	c := good()
	assert.Equal(t, runtime.GOMAXPROCS(0), c.Limits().Running, "0 means one per processor")
	c.Running, c.Kept = 7, 9
	limits := c.Limits()
	assert.Equal(t, 7, limits.Running)
	assert.Equal(t, 9, limits.Kept)
	assert.Equal(t, 24*time.Hour, limits.TTL)
	assert.Equal(t, time.Hour, limits.AnswerWithin)
}

func TestOnlyLoopbackAddressesAreTaken(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"127.0.0.1:8400", "127.8.8.8:1", "[::1]:80", "localhost:0"} {
		assert.NoError(t, config.HTTP{Addr: addr}.Check(), addr)
	}
	for _, addr := range []string{":8400", "0.0.0.0:8400", "[::]:8400", "192.168.1.2:80", "example.org:80", "127.0.0.1", "127.0.0.1:"} {
		assert.Error(t, config.HTTP{Addr: addr}.Check(), addr)
	}
}

func TestAStoreIsAFileADatabaseOrMemory(t *testing.T) {
	t.Parallel()
	for store, want := range map[string]config.Place{
		"memory":                        {},
		"sqlite:tasks.db":               {File: "tasks.db"},
		`sqlite:C:\tasks.db`:            {File: `C:\tasks.db`},
		"postgres://ann:pw@host/tasks":  {URL: "postgres://ann:pw@host/tasks"},
		"postgresql://ann@/x?host=/tmp": {URL: "postgresql://ann@/x?host=/tmp"},
	} {
		got, err := config.Config{Store: store}.Place()
		require.NoError(t, err, store)
		assert.Equal(t, want, got, store)
	}
	mine, err := config.Config{Store: "sqlite"}.Place()
	require.NoError(t, err)
	assert.True(t, filepath.IsAbs(mine.File))
	assert.Equal(t, "trilha.db", filepath.Base(mine.File))
}

func TestAPasswordIsNotShown(t *testing.T) {
	t.Parallel()
	p, err := config.Config{Store: "postgres://ann:secret@host/tasks"}.Place()
	require.NoError(t, err)
	assert.NotContains(t, p.String(), "secret")
	_, err = config.Config{Store: "postgers://ann:secret@host/tasks"}.Place()
	assert.NotContains(t, err.Error(), "secret")
}

func TestWhoeverListensForOthersSaysWhoMayCall(t *testing.T) {
	t.Parallel()
	const url, issuer = "https://paths.example.org", "https://issuer.example"
	for _, h := range []config.HTTP{
		{},
		{Insecure: true},
		{Addr: "0.0.0.0:80", Insecure: true},
		{Port: "8080", Insecure: true},
		{Addr: "0.0.0.0:80", APIKeys: "keys.json"},
		{Port: "8080", APIKeys: "keys.json", PublicURL: url, TrustProxy: true},
		{Addr: "example.org:80", OAuthIssuer: issuer, OAuthAudience: []string{"x"}},
		{OAuthIssuer: issuer, PublicURL: url + "/"},
		{OAuthIssuer: "http://127.0.0.1:9000", PublicURL: url},
		{PublicURL: "http://localhost:8400"},
		{Addr: "127.0.0.1:1", Port: "8080"},
		{CORSOrigin: []string{"https://app.example", "http://localhost:5173"}},
	} {
		assert.NoError(t, h.Check(), "%+v", h)
	}
	for want, h := range map[string]config.HTTP{
		"PORT 8080 is refused":           {Port: "8080"},
		"--addr \"0.0.0.0:1\" is":        {Addr: "0.0.0.0:1", Port: "8080"},
		"--public-url \"" + url:          {PublicURL: url},
		"--trust-proxy is refused":       {TrustProxy: true},
		"choose":                         {Insecure: true, OAuthIssuer: issuer, OAuthAudience: []string{"x"}},
		"needs --oauth-audience or":      {OAuthIssuer: issuer},
		"with https":                     {OAuthIssuer: "http://issuer.example", PublicURL: url},
		"no origin":                      {CORSOrigin: []string{"https://app.example/"}},
		"--port \"http\"":                {Port: "http", Insecure: true},
		"--rate -1":                      {Rate: -1},
		"--rate NaN":                     {Rate: math.NaN()},
		"--rate +Inf":                    {Rate: math.Inf(1)},
		"--public-url \"https://a/b\"":   {PublicURL: "https://a/b", Insecure: true},
		"--public-url \"ftp://a\"":       {PublicURL: "ftp://a", Insecure: true},
		"does not say on which address":  {Addr: ":80", APIKeys: "keys.json"},
		"--tls-cert and --tls-key go to": {TLSKey: "key.pem"},
	} {
		assert.ErrorContains(t, h.Check(), want)
	}
	assert.Equal(t, []string{url, url + "/", url + "/mcp"}, config.HTTP{OAuthIssuer: issuer, PublicURL: url}.Audiences())
	assert.Equal(t, []string{"x"}, config.HTTP{OAuthIssuer: issuer, PublicURL: url, OAuthAudience: []string{"x"}}.Audiences())
	assert.Equal(t, "0.0.0.0:8080", config.HTTP{Port: "8080"}.Listen())
	assert.Equal(t, "127.0.0.1:8400", config.HTTP{}.Listen())
}
