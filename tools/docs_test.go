package tools_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/tools"
)

// docs/tools.md is written from the definitions, so that it cannot drift.
func TestReferenceIsUpToDate(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	b.WriteString("# The tools\n\n" +
		"Generated from the definitions in `tools/` by `make docs`: change those, not this page.\n\n" +
		"A wrong argument, or one that a tool does not have, is an error that names it. Every error has `isError`\n" +
		"and says what to do next.\n")
	for _, d := range all(t) {
		reference(t, &b, d)
	}
	golden(t, filepath.Join("..", "docs", "tools.md"), b.Bytes())
}

func reference(t *testing.T, b *bytes.Buffer, d tools.Definition) {
	t.Helper()
	a := d.Tool.Annotations
	var hints []string
	for _, h := range []struct {
		is   *bool
		yes  string
		none string
	}{
		{a.ReadOnlyHint, "changes nothing", "changes something"},
		{a.DestructiveHint, "destructive", "not destructive"},
		{a.IdempotentHint, "idempotent", "not idempotent"},
		{a.OpenWorldHint, "may reach the network", "stays on this machine"},
	} {
		if *h.is {
			hints = append(hints, h.yes)
		} else {
			hints = append(hints, h.none)
		}
	}
	fmt.Fprintf(b, "\n## %s\n\n**%s.** %s\n\nHints: %s.\n\n", d.Tool.Name, d.Tool.Title, d.Tool.Description, strings.Join(hints, ", "))
	in := inputOf(t, d.Tool.RawInputSchema)
	b.WriteString("| argument | type | range | default | example | |\n| --- | --- | --- | --- | --- | --- |\n")
	for _, name := range keys(t, d.Tool.RawInputSchema) {
		p := in.Properties[name]
		about := p.Description
		if about == "" {
			about = "as in generate_learning_path_async"
		}
		if slices.Contains(in.Required, name) {
			about = "**required**; " + about
		}
		example := ""
		if len(p.Examples) > 0 {
			example = code(t, p.Examples[0])
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s | %s | %s |\n", name, p.kind(), p.limits(), code(t, p.Default), example, about)
	}
	var out struct {
		Properties map[string]struct {
			Type  string `json:"type"`
			Enum  []any  `json:"enum"`
			Const any    `json:"const"`
			Items *struct {
				Type       string         `json:"type"`
				Properties map[string]any `json:"properties"`
			} `json:"items"`
		} `json:"properties"`
		Required []string `json:"required"`
	}
	require.NoError(t, json.Unmarshal(d.Tool.RawOutputSchema, &out))
	b.WriteString("\n| comes back | type | |\n| --- | --- | --- |\n")
	for _, name := range keys(t, d.Tool.RawOutputSchema) {
		p := out.Properties[name]
		kind := p.Type
		switch {
		case p.Const != nil:
			kind = "always " + code(t, p.Const)
		case len(p.Enum) > 0:
			var values []string
			for _, v := range p.Enum {
				values = append(values, fmt.Sprint(v))
			}
			kind = strings.Join(values, ", ")
		case p.Items != nil:
			kind = "list of " + p.Items.Type + "s"
		}
		always := "where it applies"
		if slices.Contains(out.Required, name) {
			always = "always"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", name, kind, always)
	}
}

func code(t *testing.T, v any) string {
	t.Helper()
	if v == nil {
		return ""
	}
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return "`" + string(raw) + "`"
}

// keys gives the properties of a schema in the order in which they are written.
func keys(t *testing.T, schema json.RawMessage) (names []string) {
	t.Helper()
	var s struct {
		Properties json.RawMessage `json:"properties"`
	}
	require.NoError(t, json.Unmarshal(schema, &s))
	dec := json.NewDecoder(bytes.NewReader(s.Properties))
	_, err := dec.Token()
	require.NoError(t, err)
	for dec.More() {
		name, err := dec.Token()
		require.NoError(t, err)
		names = append(names, fmt.Sprint(name))
		var skip json.RawMessage
		require.NoError(t, dec.Decode(&skip))
	}
	return names
}
