package tutor_test

import (
	"context"
	"encoding/binary"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/identity"
	"github.com/trilha/trilha/internal/tutor"
)

// from is a request of the anonymous from the nth address.
func from(ctx context.Context, n uint32) context.Context {
	var at [4]byte
	binary.BigEndian.PutUint32(at[:], n)
	return identity.With(ctx, identity.Principal{Name: identity.Anonymous, Address: netip.AddrFrom4(at)})
}

func TestAnAddressHasSoManyTasksInWork(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ended := map[string]bool{}
		inWork := func(_ context.Context, id string) bool { return !ended[id] }
		c := tutor.NewCrowd(2)
		for _, id := range []string{"a", "b"} {
			placed, err := c.Enter(from(t.Context(), 1), inWork)
			require.NoError(t, err)
			placed(id)
		}
		_, err := c.Enter(from(t.Context(), 1), inWork)
		require.ErrorIs(t, err, fault.Limit)
		assert.ErrorContains(t, err, "2 tasks from this address")
		placed, err := c.Enter(from(t.Context(), 2), inWork)
		require.NoError(t, err, "another address")
		placed("")
		time.Sleep(2 * time.Second)
		ended["a"] = true
		placed, err = c.Enter(from(t.Context(), 1), inWork)
		require.NoError(t, err, "one has ended")
		placed("") // and no task was made
		placed, err = c.Enter(from(t.Context(), 1), inWork)
		require.NoError(t, err)
		placed("c")
		_, err = c.Enter(from(t.Context(), 1), inWork)
		require.ErrorIs(t, err, fault.Limit)
	})
}

func TestManyAtOnceFromOneAddressAreNoWayRound(t *testing.T) {
	t.Parallel()
	c := tutor.NewCrowd(5)
	var in atomic.Int64
	var all sync.WaitGroup
	for i := range 100 {
		all.Go(func() {
			placed, err := c.Enter(from(context.Background(), 1), func(context.Context, string) bool { return true })
			if err == nil {
				in.Add(1)
				placed(strconv.Itoa(i))
			}
		})
	}
	all.Wait()
	assert.EqualValues(t, 5, in.Load())
}

func TestWhatIsRememberedOfAddressesIsBounded(t *testing.T) {
	t.Parallel()
	c := tutor.NewCrowd(3)
	for n := range uint32(tutor.MaxRemembered) {
		for range 2 {
			placed, err := c.Enter(from(t.Context(), n), func(context.Context, string) bool { return true })
			require.NoError(t, err)
			placed("x")
		}
	}
	addresses, tasks := c.Remembered()
	assert.LessOrEqual(t, addresses, tutor.MaxRemembered)
	assert.LessOrEqual(t, tasks, tutor.MaxRemembered)
	assert.Positive(t, tasks)
}
