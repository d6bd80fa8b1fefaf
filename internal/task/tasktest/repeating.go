package tasktest

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/task"
)

var repeating = []example{
	{
		name: "the same key, kind and input give the first task as long as it is kept",
		check: func(t *testing.T, r *rig) {
			spec := task.Spec{Owner: ann, Kind: held, Input: json.RawMessage(`{"a":1}`), IdempotencyKey: "k"}
			first := r.submit(spec)
			assert.False(t, first.Repeated)
			j := r.next(t)
			again := r.submit(spec)
			assert.True(t, again.Repeated)
			assert.Equal(t, first.Task.ID, again.Task.ID)
			j.complete(`1`)
			r.finish(ann, first.Task.ID)
			spec.Watch = true
			again = r.submit(spec)
			assert.True(t, again.Repeated)
			assert.Equal(t, task.Completed, again.Task.Status)
			assert.Len(t, drain(t, again.Watch), 1)
			assert.Equal(t, 1, r.list(ann, task.Filter{}).Total)
		},
	},
	{
		name:   "what is repeated is kept as long as was asked at first",
		limits: task.Limits{TTL: time.Hour},
		check: func(t *testing.T, r *rig) {
			for _, spec := range []task.Spec{
				{Owner: ann, Kind: held, IdempotencyKey: "k", TTL: 10 * time.Minute},
				{Owner: bob, Kind: held, Unique: "u", TTL: 10 * time.Minute},
			} {
				first := r.submit(spec)
				spec.TTL = 20 * time.Minute
				again := r.submit(spec)
				assert.True(t, again.Repeated)
				assert.Equal(t, first.Task.ID, again.Task.ID)
				assert.Equal(t, 10*time.Minute, again.Task.TTL)
				assert.Equal(t, 10*time.Minute, r.get(spec.Owner, first.Task.ID).TTL)
			}
		},
	},
	{
		name: "a key used with another kind or input is a conflict",
		check: func(t *testing.T, r *rig) {
			spec := task.Spec{Owner: ann, Kind: held, Input: json.RawMessage(`{"a":1}`), IdempotencyKey: "k"}
			r.submit(spec)
			otherInput, otherKind := spec, spec
			otherInput.Input = json.RawMessage(`{"a":2}`)
			otherKind.Kind = echo
			for _, other := range []task.Spec{otherInput, otherKind} {
				_, err := r.Submit(t.Context(), other)
				assert.NotEmpty(t, requireKind(t, err, fault.Conflict).Remedy)
			}
			assert.Equal(t, 1, r.list(ann, task.Filter{}).Total)
		},
	},
	{
		name: "keys and uniqueness of one owner are nothing to another",
		check: func(t *testing.T, r *rig) {
			spec := task.Spec{Owner: ann, Kind: held, IdempotencyKey: "k", Unique: "u"}
			r.submit(spec)
			spec.Owner = bob
			assert.False(t, r.submit(spec).Repeated)
		},
	},
	{
		name: "keys may be long, and are told apart to their ends",
		check: func(t *testing.T, r *rig) {
			long := longText()
			first := r.submit(task.Spec{Owner: ann, Kind: held, IdempotencyKey: long, Unique: long})
			byKey := r.submit(task.Spec{Owner: ann, Kind: held, IdempotencyKey: long})
			assert.True(t, byKey.Repeated)
			assert.Equal(t, first.Task.ID, byKey.Task.ID)
			unique := r.submit(task.Spec{Owner: ann, Kind: held, Unique: long})
			assert.True(t, unique.Repeated)
			assert.Equal(t, first.Task.ID, unique.Task.ID)
			assert.False(t, r.submit(task.Spec{Owner: ann, Kind: held, IdempotencyKey: long + "x", Unique: long + "x"}).Repeated)
		},
	},
	{
		name:   "a key is forgotten together with its task",
		limits: task.Limits{Kept: 1},
		check: func(t *testing.T, r *rig) {
			spec := task.Spec{Owner: ann, Kind: held, IdempotencyKey: "k", Result: json.RawMessage(`1`)}
			first := r.submit(spec)
			r.done(bob) // takes its place
			spec.Input = json.RawMessage(`{"a":2}`)
			again := r.submit(spec)
			assert.False(t, again.Repeated)
			assert.NotEqual(t, first.Task.ID, again.Task.ID)
		},
	},
	{
		name: "a unique task is given again until it has ended",
		check: func(t *testing.T, r *rig) {
			spec := task.Spec{Owner: ann, Kind: held, Unique: "u"}
			first := r.submit(spec)
			j := r.next(t)
			spec.Watch = true
			again := r.submit(spec)
			assert.True(t, again.Repeated)
			assert.Equal(t, first.Task.ID, again.Task.ID)
			j.complete(`1`)
			events := drain(t, again.Watch)
			assert.Equal(t, task.Completed, events[len(events)-1].Status)
			assert.False(t, r.submit(task.Spec{Owner: ann, Kind: held, Unique: "u"}).Repeated)
		},
	},
	{
		name: "the key is asked first, then uniqueness, then the known result",
		check: func(t *testing.T, r *rig) {
			byKey := r.submit(task.Spec{Owner: ann, Kind: held, IdempotencyKey: "k", Result: json.RawMessage(`1`)})
			unique := r.submit(task.Spec{Owner: ann, Kind: held, Unique: "u"})
			both := r.submit(task.Spec{Owner: ann, Kind: held, IdempotencyKey: "k", Unique: "u"})
			assert.Equal(t, byKey.Task.ID, both.Task.ID)
			known := r.submit(task.Spec{Owner: ann, Kind: held, Unique: "u", Result: json.RawMessage(`2`)})
			assert.True(t, known.Repeated)
			assert.Equal(t, unique.Task.ID, known.Task.ID)
			assert.False(t, known.Task.Status.Final())
		},
	},
	{
		name: "of many at once with one key a single one makes the task",
		check: func(t *testing.T, r *rig) {
			const n = 20
			answers := make([]task.Submission, n)
			errs := make([]error, n)
			var wg sync.WaitGroup
			for i := range n {
				wg.Go(func() {
					answers[i], errs[i] = r.Submit(context.Background(), task.Spec{Owner: ann, Kind: held, IdempotencyKey: "k"})
				})
			}
			wg.Wait()
			made := 0
			for i, a := range answers {
				require.NoError(t, errs[i])
				assert.Equal(t, answers[0].Task.ID, a.Task.ID)
				if !a.Repeated {
					made++
				}
			}
			assert.Equal(t, 1, made)
		},
	},
}

// longText is long and cannot be compressed to be short.
func longText() string {
	var b strings.Builder
	for i := range 200 {
		fmt.Fprintf(&b, "%x", sha256.Sum256([]byte{byte(i)}))
	}
	return b.String()
}
