package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"
)

// letGo bounds how long a server may stay with a client that does not read.
const letGo = answerTime * time.Second

// much is a call whose answer is long: a whole path.
func (v *visitor) much(ctx context.Context) (map[string]any, error) {
	c, err := dialHTTP(ctx, v.fast.base, modern)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	id, err := v.makes(ctx, c, nil)
	if err != nil {
		return nil, err
	}
	if _, err := v.tool(ctx, c, "get_task_status", map[string]any{"task_id": id, "wait_seconds": 40}, nil); err != nil {
		return nil, err
	}
	path, err := v.tool(ctx, c, "get_learning_path", map[string]any{"id": id}, nil)
	if err != nil {
		return nil, err
	}
	uri := fmt.Sprint("trilha://paths/", path["path_id"])
	raw, err := c.call(ctx, "resources/read", map[string]any{"uri": uri}, nil)
	if err == nil && len(raw) < 10<<10 {
		err = fmt.Errorf("a path of %d bytes is too short to hold anything up", len(raw))
	}
	return map[string]any{"uri": uri}, err
}

// hardOfHearing is a connection on which little fits that is not read.
func hardOfHearing(ctx context.Context, base string) (*net.TCPConn, error) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		return nil, err
	}
	tcp := c.(*net.TCPConn)
	err = tcp.SetReadBuffer(4 << 10)
	return tcp, err
}

// deafHTTP sends request after request on one connection and reads no answer: the
// server lets go of it.
func deafHTTP(ctx context.Context, v *visitor) error {
	params, err := v.much(ctx)
	if err != nil {
		return err
	}
	c, err := hardOfHearing(ctx, v.fast.base)
	if err != nil {
		return err
	}
	defer c.Close()
	w := &web{era: modern}
	var all bytes.Buffer
	for i := range 1000 {
		body := request(modern, i, "resources/read", params)
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, v.fast.base+"/mcp", bytes.NewReader(body))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/json")
		headers := w.headers("resources/read", params)
		for i := 0; i < len(headers); i += 2 {
			r.Header.Set(headers[i], headers[i+1])
		}
		if err := r.Write(&all); err != nil {
			return err
		}
	}
	if err := c.SetWriteDeadline(time.Now().Add(letGo)); err != nil {
		return err
	}
	if _, err := c.Write(all.Bytes()); err != nil {
		return ended(err)
	}
	// What is written now the server never reads, but it finds the connection closed.
	for t := time.NewTicker(time.Second); ; <-t.C {
		if _, err := c.Write([]byte("\n")); err != nil {
			t.Stop()
			return ended(err)
		}
		if ctx.Err() != nil {
			t.Stop()
			return nil
		}
	}
}

// ended tells a connection that was closed from one that was not.
func ended(err error) error {
	var net net.Error
	if errors.As(err, &net) && net.Timeout() {
		return fmt.Errorf("the server has not let go of who does not read: %w", context.DeadlineExceeded)
	}
	return nil
}

// deafSSE opens a stream that it does not read, and posts until it is told that its
// session has ended.
func deafSSE(ctx context.Context, v *visitor) error {
	params, err := v.much(ctx)
	if err != nil {
		return err
	}
	c, err := hardOfHearing(ctx, v.fast.base)
	if err != nil {
		return err
	}
	defer c.Close()
	if _, err := fmt.Fprintf(c, "GET /sse HTTP/1.1\r\nHost: %s\r\n\r\n", strings.TrimPrefix(v.fast.base, "http://")); err != nil {
		return err
	}
	w := &web{era: v.era, client: &http.Client{Transport: &http.Transport{}}}
	w.gone, w.drops = context.WithCancel(context.WithoutCancel(ctx))
	defer w.drop()
	lines := bufio.NewReaderSize(c, 512)
	for w.base == "" {
		line, err := lines.ReadString('\n')
		if err != nil {
			return err
		}
		if at, ok := strings.CutPrefix(line, "data: "); ok {
			w.base = v.fast.base + strings.TrimSpace(at)
		}
	}
	for i := range 2000 {
		body := request(v.era, i, "resources/read", params)
		if i == 0 {
			body = request(v.era, i, "initialize", hello(v.era))
		}
		over, err := w.refused(ctx, body)
		if err != nil || over {
			return err
		}
	}
	return errors.New("the server took 2,000 requests of a client that does not read")
}

// refused posts a message and tells whether its session is over.
func (w *web) refused(ctx context.Context, body []byte) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, letGo)
	defer cancel()
	resp, err := w.send(ctx, http.MethodPost, body)
	if err != nil {
		return false, err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusAccepted:
		return false, nil
	case http.StatusNotFound:
		return true, nil
	default:
		return false, fmt.Errorf("a message got %s", resp.Status)
	}
}

// deafStdio writes for a while, reads nothing, and is gone: so is the process.
func deafStdio(ctx context.Context, v *visitor) error {
	p, err := startPipe(ctx, v.era)
	if err != nil {
		return err
	}
	go func() {
		if v.era != modern {
			_ = p.line(request(v.era, 0, "initialize", hello(v.era)))
		}
		for i := range 400 {
			if p.line(request(v.era, i+1, "tools/list", nil)) != nil {
				return
			}
		}
	}()
	select {
	case <-time.After(v.moment(5 * time.Second)):
	case <-ctx.Done():
	}
	_ = p.out.Close()
	_ = p.in.Close()
	go p.wait()
	defer p.Close()
	select {
	case <-p.ended:
		return p.exit
	case <-time.After(15 * time.Second):
		return fmt.Errorf("the process does not end: %w", context.DeadlineExceeded)
	}
}
