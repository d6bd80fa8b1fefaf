// Package river keeps tasks in a database, SQLite on one machine or Postgres
// across many, and has River (github.com/riverqueue/river) run them.
//
// The table tasks is the truth. What waits stays there: River has no limits by
// owner, no turns and no ageing, so a task is given to River only when it is
// admitted, with a job inserted in the same transaction. Every transaction that
// moves a task from one status to another holds the store's lock (an advisory lock
// on Postgres, SQLite's own write lock), so that the limits hold across instances.
// An instance admits as much as it may run, into a queue of its own; River fetches,
// calls the worker, and records the job's end in the transaction that ends the
// task.
//
// Snapshots reach watchers in memory where the work runs, and through the database
// everywhere else: see watch.go. What a lost instance ran is taken back by another:
// see alive.go.
//
// Here are: opening a store (this file), what is asked of a database (database.go)
// and the two there are (sqlite.go, postgres.go), the schema (migrate.go), one
// transaction and what follows it (change.go), making a task (submit.go), whose
// turn it is (admit.go), running it (work.go), what a work reports (progress.go),
// asking its owner (ask.go), ending it (end.go), what is kept (keep.go), reading (read.go), watching
// (watch.go), and stopping (shutdown.go).
package river

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/trilha/trilha/internal/dbfault"
	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/task"
)

// Options set a store up.
type Options struct {
	Works  map[string]task.Work // by task kind
	Limits task.Limits          // zero ones take their defaults; Running is this instance's
	Log    *slog.Logger         // nil drops what goes there
	// Idle makes an instance that takes tasks, shows and cancels them, and leaves
	// the work to others.
	Idle bool
	// Lease is how long an instance counts as alive on Postgres after it last said
	// so; 0: 15 s. On SQLite a lock tells at once.
	Lease time.Duration
	// Unmigrated leaves the schema as it is; an old one is refused.
	Unmigrated bool
	// Traces keeps task.Spec.Trace, and looks for it before a task runs.
	Traces bool
}

// Store is a task.Store in a database.
type Store struct {
	id     string // of this instance
	works  map[string]task.Work
	limits task.Limits
	idles  bool
	traces bool
	beat   time.Duration
	log    *slog.Logger
	db     database
	worker worker // nil when idle
	bell   *bell
	said   said

	changes changes
	writing chan struct{} // holds a value while a transaction of this instance is on
	tended  chan struct{} // tells the flusher that something is to be written

	mu      sync.Mutex
	entries map[string]*entry // tasks that are watched or run here, by id
	runs    int               // entries that run here
	closing bool
	quiet   chan struct{} // closed when closing and nothing runs here

	life        context.Context // of the goroutines besides River's
	endLife     context.CancelFunc
	settling    context.Context // while ends that the database does not take are tried again
	endSettling context.CancelFunc
	crew        sync.WaitGroup

	stop  stopping
	deaf  bool         // watches are closed at once; guarded by mu
	pools sync.RWMutex // held for reading by who reads
	shut  bool         // the pools are closed; guarded by pools
}

var (
	_ task.Durable = (*Store)(nil)
	_ task.Counter = (*Store)(nil)
)

// Durable implements task.Durable.
func (*Store) Durable() {}

// Address is where a database is: one of the two.
type Address struct {
	File string // a SQLite database, made where there is none
	URL  string // a Postgres database, as a URL or in the words of libpq
}

// Open opens the store at a. Several processes may have it open. The caller ends it
// with Shutdown.
func Open(ctx context.Context, a Address, o Options) (*Store, error) {
	db, err := connect(ctx, a, cmp.Or(o.Lease, lease))
	if err != nil {
		return nil, err
	}
	return open(ctx, db, o)
}

func connect(ctx context.Context, a Address, lease time.Duration) (database, error) {
	if a.URL != "" {
		return openPostgres(ctx, a.URL, lease)
	}
	return openSQLite(a.File)
}

func open(ctx context.Context, db database, o Options) (*Store, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	s := &Store{
		id:      uuid.NewString(),
		works:   maps.Clone(o.Works),
		limits:  o.Limits.OrDefaults(),
		idles:   o.Idle,
		traces:  o.Traces,
		beat:    min(beat, cmp.Or(o.Lease, lease)/3),
		log:     o.Log,
		db:      db,
		writing: make(chan struct{}, 1),
		tended:  make(chan struct{}, 1),
		entries: make(map[string]*entry),
		quiet:   make(chan struct{}),
		stop:    newStopping(),
	}
	s.bell = newBell(s.id)
	s.life, s.endLife = context.WithCancel(context.Background())
	s.settling, s.endSettling = context.WithCancel(s.life)
	if err := s.start(ctx, o.Unmigrated); err != nil {
		s.endLife()
		s.crew.Wait()
		db.close()
		return nil, s.broken(err)
	}
	return s, nil
}

func (s *Store) start(ctx context.Context, unmigrated bool) error {
	if err := prepare(ctx, s.db, unmigrated); err != nil {
		return err
	}
	if err := s.db.join(ctx, s.id); err != nil {
		return err
	}
	if !s.idles {
		var err error
		if s.worker, err = s.startRiver(ctx); err != nil {
			return err
		}
	}
	s.crew.Go(func() { s.db.listen(s.life, s.busy, s.bell.stirred, s.hear) })
	s.crew.Go(s.flush)
	s.crew.Go(s.keepAlive)
	return nil
}

// broken turns what a database said into a fault, unless it is one.
func (s *Store) broken(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := fault.Of(err); ok {
		return err
	}
	if !errors.Is(err, context.Canceled) && s.said.news(err.Error()) { // that was the caller
		s.log.Error("task store", "error", err)
	}
	return unavailable(s.db, err)
}

// said is what the log was told of last, so that it is not told over and over while a
// disk is full or a database away.
type said struct {
	mu   sync.Mutex
	text string
	at   time.Time
}

const sayAgain = 10 * time.Second

// news reports whether a text is worth being told, and takes it in.
func (n *said) news(text string) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if text == n.text && time.Since(n.at) < sayAgain {
		return false
	}
	n.text, n.at = text, time.Now()
	return true
}

func unavailable(db database, err error) error {
	return dbfault.Of("the task store", err, db.explain)
}
