package catalog

import (
	"cmp"
	"math"
	"math/bits"
	"slices"
	"strings"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/portuguese"
	"github.com/blevesearch/snowballstem/spanish"
)

// lexicon is what inexact look-up needs: every name as words, every word with
// the names it stands in. It is built at the first query that is no name.
type lexicon struct {
	names    []name
	words    []word             // by spelling
	forms    map[string][]int32 // folded form or stem -> words
	squeezed map[string][]int32 // name folded without spaces -> names
}

// name is one title or alias.
type name struct {
	id       string
	language string
	written  string
	joined   string // its words without the spaces, to compare spelling
	letters  uint64
	words    []int32
	route    bool
	subject  uint64 // which of them name the subject that it is in
}

// word is one spelling: lower case, no accents.
type word struct {
	text    string
	letters uint64
	weight  float64 // how telling it is, 0 to 1
	in      [3]bool // languages of the names it stands in
	names   []int32
}

// Weights of words that say little: bound to others, or naming the subject that
// the concept is in anyway (Pointers in Go).
const (
	littleWeight  = 0.08
	lightWeight   = 0.30
	subjectWeight = 0.05
	viewWeight    = 0.80 // but in a route's name it is half of the meaning (Web services with Go)
)

func newLexicon(ix *Index) *lexicon {
	lx := &lexicon{forms: map[string][]int32{}, squeezed: map[string][]int32{}}
	number := map[string]int32{}
	ix.eachName(func(id, language, written string) {
		n := name{id: id, language: language, written: written, route: ix.Route(id) != nil}
		if tokens := split(written); len(tokens) > 0 && !ix.framed(id, tokens) {
			lx.add(number, n, tokens)
		}
	})
	lx.weigh(ix)
	lx.sortWords()
	return lx
}

// add notes one name. number tells which word is which.
func (lx *lexicon) add(number map[string]int32, n name, tokens []string) {
	at := int32(len(lx.names))
	n.joined = strings.Join(tokens, "")
	n.letters = letters(n.joined)
	for _, t := range tokens {
		i, ok := number[t]
		if !ok {
			i = int32(len(lx.words))
			number[t] = i
			lx.words = append(lx.words, word{text: t, letters: letters(t)})
		}
		n.words = append(n.words, i)
		w := &lx.words[i]
		w.in[slices.Index(Languages(), n.language)] = true
		if !slices.Contains(w.names[max(0, len(w.names)-1):], at) {
			w.names = append(w.names, at)
		}
	}
	squeezed := Fold(n.joined)
	lx.squeezed[squeezed] = append(lx.squeezed[squeezed], at)
	lx.names = append(lx.names, n)
}

// weigh says how telling each word is, and each in its name.
func (lx *lexicon) weigh(ix *Index) {
	all := float64(len(ix.concepts) + len(ix.subjects) + len(ix.routes))
	for i := range lx.words {
		w := &lx.words[i]
		ids := map[string]bool{}
		for _, n := range w.names {
			ids[lx.names[n].id] = true
		}
		w.weight = telling(float64(len(ids)), all)
		switch {
		case littleWords[w.text]:
			w.weight = littleWeight
		case lightWords[w.text]:
			w.weight = min(w.weight, lightWeight)
		}
	}
	for i := range lx.names {
		n := &lx.names[i]
		for at, w := range n.words {
			if ix.namesSubjectOf(n.id, singular(lx.words[w].text)) {
				n.subject |= 1 << at
			}
		}
	}
}

// weight says how telling a name's word at a place is in this name.
func (lx *lexicon) weight(n *name, at int) float64 {
	w := lx.words[n.words[at]].weight
	switch {
	case n.subject&(1<<at) == 0:
		return w
	case n.route:
		return max(w, viewWeight)
	default:
		return min(w, subjectWeight)
	}
}

// namesSubjectOf says whether a word names the subject that a concept is in, or one
// that a route leads through.
func (ix *Index) namesSubjectOf(id, word string) bool {
	if r := ix.Route(id); r != nil {
		return slices.ContainsFunc(r.Targets, func(t string) bool { return ix.names.subjectWords[SubjectOf(t)][word] })
	}
	return ix.byID[id] != nil && ix.names.subjectWords[SubjectOf(id)][word]
}

// framed says whether a name is another name of the same with framing words
// around it ("learn python"), which is no name of its own here.
func (ix *Index) framed(id string, tokens []string) bool {
	for _, core := range cores(tokens)[1:] {
		if claimed(ix.names.whole[foldWords(core)], id) {
			return true
		}
	}
	return false
}

// telling is the inverse document frequency of a word (Spärck Jones 1972),
// scaled to be 1 for a word that nothing has.
func telling(have, all float64) float64 {
	return max(0.15, math.Log(1+all/(have+1))/math.Log(1+all))
}

// sortWords puts the words in order of spelling and notes their forms.
func (lx *lexicon) sortWords() {
	order := make([]int32, len(lx.words))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(lx.words[a].text, lx.words[b].text) })
	moved := make([]int32, len(order))
	sorted := make([]word, len(order))
	for to, from := range order {
		moved[from], sorted[to] = int32(to), lx.words[from]
	}
	lx.words = sorted
	for i := range lx.names {
		for j, w := range lx.names[i].words {
			lx.names[i].words[j] = moved[w]
		}
	}
	for i := range lx.words {
		for _, f := range forms(lx.words[i].text, lx.words[i].in) {
			lx.forms[f] = append(lx.forms[f], int32(i))
		}
	}
}

var stemmers = []struct {
	language string
	stem     func(*snowballstem.Env) bool
}{{"en", english.Stem}, {"pt", portuguese.Stem}, {"es", spanish.Stem}}

// forms gives what a word shares with its inflections: its folded form first, then
// its stem in each of the languages (Porter's Snowball, 2001), marked with the
// language, since the stem of one means nothing in another.
func forms(text string, in [3]bool) []string {
	all := []string{singular(text)}
	if len(text) < 4 {
		return all
	}
	for i, s := range stemmers {
		if !in[i] {
			continue
		}
		all = append(all, s.language+":"+stem(text, s.stem))
	}
	return all
}

func stem(text string, by func(*snowballstem.Env) bool) string {
	env := snowballstem.NewEnv(text)
	by(env)
	return env.Current()
}

// letters is the set of a word's letters and digits as bits, so that words that
// share too few of them need not be compared (signature filter, Boytsov 2011).
func letters(text string) uint64 {
	var set uint64
	for _, r := range text {
		set |= 1 << (uint(r) % 64)
	}
	return set
}

// near gives the words whose spelling is at most so many slips from text.
func (lx *lexicon) near(text string) []likeness {
	slips := allowed(len(text))
	if slips == 0 || strings.ContainsAny(text, "0123456789") {
		return nil
	}
	mask := letters(text)
	var found []likeness
	for i := range lx.words {
		w := &lx.words[i]
		if len(w.text) < 3 || bits.OnesCount64(w.letters^mask) > 2*slips {
			continue
		}
		d := distance(text, w.text, slips)
		if d > slips {
			continue
		}
		if c := closeness(text, w.text, d); c > leastCloseness {
			found = append(found, likeness{int32(i), c, bySpelling})
		}
	}
	slices.SortFunc(found, func(a, b likeness) int {
		return cmp.Or(cmp.Compare(b.quality, a.quality), cmp.Compare(a.word, b.word))
	})
	return found[:min(8, len(found))]
}

// allowed is how many slips a word of so many letters may have. In shorter words
// one letter makes another word (list, last, lift).
func allowed(length int) int {
	switch {
	case length < 4:
		return 0
	case length < 8:
		return 1
	default:
		return 2
	}
}

// leastCloseness keeps one changed letter in four from making a word of another
// (rust, rest).
const leastCloseness = 0.75

// closeness of two spellings so many slips apart. Neighbours that changed places
// count half: they make another word less often. The first letter is seldom
// wrong (Pollock and Zamora 1984).
func closeness(a, b string, slips int) float64 {
	cost := float64(slips)
	if slips == 1 && len(a) == len(b) && letters(a) == letters(b) {
		cost = 0.5
	}
	c := 1 - cost/float64(max(len(a), len(b)))
	if a[0] != b[0] {
		c -= 0.1
	}
	return c
}

// begun gives the words that begin with text.
func (lx *lexicon) begun(text string) []likeness {
	if len(text) < 3 {
		return nil
	}
	from, _ := slices.BinarySearchFunc(lx.words, text, func(w word, t string) int { return cmp.Compare(w.text, t) })
	var found []likeness
	for i := from; i < len(lx.words) && len(found) < 16 && strings.HasPrefix(lx.words[i].text, text); i++ {
		found = append(found, likeness{int32(i), 0.5 + 0.4*float64(len(text))/float64(len(lx.words[i].text)), byBeginning})
	}
	return found
}

// distance is the number of letters to insert, delete, change or swap with their
// neighbour to make b of a (optimal string alignment; Damerau 1964), or more
// than most when it is more than that.
func distance(a, b string, most int) int {
	if len(a)-len(b) > most || len(b)-len(a) > most {
		return most + 1
	}
	var rows [3][64]int
	if len(b) >= len(rows[0]) {
		return most + 1
	}
	before, last, row := rows[0][:], rows[1][:], rows[2][:]
	for j := range len(b) + 1 {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			least = min(least, row[j])
		}
		if least > most {
			return most + 1
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
