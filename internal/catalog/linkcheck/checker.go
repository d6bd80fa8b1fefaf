package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// agent names the project, so that who runs a site can tell us to stop.
const agent = "trilha-linkcheck/1 (+https://github.com/trilha/trilha; checks links of a learning catalogue)"

type checker struct {
	client *http.Client
	hosts  int           // how many at once
	pause  time.Duration // between two requests at one host
	most   int64         // bytes to read of a page
}

func newChecker() *checker {
	return &checker{client: &http.Client{Timeout: 20 * time.Second}, hosts: 8, pause: 2 * time.Second, most: 64 << 10}
}

// run asks what was not asked lately, keeps each answer, and reports on all links.
func run(ctx context.Context, c *checker, links map[string][]string, state string, lately time.Duration, out io.Writer) error {
	kept, err := openAnswers(state)
	if err != nil {
		return err
	}
	defer kept.close()
	began := time.Now().Add(-lately)
	waiting := map[string][]string{}
	asked := 0
	for _, link := range slices.Sorted(maps.Keys(links)) {
		if kept.since(link, began) == nil {
			asked++
			waiting[hostOf(link)] = append(waiting[hostOf(link)], link)
		}
	}
	fmt.Fprintf(out, "%d links, %d to ask at %d hosts\n", len(links), asked, len(waiting))
	if err := c.askAll(ctx, waiting, kept, out); err != nil {
		return fmt.Errorf("%w; what was answered is in %s, the next run goes on from there", err, state)
	}
	return report(out, links, func(link string) *answer { return kept.since(link, began) })
}

func hostOf(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Host)
}

// askAll asks some hosts at once, those with most links first.
func (c *checker) askAll(ctx context.Context, waiting map[string][]string, kept *answers, out io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type end struct {
		host string
		err  error
	}
	hosts, ends := make(chan string), make(chan end)
	var workers sync.WaitGroup
	for range c.hosts {
		workers.Go(func() {
			for host := range hosts {
				ends <- end{host, c.askHost(ctx, waiting[host], kept)}
			}
		})
	}
	workers.Go(func() {
		defer close(hosts)
		mostFirst := func(a, b string) int {
			return cmp.Or(cmp.Compare(len(waiting[b]), len(waiting[a])), cmp.Compare(a, b))
		}
		for _, host := range slices.SortedFunc(maps.Keys(waiting), mostFirst) {
			hosts <- host
		}
	})
	go func() { workers.Wait(); close(ends) }()
	var failed error
	for e := range ends {
		switch {
		case errors.Is(e.err, errAskedTooOften):
			fmt.Fprintf(out, "%s: %v\n", e.host, e.err)
		case e.err != nil && failed == nil:
			failed = e.err
			cancel()
		case e.err == nil:
			fmt.Fprintf(out, "%s: %d asked\n", e.host, len(waiting[e.host]))
		}
	}
	return failed
}

var errAskedTooOften = errors.New("says that it is asked too often; the rest is left for another run")

func (c *checker) askHost(ctx context.Context, links []string, kept *answers) error {
	turn := rate.NewLimiter(rate.Every(c.pause), 1)
	for _, link := range links {
		a, err := c.ask(ctx, turn, link)
		if err != nil {
			return err
		}
		if a.Status == http.StatusTooManyRequests {
			return errAskedTooOften
		}
		if err := kept.keep(a); err != nil {
			return err
		}
	}
	return nil
}

// ask asks with HEAD, and with GET where that brings no good answer: many servers
// refuse HEAD, by many statuses.
func (c *checker) ask(ctx context.Context, turn *rate.Limiter, link string) (*answer, error) {
	a, err := c.request(ctx, turn, http.MethodHead, link)
	if err != nil || a.NoHost || a.slow || a.Status == http.StatusTooManyRequests || a.verdict() == good || a.verdict() == moved {
		return a, err
	}
	return c.request(ctx, turn, http.MethodGet, link)
}

// request makes one request when it is its turn. The error is that of ctx alone:
// what goes wrong with the link is an answer.
func (c *checker) request(ctx context.Context, turn *rate.Limiter, method, link string) (*answer, error) {
	if err := turn.Wait(ctx); err != nil {
		return nil, err
	}
	a := &answer{URL: link, Asked: time.Now(), Method: method}
	req, err := http.NewRequestWithContext(ctx, method, pageOf(link), http.NoBody)
	if err != nil {
		a.Error = err.Error()
		return a, nil
	}
	req.Header.Set("User-Agent", agent)
	resp, err := c.client.Do(req)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		a.fail(err)
		return a, nil
	}
	defer resp.Body.Close()
	a.Status = resp.StatusCode
	if resp.Request.Response != nil { // a redirect led here
		a.Final = resp.Request.URL.String()
	}
	// Enough for a server that counts; how the page ends does not matter.
	_, _ = io.CopyN(io.Discard, resp.Body, c.most)
	return a, nil
}

func (a *answer) fail(err error) {
	var no *net.DNSError
	a.NoHost = errors.As(err, &no) && no.IsNotFound
	var failed *url.Error
	if errors.As(err, &failed) {
		a.slow = failed.Timeout()
		err = failed.Err
	}
	a.Error = err.Error()
}

// pageOf is what to ask for a link. YouTube has a page for every video and list,
// gone or not; what it tells sites that embed one knows better.
func pageOf(link string) string {
	u, err := url.Parse(link)
	if err != nil || strings.TrimPrefix(u.Host, "www.") != "youtube.com" || (u.Path != "/watch" && u.Path != "/playlist") {
		return link
	}
	return "https://www.youtube.com/oembed?format=json&url=" + url.QueryEscape(link)
}
