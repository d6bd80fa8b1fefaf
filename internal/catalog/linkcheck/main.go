// Command linkcheck asks every link and every Wikipedia article of the catalogue
// whether it is there. It needs the network and is no part of the checks that run
// for every change (those are catalog.Check).
//
// It is polite: some hosts at once, but one request at a time and a pause between
// two at the same host; HEAD first, GET only where HEAD is refused, and no more of a
// page than it must read; a name of its own; a host that says it is asked too often
// is left alone. Each answer is kept in a file as it comes, so that a run that is
// stopped goes on where it was, and what was asked lately is not asked again.
package main

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"os/signal"
	"time"

	"github.com/trilha/trilha/internal/catalog"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := start(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "linkcheck:", err)
		os.Exit(1)
	}
}

func start(ctx context.Context) error {
	c := newChecker()
	state := flag.String("state", ".tools/linkcheck.jsonl", "the file of answers so far")
	lately := flag.Duration("lately", 7*24*time.Hour, "do not ask again within")
	subject := flag.String("subject", "", "only this one's links")
	articles := flag.Bool("wikipedia", true, "ask Wikipedia for the articles too")
	flag.DurationVar(&c.pause, "pause", c.pause, "between two requests at one host")
	flag.DurationVar(&c.client.Timeout, "timeout", c.client.Timeout, "for one request, redirects included")
	flag.IntVar(&c.hosts, "hosts", c.hosts, "how many at once")
	flag.Int64Var(&c.most, "most", c.most, "bytes to read of a page")
	flag.Parse()
	if c.hosts < 1 {
		return fmt.Errorf("-hosts %d: give at least 1", c.hosts)
	}
	links, err := linksOf(*subject, *articles)
	if err != nil {
		return err
	}
	return run(ctx, c, links, *state, *lately, os.Stdout)
}

// linksOf lists the different links of the catalogue, each with what it is for.
func linksOf(subject string, articles bool) (map[string][]string, error) {
	subjects, err := catalog.Embedded().All()
	if err != nil {
		return nil, err
	}
	links := map[string][]string{}
	for _, s := range subjects {
		if subject != "" && s.ID != subject {
			continue
		}
		for id, r := range s.Links() {
			links[r.URL] = append(links[r.URL], id)
		}
		if !articles {
			continue
		}
		addArticles(links, s.ID, s.Wikipedia)
		for i := range s.Concepts {
			addArticles(links, s.Concepts[i].ID, s.Concepts[i].Wikipedia)
		}
	}
	routes, err := catalog.Embedded().Routes()
	if err != nil {
		return nil, err
	}
	for _, route := range routes {
		for _, r := range route.Resources {
			if subject == "" {
				links[r.URL] = append(links[r.URL], route.ID)
			}
		}
	}
	if len(links) == 0 {
		return nil, fmt.Errorf("no links: is there a subject %q?", subject)
	}
	return links, nil
}

func addArticles(links map[string][]string, id string, titles catalog.Text) {
	for _, l := range catalog.Languages() {
		if title := titles.In(l); title != "" {
			address := (&url.URL{Scheme: "https", Host: l + ".wikipedia.org", Path: "/wiki/" + title}).String()
			links[address] = append(links[address], id)
		}
	}
}
