// Command catalogbuild checks the hand-written subjects in data/*.yaml and packs
// them into packed/. With -check it packs nothing. It runs in internal/catalog
// (go generate) or with file names from anywhere.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/trilha/trilha/internal/catalog"
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
	var subjects []*catalog.Subject
	for _, f := range files {
		s, err := read(f)
		if err != nil {
			return err
		}
		subjects = append(subjects, s)
	}
	failed := 0
	for _, p := range catalog.Check(subjects) {
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
	return write(subjects)
}

func read(file string) (*catalog.Subject, error) {
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	asJSON, err := yaml.YAMLToJSON(raw)
	if err != nil {
		return nil, fmt.Errorf("%s: %s", file, yaml.FormatError(err, false, true))
	}
	var doc struct {
		Subject  catalog.Subject   `json:"subject"`
		Concepts []catalog.Concept `json:"concepts"`
	}
	dec := json.NewDecoder(bytes.NewReader(asJSON))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&doc); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if want := strings.TrimSuffix(filepath.Base(file), ".yaml"); doc.Subject.ID != want {
		return nil, fmt.Errorf("%s: subject id %q, want %q", file, doc.Subject.ID, want)
	}
	doc.Subject.Concepts = doc.Concepts
	return &doc.Subject, nil
}

// write replaces packed/ file by file; files of subjects that are gone go too.
func write(subjects []*catalog.Subject) error {
	files, err := catalog.Pack(subjects)
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
