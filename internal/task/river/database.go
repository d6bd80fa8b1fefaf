package river

import (
	"context"
	"errors"

	"github.com/riverqueue/river"

	"github.com/trilha/trilha/internal/dbfault"
)

// querier is what a connection and a transaction can do, in either database. The
// SQL is one text for both, with $1, $2 for parameters, wherever both know it.
type querier interface {
	exec(ctx context.Context, query string, args ...any) (affected int64, err error)
	query(ctx context.Context, query string, args ...any) (rows, error)
}

type rows interface {
	Next() bool
	Scan(dest ...any) error
	Err() error
	Close() error
}

// tx is a transaction under the store's lock: of all instances, one at a time has
// one.
type tx interface {
	querier
	// later carries out a statement whose result nobody waits for, with the next one or
	// with the commit: one way there and back for both. Its error is that of whatever
	// carries it out.
	later(ctx context.Context, query string, args ...any) error
	// apart runs f so that what it did is undone if it fails. Another error is that of
	// the transaction.
	apart(ctx context.Context, f func() error) (failed, err error)
	// insertJob gives River a job, which this process will work.
	insertJob(ctx context.Context, a args) (job int64, err error)
	// completeJob marks a job that is being worked as done; ctx is the one that
	// River works it with.
	completeJob(ctx context.Context, job *river.Job[args]) error
	// tell lets other instances know what happened, once the transaction commits.
	tell(ctx context.Context, news ...string) error
}

// database is one of the two.
type database interface {
	querier
	// write runs f in a transaction under the store's lock.
	write(ctx context.Context, f func(tx) error) error
	// update is exec with an UPDATE of one task, outside any transaction, that
	// other instances are told of.
	update(ctx context.Context, query, id string, args ...any) (affected int64, err error)

	// exclusively runs f while no other instance does the like, for migrations.
	exclusively(ctx context.Context, f func(ctx context.Context) error) error
	// schema gives the versions that are there, zeros where nothing is; wanted
	// those that this program knows.
	schema(ctx context.Context) (versions, error)
	wanted() versions
	// migrate applies what is missing in both schemas.
	migrate(ctx context.Context, have versions) error

	// join makes the instance known as alive, until leave.
	join(ctx context.Context, id string) error
	// renew says that the instance is still alive. It reports false when it was
	// taken for dead meanwhile.
	renew(ctx context.Context, id string) (bool, error)
	leave(ctx context.Context, id string) error
	// listed is an SQL condition: the instance $1 counts as alive. relist makes it so
	// again.
	listed() string
	relist(ctx context.Context, t tx, id string) error
	// jobsTask is SQL for the task of a row of river_job.
	jobsTask() string
	// dead finds which of holders are alive no more; bury makes sure of that for
	// one, and removes what is left of it.
	dead(ctx context.Context, holders []string) ([]string, error)
	bury(ctx context.Context, t tx, holder string) (bool, error)

	// work starts River, which then works the jobs of this process.
	work(ctx context.Context, c *river.Config, b *bell) (worker, error)
	// listen passes on what other instances tell, until ctx ends. busy says whether
	// anybody waits for such news, and stirred that somebody begins to. An empty text says that something may have
	// happened, and nothing more.
	listen(ctx context.Context, busy func() bool, stirred <-chan struct{}, hear func(news string))

	// explain says what is wrong, if err is of a kind that the operator can do
	// something about.
	explain(err error) (dbfault.Trouble, bool)
	// briefly opens what reads need, after close.
	briefly(ctx context.Context) (querier, func(), error)
	close()
}

// worker is a River client, whatever its transactions.
type worker interface {
	Stop(ctx context.Context) error
	StopAndCancel(ctx context.Context) error
}

var errNoRow = errors.New("no such row")

// one scans the only row of a query into dest.
func one(ctx context.Context, q querier, query string, args []any, dest ...any) error {
	found, err := q.query(ctx, query, args...)
	if err != nil {
		return err
	}
	defer found.Close()
	if !found.Next() {
		if err := found.Err(); err != nil {
			return err
		}
		return errNoRow
	}
	if err := found.Scan(dest...); err != nil {
		return err
	}
	// To the end: only there does a statement that changes something tell of its
	// errors.
	for found.Next() {
		continue
	}
	return found.Err()
}

// all scans every row of a query.
func all[T any](ctx context.Context, q querier, scan func(rows) (T, error), query string, args ...any) ([]T, error) {
	found, err := q.query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer found.Close()
	var out []T
	for found.Next() {
		v, err := scan(found)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, found.Err()
}

// scanValue scans the only column of a row.
func scanValue[T any](from rows) (v T, err error) {
	err = from.Scan(&v)
	return v, err
}
