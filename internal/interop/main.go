// Command interop runs clients that others have written against trilha, each over
// every transport and in every era that it speaks, and writes what came of it as
// docs/interop.md. Nothing on that page is assumed.
//
// A client is a program that takes the same steps as all others and writes a line of
// JSON for each: node/ has those of the TypeScript SDKs, gosdk/ and mcpgo/ those in
// Go (package steps). The Inspector has two command lines already: inspector.go calls the
// one of single calls, mcpdo.go the one that keeps connections, for tasks.
// Needs Node 20 and npm, which fetches the clients.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
)

func main() {
	out := flag.String("o", "", "write the page here; empty: to standard output")
	quick := flag.Bool("sdks", false, "only the SDKs, not the Inspector, which takes a process a call")
	tools := flag.String("tools", ".tools/interop", "where clients are built and installed")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *out, *tools, *quick); err != nil {
		fmt.Fprintln(os.Stderr, "interop:", err)
		stop()
		os.Exit(1) //nolint:gocritic // stop was called
	}
}

func run(ctx context.Context, out, tools string, sdks bool) error {
	tools, err := filepath.Abs(tools)
	if err != nil {
		return err
	}
	room, err := os.MkdirTemp("", "interop")
	if err != nil {
		return err
	}
	defer os.RemoveAll(room)
	b := &bench{tools: tools, room: room, log: os.Stderr}
	if err := b.prepare(ctx); err != nil {
		return err
	}
	defer b.close()
	cells := b.all(ctx, sdks)
	page, err := b.page(ctx, cells)
	if err != nil {
		return err
	}
	if out == "" {
		_, err = os.Stdout.WriteString(page)
	} else {
		err = os.WriteFile(out, []byte(page), 0o644) //nolint:gosec // a page for everybody
	}
	return errors.Join(err, judge(cells))
}

// all tries every cell: the Inspector's beside each other, since they are slow and
// measure nothing, and then the others, one by one.
func (b *bench) all(ctx context.Context, sdks bool) []cell {
	var cells []cell
	for _, c := range clients {
		for _, at := range c.speaks {
			if c.program != nil || !sdks {
				cells = append(cells, cell{client: c, at: at})
			}
		}
	}
	var slow sync.WaitGroup
	for n, c := range cells {
		if c.client.program == nil {
			own := *b
			own.cells = 3 * n // each makes up to three requests
			slow.Go(func() { cells[n] = own.try(ctx, c.client, c.at) })
		}
	}
	slow.Wait()
	for n, c := range cells {
		if c.client.program != nil {
			b.cells = 3 * n
			cells[n] = b.try(ctx, c.client, c.at)
		}
	}
	return cells
}

// judge is an error for every step that should have gone well and did not.
func judge(cells []cell) error {
	if len(cells) == 0 {
		return errors.New("nothing was tried")
	}
	var failed []error
	for _, c := range cells {
		for _, s := range c.steps {
			if !s.OK && !s.Cannot {
				failed = append(failed, fmt.Errorf("%s, %s, %s: %s: %s", c.client.name, c.at.transport, c.at.era, s.Step.Step, s.Note))
			}
		}
	}
	return errors.Join(failed...)
}
