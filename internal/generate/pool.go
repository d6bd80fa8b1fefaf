package generate

import (
	"cmp"
	"maps"
	"math"
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
	helps    [][]int // what helps an item
	weight   []float64
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
	p.helps, p.weight = make([][]int, len(p.ids)), make([]float64, len(p.ids))
	for i, id := range p.ids {
		if e := ix.Entry(id); e != nil {
			p.helps[i] = p.numbers(e.Helps)
			p.weight[i] = levelWeight[e.Level]
		}
	}
	p.before = learning.Order(p.requires).Closure()
	if project != nil {
		for i := range p.ids[:len(p.ids)-1] {
			if p.before.Before(i, len(p.ids)-1) {
				p.weight[i]++
			}
		}
	}
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

// byCentrality orders items by what they serve: the others that require them,
// each half as much for every step between (in the manner of Katz 1953), those that
// they help, the project; what is elementary before what is advanced; among equals
// the authors' order.
func (p *pool) byCentrality(items []int) []int {
	score := make(map[int]float64, len(items))
	for _, i := range items {
		score[i] += p.weight[i]
	}
	for _, i := range items {
		for j, steps := range p.below(i) {
			score[j] += math.Pow(0.5, float64(steps-1))
		}
		for _, j := range p.helps[i] {
			score[j]++
		}
	}
	out := slices.Clone(items)
	slices.SortStableFunc(out, func(a, b int) int {
		return cmp.Or(cmp.Compare(score[b], score[a]), a-b)
	})
	return out
}

// below gives what i requires, with the number of steps to it.
func (p *pool) below(i int) map[int]int {
	steps := map[int]int{}
	for todo := []int{i}; len(todo) > 0; todo = todo[1:] {
		for _, j := range p.requires[todo[0]] {
			if steps[j] == 0 {
				steps[j] = steps[todo[0]] + 1
				todo = append(todo, j)
			}
		}
	}
	return steps
}

// levelWeight is how much a concept's level adds to what it serves.
var levelWeight = map[string]float64{"beginner": 1, "advanced": -1}

// helping lists, for each of ids, the numbers of those before it that help it.
func helping(ix *catalog.Index, ids []string) [][]int {
	helps := make([][]int, len(ids))
	for i, id := range ids {
		e := ix.Entry(id)
		if e == nil {
			continue
		}
		for _, h := range e.Helps {
			if j := slices.Index(ids[:i], h); j >= 0 {
				helps[i] = append(helps[i], j)
			}
		}
	}
	return helps
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
