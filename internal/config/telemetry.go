package config

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// Traces says where OpenTelemetry's spans go, as its standard variables have it.
type Traces struct {
	URL     string // of the collector; empty: they go nowhere
	Headers map[string]string
	Timeout time.Duration
	Gzip    bool
}

// collector is where OTLP over HTTP goes unless told.
const collector = "http://localhost:4318"

// TracesFromEnv reads OpenTelemetry's variables; getenv is os.Getenv but for tests.
// What they may say and this program cannot do is refused.
func TracesFromEnv(getenv func(string) string) (t Traces, err error) {
	traces := func(name string) string { // that of traces goes before that of all signals
		return cmp.Or(getenv("OTEL_EXPORTER_OTLP_TRACES_"+name), getenv("OTEL_EXPORTER_OTLP_"+name))
	}
	exporter := getenv("OTEL_TRACES_EXPORTER")
	endpoint := getenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
	if endpoint == "" && getenv("OTEL_EXPORTER_OTLP_ENDPOINT") != "" || exporter == "otlp" {
		endpoint = cmp.Or(endpoint, strings.TrimSuffix(cmp.Or(getenv("OTEL_EXPORTER_OTLP_ENDPOINT"), collector), "/")+"/v1/traces")
	}
	switch {
	case strings.EqualFold(getenv("OTEL_SDK_DISABLED"), "true"), exporter == "none", exporter == "" && endpoint == "":
		return Traces{}, nil
	case exporter != "" && exporter != "otlp":
		return Traces{}, fmt.Errorf("OTEL_TRACES_EXPORTER %q: use otlp or none", exporter)
	}
	if u, err := url.Parse(endpoint); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return Traces{}, fmt.Errorf("OTEL_EXPORTER_OTLP_ENDPOINT %q: give a URL, for example %s", endpoint, collector)
	}
	if p := traces("PROTOCOL"); p != "" && p != "http/protobuf" {
		return Traces{}, fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL %q: only http/protobuf is spoken, by collectors on port 4318", p)
	}
	t = Traces{URL: endpoint, Timeout: 10 * time.Second}
	if t.Headers, err = headers(traces("HEADERS")); err != nil {
		return Traces{}, err
	}
	if text := traces("TIMEOUT"); text != "" {
		ms, err := strconv.Atoi(text)
		if err != nil || ms < 1 {
			return Traces{}, fmt.Errorf("OTEL_EXPORTER_OTLP_TIMEOUT %q: give milliseconds, for example 10000", text)
		}
		t.Timeout = time.Duration(ms) * time.Millisecond
	}
	switch text := traces("COMPRESSION"); text {
	case "gzip":
		t.Gzip = true
	case "", "none":
	default:
		return Traces{}, fmt.Errorf("OTEL_EXPORTER_OTLP_COMPRESSION %q: use gzip or none", text)
	}
	return t, nil
}

// headers reads name=value pairs, separated by commas, as the variables have them. What
// is wrong is not shown: it may be a secret.
func headers(text string) (map[string]string, error) {
	found := map[string]string{}
	for pair := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(pair) == "" {
			continue
		}
		name, value, ok := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if !ok || err != nil || strings.TrimSpace(name) == "" {
			return nil, fmt.Errorf("OTEL_EXPORTER_OTLP_HEADERS cannot be read: give name=value, with commas between")
		}
		found[strings.TrimSpace(name)] = value
	}
	return found, nil
}

// Traces reads them from the environment.
func (Config) Traces() (Traces, error) { return TracesFromEnv(os.Getenv) }

// Metrics sets up where Prometheus reads.
type Metrics struct {
	MetricsAddr string `help:"Address on which /metrics alone is served, to whoever connects, host and port. Without it the server itself has /metrics where only this machine may connect and nobody has to authenticate." placeholder:"HOST:PORT" env:"TRILHA_METRICS_ADDR"`
}

// CheckAddress refuses what is no address.
func (m Metrics) CheckAddress() error {
	if m.MetricsAddr == "" {
		return nil
	}
	host, port, err := net.SplitHostPort(m.MetricsAddr)
	if err != nil || port == "" || host == "" {
		return fmt.Errorf("--metrics-addr %q is not an address: give host and port, for example 127.0.0.1:9464, or 0.0.0.0:9464 on a network of your own", m.MetricsAddr)
	}
	return nil
}
