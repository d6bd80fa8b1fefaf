package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/trilha/trilha/internal/task"
)

// Times of event streams. A reader that takes nothing for writeTime is gone: what
// is written then waits in buffers of the network that are full.
const (
	heartbeat = 15 * time.Second
	writeTime = 10 * time.Second
)

// endID is the id of a stream's last event.
const endID = "end"

func (f *Face) events(ctx context.Context, in *eventsInput) (*stream, error) {
	owner := f.owner(ctx)
	release, err := f.held.take(owner)
	if err != nil {
		return nil, err
	}
	watch, err := f.tutor.Watch(ctx, owner, in.ID)
	if err != nil {
		release()
		return nil, orNotFound(err, in.ID)
	}
	return &stream{Body: func(hc huma.Context) {
		defer release()
		defer watch.Stop()
		f.tellAll(hc, watch, in.ID, in.Last)
	}}, nil
}

// tellAll writes what a subscription tells until the task ends, the reader leaves or
// the server stops. A slow reader misses steps, never messages; see task.Watch.
func (f *Face) tellAll(hc huma.Context, watch *task.Watch, id, last string) {
	first, ok := <-watch.Events // at once: the task as it stands
	if !ok {
		return
	}
	if first.Status.Final() && last == endID { // read to the end: a browser stops on this
		hc.SetStatus(http.StatusNoContent)
		return
	}
	_, w := unwrap(hc)
	out := &outlet{w: w, control: http.NewResponseController(w), seen: parsePosition(last)}
	defer out.finish()
	hc.SetHeader("Content-Type", "text/event-stream")
	hc.SetHeader("Cache-Control", "no-store")
	hc.SetHeader("X-Accel-Buffering", "no") // of proxies, which would hold events back
	hc.SetStatus(http.StatusOK)
	if err := f.follow(hc.Context(), out, first, watch.Events); err != nil && hc.Context().Err() == nil {
		f.log.InfoContext(hc.Context(), "event stream dropped: its reader took nothing in time", "task", id, "seconds", writeTime.Seconds(), "error", err)
	}
}

func (f *Face) follow(ctx context.Context, out *outlet, t task.Task, events <-chan task.Task) error {
	if err := out.write(": a task's progress\n\n"); err != nil {
		return err
	}
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		if err := out.tell(t); err != nil || t.Status.Final() {
			return err
		}
		for waiting := true; waiting; {
			var ok bool
			select {
			case t, ok = <-events:
				if !ok {
					return out.write(": the subscription has ended, connect again\n\n")
				}
				waiting = false
			case <-beat.C:
				if err := out.write(": still here\n\n"); err != nil {
					return err
				}
			case <-f.closing.Done():
				return out.write(": the server is stopping, connect again\n\n")
			case <-ctx.Done():
				return nil
			}
		}
	}
}

// outlet writes events.
type outlet struct {
	w       http.ResponseWriter
	control *http.ResponseController
	seen    position
	shown   eventBody // the last one
}

// write sends text, within writeTime.
func (o *outlet) write(text string) error {
	_ = o.control.SetWriteDeadline(time.Now().Add(writeTime)) // not every ResponseWriter has one
	if _, err := o.w.Write([]byte(text)); err != nil {
		return fmt.Errorf("event: %w", err)
	}
	if err := o.control.Flush(); err != nil {
		return fmt.Errorf("event: %w", err)
	}
	return nil
}

// finish takes the deadline off the connection, which may serve other requests.
func (o *outlet) finish() { _ = o.control.SetWriteDeadline(time.Time{}) }

// tell writes what is new in t, if anything is.
func (o *outlet) tell(t task.Task) error {
	news := o.seen.after(t.Messages)
	b := shown(t)
	event := eventBody{TaskID: t.ID, Status: b.Status, Progress: t.Progress, Error: b.Error, Messages: messages(news)}
	at := positionOf(t)
	if !t.Status.Final() && len(news) == 0 && (o.seen == at || o.shown.Status == event.Status && o.shown.Progress == event.Progress) {
		return nil
	}
	o.seen, o.shown = at, event
	name, id := "progress", at.String()
	if t.Status.Final() {
		name, id = "end", endID
	}
	var data bytes.Buffer
	encoder := json.NewEncoder(&data) // one line, and a line end
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(event); err != nil {
		return fmt.Errorf("event of task %s: %w", t.ID, err)
	}
	return o.write("id: " + id + "\nevent: " + name + "\ndata: " + data.String() + "\n")
}

// position is how far a task's story was told: up to a moment, and how many of its
// messages are of that very moment. It is the id of an event.
type position struct {
	micros int64
	count  int
}

func positionOf(t task.Task) position {
	p := position{micros: t.UpdatedAt.UnixMicro()}
	for _, m := range t.Messages {
		p.micros = max(p.micros, m.Time.UnixMicro())
	}
	for _, m := range t.Messages {
		if m.Time.UnixMicro() == p.micros {
			p.count++
		}
	}
	return p
}

// parsePosition reads an id; of any other text nothing was told yet.
func parsePosition(id string) position {
	moment, count, _ := strings.Cut(id, "-")
	micros, err := strconv.ParseInt(moment, 10, 64)
	n, err2 := strconv.Atoi(count)
	if err != nil || err2 != nil {
		return position{}
	}
	return position{micros, n}
}

func (p position) String() string { return fmt.Sprintf("%d-%d", p.micros, p.count) }

// after gives the messages that were not told at p.
func (p position) after(list []task.Message) []task.Message {
	told := p.count
	for i, m := range list {
		switch at := m.Time.UnixMicro(); {
		case at > p.micros:
			return list[i:]
		case at == p.micros && told == 0:
			return list[i:]
		case at == p.micros:
			told--
		}
	}
	return nil
}
