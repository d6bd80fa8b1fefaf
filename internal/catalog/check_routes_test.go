package catalog_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/trilha/trilha/internal/catalog"
)

// net is a route through ropes and knots without a fault.
func net() *catalog.Route {
	return &catalog.Route{
		RouteEntry: catalog.RouteEntry{
			ID: "route/net", Category: "arts", Title: same("Nets"), Aliases: each("fishing net"),
			Targets: []string{"knots/bight", "knots/reef", "ropes/yarn"},
		},
		Summary:  same(strings.Repeat("a summary that is long enough ", 3)),
		Overview: same(strings.Repeat("word ", 100)),
	}
}

func knotsAndRopes() []*catalog.Subject {
	ropes := &catalog.Subject{ID: "ropes", Title: same("Ropes")}
	for _, name := range []string{"yarn", "strand"} {
		ropes.Concepts = append(ropes.Concepts, catalog.Concept{Entry: catalog.Entry{ID: "ropes/" + name, Title: same(name), PartOf: "ropes"}})
	}
	knots := sound()
	third := knots.Concepts[0]
	third.ID, third.Title = "knots/hitch", same("hitch")
	knots.Concepts = append(knots.Concepts, third)
	return []*catalog.Subject{knots, ropes}
}

func TestASoundRouteHasNoProblem(t *testing.T) {
	t.Parallel()
	assert.Empty(t, catalog.CheckRoutes([]*catalog.Route{net()}, knotsAndRopes()))
}

func TestEveryRuleOfRoutesFindsItsBreach(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		breach func(*catalog.Route)
		want   string
	}{
		{"id", func(r *catalog.Route) { r.ID = "net" }, "error: net: the id of a route begins with route/"},
		{"category", func(r *catalog.Route) { r.Category = "magic" }, `category "magic"`},
		{"title", func(r *catalog.Route) { r.Title.Es = "" }, "title is missing in es"},
		{"summary", func(r *catalog.Route) { r.Summary.Pt = "short" }, "summary in pt has 5 characters"},
		{"short overview", func(r *catalog.Route) { r.Overview.Pt = "One word." }, "overview in pt has 2 words, want 90 to 180"},
		{"long overview", func(r *catalog.Route) { r.Overview.En = strings.Repeat("word ", 181) }, "overview in en has 181 words"},
		{"links", func(r *catalog.Route) { r.Resources = []catalog.Resource{{URL: "nowhere"}} }, `url "nowhere" is not a web address`},
		{"unknown target", func(r *catalog.Route) { r.Targets[0] = "knots/none" }, `targets "knots/none": there is no such id`},
		{"subject as target", func(r *catalog.Route) { r.Targets[0] = "knots" }, `targets "knots": there is no such id`},
		{"target twice", func(r *catalog.Route) { r.Targets[0] = "knots/reef" }, `targets "knots/reef" stands twice`},
		{"few targets", func(r *catalog.Route) { r.Targets = r.Targets[:2] }, "2 targets, want at least 3"},
		{"a whole subject", func(r *catalog.Route) { r.Targets = []string{"knots/bight", "knots/reef", "knots/hitch"} }, "leads through the whole of knots"},
		{"claimed title", func(r *catalog.Route) { r.Title.En = "Yarn" }, "is claimed by"},
		{"claimed alias", func(r *catalog.Route) { r.Aliases.Pt = []string{"ropes"} }, "is claimed by"},
	} {
		r := net()
		c.breach(r)
		assert.Contains(t, fmt.Sprint(catalog.CheckRoutes([]*catalog.Route{r}, knotsAndRopes())), c.want, c.name)
	}
	twice := fmt.Sprint(catalog.CheckRoutes([]*catalog.Route{net(), net()}, knotsAndRopes()))
	assert.Contains(t, twice, "the id stands twice")
}

func TestARouteThroughPartOfASubjectIsATrueView(t *testing.T) {
	t.Parallel()
	subjects := knotsAndRopes()
	fourth := subjects[0].Concepts[0]
	fourth.ID, fourth.Title = "knots/bend", same("bend")
	subjects[0].Concepts = append(subjects[0].Concepts, fourth)
	r := net()
	r.Targets = []string{"knots/bight", "knots/reef", "knots/hitch"}
	assert.Empty(t, catalog.CheckRoutes([]*catalog.Route{r}, subjects))
}
