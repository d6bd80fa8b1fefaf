package catalog

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
)

// Why a match was found, from the surest to the least sure.
const (
	byName      = "name"      // the same name, when folded
	byField     = "field"     // the name of a field that it is in
	byWords     = "words"     // words of a name, in any order or inflection
	bySpelling  = "spelling"  // a name with a slip or two
	byBeginning = "beginning" // the beginning of a name's word
	byText      = "text"      // words of its summary, questions and exercises
)

// Match is one answer of a look-up. Score is 1 for a name that is the same when
// folded, and falls towards 0.
type Match struct {
	ID    string
	Score float64
	Name  string // the name that matched, as written; empty by text
	Why   string
	whole bool // every word of the query that matters is accounted for
	bare  bool // the name says its subject, and the query does not
}

// Found is what a query means: one topic (ID), or only what is near (Matches).
type Found struct {
	ID      string  // what is meant, or "" where that is not sure
	Same    bool    // with ID: the query is its name; else say what it was taken for
	Matches []Match // best first, the one with ID among them
}

// Several says whether the query may mean more than one topic: it is a name of each,
// or of a field that they are in, or all its words are in a name of each ("kernel").
// What is merely spelt alike, or stands in texts, is no meaning of the query.
func (f Found) Several() bool {
	if f.ID != "" || len(f.Matches) < 2 || f.Matches[0].Why != f.Matches[1].Why {
		return false
	}
	first, second := f.Matches[0], f.Matches[1]
	return first.Why == byName || first.Why == byField || first.Why == byWords && first.whole && second.whole
}

// Bounds and thresholds of Look; docs/decisions/topic-search.md tells why these.
const (
	maxRunes   = 200 // of a query that are looked at
	maxTerms   = 24  // words of it
	maxMatches = 8   // of Found

	sureScore   = 0.85 // a name as near as this is meant,
	sureSpelt   = 0.80 // or spelt as nearly: one slip in six letters,
	bareSpelt   = 0.90 // unless the name says its subject too (genetics, generics in Go);
	sureLead    = 0.07 // if the next is farther by this much;
	inSubject   = 0.60 // or as near as this within a subject that the query names,
	subjectLead = 0.15 // with this lead
	bareRival   = 0.60 // a name that is near but for its subject's ("pointers" in Go) yields to one as near as this elsewhere
	fieldScore  = 0.90
	floor       = 0.34 // below this nothing useful was seen
	otherScore  = 0.97 // factor for names in another language than asked
	inflected   = 0.92 // budgeting, of budget
	derived     = 0.86 // stack, of stacking
	joinedScore = 0.98 // compounds: data frame, dataframe
	longName    = 16   // letters; two slips in as many are slips even where each word is one
)

// Look finds what a query means: a subject, a route or a concept by any of its
// names, in any language, whatever the case, accents, number, order of words,
// small slips and words around the topic. Names in language count a little more.
func (ix *Index) Look(query, language string) Found { return ix.LookIn(query, language, "") }

// LookIn is Look where what belongs to one subject is meant when a name belongs
// to several.
func (ix *Index) LookIn(query, language, subject string) Found {
	f := ix.look(query, language, subject)
	f.Matches = f.Matches[:min(maxMatches, len(f.Matches))]
	return f
}

func (ix *Index) look(query, language, subject string) Found {
	query = clean(query)
	if ix.has(query) {
		return Found{ID: query, Same: true, Matches: []Match{{ID: query, Score: 1, Name: query, Why: byName}}}
	}
	tokens := split(query)
	tokens = tokens[:min(maxTerms, len(tokens))]
	if len(tokens) == 0 {
		return Found{}
	}
	for i, core := range cores(tokens) {
		if claims := ix.named(core); len(claims) > 0 {
			return decide(claims, byName, 1, subject, i == 0)
		}
	}
	for _, core := range cores(tokens) {
		if claims := ix.names.broad[foldWords(core)]; len(claims) > 0 {
			return decide(claims, byField, fieldScore, "", false)
		}
	}
	return ix.guess(tokens, language, subject)
}

// Search gives up to limit matches of a query, best first.
func (ix *Index) Search(query, language string, limit int) []Match {
	found := ix.look(query, language, "").Matches
	if len(found) > 0 && (found[0].Why == byName || found[0].Why == byField) {
		found = ix.more(found, query, language)
	}
	return found[:min(max(limit, 0), len(found))]
}

// more adds to what carries the query's name what has only words of it.
func (ix *Index) more(found []Match, query, language string) []Match {
	tokens := split(clean(query))
	for _, m := range ix.rank(newQuery(ix, tokens[:min(maxTerms, len(tokens))], language), language) {
		if !slices.ContainsFunc(found, func(f Match) bool { return f.ID == m.ID }) {
			m.Score = min(m.Score, 0.99)
			found = append(found, m)
		}
	}
	slices.SortStableFunc(found, func(a, b Match) int { return cmp.Compare(b.Score, a.Score) })
	return found
}

// Complete gives up to limit names that begin with what was typed, those in
// language first and the shorter ones before the longer.
func (ix *Index) Complete(typed, language string, limit int) []Match {
	joined := strings.Join(split(clean(typed)), "")
	if joined == "" {
		return nil
	}
	best := map[string]Match{}
	for i := range ix.lexicon().names {
		n := &ix.lexicon().names[i]
		if !strings.HasPrefix(n.joined, joined) {
			continue
		}
		score := float64(len(joined)) / float64(len(n.joined))
		if n.language != language {
			score /= 2
		}
		if score > best[n.id].Score {
			best[n.id] = Match{ID: n.id, Score: score, Name: n.written, Why: byBeginning}
		}
	}
	found := sorted(best)
	return found[:min(max(limit, 0), len(found))]
}

// clean cuts a query to what is looked at; control characters become spaces.
func clean(query string) string {
	n := 0
	query = strings.Map(func(r rune) rune {
		if n++; n > maxRunes {
			return -1
		}
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, query)
	return strings.TrimSpace(query)
}

func (ix *Index) has(id string) bool {
	return ix.byID[id] != nil || ix.subjByID[id] != nil || ix.Route(id) != nil
}

// cores gives the query, then what is left of it when words that only frame a
// topic are taken off its ends, longest first.
func cores(tokens []string) [][]string {
	frame := func(w string) bool { return framingWords[w] || littleWords[w] }
	front, back := 0, 0
	for front < len(tokens) && frame(tokens[front]) {
		front++
	}
	for back < len(tokens) && frame(tokens[len(tokens)-1-back]) {
		back++
	}
	var all [][]string
	for off := 0; off <= front+back; off++ {
		for f := min(off, front); f >= 0; f-- {
			if b := off - f; b <= back && f+b < len(tokens) {
				all = append(all, tokens[f:len(tokens)-b])
			}
		}
	}
	return all
}

func foldWords(tokens []string) string {
	folded := make([]string, len(tokens))
	for i, t := range tokens {
		folded[i] = singular(t)
	}
	return strings.Join(folded, " ")
}

// named tells who has the words as a name, and if someone has, who has them but for
// the name of their subject.
func (ix *Index) named(tokens []string) []claim {
	folded := foldWords(tokens)
	claims := ix.names.whole[folded]
	if len(claims) == 0 || ix.Entry(claims[0].id) == nil { // a subject's or route's name is nothing else's
		return claims
	}
	for _, c := range ix.names.bare[folded] {
		if !claimed(claims, c.id) {
			claims = append(slices.Clip(claims), c)
		}
	}
	return claims
}

// decide answers with the one who claims the name, or with all of them.
func decide(claims []claim, why string, score float64, subject string, same bool) Found {
	var f Found
	for _, c := range claims {
		f.Matches = append(f.Matches, Match{ID: c.id, Score: score, Name: c.name, Why: why})
	}
	if len(claims) > 1 && subject != "" {
		claims = slices.DeleteFunc(slices.Clone(claims), func(c claim) bool { return SubjectOf(c.id) != subject })
	}
	if len(claims) == 1 {
		f.ID, f.Same = claims[0].id, same
	}
	return f
}

// guess looks for names that are near.
func (ix *Index) guess(tokens []string, language, subject string) Found {
	q := newQuery(ix, tokens, language)
	found := ix.rank(q, language)
	f := Found{Matches: found}
	if len(found) > 0 && found[0].whole {
		f.ID = ix.sure(q, found, subject)
	}
	if f.ID == "" {
		f.Matches = ix.withTexts(found, q, language)
	}
	return f
}

// sure gives the id that is meant if the first of found is near enough and no
// other is about as near.
func (ix *Index) sure(q *query, found []Match, subject string) string {
	first := found[0]
	if !first.near() {
		if first.Why != byWords || !q.subjects[SubjectOf(first.ID)] || first.Score < inSubject {
			return ""
		}
		if len(found) > 1 && first.Score-found[1].Score < subjectLead {
			return ""
		}
		return first.ID
	}
	for _, m := range found[1:] {
		tied := first.Score-m.Score < sureLead
		if first.bare && SubjectOf(m.ID) != SubjectOf(first.ID) && m.Score >= bareRival {
			tied = true
		}
		if tied && (subject == "" || SubjectOf(first.ID) != subject || SubjectOf(m.ID) == subject) {
			return ""
		}
	}
	return first.ID
}

// near says whether a match, on its own, is as near as what is meant.
func (m Match) near() bool {
	switch {
	case m.Why != bySpelling:
		return m.Score >= sureScore
	case m.bare:
		return m.Score >= bareSpelt
	default:
		return m.Score >= sureSpelt
	}
}

// likeness says how near a word is to one of the lexicon.
type likeness struct {
	word    int32
	quality float64
	why     string
}

// term is one word of a query.
type term struct {
	text     string
	minor    bool // little or framing
	known    bool // it, or an inflection of it, is in a name in the asked language
	weight   float64
	like     map[int32]likeness
	subjects map[string]bool // which it names, alone or with its neighbours
}

type query struct {
	terms    []term
	joined   string
	letters  uint64
	strange  bool            // some word is in no name of the asked language
	subjects map[string]bool // named by some of it
}

func newQuery(ix *Index, tokens []string, language string) *query {
	lx := ix.lexicon()
	tokens = lx.joinNeighbours(tokens)
	q := &query{joined: strings.Join(tokens, ""), subjects: map[string]bool{}}
	q.letters = letters(q.joined)
	for _, t := range tokens {
		q.terms = append(q.terms, lx.term(t, language))
	}
	for i := range q.terms {
		q.nameSubjects(ix, tokens, i)
	}
	for i := range q.terms {
		t := &q.terms[i]
		q.strange = q.strange || !t.known && !t.minor
	}
	return q
}

// joinNeighbours makes one word of two that are one in some name and are not both
// words of their own: eigen values.
func (lx *lexicon) joinNeighbours(tokens []string) []string {
	is := func(w string) bool { return len(lx.forms[singular(w)]) > 0 }
	var out []string
	for i := 0; i < len(tokens); i++ {
		if i+1 < len(tokens) && is(tokens[i]+tokens[i+1]) && !(is(tokens[i]) && is(tokens[i+1])) {
			out = append(out, tokens[i]+tokens[i+1])
			i++
			continue
		}
		out = append(out, tokens[i])
	}
	return out
}

// term finds the words that a word of a query may stand for: the same but for
// inflection; and where the asked language's names have no such word, with slips,
// or beginning like it.
func (lx *lexicon) term(text, language string) term {
	t := term{text: text, minor: littleWords[text] || framingWords[text], weight: 1, like: map[int32]likeness{}}
	add := func(l likeness) {
		if l.quality > t.like[l.word].quality {
			t.like[l.word] = l
		}
	}
	for i, f := range forms(text, [3]bool{true, true, true}) {
		for _, w := range lx.forms[f] {
			quality := 1.0
			switch {
			case i > 0 && len(text)+2 < len(lx.words[w].text): // stacking is narrower than stack
				quality = derived
			case i > 0:
				quality = inflected
			}
			add(likeness{w, quality, byWords})
		}
	}
	if lightWords[text] {
		t.weight = lightWeight
	}
	for _, l := range t.like {
		t.weight = min(t.weight, lx.words[l.word].weight)
	}
	t.known = lx.knows(t, language)
	if t.known || t.minor || len(text) < 3 {
		return t
	}
	near := lx.near(text)
	for _, l := range append(near, lx.begun(text)...) {
		add(l)
	}
	for _, l := range lx.inflections(near) {
		add(l)
	}
	best := 0.0
	if len(near) > 0 {
		best = near[0].quality
	}
	t.minor = framesMisspelt(text, best)
	return t
}

// inflections gives what words that were meant are inflections of, or share one.
func (lx *lexicon) inflections(near []likeness) (all []likeness) {
	for _, l := range near {
		w := &lx.words[l.word]
		for i, f := range forms(w.text, w.in) {
			quality := l.quality
			if i > 0 {
				quality *= inflected
			}
			for _, other := range lx.forms[f] {
				all = append(all, likeness{other, quality, bySpelling})
			}
		}
	}
	return all
}

// knows says whether names in the language have the word, inflections included.
func (lx *lexicon) knows(t term, language string) bool {
	l := max(0, slices.Index(Languages(), language))
	for w := range t.like {
		if lx.words[w].in[l] {
			return true
		}
	}
	return false
}

// framesMisspelt says whether a word is rather a framing word with a slip, nearer
// than best. A changed letter makes another word more easily (stars, start) than
// one left out or two swapped.
func framesMisspelt(text string, best float64) bool {
	slips := max(1, allowed(len(text)))
	for w := range framingWords {
		d := distance(text, w, slips)
		if len(w) < 3 || d > slips {
			continue
		}
		least := leastCloseness
		if d == 1 && len(w) == len(text) && letters(w) != letters(text) {
			least = 0.86
		}
		if c := closeness(text, w, d); c > least && c >= best {
			return true
		}
	}
	return false
}

// nameSubjects marks the words from i on that name a subject, or a field that
// subjects are in.
func (q *query) nameSubjects(ix *Index, tokens []string, i int) {
	for n := min(4, len(tokens)-i); n > 0; n-- {
		subjects := ix.names.subjects[foldWords(tokens[i:i+n])]
		if len(subjects) == 0 {
			continue
		}
		for j := i; j < i+n; j++ {
			t := &q.terms[j]
			if t.subjects == nil {
				t.subjects = map[string]bool{}
			}
			for _, s := range subjects {
				t.subjects[s], q.subjects[s] = true, true
			}
		}
		return
	}
}
