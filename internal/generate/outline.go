package generate

import (
	"slices"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/learning"
)

// chooseOutline takes a caller's outline as it is: its own requirements, and
// between grounded items those of the graph where they do not contradict it.
func chooseOutline(ix *catalog.Index, p Plan) (choice, []int) {
	items := p.Request.Outline
	place := map[string]int{}
	for i, it := range items {
		place[catalog.Fold(it.Title)] = i
	}
	needs := make([]map[int]bool, len(items))
	for i, it := range items {
		needs[i] = map[int]bool{}
		for _, r := range it.Requires {
			needs[i][place[catalog.Fold(r)]] = true
		}
	}
	addGraphOrder(ix, p.Outline, needs)

	sorted := sortItems(needs)
	number := make([]int, len(items))
	for n, i := range sorted {
		number[i] = n
	}
	c := choice{ids: make([]string, len(items)), order: make(learning.Order, len(items))}
	for n, i := range sorted {
		c.ids[n] = outlineID(p, i)
		for j := range needs[i] {
			c.order[n] = append(c.order[n], number[j])
		}
		slices.Sort(c.order[n])
	}
	c.order = c.order.Reduce()
	c.assumes = outlineAssumes(ix, p)
	return c, sorted
}

// addGraphOrder adds, between items that the graph orders, its order, unless the
// caller's own says the opposite.
func addGraphOrder(ix *catalog.Index, ids []string, needs []map[int]bool) {
	for i, id := range ids {
		if id == "" {
			continue
		}
		before := ix.Ancestors(id, nil)
		for j, other := range ids {
			if other != "" && before[other] && !reaches(needs, j, i) {
				needs[i][j] = true
			}
		}
	}
}

// reaches says whether item from requires item to, directly or not.
func reaches(needs []map[int]bool, from, to int) bool {
	seen := map[int]bool{}
	var walk func(int) bool
	walk = func(i int) bool {
		if i == to {
			return true
		}
		if seen[i] {
			return false
		}
		seen[i] = true
		for j := range needs[i] {
			if walk(j) {
				return true
			}
		}
		return false
	}
	return walk(from)
}

// sortItems orders item numbers so that requirements come first, keeping the
// caller's order otherwise.
func sortItems(needs []map[int]bool) []int {
	var sorted []int
	done := make([]bool, len(needs))
	for len(sorted) < len(needs) {
		for i := range needs {
			ready := !done[i]
			for j := range needs[i] {
				ready = ready && done[j]
			}
			if ready {
				done[i] = true
				sorted = append(sorted, i)
				break
			}
		}
	}
	return sorted
}

func outlineAssumes(ix *catalog.Index, p Plan) []string {
	have := slices.Clone(p.Outline)
	for _, k := range p.Known {
		have = append(append(have, k), ix.Parts(k)...)
	}
	missing := map[string]bool{}
	for _, id := range p.Outline {
		if e := ix.Entry(id); e != nil {
			for _, r := range e.Requires {
				if !slices.Contains(have, r) {
					missing[r] = true
				}
			}
		}
	}
	return sortedByPosition(ix, missing)
}
