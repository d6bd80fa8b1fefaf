package generate

import (
	"cmp"
	"slices"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/learning"
)

// projectSuffix makes the node id of a subject's project from the subject's id.
const projectSuffix = "/project"

// pool is all that could serve a topic, with what it needs, and the order that
// the graph gives it. Items are numbered in learning order, a project last.
type pool struct {
	ids      []string
	number   map[string]int
	requires [][]int // hard requirements, direct ones
	before   learning.Closure
	after    [][]int // what requires an item directly
}

// newPool gathers what is wanted, a project if there is one, and all that these
// require.
func newPool(ix *catalog.Index, wanted []string, project *catalog.SubjectEntry) *pool {
	set := map[string]bool{}
	include := func(id string) {
		set[id] = true
		for a := range ix.Ancestors(id, nil) {
			set[a] = true
		}
	}
	for _, id := range wanted {
		include(id)
	}
	if project != nil {
		for _, id := range project.ProjectRequires {
			include(id)
		}
	}
	p := &pool{ids: sortedByPosition(ix, set), number: make(map[string]int, len(set)+1)}
	if project != nil {
		p.ids = append(p.ids, project.ID+projectSuffix)
	}
	for i, id := range p.ids {
		p.number[id] = i
	}
	p.requires, p.after = make([][]int, len(p.ids)), make([][]int, len(p.ids))
	for i, id := range p.ids {
		direct := []string(nil)
		if e := ix.Entry(id); e != nil {
			direct = e.Requires
		} else {
			direct = project.ProjectRequires
		}
		for _, r := range direct {
			j := p.number[r]
			p.requires[i] = append(p.requires[i], j)
			p.after[j] = append(p.after[j], i)
		}
	}
	p.before = learning.Order(p.requires).Closure()
	return p
}

// numbers gives the numbers of ids, those that are not of the pool left out.
func (p *pool) numbers(ids []string) []int {
	var out []int
	for _, id := range ids {
		if i, ok := p.number[id]; ok {
			out = append(out, i)
		}
	}
	return out
}

// byCentrality orders items by how many others of them need them, directly or
// not; among equals the one with fewer requirements first, then the authors' order.
func (p *pool) byCentrality(items []int) []int {
	needed, needs := map[int]int{}, map[int]int{}
	for _, i := range items {
		for _, j := range items {
			if p.before.Before(j, i) {
				needed[j]++
				needs[i]++
			}
		}
	}
	out := slices.Clone(items)
	slices.SortStableFunc(out, func(a, b int) int {
		return cmp.Or(needed[b]-needed[a], needs[a]-needs[b], a-b)
	})
	return out
}

func sortedByPosition(ix *catalog.Index, set map[string]bool) []string {
	ids := make([]string, 0, len(set))
	for id := range set {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b string) int {
		return cmp.Or(ix.Position(a)-ix.Position(b), cmp.Compare(a, b))
	})
	return ids
}
