package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
)

// examples is how many requests are shown for each kind of breach.
const examples = 5

// report gathers verdicts. It is safe for concurrent use.
type report struct {
	mu       sync.Mutex
	requests int
	paths    int
	ends     map[string]int
	breaches map[string]*kind
	open     map[string]*kind
}

// kind is a law, or a part of one, with the requests whose answers break it.
type kind struct {
	times int
	sizes map[int]int // of gaps
	shown []example   // the first ones by number
}

type example struct {
	number  uint64
	request request
	what    string
}

func newReport() *report {
	return &report{ends: map[string]int{}, breaches: map[string]*kind{}, open: map[string]*kind{}}
}

func (r *report) add(v verdict) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.requests++
	r.paths += v.paths
	r.ends[v.end]++
	seen := map[string]bool{}
	for _, b := range v.found {
		if !seen[b.law] { // a law counts once a request
			seen[b.law] = true
			r.kindOf(b).add(v, b)
		}
	}
}

func (r *report) kindOf(b breach) *kind {
	kinds := r.breaches
	if b.open {
		kinds = r.open
	}
	if kinds[b.law] == nil {
		kinds[b.law] = &kind{sizes: map[int]int{}}
	}
	return kinds[b.law]
}

func (k *kind) add(v verdict, b breach) {
	k.times++
	k.sizes[b.gap]++
	k.shown = append(k.shown, example{v.number, v.request, b.what})
	slices.SortFunc(k.shown, func(a, b example) int { return cmp.Compare(a.number, b.number) })
	k.shown = k.shown[:min(len(k.shown), examples)]
}

// broken counts the breaches.
func (r *report) broken() (n int) {
	for _, k := range r.breaches {
		n += k.times
	}
	return n
}

func (r *report) print(w io.Writer) {
	fmt.Fprintf(w, "%8d requests\n", r.requests)
	for _, end := range slices.Sorted(maps.Keys(r.ends)) {
		fmt.Fprintf(w, "%8d   %s\n", r.ends[end], end)
	}
	fmt.Fprintf(w, "%8d paths inspected\n%8d laws looked at (%d a path)\n", r.paths, r.paths*len(laws), len(laws))
	fmt.Fprintf(w, "%8d breaches\n", r.broken())
	r.table(w, r.breaches)
	total := 0
	for _, k := range r.open {
		total += k.times
	}
	fmt.Fprintf(w, "%8d open: gaps of counting, and what the contract can be read to allow\n", total)
	r.table(w, r.open)
	r.details(w, "BREACH", r.breaches)
	r.details(w, "OPEN", r.open)
}

func (r *report) table(w io.Writer, kinds map[string]*kind) {
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		k := kinds[name]
		fmt.Fprintf(w, "%8d   %s%s\n", k.times, name, k.spread())
	}
}

// spread tells how large gaps are, and how often.
func (k *kind) spread() string {
	if k.sizes[0] > 0 {
		return ""
	}
	var parts []string
	for _, size := range slices.Sorted(maps.Keys(k.sizes)) {
		parts = append(parts, fmt.Sprintf("%d: %d", size, k.sizes[size]))
	}
	return " (size: times) " + strings.Join(parts, ", ")
}

func (r *report) details(w io.Writer, title string, kinds map[string]*kind) {
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		fmt.Fprintf(w, "\n%s %s\n", title, name)
		for _, e := range kinds[name].shown {
			raw, err := json.Marshal(e.request)
			if err != nil {
				raw = []byte(err.Error())
			}
			fmt.Fprintf(w, "  #%d %s\n     %s\n", e.number, raw, e.what)
		}
	}
}
