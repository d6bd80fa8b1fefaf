package catalog

import (
	"cmp"
	"maps"
	"math/bits"
	"slices"
	"strings"
	"unicode"
)

// rank scores every name that shares something with the query, and gives the ids
// by their best name.
func (ix *Index) rank(q *query, language string) []Match {
	lx := ix.lexicon()
	best := map[string]Match{}
	offer := func(n *name, score float64, why string, whole bool) {
		if n.language != language {
			score *= otherScore
		}
		if score >= floor && score > best[n.id].Score {
			bare := n.subject != 0 && !q.subjects[SubjectOf(n.id)]
			best[n.id] = Match{n.id, score, n.written, why, whole, bare}
		}
	}
	for _, i := range lx.candidates(q) {
		score, why, whole := q.similarity(lx, &lx.names[i])
		offer(&lx.names[i], score, why, whole)
	}
	for _, i := range lx.squeezed[Fold(q.joined)] {
		offer(&lx.names[i], joinedScore, byWords, true)
	}
	if slips := min(3, len(q.joined)/6); q.strange {
		lx.spelt(q, slips, offer)
		lx.clipped(q, offer)
	} else if len(q.joined) >= longName { // words that are known are seldom misspelt: principle component
		lx.spelt(q, min(2, slips), offer)
	}
	return sorted(best)
}

// spelt offers the names whose whole spelling, without spaces, is near.
func (lx *lexicon) spelt(q *query, slips int, offer func(*name, float64, string, bool)) {
	symbols := slices.ContainsFunc(q.terms, func(t term) bool { return len(t.text) == 1 }) // R is no slip of Go
	if slips == 0 || len(q.joined) > 60 || symbols {
		return
	}
	for i := range lx.names {
		n := &lx.names[i]
		if bits.OnesCount64(n.letters^q.letters) > 2*slips {
			continue
		}
		if d := distance(q.joined, n.joined, slips); d <= slips && !differInDigits(q.joined, n.joined) {
			offer(n, joinedScore*closeness(q.joined, n.joined, d), bySpelling, true)
		}
	}
}

// clipped offers the names of several words that a strange word of the query is
// put together from by their beginnings: linalg, of linear algebra.
func (lx *lexicon) clipped(q *query, offer func(*name, float64, string, bool)) {
	const least, score = 5, 0.80 // letters; and so never taken without asking
	others := 0
	for i := range q.terms {
		if !q.terms[i].minor {
			others++
		}
	}
	for i := range q.terms {
		t := &q.terms[i]
		if t.known || t.minor || len(t.text) < least {
			continue
		}
		mask := letters(t.text)
		for k := range lx.names {
			n := &lx.names[k]
			if len(n.words) > 1 && n.letters&mask == mask && lx.puts(t.text, n.words) {
				offer(n, score, byBeginning, others == 1)
			}
		}
	}
}

// puts says whether text is beginnings of at least three letters of all these words,
// in their order, little ones left out or not.
func (lx *lexicon) puts(text string, words []int32) bool {
	if len(words) == 0 {
		return text == ""
	}
	w := lx.words[words[0]].text
	if littleWords[w] && lx.puts(text, words[1:]) {
		return true
	}
	for n := min(len(w), len(text)); n >= 3; n-- {
		if strings.HasPrefix(text, w[:n]) && lx.puts(text[n:], words[1:]) {
			return true
		}
	}
	return false
}

// differInDigits tells L1 from L2.
func differInDigits(a, b string) bool {
	digits := func(r rune) rune {
		if unicode.IsDigit(r) {
			return r
		}
		return -1
	}
	return strings.Map(digits, a) != strings.Map(digits, b)
}

// candidates gives the names that have a word that matters, in their order.
func (lx *lexicon) candidates(q *query) []int32 {
	found := map[int32]bool{}
	for i := range q.terms {
		if littleWords[q.terms[i].text] || len(q.terms[i].text) < 2 { // letters are symbols: the R of R squared
			continue
		}
		for w := range q.terms[i].like {
			for _, n := range lx.words[w].names {
				found[n] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// similarity is the harmonic mean of how much of the query the name accounts for
// and how much of the name the query does, each word by how telling it is.
func (q *query) similarity(lx *lexicon, n *name) (score float64, why string, whole bool) {
	var asked, answered, named, covered float64
	why, whole = byWords, true
	used := make([]bool, len(n.words))
	told := !slices.ContainsFunc(q.terms, func(t term) bool { return !t.minor })
	for i := range q.terms {
		t := &q.terms[i]
		at, like := -1, likeness{}
		for j, w := range n.words {
			if l, ok := t.like[w]; ok && !used[j] && l.quality > like.quality {
				at, like = j, l
			}
		}
		switch {
		case at >= 0:
			used[at] = true
			told = told || !t.minor
			weight := lx.words[n.words[at]].weight
			asked += weight
			answered += weight * like.quality
			covered += lx.weight(n, at) * like.quality
			if like.why != byWords && why == byWords {
				why = like.why
			}
		case t.subjects[SubjectOf(n.id)]: // it says which, and this is one
		case t.minor: // it only frames the rest
		default:
			asked += t.weight
			whole = false
		}
	}
	for at := range n.words {
		named += lx.weight(n, at)
	}
	if asked == 0 || named == 0 || !told { // what only frames the topic says nothing of it
		return 0, why, false
	}
	a, c := answered/asked, covered/named
	if a+c == 0 {
		return 0, why, false
	}
	return joinedScore * 2 * a * c / (a + c), why, whole
}

func sorted(best map[string]Match) []Match {
	var found []Match
	for _, m := range best {
		found = append(found, m)
	}
	slices.SortFunc(found, func(a, b Match) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.ID, b.ID))
	})
	return found
}
