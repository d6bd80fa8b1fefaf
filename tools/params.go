package tools

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/trilha/trilha/internal/fault"
)

// param is one argument of a tool. Schema and check are made from the same
// table, so that what a client is told is what holds.
type param struct {
	name     string
	kind     string // string, integer, number, boolean, strings, outline
	about    string
	required bool
	enum     []string
	min, max float64 // numbers: their range; strings and lists: their length; max 0: none
	def      any
	example  any
}

type params []param

func (p params) find(name string) *param {
	for i := range p {
		if p[i].name == name {
			return &p[i]
		}
	}
	return nil
}

// schema writes the JSON Schema of the arguments, in the table's order; brief has
// names and types alone.
func (p params) schema(brief bool) json.RawMessage {
	var b bytes.Buffer
	b.WriteString(`{"type":"object","properties":{`)
	var required []string
	for i := range p {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:", p[i].name)
		b.Write(p[i].schema(brief))
		if p[i].required {
			required = append(required, p[i].name)
		}
	}
	b.WriteByte('}')
	if len(required) > 0 {
		list, _ := json.Marshal(required)
		b.WriteString(`,"required":`)
		b.Write(list)
	}
	b.WriteString(`,"additionalProperties":false}`)
	return b.Bytes()
}

// schemaOf is a JSON Schema with its keys in a fixed order.
type schemaOf struct {
	Type        string          `json:"type"`
	Description string          `json:"description,omitempty"`
	Enum        []string        `json:"enum,omitempty"`
	Minimum     *float64        `json:"minimum,omitempty"`
	Maximum     *float64        `json:"maximum,omitempty"`
	MinLength   *float64        `json:"minLength,omitempty"`
	MaxLength   *float64        `json:"maxLength,omitempty"`
	MaxItems    *float64        `json:"maxItems,omitempty"`
	Items       json.RawMessage `json:"items,omitempty"`
	Default     any             `json:"default,omitempty"`
	Examples    []any           `json:"examples,omitempty"`
}

func (p *param) schema(brief bool) json.RawMessage {
	s := schemaOf{Type: p.kind, Description: p.about, Enum: p.enum, Default: p.def}
	if p.example != nil && len(p.enum) == 0 {
		s.Examples = []any{p.example}
	}
	switch p.kind {
	case "string":
		if p.max > 0 {
			s.MinLength, s.MaxLength = &p.min, &p.max
		}
	case "integer", "number":
		s.Minimum, s.Maximum = &p.min, &p.max
	case "strings":
		s.Type, s.MaxItems, s.Items = "array", &p.max, json.RawMessage(`{"type":"string"}`)
	case "outline":
		s.Type, s.MaxItems = "array", &p.max
		s.Items = json.RawMessage(`{"type":"object","properties":{"title":{"type":"string"},"requires":{"type":"array","items":{"type":"string"}}},"required":["title"],"additionalProperties":false}`)
	}
	if brief { // some clients refuse lists of they know not what
		s = schemaOf{Type: s.Type, Items: s.Items}
		if p.kind == "outline" {
			s.Items = json.RawMessage(`{"type":"object"}`)
		}
	}
	out, _ := json.Marshal(s)
	return out
}

// decode checks raw arguments against the table and reads them into in. Every
// complaint names the argument, what was wrong, and what would be right.
func (p params) decode(raw json.RawMessage, in any) error {
	if len(bytes.TrimSpace(raw)) == 0 || string(bytes.TrimSpace(raw)) == "null" {
		raw = json.RawMessage("{}")
	}
	var given map[string]json.RawMessage
	if err := json.Unmarshal(raw, &given); err != nil {
		return fault.New(fault.Invalid, "the arguments are not a JSON object").With("Send an object such as %s", p.sample())
	}
	names := make([]string, 0, len(given))
	for name := range given {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		a := p.find(name)
		if a == nil {
			return fault.New(fault.Invalid, "unknown argument %q", cut(name, 40)).With("Arguments here: %s", p.names())
		}
		if err := a.check(given[name]); err != nil {
			return err
		}
	}
	for i := range p {
		if p[i].required && given[p[i].name] == nil {
			return fault.InField(p[i].name, "missing").With("Send for example %s", p.sample())
		}
	}
	if err := json.Unmarshal(raw, in); err != nil {
		return fault.New(fault.Invalid, "the arguments could not be read").With("Send for example %s", p.sample())
	}
	return nil
}

func (p params) names() string {
	var out []string
	for i := range p {
		out = append(out, p[i].name)
	}
	if len(out) == 0 {
		return "none"
	}
	return strings.Join(out, ", ")
}

// sample is an object with the required arguments, or the first one.
func (p params) sample() string {
	m := map[string]any{}
	for i := range p {
		if p[i].required || (i == 0 && p[i].example != nil) {
			m[p[i].name] = p[i].example
		}
	}
	out, _ := json.Marshal(m)
	return string(out)
}

func (p *param) wrong(format string, args ...any) error {
	example, _ := json.Marshal(p.example)
	if p.example == nil {
		example, _ = json.Marshal(p.def)
	}
	return fault.InField(p.name, format, args...).With("Send for example %s: %s", p.name, example)
}

func (p *param) check(raw json.RawMessage) error {
	switch p.kind {
	case "string":
		return p.checkString(raw)
	case "integer", "number":
		return p.checkNumber(raw)
	case "boolean":
		var v bool
		if json.Unmarshal(raw, &v) != nil || string(raw) == "null" {
			return p.wrong("want true or false, got %s", cut(string(raw), 40))
		}
	case "strings":
		var v []string
		if json.Unmarshal(raw, &v) != nil || v == nil {
			return p.wrong("want a list of strings, got %s", cut(string(raw), 40))
		}
		return p.checkCount(len(v))
	case "outline":
		var v []struct {
			Title    string   `json:"title"`
			Requires []string `json:"requires"`
		}
		dec := json.NewDecoder(bytes.NewReader(raw))
		dec.DisallowUnknownFields()
		if dec.Decode(&v) != nil || v == nil {
			return p.wrong("want a list of objects with title and, if it needs others, requires")
		}
		return p.checkCount(len(v))
	}
	return nil
}

func (p *param) checkCount(n int) error {
	if n > int(p.max) {
		return p.wrong("%d items, want at most %g", n, p.max)
	}
	return nil
}

func (p *param) checkString(raw json.RawMessage) error {
	v, ok := stringOf(raw)
	if !ok {
		return p.wrong("want a string, got %s", cut(string(raw), 40))
	}
	if len(p.enum) > 0 && !slices.Contains(p.enum, v) {
		return p.wrong("%q is not one of %s", cut(v, 40), strings.Join(p.enum, ", "))
	}
	switch n := utf8.RuneCountInString(v); {
	case n == 0 && p.min > 0:
		return p.wrong("is empty")
	case p.max > 0 && (n > int(p.max) || n < int(p.min)):
		return p.wrong("%d characters, want %g to %g", n, p.min, p.max)
	}
	return nil
}

// stringOf reads a JSON string. Most have nothing to unescape, and every call
// pays for this.
func stringOf(raw json.RawMessage) (string, bool) {
	if len(raw) < 2 || raw[0] != '"' {
		return "", false
	}
	if inner := raw[1 : len(raw)-1]; bytes.IndexByte(inner, '\\') < 0 && utf8.Valid(inner) {
		return string(inner), true
	}
	var v string
	return v, json.Unmarshal(raw, &v) == nil
}

func (p *param) checkNumber(raw json.RawMessage) error {
	// raw is valid JSON: what ParseFloat reads beyond it (hexadecimal, Inf) cannot be.
	v, err := strconv.ParseFloat(string(raw), 64)
	if err != nil {
		return p.wrong("want a number, got %s", cut(string(raw), 40))
	}
	if p.kind == "integer" && (v != math.Trunc(v) || bytes.ContainsAny(raw, ".eE")) {
		return p.wrong("want a whole number, got %s", cut(string(raw), 40))
	}
	if v < p.min || v > p.max {
		return p.wrong("%s is out of range, want %g to %g", cut(string(raw), 40), p.min, p.max)
	}
	return nil
}

// cut shows the beginning of what a caller sent, without control characters.
func cut(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError {
			return ' '
		}
		return r
	}, s)
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}
