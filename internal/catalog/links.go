package catalog

import (
	"iter"
	"net/url"
	"strings"
)

// Links gives every link of a subject, each with the id of what it is for: the
// subject or a concept.
func (s *Subject) Links() iter.Seq2[string, *Resource] {
	return func(yield func(string, *Resource) bool) {
		for i := range s.Resources {
			if !yield(s.ID, &s.Resources[i]) {
				return
			}
		}
		for i := range s.Concepts {
			c := &s.Concepts[i]
			for j := range c.Resources {
				if !yield(c.ID, &c.Resources[j]) {
					return
				}
			}
		}
	}
}

// PlainURL is an address without what leads to the same page: scheme, www., the
// slash at the end, the part within the page.
func PlainURL(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	u.Scheme, u.Fragment, u.RawFragment = "", "", ""
	u.Host = strings.TrimPrefix(strings.ToLower(u.Host), "www.")
	u.Path, u.RawPath = strings.TrimSuffix(u.Path, "/"), strings.TrimSuffix(u.RawPath, "/")
	return strings.TrimPrefix(u.String(), "//")
}
