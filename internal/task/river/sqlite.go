package river

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	_ "modernc.org/sqlite" // the driver

	"github.com/trilha/trilha/internal/dbfault"
	"github.com/trilha/trilha/internal/fault"
)

// Pauses between looks at a SQLite file that other processes may have changed: while
// somebody waits for news, and otherwise.
const (
	pollBusy = 15 * time.Millisecond
	pollIdle = time.Second
)

// sqliteFile is the database in a file. There is one connection for writing: SQLite
// has one writer anyhow, and River asks for it.
type sqliteFile struct {
	path   string
	writer *sql.DB
	reader *sql.DB
	writes *statements
	reads  *statements
	client *river.Client[*sql.Tx]
	alive  *flock.Flock // held while this instance lives
}

func openSQLite(path string) (*sqliteFile, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, unavailable(&sqliteFile{}, err)
	}
	// Before SQLite does: what learners ask for is nobody else's.
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, unavailable(&sqliteFile{}, err)
	}
	file.Close()
	d := &sqliteFile{path: path}
	if d.writer, err = openFile(path, "_txlock=immediate"); err != nil {
		return nil, err
	}
	d.writer.SetMaxOpenConns(1)
	if d.reader, err = openFile(path, "_query_only=1"); err != nil {
		return nil, err
	}
	d.reader.SetMaxOpenConns(4)
	d.writes, d.reads = newStatements(d.writer), newStatements(d.reader)
	return d, nil
}

// openFile opens connections to a file. Each waits for others' locks; each has the
// write-ahead log, so that reading and writing do not wait for each other.
func openFile(path, more string) (*sql.DB, error) {
	name := filepath.ToSlash(path)
	if name[0] != '/' { // C:/...
		name = "/" + name
	}
	u := url.URL{Scheme: "file", Path: name, RawQuery: "_busy_timeout=10000&_journal_mode=WAL&_synchronous=NORMAL&_foreign_keys=1&" + more}
	return sql.Open("sqlite", u.String())
}

func (d *sqliteFile) close() {
	d.writes.close()
	d.reads.close()
	d.writer.Close()
	d.reader.Close()
	if d.alive != nil {
		_ = d.alive.Close()
	}
}

func (d *sqliteFile) exec(ctx context.Context, query string, args ...any) (int64, error) {
	return d.writes.outside().exec(ctx, query, args...)
}

func (d *sqliteFile) query(ctx context.Context, query string, args ...any) (rows, error) {
	return d.reads.outside().query(ctx, query, args...)
}

func (d *sqliteFile) update(ctx context.Context, query, id string, args ...any) (int64, error) {
	return d.exec(ctx, query, append([]any{id}, args...)...)
}

func (d *sqliteFile) write(ctx context.Context, f func(tx) error) error {
	t, err := d.writer.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f(sqliteTx{d.writes.within(t), t, d.client}); err != nil {
		_ = t.Rollback()
		return err
	}
	if err := t.Commit(); err != nil {
		return err
	}
	d.writes.prepareWanted(ctx)
	return nil
}

// sqlQuerier is a querier over database/sql.
type sqlQuerier struct {
	q interface {
		ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
		QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	}
	prepared func(ctx context.Context, query string) *sql.Stmt // may be nil, and give nil
}

func (q sqlQuerier) statement(ctx context.Context, query string) *sql.Stmt {
	if q.prepared == nil {
		return nil
	}
	return q.prepared(ctx, query)
}

func (q sqlQuerier) exec(ctx context.Context, query string, args ...any) (affected int64, err error) {
	var res sql.Result
	if st := q.statement(ctx, query); st != nil { //nolint:sqlclosecheck // kept until the store is closed
		res, err = st.ExecContext(ctx, args...)
	} else {
		res, err = q.q.ExecContext(ctx, query, args...)
	}
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (q sqlQuerier) query(ctx context.Context, query string, args ...any) (found rows, err error) {
	var open *sql.Rows
	if st := q.statement(ctx, query); st != nil { //nolint:sqlclosecheck // kept until the store is closed
		open, err = st.QueryContext(ctx, args...) //nolint:rowserrcheck // the caller looks
	} else {
		open, err = q.q.QueryContext(ctx, query, args...) //nolint:rowserrcheck // the caller looks
	}
	if err != nil {
		return nil, err
	}
	return open, nil
}

type sqliteTx struct {
	sqlQuerier
	tx     *sql.Tx
	client *river.Client[*sql.Tx]
}

func (t sqliteTx) later(ctx context.Context, query string, args ...any) error {
	_, err := t.exec(ctx, query, args...)
	return err
}

func (t sqliteTx) apart(ctx context.Context, f func() error) (failed, err error) {
	if err := t.later(ctx, `SAVEPOINT one`); err != nil {
		return nil, err
	}
	if failed = f(); failed != nil {
		if err := t.later(ctx, `ROLLBACK TO SAVEPOINT one`); err != nil {
			return failed, err
		}
	}
	return failed, t.later(ctx, `RELEASE SAVEPOINT one`)
}

func (t sqliteTx) insertJob(ctx context.Context, a args) (int64, error) {
	return insertJob(ctx, t.client, t.tx, a)
}

func (t sqliteTx) completeJob(ctx context.Context, job *river.Job[args]) error {
	_, err := river.JobCompleteTx[*riversqlite.Driver](ctx, t.tx, job)
	return err
}

// tell needs do nothing: others see that the file has changed.
func (sqliteTx) tell(context.Context, ...string) error { return nil }

func (d *sqliteFile) work(ctx context.Context, c *river.Config, b *bell) (worker, error) {
	client, err := river.NewClient(driver[*sql.Tx]{riversqlite.New(d.writer), b}, c)
	if err != nil {
		return nil, err
	}
	d.client = client
	err = client.Start(ctx)
	return client, err
}

// listen looks for changes of the file. PRAGMA data_version tells on one connection
// that another has committed something, of this process or of any other, without
// reading the file.
func (d *sqliteFile) listen(ctx context.Context, busy func() bool, stirred <-chan struct{}, hear func(news string)) {
	var conn *sql.Conn
	defer func() {
		if conn != nil {
			conn.Close()
		}
	}()
	seen := int64(-1)
	timer := time.NewTimer(pollBusy)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-stirred:
		case <-timer.C:
		}
		if version, err := d.version(ctx, &conn); err == nil && version != seen {
			seen = version
			hear("")
		}
		timer.Reset(pollIdle)
		if busy() {
			timer.Reset(pollBusy)
		}
	}
}

func (d *sqliteFile) version(ctx context.Context, conn **sql.Conn) (version int64, err error) {
	if *conn == nil {
		if *conn, err = d.reader.Conn(ctx); err != nil {
			return 0, err
		}
	}
	err = (*conn).QueryRowContext(ctx, `PRAGMA data_version`).Scan(&version)
	if err != nil && ctx.Err() == nil {
		(*conn).Close()
		*conn = nil
	}
	return version, err
}

func (d *sqliteFile) locks() string { return d.path + "-locks" }

func (d *sqliteFile) lockOf(holder string) *flock.Flock {
	return flock.New(filepath.Join(d.locks(), filepath.Base(holder)))
}

func (d *sqliteFile) exclusively(ctx context.Context, f func(context.Context) error) error {
	if err := os.MkdirAll(d.locks(), 0o700); err != nil {
		return err
	}
	lock := d.lockOf("migration")
	if _, err := lock.TryLockContext(ctx, 5*time.Millisecond); err != nil {
		return fmt.Errorf("wait for a migration by another process: %w", err)
	}
	defer lock.Close()
	return f(ctx)
}

func (d *sqliteFile) join(_ context.Context, id string) error {
	lock := d.lockOf(id)
	ok, err := lock.TryLock()
	if err == nil && !ok {
		err = fmt.Errorf("instance %s is there already", id)
	}
	d.alive = lock
	return err
}

// renew need do nothing: the lock is held as long as the process lives.
func (*sqliteFile) renew(context.Context, string) (bool, error) { return true, nil }

func (*sqliteFile) jobsTask() string { return `json_extract(args, '$.task')` }

func (*sqliteFile) listed() string { return `true` }

func (*sqliteFile) relist(context.Context, tx, string) error { return nil }

func (d *sqliteFile) leave(context.Context, string) error { return discard(d.alive) }

// discard lets a lock go and removes its file, in the order that every system allows.
// Who takes it in between finds an instance that runs nothing.
func discard(lock *flock.Flock) error {
	if err := lock.Close(); err != nil {
		return err
	}
	if err := os.Remove(lock.Path()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (d *sqliteFile) dead(_ context.Context, holders []string) (dead []string, err error) {
	for _, holder := range holders {
		lock := d.lockOf(holder)
		ok, err := lock.TryLock()
		if err != nil {
			return dead, err
		}
		if ok {
			dead = append(dead, holder)
			_ = lock.Close()
		}
	}
	return dead, nil
}

func (d *sqliteFile) bury(_ context.Context, _ tx, holder string) (bool, error) {
	lock := d.lockOf(holder)
	ok, err := lock.TryLock()
	if err != nil || !ok {
		return false, err
	}
	return true, discard(lock)
}

func (d *sqliteFile) wanted() versions {
	return versions{ours: len(migrationsOf("sqlite")), river: riverVersion(riversqlite.New(d.writer))}
}

func (d *sqliteFile) schema(ctx context.Context) (versions, error) {
	return schemaOf(ctx, sqlQuerier{q: d.writer}, `SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = $1`)
}

func (d *sqliteFile) migrate(ctx context.Context, have versions) error {
	m, err := rivermigrate.New(riversqlite.New(d.writer), quietMigrations())
	if err != nil {
		return err
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return err
	}
	return applyMigrations("sqlite", have.ours, func(script string) error {
		t, err := d.writer.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		if _, err := t.ExecContext(ctx, script); err != nil {
			_ = t.Rollback()
			return err
		}
		return t.Commit()
	})
}

func (*sqliteFile) explain(err error) (dbfault.Trouble, bool) { return dbfault.SQLite(err) }

func (d *sqliteFile) briefly(context.Context) (querier, func(), error) {
	db, err := openFile(d.path, "_query_only=1")
	if err != nil {
		return nil, nil, err
	}
	return sqlQuerier{q: db}, func() { db.Close() }, nil
}

// Backup writes a copy of the SQLite database in a file to another, which must not be
// there yet. It is consistent although others go on writing.
func Backup(ctx context.Context, from, to string) error {
	if _, err := os.Stat(from); err != nil {
		return fault.New(fault.NotFound, "there is no task store in %s", from).Because(err)
	}
	if _, err := os.Stat(to); err == nil {
		return fault.New(fault.Conflict, "%s is there already", to).With("Name a file that is not.")
	}
	d, err := openSQLite(from)
	if err != nil {
		return err
	}
	defer d.close()
	if _, err := d.writer.ExecContext(ctx, `VACUUM INTO $1`, to); err != nil {
		return unavailable(d, err)
	}
	return nil
}
