package catalog

import (
	"slices"
	"strings"
)

// Bounds of routes that CheckRoutes holds.
const (
	minTargets               = 3
	minOverview, maxOverview = 90, 180 // words
)

// CheckRoutes finds what is wrong with routes through the subjects.
func CheckRoutes(routes []*Route, subjects []*Subject) []Problem {
	k := &checker{ids: map[string]bool{}}
	ix, err := newIndex(indexOf(subjects, routes...))
	if err != nil {
		return nil // Check says it
	}
	for _, c := range ix.Concepts() {
		k.ids[c.ID] = true
	}
	for _, r := range routes {
		k.once(r.ID)
		k.route(ix, r)
	}
	k.routeNames(ix)
	return k.problems
}

func (k *checker) route(ix *Index, r *Route) {
	if !strings.HasPrefix(r.ID, "route/") {
		k.fail(r.ID, "the id of a route begins with route/")
	}
	k.oneOf(r.ID, "category", r.Category, categories)
	k.text(r.ID, "title", r.Title)
	k.summary(r.ID, "summary", r.Summary)
	for _, l := range Languages() {
		if n := len(strings.Fields(r.Overview.In(l))); n < minOverview || n > maxOverview {
			k.fail(r.ID, "overview in %s has %d words, want %d to %d", l, n, minOverview, maxOverview)
		}
	}
	if len(r.Resources) > 0 {
		k.links(r.ID, r.Resources)
	}
	k.edges(r.ID, "targets", r.Targets)
	if len(r.Targets) < minTargets {
		k.fail(r.ID, "%d targets, want at least %d", len(r.Targets), minTargets)
	}
	k.trueView(ix, r)
}

// trueView holds that a route shows what its subject alone does not: concepts of
// several subjects, or a part of one.
func (k *checker) trueView(ix *Index, r *Route) {
	taught := map[string]bool{}
	for _, t := range r.Targets {
		taught[t] = true
		for id := range ix.Ancestors(t, nil) {
			taught[id] = true
		}
	}
	for _, t := range r.Targets {
		if SubjectOf(t) != SubjectOf(r.Targets[0]) {
			return
		}
	}
	if len(r.Targets) > 0 && !slices.ContainsFunc(ix.Parts(SubjectOf(r.Targets[0])), func(id string) bool { return !taught[id] }) {
		k.fail(r.ID, "leads through the whole of %s: give the subject an alias instead", SubjectOf(r.Targets[0]))
	}
}

// routeNames holds that no name of a route is claimed by anything else in one
// language. ix holds the routes too.
func (k *checker) routeNames(ix *Index) {
	type inLanguage struct{ language, folded string }
	claimed := map[inLanguage]string{}
	ix.eachName(func(id, language, name string) {
		key := inLanguage{language, Fold(name)}
		if other, ok := claimed[key]; ok && other != id && (ix.Route(id) != nil || ix.Route(other) != nil) {
			k.fail(id, "%q is claimed by %s too, in %s", name, other, language)
		}
		claimed[key] = id
	})
}
