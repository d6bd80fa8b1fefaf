package config_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/config"
)

func TestTracesAsTheStandardVariablesHaveThem(t *testing.T) {
	t.Parallel()
	const at = "OTEL_EXPORTER_OTLP_ENDPOINT"
	for name, c := range map[string]struct {
		env  map[string]string
		url  string
		says string // of the error
	}{
		"nothing":              {nil, "", ""},
		"an endpoint":          {map[string]string{at: "http://c:4318/"}, "http://c:4318/v1/traces", ""},
		"an endpoint of ours":  {map[string]string{at: "http://c:4318", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://d/x"}, "https://d/x", ""},
		"the exporter alone":   {map[string]string{"OTEL_TRACES_EXPORTER": "otlp"}, "http://localhost:4318/v1/traces", ""},
		"none":                 {map[string]string{at: "http://c", "OTEL_TRACES_EXPORTER": "none"}, "", ""},
		"disabled":             {map[string]string{at: "http://c", "OTEL_SDK_DISABLED": "true"}, "", ""},
		"another exporter":     {map[string]string{"OTEL_TRACES_EXPORTER": "zipkin"}, "", "use otlp or none"},
		"gRPC":                 {map[string]string{at: "http://c:4317", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}, "", "4318"},
		"no URL":               {map[string]string{at: "c:4318"}, "", "give a URL"},
		"headers of no form":   {map[string]string{at: "http://c", "OTEL_EXPORTER_OTLP_HEADERS": "secret"}, "", "name=value"},
		"a timeout of no form": {map[string]string{at: "http://c", "OTEL_EXPORTER_OTLP_TIMEOUT": "10s"}, "", "milliseconds"},
		"a strange packing":    {map[string]string{at: "http://c", "OTEL_EXPORTER_OTLP_COMPRESSION": "zstd"}, "", "gzip"},
	} {
		got, err := config.TracesFromEnv(func(n string) string { return c.env[n] })
		if c.says != "" {
			require.ErrorContains(t, err, c.says, name)
			assert.NotContains(t, err.Error(), "secret")
			continue
		}
		require.NoError(t, err, name)
		assert.Equal(t, c.url, got.URL, name)
	}
	env := map[string]string{at: "http://c", "OTEL_EXPORTER_OTLP_HEADERS": "a=1%2C2, b = x", "OTEL_EXPORTER_OTLP_TIMEOUT": "1500", "OTEL_EXPORTER_OTLP_COMPRESSION": "gzip"}
	got, err := config.TracesFromEnv(func(n string) string { return env[n] })
	require.NoError(t, err)
	assert.Equal(t, config.Traces{URL: "http://c/v1/traces", Headers: map[string]string{"a": "1,2", "b": "x"}, Timeout: 1500 * time.Millisecond, Gzip: true}, got)
}

func TestAddressesOfMetrics(t *testing.T) {
	t.Parallel()
	for addr, good := range map[string]bool{"": true, "127.0.0.1:9464": true, "0.0.0.0:9464": true, ":9464": false, "9464": false, "host": false} {
		err := config.Metrics{MetricsAddr: addr}.CheckAddress()
		assert.Equal(t, good, err == nil, "%q: %v", addr, err)
	}
}
