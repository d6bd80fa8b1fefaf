package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"

	"github.com/trilha/trilha/internal/catalog"
)

// request is what a client sends. A bound of 0 is not given.
type request struct {
	Topic        string   `json:"topic"`
	NumNodes     int      `json:"num_nodes,omitempty"`
	MaxResources int      `json:"max_resources,omitempty"`
	MinWidth     int      `json:"min_width,omitempty"`
	MaxWidth     int      `json:"max_width,omitempty"`
	MinHeight    int      `json:"min_height,omitempty"`
	MaxHeight    int      `json:"max_height,omitempty"`
	Language     string   `json:"language,omitempty"`
	Level        string   `json:"level,omitempty"`
	Known        []string `json:"known,omitempty"`
	Outline      []step   `json:"outline,omitempty"`
	Strict       bool     `json:"strict,omitempty"`
}

// step is one step of an outline.
type step struct {
	Title    string   `json:"title"`
	Requires []string `json:"requires,omitempty"`
}

// language is the one in which the path must come.
func (r request) language() string {
	if r.Language == "" {
		return "en"
	}
	return r.Language
}

// bound gives a numeric field by its name on the wire, or nil.
func (r *request) bound(name string) *int {
	switch name {
	case "num_nodes":
		return &r.NumNodes
	case "max_resources":
		return &r.MaxResources
	case "min_width":
		return &r.MinWidth
	case "max_width":
		return &r.MaxWidth
	case "min_height":
		return &r.MinHeight
	case "max_height":
		return &r.MaxHeight
	}
	return nil
}

// contradiction tells what no path could meet, from the request alone; empty if
// nothing.
func (r request) contradiction() string {
	switch {
	case r.MinWidth > 0 && r.MaxWidth > 0 && r.MinWidth > r.MaxWidth:
		return "min_width above max_width"
	case r.MinHeight > 0 && r.MaxHeight > 0 && r.MinHeight > r.MaxHeight:
		return "min_height above max_height"
	case r.NumNodes == 0:
		return ""
	case r.MaxWidth > 0 && r.MaxHeight > 0 && 1+r.MaxWidth*(r.MaxHeight-1) < r.NumNodes:
		return "more nodes than width and height hold"
	case max(r.MinWidth, 1)+max(r.MinHeight, 2)-1 > r.NumNodes:
		return "fewer nodes than the minimums need"
	}
	return ""
}

// asker makes requests up from a seed.
type asker struct {
	world *world
	rand  *rand.Rand
}

// one gives request number i of a seed, always the same.
func one(w *world, seed, i uint64) request {
	a := asker{w, rand.New(rand.NewPCG(seed, i))}
	return a.request()
}

func (a *asker) in(n int) bool { return a.rand.IntN(n) == 0 }

func pick[T any](a *asker, from []T) T { return from[a.rand.IntN(len(from))] }

// among draws from lo to hi, small numbers more often.
func (a *asker) among(lo, small, hi int) int {
	if a.in(4) {
		return lo + a.rand.IntN(hi-lo+1)
	}
	return lo + a.rand.IntN(small-lo+1)
}

func (a *asker) request() request {
	var r request
	id := a.topic(&r)
	a.bounds(&r)
	if a.in(20) {
		a.contradict(&r)
	} else if !a.in(10) {
		reconcile(&r)
	}
	r.Language = pick(a, []string{"", "en", "pt", "pt", "es", "es"})
	if a.in(4) {
		r.Level = pick(a, []string{"beginner", "intermediate", "advanced"})
	}
	if a.in(3) {
		a.known(&r, id)
	}
	r.Strict = a.in(4)
	return r
}

// topic fills in what to learn and gives its id; empty for an outline on
// something else. Whatever else can be named one day is drawn here, and world.base
// says what it is made of.
func (a *asker) topic(r *request) string {
	if a.in(12) {
		return a.outline(r)
	}
	id := a.concept()
	switch {
	case len(a.world.routes) > 0 && a.in(8):
		id = pick(a, slices.Sorted(maps.Keys(a.world.routes)))
	case a.in(2):
		id = pick(a, a.world.subjects).id
	}
	r.Topic = a.called(id)
	return id
}

func (a *asker) concept() string {
	for {
		if it := pick(a, a.world.items); !it.project {
			return it.id
		}
	}
}

// called is an id or a title in some language, one that nothing else carries.
func (a *asker) called(id string) string {
	titles := a.world.titles(id)
	for range 5 {
		name := pick(a, []string{id, titles.En, titles.Pt, titles.Es})
		if a.world.meaning(name) == id {
			return name
		}
	}
	return id
}

func (a *asker) bounds(r *request) {
	if !a.in(3) {
		r.NumNodes = a.among(3, 30, 100)
	}
	if a.in(3) {
		r.MaxResources = a.among(5, 40, 300)
	}
	if a.in(3) {
		r.MinWidth = a.among(1, 6, 30)
	}
	if a.in(3) {
		r.MaxWidth = a.among(1, 8, 100)
	}
	if a.in(3) {
		r.MinHeight = a.among(2, 9, 30)
	}
	if a.in(3) {
		r.MaxHeight = a.among(2, 10, 100)
	}
}

// reconcile moves given bounds so that they do not contradict each other.
func reconcile(r *request) {
	if r.MinWidth > 0 && r.MaxWidth > 0 {
		r.MinWidth = min(r.MinWidth, r.MaxWidth)
	}
	if r.MinHeight > 0 && r.MaxHeight > 0 {
		r.MinHeight = min(r.MinHeight, r.MaxHeight)
	}
	if r.NumNodes == 0 {
		return
	}
	r.NumNodes = max(r.NumNodes, max(r.MinWidth, 1)+max(r.MinHeight, 2)-1)
	if r.MaxWidth > 0 && r.MaxHeight > 0 && 1+r.MaxWidth*(r.MaxHeight-1) < r.NumNodes {
		r.MaxHeight = min(100, (r.NumNodes-1+r.MaxWidth-1)/r.MaxWidth+1)
	}
}

func (a *asker) contradict(r *request) {
	switch a.rand.IntN(4) {
	case 0:
		r.MaxWidth = 1 + a.rand.IntN(20)
		r.MinWidth = r.MaxWidth + 1 + a.rand.IntN(10)
	case 1:
		r.MaxHeight = 2 + a.rand.IntN(20)
		r.MinHeight = r.MaxHeight + 1 + a.rand.IntN(8)
	case 2:
		r.MaxWidth, r.MaxHeight = 1+a.rand.IntN(6), 2+a.rand.IntN(6)
		r.MinWidth, r.MinHeight = 0, 0
		r.NumNodes = min(100, 2+r.MaxWidth*(r.MaxHeight-1)+a.rand.IntN(20))
	case 3:
		r.MinWidth, r.MinHeight = 2+a.rand.IntN(28), 2+a.rand.IntN(28)
		r.MaxWidth, r.MaxHeight = 0, 0
		r.NumNodes = max(3, r.MinWidth+r.MinHeight-2-a.rand.IntN(6))
	}
}

// known adds what is mastered: mostly what the topic touches, sometimes nonsense.
func (a *asker) known(r *request, topic string) {
	var near []string
	if topic != "" {
		m := a.world.matterOf(request{Topic: topic})
		for i := range m.wide.all() {
			if it := a.world.items[i]; !it.project && it.id != topic {
				near = append(near, it.id)
			}
		}
	}
	for range a.rand.IntN(5) {
		id := a.concept()
		switch {
		case a.in(10):
			r.Known = append(r.Known, fmt.Sprintf("zqx%d wvk%d", a.rand.IntN(1000), a.rand.IntN(1000)))
			continue
		case a.in(12):
			id = pick(a, a.world.subjects).id
		case len(near) > 0 && !a.in(4):
			id = pick(a, near)
		}
		if id != topic || a.in(10) {
			r.Known = append(r.Known, a.called(id))
		}
	}
}

// outline makes up the caller's own steps: some of the graph, some of their own,
// that require some of those before.
func (a *asker) outline(r *request) (topic string) {
	r.Topic = "my own course"
	if a.in(3) {
		topic = pick(a, a.world.subjects).id
		r.Topic = a.called(topic)
	}
	home := pick(a, a.world.subjects).id
	taken := map[string]bool{}
	for i := range 2 + a.rand.IntN(a.among(2, 15, 60)) {
		title := fmt.Sprintf("Zqx step %d", i+1)
		if !a.in(3) {
			id := a.concept()
			for range 4 {
				if catalog.SubjectOf(id) != home {
					id = a.concept()
				}
			}
			if !taken[id] {
				title = a.called(id)
				taken[id] = true
			}
		}
		r.Outline = append(r.Outline, step{Title: title, Requires: a.requires(r.Outline)})
	}
	// What is required need not stand first.
	a.rand.Shuffle(len(r.Outline), func(i, j int) { r.Outline[i], r.Outline[j] = r.Outline[j], r.Outline[i] })
	return topic
}

func (a *asker) requires(before []step) (titles []string) {
	for _, s := range before {
		if len(titles) < 3 && a.rand.IntN(len(before)) < 1 {
			titles = append(titles, s.Title)
		}
	}
	return titles
}
