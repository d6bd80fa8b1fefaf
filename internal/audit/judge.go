package main

import (
	"context"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/trilha/trilha/internal/catalog"
)

// auditor asks one server, and now and then another one that has seen nothing.
type auditor struct {
	world         *world
	server, fresh asked
	seed          uint64
}

// asked is what the auditor needs of a server.
type asked interface {
	ask(ctx context.Context, r request) (outcome, error)
	shown(ctx context.Context, id string) (p *path, refused string, err error)
	close() error
}

func newAuditor(ctx context.Context, seed uint64, logs io.Writer) (*auditor, error) {
	w, err := readWorld(catalog.Embedded())
	if err != nil {
		return nil, err
	}
	a := &auditor{world: w, seed: seed}
	if a.server, err = start(ctx, logs); err != nil {
		return nil, err
	}
	a.fresh, err = start(ctx, logs)
	return a, err
}

func (a *auditor) close() error {
	err := a.server.close()
	if closing := a.fresh.close(); err == nil {
		err = closing
	}
	return err
}

// verdict is what one request came to.
type verdict struct {
	number  uint64
	request request
	end     string // one of the ends below
	paths   int    // inspected
	found   []breach

	tooFewToAsk bool // the path without strict is smaller than any request may ask for
}

// leastNodes is the least that a request may ask for.
const leastNodes = 3

// How a request can end.
const (
	delivered      = "delivered"
	deliveredAll   = "delivered, strict"
	refusedAtOnce  = "refused at once"
	refusedStrict  = "refused, strict"
	refusedOutline = "refused: the outline does not fit"
	refusedKnown   = "refused: known names the topic"
	wronglyFailed  = "failed"
)

// again is how often a request is asked a second time.
const again = 20

// judge asks request number i and judges what comes back.
func (a *auditor) judge(ctx context.Context, i uint64) (verdict, error) {
	v := verdict{number: i, request: one(a.world, a.seed, i)}
	r := v.request
	o, err := a.server.ask(ctx, r)
	if err != nil {
		return v, err
	}
	switch contradiction := r.contradiction(); {
	case contradiction != "":
		v.end = refusedAtOnce
		if o.refused == "" {
			v.end = delivered
			v.breach("refusal: missing", "%s; answered: %.200s", contradiction, o.failed)
			return v, nil
		}
		err = a.mended(ctx, &v, o)
		return v, err
	case o.refused != "" && a.world.leavesNothing(r):
		v.end = refusedKnown
		return v, nil
	case o.path == nil && a.world.outlineTooMuch(r):
		v.end = refusedOutline
		if o.refused == "" {
			v.breach("refusal: late", "%s", o.failed)
		}
		return v, nil
	case r.Strict:
		err = a.strictly(ctx, &v, o)
		return v, err
	case o.path == nil:
		v.end = wronglyFailed
		v.breach("refusal: without reason", "%s", o.no())
		return v, nil
	}
	v.end = delivered
	v.inspect(a.world, r, o.path)
	if i%again == 0 {
		err = a.repeat(ctx, &v, o)
	}
	return v, err
}

func (v *verdict) breach(law, format string, args ...any) {
	v.found = append(v.found, breach{law: law, what: fmt.Sprintf(format, args...)})
}

func (v *verdict) inspect(w *world, r request, p *path) {
	v.paths++
	v.found = append(v.found, inspect(w, r, p)...)
}

// strictly: refused exactly when the same request without strict leaves something
// unmet that was given; and what the refusal names can be had.
func (a *auditor) strictly(ctx context.Context, v *verdict, o outcome) error {
	r := v.request
	r.Strict = false
	loose, err := a.server.ask(ctx, r)
	if err != nil {
		return err
	}
	if loose.path == nil {
		v.end = wronglyFailed
		v.breach("refusal: without reason", "%s", loose.no())
		return nil
	}
	v.inspect(a.world, r, loose.path)
	short := givenUnmet(r, loose.path)
	v.tooFewToAsk = len(loose.path.Nodes) < leastNodes
	if o.path != nil {
		v.end = deliveredAll
		v.inspect(a.world, v.request, o.path)
		if left := givenUnmet(r, o.path); len(left) > 0 {
			v.breach("strict: delivered", "unmet: %v", left)
		}
		return nil
	}
	v.end = refusedStrict
	if len(short) == 0 {
		v.breach("strict: refused", "without strict nothing given is unmet (%v); strict says: %s", loose.path.Metadata.Unmet, o.no())
		return nil
	}
	if !namesOne(o.no(), short) {
		v.breach("strict: names no bound", "unmet: %v; strict says: %s", short, o.no())
		return nil
	}
	return a.nearest(ctx, v, o)
}

// givenUnmet lists the bounds of a request that a path says it does not meet.
func givenUnmet(r request, p *path) (bounds []string) {
	for _, u := range p.Metadata.Unmet {
		if b := r.bound(u.Bound); b != nil && *b > 0 {
			bounds = append(bounds, u.Bound)
		}
	}
	return bounds
}

func namesOne(text string, bounds []string) bool {
	for _, b := range bounds {
		if strings.Contains(text, b) {
			return true
		}
	}
	return false
}

// nearest: the bounds that a strict refusal names hold when they are asked for.
func (a *auditor) nearest(ctx context.Context, v *verdict, o outcome) error {
	named := namedBounds(o.no())
	if len(named) == 0 && v.tooFewToAsk {
		return nil // two steps, say: no request may ask for so few
	}
	if len(named) == 0 {
		v.breach("strict: no nearest", "%s", o.no())
		return nil
	}
	r := v.request
	for name, value := range named {
		*r.bound(name) = value
	}
	o2, err := a.server.ask(ctx, r)
	if err == nil && o2.path == nil {
		v.breach("strict: nearest does not hold", "%s; asked with that: %s", o.no(), o2.no())
	}
	return err
}

// mended: a refusal at once names a field, and asked with what it names the request
// is one that can be asked. Each refusal tells of one contradiction.
func (a *auditor) mended(ctx context.Context, v *verdict, o outcome) error {
	r := v.request
	first := o.refused
	for range 3 {
		if a.world.outlineTooMuch(r) {
			return nil // the outline contradicts as well: which yields is the caller's to say
		}
		named := namedBounds(o.refused)
		if len(named) == 0 {
			v.breach("refusal: no nearest", "%s", o.refused)
			return nil
		}
		for name, value := range named {
			*r.bound(name) = value
		}
		var err error
		if o, err = a.server.ask(ctx, r); err != nil {
			return err
		}
		if o.refused == "" || a.world.leavesNothing(r) || r.Strict && r.contradiction() == "" {
			return nil
		}
	}
	v.breach("refusal: nearest does not hold", "%s; at last: %s", first, o.refused)
	return nil
}

var (
	namedPair  = regexp.MustCompile(`\b((?:num_nodes|max_resources|m(?:in|ax)_(?:width|height)))(?: of| at (?:most|least)| to)?[ :=]+(\d+)`)
	namedField = regexp.MustCompile(`^((?:num_nodes|max_resources|m(?:in|ax)_(?:width|height))):`)
	namedRoof  = regexp.MustCompile(`is above max_\w+ (\d+)`)
	anyNumber  = regexp.MustCompile(`\d+`)
)

// namedBounds reads the nearest bounds out of an error: pairs in its last sentence;
// or the number there, of the field that the error begins with; or the maximum that
// a minimum is above.
func namedBounds(text string) map[string]int {
	text = strings.TrimSuffix(strings.TrimSpace(text), ".")
	remedy := text[strings.LastIndex(text, ". ")+1:]
	named := map[string]int{}
	for _, m := range namedPair.FindAllStringSubmatch(remedy, -1) {
		named[m[1]], _ = strconv.Atoi(m[2])
	}
	field := namedField.FindStringSubmatch(text)
	if len(named) > 0 || field == nil {
		return named
	}
	if n := anyNumber.FindString(remedy); n != "" {
		named[field[1]], _ = strconv.Atoi(n)
	} else if m := namedRoof.FindStringSubmatch(text); m != nil {
		named[field[1]], _ = strconv.Atoi(m[1])
	}
	return named
}

// repeat: the same request gives the same bytes, from the same server and from one
// that never made it; and the tool shows what the resource holds.
func (a *auditor) repeat(ctx context.Context, v *verdict, o outcome) error {
	for name, s := range map[string]asked{"the same server": a.server, "another server": a.fresh} {
		same, err := s.ask(ctx, v.request)
		if err != nil {
			return err
		}
		if same.raw != o.raw {
			v.breach("repeat", "%s gives %d bytes instead of %d, or others: %s", name, len(same.raw), len(o.raw), same.no())
		}
	}
	p, refused, err := a.server.shown(ctx, o.path.ID)
	if err != nil {
		return err
	}
	switch {
	case p == nil && strings.Contains(refused, "more than a client takes"):
	case p == nil:
		v.breach("shown", "%s", refused)
	case !reflect.DeepEqual(plain(p), plain(o.path)):
		v.breach("shown", "get_learning_path shows another path than the resource")
	}
	return nil
}

// plain is a path without quizzes, which a concise answer does not have.
func plain(p *path) path {
	q := *p
	q.Nodes = nil
	for _, n := range p.Nodes {
		n.Quiz = nil
		q.Nodes = append(q.Nodes, n)
	}
	return q
}
