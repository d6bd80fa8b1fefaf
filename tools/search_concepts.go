package tools

import (
	"context"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/tutor"
)

type searchInput struct {
	Query    string `json:"query"`
	Limit    int    `json:"limit"`
	Language string `json:"language"`
}

type searchOutput struct {
	Concepts []tutor.Found `json:"concepts"`
	Next     string        `json:"next"`
}

func (t *Tools) searchConcepts() Definition {
	return define(t, about{
		name:  "search_concepts",
		title: "Search the concept graph",
		description: "Find subjects, routes through several subjects and concepts that Trilha knows, by words, misspelt or vague ones too, in English, Portuguese or Spanish. " +
			"Use it before generate_learning_path_async when the topic is vague. Changes nothing, reaches no network. " +
			"Returns ids, titles, subjects, levels, minutes, prerequisites and why each matched, best match first.",
		readOnly: true, idempotent: true,
		params: params{
			{name: "query", kind: "string", required: true, min: 1, max: 200, about: "what to look for, in a few words", example: "eigenvalues"},
			{name: "limit", kind: "integer", min: 1, max: 50, def: 8, about: "answers at most"},
			{name: "language", kind: "string", enum: catalog.Languages(), def: "en", about: "of the titles"},
		},
		output: `{"type":"object","properties":{"concepts":{"type":"array","items":{"type":"object","properties":{"id":{"type":"string"},"title":{"type":"string"},"subject":{"type":"string"},"why":{"type":"string"},"matched":{"type":"string"},` +
			`"level":{"type":"string"},"minutes":{"type":"integer"},"requires":{"type":"array","items":{"type":"string"}},"score":{"type":"number"}},"required":["id","title","score"]}},` +
			`"next":{"type":"string"}},"required":["concepts","next"]}`,
	}, t.search)
}

func (t *Tools) search(_ context.Context, _ Caller, in searchInput) (searchOutput, error) {
	if in.Limit == 0 {
		in.Limit = 8
	}
	found, err := t.tutor.Search(in.Query, in.Language, in.Limit)
	if err != nil {
		return searchOutput{}, err
	}
	out := searchOutput{Concepts: found, Next: "generate_learning_path_async with an id or title as topic"}
	if len(found) == 0 {
		out.Next = "try other words, or send your own outline to generate_learning_path_async"
	}
	return out, nil
}
