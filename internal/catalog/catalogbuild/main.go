// Command catalogbuild checks the hand-written subjects and routes in data/*.yaml and packs
// them into packed/. With -check it packs nothing. It runs in internal/catalog
// (go generate) or with file names from anywhere.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"text/tabwriter"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/catalog/yamlfile"
)

func main() {
	check := flag.Bool("check", false, "check only, write nothing")
	cues := flag.Bool("cues", false, "measure what gives quiz answers away and list the questions; write nothing")
	flag.Parse()
	if err := run(flag.Args(), *check, *cues); err != nil {
		fmt.Fprintln(os.Stderr, "catalogbuild:", err)
		os.Exit(1)
	}
}

func run(files []string, checkOnly, cues bool) error {
	if len(files) == 0 {
		files, _ = filepath.Glob("data/*.yaml")
	}
	if len(files) == 0 {
		return fmt.Errorf("no data/*.yaml here: run it in internal/catalog, or name the files")
	}
	subjects, routes, err := yamlfile.ReadAll(files...)
	if err != nil {
		return err
	}
	if cues {
		return writeCues(os.Stdout, subjects)
	}
	failed := 0
	for _, p := range append(catalog.Check(subjects), catalog.CheckRoutes(routes, subjects)...) {
		fmt.Println(p)
		if !p.Warning {
			failed++
		}
	}
	if failed > 0 {
		return fmt.Errorf("%d errors", failed)
	}
	if checkOnly {
		return nil
	}
	return write(subjects, routes)
}

// writeCues tells how often each cue finds the right answer, and then each question
// that one gives away: concept, number, language, cue, with tabs between.
func writeCues(out io.Writer, subjects []*catalog.Subject) error {
	figures, given := catalog.Cues(subjects)
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "where\tlanguage\tpoints at one\tright\tshare\tguessing finds\tof\tcue")
	for _, f := range figures {
		fmt.Fprintf(table, "%s\t%s\t%d\t%d\t%.1f %%\t%.1f %%\t%d\t%s\n",
			cmp.Or(f.Subject, "catalogue"), f.Language, f.Single, f.Found, f.Certain(), f.Guessed(), f.Questions, f.Cue)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(out)
	for _, g := range given {
		fmt.Fprintf(out, "%s\t%d\t%s\t%s\n", g.Concept, g.Number, g.Language, g.Cue)
	}
	return nil
}

// write replaces packed/ file by file; files of subjects that are gone go too.
func write(subjects []*catalog.Subject, routes []*catalog.Route) error {
	files, err := catalog.Pack(subjects, routes)
	if err != nil {
		return err
	}
	old, _ := filepath.Glob("packed/*.json.gz")
	for _, f := range old {
		if files[filepath.Base(f)] == nil {
			if err := os.Remove(f); err != nil {
				return err
			}
		}
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join("packed", name), data, 0o644); err != nil {
			return err
		}
	}
	return nil
}
