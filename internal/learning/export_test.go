package learning

import "slices"

// HeuristicLevels is how many levels filling by labels needs.
func HeuristicLevels(o Order, width int) int { return slices.Max(fill(o, width, urgency(o))) }
