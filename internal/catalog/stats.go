package catalog

import "slices"

// Stats counts what the catalogue has: by subject, by category and in all.
type Stats struct {
	Subjects   []Counts `json:"subjects"`
	Categories []Counts `json:"categories"`
	All        Counts   `json:"all"`
	Routes     int      `json:"routes"`
}

// Counts are the sums over some subjects. What is by level, language or type has
// only those keys that occur.
type Counts struct {
	Name         string         `json:"name"` // of the subject or category
	Subjects     int            `json:"subjects"`
	Concepts     int            `json:"concepts"`
	Levels       map[string]int `json:"levels"`
	Requires     int            `json:"requires"`
	Helps        int            `json:"helps"`
	LongestChain int            `json:"longest_chain"` // concepts, each requiring the one before
	FirstSteps   int            `json:"first_steps"`   // concepts that require nothing
	Minutes      int            `json:"minutes"`       // of the concepts and the projects
	Resources    int            `json:"resources"`     // a link counts once for each concept that has it
	URLs         int            `json:"urls"`          // different ones
	Languages    map[string]int `json:"languages"`     // of resources
	Types        map[string]int `json:"types"`         // of resources
	Served       map[string]int `json:"served"`        // concepts with a resource in the language
	Wikipedia    map[string]int `json:"wikipedia"`     // concepts with an article in the language
	Questions    int            `json:"questions"`
	Exercises    int            `json:"exercises"`
	Practised    int            `json:"practised"` // concepts with an exercise

	urls map[string]bool
}

func newCounts(name string) *Counts {
	return &Counts{
		Name: name, Levels: map[string]int{}, Languages: map[string]int{}, Types: map[string]int{}, Served: map[string]int{},
		Wikipedia: map[string]int{}, urls: map[string]bool{},
	}
}

// Stats reads the whole catalogue and counts.
func (c *Catalog) Stats() (*Stats, error) {
	ix, err := c.Index()
	if err != nil {
		return nil, err
	}
	subjects, err := c.All()
	if err != nil {
		return nil, err
	}
	stats, all := &Stats{Routes: len(ix.Routes())}, newCounts("all")
	categories := map[string]*Counts{}
	for _, s := range subjects {
		if categories[s.Category] == nil {
			categories[s.Category] = newCounts(s.Category)
		}
		one := newCounts(s.ID)
		for _, sum := range []*Counts{one, categories[s.Category], all} {
			sum.subject(s)
		}
		one.chain(ix, func(id string) bool { return SubjectOf(id) == s.ID })
		stats.Subjects = append(stats.Subjects, *one)
	}
	for _, name := range Categories() {
		if sum := categories[name]; sum != nil {
			sum.chain(ix, func(id string) bool { return ix.Category(id) == name })
			stats.Categories = append(stats.Categories, *sum)
		}
	}
	all.chain(ix, func(string) bool { return true })
	stats.All = *all
	return stats, nil
}

func (n *Counts) subject(s *Subject) {
	n.Subjects++
	n.Minutes += s.Project.Minutes
	n.links(s.Resources)
	for i := range s.Concepts {
		n.concept(&s.Concepts[i])
	}
}

func (n *Counts) concept(c *Concept) {
	n.Concepts++
	n.Levels[c.Level]++
	n.Requires += len(c.Requires)
	n.Helps += len(c.Helps)
	if len(c.Requires) == 0 {
		n.FirstSteps++
	}
	n.Minutes += c.Minutes
	n.links(c.Resources)
	for _, l := range Languages() {
		if slices.ContainsFunc(c.Resources, func(r Resource) bool { return r.Language == l }) {
			n.Served[l]++
		}
		if c.Wikipedia.In(l) != "" {
			n.Wikipedia[l]++
		}
	}
	n.Questions += len(c.Quiz)
	n.Exercises += len(c.Exercises)
	if len(c.Exercises) > 0 {
		n.Practised++
	}
}

func (n *Counts) links(links []Resource) {
	for _, r := range links {
		n.Resources++
		n.Languages[r.Language]++
		n.Types[r.Type]++
		if !n.urls[r.URL] {
			n.urls[r.URL] = true
			n.URLs++
		}
	}
}

// chain measures the longest chain of requires among the concepts that are in.
func (n *Counts) chain(ix *Index, in func(id string) bool) {
	up := map[string]int{}
	for _, c := range ix.Concepts() { // requirements come first
		if !in(c.ID) {
			continue
		}
		for _, r := range c.Requires {
			up[c.ID] = max(up[c.ID], up[r])
		}
		up[c.ID]++
		n.LongestChain = max(n.LongestChain, up[c.ID])
	}
}
