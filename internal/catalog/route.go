package catalog

import (
	"slices"

	"github.com/trilha/trilha/internal/fault"
)

// RouteEntry is what the index knows of a route.
type RouteEntry struct {
	ID       string   `json:"id"` // route/...
	Category string   `json:"category"`
	Title    Text     `json:"title"`
	Aliases  Texts    `json:"aliases"`
	Broad    Texts    `json:"broad,omitzero"` // as a subject's
	Targets  []string `json:"targets"`        // concept ids: what someone who went it can do
}

// Route is a named view of the graph that no subject or concept gives: a topic
// that spans subjects, or one thread through a subject. What its targets require
// is the graph's to say.
type Route struct {
	RouteEntry
	Summary   Text       `json:"summary"`
	Overview  Text       `json:"overview"`
	Resources []Resource `json:"resources,omitempty"` // for the overview; none: those of its subjects serve
}

// Route gives a route, or nil.
func (ix *Index) Route(id string) *RouteEntry {
	i := slices.IndexFunc(ix.routes, func(r *RouteEntry) bool { return r.ID == id })
	if i < 0 {
		return nil
	}
	return ix.routes[i]
}

// Routes lists the routes in their order.
func (ix *Index) Routes() []*RouteEntry { return ix.routes }

// Route gives a route whole, reading the routes at first use, or NotFound.
func (c *Catalog) Route(id string) (*Route, error) {
	routes, err := c.routes()
	if err != nil {
		return nil, err
	}
	for _, r := range routes {
		if r.ID == id {
			return r, nil
		}
	}
	return nil, fault.New(fault.NotFound, "no route %q", id)
}

// Routes gives every route whole.
func (c *Catalog) Routes() ([]*Route, error) { return c.routes() }
