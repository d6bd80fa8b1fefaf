package dbfault_test

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/dbfault"
	"github.com/trilha/trilha/internal/fault"
)

func wrapped(err error) error { return fmt.Errorf("on the way: %w", err) }

func TestWhatAServerSaysIsToldWithWhatHelps(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]struct {
		what  string
		lasts bool
	}{
		"28P01": {"refuses the user or the password", false},
		"3D000": {"no such database", false},
		"42501": {"may not do that", false},
		"53100": {"disk is full", true},
		"53300": {"no more connections", false},
		"25006": {"read-only", true},
	} {
		got, ok := dbfault.Postgres(wrapped(&pgconn.PgError{Code: code}))
		require.True(t, ok, code)
		assert.Contains(t, got.What, want.what)
		assert.Equal(t, want.lasts, got.Lasts, code)
		assert.NotEmpty(t, got.Do)
	}
	_, ok := dbfault.Postgres(wrapped(&pgconn.PgError{Code: "23505"}))
	assert.False(t, ok, "that is not the operator's")
	_, ok = dbfault.Postgres(nil)
	assert.False(t, ok)
}

func TestWhatASystemSaysOfAFileIsToldWithWhatHelps(t *testing.T) {
	t.Parallel()
	for err, want := range map[error]string{
		syscall.ENOSPC:   "the disk is full",
		syscall.EDQUOT:   "the disk is full",
		syscall.EROFS:    "its disk may not be written",
		fs.ErrPermission: "its file or folder may not be written",
		fs.ErrNotExist:   "its file cannot be made",
		syscall.ENOTDIR:  "its file cannot be made",
	} {
		got, ok := dbfault.SQLite(wrapped(err))
		require.True(t, ok, err)
		assert.Equal(t, want, got.What)
		assert.NotEmpty(t, got.Do)
		assert.True(t, got.Lasts)
	}
	_, ok := dbfault.SQLite(errors.New("else"))
	assert.False(t, ok)
}

func TestAFaultSaysWhatIsWrongAndWhatToDoAndKeepsTheCause(t *testing.T) {
	t.Parallel()
	err := error(dbfault.Of("the task store", syscall.ENOSPC, dbfault.SQLite))
	require.ErrorIs(t, err, fault.Unavailable)
	require.ErrorIs(t, err, syscall.ENOSPC)
	assert.EqualError(t, err, "the task store cannot be used: the disk is full. Make room on it; nothing has to be started again.")
	err = dbfault.Of("the task store", errors.New("else"), dbfault.SQLite)
	assert.EqualError(t, err, "the task store does not answer. Try again in a moment.")
}
