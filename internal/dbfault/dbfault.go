// Package dbfault says what an error of a database means, in words for whoever runs
// it. Everything that keeps something in one shares it.
package dbfault

import (
	"errors"
	"io/fs"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5/pgconn"
	sqlitedriver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/trilha/trilha/internal/fault"
)

// Trouble is something that the operator can do something about. Its words name no
// path and no address.
type Trouble struct {
	What  string
	Do    string // a sentence
	Lasts bool   // nothing can be written before somebody has done it
}

// Of makes a fault of what happened to something, from what is known of it.
func Of(what string, err error, explain func(error) (Trouble, bool)) *fault.Error {
	if t, ok := explain(err); ok {
		return fault.New(fault.Unavailable, "%s cannot be used: %s", what, t.What).With("%s", t.Do).Because(err)
	}
	return fault.New(fault.Unavailable, "%s does not answer", what).With("Try again in a moment.").Because(err)
}

const (
	another = "name another place with --store."
	again   = "Try again in a moment."
)

var (
	full      = Trouble{"the disk is full", "Make room on it; nothing has to be started again.", true}
	forbidden = Trouble{"its file or folder may not be written", "Allow this user to write both, or " + another, true}
	readOnly  = Trouble{"its disk may not be written", "Mount it for writing, or " + another, true}
	nowhere   = Trouble{"its file cannot be made", "Make its folder, or " + another, true}
	unopened  = Trouble{"its file cannot be opened", "See that the file and its folder are there and may be written, or " + another, true}
	damaged   = Trouble{"its file is damaged, or no database", "Restore a backup, or move the file away to begin anew; it is left as it is.", true}
	broken    = Trouble{"its file cannot be read or written", "Look at its disk, and at the log for more.", true}
	held      = Trouble{"another process has held it for too long", again, false}
)

// SQLite explains an error of a SQLite file, or of making one.
func SQLite(err error) (Trouble, bool) {
	var e *sqlitedriver.Error
	switch {
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return full, true
	case errors.Is(err, syscall.EROFS):
		return readOnly, true
	case errors.Is(err, fs.ErrPermission):
		return forbidden, true
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.EISDIR), errors.Is(err, syscall.ENOTDIR):
		return nowhere, true
	case !errors.As(err, &e):
		return Trouble{}, false
	case e.Code() == sqlite3.SQLITE_IOERR_SHMSIZE: // the index beside it does not grow
		return full, true
	}
	t, ok := primary[e.Code()&0xff]
	return t, ok
}

// primary is by the primary result code.
var primary = map[int]Trouble{
	sqlite3.SQLITE_FULL:     full,
	sqlite3.SQLITE_READONLY: forbidden,
	sqlite3.SQLITE_PERM:     forbidden,
	sqlite3.SQLITE_CANTOPEN: unopened,
	sqlite3.SQLITE_CORRUPT:  damaged,
	sqlite3.SQLITE_NOTADB:   damaged,
	sqlite3.SQLITE_BUSY:     held,
	sqlite3.SQLITE_IOERR:    broken,
}

// Postgres explains an error of a Postgres server, or of getting to one.
func Postgres(err error) (Trouble, bool) {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		for prefix, t := range states {
			if strings.HasPrefix(e.Code, prefix) {
				return t, true
			}
		}
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return Trouble{"the database cannot be reached", "See that it runs; nothing has to be started again.", false}, true
	}
	return Trouble{}, false
}

// states is by what a SQLSTATE begins with.
var states = map[string]Trouble{
	"28":    {"the database refuses the user or the password", "Correct the address that --store gives.", false},
	"3D000": {"there is no such database", "Create it, or correct the address that --store gives.", false},
	"42501": {"the database's user may not do that", "Grant it all on the tables of Trilha, and CREATE on their schema.", false},
	"53100": {"the database's disk is full", "Make room on it; nothing has to be started again.", true},
	"53300": {"the database takes no more connections", "Raise its max_connections, or lower pool_max_conns in the address.", false},
	"25006": {"the database is read-only", "Name one that may be written: this may be a standby.", true},
}
