package render_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/extension"

	"github.com/trilha/trilha/internal/learning"
	"github.com/trilha/trilha/internal/render"
)

const secret = "THE-ANSWER"

// texts of the hand-made path, by language.
var texts = map[string][]string{
	"en": {"Linear algebra", "Vectors, matrices and what they do to space.", "Vectors", "Matrices", "Compress an image", "Chapter 1", "What is (1, 2) + (3, 4)?"},
	"pt": {"Álgebra linear", "Vetores, matrizes e o que fazem ao espaço.", "Vetores", "Matrizes", "Comprima uma imagem", "Capítulo 1", "Quanto é (1, 2) + (3, 4)?"},
	"es": {"Álgebra lineal", "Vectores, matrices y lo que hacen al espacio.", "Vectores", "Matrices", "Comprime una imagen", "Capítulo 1", "¿Cuánto es (1, 2) + (3, 4)?"},
}

func madeByHand(language string) *learning.Path {
	w := texts[language]
	minutes, about := 40, w[1]
	vectors := learning.Node{
		ID: "linear-algebra/vector", Title: w[2], Description: w[1], Type: learning.Lesson, Minutes: 90, Level: "beginner",
		Prerequisites: []string{"root"}, VisualPosition: learning.Position{Level: 1},
		Resources: []learning.Resource{
			{Title: w[2] + " 1", URL: "https://example.org/a_(b)?x=1&y=2", Type: "book", Duration: &minutes, Description: &about, Metadata: map[string]string{"language": language, "where": w[5]}},
			{Title: w[2] + " 2", URL: "https://example.org/fr", Type: "video", Metadata: map[string]string{"language": "fr"}},
			{Title: w[2] + " 3", URL: "https://example.org/3", Type: "course"},
		},
		Hints: []string{w[5]},
		Quiz: &learning.Quiz{PassingScore: 70, Questions: []learning.Question{
			{ID: "q1", Text: w[6], Options: []string{"(4, 6)", "(3, 8)", "10"}, CorrectOptionIndex: 0, Explanation: secret + " 1."},
		}},
		ExerciseSet: &learning.ExerciseSet{PassingScore: 60, Exercises: []learning.Exercise{
			{ID: "e1", Title: w[2], Difficulty: "beginner", Instructions: w[6] + "\n" + w[1], Hints: []string{w[5]}, Solution: "def dot(u, v):\n    # " + secret + "\n\n    return sum(u)", VerificationMethod: "code_execution"},
			{ID: "e2", Title: w[3], Difficulty: "advanced", Instructions: w[6], Options: []string{"1", "2"}, CorrectAnswer: "1", Solution: secret + " 2.", VerificationMethod: "multiple_choice"},
			{ID: "e3", Title: w[3], Instructions: w[6], CorrectAnswer: secret + " 3", VerificationMethod: "text_match"},
		}},
	}
	return &learning.Path{
		ID: "p1", Title: w[0], Description: w[1], Topic: w[0], Language: language, RootNodeID: "root", TotalHours: 9,
		Nodes: learning.Nodes{
			{ID: "root", Title: w[0], Description: w[1], Type: learning.Lesson, Minutes: 10},
			vectors,
			{ID: "linear-algebra/matrix", Title: w[3], Type: learning.Lesson, Minutes: 60, Prerequisites: []string{"root", "linear-algebra/vector"}, VisualPosition: learning.Position{Level: 2}},
			{ID: "project", Title: w[4], Type: learning.ProjectOf, Minutes: 360, Hints: []string{w[5]}, Prerequisites: []string{"linear-algebra/vector", "linear-algebra/matrix"}, VisualPosition: learning.Position{Level: 3}},
		},
		Metadata: learning.Metadata{
			Difficulty: "intermediate", Height: 4, Width: 1, Weeks: 1,
			Assumes:  []learning.Assumption{{ID: "x", Title: "Arithmetic", Where: "Any school book."}},
			Unmet:    []learning.Unmet{{Bound: "min_width", Asked: 3, Got: 1, Why: "Only one step can come first."}},
			NotKnown: []string{"quaternions*"},
		},
	}
}

func TestAPathInEachLanguageIsWrittenAsTheGoldenFilesSay(t *testing.T) {
	for language := range texts {
		p := madeByHand(language)
		for name, got := range map[string]string{
			"compact.md":  render.Markdown(p, render.Options{}),
			"detailed.md": render.Markdown(p, render.Options{Detailed: true}),
			"answers.md":  render.Markdown(p, render.Options{Section: "linear-algebra/vector", Answers: true}),
			"summary.md":  render.Summary(p),
			"graph.mmd":   render.Mermaid(p),
		} {
			t.Run(language+"."+name, func(t *testing.T) {
				file := filepath.Join("testdata", language+"."+name)
				if os.Getenv("UPDATE_GOLDEN") != "" {
					require.NoError(t, os.MkdirAll("testdata", 0o755))
					require.NoError(t, os.WriteFile(file, []byte(got), 0o644))
				}
				want, err := os.ReadFile(file)
				require.NoError(t, err, "write it with UPDATE_GOLDEN=1")
				assert.Equal(t, string(want), got)
			})
		}
	}
}

func TestAnswersAreWrittenOnlyWhenAskedFor(t *testing.T) {
	p := madeByHand("en")
	id := "linear-algebra/vector"
	for _, o := range []render.Options{{}, {Detailed: true}, {Section: id}, {Detailed: true, Section: id}} {
		got := render.Markdown(p, o)
		assert.NotContains(t, got, secret, "%+v", o)
		assert.NotContains(t, got, "Answer", "%+v", o)
	}
	assert.NotContains(t, render.Summary(p)+render.Mermaid(p), secret)
	for _, o := range []render.Options{{Detailed: true, Answers: true}, {Section: id, Answers: true}} {
		assert.Equal(t, 4, strings.Count(render.Markdown(p, o), secret), "%+v", o)
	}
}

func TestTheKeyOfAQuizDoesNotChangeWhatIsWrittenWithoutAnswers(t *testing.T) {
	p, other := madeByHand("en"), madeByHand("en")
	other.Nodes[1].Quiz.Questions[0].CorrectOptionIndex = 2
	other.Nodes[1].Quiz.Questions[0].Explanation = ""
	for i := range other.Nodes[1].ExerciseSet.Exercises {
		other.Nodes[1].ExerciseSet.Exercises[i].CorrectAnswer = ""
		other.Nodes[1].ExerciseSet.Exercises[i].Solution = ""
	}
	assert.Equal(t, render.Markdown(p, render.Options{Detailed: true}), render.Markdown(other, render.Options{Detailed: true}))
}

func TestASectionIsFoundByIDOrNumber(t *testing.T) {
	p := madeByHand("en")
	byID := render.Markdown(p, render.Options{Section: "linear-algebra/matrix"})
	assert.True(t, strings.HasPrefix(byID, "## 3. Matrices\n"), byID)
	assert.Equal(t, byID, render.Markdown(p, render.Options{Section: "3"}))
	for _, unknown := range []string{"nothing", "0", "5", "-1", "3x"} {
		assert.Empty(t, render.Markdown(p, render.Options{Section: unknown}), unknown)
	}
}

func TestTheRootIsNotNamedAsAPrerequisite(t *testing.T) {
	got := render.Markdown(madeByHand("en"), render.Options{})
	assert.Contains(t, got, "needs: Vectors\n")
	assert.NotContains(t, got, "needs: Linear algebra")
}

// large is a path whose every text is as long as it may be in practice, or longer.
func large(nodes, titleLength int) *learning.Path {
	long := func(s string) string {
		return strings.TrimSpace(strings.Repeat(s+" ", titleLength/len(s)+1)[:titleLength])
	}
	p := &learning.Path{Title: long("learning"), Description: long("description"), Language: "en", RootNodeID: "n0", TotalHours: 40}
	for i := range nodes {
		n := learning.Node{
			ID: fmt.Sprintf("n%d", i), Title: long(fmt.Sprintf("title%d", i)), Description: long("words"), Minutes: 90,
			VisualPosition: learning.Position{Level: (i + 3) / 4},
			Quiz:           &learning.Quiz{Questions: make([]learning.Question, 3)},
		}
		for j := max(0, i-3); j < i; j++ {
			n.Prerequisites = append(n.Prerequisites, fmt.Sprintf("n%d", j))
		}
		for j := range 4 {
			n.Resources = append(n.Resources, learning.Resource{
				Title: long("a_link"), URL: fmt.Sprintf("https://example.org/%s/%d", strings.Repeat("x", titleLength), j), Type: "documentation",
				Metadata: map[string]string{"language": "pt", "where": long("chapter")},
			})
		}
		p.Nodes = append(p.Nodes, n)
	}
	return p
}

func TestACompactPathOf15StepsStaysBelow7000Bytes(t *testing.T) {
	for _, length := range []int{10, 20, 30, 45, 60, 80, 120, 200, 500, 2000} {
		got := render.Markdown(large(15, length), render.Options{})
		assert.Less(t, len(got), 7000, "titles of %d", length)
		assert.Len(t, regexp.MustCompile(`(?m)^\d+\. \*\*`).FindAllString(got, -1), 15)
	}
}

func TestAStepOfAnOrdinaryPathKeepsBothLinks(t *testing.T) {
	got := render.Markdown(large(15, 35), render.Options{})
	assert.Equal(t, 30, strings.Count(got, "](https://"), "%d bytes", len(got))
}

func TestASummaryIsAtMostSixLines(t *testing.T) {
	p := large(100, 200)
	m := madeByHand("en").Metadata
	p.Metadata = m
	for range 50 {
		p.Metadata.NotKnown = append(p.Metadata.NotKnown, "x\ny")
	}
	assert.LessOrEqual(t, strings.Count(render.Summary(p), "\n"), 6)
}

// hostile texts try to become more than text.
var hostile = []string{
	"# heading", "## heading ##", "- item", "+ item", "* item", "1. item", "12) item", "> quote", "---", "===", "***",
	"[x](javascript:alert(1))", "![x](https://evil.example/p.png)", "[x]: https://evil.example", "[x][y]",
	"<script>alert(1)</script>", "<a href=https://evil.example>x</a>", "<https://evil.example>", "&lt;b&gt;", "<!-- x",
	"https://evil.example", "see www.evil.example now", "mailto:a@evil.example", "a@evil.example",
	"```\ncode", "~~~", "`code`", "**bold**", "__bold__", "~~gone~~", "| a | b |\n|---|---|", "\\", "\\[x\\](y)", "x\\",
	"line\n\n# heading", "line\r\n- item", "a\u2028# heading", "\x1b[31mred\x07", "\u202egnp.exe", "x\n===", "    code", "- [x] task",
	"\"] --> x; click n0 \"javascript:alert(1)\"", "%%{init: {}}%%", "#quot;", "end", "style n0 fill:#f00;",
	": definition", "[^1]: note", "&#91;x&#93;",
}

func everywhere(s string) *learning.Path {
	q := &learning.Quiz{Questions: []learning.Question{{Text: s, Options: []string{s, s}, Explanation: s}}}
	e := &learning.ExerciseSet{Exercises: []learning.Exercise{{Title: s, Description: s, Instructions: s + "\n" + s, Difficulty: s, Hints: []string{s}, Solution: "```\n" + s, Options: []string{s}, CorrectAnswer: s}}}
	r := []learning.Resource{{Title: s, URL: s, Type: s, Description: &s, Metadata: map[string]string{"language": s, "where": s}}}
	n := func(id string, level int) learning.Node {
		return learning.Node{ID: id, Title: s, Description: s, Type: s, Level: s, Hints: []string{s}, Resources: r, Quiz: q, ExerciseSet: e, Prerequisites: []string{"a" + s, s}, VisualPosition: learning.Position{Level: level}}
	}
	return &learning.Path{
		Title: s, Description: s + "\n" + s, Language: s, RootNodeID: "r", Nodes: learning.Nodes{n("r", 0), n("a"+s, 1), n("b", 2)},
		Metadata: learning.Metadata{Difficulty: s, Assumes: []learning.Assumption{{Title: s, Where: s}}, Unmet: []learning.Unmet{{Bound: s, Why: s}}, NotKnown: []string{s}},
	}
}

var (
	tag   = regexp.MustCompile(`</?[a-z0-9]+`)
	plain = "plain"
)

// skeleton is the elements that Markdown, GitHub's included, makes of a text.
func skeleton(t *testing.T, markdown string) string {
	var b bytes.Buffer
	md := goldmark.New(goldmark.WithExtensions(extension.GFM, extension.Footnote, extension.DefinitionList))
	require.NoError(t, md.Convert([]byte(markdown), &b))
	return strings.Join(tag.FindAllString(b.String(), -1), " ")
}

func TestHostileTextsMakeNoOtherMarkdownThanPlainOnes(t *testing.T) {
	for _, o := range []render.Options{{}, {Detailed: true}, {Detailed: true, Answers: true}, {Section: "b"}} {
		for _, s := range hostile {
			p, calm := everywhere(s), everywhere(plain)
			// What differs by right: the number of lines kept, and web addresses as links.
			calm.Description = strings.Repeat(plain+"\n", shown(s+"\n"+s))
			each := strings.Repeat(plain+"\n", shown(s))
			for i := range calm.Nodes {
				calm.Nodes[i].Description = each
				calm.Nodes[i].ExerciseSet.Exercises[0].Description = each
				calm.Nodes[i].ExerciseSet.Exercises[0].Instructions = strings.Repeat(plain+"\n", shown(s+"\n"+s))
				if strings.HasPrefix(s, "https://") {
					calm.Nodes[i].Resources[0].URL = s
				}
			}
			assert.Equal(t, skeleton(t, render.Markdown(calm, o)), skeleton(t, render.Markdown(p, o)), "%q %+v\n%s", s, o, render.Markdown(p, o))
		}
	}
}

// shown counts the lines of s that have something to show.
func shown(s string) int {
	n := 0
	for l := range strings.Lines(s) {
		if strings.TrimSpace(l) != "" {
			n++
		}
	}
	return n
}

func TestNoControlCharacterIsWritten(t *testing.T) {
	for _, s := range hostile {
		p := everywhere(s)
		all := render.Markdown(p, render.Options{Detailed: true, Answers: true}) + render.Markdown(p, render.Options{}) + render.Mermaid(p) + render.Summary(p)
		assert.NotRegexp(t, `[\x00-\x09\x0b-\x1f\x7f\x{202a}-\x{202e}\x{2028}]`, all, "%q", s)
	}
}

func TestOnlyPlainWebAddressesBecomeLinks(t *testing.T) {
	for url, want := range map[string]string{
		"https://example.org/a b":              "](https://example.org/a%20b)",
		"https://example.org/Kernel_(algebra)": "](https://example.org/Kernel_%28algebra%29)",
		"https://example.org/x)[y](z":          "](https://example.org/x%29%5By%5D%28z)",
		"HTTP://example.org/é":                 "](http://example.org/%C3%A9)",
		"javascript:alert(1)":                  "",
		"data:text/html,x":                     "",
		"//example.org":                        "",
		"https:example.org":                    "",
		"https://bank.example@evil.example":    "",
		"https://":                             "",
		"https://ex\nample.org":                "",
	} {
		p := madeByHand("en")
		p.Nodes[1].Resources = []learning.Resource{{Title: "Title", URL: url, Type: "book"}}
		got := render.Markdown(p, render.Options{})
		if want == "" {
			assert.NotContains(t, got, "](", url)
			assert.Contains(t, got, "- Title book\n", url)
			continue
		}
		assert.Contains(t, got, "[Title"+want+" book\n", url)
	}
}

func TestNothingBreaksOutOfAMermaidLabel(t *testing.T) {
	line := regexp.MustCompile(`^(flowchart TD|  n\d+(\(\[|\[|\{\{)"[^"\\` + "`" + `<>%{}\[\]:;]*(#\w+;[^"\\` + "`" + `<>%{}\[\]:;]*)*"(\]\)|\]|\}\})|  n\d+ --> n\d+)$`)
	for _, s := range hostile {
		got := render.Mermaid(everywhere(s))
		for l := range strings.SplitSeq(strings.TrimSuffix(got, "\n"), "\n") {
			assert.Regexp(t, line, l, "%q", s)
		}
	}
}
