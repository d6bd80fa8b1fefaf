package catalog

import (
	"math"
	"slices"
	"strings"
)

// textIndex tells which concepts, subjects and routes speak of a word: an
// inverted index over names, summaries, questions and exercises, ranked by BM25
// (Robertson and Zaragoza 2009). Names have their own look-up; this is for words
// that stand in none ("how to split my salary").
type textIndex struct {
	Docs  []string                       `json:"docs"`  // ids
	Stems Translated[map[string][]int32] `json:"stems"` // stem -> document, count, document, count ...

	lengths map[string][]float64 // by language, of each document
	average map[string]float64
}

// What a word counts, by where it stands, and at most in one document.
const (
	countName, countSummary, countPractice = 3, 2, 1
	maxCount                               = 6
)

func indexTexts(subjects []*Subject, routes []*Route) *textIndex {
	ix := &textIndex{Stems: Translated[map[string][]int32]{En: map[string][]int32{}, Pt: map[string][]int32{}, Es: map[string][]int32{}}}
	for _, s := range subjects {
		ix.add(s.ID, s.Title, s.Aliases, s.Summary, s.Project.Title, s.Project.Summary)
		for i := range s.Concepts {
			c := &s.Concepts[i]
			ix.add(c.ID, c.Title, c.Aliases, c.Summary, practice(c)...)
		}
	}
	for _, r := range routes {
		ix.add(r.ID, r.Title, r.Aliases, r.Summary)
	}
	return ix
}

func practice(c *Concept) []Text {
	var all []Text
	for i := range c.Quiz {
		all = append(all, c.Quiz[i].Question)
	}
	for i := range c.Exercises {
		all = append(all, c.Exercises[i].Title, c.Exercises[i].Instructions)
	}
	return all
}

func (ix *textIndex) add(id string, title Text, aliases Texts, summary Text, practice ...Text) {
	doc := int32(len(ix.Docs))
	ix.Docs = append(ix.Docs, id)
	for i, l := range Languages() {
		c := counts{language: i, of: map[string]int{}}
		c.add(countName, append(slices.Clone(aliases.In(l)), title.In(l))...)
		c.add(countSummary, summary.In(l))
		for _, p := range practice {
			c.add(countPractice, p.In(l))
		}
		stems := ix.Stems.In(l)
		for s, n := range c.of {
			stems[s] = append(stems[s], doc, int32(n))
		}
	}
}

// counts are the stems of one document in one language.
type counts struct {
	language int
	of       map[string]int
}

func (c counts) add(by int, texts ...string) {
	for _, t := range texts {
		for _, w := range split(t) {
			if s := textStem(w, c.language); s != "" {
				c.of[s] = min(maxCount, c.of[s]+by)
			}
		}
	}
}

// textStem gives the stem of a word in the language of that number, or nothing for
// words that say nothing.
func textStem(word string, language int) string {
	if len(word) < 3 || littleWords[word] || framingWords[word] || lightWords[word] || strings.ContainsAny(word, "0123456789") {
		return ""
	}
	return stem(word, stemmers[language].stem)
}

// measure computes what ranking needs.
func (ix *textIndex) measure() {
	ix.lengths, ix.average = map[string][]float64{}, map[string]float64{}
	for _, l := range Languages() {
		lengths := make([]float64, len(ix.Docs))
		total := 0
		for _, postings := range ix.Stems.In(l) {
			for p := 0; p+1 < len(postings); p += 2 {
				lengths[postings[p]] += float64(postings[p+1])
				total += int(postings[p+1])
			}
		}
		ix.lengths[l], ix.average[l] = lengths, max(1, float64(total)/float64(max(1, len(ix.Docs))))
	}
}

// Thresholds of what texts may offer.
const (
	textShare = 0.45 // of the query's weight a text must have,
	longShare = 0.30 // or this of three words and more
	textFloor = 0.28
	textBonus = 0.25 // of the lower score, where name and text both are near
	textScore = 0.59 // of a text that has it all: below every name that is near
)

// search scores every document that has enough of the words, in the language that
// serves it best.
func (ix *textIndex) search(words []string, language string) map[string]float64 {
	const k1, b = 1.2, 0.75 // as they are usual
	best := map[string]float64{}
	all := float64(len(ix.Docs))
	for i, l := range Languages() {
		scores, shares := map[int32]float64{}, map[int32]float64{}
		most, asked := 0.0, 0.0
		asking := stems(words, i)
		least := textShare
		if len(asking) > 2 {
			least = longShare
		}
		for _, s := range asking {
			postings := ix.Stems.In(l)[s]
			if len(asking) == 1 && ix.everywhere(postings) {
				continue
			}
			have := float64(len(postings) / 2) // documents
			idf := math.Log(1 + (all-have+0.5)/(have+0.5))
			most += idf * (k1 + 1)
			asked += idf
			for p := 0; p+1 < len(postings); p += 2 {
				doc, n := postings[p], float64(postings[p+1])
				scores[doc] += idf * n * (k1 + 1) / (n + k1*(1-b+b*ix.lengths[l][doc]/ix.average[l]))
				shares[doc] += idf
			}
		}
		for doc, score := range scores {
			if shares[doc] < least*asked {
				continue
			}
			score = textScore * math.Sqrt(score/most)
			if l != language {
				score *= otherScore
			}
			best[ix.Docs[doc]] = max(best[ix.Docs[doc]], score)
		}
	}
	return best
}

// everywhere says whether a word is spoken of in too many subjects to tell
// anything on its own.
func (ix *textIndex) everywhere(postings []int32) bool {
	const few = 6
	subjects := map[string]bool{}
	for p := 0; p+1 < len(postings); p += 2 {
		subjects[SubjectOf(ix.Docs[postings[p]])] = true
	}
	return len(postings)/2 > few && len(subjects) > 2
}

func stems(words []string, language int) []string {
	var all []string
	for _, w := range words {
		if s := textStem(w, language); s != "" && !slices.Contains(all, s) {
			all = append(all, s)
		}
	}
	return all
}

// withTexts adds to the names that are near what speaks of the query's words.
func (ix *Index) withTexts(found []Match, q *query, language string) []Match {
	texts, err := ix.texts()
	if err != nil {
		return found // the checks hold that it can be read
	}
	best := map[string]Match{}
	for _, m := range found {
		best[m.ID] = m
	}
	var words []string
	for i := range q.terms {
		words = append(words, q.terms[i].text)
	}
	for id, score := range texts.search(words, language) {
		m, named := best[id]
		switch {
		case named && score < m.Score:
			m.Score += textBonus * score
		case named:
			m.Score = score + textBonus*m.Score
		default:
			m = Match{ID: id, Score: score, Why: byText}
		}
		if m.Score >= textFloor {
			best[id] = m
		}
	}
	return sorted(best)
}
