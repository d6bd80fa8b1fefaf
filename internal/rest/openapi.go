package rest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/trilha/trilha/internal/learning"
)

// nameOf names a schema for what it is: Task, for taskBody.
func nameOf(t reflect.Type, hint string) string {
	return strings.TrimSuffix(huma.DefaultSchemaNamer(t, hint), "Body")
}

// nullable lists the fields that may be null where the Go type does not show it.
var nullable = map[string][]string{
	"Task":     {"completed_at"},
	"Node":     {"quiz", "exerciseSet"},
	"Exercise": {"options"},
}

// added lists the fields that the original did not have: its own documents lack them.
var added = map[string][]string{
	"Node":     {"minutes"},
	"Metadata": {"height", "width", "source"},
}

// finish says what huma's look at the types cannot tell.
func finish(doc *huma.OpenAPI) {
	registry := doc.Components.Schemas
	registry.Schema(reflect.TypeFor[eventBody](), true, "") // no answer refers to it: see below
	delete(registry.Map(), "ErrorModel")                    // of huma's own errors, which are never sent
	delete(registry.Map(), "ErrorDetail")
	for name, s := range registry.Map() {
		finishSchema(name, s)
	}
	doc.Paths["/tasks"].Get.Responses["200"].Content = map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{
		Type: huma.TypeArray, Items: registry.Schema(reflect.TypeFor[taskBody](), true, ""),
	}}}
	events := doc.Paths["/status/{task_id}/events"].Get.Responses
	events["200"].Description = "Events progress and end; the data of each is an Event, its id for Last-Event-ID"
	events["200"].Content = map[string]*huma.MediaType{"text/event-stream": {Schema: &huma.Schema{Type: huma.TypeString}}}
	events["204"] = &huma.Response{Description: "Last-Event-ID is that of the end: there is nothing more"}
	for _, op := range []*huma.Operation{doc.Paths["/generate_mcp_async"].Post, doc.Paths["/generate_mcp"].Get} {
		tellDefaults(op.Parameters)
	}
	for _, op := range []*huma.Operation{doc.Paths["/generate_mcp_async"].Post, doc.Paths["/clear_cache"].Post} {
		op.RequestBody = bodyOf(op.Parameters)
	}
}

func finishSchema(name string, s *huma.Schema) {
	for _, p := range s.Properties {
		if p.Type == huma.TypeArray {
			p.Nullable = false // lists are written as [], not as null
		}
	}
	s.Required = slices.DeleteFunc(s.Required, func(field string) bool { return slices.Contains(added[name], field) })
	for _, field := range nullable[name] {
		if p := s.Properties[field]; p.Ref != "" {
			s.Properties[field] = orNull(p)
		} else {
			p.Nullable = true
		}
	}
}

// tellDefaults says what a bound that was not sent comes to, unless others move it.
func tellDefaults(params []*huma.Param) {
	for _, p := range params {
		for _, b := range learning.Bounds() {
			if p.Name == b.Name && b.Default > 0 {
				p.Schema.Default = b.Default
			}
		}
	}
}

// bodyOf is the JSON object that may be sent in the place of a query.
func bodyOf(params []*huma.Param) *huma.RequestBody {
	s := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{}}
	for _, p := range params {
		s.Properties[p.Name] = p.Schema
	}
	return &huma.RequestBody{
		Description: "The same parameters; what stands in the query counts more.",
		Content:     map[string]*huma.MediaType{"application/json": {Schema: s}},
	}
}

// write gives the document as it is served.
func write(doc *huma.OpenAPI) ([]byte, error) {
	raw, err := json.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("OpenAPI document: %w", err)
	}
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		return nil, fmt.Errorf("OpenAPI document: %w", err)
	}
	out.WriteByte('\n')
	return out.Bytes(), nil
}
