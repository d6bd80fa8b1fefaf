package catalog

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// names maps folded names to the ids that carry them, in any language.
type names struct {
	ids    map[string][]string // folded name -> ids: subjects, routes, concepts
	labels []label             // every (folded name, id) once, for near matches
}

type label struct {
	folded string
	id     string
}

// Match is one answer of a look-up. Score is 1 for a name that is the same when
// folded, and falls towards 0.
type Match struct {
	ID    string
	Score float64
}

func indexNames(ix *Index) names {
	n := names{ids: make(map[string][]string, 16*len(ix.concepts))}
	add := func(id, name string) {
		f := Fold(name)
		if f == "" || slices.Contains(n.ids[f], id) {
			return
		}
		n.ids[f] = append(n.ids[f], id)
		n.labels = append(n.labels, label{folded: f, id: id})
	}
	addAll := func(id string, title Text, aliases Texts) {
		add(id, id)
		for _, l := range Languages() {
			add(id, title.In(l))
			for _, a := range aliases.In(l) {
				add(id, a)
			}
		}
	}
	for _, s := range ix.subjects {
		addAll(s.ID, s.Title, s.Aliases)
	}
	for _, r := range ix.routes {
		addAll(r.ID, r.Title, r.Aliases)
	}
	for _, c := range ix.concepts {
		addAll(c.ID, c.Title, c.Aliases)
	}
	return n
}

// Fold brings a name to the form in which names are compared: lower case,
// without accents or punctuation, each word without its plural ending.
func Fold(name string) string {
	words := strings.FieldsFunc(strings.ToLower(strip(name)), func(r rune) bool {
		// + and # tell C++ and C# from C.
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '+' && r != '#'
	})
	for i, w := range words {
		words[i] = singular(w)
	}
	return strings.Join(words, " ")
}

// strip takes the accents off. Most names have none, and the index folds thousands.
func strip(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf }) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range norm.NFD.String(s) {
		if !unicode.Is(unicode.Mn, r) {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// endings are the plural endings of English, Portuguese and Spanish (without
// accents), and the singular ones that would not meet them otherwise, with what
// takes their place; the first that fits counts. Folding need not be right
// grammar, only the same for both sides.
var endings = []struct{ ending, folded string }{
	{"sses", "ss"}, {"sse", "ss"}, {"ches", "ch"}, {"che", "ch"}, {"shes", "sh"}, {"exes", "ix"}, {"xes", "x"}, // classes, classe, batches, cache, hashes, indexes, boxes
	{"oes", "ao"}, {"aes", "ao"}, {"ais", "al"}, {"eis", "el"}, // funções, pães, matriciais, níveis
	{"ies", "y"}, {"ie", "y"}, // theories; series, serie
	{"ices", "ix"}, {"ice", "ix"}, {"izes", "ix"}, {"iz", "ix"}, {"ex", "ix"}, // matrices, índice, matrizes, raíz, vertex
	{"ones", "om"}, {"one", "om"}, {"ns", "m"}, {"n", "m"}, // funciones, zone, functions and imagens, function
	{"res", "r"}, {"re", "r"}, {"les", "l"}, {"le", "l"}, {"des", "d"}, {"de", "d"}, // flores, feature, lineales, variable, redes, node
	{"ss", "ss"}, {"us", "us"}, {"is", "is"}, {"s", ""},
}

func singular(w string) string {
	if len(w) < 4 {
		return w
	}
	for _, e := range endings {
		if stem, ok := strings.CutSuffix(w, e.ending); ok {
			return stem + e.folded
		}
	}
	return w
}

// Resolve gives the ids that carry this name in any language; subjects come
// first. More than one means that the name is ambiguous, none that it is
// unknown: see Search for what is near.
func (ix *Index) Resolve(name string) []string {
	return ix.names.ids[Fold(name)]
}

// Search gives up to limit ids whose names are near the query, best first:
// whole names, then names that share words or letters with it (Dice coefficient
// over words and over letter trigrams, the better of the two for each name).
func (ix *Index) Search(query string, limit int) []Match {
	folded := Fold(query)
	if folded == "" {
		return nil
	}
	best := map[string]float64{}
	queryGrams := trigrams(folded)
	for i := range ix.names.labels {
		l := &ix.names.labels[i]
		if s := similarity(folded, queryGrams, l.folded); s > best[l.id] {
			best[l.id] = s
		}
	}
	const floor = 0.34 // below this nothing useful was seen
	var found []Match
	for id, s := range best {
		if s >= floor {
			found = append(found, Match{ID: id, Score: s})
		}
	}
	slices.SortFunc(found, func(a, b Match) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID))
	})
	return found[:min(limit, len(found))]
}

func similarity(query string, queryGrams map[string]int, name string) float64 {
	if query == name {
		return 1
	}
	return 0.98 * max(dice(words(query), words(name)), dice(queryGrams, trigrams(name)))
}

func words(s string) map[string]int {
	m := map[string]int{}
	for w := range strings.FieldsSeq(s) {
		m[w]++
	}
	return m
}

func trigrams(s string) map[string]int {
	runes := []rune(" " + s + " ")
	m := make(map[string]int, len(runes))
	for i := 0; i+3 <= len(runes); i++ {
		m[string(runes[i:i+3])]++
	}
	return m
}

// dice is 2|a∩b| / (|a|+|b|) over multisets (Dice 1945).
func dice(a, b map[string]int) float64 {
	common, total := 0, 0
	for k, n := range a {
		total += n
		common += min(n, b[k])
	}
	for _, n := range b {
		total += n
	}
	if total == 0 {
		return 0
	}
	return 2 * float64(common) / float64(total)
}
