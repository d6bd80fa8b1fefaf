package generate

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/learning"
)

// defaultLinks is how many links a step gets unless max_resources says otherwise.
const defaultLinks = 3

// maxResources is the name of the bound of links.
const maxResources = "max_resources"

// links shares the links out: each node gets one before any gets two, nodes in
// order, as far as max_resources goes.
func (b *builder) links(ctx context.Context, cursor json.RawMessage, commit Commit) error {
	offers, err := b.offers(ctx, cursor, commit)
	if err != nil {
		return err
	}
	for i, offer := range offers {
		if len(offer) > 0 && b.path.Nodes[i].Type != learning.Practice {
			b.withLinks++
		}
	}
	room := b.plan.Request.MaxResources
	if room == 0 {
		room = defaultLinks * len(b.path.Nodes)
	} else if room < b.withLinks {
		b.unmet = append(b.unmet, learning.Unmet{Bound: maxResources, Asked: room, Got: room, Why: whyLinks.in(b.language, b.withLinks)})
	}
	most := max(defaultLinks, (room+len(offers)-1)/len(offers))
	for round := 0; round < most && room > 0; round++ {
		for _, i := range b.linkOrder() {
			if round < len(offers[i]) && room > 0 {
				b.path.Nodes[i].Resources = append(b.path.Nodes[i].Resources, offers[i][round])
				room--
			}
		}
	}
	found := 0
	for i := range offers {
		if len(b.path.Nodes[i].Resources) > 0 {
			found++
		}
	}
	b.say(75, sayResources, found, len(offers))
	return nil
}

// offers lists each node's links. The cursor is those of the nodes that an earlier run
// had come to.
func (b *builder) offers(ctx context.Context, cursor json.RawMessage, commit Commit) ([][]learning.Resource, error) {
	offers := make([][]learning.Resource, 0, len(b.path.Nodes))
	if cursor != nil {
		if err := json.Unmarshal(cursor, &offers); err != nil {
			return nil, fmt.Errorf("resources as far as they were kept: %w", err)
		}
	}
	for i := len(offers); i < len(b.path.Nodes); i++ {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("generate: %w", err)
		}
		offer, err := b.offer(&b.path.Nodes[i])
		if err != nil {
			return nil, err
		}
		offers = append(offers, offer)
		if err := commit(func() (json.RawMessage, error) { return json.Marshal(offers) }); err != nil {
			return nil, err
		}
	}
	return offers, nil
}

// linkOrder lists the nodes in the order in which they get links: practice, which
// has exercises of its own, after the others.
func (b *builder) linkOrder() []int {
	var order, practice []int
	for i := range b.path.Nodes {
		if b.path.Nodes[i].Type == learning.Practice {
			practice = append(practice, i)
		} else {
			order = append(order, i)
		}
	}
	return append(order, practice...)
}

// offer lists a node's links, best first.
func (b *builder) offer(n *learning.Node) ([]learning.Resource, error) {
	id := n.ID
	if id == rootID {
		id = b.plan.Topic
	}
	if id == "" {
		return nil, nil
	}
	if subject, ok := strings.CutSuffix(id, projectSuffix); ok && n.Type == learning.ProjectOf {
		s, err := b.catalog.Subject(subject)
		if err != nil {
			return nil, err
		}
		// What serves the whole subject serves its project; from the end, since the
		// overview has the first.
		links := slices.Clone(s.Resources)
		slices.Reverse(links)
		return b.asResources(n.ID, "", links, catalog.Text{}), nil
	}
	if n.Type == learning.Practice {
		return b.practiceOffer(n)
	}
	links, wikipedia, err := b.linksOf(id)
	if err != nil {
		return nil, err
	}
	return b.asResources(n.ID, b.ix.Title(id, b.language), links, wikipedia), nil
}

// linksOf gives the links of a concept, a subject or a route; a route without any
// has those of the subjects it leads through.
func (b *builder) linksOf(id string) ([]catalog.Resource, catalog.Text, error) {
	switch {
	case b.ix.Subject(id) != nil:
		s, err := b.catalog.Subject(id)
		if err != nil {
			return nil, catalog.Text{}, err
		}
		return s.Resources, s.Wikipedia, nil
	case b.ix.Route(id) != nil:
		r, err := b.catalog.Route(id)
		if err != nil || len(r.Resources) > 0 {
			return r.Resources, catalog.Text{}, err
		}
		return b.subjectLinks(r.Targets)
	case b.ix.Entry(id) != nil:
		c, err := b.catalog.Concept(id)
		if err != nil {
			return nil, catalog.Text{}, err
		}
		return c.Resources, c.Wikipedia, nil
	default:
		return nil, catalog.Text{}, nil // a step of the caller's own
	}
}

// subjectLinks gives the first links of each subject that concepts belong to.
func (b *builder) subjectLinks(concepts []string) (links []catalog.Resource, wikipedia catalog.Text, err error) {
	seen := map[string]bool{}
	for _, id := range concepts {
		subject := catalog.SubjectOf(id)
		if seen[subject] {
			continue
		}
		seen[subject] = true
		s, err := b.catalog.Subject(subject)
		if err != nil {
			return nil, wikipedia, err
		}
		links = append(links, s.Resources...)
	}
	return links, wikipedia, nil
}

// practiceOffer lists what else there is to practise with, of the concepts that
// a step goes back to: exercises, quizzes and tools first.
func (b *builder) practiceOffer(n *learning.Node) ([]learning.Resource, error) {
	var practical, other []catalog.Resource
	seen := map[string]bool{}
	for _, id := range b.choice.practice[n.ID] {
		links, _, err := b.linksOf(id)
		if err != nil {
			return nil, err
		}
		for _, l := range links {
			switch {
			case seen[l.URL]:
			case l.Type == "exercise" || l.Type == "quiz" || l.Type == "tool":
				practical = append(practical, l)
			default:
				other = append(other, l)
			}
			seen[l.URL] = true
		}
	}
	if len(practical) == 0 {
		practical = other
	}
	return b.asResources(n.ID, "", practical, catalog.Text{}), nil
}

func (b *builder) asResources(nodeID, title string, links []catalog.Resource, wikipedia catalog.Text) []learning.Resource {
	all := slices.Clone(links)
	if u := wikipediaURL(wikipedia, b.language); u != "" {
		all = append(all, catalog.Resource{URL: u, Title: wikipediaTitle.in(b.language, title), Type: "article", Language: b.language, Minutes: 10})
	} else if u := wikipediaURL(wikipedia, "en"); u != "" {
		all = append(all, catalog.Resource{URL: u, Title: wikipediaTitle.in("en", strings.ReplaceAll(wikipedia.En, "_", " ")), Type: "article", Language: "en", Minutes: 10})
	}
	out := make([]learning.Resource, 0, len(all))
	for i, r := range preferred(all, b.language) {
		out = append(out, b.asResource(nodeID, i, r))
	}
	return out
}

// preferred puts links in the asked language first, then English ones, then the
// rest; within a language it alternates kinds, so that the first few differ.
func preferred(links []catalog.Resource, language string) []catalog.Resource {
	rank := func(r catalog.Resource) int {
		switch r.Language {
		case language:
			return 0
		case "en":
			return 1
		default:
			return 2
		}
	}
	seen := map[string]int{}
	turn := make(map[string]int, len(links))
	for _, r := range links {
		turn[r.URL] = seen[r.Language+r.Type]
		seen[r.Language+r.Type]++
	}
	out := slices.Clone(links)
	slices.SortStableFunc(out, func(a, c catalog.Resource) int {
		if d := rank(a) - rank(c); d != 0 {
			return d
		}
		return turn[a.URL] - turn[c.URL]
	})
	return out
}

func (b *builder) asResource(nodeID string, i int, r catalog.Resource) learning.Resource {
	out := learning.Resource{
		ID: fmt.Sprintf("%s#r%d", nodeID, i+1), Title: r.Title, URL: r.URL, Type: r.Type,
		Metadata: map[string]string{"language": r.Language},
	}
	about := r.Where
	if r.Where != "" {
		out.Metadata["where"] = r.Where
	}
	if r.Language != b.language {
		about = strings.TrimPrefix(about+". "+inLanguage[r.Language].in(b.language), ". ")
	}
	if about != "" {
		out.Description = &about
	}
	if r.Minutes > 0 {
		minutes := r.Minutes
		if r.Type == "article" || r.Type == "documentation" || r.Type == "book" || r.Type == "qa" {
			out.ReadTime = &minutes
		} else {
			out.Duration = &minutes
		}
	}
	return out
}

// wikipediaURL gives the article's address in a language, or nothing.
func wikipediaURL(titles catalog.Text, language string) string {
	title := titles.In(language)
	if title == "" {
		return ""
	}
	u := url.URL{Scheme: "https", Host: language + ".wikipedia.org", Path: "/wiki/" + title}
	return u.String()
}
