package main

import (
	"encoding/json"
	"math/rand/v2"
	"slices"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/learning"
)

// seed makes every run of the benchmarks ask for the same.
const seed = 1

// distinct gives n requests for whole subjects, 10 to 20 steps long, no two the
// same, so that none is answered from the shelf.
func distinct(c *catalog.Catalog, n int) ([]learning.Request, error) {
	ix, err := c.Index()
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(seed, seed))
	subjects, concepts := ix.Subjects(), ix.Concepts()
	levels := []string{"", "beginner", "intermediate", "advanced"}
	seen := map[string]bool{}
	var list []learning.Request
	for len(list) < n {
		r := learning.Request{
			Topic:    subjects[rng.IntN(len(subjects))].ID,
			NumNodes: 10 + rng.IntN(11),
			Level:    levels[rng.IntN(len(levels))],
		}
		for range 1 + rng.IntN(3) {
			if id := concepts[rng.IntN(len(concepts))].ID; !slices.Contains(r.Known, id) {
				r.Known = append(r.Known, id)
			}
		}
		if key := r.Canonical(); !seen[key] {
			seen[key] = true
			list = append(list, r)
		}
	}
	return list, nil
}

// creates are the requests as parameters of tools/call.
func creates(requests []learning.Request) ([][]byte, error) {
	var list [][]byte
	for _, r := range requests {
		arguments, err := json.Marshal(r)
		if err != nil {
			return nil, err
		}
		list = append(list, toolCall("generate_learning_path_async", arguments))
	}
	return list, nil
}
