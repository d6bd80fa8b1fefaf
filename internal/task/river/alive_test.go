package river

import (
	"context"
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/pgtest"
	"github.com/trilha/trilha/internal/task"
)

// Works that take no time, and such as take as long as they may.
var (
	atOnce = map[string]task.Work{"work": func(context.Context, task.Run) (json.RawMessage, error) { return nil, nil }}
	asks   = map[string]task.Work{"work": func(ctx context.Context, _ task.Run) (json.RawMessage, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}}
)

// opened is an instance whose own beat comes only when the test is over, but for
// the first.
func opened(t *testing.T, at Address, o Options) *Store {
	t.Helper()
	o.Lease = time.Hour
	s, err := Open(context.Background(), at, o)
	require.NoError(t, err)
	t.Cleanup(func() {
		now, cancel := context.WithCancel(context.Background())
		cancel()
		assert.NoError(t, s.Shutdown(now))
	})
	return s
}

// unlist does to s what bury does to one that is taken for dead.
func unlist(t *testing.T, s *Store) {
	t.Helper()
	_, err := s.db.exec(context.Background(), `DELETE FROM task_instances WHERE id = $1`, s.id)
	require.NoError(t, err)
}

func (s *Store) runsHere() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.runs
}

func TestARunThatRiverNeverBeganIsForgottenWhenItsTaskIsTakenBack(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	at := Address{URL: pgtest.Database(t)}
	one, two := opened(t, at, Options{Works: atOnce}), opened(t, at, Options{Works: atOnce, Idle: true})
	require.NoError(t, one.worker.StopAndCancel(ctx)) // it fetches no more
	for name, then := range map[string]func(id string) error{
		"waits": func(string) error { return nil },
		"ended": func(id string) error {
			_, err := two.Cancel(ctx, "ann", id)
			return err
		},
		"forgotten": func(id string) error {
			_, err := two.db.exec(ctx, `DELETE FROM tasks WHERE id = $1`, id)
			return err
		},
	} {
		sub, err := one.Submit(ctx, task.Spec{Owner: "ann", Kind: "work"})
		require.NoError(t, err)
		one.mu.Lock()
		one.closing = true // so that it does not start the task anew
		one.mu.Unlock()
		unlist(t, one)
		require.NoError(t, two.takeBack(ctx, one.id))
		require.NoError(t, then(sub.Task.ID))
		require.NoError(t, one.reloadAll(ctx))
		require.NoError(t, one.tend(new(time.Now())))
		assert.Zero(t, one.runsHere(), "%s: a slot is lost for good", name)
		_, _ = one.Cancel(ctx, "ann", sub.Task.ID)
		one.mu.Lock()
		one.closing = false
		one.mu.Unlock()
	}
}

func TestARunThatRiverHasNotBegunYetIsNotTakenForForgotten(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	one := opened(t, Address{File: filepath.Join(t.TempDir(), "trilha.db")}, Options{Works: atOnce})
	require.NoError(t, one.worker.StopAndCancel(ctx))
	_, err := one.Submit(ctx, task.Spec{Owner: "ann", Kind: "work"})
	require.NoError(t, err)
	require.NoError(t, one.tend(new(time.Now())))
	assert.Equal(t, 1, one.runsHere())
}

func TestAnInstanceThatWasTakenForDeadIsBackWithTheFirstTaskThatItStarts(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	one := opened(t, Address{URL: pgtest.Database(t)}, Options{Works: asks})
	for what, take := range map[string]string{
		"buried":                `DELETE FROM task_instances`,
		"its lease has run out": `UPDATE task_instances SET leased_till = now() - interval '1 hour'`,
	} {
		_, err := one.db.exec(ctx, take)
		require.NoError(t, err)
		_, err = one.Submit(ctx, task.Spec{Owner: what, Kind: "work"})
		require.NoError(t, err)
		dead, err := all(ctx, one.db, scanValue[string],
			`SELECT holder FROM task_runs WHERE holder NOT IN (SELECT id FROM task_instances WHERE leased_till > now())`)
		require.NoError(t, err)
		assert.Empty(t, dead, "%s: it holds a run, and counts as dead", what)
	}
}

func TestWhatWasTakenFromAnInstanceThatLivesIsNoLoss(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	at := Address{URL: pgtest.Database(t)}
	one, two := opened(t, at, Options{Works: asks}), opened(t, at, Options{Works: asks, Idle: true})
	sub, err := one.Submit(ctx, task.Spec{Owner: "ann", Kind: "work"})
	require.NoError(t, err)
	for range 2 * mostLosses {
		unlist(t, one)
		require.NoError(t, two.takeBack(ctx, one.id))
		require.NoError(t, one.tend(new(time.Now())))
		var r record
		assert.Eventually(t, func() bool {
			r, err = two.byID(ctx, sub.Task.ID)
			return err == nil && r.Status == task.Running && r.losses == 0
		}, 10*time.Second, time.Millisecond)
		require.Zero(t, r.losses)
	}
}

func TestATaskWhoseJobRiverFetchedAndLostWaitsAgain(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	begun := make(chan struct{}, 1)
	one := opened(t, Address{URL: pgtest.Database(t)}, Options{Works: map[string]task.Work{"work": func(context.Context, task.Run) (json.RawMessage, error) {
		begun <- struct{}{}
		return nil, nil
	}}})
	for _, statement := range []string{ // to what a fetch leaves whose answer was lost
		`CREATE FUNCTION lost() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN NEW.state := 'running'; NEW.attempt := 1; NEW.attempted_at := now(); RETURN NEW; END $$`,
		`CREATE TRIGGER lost BEFORE INSERT ON river_job FOR EACH ROW EXECUTE FUNCTION lost()`,
	} {
		_, err := one.db.exec(ctx, statement)
		require.NoError(t, err)
	}
	sub, err := one.Submit(ctx, task.Spec{Owner: "ann", Kind: "work"})
	require.NoError(t, err)
	_, err = one.db.exec(ctx, `DROP TRIGGER lost ON river_job`)
	require.NoError(t, err)
	one.mu.Lock()
	one.entries[sub.Task.ID].run.made = time.Now().Add(-2 * fetchTime)
	one.mu.Unlock()
	require.NoError(t, one.tend(new(time.Now())))
	select {
	case <-begun:
	case <-time.After(10 * time.Second):
		assert.Fail(t, "it hangs")
	}
	r, err := one.byID(ctx, sub.Task.ID)
	require.NoError(t, err)
	assert.Zero(t, r.losses)
}

func TestNoLeaseRunsOutBeforeTheServerWasThereForAsLong(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := opened(t, Address{URL: pgtest.Database(t)}, Options{Works: asks, Idle: true}).db.(*postgres)
	_, err := d.exec(ctx, `INSERT INTO task_instances (id, leased_till) VALUES ('expired', now() - interval '1 minute')`)
	require.NoError(t, err)
	buries := func(lease time.Duration) (buried bool) {
		other := &postgres{pool: d.pool, lease: lease}
		dead, err := other.dead(ctx, []string{"expired"})
		require.NoError(t, err)
		require.NoError(t, d.write(ctx, func(t tx) (err error) {
			buried, err = other.bury(ctx, t, "expired")
			return err
		}))
		assert.Equal(t, buried, len(dead) == 1)
		return buried
	}
	assert.False(t, buries(time.Hour), "the server has not been there for an hour")
	assert.True(t, buries(time.Millisecond))
}

func TestAnInstanceThatCouldNotRenewItsLeaseBuriesNobodyUntilOthersHadTimeTo(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d := opened(t, Address{URL: pgtest.Database(t)}, Options{Works: asks, Idle: true}).db.(*postgres)
	dead := func() []string {
		found, err := d.dead(ctx, []string{"gone"})
		require.NoError(t, err)
		return found
	}
	renew := func(ctx context.Context) error {
		_, err := d.renew(ctx, d.instance)
		return err
	}
	require.NoError(t, renew(ctx))
	assert.Equal(t, []string{"gone"}, dead())
	away, cancel := context.WithCancel(ctx)
	cancel()
	require.Error(t, renew(away))
	assert.Empty(t, dead())
	require.NoError(t, renew(ctx))
	require.NoError(t, renew(ctx))
	assert.Empty(t, dead(), "others have only begun to renew theirs")
	d.contact.mu.Lock()
	d.contact.again = time.Now().Add(-2 * d.lease)
	d.contact.mu.Unlock()
	assert.Equal(t, []string{"gone"}, dead())
}
