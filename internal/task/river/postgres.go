package river

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivermigrate"

	"github.com/trilha/trilha/internal/dbfault"
	"github.com/trilha/trilha/internal/fault"
)

// Keys of advisory locks, in a class of our own.
const (
	lockClass  = 0x7472696c // "tril"
	lockWrite  = 1
	lockSchema = 2
)

const (
	channel = "trilha"
	// lease is how long an instance counts as alive after it last said so. What it
	// ran starts again within a lease, a beat and a moment.
	lease = 15 * time.Second
	// reconnect is the pause before listening is tried again.
	reconnect = 250 * time.Millisecond
	// minConns is how many connections an instance may have, unless told.
	minConns = 8
)

// postgres is the database on a server.
type postgres struct {
	config   *pgxpool.Config
	pool     *pgxpool.Pool
	client   *river.Client[pgx.Tx]
	instance string
	lease    time.Duration
	contact  contact
}

// contact is how an instance has stood with the database.
type contact struct {
	mu    sync.Mutex
	kept  time.Time // when the lease was last renewed
	lost  bool      // it could not be renewed since
	again time.Time // when it could be renewed after it could not
}

// note takes in whether the lease could be renewed.
func (t *contact) note(at time.Time, lease time.Duration, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !ok {
		t.lost = true
		return
	}
	if t.lost || !t.kept.IsZero() && at.Sub(t.kept) > lease {
		t.again = at
	}
	t.kept, t.lost = at, false
}

// steady tells whether it has lasted for a lease: others had as long to renew theirs,
// should the database have been away for all.
func (t *contact) steady(at time.Time, lease time.Duration) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.lost && at.Sub(t.again) > lease
}

func openPostgres(ctx context.Context, url string, lease time.Duration) (*postgres, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, fault.InField("store", "is no address of a Postgres database").With("Give postgres://user@host/database.").Because(err)
	}
	if !strings.Contains(url, "pool_max_conns") {
		config.MaxConns = max(config.MaxConns, minConns)
	}
	if config.ConnConfig.ConnectTimeout == 0 {
		config.ConnConfig.ConnectTimeout = 5 * time.Second
	}
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		// One that freezes in a transaction holds the lock of all others.
		_, err := conn.Exec(ctx, `SET idle_in_transaction_session_timeout = '15s'`)
		return err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	return &postgres{config: config, pool: pool, lease: lease}, nil
}

func (d *postgres) close() { d.pool.Close() }

func (d *postgres) exec(ctx context.Context, query string, args ...any) (int64, error) {
	return pgxQuerier{d.pool}.exec(ctx, query, args...)
}

func (d *postgres) query(ctx context.Context, query string, args ...any) (rows, error) {
	return pgxQuerier{d.pool}.query(ctx, query, args...)
}

func (d *postgres) update(ctx context.Context, query, id string, args ...any) (affected int64, err error) {
	n := len(args) + 1
	query = `WITH changed AS (` + query + ` RETURNING id) SELECT count(pg_notify('` + channel + `', $` + strconv.Itoa(n+1) + ` || id)) FROM changed`
	err = d.pool.QueryRow(ctx, query, append(append([]any{id}, args...), d.sender())...).Scan(&affected)
	return affected, err
}

// sender is what every notification begins with, so that an instance can tell its
// own.
func (d *postgres) sender() string { return d.instance + " " }

// sqlBegin begins a transaction under the store's lock, on one way there and back.
var sqlBegin = fmt.Sprintf(`BEGIN; SELECT pg_advisory_xact_lock(%d, %d)`, lockClass, lockWrite)

func (d *postgres) write(ctx context.Context, f func(tx) error) error {
	return pgx.BeginTxFunc(ctx, d.pool, pgx.TxOptions{BeginQuery: sqlBegin}, func(t pgx.Tx) error {
		mine := &postgresTx{tx: t, d: d}
		if err := f(mine); err != nil {
			return err
		}
		return mine.flush(ctx)
	})
}

// pgxQuerier is a querier over pgx.
type pgxQuerier struct {
	q interface {
		Exec(ctx context.Context, query string, args ...any) (pgconn.CommandTag, error)
		Query(ctx context.Context, query string, args ...any) (pgx.Rows, error)
	}
}

func (q pgxQuerier) exec(ctx context.Context, query string, args ...any) (int64, error) {
	tag, err := q.q.Exec(ctx, query, args...)
	return tag.RowsAffected(), err
}

func (q pgxQuerier) query(ctx context.Context, query string, args ...any) (rows, error) {
	found, err := q.q.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return pgxRows{found}, nil
}

type pgxRows struct{ pgx.Rows }

func (r pgxRows) Close() error {
	r.Rows.Close()
	return r.Err()
}

type postgresTx struct {
	tx    pgx.Tx
	d     *postgres
	queue []statement // for later
	trips int         // how often something was sent
}

type statement struct {
	query string
	args  []any
}

func (t *postgresTx) later(_ context.Context, query string, args ...any) error {
	t.queue = append(t.queue, statement{query, args})
	return nil
}

// send sends what is queued and what else there is in more. The results are those of
// more, and have to be closed.
func (t *postgresTx) send(ctx context.Context, more ...statement) (pgx.BatchResults, error) {
	var b pgx.Batch
	queued := t.queue
	for _, q := range append(queued, more...) {
		b.Queue(q.query, q.args...)
	}
	t.queue = nil
	t.trips++
	results := t.tx.SendBatch(ctx, &b)
	for range queued {
		if _, err := results.Exec(); err != nil {
			_ = results.Close() // says the same
			return nil, err
		}
	}
	return results, nil
}

func (t *postgresTx) flush(ctx context.Context) error {
	if len(t.queue) == 0 {
		return nil
	}
	results, err := t.send(ctx)
	if err != nil {
		return err
	}
	return results.Close()
}

func (t *postgresTx) exec(ctx context.Context, query string, args ...any) (int64, error) {
	if len(t.queue) == 0 {
		t.trips++
		return pgxQuerier{t.tx}.exec(ctx, query, args...)
	}
	results, err := t.send(ctx, statement{query, args})
	if err != nil {
		return 0, err
	}
	tag, err := results.Exec()
	if closed := results.Close(); err == nil {
		err = closed
	}
	return tag.RowsAffected(), err
}

func (t *postgresTx) query(ctx context.Context, query string, args ...any) (rows, error) {
	if len(t.queue) == 0 {
		t.trips++
		return pgxQuerier{t.tx}.query(ctx, query, args...)
	}
	results, err := t.send(ctx, statement{query, args})
	if err != nil {
		return nil, err
	}
	found, err := results.Query()
	if err != nil {
		_ = results.Close()
		return nil, err
	}
	return lastRows{pgxRows{found}, results}, nil
}

// lastRows are those of the last statement of a batch.
type lastRows struct {
	pgxRows
	batch pgx.BatchResults
}

func (r lastRows) Close() error { return errors.Join(r.pgxRows.Close(), r.batch.Close()) }

// apart sends its savepoint with the first statement of f, and releases it with the
// first of the next. What f left for later is carried out before it counts as done.
func (t *postgresTx) apart(ctx context.Context, f func() error) (failed, err error) {
	before, trips := len(t.queue), t.trips
	_ = t.later(ctx, `SAVEPOINT one`)
	failed = f()
	untouched := t.trips == trips // neither the savepoint nor anything of f has been sent
	if untouched && (failed != nil || len(t.queue) == before+1) {
		t.queue = t.queue[:before]
		return failed, nil
	}
	if failed == nil {
		failed = t.flush(ctx)
	}
	if failed != nil {
		t.queue = nil
		if _, err := t.exec(ctx, `ROLLBACK TO SAVEPOINT one`); err != nil {
			return failed, err
		}
	}
	return failed, t.later(ctx, `RELEASE SAVEPOINT one`)
}

func (t *postgresTx) insertJob(ctx context.Context, a args) (int64, error) {
	if err := t.flush(ctx); err != nil {
		return 0, err
	}
	t.trips++
	return insertJob(ctx, t.d.client, t.tx, a)
}

func (t *postgresTx) completeJob(ctx context.Context, job *river.Job[args]) error {
	if err := t.flush(ctx); err != nil {
		return err
	}
	t.trips++
	_, err := river.JobCompleteTx[*riverpgxv5.Driver](ctx, t.tx, job)
	return err
}

func (t *postgresTx) tell(ctx context.Context, news ...string) error {
	return t.later(ctx, `SELECT pg_notify('`+channel+`', $1 || n) FROM unnest($2::text[]) n`, t.d.sender(), news)
}

func (d *postgres) work(ctx context.Context, c *river.Config, b *bell) (worker, error) {
	client, err := river.NewClient(driver[pgx.Tx]{riverpgxv5.New(d.pool), b}, c)
	if err != nil {
		return nil, err
	}
	d.client = client
	err = client.Start(ctx)
	return client, err
}

// listen has a connection of its own. What is told while it is lost is made good by
// looking at everything when it is back.
func (d *postgres) listen(ctx context.Context, _ func() bool, _ <-chan struct{}, hear func(news string)) {
	for ctx.Err() == nil {
		d.listenOnce(ctx, hear)
		timer := time.NewTimer(reconnect)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

func (d *postgres) listenOnce(ctx context.Context, hear func(news string)) {
	conn, err := pgx.ConnectConfig(ctx, d.config.ConnConfig)
	if err != nil {
		return
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		_ = conn.Close(ctx)
	}()
	if _, err := conn.Exec(ctx, `LISTEN `+channel); err != nil {
		return
	}
	hear("")
	for {
		n, err := conn.WaitForNotification(ctx)
		if err != nil {
			return
		}
		if from, news, ok := strings.Cut(n.Payload, " "); ok && from != d.instance {
			hear(news)
		}
	}
}

func (d *postgres) exclusively(ctx context.Context, f func(context.Context) error) error {
	conn, err := d.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	if _, err := conn.Exec(ctx, `SELECT pg_advisory_lock($1, $2)`, lockClass, lockSchema); err != nil {
		return err
	}
	defer func() {
		_, _ = conn.Exec(context.WithoutCancel(ctx), `SELECT pg_advisory_unlock($1, $2)`, lockClass, lockSchema)
	}()
	return f(ctx)
}

const sqlJoin = `INSERT INTO task_instances (id, leased_till) VALUES ($1, clock_timestamp() + $2::interval)
	ON CONFLICT (id) DO UPDATE SET leased_till = excluded.leased_till`

func (d *postgres) join(ctx context.Context, id string) error {
	if d.instance != id { // the first time, before anybody listens
		d.instance = id
	}
	_, err := d.pool.Exec(ctx, sqlJoin, id, d.lease)
	return err
}

func (*postgres) jobsTask() string { return `args->>'task'` }

func (*postgres) listed() string {
	return `EXISTS (SELECT 1 FROM task_instances WHERE id = $1 AND leased_till > clock_timestamp())`
}

func (d *postgres) relist(ctx context.Context, t tx, id string) error {
	_, err := t.exec(ctx, sqlJoin, id, d.lease)
	return err
}

// renew does not wait for an answer for so long that the lease runs out over it.
func (d *postgres) renew(ctx context.Context, id string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, d.lease/2)
	defer cancel()
	tag, err := d.pool.Exec(ctx, `UPDATE task_instances SET leased_till = clock_timestamp() + $2::interval WHERE id = $1`, id, d.lease)
	d.contact.note(time.Now(), d.lease, err == nil)
	return tag.RowsAffected() > 0, err
}

func (d *postgres) leave(ctx context.Context, id string) error {
	_, err := d.pool.Exec(ctx, `DELETE FROM task_instances WHERE id = $1`, id)
	return err
}

// ranOut is for a lease that has run out, where $2 is its length. None has before the
// server was there for as long: nobody could renew any while it was not.
const ranOut = `greatest(leased_till, pg_postmaster_start_time() + $2::interval) <= now()`

func (d *postgres) dead(ctx context.Context, holders []string) ([]string, error) {
	if !d.contact.steady(time.Now(), d.lease) {
		return nil, nil
	}
	return all(ctx, d, scanValue[string],
		`SELECT h FROM unnest($1::text[]) h WHERE NOT EXISTS (SELECT 1 FROM task_instances WHERE id = h AND NOT `+ranOut+`)`, holders, d.lease)
}

func (d *postgres) bury(ctx context.Context, t tx, holder string) (bool, error) {
	var living int
	if _, err := t.exec(ctx, `DELETE FROM task_instances WHERE id = $1 AND `+ranOut, holder, d.lease); err != nil {
		return false, err
	}
	err := one(ctx, t, `SELECT count(*) FROM task_instances WHERE id = $1`, []any{holder}, &living)
	return living == 0, err
}

func (d *postgres) wanted() versions {
	return versions{ours: len(migrationsOf("postgres")), river: riverVersion(riverpgxv5.New(d.pool))}
}

func (d *postgres) schema(ctx context.Context) (versions, error) {
	return schemaOf(ctx, d, `SELECT count(to_regclass($1))`)
}

func (d *postgres) migrate(ctx context.Context, have versions) error {
	m, err := rivermigrate.New(riverpgxv5.New(d.pool), quietMigrations())
	if err != nil {
		return err
	}
	if _, err := m.Migrate(ctx, rivermigrate.DirectionUp, nil); err != nil {
		return err
	}
	return applyMigrations("postgres", have.ours, func(script string) error {
		_, err := d.pool.Exec(ctx, script, pgx.QueryExecModeSimpleProtocol) // several statements, one transaction
		return err
	})
}

func (*postgres) explain(err error) (dbfault.Trouble, bool) { return dbfault.Postgres(err) }

func (d *postgres) briefly(ctx context.Context) (querier, func(), error) {
	conn, err := pgx.ConnectConfig(ctx, d.config.ConnConfig)
	if err != nil {
		return nil, nil, err
	}
	return pgxQuerier{conn}, func() { _ = conn.Close(context.WithoutCancel(ctx)) }, nil
}
