package rest

import (
	"bytes"
	_ "embed" // the page's template
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"strings"
)

// pagePolicy lets the page load nothing at all: its style stands in it.
const pagePolicy = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

//go:embed page.html
var pageHTML string

// document is an OpenAPI document as far as the page shows it.
type document struct {
	Info struct {
		Title, Version, Description string
	}
	Paths      map[string]map[string]operation
	Components struct {
		Schemas map[string]schema
	}
}

type operation struct {
	ID          string `json:"operationId"`
	Summary     string
	Description string
	Parameters  []struct {
		Name, In, Description string
		Required              bool
		Schema                schema
	}
	RequestBody *struct{ Description string }
	Responses   map[string]struct {
		Description string
		Content     map[string]struct{ Schema schema }
		Headers     map[string]struct{ Schema schema }
	}
}

type schema struct {
	Type        any    // a name, or several
	Ref         string `json:"$ref"`
	Description string
	Format      string
	Default     any
	Enum        []any
	Minimum     *float64
	Maximum     *float64
	MinLength   *int
	MaxLength   *int
	Items       *schema
	AnyOf       []schema
	Properties  map[string]schema
	Required    []string
	// AdditionalProperties is a schema, true or false.
	AdditionalProperties json.RawMessage
}

// pageOperation and pageSchema are what the template goes through.
type pageOperation struct {
	Method, Path string
	operation
}

type pageSchema struct {
	Name   string
	Fields []pageField
}

type pageField struct {
	Name     string
	Required bool
	Schema   schema
}

// pageOf makes a page for people of an OpenAPI document.
func pageOf(raw []byte) ([]byte, error) {
	var doc document
	if err := json.Unmarshal(raw, &doc); err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	page, err := template.New("page").Parse(pageHTML)
	if err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	var out bytes.Buffer
	err = page.Execute(&out, map[string]any{"Info": doc.Info, "Operations": doc.operations(), "Schemas": doc.schemas()})
	if err != nil {
		return nil, fmt.Errorf("page: %w", err)
	}
	return out.Bytes(), nil
}

// order is that in which a client comes across them.
var order = []string{"health", "generate_mcp_async", "status", "events", "tasks", "cancel", "generate_mcp", "cache_stats", "clear_cache"}

func (d *document) operations() []pageOperation {
	var list []pageOperation
	for path, methods := range d.Paths {
		for method, op := range methods {
			list = append(list, pageOperation{strings.ToUpper(method), path, op})
		}
	}
	slices.SortFunc(list, func(a, b pageOperation) int { return slices.Index(order, a.ID) - slices.Index(order, b.ID) })
	return list
}

func (d *document) schemas() []pageSchema {
	var list []pageSchema
	for name, s := range d.Components.Schemas {
		shown := pageSchema{Name: name}
		for field, of := range s.Properties {
			shown.Fields = append(shown.Fields, pageField{field, slices.Contains(s.Required, field), of})
		}
		slices.SortFunc(shown.Fields, func(a, b pageField) int { return strings.Compare(a.Name, b.Name) })
		list = append(list, shown)
	}
	slices.SortFunc(list, func(a, b pageSchema) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// Refers is the name of the schema that s, or what s consists of, is; or nothing.
func (s schema) Refers() string {
	switch {
	case s.Ref != "":
		return s.Ref[strings.LastIndex(s.Ref, "/")+1:]
	case s.Items != nil:
		return s.Items.Refers()
	case len(s.AnyOf) > 0:
		return s.AnyOf[0].Refers()
	}
	return s.values().refers()
}

func (s *schema) refers() string {
	if s == nil {
		return ""
	}
	return s.Refers()
}

// values is the schema of an object's values, where their names are free.
func (s schema) values() *schema {
	var of schema
	if json.Unmarshal(s.AdditionalProperties, &of) != nil {
		return nil
	}
	return &of
}

// Kind says what s is in words; the name that Refers gives stands for itself.
func (s schema) Kind() string {
	switch {
	case s.Ref != "":
		return s.Refers()
	case len(s.AnyOf) > 0:
		return s.AnyOf[0].Kind() + " or null"
	case s.Items != nil:
		return "list of " + s.Items.Kind()
	case s.values() != nil:
		return "object of " + s.values().Kind()
	}
	switch t := s.Type.(type) {
	case string:
		return t
	case []any:
		return fmt.Sprint(t[0], " or ", t[1])
	default:
		return "anything"
	}
}

// Bounds says what a value may be.
func (s schema) Bounds() string {
	var parts []string
	switch {
	case len(s.Enum) > 0:
		for _, v := range s.Enum {
			parts = append(parts, fmt.Sprint(v))
		}
		parts = []string{strings.Join(parts, ", ")}
	case s.Minimum != nil && s.Maximum != nil:
		parts = append(parts, fmt.Sprintf("%g to %g", *s.Minimum, *s.Maximum))
	case s.MinLength != nil && s.MaxLength != nil:
		parts = append(parts, fmt.Sprintf("%d to %d characters", *s.MinLength, *s.MaxLength))
	case s.MaxLength != nil:
		parts = append(parts, fmt.Sprintf("at most %d characters", *s.MaxLength))
	}
	if s.Default != nil {
		parts = append(parts, fmt.Sprintf("else %v", s.Default))
	}
	return strings.Join(parts, "; ")
}
