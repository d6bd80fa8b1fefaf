package config_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/config"
)

func good() config.Config {
	return config.Config{
		Store: "memory", RunningPerOwner: 2, WaitingPerOwner: 1000, Kept: 20_000,
		TTL: 24 * time.Hour, Grace: time.Second, LogLevel: "warn",
	}
}

func TestNonsenseIsRefusedWithTheRemedy(t *testing.T) {
	t.Parallel()
	require.NoError(t, good().Check())
	for want, change := range map[string]func(*config.Config){
		"use --store memory":                    func(c *config.Config) { c.Store = "sqlite" },
		"--running -1: give at least 1, or 0":   func(c *config.Config) { c.Running = -1 },
		"--running-per-owner 0: give at least":  func(c *config.Config) { c.RunningPerOwner = 0 },
		"--waiting-per-owner -5: give at least": func(c *config.Config) { c.WaitingPerOwner = -5 },
		"--kept 0: give at least":               func(c *config.Config) { c.Kept = 0 },
		"--ttl 5ms is too short":                func(c *config.Config) { c.TTL = 5 * time.Millisecond },
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
}

func TestOnlyLoopbackAddressesAreTaken(t *testing.T) {
	t.Parallel()
	for _, addr := range []string{"127.0.0.1:8400", "127.8.8.8:1", "[::1]:80", "localhost:0"} {
		assert.NoError(t, config.HTTP{Addr: addr}.Check(), addr)
	}
	for _, addr := range []string{"", ":8400", "0.0.0.0:8400", "[::]:8400", "192.168.1.2:80", "example.org:80", "127.0.0.1", "127.0.0.1:"} {
		assert.Error(t, config.HTTP{Addr: addr}.Check(), addr)
	}
}
