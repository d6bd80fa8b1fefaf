package catalog

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// names maps folded names to the ids that carry them, in any language: subjects
// first, then routes, then concepts.
type names struct {
	whole map[string][]claim
	bare  map[string][]claim // names of concepts without the name of their subject
	broad map[string][]claim // names of fields that are wider than what has them

	subjectWords map[string]map[string]bool // subject -> its names of one word
	subjects     map[string][]string        // what names a subject, or a field it is in -> subjects
}

// claim is a name that an id has, as it is written.
type claim struct{ id, name string }

// eachName calls for every title and alias.
func (ix *Index) eachName(call func(id, language, name string)) {
	all := func(id string, title Text, aliases Texts) {
		for _, l := range Languages() {
			call(id, l, title.In(l))
			for _, a := range aliases.In(l) {
				call(id, l, a)
			}
		}
	}
	for _, s := range ix.subjects {
		all(s.ID, s.Title, s.Aliases)
	}
	for _, r := range ix.routes {
		all(r.ID, r.Title, r.Aliases)
	}
	for _, c := range ix.concepts {
		all(c.ID, c.Title, c.Aliases)
	}
}

func indexNames(ix *Index) names {
	n := names{
		whole: make(map[string][]claim, 16*len(ix.concepts)), bare: map[string][]claim{}, broad: map[string][]claim{},
		subjectWords: map[string]map[string]bool{}, subjects: map[string][]string{},
	}
	ix.eachName(func(id, _, name string) {
		folded := Fold(name)
		note(n.whole, folded, claim{id, name})
		if ix.subjByID[id] != nil {
			n.noteSubject(id, folded)
			n.noteSubjectWord(id, folded)
		}
		if ix.byID[id] != nil {
			note(n.bare, n.withoutSubject(folded, SubjectOf(id)), claim{id, name})
		}
	})
	for _, s := range ix.subjects {
		n.noteBroad(s.ID, s.Broad)
		for _, l := range Languages() {
			for _, b := range s.Broad.In(l) {
				n.noteSubject(s.ID, Fold(b))
			}
		}
	}
	for _, r := range ix.routes {
		n.noteBroad(r.ID, r.Broad)
	}
	return n
}

func note(in map[string][]claim, folded string, c claim) {
	if folded != "" && !claimed(in[folded], c.id) {
		in[folded] = append(in[folded], c)
	}
}

func claimed(claims []claim, id string) bool {
	return slices.ContainsFunc(claims, func(c claim) bool { return c.id == id })
}

func (n *names) noteSubject(subject, folded string) {
	if !slices.Contains(n.subjects[folded], subject) {
		n.subjects[folded] = append(n.subjects[folded], subject)
	}
}

func (n *names) noteBroad(id string, broad Texts) {
	for _, l := range Languages() {
		for _, b := range broad.In(l) {
			note(n.broad, Fold(b), claim{id, b})
		}
	}
}

func (n *names) noteSubjectWord(subject, folded string) {
	if n.subjectWords[subject] == nil {
		n.subjectWords[subject] = map[string]bool{}
	}
	if !strings.Contains(folded, " ") {
		n.subjectWords[subject][folded] = true
	}
}

// withoutSubject gives a name without the words that name its subject and the
// little words that are then at its ends, or nothing where there are none.
func (n *names) withoutSubject(folded, subject string) string {
	own := n.subjectWords[subject]
	if len(own) == 0 {
		return ""
	}
	all := strings.Fields(folded)
	kept := slices.DeleteFunc(slices.Clone(all), func(w string) bool { return own[w] })
	if len(kept) == len(all) {
		return ""
	}
	for len(kept) > 0 && littleWords[kept[0]] {
		kept = kept[1:]
	}
	for len(kept) > 0 && littleWords[kept[len(kept)-1]] {
		kept = kept[:len(kept)-1]
	}
	return strings.Join(kept, " ")
}

// Fold brings a name to the form in which names are compared: lower case,
// without accents or punctuation, each word without its plural ending.
func Fold(name string) string {
	words := split(name)
	for i, w := range words {
		words[i] = singular(w)
	}
	return strings.Join(words, " ")
}

// Plain gives a text's words in lower case, without accents or punctuation.
func Plain(text string) string { return strings.Join(split(text), " ") }

// split gives the words of a name: lower case, without accents or punctuation.
func split(name string) []string {
	return strings.FieldsFunc(strings.ToLower(strip(name)), func(r rune) bool {
		// + and # tell C++ and C# from C.
		return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '+' && r != '#'
	})
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
