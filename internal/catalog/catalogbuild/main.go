// Command catalogbuild checks the hand-written subjects and routes in data/*.yaml and packs
// them into packed/. With -check it packs nothing. It runs in internal/catalog
// (go generate) or with file names from anywhere.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/catalog/yamlfile"
)

func main() {
	check := flag.Bool("check", false, "check only, write nothing")
	flag.Parse()
	if err := run(flag.Args(), *check); err != nil {
		fmt.Fprintln(os.Stderr, "catalogbuild:", err)
		os.Exit(1)
	}
}

func run(files []string, checkOnly bool) error {
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
