package tutor

import "context"

// Crowd is the bound on what addresses have in work, without a Tutor around it.
type Crowd struct{ c crowd }

// NewCrowd lets each address have so many.
func NewCrowd(most int) *Crowd { return &Crowd{newCrowd(most)} }

// Enter takes a place.
func (c *Crowd) Enter(ctx context.Context, inWork func(context.Context, string) bool) (func(id string), error) {
	return c.c.enter(ctx, inWork)
}

// Remembered is how many addresses and tasks are known.
func (c *Crowd) Remembered() (addresses, tasks int) { return c.c.recent.Len(), c.c.tasks }

// MaxRemembered bounds both.
const MaxRemembered = maxRemembered
