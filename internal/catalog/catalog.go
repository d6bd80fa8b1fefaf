// Package catalog is the embedded concept graph: what there is to learn, what
// must be learnt first, and where to learn it. Subjects are written by hand in
// data/*.yaml (docs/catalogue.md has the rules) and packed by catalogbuild.
//
// The index (ids, titles, aliases, edges) is read on its own at first use; a
// subject's texts, links and quizzes are read when something of it is asked
// for. Nothing is read at start-up. Choosing and arranging concepts for a path
// is elsewhere (packages generate and learning).
package catalog

import (
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"github.com/trilha/trilha/internal/fault"
)

//go:generate go run ./catalogbuild

//go:embed packed
var packed embed.FS

// Languages lists the languages every text is written in; the first is the
// fallback.
func Languages() []string { return []string{"en", "pt", "es"} }

// Translated is a value in each language.
type Translated[T any] struct {
	En T `json:"en"`
	Pt T `json:"pt"`
	Es T `json:"es"`
}

// In gives the value in a language of Languages, and in English for any other.
func (t Translated[T]) In(language string) T {
	switch language {
	case "pt":
		return t.Pt
	case "es":
		return t.Es
	default:
		return t.En
	}
}

// Text is one text in each language.
type Text = Translated[string]

// Texts is a list of texts in each language.
type Texts = Translated[[]string]

// Resource is a link to learn from. Where names the part that serves the
// concept (a chapter, a lesson); Minutes is the time for that part.
type Resource struct {
	URL      string `json:"url"`
	Title    string `json:"title"`
	Type     string `json:"type"`
	Language string `json:"language"`
	Minutes  int    `json:"minutes,omitempty"`
	Where    string `json:"where,omitempty"`
}

// Question is a multiple-choice question; Answer is the index of the right
// option, the same in each language.
type Question struct {
	Question Text  `json:"question"`
	Options  Texts `json:"options"`
	Answer   int   `json:"answer"`
	Why      Text  `json:"why"`
}

// Exercise is something to do, with hints, a solution and how to verify it.
type Exercise struct {
	ID           string `json:"id"`
	Title        Text   `json:"title"`
	Difficulty   string `json:"difficulty"`
	Instructions Text   `json:"instructions"`
	Hints        Texts  `json:"hints"`
	Solution     Text   `json:"solution"`
	Verification string `json:"verification"`
	Answer       string `json:"answer,omitempty"`
	Options      Texts  `json:"options,omitzero"`
}

// Entry is what the index knows of a concept.
type Entry struct {
	ID       string   `json:"id"`
	Title    Text     `json:"title"`
	Aliases  Texts    `json:"aliases"`
	Level    string   `json:"level"`
	Minutes  int      `json:"minutes"`
	PartOf   string   `json:"part_of"`
	Requires []string `json:"requires"`
	Helps    []string `json:"helps"`
}

// Concept is one thing to learn, whole.
type Concept struct {
	Entry
	Summary   Text       `json:"summary"`
	Wikipedia Text       `json:"wikipedia"`
	Resources []Resource `json:"resources"`
	Quiz      []Question `json:"quiz"`
	Exercises []Exercise `json:"exercises"`
}

// Project is what closes a subject: something to build that uses its concepts.
type Project struct {
	Title    Text     `json:"title"`
	Summary  Text     `json:"summary"`
	Steps    Texts    `json:"steps"`
	Hints    Texts    `json:"hints"`
	DoneWhen Text     `json:"done_when"`
	Minutes  int      `json:"minutes"`
	Requires []string `json:"requires"`
}

// SubjectEntry is what the index knows of a subject.
type SubjectEntry struct {
	ID              string   `json:"id"`
	Category        string   `json:"category"`
	Title           Text     `json:"title"`
	Aliases         Texts    `json:"aliases"`
	Broad           Texts    `json:"broad,omitzero"`
	ProjectMinutes  int      `json:"project_minutes,omitempty"`
	ProjectRequires []string `json:"project_requires,omitempty"`
}

// Subject is a field of learning, whole: its concepts are listed in an order in
// which they can be learnt.
type Subject struct {
	ID        string     `json:"id"`
	Category  string     `json:"category"`
	Title     Text       `json:"title"`
	Aliases   Texts      `json:"aliases"`
	Broad     Texts      `json:"broad,omitzero"` // names of wider fields, which others may have too: maths, music
	Summary   Text       `json:"summary"`
	Wikipedia Text       `json:"wikipedia"`
	Overview  Text       `json:"overview"`
	Resources []Resource `json:"resources"`
	Project   Project    `json:"project"`
	Concepts  []Concept  `json:"concepts,omitempty"`
}

// Catalog gives access to the graph. It is safe for concurrent use.
type Catalog struct {
	index    func() (*Index, error)
	mu       sync.Mutex
	subjects map[string]*Subject // read so far
	read     func(subject string) (*Subject, error)
	routes   func() ([]*Route, error)
	version  func() string
}

// Embedded is the catalogue inside the binary. It reads nothing yet.
func Embedded() *Catalog {
	return &Catalog{
		subjects: map[string]*Subject{},
		read: func(id string) (*Subject, error) {
			s := new(Subject)
			return s, unpack(id+".json.gz", s)
		},
		version: sync.OnceValue(packedVersion),
		routes: sync.OnceValues(func() (routes []*Route, err error) {
			err = unpack("routes.json.gz", &routes)
			return routes, err
		}),
		index: sync.OnceValues(func() (*Index, error) {
			var data indexData
			if err := unpack("index.json.gz", &data); err != nil {
				return nil, err
			}
			ix, err := newIndex(data)
			if err != nil {
				return nil, err
			}
			ix.texts = sync.OnceValues(func() (*textIndex, error) {
				texts := new(textIndex)
				err := unpack("texts.json.gz", texts)
				texts.measure()
				return texts, err
			})
			return ix, nil
		}),
	}
}

// Of makes a catalogue of subjects in memory, for checks and tests.
func Of(subjects ...*Subject) *Catalog { return OfRoutes(nil, subjects...) }

// OfRoutes is Of with routes through the subjects.
func OfRoutes(routes []*Route, subjects ...*Subject) *Catalog {
	c := &Catalog{
		subjects: map[string]*Subject{},
		read: func(id string) (*Subject, error) {
			return nil, fault.New(fault.NotFound, "no subject %q", id)
		},
		version: func() string { return "" },
		routes:  func() ([]*Route, error) { return routes, nil },
		index: sync.OnceValues(func() (*Index, error) {
			ix, err := newIndex(indexOf(subjects, routes...))
			if err != nil {
				return nil, err
			}
			ix.texts = sync.OnceValues(func() (*textIndex, error) {
				texts := indexTexts(subjects, routes)
				texts.measure()
				return texts, nil
			})
			return ix, nil
		}),
	}
	for _, s := range subjects {
		c.subjects[s.ID] = s
	}
	return c
}

// Version tells one content of the embedded catalogue from another: what was kept
// of a run under one means nothing under another. It is empty for one in memory.
func (c *Catalog) Version() string { return c.version() }

// packedVersion is a digest of all packed files.
func packedVersion() string {
	sum := sha256.New()
	_ = fs.WalkDir(packed, ".", func(name string, _ fs.DirEntry, err error) error { // what is embedded can be read
		if raw, err := packed.ReadFile(name); err == nil {
			sum.Write(raw)
		}
		return err
	})
	return hex.EncodeToString(sum.Sum(nil)[:6])
}

// Index gives the graph without its texts, reading it at first use.
func (c *Catalog) Index() (*Index, error) { return c.index() }

// Subject gives a subject whole, reading it at first use, or NotFound.
func (c *Catalog) Subject(id string) (*Subject, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s, ok := c.subjects[id]; ok {
		return s, nil
	}
	ix, err := c.index()
	if err != nil {
		return nil, err
	}
	if ix.Subject(id) == nil {
		return nil, fault.New(fault.NotFound, "no subject %q", id)
	}
	s, err := c.read(id)
	if err != nil {
		return nil, fmt.Errorf("subject %s: %w", id, err)
	}
	c.subjects[id] = s
	return s, nil
}

// Concept gives a concept whole, or NotFound.
func (c *Catalog) Concept(id string) (*Concept, error) {
	s, err := c.Subject(SubjectOf(id))
	if err != nil {
		return nil, fault.New(fault.NotFound, "no concept %q", id).Because(err)
	}
	for i := range s.Concepts {
		if s.Concepts[i].ID == id {
			return &s.Concepts[i], nil
		}
	}
	return nil, fault.New(fault.NotFound, "no concept %q", id)
}

// All gives every subject whole.
func (c *Catalog) All() ([]*Subject, error) {
	ix, err := c.index()
	if err != nil {
		return nil, err
	}
	var all []*Subject
	for _, e := range ix.Subjects() {
		s, err := c.Subject(e.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

func unpack(name string, into any) error {
	f, err := packed.Open("packed/" + name)
	if err != nil {
		return fmt.Errorf("embedded catalogue: %w", err)
	}
	defer f.Close()
	return Unpack(f, into)
}

// Unpack reads one packed file: gzipped JSON.
func Unpack(r io.Reader, into any) error {
	zr, err := gzip.NewReader(r)
	if err != nil {
		return fmt.Errorf("embedded catalogue: %w", err)
	}
	if err := json.NewDecoder(zr).Decode(into); err != nil {
		return fmt.Errorf("embedded catalogue: %w", err)
	}
	return nil
}
