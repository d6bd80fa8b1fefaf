package catalog

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
)

// Pack gives the files that are embedded, by name: the index, one file a subject
// and one for the routes, each gzipped JSON.
func Pack(subjects []*Subject, routes []*Route) (map[string][]byte, error) {
	files := map[string][]byte{}
	add := func(name string, v any) error {
		var buf bytes.Buffer
		zw, err := gzip.NewWriterLevel(&buf, gzip.BestCompression)
		if err != nil {
			return err
		}
		if err := json.NewEncoder(zw).Encode(v); err != nil {
			return fmt.Errorf("pack %s: %w", name, err)
		}
		if err := zw.Close(); err != nil {
			return fmt.Errorf("pack %s: %w", name, err)
		}
		files[name] = buf.Bytes()
		return nil
	}
	if err := add("index.json.gz", indexOf(subjects, routes...)); err != nil {
		return nil, err
	}
	if err := add("routes.json.gz", routes); err != nil {
		return nil, err
	}
	if err := add("texts.json.gz", indexTexts(subjects, routes)); err != nil {
		return nil, err
	}
	for _, s := range subjects {
		if err := add(s.ID+".json.gz", s); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// Export is the whole graph as one document, for those who judge or reuse it.
type Export struct {
	Concepts []Concept  `json:"concepts"`
	Subjects []*Subject `json:"subjects"`
	Routes   []*Route   `json:"routes"`
}

// Export gathers every concept and, without them, every subject; and the routes.
func (c *Catalog) Export() (Export, error) {
	all, err := c.All()
	if err != nil {
		return Export{}, err
	}
	routes, err := c.Routes()
	if err != nil {
		return Export{}, err
	}
	out := Export{Routes: orEmpty(routes)}
	for _, s := range all {
		for _, c := range s.Concepts {
			out.Concepts = append(out.Concepts, listed(c))
		}
		bare := *s
		bare.Concepts = nil
		out.Subjects = append(out.Subjects, &bare)
	}
	return out, nil
}

// listed gives c with an empty list where there is none, for JSON.
func listed(c Concept) Concept {
	c.Requires, c.Helps = orEmpty(c.Requires), orEmpty(c.Helps)
	c.Resources, c.Quiz, c.Exercises = orEmpty(c.Resources), orEmpty(c.Quiz), orEmpty(c.Exercises)
	for _, list := range []*[]string{&c.Aliases.En, &c.Aliases.Pt, &c.Aliases.Es} {
		*list = orEmpty(*list)
	}
	return c
}

func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
