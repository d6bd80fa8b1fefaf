package catalog_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/trilha/trilha/internal/catalog"
)

func wikipediaProblems(titles catalog.Text) string {
	s := sound()
	s.Concepts[0].Wikipedia = titles
	var found []string
	for _, p := range catalog.Check([]*catalog.Subject{s}) {
		found = append(found, p.Text)
	}
	return strings.Join(found, "\n")
}

func TestWikipediaTitlesOfTheirLanguagePass(t *testing.T) {
	t.Parallel()
	for _, titles := range []catalog.Text{
		{},
		{En: "Bayes'_theorem", Pt: "Teorema_de_Bayes", Es: "Teorema_de_Bayes"},
		{En: "Rio_de_Janeiro", Pt: "Rio_de_Janeiro", Es: "Río_de_Janeiro"},
		{En: "São_Paulo", Pt: "São_Paulo", Es: "São_Paulo"},
		{En: "De_Morgan's_laws", Pt: "Teoremas_de_De_Morgan", Es: "Leyes_de_De_Morgan"},
		{En: "The_Lord_of_the_Rings", Pt: "O_Senhor_dos_Anéis", Es: "El_Señor_de_los_Anillos"},
		{En: "Drum_and_bass", Pt: "Drum_and_bass", Es: "Drum_and_bass"}, // a name
		{En: "C++", Pt: "C++", Es: "C++"},
		{En: "2001:_A_Space_Odyssey_(film)", Pt: "2001:_Uma_Odisseia_no_Espaço", Es: "2001:_una_odisea_del_espacio"},
		{En: "Variable_(computer_science)", Pt: "Variável_(programação)", Es: "Variable_(programación)"},
		{En: "Pitch_(music)", Pt: "Altura_(música)", Es: "Altura_(música)"},
		{En: "Pandas_(software)", Pt: "Pandas_(software)", Es: "Pandas_(software)"},
		{En: "Linear_independence", Pt: "Independência_linear", Es: "Dependencia_e_independencia_lineal"},
		{En: "Two-body_problem", Pt: "Problema_dos_dois_corpos", Es: "Problema_de_los_dos_cuerpos"},
		{Pt: "Énfase", Es: "Énfasis"},
	} {
		assert.Empty(t, wikipediaProblems(titles), "%+v", titles)
	}
}

func TestWikipediaTitlesOfAnotherLanguageAreFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		titles catalog.Text
		want   string
	}{
		{catalog.Text{En: "Teorema_de_Bayes"}, `wikipedia in en: "Teorema_de_Bayes" is of another language, as "Teorema" shows`},
		{catalog.Text{En: "Fluxo_de_caixa"}, `as "de_c" shows`},
		{catalog.Text{En: "Regressão"}, `as "ã" shows`},
		{catalog.Text{En: "Derivación"}, `as "Derivación" shows`},
		{catalog.Text{En: "Probabilidad"}, `as "Probabilidad" shows`},
		{catalog.Text{En: "Altura_(música)"}, `as "música" shows`},
		{catalog.Text{Pt: "Law_of_large_numbers"}, `wikipedia in pt`},
		{catalog.Text{En: "Supply_and_demand", Pt: "Supply_and_demand"}, `wikipedia in pt`},
		{catalog.Text{Pt: "The_Beatles_song"}, `as "The" shows`},
		{catalog.Text{Pt: "Variável_(programming)"}, `as "programming" shows`},
		{catalog.Text{Pt: "Variable_(programación)"}, `wikipedia in pt`},
		{catalog.Text{Pt: "Fracciones_del_año"}, `wikipedia in pt`},
		{catalog.Text{Pt: "Acción_(finanzas)"}, `wikipedia in pt`},
		{catalog.Text{Pt: "Economia_(economía)"}, `as "economía" shows`},
		{catalog.Text{Es: "Theory_of_knots"}, `wikipedia in es`},
		{catalog.Text{Es: "Mineração"}, `wikipedia in es`},
		{catalog.Text{Es: "Lei_da_oferta"}, `wikipedia in es`},
		{catalog.Text{Es: "Aprendizagem"}, `wikipedia in es`},
		{catalog.Text{Es: "Clase_(computer_science)"}, `wikipedia in es`},
		{catalog.Text{Es: "Base_(linguagem)"}, `as "linguagem" shows`},
	} {
		assert.Contains(t, wikipediaProblems(c.titles), c.want, "%+v", c.titles)
	}
}

func TestWikipediaTitlesHaveTheirForm(t *testing.T) {
	t.Parallel()
	for title, want := range map[string]string{
		"https://en.wikipedia.org/wiki/Knot": "is an address",
		"wiki/Knot":                          "is an address",
		"Reef knot":                          "has characters",
		"N%C3%B3":                            "has characters",
		"Knot#History":                       "has characters",
		"Knot?action=raw":                    "has characters",
		"No\u0301":                           "has characters", // not composed
		"Knot_":                              "has an underscore that joins nothing",
		"_Knot":                              "has an underscore that joins nothing",
		"Reef__knot":                         "has an underscore that joins nothing",
		"Category:Knots":                     "is no article",
		"File:Knot.jpg":                      "is no article",
		"Anexo:Nudos":                        "is no article",
		"es:Nudo":                            "is no article",
		"knot":                               "does not begin with a capital or a figure",
		"(knot)":                             "does not begin with a capital or a figure",
	} {
		assert.Contains(t, wikipediaProblems(same(title)), want, title)
	}
}
