package telemetry

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// Collector is where spans go: OTLP over HTTP, in protobuf.
type Collector struct {
	URL     string
	Headers map[string]string
	Timeout time.Duration // of one export, with its repetitions
	Gzip    bool
}

// sender is otlptrace's client. OpenTelemetry's own links gRPC, whose start costs as
// much as all of ours: see docs/decisions/telemetry.md.
type sender struct {
	Collector
	client *http.Client
	log    *slog.Logger

	mu   sync.Mutex
	told time.Time // when an export was last said to have failed
}

func newSender(c Collector, log *slog.Logger) *sender {
	return &sender{Collector: c, client: &http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConns: 1, IdleConnTimeout: time.Minute}}, log: log}
}

// Start is for otlptrace.
func (*sender) Start(context.Context) error { return nil }

// Stop is for otlptrace.
func (s *sender) Stop(context.Context) error {
	s.client.CloseIdleConnections()
	return nil
}

// UploadTraces is for otlptrace. What cannot be sent is dropped, and said now and then:
// as an error it would go to OpenTelemetry's global handler, which writes on standard
// error as it likes.
func (s *sender) UploadTraces(ctx context.Context, spans []*tracepb.ResourceSpans) error {
	// The same bytes as of an ExportTraceServiceRequest, whose package links gRPC.
	body, err := proto.Marshal(&tracepb.TracesData{ResourceSpans: spans})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	if err := s.insist(ctx, s.packed(body)); err != nil {
		s.tell(ctx, err)
	}
	return nil
}

func (s *sender) packed(body []byte) []byte {
	if !s.Gzip {
		return body
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(body) // into memory
	_ = z.Close()
	return b.Bytes()
}

// insist sends until it is taken, refused for good, or ctx ends.
func (s *sender) insist(ctx context.Context, body []byte) error {
	for pause := 500 * time.Millisecond; ; pause *= 2 {
		again, err := s.send(ctx, body)
		if err == nil || !again {
			return err
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return err
		}
	}
}

// send tells whether it is worth another try: OTLP, "Failures".
func (s *sender) send(ctx context.Context, body []byte) (again bool, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, bytes.NewReader(body))
	if err != nil {
		return false, err
	}
	for name, value := range s.Headers {
		r.Header.Set(name, value)
	}
	r.Header.Set("Content-Type", "application/x-protobuf")
	if s.Gzip {
		r.Header.Set("Content-Encoding", "gzip")
	}
	resp, err := s.client.Do(r)
	if err != nil {
		return true, err
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	switch resp.StatusCode {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		again = true
	}
	if resp.StatusCode/100 != 2 {
		return again, fmt.Errorf("the collector answers %s", resp.Status)
	}
	return false, nil
}

// tellPause is how long nothing more is said of exports that fail.
const tellPause = time.Minute

func (s *sender) tell(ctx context.Context, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if time.Since(s.told) < tellPause {
		return
	}
	s.told = time.Now()
	s.log.WarnContext(ctx, "traces are not sent, and dropped", "collector", s.URL, "error", err)
}
