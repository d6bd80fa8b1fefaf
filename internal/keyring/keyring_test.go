package keyring_test

import (
	"bytes"
	"context"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/identity"
	"github.com/trilha/trilha/internal/keyring"
)

func add(t *testing.T, file, name string, scopes ...string) (secret string) {
	t.Helper()
	if scopes == nil {
		scopes = identity.Scopes()
	}
	secret, k, err := keyring.New(name, scopes, identity.Limits{})
	require.NoError(t, err)
	require.NoError(t, keyring.Add(t.Context(), file, k))
	return secret
}

func TestAKeyIsFoundByItsSecretAlone(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "keys.json")
	ana, bia := add(t, file, "ana"), add(t, file, "bia", identity.Read)
	r, err := keyring.Open(file, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	g, ok := r.Find(bia)
	require.True(t, ok)
	assert.Equal(t, "bia", g.Name)
	assert.True(t, g.May(identity.Read))
	assert.False(t, g.May(identity.Write))
	id := strings.Split(ana, "_")[1]
	for _, wrong := range []string{"", ana[:len(ana)-1], ana + "x", strings.ToUpper(ana), "trilha_" + id + "_" + strings.Split(bia, "_")[2], "trilha_" + id + "_", id} {
		_, ok := r.Find(wrong)
		assert.False(t, ok, wrong)
	}
}

func TestTheFileHoldsNoSecretAndIsItsOwnersAlone(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "keys.json")
	secret := add(t, file, "ana")
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.NotContains(t, string(raw), strings.Split(secret, "_")[2])
	info, err := os.Stat(file)
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	left, err := filepath.Glob(file + ".new-*")
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestKeysThatCannotBeAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		scopes []string
		limits identity.Limits
	}{
		{"local", identity.Scopes(), identity.Limits{}},
		{"anonymous", identity.Scopes(), identity.Limits{}},
		{"", identity.Scopes(), identity.Limits{}},
		{"ana", []string{"admin"}, identity.Limits{}},
		{"ana", nil, identity.Limits{}},
		{"ana", identity.Scopes(), identity.Limits{Rate: -1}},
		{"ana", identity.Scopes(), identity.Limits{Rate: math.NaN()}},
		{"ana", identity.Scopes(), identity.Limits{Rate: math.Inf(1)}},
	} {
		_, _, err := keyring.New(c.name, c.scopes, c.limits)
		assert.ErrorIs(t, err, fault.Invalid, "%+v", c)
	}
}

func TestKeysAddedAtTheSameTimeAreAllThere(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "keys.json")
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			_, k, err := keyring.New("ana", identity.Scopes(), identity.Limits{})
			assert.NoError(t, err)
			assert.NoError(t, keyring.Add(context.Background(), file, k))
		})
	}
	all.Wait()
	keys, err := keyring.List(file)
	require.NoError(t, err)
	assert.Len(t, keys, 20)
}

func TestARevokedKeyEndsWithinASecond(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "keys.json")
	ana, bia := add(t, file, "ana"), add(t, file, "bia")
	synctest.Test(t, func(t *testing.T) {
		r, err := keyring.Open(file, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		go r.Watch(t.Context())
		mine, ok := r.Find(ana)
		require.True(t, ok)
		other, ok := r.Find(bia)
		require.True(t, ok)
		gone, err := keyring.Revoke(context.Background(), file, "ana")
		require.NoError(t, err)
		assert.Len(t, gone, 1)
		began := time.Now()
		<-mine.Until.Done()
		assert.LessOrEqual(t, time.Since(began), keyring.LookEvery)
		_, ok = r.Find(ana)
		assert.False(t, ok)
		select {
		case <-other.Until.Done():
			t.Error("another's key ended")
		default:
		}
		_, err = keyring.Revoke(context.Background(), file, "ana")
		assert.ErrorIs(t, err, fault.NotFound)
	})
}

func TestABrokenFileLeavesTheKeysAndIsToldOnce(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "keys.json")
	ana := add(t, file, "ana")
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		r, err := keyring.Open(file, slog.New(slog.NewTextHandler(&log, nil)))
		require.NoError(t, err)
		go r.Watch(t.Context())
		for _, broken := range []string{`{"keys": [`, `{"keys":[{"name":"ana"}]}`, `{"kees":[]}`} {
			require.NoError(t, os.WriteFile(file, []byte(broken), 0o600))
			time.Sleep(5 * keyring.LookEvery)
			synctest.Wait()
			_, ok := r.Find(ana)
			assert.True(t, ok, broken)
		}
		require.NoError(t, os.Remove(file))
		time.Sleep(2 * keyring.LookEvery)
		synctest.Wait()
		_, ok := r.Find(ana)
		assert.True(t, ok, "a file that is gone")
		require.NoError(t, os.WriteFile(file, []byte(`{"keys":[]}`), 0o600))
		time.Sleep(2 * keyring.LookEvery)
		synctest.Wait()
		_, ok = r.Find(ana)
		assert.False(t, ok)
		assert.Equal(t, 4, strings.Count(log.String(), "stay as they were"), log.String())
	})
}

func TestAMissingFileIsToldWithTheRemedy(t *testing.T) {
	t.Parallel()
	_, err := keyring.Open(filepath.Join(t.TempDir(), "none.json"), slog.New(slog.DiscardHandler))
	assert.ErrorContains(t, err, "trilha keys add")
}

func TestAFileThatIsNoneOfKeysIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "keys.json")
	add(t, file, "ana")
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	twice := filepath.Join(dir, "twice.json")
	require.NoError(t, os.WriteFile(twice, append(raw, raw...), 0o600))
	huge := filepath.Join(dir, "huge.json")
	require.NoError(t, os.WriteFile(huge, nil, 0o600))
	require.NoError(t, os.Truncate(huge, 1<<40))
	for path, want := range map[string]string{
		twice: "something stands behind its end", huge: "may have 16777216", dir: "is no file", filepath.Join(dir, "none"): "trilha keys add",
	} {
		_, err := keyring.Open(path, slog.New(slog.DiscardHandler))
		assert.ErrorIs(t, err, fault.Invalid)
		assert.ErrorContains(t, err, want)
	}
}

func TestAFileThatAllMayWriteToIsTold(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("modes say nothing there")
	}
	file := filepath.Join(t.TempDir(), "keys.json")
	add(t, file, "ana")
	for mode, told := range map[os.FileMode]bool{0o600: false, 0o644: false, 0o664: false, 0o666: true} {
		require.NoError(t, os.Chmod(file, mode))
		var log bytes.Buffer
		_, err := keyring.Open(file, slog.New(slog.NewTextHandler(&log, nil)))
		require.NoError(t, err)
		assert.Equal(t, told, strings.Contains(log.String(), "chmod o-w"), mode)
	}
}
