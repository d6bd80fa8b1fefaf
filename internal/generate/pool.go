package generate

import (
	"cmp"
	"maps"
	"slices"
	"strings"

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
		for _, r := range requirements(ix, id) {
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

// requirements gives what a concept, or a subject's project, requires directly.
func requirements(ix *catalog.Index, id string) []string {
	if e := ix.Entry(id); e != nil {
		return e.Requires
	}
	if subject, ok := strings.CutSuffix(id, projectSuffix); ok && ix.Subject(subject) != nil {
		return ix.Subject(subject).ProjectRequires
	}
	return nil
}

// givenIDs is what a learner who knows some concepts or subjects has: knowing the
// whole is knowing its parts.
func givenIDs(ix *catalog.Index, known []string) map[string]bool {
	given := map[string]bool{}
	for _, k := range known {
		for _, id := range append(ix.Parts(k), k) {
			given[id] = true
		}
	}
	return given
}

// assumed closes a choice: what it requires and neither teaches nor is given, and
// apart from that what only those require in turn.
func assumed(ix *catalog.Index, ids []string, given map[string]bool) (direct, behind []string) {
	chosen, found := map[string]bool{}, map[string]bool{}
	for _, id := range ids {
		chosen[id] = true
	}
	missing := func(of []string) map[string]bool {
		set := map[string]bool{}
		for _, id := range of {
			for _, r := range requirements(ix, id) {
				if !chosen[r] && !given[r] && !found[r] {
					set[r] = true
				}
			}
		}
		maps.Copy(found, set)
		return set
	}
	direct = sortedByPosition(ix, missing(ids))
	all := map[string]bool{}
	for next := direct; len(next) > 0; {
		set := missing(next)
		maps.Copy(all, set)
		next = sortedByPosition(ix, set)
	}
	return direct, sortedByPosition(ix, all)
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
