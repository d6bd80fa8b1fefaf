package render

import (
	"fmt"
	"strings"

	"github.com/trilha/trilha/internal/learning"
)

// Mermaid draws p as a Mermaid flowchart: an arrow from each step to what needs
// it, the root a stadium, projects hexagons. Steps are named n0, n1, ... in the
// path's order.
func Mermaid(p *learning.Path) string {
	var b strings.Builder
	b.WriteString("flowchart TD\n")
	at := make(map[string]int, len(p.Nodes))
	for i := len(p.Nodes) - 1; i >= 0; i-- {
		at[p.Nodes[i].ID] = i
	}
	for i, n := range p.Nodes {
		left, right := "[", "]"
		switch {
		case n.ID == p.RootNodeID:
			left, right = "([", "])"
		case n.Type == learning.ProjectOf:
			left, right = "{{", "}}"
		}
		title := label(n.Title)
		if title == "" {
			title = "?"
		}
		fmt.Fprintf(&b, "  n%d%s\"%s\"%s\n", i, left, title, right)
	}
	for i, n := range p.Nodes {
		for _, id := range n.Prerequisites {
			if j, ok := at[id]; ok {
				fmt.Fprintf(&b, "  n%d --> n%d\n", j, i)
			}
		}
	}
	return b.String()
}
