package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// unit is how a figure is read.
type unit struct {
	name   string
	digits int
	rate   bool // more is better; the ratio is still how much dearer Trilha is
}

var (
	millis  = unit{name: "ms", digits: 1}
	micros  = unit{name: "µs", digits: 0}
	perSec  = unit{name: "/s", digits: 0, rate: true}
	mibs    = unit{name: "MiB", digits: 1}
	kibs    = unit{name: "KiB", digits: 0}
	counted = unit{name: "", digits: 0}
)

type row struct {
	name         string
	unit         unit
	trilha, bare []float64
	under        float64 // goal for the figure; 0: none
	ratio        float64 // goal for the ratio; 0: none
}

// dearer is how many times as dear Trilha is, whichever way the unit goes.
func (r *row) dearer() float64 {
	if r.unit.rate {
		return median(r.bare) / median(r.trilha)
	}
	return median(r.trilha) / median(r.bare)
}

func (r *row) figure(of []float64) string {
	return strings.TrimSpace(fmt.Sprintf("%.*f %s", r.unit.digits, median(of), r.unit.name))
}

// table collects rows in the order in which they are first met.
type table struct {
	rows []*row
}

func (t *table) row(name string, u unit) *row {
	if i := slices.IndexFunc(t.rows, func(r *row) bool { return r.name == name }); i >= 0 {
		return t.rows[i]
	}
	t.rows = append(t.rows, &row{name: name, unit: u})
	return t.rows[len(t.rows)-1]
}

func (r *row) add(trilha, bare float64) *row {
	r.trilha, r.bare = append(r.trilha, trilha), append(r.bare, bare)
	return r
}

func (t *table) print(w io.Writer) {
	cells := [][]string{{"", "trilha", "bare", "times as dear"}}
	for _, r := range t.rows {
		cells = append(cells, []string{r.name, r.figure(r.trilha), r.figure(r.bare), fmt.Sprintf("%.2f", r.dearer())})
	}
	align(w, cells)
	goals := [][]string{{"goal", "figure", "wanted", ""}}
	for _, r := range t.rows {
		if r.under > 0 {
			goals = append(goals, []string{r.name, r.figure(r.trilha), "under " + r.figure([]float64{r.under}), verdict(median(r.trilha) < r.under)})
		}
		if r.ratio > 0 {
			goals = append(goals, []string{r.name, fmt.Sprintf("%.2f times", r.dearer()), fmt.Sprintf("at most %.2f", r.ratio), verdict(r.dearer() <= r.ratio)})
		}
	}
	fmt.Fprintln(w)
	align(w, goals)
}

func verdict(met bool) string {
	if met {
		return "met"
	}
	return "NOT MET"
}

// align pads the first column to the right and the others to the left.
func align(w io.Writer, cells [][]string) {
	widths := make([]int, len(cells[0]))
	for _, line := range cells {
		for i, c := range line {
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	for _, line := range cells {
		var b strings.Builder
		for i, c := range line {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c))
			if i == 0 {
				b.WriteString(c + pad)
			} else {
				b.WriteString("  " + pad + c)
			}
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
}
