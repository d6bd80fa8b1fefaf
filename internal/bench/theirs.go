package main

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"math"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	riverqueue "github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	_ "modernc.org/sqlite" // for database/sql
)

// bareRiver is a River client with nothing around it: no owners, no limits of theirs,
// no progress, no watching.
type bareRiver[T any] struct {
	fresh func() (string, error)
	open  func(ctx context.Context, at string) (riverdriver.Driver[T], func(), error)
}

func newRiverOnSQLite(fresh func() (string, error)) contender {
	return &bareRiver[*sql.Tx]{fresh, func(_ context.Context, at string) (riverdriver.Driver[*sql.Tx], func(), error) {
		db, err := sql.Open("sqlite", "file:"+at+"?_busy_timeout=10000&_journal_mode=WAL&_synchronous=NORMAL&_txlock=immediate")
		if err != nil {
			return nil, nil, err
		}
		db.SetMaxOpenConns(1) // as River asks
		return riversqlite.New(db), func() { _ = db.Close() }, nil
	}}
}

func newRiverOnPostgres(fresh func() (string, error)) contender {
	return &bareRiver[pgx.Tx]{fresh, func(ctx context.Context, at string) (riverdriver.Driver[pgx.Tx], func(), error) {
		pool, err := pgxpool.New(ctx, at+"&pool_max_conns=8")
		if err != nil {
			return nil, nil, err
		}
		return riverpgxv5.New(pool), pool.Close, nil
	}}
}

func sizeOfDatabase(ctx context.Context, url string) (float64, error) {
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close(ctx) }()
	var size int64
	err = conn.QueryRow(ctx, `SELECT pg_database_size(current_database())`).Scan(&size)
	return float64(size) / (1 << 20), err
}

type riverArgs struct {
	Input string `json:"input"`
}

// Kind is for River.
func (riverArgs) Kind() string { return benchKind }

// riverWorker tells of its beginning, as stage does.
type riverWorker struct {
	riverqueue.WorkerDefaults[riverArgs]
	lasting bool
	begun   chan riverBegun
}

type riverBegun struct {
	at  time.Time
	job int64
	ctx context.Context
}

// Timeout is for River.
func (*riverWorker) Timeout(*riverqueue.Job[riverArgs]) time.Duration { return -1 }

// Work is for River.
func (w *riverWorker) Work(ctx context.Context, job *riverqueue.Job[riverArgs]) error {
	w.begun <- riverBegun{time.Now(), job.ID, ctx}
	if w.lasting {
		<-ctx.Done()
		return ctx.Err()
	}
	return nil
}

// client opens one on a database that may be there; it works unless w is nil.
func (r *bareRiver[T]) client(ctx context.Context, at string, w *riverWorker) (*riverqueue.Client[T], func(), error) {
	driver, done, err := r.open(ctx, at)
	if err != nil {
		return nil, nil, err
	}
	quiet := slog.New(slog.DiscardHandler)
	m, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: quiet})
	if err == nil {
		_, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
	}
	if err != nil {
		return nil, nil, err
	}
	// As quick as it can be made without burning a processor; River's own are 100 ms
	// and a second.
	config := &riverqueue.Config{Logger: quiet, FetchCooldown: 5 * time.Millisecond, FetchPollInterval: 50 * time.Millisecond}
	if w != nil {
		config.Workers = riverqueue.NewWorkers()
		riverqueue.AddWorker(config.Workers, w)
		config.Queues = map[string]riverqueue.QueueConfig{riverqueue.QueueDefault: {MaxWorkers: storeClients}}
	}
	c, err := riverqueue.NewClient(driver, config)
	if err != nil || w == nil {
		return c, done, err
	}
	err = c.Start(ctx)
	return c, func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = c.StopAndCancel(ctx)
		done()
	}, err
}

func (r *bareRiver[T]) one(ctx context.Context, w *riverWorker) (*riverqueue.Client[T], func(), error) {
	at, err := r.fresh()
	if err != nil {
		return nil, nil, err
	}
	return r.client(ctx, at, w)
}

func newRiverWorker(lasting bool) *riverWorker {
	return &riverWorker{lasting: lasting, begun: make(chan riverBegun, 1024)}
}

func (r *bareRiver[T]) creates(ctx context.Context) (op, func(), error) {
	c, end, err := r.one(ctx, nil)
	return func(ctx context.Context, _ int) error {
		_, err := c.Insert(ctx, riverArgs{smallResult}, nil)
		return err
	}, end, err
}

func (r *bareRiver[T]) starts(ctx context.Context) (timed, func(), error) {
	w := newRiverWorker(false)
	c, end, err := r.one(ctx, w)
	if err != nil {
		return nil, nil, err
	}
	ended, _ := c.Subscribe(riverqueue.EventKindJobCompleted)
	return func(ctx context.Context) (time.Duration, error) {
		from := time.Now()
		if _, err := c.Insert(ctx, riverArgs{smallResult}, nil); err != nil {
			return 0, err
		}
		b := <-w.begun
		<-ended
		return b.at.Sub(from), nil
	}, end, nil
}

// reports are updates of a job's output, which is the nearest that River has.
func (r *bareRiver[T]) reports(ctx context.Context) (op, func(), error) {
	w := newRiverWorker(true)
	c, end, err := r.one(ctx, w)
	if err != nil {
		return nil, nil, err
	}
	jobs := make([]int64, storeClients)
	for i := range jobs {
		if _, err := c.Insert(ctx, riverArgs{smallResult}, nil); err != nil {
			return nil, end, err
		}
		jobs[i] = (<-w.begun).job
	}
	var n atomic.Int64
	return func(ctx context.Context, client int) error {
		_, err := c.JobUpdate(ctx, jobs[client], &riverqueue.JobUpdateParams{Output: fmt.Sprint("report ", n.Add(1))})
		return err
	}, end, nil
}

func (r *bareRiver[T]) statuses(ctx context.Context) (op, func(), error) {
	c, end, err := r.one(ctx, nil)
	if err != nil {
		return nil, nil, err
	}
	var ids []int64
	for range 1000 {
		job, err := c.Insert(ctx, riverArgs{smallResult}, nil)
		if err != nil {
			return nil, end, err
		}
		ids = append(ids, job.Job.ID)
	}
	var n atomic.Int64
	return func(ctx context.Context, _ int) error {
		_, err := c.JobGet(ctx, ids[int(n.Add(1))%len(ids)])
		return err
	}, end, nil
}

func (r *bareRiver[T]) cancels(ctx context.Context) (timed, func(), error) {
	at, err := r.fresh()
	if err != nil {
		return nil, nil, err
	}
	w := newRiverWorker(true)
	_, endThere, err := r.client(ctx, at, w)
	if err != nil {
		return nil, nil, err
	}
	here, endHere, err := r.client(ctx, at, nil)
	if err != nil {
		return nil, nil, err
	}
	return func(ctx context.Context) (time.Duration, error) {
		job, err := here.Insert(ctx, riverArgs{smallResult}, nil)
		if err != nil {
			return 0, err
		}
		b := <-w.begun
		from := time.Now()
		if _, err := here.JobCancel(ctx, job.Job.ID); err != nil {
			return 0, err
		}
		<-b.ctx.Done()
		return time.Since(from), nil
	}, func() { endHere(); endThere() }, nil
}

// sees: River tells nobody of a job's output.
func (r *bareRiver[T]) sees(context.Context) (timed, func(), error) { return nil, nil, errNone }

func (r *bareRiver[T]) keeps(ctx context.Context, n int) (float64, float64, error) {
	at, err := r.fresh()
	if err != nil {
		return 0, 0, err
	}
	before := heap()
	c, end, err := r.client(ctx, at, nil)
	if err != nil {
		return 0, 0, err
	}
	defer end()
	for left := n; left > 0; {
		batch := make([]riverqueue.InsertManyParams, min(left, 1000))
		for i := range batch {
			batch[i].Args = riverArgs{smallResult}
		}
		if _, err := c.InsertManyFast(ctx, batch); err != nil {
			return math.NaN(), 0, err
		}
		left -= len(batch)
	}
	held := heap() - before
	disk, err := onDisk(ctx, at)
	return held, disk, err
}
