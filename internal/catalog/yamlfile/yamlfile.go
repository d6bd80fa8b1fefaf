// Package yamlfile reads the hand-written subjects and routes of the catalogue. Only what
// packs and checks them uses it: the binary reads the packed form.
package yamlfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/trilha/trilha/internal/catalog"
)

// Read reads one subject with its concepts. A field that is not known is an error, and
// so is a file that is not named after its subject.
func Read(file string) (*catalog.Subject, error) {
	var doc struct {
		Subject  catalog.Subject   `json:"subject"`
		Concepts []catalog.Concept `json:"concepts"`
	}
	if err := decode(file, &doc); err != nil {
		return nil, err
	}
	if want := strings.TrimSuffix(filepath.Base(file), ".yaml"); doc.Subject.ID != want {
		return nil, fmt.Errorf("%s: subject id %q, want %q", file, doc.Subject.ID, want)
	}
	doc.Subject.Concepts = doc.Concepts
	return &doc.Subject, nil
}

// RoutesFile is the name of the one file that holds routes and no subject.
const RoutesFile = "routes.yaml"

// ReadRoutes reads the routes of a file. A field that is not known is an error.
func ReadRoutes(file string) ([]*catalog.Route, error) {
	var doc struct {
		Routes []*catalog.Route `json:"routes"`
	}
	err := decode(file, &doc)
	return doc.Routes, err
}

// ReadAll reads files, in the order given: subjects, and the routes of a RoutesFile.
func ReadAll(files ...string) (subjects []*catalog.Subject, routes []*catalog.Route, err error) {
	for _, f := range files {
		if filepath.Base(f) == RoutesFile {
			if routes, err = ReadRoutes(f); err != nil {
				return nil, nil, err
			}
			continue
		}
		s, err := Read(f)
		if err != nil {
			return nil, nil, err
		}
		subjects = append(subjects, s)
	}
	return subjects, routes, nil
}

func decode(file string, into any) error {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	asJSON, err := yaml.YAMLToJSON(raw)
	if err != nil {
		return fmt.Errorf("%s: %s", file, yaml.FormatError(err, false, true))
	}
	dec := json.NewDecoder(bytes.NewReader(asJSON))
	dec.DisallowUnknownFields()
	if err := dec.Decode(into); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}
