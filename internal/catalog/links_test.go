package catalog_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/trilha/trilha/internal/catalog"
)

func TestLinksAreThoseOfTheSubjectAndOfEachConcept(t *testing.T) {
	t.Parallel()
	var ids []string
	for id, link := range sound().Links() {
		assert.NotEmpty(t, link.URL)
		ids = append(ids, id)
	}
	assert.Equal(t, []string{
		"knots", "knots", "knots", "knots/bight", "knots/bight", "knots/bight", "knots/reef", "knots/reef", "knots/reef",
	}, ids)
	for id := range sound().Links() {
		assert.Equal(t, "knots", id)
		break
	}
}

func TestPlainURLsOfOnePageAreTheSame(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"https://www.Go.dev/doc/":      "go.dev/doc",
		"http://go.dev/doc#intro":      "go.dev/doc",
		"https://go.dev":               "go.dev",
		"https://go.dev/?q=a/":         "go.dev?q=a/",
		"https://go.dev/Doc":           "go.dev/Doc",
		"https://go.dev/a%2Fb/":        "go.dev/a%2Fb",
		"https://go.dev/%zz is no url": "https://go.dev/%zz is no url",
	} {
		assert.Equal(t, want, catalog.PlainURL(address))
	}
}
