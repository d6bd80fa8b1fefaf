// Command bench measures Trilha beside a bare mcp-go server (package bare) in the
// same run, its transports beside mcp-go's, and its task stores beside a bare River
// client on the same databases, so that its figures mean something on any machine: what
// counts is the ratio. It takes five minutes and fails on no figure.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"slices"
	"time"
)

// runs is how often everything is measured; medians are shown.
const runs = 3

func main() {
	kept := flag.Int("kept", 10_000, "tasks that the stores keep where memory is measured")
	only := flag.String("only", "", "calls, transports or stores; empty: all")
	profile := flag.String("cpuprofile", "", "write a CPU profile of the loads in process here; the label load tells them apart")
	flag.Parse()
	if err := run(context.Background(), *only, *kept, *profile); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, only string, kept int, profile string) error {
	dir, err := os.MkdirTemp("", "trilha-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	b, err := newBench(dir)
	if err != nil {
		return err
	}
	b.kept = kept
	if err := b.build(ctx); err != nil {
		return err
	}
	began := time.Now()
	steps := map[string][]func(context.Context) error{
		"calls": {
			b.starts, b.idle,
			b.profiled(profile, b.loadsInProcess), b.loadsOverStdio,
			b.finishing, b.generation, b.memory,
		},
		"transports": {b.transports},
		"stores":     {b.stores},
	}
	steps[""] = slices.Concat(steps["calls"], steps["transports"], steps["stores"])
	if steps[only] == nil {
		return fmt.Errorf("-only %q: use calls, transports or stores", only)
	}
	for _, step := range steps[only] {
		if err := step(ctx); err != nil {
			return err
		}
	}
	fmt.Printf("%s, %s/%s, %d cores, seed %d, medians of %d runs, %.0f s\n\n",
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), seed, runs, time.Since(began).Seconds())
	if len(b.table.rows) > 0 {
		b.table.print(os.Stdout)
		fmt.Println()
	}
	if len(b.wired) > 0 {
		b.printWires(os.Stdout)
		fmt.Println()
	}
	if len(b.stored.names) > 0 {
		b.stored.print(os.Stdout)
	}
	return nil
}

// build makes the two programs, trilha as `make build` does.
func (b *bench) build(ctx context.Context) error {
	for program, pkg := range map[string]string{b.trilha: "cmd/trilha", b.bare: "internal/bench/bareserver"} {
		c := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags", "-s -w", "-o", program, "github.com/trilha/trilha/"+pkg)
		c.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := c.CombinedOutput(); err != nil {
			return fmt.Errorf("build %s: %w\n%s", pkg, err, out)
		}
	}
	return nil
}

func (b *bench) profiled(file string, step func(context.Context) error) func(context.Context) error {
	if file == "" {
		return step
	}
	return func(ctx context.Context) error {
		f, err := os.Create(filepath.Clean(file))
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		err = step(ctx)
		pprof.StopCPUProfile()
		if closing := f.Close(); err == nil {
			err = closing
		}
		return err
	}
}
