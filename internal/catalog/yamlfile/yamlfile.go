// Package yamlfile reads the hand-written subjects of the catalogue. Only what
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

// ReadAll reads files, in the order given.
func ReadAll(files ...string) ([]*catalog.Subject, error) {
	var subjects []*catalog.Subject
	for _, f := range files {
		s, err := Read(f)
		if err != nil {
			return nil, err
		}
		subjects = append(subjects, s)
	}
	return subjects, nil
}
