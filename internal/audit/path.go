package main

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// path is what comes back, as far as the laws speak of it. The names are those of
// the wire, written down here once more, so that a renamed field is a broken law.
type path struct {
	ID         string   `json:"id"`
	Topic      string   `json:"topic"`
	Language   string   `json:"language"`
	RootNodeID string   `json:"rootNodeId"`
	Nodes      nodes    `json:"nodes"`
	Metadata   metadata `json:"metadata"`
}

type metadata struct {
	Height   int          `json:"height"`
	Width    int          `json:"width"`
	Assumes  []assumption `json:"assumes"`
	Unmet    []unmet      `json:"unmet"`
	NotKnown []string     `json:"unrecognizedKnown"`
}

type assumption struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Where string `json:"where"`
	URL   string `json:"url"`
}

type unmet struct {
	Bound string `json:"bound"`
	Asked int    `json:"asked"`
	Got   int    `json:"got"`
	Why   string `json:"why"`
}

type node struct {
	ID            string   `json:"id"`
	Title         string   `json:"title"`
	Description   string   `json:"description"`
	Type          string   `json:"type"`
	Resources     []link   `json:"resources"`
	Prerequisites []string `json:"prerequisites"`
	Place         struct {
		Level int `json:"level"`
	} `json:"visualPosition"`
	Quiz *struct {
		Questions []struct {
			Text string `json:"text"`
		} `json:"questions"`
	} `json:"quiz"`
}

type link struct {
	URL string `json:"url"`
}

// nodes keeps the keys under which nodes come: one that comes twice must show.
type nodes []keyed

type keyed struct {
	key string
	node
}

// UnmarshalJSON reads an object without losing a key that comes twice.
func (ns *nodes) UnmarshalJSON(raw []byte) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	if _, err := dec.Token(); err != nil {
		return err
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		k := keyed{key: fmt.Sprint(key)}
		if err := dec.Decode(&k.node); err != nil {
			return err
		}
		*ns = append(*ns, k)
	}
	return nil
}

func (p *path) find(id string) *node {
	for i := range p.Nodes {
		if p.Nodes[i].ID == id {
			return &p.Nodes[i].node
		}
	}
	return nil
}

// perLevel counts the nodes on each level.
func (p *path) perLevel() map[int]int {
	count := map[int]int{}
	for i := range p.Nodes {
		count[p.Nodes[i].Place.Level]++
	}
	return count
}

func (p *path) height() int { return len(p.perLevel()) }

func (p *path) width() (widest int) {
	for _, n := range p.perLevel() {
		widest = max(widest, n)
	}
	return widest
}

func (p *path) unmet(bound string) (u unmet, ok bool) {
	for _, u := range p.Metadata.Unmet {
		if u.Bound == bound {
			return u, true
		}
	}
	return unmet{}, false
}
