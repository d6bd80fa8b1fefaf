package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
)

// web is a client of Streamable HTTP, with connections of its own.
type web struct {
	base    string
	era     string
	session string // before 2026-07-28
	client  *http.Client
	last    atomic.Int64
	at      atomic.Pointer[string] // the last event that came
	gone    context.Context
	drops   context.CancelFunc
}

func dialHTTP(ctx context.Context, base, era string) (conn, error) {
	w := &web{base: base + "/mcp", era: era, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}}
	w.gone, w.drops = context.WithCancel(context.WithoutCancel(ctx))
	if era == modern {
		_, err := w.call(ctx, "server/discover", nil, nil)
		return w, err
	}
	resp, err := w.send(ctx, http.MethodPost, request(era, w.next(), "initialize", hello(era)))
	if err != nil {
		return w, err
	}
	if _, err := w.answer(resp, nil); err != nil {
		return w, err
	}
	if w.session = resp.Header.Get("Mcp-Session-Id"); w.session == "" {
		return w, errors.New("initialize: no session")
	}
	err = w.tell(ctx, []byte(initialized))
	return w, err
}

func (w *web) next() int { return int(w.last.Add(1)) }

// send sends one request. It is over when ctx ends or the client is gone.
func (w *web) send(ctx context.Context, method string, body []byte, headers ...string) (*http.Response, error) {
	ctx, cancel := context.WithCancel(ctx)
	unlink := context.AfterFunc(w.gone, cancel)
	r, err := http.NewRequestWithContext(ctx, method, w.base, bytes.NewReader(body))
	if err != nil {
		cancel()
		return nil, err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json, text/event-stream")
	if w.session != "" {
		r.Header.Set("Mcp-Session-Id", w.session)
		r.Header.Set("Mcp-Protocol-Version", w.era)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := w.client.Do(r)
	if err != nil {
		unlink()
		cancel()
		return nil, err
	}
	resp.Body = &ending{resp.Body, func() { unlink(); cancel() }}
	return resp, nil
}

// ending is a body that does something once it is closed.
type ending struct {
	io.ReadCloser
	end func()
}

func (e *ending) Close() error {
	e.end()
	return e.ReadCloser.Close()
}

func (w *web) tell(ctx context.Context, notification []byte) error {
	resp, err := w.send(ctx, http.MethodPost, notification)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusAccepted {
		return fmt.Errorf("a notification got %s", resp.Status)
	}
	return nil
}

func (w *web) call(ctx context.Context, method string, params map[string]any, hear news) (json.RawMessage, error) {
	resp, err := w.send(ctx, http.MethodPost, request(w.era, w.next(), method, params), w.headers(method, params)...)
	if err != nil {
		return nil, err
	}
	return w.answer(resp, hear)
}

// headers are those that 2026-07-28 wants.
func (w *web) headers(method string, params map[string]any) []string {
	if w.era != modern {
		return nil
	}
	headers := []string{"Mcp-Protocol-Version", modern, "Mcp-Method", method}
	for _, key := range []string{"name", "uri"} {
		if name, ok := params[key].(string); ok {
			headers = append(headers, "Mcp-Name", name)
		}
	}
	return headers
}

// answer reads a response up to the answer.
func (w *web) answer(resp *http.Response, hear news) (json.RawMessage, error) {
	defer resp.Body.Close()
	if strings.HasPrefix(resp.Header.Get("Content-Type"), "text/event-stream") {
		return w.events(resp.Body, hear)
	}
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	var m message
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, fmt.Errorf("%s: %.200s", resp.Status, raw)
	}
	return outcomeOf(m)
}

// events reads an event stream up to an answer.
func (w *web) events(body io.Reader, hear news) (json.RawMessage, error) {
	lines := bufio.NewReaderSize(body, 64<<10)
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return nil, fmt.Errorf("the stream ended without an answer: %w", err)
		}
		if id, ok := strings.CutPrefix(line, "id: "); ok {
			id = strings.TrimSpace(id)
			w.at.Store(&id)
		}
		data, ok := strings.CutPrefix(line, "data: ")
		if !ok || strings.TrimSpace(data) == "" {
			continue
		}
		var m message
		if err := json.Unmarshal([]byte(data), &m); err != nil {
			return nil, err
		}
		if m.Method == "" {
			return outcomeOf(m)
		}
		if hear != nil && !hear(m) {
			return nil, errDropped
		}
	}
}

// resume takes up a stream after an event and reads it up to the answer.
func (w *web) resume(ctx context.Context, after string, hear news) (json.RawMessage, error) {
	resp, err := w.send(ctx, http.MethodGet, nil, "Last-Event-ID", after)
	if err != nil {
		return nil, err
	}
	return w.answer(resp, hear)
}

func (w *web) leave(ctx context.Context) error {
	defer w.drop()
	if w.era == modern {
		return nil
	}
	resp, err := w.send(ctx, http.MethodDelete, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("DELETE got %s", resp.Status)
	}
	return nil
}

func (w *web) drop() {
	w.drops()
	w.client.CloseIdleConnections()
}

func (w *web) Close() error {
	w.drop()
	return nil
}
