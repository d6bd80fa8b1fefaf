package cli

import (
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/trilha/trilha/internal/config"
)

// healthTimeout is how long a server has to answer.
const healthTimeout = 3 * time.Second

// healthCommand is the health check of an image that holds no shell and no curl.
// It reads the variables of trilha serve, so that both mean one address.
type healthCommand struct {
	URL  string `arg:"" optional:"" help:"The server's URL (default: where trilha serve listens with the same variables)."`
	Addr string `help:"Address that trilha serve listens on." placeholder:"HOST:PORT" env:"TRILHA_ADDR"`
	Port string `help:"Port that trilha serve listens on." placeholder:"N" env:"TRILHA_PORT,PORT"`
}

func (c *healthCommand) Run(e *env) error {
	url := c.URL
	if url == "" {
		addr, err := c.address()
		if err != nil {
			return usageError{err}
		}
		url = "http://" + addr
	}
	r, err := http.NewRequestWithContext(e.ctx, http.MethodGet, url+"/healthz", http.NoBody)
	if err != nil {
		return usageError{fmt.Errorf("%q is no URL: give one such as http://127.0.0.1:8400", url)}
	}
	client := &http.Client{Timeout: healthTimeout}
	answer, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("no server answers: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", url, answer.Status)
	}
	_, err = fmt.Fprintln(e.streams.Out, "ok")
	return err
}

// address is where to ask. A server that listens on every address is asked on
// this machine's own.
func (c *healthCommand) address() (string, error) {
	addr := config.HTTP{Addr: c.Addr, Port: c.Port}.Listen()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return "", fmt.Errorf("--addr %q is not an address: give host and port, for example 127.0.0.1:8400", addr)
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port), nil
}
