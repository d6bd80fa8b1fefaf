package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"github.com/trilha/trilha/internal/learning"
)

// maxBody is what a body may have: parameters, of which the longest has 200
// characters.
const maxBody = 64 << 10

// given is one parameter as it was sent.
type given struct {
	text string
	from string // query, body or path
	raw  any    // as an error shows it
}

// checking holds the parameters of an operation against its part of the OpenAPI
// document, and hands what was sent in a body on as if it stood in the query.
func checking(ctx huma.Context, next func(huma.Context)) {
	params := slices.DeleteFunc(slices.Clone(ctx.Operation().Parameters), func(p *huma.Param) bool { return p.In != "query" })
	if len(params) == 0 {
		next(ctx)
		return
	}
	r, w := unwrap(ctx)
	sent, p := sentWith(r)
	if p != nil {
		p.write(w)
		return
	}
	values := map[string]string{}
	var wrong []complaint
	for _, param := range params {
		g, ok := sent[param.Name]
		if !ok && param.Required {
			wrong = append(wrong, complaint{Type: "missing", Loc: []string{"query", param.Name}, Msg: "Field required"})
		}
		if !ok {
			continue
		}
		value, c := check(param.Schema, g)
		if c != nil {
			c.Loc, c.Input = []string{g.from, param.Name}, g.raw
			wrong = append(wrong, *c)
		}
		values[param.Name] = value
	}
	if len(wrong) == 0 {
		wrong = crossed(values, sent)
	}
	if len(wrong) > 0 {
		(&problem{status: http.StatusUnprocessableEntity, complaints: wrong}).write(w)
		return
	}
	next(checked{request: ctx, values: values})
}

// checked is a request whose parameters are right.
type checked struct {
	request // embedded under another name, since it has a method Context
	values  map[string]string
}

type request huma.Context

// Query gives a parameter, wherever it was sent.
func (c checked) Query(name string) string { return c.values[name] }

// Unwrap is what humago asks for.
func (c checked) Unwrap() huma.Context { return c.request }

// sentWith collects parameters from the query and, for POST, from a JSON object
// in the body. What stands in the query counts more; of several values the last.
func sentWith(r *http.Request) (map[string]given, *problem) {
	sent := map[string]given{}
	if r.Method == http.MethodPost {
		if p := fromBody(r, sent); p != nil {
			return nil, p
		}
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, unreadable("query", "query_invalid", "the query string cannot be read: percent signs and semicolons have to be escaped")
	}
	for name, values := range query {
		text := values[len(values)-1]
		if !utf8.ValidString(text) {
			return nil, unreadable("query", "query_invalid", "the query string is not UTF-8")
		}
		sent[name] = given{text: text, from: "query", raw: text}
	}
	return sent, nil
}

func unreadable(where, kind, text string) *problem {
	return &problem{status: http.StatusUnprocessableEntity, complaints: []complaint{{
		Type: kind, Loc: []string{where}, Msg: text, Ctx: map[string]any{"error": text},
	}}}
}

func fromBody(r *http.Request, sent map[string]given) *problem {
	body, err := io.ReadAll(http.MaxBytesReader(nil, r.Body, maxBody))
	if err != nil {
		if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
			return &problem{status: http.StatusRequestEntityTooLarge, text: "The body is larger than 64 KB"}
		}
		return &problem{status: http.StatusBadRequest, text: "The body ended early"}
	}
	if body = bytes.TrimSpace(body); len(body) == 0 { // what the original's clients send
		return nil
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil || !utf8.Valid(body) {
		return unreadable("body", "json_invalid", `JSON decode error: want an object such as {"topic":"python"}`)
	}
	for name, raw := range members {
		g := given{text: string(raw), from: "body", raw: raw}
		switch raw[0] {
		case 'n': // null: not given
			continue
		case '"':
			if err := json.Unmarshal(raw, &g.text); err != nil {
				return unreadable("body", "json_invalid", "JSON decode error")
			}
		}
		sent[name] = g
	}
	return nil
}

// check gives a value in the form in which it is read later, or a complaint
// without its place. The schema is that of the OpenAPI document.
func check(s *huma.Schema, g given) (string, *complaint) {
	switch s.Type {
	case huma.TypeInteger:
		return checkInteger(s, g.text)
	case huma.TypeNumber:
		return checkNumber(s, g.text)
	case huma.TypeBoolean:
		return checkBoolean(g.text)
	default:
		return checkString(s, g)
	}
}

func checkInteger(s *huma.Schema, text string) (string, *complaint) {
	text = strings.TrimSpace(text)
	whole, fraction, _ := strings.Cut(text, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	switch {
	case errors.Is(err, strconv.ErrRange): // n is the nearest
	case err != nil || strings.Trim(fraction, "0") != "":
		return "", &complaint{Type: "int_parsing", Msg: "Input should be a valid integer, unable to parse string as an integer"}
	}
	return strconv.FormatInt(n, 10), checkRange(s, float64(n))
}

func checkNumber(s *huma.Schema, text string) (string, *complaint) {
	v, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
	if err != nil && !errors.Is(err, strconv.ErrRange) || math.IsNaN(v) {
		return "", &complaint{Type: "float_parsing", Msg: "Input should be a valid number, unable to parse string as a number"}
	}
	return strconv.FormatFloat(v, 'g', -1, 64), checkRange(s, v)
}

func checkRange(s *huma.Schema, v float64) *complaint {
	number := func(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }
	switch {
	case s.Minimum != nil && v < *s.Minimum:
		return &complaint{
			Type: "greater_than_equal", Msg: "Input should be greater than or equal to " + number(*s.Minimum),
			Ctx: map[string]any{"ge": *s.Minimum},
		}
	case s.Maximum != nil && v > *s.Maximum:
		return &complaint{
			Type: "less_than_equal", Msg: "Input should be less than or equal to " + number(*s.Maximum),
			Ctx: map[string]any{"le": *s.Maximum},
		}
	}
	return nil
}

// booleans are the words that FastAPI reads.
var booleans = map[string]string{
	"true": "true", "1": "true", "yes": "true", "on": "true", "t": "true", "y": "true",
	"false": "false", "0": "false", "no": "false", "off": "false", "f": "false", "n": "false",
}

func checkBoolean(text string) (string, *complaint) {
	value, ok := booleans[strings.ToLower(strings.TrimSpace(text))]
	if !ok {
		return "", &complaint{Type: "bool_parsing", Msg: "Input should be a valid boolean, unable to interpret input"}
	}
	return value, nil
}

// checkString counts the characters that would be kept: what cannot be seen is no
// part of a topic.
func checkString(s *huma.Schema, g given) (string, *complaint) {
	if raw, ok := g.raw.(json.RawMessage); ok && raw[0] != '"' {
		return "", &complaint{Type: "string_type", Msg: "Input should be a valid string"}
	}
	text := strings.Join(strings.Fields(learning.Printable(g.text)), " ")
	length := utf8.RuneCountInString(text)
	switch {
	case s.MinLength != nil && length < *s.MinLength:
		return "", &complaint{
			Type: "string_too_short", Msg: "String should have at least " + strconv.Itoa(*s.MinLength) + " characters",
			Ctx: map[string]any{"min_length": *s.MinLength},
		}
	case s.MaxLength != nil && length > *s.MaxLength:
		return "", &complaint{
			Type: "string_too_long", Msg: "String should have at most " + strconv.Itoa(*s.MaxLength) + " characters",
			Ctx: map[string]any{"max_length": *s.MaxLength},
		}
	case len(s.Enum) > 0 && !slices.Contains(s.Enum, any(text)):
		return "", &complaint{Type: "literal_error", Msg: "Input should be " + oneOf(s.Enum), Ctx: map[string]any{"expected": oneOf(s.Enum)}}
	}
	return text, nil
}

func oneOf(values []any) string {
	quoted := make([]string, len(values))
	for i, v := range values {
		text, _ := v.(string)
		quoted[i] = "'" + text + "'"
	}
	last := len(quoted) - 1
	return strings.Join(quoted[:last], ", ") + " or " + quoted[last]
}

// crossed complains of a given minimum that is above a given maximum.
func crossed(values map[string]string, sent map[string]given) []complaint {
	var wrong []complaint
	for _, of := range []string{"width", "height"} {
		low, errLow := strconv.Atoi(values["min_"+of])
		high, errHigh := strconv.Atoi(values["max_"+of])
		if errLow != nil || errHigh != nil || low <= high { // not given, in most cases
			continue
		}
		text := "min_" + of + " must not be above max_" + of
		g := sent["min_"+of]
		wrong = append(wrong, complaint{
			Type: "value_error", Loc: []string{g.from, "min_" + of}, Msg: "Value error, " + text, Input: g.raw,
			Ctx: map[string]any{"error": text},
		})
	}
	return wrong
}
