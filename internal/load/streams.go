package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

const perAddress = 200 // sessions of one client that a server takes are 256

// from is a client that connects from a loopback address of its own.
func from(n int) *http.Client {
	dial := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(n+1))}}
	return &http.Client{Transport: &http.Transport{DialContext: dial.DialContext, MaxIdleConnsPerHost: 500}}
}

// crowd is everyone who holds a stream open.
type crowd struct {
	clients []*http.Client
	bodies  []io.Closer
}

func (c *crowd) leave() {
	for _, b := range c.bodies {
		_ = b.Close()
	}
	for _, h := range c.clients {
		h.CloseIdleConnections()
	}
}

// streams tells what event streams cost, and how quick the rest is meanwhile.
func streams(ctx context.Context, s settings, out io.Writer) error {
	c, err := start(ctx)
	if err != nil {
		return err
	}
	defer c.end()
	fresh, err := c.metrics(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "just started: %d MB resident, %d goroutines\n", fresh.resident()>>20, fresh.goroutines())
	if fresh.resident() > mostIdle {
		return fmt.Errorf("an idle server takes %d MB, more than %d", fresh.resident()>>20, mostIdle>>20)
	}
	if err := makeAll(ctx, c, 20); err != nil { // the catalogue is read once, whoever comes
		return err
	}
	http.DefaultClient.CloseIdleConnections()
	before, err := c.settled(ctx, math.MaxInt)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "alone, after 20 paths: %d MB resident, %d goroutines\n", before.resident()>>20, before.goroutines())

	var all crowd
	for i := range s.idle {
		if i%perAddress == 0 {
			all.clients = append(all.clients, from(i/perAddress))
		}
		body, err := waits(ctx, all.clients[i/perAddress], c.base)
		if err != nil {
			all.leave()
			return fmt.Errorf("idle client %d: %w", i, err)
		}
		all.bodies = append(all.bodies, body)
	}
	idle, err := c.metrics(ctx)
	if err != nil {
		return err
	}
	each := (idle.resident() - before.resident()) / max(1, s.idle)
	fmt.Fprintf(out, "%d idle event streams: %d MB resident, %d KB and %.1f goroutines a client\n",
		s.idle, idle.resident()>>20, each>>10, float64(idle.goroutines()-before.goroutines())/float64(max(1, s.idle)))

	took, paths, err := busy(ctx, s, c)
	during, _ := c.metrics(ctx)
	all.leave()
	if err != nil {
		return err
	}
	slices.Sort(took)
	fmt.Fprintf(out, "%d active beside them for %s: %d paths, GET /status p50 %s, p99 %s, most %s (of %d); %d MB resident\n",
		s.active, s.time, paths, at(took, 0.5), at(took, 0.99), at(took, 1), len(took), during.resident()>>20)
	after, err := c.settled(ctx, before.goroutines()+mostLeft)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "after they left: %d MB resident, %d goroutines; %d of %d who read nothing were dropped, with the reason in the log\n",
		after.resident()>>20, after.goroutines(), c.dropped.Load(), s.slow)
	switch {
	case after.goroutines() > before.goroutines()+mostLeft:
		return fmt.Errorf("%d goroutines are left, %d were there before", after.goroutines(), before.goroutines())
	case c.dropped.Load() < int64(s.slow):
		return errors.New("readers that take nothing are not dropped, or not said to be")
	case each > mostClient:
		return fmt.Errorf("an idle client costs %d KB, more than %d", each>>10, mostClient>>10)
	}
	return nil
}

// settled waits, for two minutes at most, until no more goroutines are there than most.
func (c *child) settled(ctx context.Context, most int) (numbers, error) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for range 120 {
		<-tick.C
		m, err := c.metrics(ctx)
		if err != nil || m.goroutines() <= most {
			return m, err
		}
	}
	return c.metrics(ctx)
}

func at(sorted []time.Duration, share float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[max(0, int(math.Ceil(share*float64(len(sorted))))-1)].Round(100 * time.Microsecond)
}

// waits opens a session of HTTP+SSE and says hello.
func waits(ctx context.Context, h *http.Client, base string) (io.Closer, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/sse", nil)
	if err != nil {
		return nil, err
	}
	resp, err := h.Do(r)
	if err != nil {
		return nil, err
	}
	lines := bufio.NewReader(resp.Body)
	if _, err := hello(ctx, h, base, lines); err != nil {
		return nil, errors.Join(err, resp.Body.Close())
	}
	if _, err := data(lines); err != nil { // the answer
		return nil, errors.Join(err, resp.Body.Close())
	}
	return resp.Body, nil
}

// hello initializes a session, and gives where to post.
func hello(ctx context.Context, h *http.Client, base string, lines *bufio.Reader) (endpoint string, err error) {
	path, err := data(lines)
	if err != nil {
		return "", err
	}
	const initialize = `{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2024-11-05","capabilities":{},"clientInfo":{"name":"load","version":"1"}}}`
	return base + path, post(ctx, h, base+path, initialize, nil)
}

func data(lines *bufio.Reader) (string, error) {
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return "", err
		}
		if d, ok := strings.CutPrefix(line, "data:"); ok {
			return strings.TrimSpace(d), nil
		}
	}
}

func post(ctx context.Context, h *http.Client, url, body string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		return err
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	resp, err := h.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("POST %s: %s: %.200s", url, resp.Status, raw)
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(raw, into)
}

var (
	topics = []string{"python", "golang", "linear algebra", "machine learning", "data mining", "music theory", "personal finance", "statistics"}
	asked  atomic.Int64
)

// makes asks for a path that nobody has asked for.
func makes(ctx context.Context, h *http.Client, base string) (id string, err error) {
	n := int(asked.Add(1))
	q := url.Values{
		"topic": {topics[n%len(topics)]}, "num_nodes": {fmt.Sprint(10 + n/8%21)},
		"max_resources": {fmt.Sprint(5 + n/168%26)}, "language": {[]string{"en", "pt", "es"}[n/4368%3]},
	}
	var made struct {
		ID string `json:"task_id"`
	}
	err = post(ctx, h, base+"/generate_mcp_async?"+q.Encode(), "", &made)
	return made.ID, err
}

// makeAll makes paths as fast as they are taken, and waits for all.
func makeAll(ctx context.Context, c *child, n int) error {
	var group sync.WaitGroup
	errs := make([]error, n)
	places := make(chan struct{}, 200)
	h := from(100)
	defer h.CloseIdleConnections()
	for i := range n {
		places <- struct{}{}
		group.Go(func() {
			defer func() { <-places }()
			errs[i] = makesAndFollows(ctx, h, c.base, func(string) {})
		})
	}
	group.Wait()
	return errors.Join(errs...)
}

func makesAndFollows(ctx context.Context, h *http.Client, base string, made func(id string)) error {
	id, err := makes(ctx, h, base)
	if err != nil {
		return err
	}
	made(id)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/status/"+id+"/events", nil)
	if err != nil {
		return err
	}
	resp, err := h.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err == nil && !strings.Contains(string(raw), `"status":"completed"`) {
		err = fmt.Errorf("task %s did not end well: %.300s", id, raw)
	}
	return err
}

// work is what is going on beside idle streams.
type work struct {
	settings settings
	base     string
	made     atomic.Int64
	latest   atomic.Value // id of the newest task
	failed   atomic.Value // the first error
}

// fail keeps what goes wrong before the time is over.
func (w *work) fail(ctx context.Context, err error) {
	if err != nil && ctx.Err() == nil {
		w.failed.CompareAndSwap(nil, err)
	}
}

// busy keeps the active and the slow going, and asks how a task stands meanwhile.
func busy(ctx context.Context, s settings, c *child) (took []time.Duration, paths int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.time)
	defer cancel()
	w := &work{settings: s, base: c.base}
	var group sync.WaitGroup
	h := from(50)
	defer h.CloseIdleConnections()
	for i := range s.active {
		group.Go(func() { w.active(ctx, h, i) })
	}
	for i := range s.slow {
		group.Go(func() { w.fail(ctx, deaf(ctx, c.base, i)) })
	}
	took = w.watch(ctx)
	group.Wait()
	err, _ = w.failed.Load().(error)
	return took, w.made.Load(), err
}

// active makes paths and follows them, one after the other.
func (w *work) active(ctx context.Context, h *http.Client, n int) {
	wait := time.NewTimer(w.settings.every * time.Duration(n) / time.Duration(w.settings.active)) // not all at once
	defer wait.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-wait.C:
		}
		wait.Reset(w.settings.every)
		err := makesAndFollows(ctx, h, w.base, func(id string) { w.latest.Store(id) })
		if err == nil {
			w.made.Add(1)
		}
		w.fail(ctx, err)
	}
}

// watch asks how the newest task stands, fifty times a second.
func (w *work) watch(ctx context.Context) (took []time.Duration) {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	h := from(60)
	defer h.CloseIdleConnections()
	for {
		select {
		case <-ctx.Done():
			return took
		case <-tick.C:
		}
		id, ok := w.latest.Load().(string)
		if !ok {
			continue
		}
		begun := time.Now()
		err := get(ctx, h, w.base+"/status/"+id)
		if err == nil {
			took = append(took, time.Since(begun))
		}
		w.fail(ctx, err)
	}
}

func get(ctx context.Context, h *http.Client, url string) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := h.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("GET %s: %s", url, resp.Status)
	}
	return err
}

// deaf opens a session, asks for much, and reads nothing.
func deaf(ctx context.Context, base string, n int) error {
	h := from(70 + n/perAddress)
	defer h.CloseIdleConnections()
	dial := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 1, byte(71+n/perAddress))}}
	conn, err := dial.DialContext(ctx, "tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		return err
	}
	defer conn.Close()
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetReadBuffer(4 << 10)
	}
	if _, err := fmt.Fprintf(conn, "GET /sse HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
		return err
	}
	endpoint, err := hello(ctx, h, base, bufio.NewReaderSize(conn, 16))
	if err != nil {
		return err
	}
	for i := 1; ctx.Err() == nil; i++ { // until nothing is taken any more
		one, cancel := context.WithTimeout(ctx, 2*time.Second)
		err := post(one, h, endpoint, fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":"tools/list"}`, i), nil)
		cancel()
		if err != nil {
			break
		}
	}
	<-ctx.Done()
	return nil
}
