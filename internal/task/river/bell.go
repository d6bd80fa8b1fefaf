package river

import (
	"context"
	"fmt"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
)

// bell tells this process's River that a job was inserted. Only this process
// inserts into its queue, so neither LISTEN nor polling a table is needed for
// that: it takes the place of the driver's own listener.
type bell struct {
	queue   string
	rung    chan struct{}
	stirred chan struct{} // tells who polls that somebody waits for news
}

func newBell(queue string) *bell {
	return &bell{queue: queue, rung: make(chan struct{}, 1), stirred: make(chan struct{}, 1)}
}

func (b *bell) ring() { signal(b.rung) }

// driver is a River driver with our bell.
type driver[T any] struct {
	riverdriver.Driver[T]
	bell *bell
}

// GetListener is for River.
func (d driver[T]) GetListener(*riverdriver.GetListenenerParams) riverdriver.Listener {
	return listener{d.bell}
}

// SupportsListener is for River.
func (d driver[T]) SupportsListener() bool { return true }

// SupportsListenNotify is for River: nobody else listens, so it need not tell.
func (d driver[T]) SupportsListenNotify() bool { return false }

// listener is a riverdriver.Listener that hears the bell.
type listener struct{ *bell }

const topicInsert = "river_insert" // River's

func (l listener) WaitForNotification(ctx context.Context) (*riverdriver.Notification, error) {
	select {
	case <-l.rung:
		return &riverdriver.Notification{Topic: topicInsert, Payload: fmt.Sprintf(`{"queue": %q}`, l.queue)}, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (listener) Close(context.Context) error            { return nil }
func (listener) Connect(context.Context) error          { return nil }
func (listener) Listen(context.Context, string) error   { return nil }
func (listener) Ping(context.Context) error             { return nil }
func (listener) Schema() string                         { return "" }
func (listener) SetAfterConnectExec(string)             {}
func (listener) Unlisten(context.Context, string) error { return nil }

// insertJob gives River a job for the queue of its own process.
func insertJob[T any](ctx context.Context, client *river.Client[T], tx T, a args) (int64, error) {
	res, err := client.InsertTx(ctx, tx, a, &river.InsertOpts{Queue: client.ID()})
	if err != nil {
		return 0, err
	}
	return res.Job.ID, nil
}
