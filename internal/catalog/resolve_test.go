package catalog_test

import (
	"slices"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/catalog"
)

func index(t testing.TB) *catalog.Index {
	t.Helper()
	ix, err := catalog.Embedded().Index()
	require.NoError(t, err)
	return ix
}

func TestNamesResolveWhateverTheirCaseAccentsNumberAndLanguage(t *testing.T) {
	t.Parallel()
	ix := index(t)
	for name, want := range map[string]string{
		"python":                  "python",
		"PYTHON":                  "python",
		"linear-algebra":          "linear-algebra",
		"Álgebra linear":          "linear-algebra",
		"algebra lineal":          "linear-algebra",
		"  ÁLGEBRA   LINEAL!":     "linear-algebra",
		"aprendizado de máquina":  "machine-learning",
		"Aprendizaje automático":  "machine-learning",
		"Machine Learning":        "machine-learning",
		"eigenvalue":              "linear-algebra/eigenvalue",
		"eigenvalues":             "linear-algebra/eigenvalue",
		"Autovalores":             "linear-algebra/eigenvalue",
		"LISTAS":                  "python/list",
		"lists":                   "python/list",
		"matrices":                "linear-algebra/matrix",
		"matriz":                  "linear-algebra/matrix",
		"matrizes":                "linear-algebra/matrix",
		"vectores":                "linear-algebra/vector",
		"linear-algebra/vector":   "linear-algebra/vector",
		"neural networks":         "machine-learning/neural-network",
		"redes neuronales":        "machine-learning/neural-network",
		"rede neural":             "machine-learning/neural-network",
		"transformações lineares": "linear-algebra/linear-map",
	} {
		found := ix.Look(name, "en")
		assert.Equal(t, want, found.ID, "%q", name)
		assert.True(t, found.Same, "%q", name)
	}
	for _, unknown := range []string{"", " ", "!?", "alchemy", "🐍"} {
		assert.Empty(t, ix.Look(unknown, "en").ID, "%q", unknown)
	}
}

func TestEveryNameOfTheCatalogueResolvesToItsConceptAlone(t *testing.T) {
	t.Parallel()
	ix := index(t)
	for _, e := range ix.Concepts() {
		for _, l := range catalog.Languages() {
			for _, name := range append([]string{e.ID, e.Title.In(l)}, e.Aliases.In(l)...) {
				found := ix.Look(name, l)
				assert.True(t, slices.ContainsFunc(found.Matches, func(m catalog.Match) bool { return m.ID == e.ID }), "%q: %v", name, found)
				assert.True(t, found.ID == "" || found.ID == e.ID, "%q is taken for %s", name, found.ID)
			}
		}
	}
}

func TestFoldingMeetsSingularAndPlural(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{
		{"list", "lists"},
		{"class", "classes"},
		{"classe", "classes"},
		{"theory", "theories"},
		{"serie", "series"},
		{"function", "functions"},
		{"feature", "features"},
		{"node", "nodes"},
		{"variable", "variables"},
		{"zone", "zones"},
		{"matrix", "matrices"},
		{"index", "indices"},
		{"index", "indexes"},
		{"vertex", "vertices"},
		{"batch", "batches"},
		{"cache", "caches"},
		{"box", "boxes"},
		{"image", "images"},
		{"tree", "trees"},
		{"machine", "machines"},
		{"função", "funções"},
		{"imagem", "imagens"},
		{"nível", "níveis"},
		{"matricial", "matriciais"},
		{"vetor", "vetores"},
		{"matriz", "matrizes"},
		{"rede", "redes"},
		{"índice", "índices"},
		{"análise", "análises"},
		{"pão", "pães"},
		{"función", "funciones"},
		{"vector", "vectores"},
		{"neuronal", "neuronales"},
		{"lineal", "lineales"},
		{"matriz", "matrices"},
		{"raíz", "raíces"},
		{"clase", "clases"},
		{"unidad", "unidades"},
	} {
		assert.Equal(t, catalog.Fold(c[0]), catalog.Fold(c[1]), "%s, %s", c[0], c[1])
	}
}

func TestFoldingKeepsLanguagesOfSimilarNamesApart(t *testing.T) {
	t.Parallel()
	assert.Equal(t, "c", catalog.Fold("C"))
	assert.Equal(t, "c++", catalog.Fold("C++"))
	assert.Equal(t, "c#", catalog.Fold(" c# "))
	named := func(id, name string) *catalog.Subject {
		return &catalog.Subject{ID: id, Title: catalog.Text{En: name, Pt: name, Es: name}}
	}
	ix, err := catalog.Of(named("c-language", "C"), named("cpp", "C++"), named("csharp", "C#")).Index()
	require.NoError(t, err)
	for name, want := range map[string]string{"C": "c-language", "c++": "cpp", "c#": "csharp"} {
		assert.Equal(t, want, ix.Look(name, "en").ID)
	}
}

func TestANameOfTwoIsAmbiguousAndSubjectsComeFirst(t *testing.T) {
	t.Parallel()
	shell := catalog.Text{En: "Shell", Pt: "Concha", Es: "Concha"}
	ix, err := catalog.Of(
		&catalog.Subject{ID: "zoology", Concepts: []catalog.Concept{{Entry: catalog.Entry{ID: "zoology/shell", Title: shell}}}},
		&catalog.Subject{ID: "unix-shell", Title: shell},
	).Index()
	require.NoError(t, err)
	found := ix.Look("shells", "en")
	require.True(t, found.Several())
	assert.Equal(t, "unix-shell", found.Matches[0].ID)
	assert.Equal(t, "zoology/shell", found.Matches[1].ID)
}

func TestSearchRanksTheSameNameFirstAndNearOnesNext(t *testing.T) {
	t.Parallel()
	ix := index(t)
	for query, want := range map[string]string{
		"linear algebra":      "linear-algebra",
		"eigenvalue":          "linear-algebra/eigenvalue",
		"pythn":               "python",
		"machine lerning":     "machine-learning",
		"gradient desc":       "machine-learning/gradient-descent",
		"regressao logistica": "machine-learning/logistic-regression",
	} {
		found := ix.Search(query, "en", 5)
		if assert.NotEmpty(t, found, query) {
			assert.Equal(t, want, found[0].ID, query)
		}
	}
	assert.InDelta(t, 1, ix.Search("eigenvalues", "en", 1)[0].Score, 0)
	assert.Less(t, ix.Search("pythn", "en", 1)[0].Score, 1.0)
	assert.Empty(t, ix.Search("qqqq xxxx", "en", 5))
	assert.Empty(t, ix.Search("", "en", 5))
	assert.Empty(t, ix.Search("python", "en", 0))
}

func checkSearch(t *testing.T, ix *catalog.Index, query string, limit int) {
	found := ix.Search(query, "en", limit)
	assert.LessOrEqual(t, len(found), limit)
	seen := map[string]bool{}
	for i, m := range found {
		assert.Greater(t, m.Score, 0.0)
		assert.LessOrEqual(t, m.Score, 1.0)
		assert.False(t, seen[m.ID], "%s twice", m.ID)
		seen[m.ID] = true
		if i > 0 {
			assert.GreaterOrEqual(t, found[i-1].Score, m.Score)
		}
	}
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{"", "C++", "Álgebra linear", "eigenvalues", "ÇÃO", "a\x00\xff", "İstanbul", "ﬁ", "🐍 s"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		folded := catalog.Fold(s)
		assert.True(t, utf8.ValidString(folded))
		assert.Equal(t, strings.Join(strings.Fields(folded), " "), folded)
		assert.Equal(t, folded, catalog.Fold(" "+s+" !"), "punctuation around a name says nothing")
		for _, r := range folded {
			assert.False(t, unicode.IsControl(r) || unicode.IsPunct(r) && r != '#', "%q", r)
		}
	})
}

func FuzzSearch(f *testing.F) {
	ix := index(f)
	for _, s := range []string{"", "python", "lista de compras", "a", "\xff", "álgebra\x00"} {
		f.Add(s, uint8(5))
	}
	f.Fuzz(func(t *testing.T, s string, limit uint8) { checkSearch(t, ix, s, int(limit)) })
}
