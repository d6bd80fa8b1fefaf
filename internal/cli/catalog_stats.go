package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/trilha/trilha/internal/catalog"
)

type statsCommand struct {
	Format string `help:"text or json." enum:"text,json" default:"text" env:"-"`
}

func (c *statsCommand) Run(e *env) error {
	stats, err := catalog.Embedded().Stats()
	if err != nil {
		return err
	}
	if c.Format == "json" {
		enc := json.NewEncoder(e.streams.Out)
		enc.SetIndent("", "  ")
		return enc.Encode(stats)
	}
	for i, columns := range statsTables(stats.All.Types) {
		if i > 0 {
			fmt.Fprintln(e.streams.Out)
		}
		if err := writeStats(e.streams.Out, stats, columns); err != nil {
			return err
		}
	}
	fmt.Fprintf(e.streams.Out, "\n%d routes\n", stats.Routes)
	return nil
}

// column is one number of the tables.
type column struct {
	name  string
	value func(n *catalog.Counts) string
}

func number(name string, of func(n *catalog.Counts) int) column {
	return column{name, func(n *catalog.Counts) string { return fmt.Sprint(of(n)) }}
}

func keyed(name, key string, of func(n *catalog.Counts) map[string]int) column {
	return number(name, func(n *catalog.Counts) int { return of(n)[key] })
}

func share(name string, of func(n *catalog.Counts) int) column {
	return column{name, func(n *catalog.Counts) string { return fmt.Sprintf("%d %%", 100*of(n)/max(n.Concepts, 1)) }}
}

// statsTables are the tables of catalog stats, each narrow enough for a terminal.
func statsTables(types map[string]int) [][]column {
	type n = *catalog.Counts
	languages := func(c n) map[string]int { return c.Languages }
	graph := []column{
		number("concepts", func(c n) int { return c.Concepts }),
		keyed("beginner", "beginner", func(c n) map[string]int { return c.Levels }),
		keyed("interm.", "intermediate", func(c n) map[string]int { return c.Levels }),
		keyed("advanced", "advanced", func(c n) map[string]int { return c.Levels }),
		number("requires", func(c n) int { return c.Requires }),
		number("helps", func(c n) int { return c.Helps }),
		number("chain", func(c n) int { return c.LongestChain }),
		number("first", func(c n) int { return c.FirstSteps }),
		number("minutes", func(c n) int { return c.Minutes }),
	}
	practice := []column{
		number("questions", func(c n) int { return c.Questions }),
		number("exercises", func(c n) int { return c.Exercises }),
		share("with exercise", func(c n) int { return c.Practised }),
	}
	links := []column{number("links", func(c n) int { return c.Resources }), number("different", func(c n) int { return c.URLs })}
	for _, l := range catalog.Languages() {
		links = append(links, keyed(l, l, languages))
	}
	for _, l := range catalog.Languages()[1:] {
		links = append(links, keyed("with "+l, l, func(c n) map[string]int { return c.Served }))
	}
	for _, l := range catalog.Languages() {
		practice = append(practice, keyed("wikipedia "+l, l, func(c n) map[string]int { return c.Wikipedia }))
	}
	var kinds []column
	for _, t := range slices.Sorted(maps.Keys(types)) {
		kinds = append(kinds, keyed(t, t, func(c n) map[string]int { return c.Types }))
	}
	return [][]column{graph, practice, links, kinds}
}

// writeStats writes one table: names to the left, numbers to the right.
func writeStats(out io.Writer, stats *catalog.Stats, columns []column) error {
	width := 0
	for _, n := range stats.Subjects {
		width = max(width, len(n.Name))
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	row := func(name string, cell func(c column) string) {
		fmt.Fprintf(table, "%-*s\t", width, name)
		for _, c := range columns {
			fmt.Fprintf(table, "%s\t", cell(c))
		}
		fmt.Fprintln(table)
	}
	for _, part := range []struct {
		name string
		of   []catalog.Counts
	}{{"subject", stats.Subjects}, {"field", stats.Categories}, {"", []catalog.Counts{stats.All}}} {
		if part.name != "" {
			row(strings.ToUpper(part.name), func(c column) string { return c.name })
		}
		for i := range part.of {
			row(part.of[i].Name, func(c column) string { return c.value(&part.of[i]) })
		}
	}
	return table.Flush()
}
