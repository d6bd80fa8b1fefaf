package tasktest

import (
	"encoding/json"
	"slices"
	"time"

	"github.com/trilha/trilha/internal/task"
)

// model is what a store should hold: the simplest thing that can be said.
type model struct {
	limits    task.Limits
	kept      []*known // in order of creation
	forgotten []*known
}

// known is what the model knows of one task.
type known struct {
	id       string
	spec     task.Spec
	status   task.Status
	progress int
	lines    int // in its log
	created  time.Time
	job      *job          // while running
	open     []string      // keys of what it asks
	answered int           // forms
	asked    time.Time     // while it asks
	expires  time.Time     // while it asks
	away     time.Duration // how long it waited for its owner
	end      task.Task     // the final snapshot
	watch    *task.Watch   // nil when none, or stopped
}

// repeats finds the task that spec repeats. conflict: its key asked for
// something else.
func (m *model) repeats(spec task.Spec) (k *known, conflict bool) {
	for _, k := range m.kept {
		if spec.IdempotencyKey != "" && k.spec.Owner == spec.Owner && k.spec.IdempotencyKey == spec.IdempotencyKey {
			return k, k.spec.Kind != spec.Kind || string(k.spec.Input) != string(spec.Input)
		}
	}
	for _, k := range m.kept {
		if spec.Unique != "" && k.spec.Owner == spec.Owner && k.spec.Unique == spec.Unique && !k.status.Final() {
			return k, false
		}
	}
	return nil, false
}

// refuses says whether the limits forbid a new task.
func (m *model) refuses(spec task.Spec) bool {
	if _, known := spec.Known(); !known && m.count(spec.Owner, task.Pending) >= m.limits.WaitingPerOwner { // those that ask too
		return true
	}
	return len(m.kept) >= m.limits.Kept && m.firstEnded() == nil
}

// add keeps a created task, and forgets another for it where it must.
func (m *model) add(spec task.Spec, t task.Task) *known {
	if len(m.kept) >= m.limits.Kept {
		m.forget(m.firstEnded())
	}
	k := &known{id: t.ID, spec: spec, status: task.Pending, created: t.CreatedAt}
	m.kept = append(m.kept, k)
	return k
}

func (m *model) settle(k *known, end task.Task) {
	k.status, k.progress, k.lines = end.Status, end.Progress, len(end.Messages)
	k.end, k.job, k.open = end, nil, nil
}

func (m *model) forget(k *known) {
	m.kept = slices.DeleteFunc(m.kept, func(o *known) bool { return o == k })
	m.forgotten = append(m.forgotten, k)
}

func (m *model) forgetExpired(now time.Time) {
	for _, k := range slices.Clone(m.kept) {
		if k.status.Final() && !now.Before(k.end.ExpiresAt) {
			m.forget(k)
		}
	}
}

// unanswered lists what has waited for its owner for too long, in the order in which
// it did.
func (m *model) unanswered(now time.Time) []*known {
	late := m.find(func(k *known) bool { return len(k.open) > 0 && !now.Before(k.expires) })
	slices.SortStableFunc(late, func(a, b *known) int { return a.expires.Compare(b.expires) })
	return late
}

// firstEnded gives the one to expire first, of several at once the oldest.
func (m *model) firstEnded() *known {
	var first *known
	for _, k := range m.kept {
		if k.status.Final() && (first == nil || k.end.ExpiresAt.Before(first.end.ExpiresAt)) {
			first = k
		}
	}
	return first
}

// count counts owner's tasks of a status; the empty owner's are everyone's.
func (m *model) count(owner string, status task.Status) int {
	return len(m.find(func(k *known) bool { return (owner == "" || k.spec.Owner == owner) && k.status == status }))
}

func (m *model) find(match func(*known) bool) (out []*known) {
	for _, k := range m.kept {
		if match(k) {
			out = append(out, k)
		}
	}
	return out
}

// mayStart lists the tasks of which one should start now: of owners below their
// limit who run least, each one's first. Which of several owners is next is left
// open here; the examples have it.
func (m *model) mayStart() (out []*known) {
	if m.count("", task.Running) >= m.limits.Running {
		return nil
	}
	least := m.limits.RunningPerOwner
	heads := map[string]*known{}
	for _, k := range m.find(func(k *known) bool { return k.status == task.Pending && len(k.open) == 0 }) {
		if head := heads[k.spec.Owner]; head == nil || m.due(k).Before(m.due(head)) {
			heads[k.spec.Owner] = k
		}
		least = min(least, m.count(k.spec.Owner, task.Running))
	}
	for owner, k := range heads {
		if runs := m.count(owner, task.Running); runs == least && runs < m.limits.RunningPerOwner {
			out = append(out, k)
		}
	}
	return out
}

func (m *model) due(k *known) time.Time {
	return k.created.Add(time.Duration(k.spec.Priority.Rank())*m.limits.Ageing + k.away)
}

// listing gives the ids that a listing of owner's should have, newest first.
func (m *model) listing(owner string, statuses []task.Status) []string {
	out := []string{}
	for _, k := range m.kept {
		if k.spec.Owner == owner && (len(statuses) == 0 || slices.Contains(statuses, k.status)) {
			out = append(out, k.id)
		}
	}
	slices.Reverse(out)
	return out
}

// reported is what a report should do.
func (k *known) reported(percent int, line string) {
	k.progress = max(k.progress, min(percent, 99))
	if line != "" {
		k.lines = min(k.lines+1, task.MaxMessages)
	}
}

// results are what works under the machine return.
var results = []json.RawMessage{json.RawMessage(`{"a":1}`), json.RawMessage(`[]`), json.RawMessage(`"text"`)}
