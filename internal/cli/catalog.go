package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/trilha/trilha/internal/catalog"
)

type catalogCommand struct {
	Search searchCommand `cmd:"" help:"Find subjects, routes and concepts by words."`
	Show   showCommand   `cmd:"" help:"Show one concept, subject or route."`
	Check  checkCommand  `cmd:"" help:"Check the whole graph; exit code 1 when something is wrong."`
	Stats  statsCommand  `cmd:"" help:"Count what there is, by subject and field."`
	Export exportCommand `cmd:"" help:"Print the whole graph."`
}

type searchCommand struct {
	Query    []string `arg:"" help:"What to look for, in a few words."`
	Language string   `help:"Language of the titles." enum:"en,pt,es" default:"en" env:"TRILHA_LANGUAGE"`
	Limit    int      `help:"Answers at most." default:"8"`
}

func (c *searchCommand) Run(e *env) error {
	if c.Limit < 1 {
		return usageError{fmt.Errorf("--limit %d: give at least 1", c.Limit)}
	}
	ix, err := catalog.Embedded().Index()
	if err != nil {
		return err
	}
	found := ix.Search(strings.Join(c.Query, " "), c.Language, c.Limit)
	if len(found) == 0 {
		return fmt.Errorf("nothing found for %q; try other words, or trilha catalog export for everything", strings.Join(c.Query, " "))
	}
	for _, m := range found {
		fmt.Fprintf(e.streams.Out, "%-48s %s\n", m.ID, ix.Title(m.ID, c.Language))
	}
	return nil
}

type showCommand struct {
	Concept  []string `arg:"" help:"An id or a name."`
	Language string   `help:"Language of the texts." enum:"en,pt,es" default:"en" env:"TRILHA_LANGUAGE"`
}

func (c *showCommand) Run(e *env) error {
	cat := catalog.Embedded()
	ix, err := cat.Index()
	if err != nil {
		return err
	}
	name := strings.Join(c.Concept, " ")
	found := ix.Look(name, c.Language)
	if found.ID == "" {
		return notOne(name, found)
	}
	if !found.Same {
		fmt.Fprintf(e.streams.Err, "trilha: %q is taken for %q\n", name, ix.Title(found.ID, c.Language))
	}
	switch {
	case ix.Subject(found.ID) != nil:
		return showSubject(e.streams.Out, cat, found.ID, c.Language)
	case ix.Route(found.ID) != nil:
		return showRoute(e.streams.Out, cat, ix, found.ID, c.Language)
	}
	return showConcept(e.streams.Out, cat, ix, found.ID, c.Language)
}

// notOne says why a name shows nothing.
func notOne(name string, found catalog.Found) error {
	var near []string
	for _, m := range found.Matches[:min(5, len(found.Matches))] {
		near = append(near, m.ID)
	}
	switch {
	case found.Several():
		return fmt.Errorf("%q is ambiguous: %s; give one of these ids", name, strings.Join(near, ", "))
	case len(near) > 0:
		return fmt.Errorf("%q is not in the concept graph; nearest: %s", name, strings.Join(near, ", "))
	}
	return fmt.Errorf("%q is not in the concept graph; trilha catalog search finds concepts by name", name)
}

func showRoute(w io.Writer, cat *catalog.Catalog, ix *catalog.Index, id, language string) error {
	r, err := cat.Route(id)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s (%s)\n%s\n\n", r.Title.In(language), r.ID, r.Overview.In(language))
	for _, t := range r.Targets {
		fmt.Fprintf(w, "  %-48s %s\n", t, ix.Title(t, language))
	}
	return nil
}

func showSubject(w io.Writer, cat *catalog.Catalog, id, language string) error {
	s, err := cat.Subject(id)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s (%s)\n%s\n\n", s.Title.In(language), s.ID, s.Overview.In(language))
	for i := range s.Concepts {
		fmt.Fprintf(w, "  %-48s %s\n", s.Concepts[i].ID, s.Concepts[i].Title.In(language))
	}
	return nil
}

func showConcept(w io.Writer, cat *catalog.Catalog, ix *catalog.Index, id, language string) error {
	c, err := cat.Concept(id)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%s (%s)\n%s\n\nlevel %s, %d minutes, part of %s\n", c.Title.In(language), c.ID, c.Summary.In(language), c.Level, c.Minutes, ix.Title(c.PartOf, language))
	for _, edges := range []struct {
		name string
		ids  []string
	}{{"requires", c.Requires}, {"helped by", c.Helps}, {"required by", ix.Dependants(c.ID)}} {
		for _, other := range edges.ids {
			fmt.Fprintf(w, "%-12s %s (%s)\n", edges.name, ix.Title(other, language), other)
		}
	}
	for _, r := range c.Resources {
		fmt.Fprintf(w, "%-12s [%s] %s <%s>\n", r.Type, r.Language, strings.TrimSpace(r.Title+" "+r.Where), r.URL)
	}
	return nil
}

type checkCommand struct{}

var errCheck = errors.New("the concept graph has errors")

func (checkCommand) Run(e *env) error {
	subjects, err := catalog.Embedded().All()
	if err != nil {
		return err
	}
	routes, err := catalog.Embedded().Routes()
	if err != nil {
		return err
	}
	failed, concepts := 0, 0
	for _, p := range append(catalog.Check(subjects), catalog.CheckRoutes(routes, subjects)...) {
		fmt.Fprintln(e.streams.Out, p)
		if !p.Warning {
			failed++
		}
	}
	for _, s := range subjects {
		concepts += len(s.Concepts)
	}
	fmt.Fprintf(e.streams.Out, "%d subjects, %d concepts, %d routes, %d errors\n", len(subjects), concepts, len(routes), failed)
	if failed > 0 {
		return errCheck
	}
	return nil
}

type exportCommand struct {
	Format string `help:"json is all there is." enum:"json" default:"json" env:"-"`
}

func (exportCommand) Run(e *env) error {
	all, err := catalog.Embedded().Export()
	if err != nil {
		return err
	}
	enc := json.NewEncoder(e.streams.Out)
	enc.SetEscapeHTML(false)
	return enc.Encode(all)
}
