// Package sqlshelf keeps finished paths in the database of the task store, SQLite or
// Postgres, in the table paths, which is part of that store's schema: the store has
// to be opened, and so migrated, before the first call. It has connections of its
// own, made when they are needed, so that several processes and instances share
// what is kept.
package sqlshelf

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite" // the driver

	"github.com/trilha/trilha/internal/dbfault"
	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/shelf"
	"github.com/trilha/trilha/internal/task"
)

// Shelf keeps paths in a database. It is safe for concurrent use.
type Shelf struct {
	db       *sql.DB
	explain  func(error) (dbfault.Trouble, bool)
	perOwner int
	tally    *shelf.Tally
	log      *slog.Logger
}

// maxConns is how many connections there are at most. A look-up by a key is short.
const maxConns = 4

// Open gives the shelf in a SQLite file or, where one is given, in the Postgres
// database at a URL. perOwner 0 stands for shelf.PerOwner; a nil log drops what goes
// there. The caller closes it.
func Open(file, url string, perOwner int, log *slog.Logger) (*Shelf, error) {
	open, explain := openSQLite, dbfault.SQLite
	if url != "" {
		file, open, explain = url, openPostgres, dbfault.Postgres
	}
	db, err := open(file)
	if err != nil {
		return nil, fault.InField("store", "is no address of a database").Because(err)
	}
	db.SetMaxOpenConns(maxConns)
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Shelf{db: db, explain: explain, perOwner: cmp.Or(perOwner, shelf.PerOwner), tally: shelf.NewTally(), log: log}, nil
}

// openPostgres takes the words for a pool that the task store takes.
func openPostgres(url string) (*sql.DB, error) {
	c, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	c.ConnConfig.ConnectTimeout = cmp.Or(c.ConnConfig.ConnectTimeout, 5*time.Second)
	return stdlib.OpenDB(*c.ConnConfig), nil
}

// openSQLite makes connections that wait for others' locks, and leave the file's ways
// as the task store has set them.
func openSQLite(file string) (*sql.DB, error) {
	file, err := filepath.Abs(file)
	if err != nil {
		return nil, err
	}
	path := filepath.ToSlash(file)
	if path[0] != '/' { // C:/...
		path = "/" + path
	}
	u := url.URL{Scheme: "file", Path: path, RawQuery: "mode=rw&_busy_timeout=10000&_synchronous=NORMAL"}
	return sql.Open("sqlite", u.String())
}

// Close ends the connections.
func (s *Shelf) Close() error { return s.db.Close() }

// Times are microseconds since 1970. A path that is there already keeps its place in
// the list and the time when it was first put.
const (
	sqlPut = `INSERT INTO paths (owner, id, request, title, topic, language, category, steps, hours, words, created_at, updated_at, path)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12)
		ON CONFLICT (owner, id) DO UPDATE SET request = excluded.request, title = excluded.title, topic = excluded.topic,
			language = excluded.language, category = excluded.category, steps = excluded.steps, hours = excluded.hours,
			words = excluded.words, updated_at = excluded.updated_at, path = excluded.path`
	sqlTrim = `DELETE FROM paths WHERE owner = $1 AND seq <= (SELECT seq FROM paths WHERE owner = $1 ORDER BY seq DESC LIMIT 1 OFFSET $2)`
	sqlGet  = `SELECT path FROM paths WHERE owner = $1 AND id = $2`
	sqlFind = `SELECT path FROM paths WHERE owner = $1 AND request = $2 AND updated_at > $3 ORDER BY updated_at DESC LIMIT 1`
	sqlList = `SELECT seq, id, request, title, topic, language, category, steps, hours, created_at, updated_at FROM paths WHERE owner = $1 AND seq < $2`
	sqlDrop = `DELETE FROM paths WHERE owner = $1 AND id = $2`

	sqlRelease = `UPDATE paths SET request = '' WHERE owner = $1 AND id = $2 AND request <> ''`
	sqlStats   = `SELECT COUNT(CASE WHEN updated_at > $2 THEN 1 END), COUNT(CASE WHEN updated_at <= $2 THEN 1 END) FROM paths WHERE owner = $1 AND request <> ''`
)

// callTime is how long one call may take, the wait for a connection and for others'
// locks included.
const callTime = 10 * time.Second

// Put keeps a path, in the place of one with the same id: in a transaction of the
// task store, which has the same database, or, where tx is nil, at once.
func (s *Shelf) Put(ctx context.Context, tx task.Tx, p shelf.Path) error {
	if tx != nil { // whose errors are the task store's to tell
		return s.put(ctx, tx, p)
	}
	within, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	return s.broken(ctx, s.put(within, pool{s.db}, p))
}

func (s *Shelf) put(ctx context.Context, tx task.Tx, p shelf.Path) error {
	_, err := tx.Exec(ctx, sqlPut, text(p.Owner), text(p.ID), text(p.Request), text(p.Title), text(p.Topic),
		text(p.Language), text(p.Category), p.Steps, p.Hours, text(p.Text()), time.Now().UnixMicro(), []byte(p.JSON))
	if err != nil {
		return err
	}
	gone, err := tx.Exec(ctx, sqlTrim, text(p.Owner), s.perOwner)
	if err == nil { // what a transaction takes back after this is counted all the same: that is rare
		s.tally.Add(p.Owner, shelf.Counts{Puts: 1, Evicted: int(gone)})
	}
	return err
}

// pool is what needs no transaction.
type pool struct{ *sql.DB }

func (p pool) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	res, err := p.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

// Get gives owner's path by its id, or NotFound.
func (s *Shelf) Get(ctx context.Context, owner, id string) (json.RawMessage, error) {
	path, err := s.one(ctx, sqlGet, text(owner), text(id))
	if err == nil && path == nil {
		err = shelf.ErrNotFound(id)
	}
	return path, err
}

// Find gives owner's newest path for a request, put after since, or nil.
func (s *Shelf) Find(ctx context.Context, owner, request string, since time.Time) (json.RawMessage, error) {
	path, err := s.one(ctx, sqlFind, text(owner), text(request), since.UnixMicro())
	if err == nil {
		s.tally.Found(owner, path != nil)
	}
	return path, err
}

func (s *Shelf) one(ctx context.Context, query string, args ...any) (json.RawMessage, error) {
	within, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	var path []byte
	err := s.db.QueryRowContext(within, query, args...).Scan(&path)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return path, s.broken(ctx, err)
}

// List pages through owner's paths, newest first. Errors: Invalid.
func (s *Shelf) List(ctx context.Context, owner string, q shelf.Query) (shelf.Page, error) {
	q, words, before, err := q.Check()
	if err != nil {
		return shelf.Page{}, err
	}
	query, args := sqlList, []any{text(owner), before}
	for _, w := range words { // letters, digits, + and #: nothing that LIKE knows
		args = append(args, "%"+w+"%")
		query += fmt.Sprintf(` AND words LIKE $%d`, len(args))
	}
	args = append(args, q.Limit+1)
	query += fmt.Sprintf(` ORDER BY seq DESC LIMIT $%d`, len(args))
	found, err := s.read(ctx, query, args)
	if err != nil {
		return shelf.Page{}, s.broken(ctx, err)
	}
	var page shelf.Page
	for i, f := range found {
		if i == q.Limit {
			page.Next = shelf.Cursor(found[i-1].seq)
			break
		}
		f.Owner = owner
		page.Paths = append(page.Paths, f.Path)
	}
	return page, nil
}

type row struct {
	shelf.Path
	seq int64
}

func (s *Shelf) read(ctx context.Context, query string, args []any) (found []row, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var f row
		var created, updated int64
		if err := rows.Scan(&f.seq, &f.ID, &f.Request, &f.Title, &f.Topic, &f.Language, &f.Category, &f.Steps, &f.Hours, &created, &updated); err != nil {
			return nil, err
		}
		f.CreatedAt, f.UpdatedAt = time.UnixMicro(created), time.UnixMicro(updated)
		found = append(found, f)
	}
	return found, rows.Err()
}

// Delete removes owner's path, or gives NotFound.
func (s *Shelf) Delete(ctx context.Context, owner, id string) error {
	within, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	gone, err := s.db.ExecContext(within, sqlDrop, text(owner), text(id))
	if err != nil {
		return s.broken(ctx, err)
	}
	if n, err := gone.RowsAffected(); err != nil || n == 0 {
		return shelf.ErrNotFound(id)
	}
	return nil
}

// Release makes owner's paths with these ids answer no request any more, and gives
// how many did. They stay on the shelf.
func (s *Shelf) Release(ctx context.Context, owner string, ids []string) (int, error) {
	within, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	n, err := s.release(within, owner, ids)
	return n, s.broken(ctx, err)
}

func (s *Shelf) release(ctx context.Context, owner string, ids []string) (n int, err error) {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, done(tx, err)) }()
	for _, id := range ids {
		released, err := tx.ExecContext(ctx, sqlRelease, text(owner), text(id))
		if err != nil {
			return 0, err
		}
		rows, err := released.RowsAffected()
		if err != nil {
			return 0, err
		}
		n += int(rows)
	}
	return n, nil
}

// done ends a transaction whose work came to err.
func done(tx *sql.Tx, err error) error {
	if err != nil {
		return tx.Rollback()
	}
	return tx.Commit()
}

// Stats counts owner's paths that answer requests, those put after since apart from
// the older ones.
func (s *Shelf) Stats(ctx context.Context, owner string, since time.Time) (shelf.Stats, error) {
	within, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	stats := shelf.Stats{Max: s.perOwner}
	err := s.db.QueryRowContext(within, sqlStats, text(owner), since.UnixMicro()).Scan(&stats.Active, &stats.Expired)
	s.tally.Into(&stats, owner)
	return stats, s.broken(ctx, err)
}

// Erase removes all paths of an owner, and tells how many there were.
func (s *Shelf) Erase(ctx context.Context, owner string) (gone int64, err error) {
	within, cancel := context.WithTimeout(ctx, callTime)
	defer cancel()
	result, err := s.db.ExecContext(within, `DELETE FROM paths WHERE owner = $1`, text(owner))
	if err != nil {
		return 0, s.broken(ctx, err)
	}
	return result.RowsAffected()
}

// broken turns what the database said into a fault.
func (s *Shelf) broken(ctx context.Context, err error) error {
	if err == nil || ctx.Err() != nil {
		return errors.Join(err, ctx.Err())
	}
	s.log.ErrorContext(ctx, "shelf of paths", "error", err)
	return dbfault.Of("the store of paths", err, s.explain)
}

// text makes what a caller gave fit for a column: Postgres takes no zero bytes and
// nothing but UTF-8.
func text(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
