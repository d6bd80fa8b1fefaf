package generate

import (
	"slices"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/learning"
)

// chooseOutline takes a caller's outline as it is, but for what is known: its own
// requirements, and between grounded items those of the graph where they do not
// contradict it. It also gives the item behind each chosen id.
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
	order := make(learning.Order, len(items))
	given := givenIDs(ix, p.Known)
	var kept, places []int
	var c choice
	for n, i := range sorted {
		for j := range needs[i] {
			order[n] = append(order[n], number[j])
		}
		slices.Sort(order[n])
		if !given[p.Outline[i]] {
			kept, places = append(kept, n), append(places, i)
			c.ids = append(c.ids, outlineID(p, i))
		}
	}
	c.order = order.Closure().On(kept)
	c.helps = helping(ix, c.ids)
	c.assumes, c.behind = assumed(ix, c.ids, given)
	return c, places
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
