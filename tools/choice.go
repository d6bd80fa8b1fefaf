package tools

import (
	"slices"
	"strings"

	"github.com/trilha/trilha/internal/fault"
)

// Choice says which of the tools are offered; the zero value offers all.
type Choice struct {
	ReadOnly bool     // none that changes anything
	Only     []string // names; none: all
	Except   []string // names
}

// Offer makes a choice, before the tools are asked for. Errors: Invalid, for a name
// that is none and for a choice that leaves nothing.
func (t *Tools) Offer(c Choice) error {
	var names, left []string
	for _, d := range t.All() {
		names = append(names, d.Tool.Name)
		if c.has(d) {
			left = append(left, d.Tool.Name)
		}
	}
	for field, given := range map[string][]string{"tools": c.Only, "exclude-tools": c.Except} {
		for _, name := range given {
			if !slices.Contains(names, name) {
				return fault.InField(field, "there is no tool %q", name).With("The tools are %s.", strings.Join(names, ", "))
			}
		}
	}
	if len(left) == 0 {
		return fault.InField("tools", "none is left").With("Leave out some of --read-only, --tools and --exclude-tools.")
	}
	t.choice = c
	return nil
}

// Offered lists the tools that are offered.
func (t *Tools) Offered() []Definition {
	return slices.DeleteFunc(t.All(), func(d Definition) bool { return !t.choice.has(d) })
}

func (c Choice) has(d Definition) bool {
	return (d.ReadOnly() || !c.ReadOnly) &&
		(len(c.Only) == 0 || slices.Contains(c.Only, d.Tool.Name)) && !slices.Contains(c.Except, d.Tool.Name)
}

// ReadOnly says that the tool changes nothing.
func (d Definition) ReadOnly() bool {
	hint := d.Tool.Annotations.ReadOnlyHint
	return hint != nil && *hint
}
