package identity_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/identity"
)

func TestWithoutAPrincipalTheOwnerIsLocal(t *testing.T) {
	t.Parallel()
	assert.Equal(t, identity.Local, identity.Owner(t.Context()))
	ctx := identity.With(context.WithoutCancel(t.Context()), identity.Principal{Name: "ana"})
	assert.Equal(t, "ana", identity.Owner(ctx))
}

func TestNamesOfKeysAreNobodyElses(t *testing.T) {
	t.Parallel()
	for name, may := range map[string]bool{
		"ana": true, "ana.silva-2_x": true, "A1": true, strings.Repeat("a", 64): true,
		"": false, "local": false, "anonymous": false, "oauth:x": false, "a b": false, "a/b": false, "josé": false,
		strings.Repeat("a", 65): false,
	} {
		assert.Equal(t, may, identity.CheckName(name), name)
	}
}

func TestTheAnonymousAreCountedByAddress(t *testing.T) {
	t.Parallel()
	counted := func(name, at string) string {
		p := identity.Principal{Name: name}
		if at != "" {
			p.Address = netip.MustParseAddr(at)
		}
		return p.Counted()
	}
	assert.Equal(t, "ana", counted("ana", "192.0.2.1"))
	assert.Equal(t, counted("anonymous", "192.0.2.1"), counted("anonymous", "::ffff:192.0.2.1"))
	assert.NotEqual(t, counted("anonymous", "192.0.2.1"), counted("anonymous", "192.0.2.2"))
	assert.Equal(t, counted("anonymous", "2001:db8:1:2::1"), counted("anonymous", "2001:db8:1:2:ffff::9"))
	assert.NotEqual(t, counted("anonymous", "2001:db8:1:2::1"), counted("anonymous", "2001:db8:1:3::1"))
	assert.Equal(t, "anonymous", counted("anonymous", ""))
}

func TestRequestsAreLimitedByPrincipal(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := identity.NewLimiter(2)
		ana, bia := identity.Principal{Name: "ana"}, identity.Principal{Name: "bia", Limits: identity.Limits{Rate: 1}}
		for range 20 {
			require.Zero(t, l.Take(ana))
		}
		for range 10 {
			require.Zero(t, l.Take(bia), "another has a rate of their own")
		}
		assert.Positive(t, l.Take(bia))
		wait := l.Take(ana)
		assert.Equal(t, time.Second, wait, "two a second, and one is owed")
		assert.Zero(t, l.Overdrawn(ana))
		time.Sleep(wait)
		assert.Zero(t, l.Take(ana), "after the wait that was told")
		for range 100 {
			l.Take(ana)
		}
		assert.Positive(t, l.Overdrawn(ana), "who goes on all the same")
		time.Sleep(time.Hour)
		assert.Zero(t, l.Overdrawn(ana))
		assert.Zero(t, l.Take(ana))
	})
}

func TestWhoNeedsNoLimitHasNone(t *testing.T) {
	t.Parallel()
	none, some := identity.NewLimiter(0), identity.NewLimiter(1)
	for range 1000 {
		require.Zero(t, none.Take(identity.Principal{Name: "ana"}))
		require.Zero(t, some.Take(identity.Principal{Name: identity.Local}))
		_, ok := some.Open(identity.Principal{Name: identity.Local})
		require.True(t, ok)
	}
}

func TestRequestsInProgressAreBounded(t *testing.T) {
	t.Parallel()
	l := identity.NewLimiter(1)
	p := identity.Principal{Name: identity.Anonymous, Address: netip.MustParseAddr("192.0.2.1")}
	var last func()
	for range 100 {
		done, ok := l.Open(p)
		require.True(t, ok)
		last = done
	}
	_, ok := l.Open(p)
	assert.False(t, ok)
	last()
	_, ok = l.Open(p)
	assert.True(t, ok)
}

// Whoever has many addresses cannot fill the memory, nor get rid of who is there.
func TestWhatIsCountedIsBounded(t *testing.T) {
	t.Parallel()
	l := identity.NewLimiter(1)
	ana := identity.Principal{Name: "ana"}
	done, ok := l.Open(ana)
	require.True(t, ok)
	defer done()
	for l.Take(ana) == 0 {
	}
	for i := range 50_000 {
		l.Take(identity.Principal{Name: fmt.Sprint(i)})
	}
	assert.Equal(t, 20_000, l.Len())
	assert.Positive(t, l.Take(ana))
}

// The rate may be so low that no Duration holds the wait.
func TestTheLowestRateIsARateToo(t *testing.T) {
	t.Parallel()
	for _, rate := range []float64{1e-3, 1e-9, 1e-12, 5e-324} {
		l := identity.NewLimiter(rate)
		ana := identity.Principal{Name: "ana"}
		require.Zero(t, l.Take(ana), "the first")
		assert.Positive(t, l.Take(ana), rate)
		l.Take(ana)
		assert.Positive(t, l.Overdrawn(ana), rate)
	}
}
