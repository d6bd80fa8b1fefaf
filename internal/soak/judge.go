package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"text/tabwriter"
	"time"
)

// outcome is what came of one visit.
type outcome struct {
	route, era  string
	calls, news int
	resumed     int
	took        time.Duration
	err         error
	hung        bool
	full        bool // there was no place for it
}

// tally counts visits by kind, route and era.
type tally struct {
	mu     sync.Mutex
	counts map[string]*count
	wrong  []string
	full   int
}

type count struct {
	visits, calls, news, resumed, wrong, hung int
	longest                                   time.Duration
}

func (t *tally) add(k kind, o outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if o.full {
		t.full++
		return
	}
	if t.counts == nil {
		t.counts = map[string]*count{}
	}
	name := k.name + "\t" + o.route + "\t" + o.era
	c := t.counts[name]
	if c == nil {
		c = &count{}
		t.counts[name] = c
	}
	c.visits++
	c.calls += o.calls
	c.news += o.news
	c.resumed += o.resumed
	c.longest = max(c.longest, o.took)
	switch {
	case o.hung:
		c.hung++
	case o.err != nil:
		c.wrong++
	}
	if o.err != nil && len(t.wrong) < 50 {
		t.wrong = append(t.wrong, fmt.Sprintf("%s %s: %s: %v", time.Now().Format(time.TimeOnly), strings.ReplaceAll(name, "\t", " "), o.took.Round(time.Millisecond), o.err))
	}
}

func (t *tally) print(out io.Writer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "visit\tover\tera\tvisits\tanswers\tnotifications\tresumed\tlongest\twrong\thung")
	var all count
	for _, name := range slices.Sorted(maps.Keys(t.counts)) {
		c := t.counts[name]
		c.row(w, name)
		all.visits += c.visits
		all.calls += c.calls
		all.news += c.news
		all.resumed += c.resumed
		all.wrong += c.wrong
		all.hung += c.hung
		all.longest = max(all.longest, c.longest)
	}
	all.row(w, "all\t\t")
	w.Flush()
	if t.full > 0 {
		fmt.Fprintf(out, "%d visits did not take place: %d were there\n", t.full, maxVisits)
	}
}

func (c count) row(w io.Writer, name string) {
	fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\t%.1f s\t%d\t%d\n", name, c.visits, c.calls, c.news, c.resumed, c.longest.Seconds(), c.wrong, c.hung)
}

// judge is an error if a visit went wrong, or there was none.
func (t *tally) judge() error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.counts) == 0 {
		return errors.New("nobody came")
	}
	if len(t.wrong) > 0 {
		return errors.New(strings.Join(t.wrong, "\n"))
	}
	return nil
}

// settleTime is how long what was left behind may take to end.
const settleTime = time.Minute

// lookAt puts the servers in order, once everybody has left, and notes what they hold.
func (s *soak) lookAt(ctx context.Context) error {
	for name, c := range map[string]*child{"fast": s.fast, "slow": s.slow} {
		if ctx.Err() == nil {
			if err := s.tidy(ctx, c); err != nil {
				return fmt.Errorf("tidy: %w", err)
			}
		}
		l, err := s.settled(context.WithoutCancel(ctx), name, c)
		if err != nil {
			return fmt.Errorf("a server does not answer: %w", err)
		}
		l.server, l.at = name, time.Since(s.began)
		s.looks = append(s.looks, l)
		fmt.Fprintf(s.out, "%8s %s: %d goroutines, heap %.1f MiB, resident %.1f MiB, %d files, %.1f %% of a core\n",
			l.at.Round(time.Second), name, l.state.Goroutines, mib(int(l.state.Heap)), mib(l.rss), l.files, 100*l.processor.Seconds()/l.at.Seconds())
	}
	return nil
}

func mib(bytes int) float64 { return float64(bytes) / (1 << 20) }

// settled looks until there are no more goroutines than at the first look, or it has
// taken too long.
func (s *soak) settled(ctx context.Context, name string, c *child) (l look, err error) {
	first, known := s.first(name)
	late := time.After(settleTime)
	if !known {
		late = time.After(settleTime / 6)
	}
	every := time.NewTicker(2 * time.Second)
	defer every.Stop()
	for {
		if l, err = c.look(ctx); err != nil || known && l.state.Goroutines <= first.state.Goroutines {
			return l, err
		}
		select {
		case <-late:
			return l, nil
		case <-every.C:
		}
	}
}

func (s *soak) first(name string) (look, bool) {
	i := slices.IndexFunc(s.looks, func(l look) bool { return l.server == name })
	if i < 0 {
		return look{}, false
	}
	return s.looks[i], true
}

// tidy ends the tasks and deletes the paths that vanished clients have left.
func (s *soak) tidy(ctx context.Context, server *child) error {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
	defer cancel()
	c, err := dialHTTP(ctx, server.base, modern)
	if err != nil {
		return err
	}
	defer c.Close()
	for _, t := range []struct {
		list, rows, id, end, of string
		arguments               map[string]any
	}{
		{"list_tasks", "tasks", "task_id", "cancel_task", "task_id", map[string]any{"status": "pending", "limit": 100}},
		{"list_learning_paths", "paths", "path_id", "delete_learning_path", "path_id", map[string]any{}},
	} {
		for {
			r, err := tool(ctx, c, t.list, t.arguments, nil)
			if err != nil {
				return err
			}
			rows, _ := r[t.rows].([]any)
			if len(rows) == 0 {
				break
			}
			for _, row := range rows {
				id := row.(map[string]any)[t.id]
				if _, err := tool(ctx, c, t.end, map[string]any{t.of: id}, nil); err != nil && !errors.As(err, new(*toolError)) {
					return err
				}
			}
		}
	}
	return nil
}

// growth is how much more one figure may be in the last third of the looks than in
// the middle one; the first third is for what fills up once: kept tasks, sessions
// that nobody ended and that expire after half an hour.
var growth = []struct {
	what  string
	of    func(look) float64
	times float64
	more  float64
}{
	{"goroutines", func(l look) float64 { return float64(l.state.Goroutines) }, 1, 5},
	{"heap, MiB", func(l look) float64 { return mib(int(l.state.Heap)) }, 1.05, 3},
	{"resident memory, MiB", func(l look) float64 { return mib(l.rss) }, 1.1, 8},
	{"open files", func(l look) float64 { return float64(l.files) }, 1, 5},
}

func (s *soak) judgeGrowth() error {
	var failed []error
	for name, c := range map[string]*child{"fast": s.fast, "slow": s.slow} {
		var looks []look
		for _, l := range s.looks {
			if l.server == name {
				looks = append(looks, l)
			}
		}
		if err := grew(looks); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w\n%s", name, err, c.stacks(context.Background())))
		}
	}
	return errors.Join(failed...)
}

// grew is an error if the later of the looks at a server found more than the earlier.
func grew(looks []look) error {
	if len(looks) < 2 {
		return fmt.Errorf("looked at %d times: run longer, or with a shorter -quiet", len(looks))
	}
	var failed []error
	third := max(1, len(looks)/3)
	for _, g := range growth {
		before := median(looks[max(0, len(looks)-2*third):len(looks)-third], g.of)
		after := median(looks[len(looks)-third:], g.of)
		if after > before*g.times+g.more {
			failed = append(failed, fmt.Errorf("%s grew from %.1f to %.1f", g.what, before, after))
		}
	}
	return errors.Join(failed...)
}

func median(looks []look, of func(look) float64) float64 {
	all := make([]float64, len(looks))
	for i, l := range looks {
		all[i] = of(l)
	}
	slices.Sort(all)
	return all[len(all)/2]
}
