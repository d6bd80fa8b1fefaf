package learning

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Nodes are a path's nodes in order, the root first, what is needed before what
// needs it. In JSON they are an object from id to node that keeps this order.
type Nodes []Node

// Get finds a node by id, or nil.
func (ns Nodes) Get(id string) *Node {
	for i := range ns {
		if ns[i].ID == id {
			return &ns[i]
		}
	}
	return nil
}

// MarshalJSON writes an object, nodes in order.
func (ns Nodes) MarshalJSON() ([]byte, error) {
	var buf bytes.Buffer
	buf.WriteByte('{')
	for i := range ns {
		if i > 0 {
			buf.WriteByte(',')
		}
		key, err := json.Marshal(ns[i].ID)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(&ns[i])
		if err != nil {
			return nil, err
		}
		buf.Write(key)
		buf.WriteByte(':')
		buf.Write(value)
	}
	buf.WriteByte('}')
	return buf.Bytes(), nil
}

// UnmarshalJSON reads an object, keeping the order of its members.
func (ns *Nodes) UnmarshalJSON(b []byte) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	if tok, err := dec.Token(); err != nil || tok != json.Delim('{') {
		return fmt.Errorf("nodes: want an object")
	}
	*ns = Nodes{}
	for dec.More() {
		if _, err := dec.Token(); err != nil { // the key, which the node repeats
			return err
		}
		var n Node
		if err := dec.Decode(&n); err != nil {
			return err
		}
		*ns = append(*ns, n)
	}
	return nil
}
