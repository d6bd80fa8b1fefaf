package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// sse is a client of HTTP+SSE.
type sse struct {
	*web
	*mailbox
	post   string
	stream *http.Response
	ended  chan struct{}
}

func dialSSE(ctx context.Context, base, era string) (conn, error) {
	w := &web{base: base + "/sse", era: era, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 100}}}
	w.gone, w.drops = context.WithCancel(context.WithoutCancel(ctx))
	s := &sse{web: w, mailbox: newMailbox(), ended: make(chan struct{})}
	resp, err := w.send(w.gone, http.MethodGet, nil) //nolint:bodyclose // drop closes it
	if err != nil {
		close(s.ended)
		return s, err
	}
	s.stream = resp
	lines := bufio.NewReaderSize(resp.Body, 64<<10)
	for s.post == "" {
		line, err := lines.ReadString('\n')
		if err != nil {
			close(s.ended)
			return s, err
		}
		if at, ok := strings.CutPrefix(line, "data: "); ok {
			s.post = base + strings.TrimSpace(at)
		}
	}
	if _, err := url.Parse(s.post); err != nil {
		close(s.ended)
		return s, err
	}
	go s.listen(lines)
	s.web.base = s.post
	if _, err := s.call(ctx, "initialize", hello(era), nil); err != nil {
		return s, err
	}
	err = s.tell(ctx, []byte(initialized))
	return s, err
}

func (s *sse) listen(lines *bufio.Reader) {
	defer close(s.ended)
	defer s.fail(errors.New("the event stream has ended"))
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		data, ok := strings.CutPrefix(line, "data: ")
		if !ok {
			continue
		}
		var m message
		if err := json.Unmarshal([]byte(data), &m); err != nil {
			s.fail(fmt.Errorf("%w: %.200s", err, data))
			return
		}
		s.put(m)
	}
}

func (s *sse) call(ctx context.Context, method string, params map[string]any, hear news) (json.RawMessage, error) {
	id := s.next()
	box := s.expect(id, hear)
	defer s.forget(id)
	if err := s.tell(ctx, request(s.era, id, method, params)); err != nil {
		return nil, err
	}
	return box.wait(ctx)
}

// leave closes the stream: there is no other goodbye.
func (s *sse) leave(context.Context) error {
	s.drop()
	return nil
}

func (s *sse) drop() {
	s.web.drop()
	if s.stream != nil {
		s.stream.Body.Close()
	}
	<-s.ended
}

func (s *sse) Close() error {
	s.drop()
	return nil
}
