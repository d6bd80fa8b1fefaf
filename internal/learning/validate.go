package learning

import (
	"errors"
	"fmt"
)

// Validate holds what every path satisfies: exactly one root, which is on level
// 0 and first; every prerequisite exists and stands on a smaller level; every
// node is reachable from the root; ids are unique; texts and links are there. The
// error names every breach.
func (p *Path) Validate() error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if p.ID == "" || p.Title == "" || p.Topic == "" || p.Language == "" || p.Category == "" {
		fail("path %q: a required field is empty", p.ID)
	}
	level := make(map[string]int, len(p.Nodes))
	for i := range p.Nodes {
		n := &p.Nodes[i]
		if _, twice := level[n.ID]; twice {
			fail("node %s stands twice", n.ID)
		}
		level[n.ID] = n.VisualPosition.Level
	}
	if len(p.Nodes) == 0 || p.Nodes[0].ID != p.RootNodeID || level[p.RootNodeID] != 0 {
		fail("root %q is not the first node on level 0", p.RootNodeID)
	}
	for i := range p.Nodes {
		errs = append(errs, validateNode(&p.Nodes[i], p.RootNodeID, level)...)
	}
	return errors.Join(errs...)
}

// validateNode also settles reachability: prerequisites exist on smaller levels
// and only the root has none, so following them always ends at the root.
func validateNode(n *Node, root string, level map[string]int) (errs []error) {
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if n.ID == "" || n.Title == "" || n.Description == "" || n.Type == "" || n.State == "" {
		fail("node %s: a required field is empty", n.ID)
	}
	if (n.ID == root) != (len(n.Prerequisites) == 0) {
		fail("node %s: only the root has no prerequisites", n.ID)
	}
	for _, pre := range n.Prerequisites {
		l, ok := level[pre]
		if !ok {
			fail("node %s: prerequisite %s is not in the path", n.ID, pre)
		} else if l >= n.VisualPosition.Level {
			fail("node %s on level %d: prerequisite %s is on level %d", n.ID, n.VisualPosition.Level, pre, l)
		}
	}
	seen := map[string]bool{}
	for _, r := range n.Resources {
		if r.URL == "" || r.Title == "" || r.Type == "" || seen[r.URL] {
			fail("node %s: resource %q is incomplete or stands twice", n.ID, r.URL)
		}
		seen[r.URL] = true
	}
	return errs
}
