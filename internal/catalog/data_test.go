package catalog_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/catalog/yamlfile"
	"github.com/trilha/trilha/internal/fault"
)

// written reads the subjects and routes from the files that people write.
func written(t *testing.T) ([]*catalog.Subject, []*catalog.Route) {
	t.Helper()
	files, err := filepath.Glob("data/*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	subjects, routes, err := yamlfile.ReadAll(files...)
	require.NoError(t, err)
	return subjects, routes
}

func inflate(t *testing.T, data []byte) string {
	t.Helper()
	zr, err := gzip.NewReader(bytes.NewReader(data))
	require.NoError(t, err)
	all, err := io.ReadAll(zr)
	require.NoError(t, err)
	return string(all)
}

func TestPackedCatalogueIsCurrent(t *testing.T) {
	t.Parallel()
	subjects, routes := written(t)
	want, err := catalog.Pack(subjects, routes)
	require.NoError(t, err)
	files, err := filepath.Glob("packed/*.json.gz")
	require.NoError(t, err)
	var names []string
	for _, f := range files {
		names = append(names, filepath.Base(f))
		data, err := os.ReadFile(f)
		require.NoError(t, err)
		if packed := want[filepath.Base(f)]; assert.NotNil(t, packed, "%s is of no subject: run make catalog", f) {
			same := inflate(t, packed) == inflate(t, data) // a diff of them would fill the screen
			assert.True(t, same, "%s is stale: run make catalog", f)
		}
	}
	for name := range want {
		assert.Contains(t, names, name, "run make catalog")
	}
}

func TestTheEmbeddedCataloguePassesItsChecks(t *testing.T) {
	t.Parallel()
	all, err := catalog.Embedded().All()
	require.NoError(t, err)
	require.NotEmpty(t, all)
	routes, err := catalog.Embedded().Routes()
	require.NoError(t, err)
	for _, p := range append(catalog.Check(all), catalog.CheckRoutes(routes, all)...) {
		if p.Warning {
			t.Log(p)
			continue
		}
		t.Error(p)
	}
}

func TestTheIndexKnowsWhatTheSubjectsHold(t *testing.T) {
	t.Parallel()
	c := catalog.Embedded()
	ix, err := c.Index()
	require.NoError(t, err)
	all, err := c.All()
	require.NoError(t, err)
	n := 0
	for _, s := range all {
		require.NotNil(t, ix.Subject(s.ID))
		assert.Equal(t, s.Project.Requires, ix.Subject(s.ID).ProjectRequires)
		for i := range s.Concepts {
			n++
			require.NotNil(t, ix.Entry(s.Concepts[i].ID))
			assert.Equal(t, s.Concepts[i].Entry, *ix.Entry(s.Concepts[i].ID))
			assert.Contains(t, ix.Parts(s.ID), s.Concepts[i].ID, "every concept is part of its subject")
		}
	}
	assert.Len(t, ix.Concepts(), n)
	assert.GreaterOrEqual(t, n, 60)
}

func TestLearningOrderPutsRequirementsFirst(t *testing.T) {
	t.Parallel()
	ix, err := catalog.Embedded().Index()
	require.NoError(t, err)
	for _, e := range ix.Concepts() {
		for _, r := range e.Requires {
			assert.Less(t, ix.Position(r), ix.Position(e.ID), "%s before %s", r, e.ID)
			assert.Contains(t, ix.Dependants(r), e.ID)
		}
		assert.NotContains(t, ix.Ancestors(e.ID, nil), e.ID)
	}
	assert.Equal(t, -1, ix.Position("no/such"))
}

func TestAncestorsStopWhereTold(t *testing.T) {
	t.Parallel()
	ix, err := chain().Index()
	require.NoError(t, err)
	assert.Equal(t, map[string]bool{"s/a": true, "s/b": true, "s/c": true}, ix.Ancestors("s/d", nil))
	assert.Equal(t, map[string]bool{"s/c": true}, ix.Ancestors("s/d", func(id string) bool { return id == "s/b" }))
}

// chain is a subject s of concepts a to d, each requiring the one before.
func chain() *catalog.Catalog {
	s := &catalog.Subject{ID: "s"}
	for _, id := range []string{"s/a", "s/b", "s/c", "s/d"} {
		c := catalog.Concept{Entry: catalog.Entry{ID: id, PartOf: "s"}}
		if n := len(s.Concepts); n > 0 {
			c.Requires = []string{s.Concepts[n-1].ID}
		}
		s.Concepts = append(s.Concepts, c)
	}
	return catalog.Of(s)
}

// The index is a file of its own without any text, so that a look-up costs
// nothing of the subjects.
func TestTheIndexIsReadWithoutTheSubjects(t *testing.T) {
	t.Parallel()
	f, err := os.Open("packed/index.json.gz")
	require.NoError(t, err)
	defer f.Close()
	var index struct {
		Concepts []map[string]any `json:"concepts"`
		Subjects []map[string]any `json:"subjects"`
	}
	require.NoError(t, catalog.Unpack(f, &index))
	entry := []string{"id", "title", "aliases", "level", "minutes", "part_of", "requires", "helps"}
	for _, c := range index.Concepts {
		assert.ElementsMatch(t, entry, keys(c))
	}
	subject := []string{"id", "category", "title", "aliases", "broad", "project_minutes", "project_requires"}
	for _, s := range index.Subjects {
		assert.Subset(t, subject, keys(s))
	}
}

func keys(m map[string]any) []string {
	var out []string
	for k := range m {
		out = append(out, k)
	}
	return out
}

func TestSubjectsCanBeReadByManyAtOnce(t *testing.T) {
	t.Parallel()
	c := catalog.Embedded()
	var wg sync.WaitGroup
	got := make([]*catalog.Subject, 40)
	for i := range got {
		wg.Go(func() {
			s, err := c.Subject([]string{"python", "linear-algebra"}[i%2])
			if assert.NoError(t, err) {
				got[i] = s
			}
			_, err = c.Concept("machine-learning/overfitting")
			assert.NoError(t, err)
		})
	}
	wg.Wait()
	for i, s := range got {
		assert.Same(t, got[i%2], s, "a subject is read once")
	}
}

func TestWhatIsNotThereIsNotFound(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]*catalog.Catalog{"embedded": catalog.Embedded(), "made up": chain()} {
		for _, id := range []string{"", "alchemy", "../index", "index", "README"} {
			_, err := c.Subject(id)
			require.ErrorIs(t, err, fault.NotFound, "%s: %q", name, id)
		}
		for _, id := range []string{"", "s", "python", "python/", "python/no-such", "s/z", "alchemy/gold"} {
			_, err := c.Concept(id)
			require.ErrorIs(t, err, fault.NotFound, "%s: %q", name, id)
		}
	}
}

func TestUnpackRefusesWhatIsNoPackedFile(t *testing.T) {
	t.Parallel()
	var v any
	require.Error(t, catalog.Unpack(strings.NewReader("plain"), &v))
	var buf bytes.Buffer
	zw := gzip.NewWriter(&buf)
	_, err := zw.Write([]byte("{"))
	require.NoError(t, err)
	require.NoError(t, zw.Close())
	require.Error(t, catalog.Unpack(&buf, &v))
}

func TestTextsFallBackToEnglish(t *testing.T) {
	t.Parallel()
	assert.Equal(t, []string{"en", "pt", "es"}, catalog.Languages())
	one := catalog.Text{En: "e", Pt: "p", Es: "s"}
	list := catalog.Texts{En: []string{"e"}, Pt: []string{"p"}, Es: []string{"s"}}
	for language, want := range map[string]string{"en": "e", "pt": "p", "es": "s", "fr": "e", "": "e"} {
		assert.Equal(t, want, one.In(language))
		assert.Equal(t, []string{want}, list.In(language))
	}
}

func TestTheExportHasTheAgreedShape(t *testing.T) {
	t.Parallel()
	export, err := catalog.Embedded().Export()
	require.NoError(t, err)
	raw, err := json.Marshal(export)
	require.NoError(t, err)
	var doc struct {
		Concepts []map[string]json.RawMessage `json:"concepts"`
		Subjects []map[string]json.RawMessage `json:"subjects"`
	}
	require.NoError(t, json.Unmarshal(raw, &doc))
	require.NotEmpty(t, doc.Concepts)
	require.NotEmpty(t, doc.Subjects)
	for _, c := range doc.Concepts {
		for _, list := range []string{"requires", "helps", "resources", "quiz", "exercises"} {
			require.True(t, strings.HasPrefix(string(c[list]), "["), "%s of %s is %.20s", list, c["id"], c[list])
		}
		for _, object := range []string{"title", "summary", "aliases", "wikipedia"} {
			require.True(t, strings.HasPrefix(string(c[object]), "{"), "%s of %s is %.20s", object, c["id"], c[object])
			var byLanguage map[string]any
			require.NoError(t, json.Unmarshal(c[object], &byLanguage))
			require.ElementsMatch(t, catalog.Languages(), keys(byLanguage))
		}
		for _, scalar := range []string{"id", "level", "minutes", "part_of"} {
			require.NotEmpty(t, c[scalar])
		}
		var links []map[string]any
		require.NoError(t, json.Unmarshal(c["resources"], &links))
		for _, l := range links {
			require.Subset(t, keys(l), []string{"url", "title", "type", "language"})
			require.Subset(t, []string{"url", "title", "type", "language", "minutes", "where"}, keys(l))
		}
	}
	for _, s := range doc.Subjects {
		require.NotContains(t, s, "concepts", "concepts stand once, in a list of their own")
		require.Contains(t, s, "project")
	}
	all, err := catalog.Embedded().All()
	require.NoError(t, err)
	assert.True(t, slices.ContainsFunc(all, func(s *catalog.Subject) bool { return len(s.Concepts) > 0 }), "an export takes nothing away")
}
