// Package shelftest is what every shelf of paths must pass. It is for tests only.
package shelftest

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/shelf"
	"github.com/trilha/trilha/internal/task"
)

// Shelf is what is tested: what package tutor asks for.
type Shelf interface {
	Put(ctx context.Context, tx task.Tx, p shelf.Path) error
	Get(ctx context.Context, owner, id string) (json.RawMessage, error)
	Find(ctx context.Context, owner, request string, since time.Time) (json.RawMessage, error)
	List(ctx context.Context, owner string, q shelf.Query) (shelf.Page, error)
	Delete(ctx context.Context, owner, id string) error
	Release(ctx context.Context, owner string, ids []string) (int, error)
	Stats(ctx context.Context, owner string, since time.Time) (shelf.Stats, error)
}

// Open opens an empty shelf that keeps a number of paths for each owner, and ends it
// with the test.
type Open func(t *testing.T, perOwner int) Shelf

// Run runs the suite.
func Run(t *testing.T, open Open) {
	t.Helper()
	for name, f := range map[string]func(*rig){
		"a path is found by its id and by its request":    found,
		"owners are kept apart":                           apart,
		"a path with an id that is there takes its place": replaced,
		"a path answers its request for a time":           aged,
		"an older path for a request stays listed":        older,
		"a list has the newest first, in pages":           listed,
		"every word has to occur":                         searched,
		"a wrong query is told":                           refused,
		"what is deleted is gone":                         deleted,
		"the oldest of too many goes":                     bounded,
		"texts of any kind are kept":                      anyText,
		"what is released answers nothing, and stays":     released,
		"its use is counted by owner":                     counted,
		"many use it at once":                             crowded,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(&rig{T: t, Shelf: open(t, 50)})
		})
	}
	t.Run("it agrees with a plain list", func(t *testing.T) {
		t.Parallel()
		agrees(t, open(t, 4))
	})
}

// rig is a shelf whose errors fail the test.
type rig struct {
	*testing.T
	Shelf
}

// always is before everything.
var always time.Time

func named(owner, id string) shelf.Path {
	return shelf.Path{
		Owner: owner, ID: id, Request: "for " + id, Title: "Title of " + id, Topic: "topic " + id, Language: "pt",
		Category: "mathematics", Steps: 7, Hours: 3, JSON: json.RawMessage(`{"id":"` + id + `"}`),
	}
}

func (r *rig) put(owner string, ids ...string) {
	r.Helper()
	for _, id := range ids {
		require.NoError(r, r.Put(r.Context(), nil, named(owner, id)))
	}
}

func (r *rig) get(owner, id string) string {
	r.Helper()
	raw, err := r.Get(r.Context(), owner, id)
	if err != nil {
		require.ErrorIs(r, err, fault.NotFound)
		assert.Nil(r, raw)
	}
	return string(raw)
}

func (r *rig) find(owner, request string, since time.Time) string {
	r.Helper()
	raw, err := r.Find(r.Context(), owner, request, since)
	require.NoError(r, err)
	return string(raw)
}

func (r *rig) page(owner string, q shelf.Query) (ids []string, next string) {
	r.Helper()
	page, err := r.List(r.Context(), owner, q)
	require.NoError(r, err)
	for _, p := range page.Paths {
		assert.Empty(r, p.JSON, "a list is small")
		ids = append(ids, p.ID)
	}
	return ids, page.Next
}

func found(r *rig) {
	before := time.Now().Add(-time.Second)
	r.put("ann", "one")
	assert.JSONEq(r, `{"id":"one"}`, r.get("ann", "one"))
	assert.JSONEq(r, `{"id":"one"}`, r.find("ann", "for one", always))
	assert.Empty(r, r.get("ann", "for one"), "a request is no id")
	assert.Empty(r, r.find("ann", "one", always))
	page, err := r.List(r.Context(), "ann", shelf.Query{})
	require.NoError(r, err)
	require.Len(r, page.Paths, 1)
	got, want := page.Paths[0], named("ann", "one")
	assert.WithinRange(r, got.CreatedAt, before, time.Now().Add(time.Second))
	want.CreatedAt, want.UpdatedAt, want.JSON = got.CreatedAt, got.UpdatedAt, nil
	assert.Equal(r, want, got)
}

func apart(r *rig) {
	r.put("ann", "one", "two")
	bobs := named("bob", "one")
	bobs.JSON = json.RawMessage(`{"of":"bob"}`)
	require.NoError(r, r.Put(r.Context(), nil, bobs))
	assert.JSONEq(r, `{"id":"one"}`, r.get("ann", "one"))
	assert.JSONEq(r, `{"of":"bob"}`, r.find("bob", "for one", always))
	assert.Empty(r, r.get("eve", "one"))
	assert.Empty(r, r.find("eve", "for one", always))
	ids, _ := r.page("eve", shelf.Query{})
	assert.Empty(r, ids)
	require.ErrorIs(r, r.Delete(r.Context(), "bob", "two"), fault.NotFound, "it is ann's")
	require.NoError(r, r.Delete(r.Context(), "bob", "one"))
	assert.NotEmpty(r, r.get("ann", "one"))
	assert.NotEmpty(r, r.get("ann", "two"))
}

func replaced(r *rig) {
	r.put("ann", "one", "two")
	again := named("ann", "one")
	again.Request, again.Title, again.JSON = "another", "Another", json.RawMessage(`{"again":true}`)
	require.NoError(r, r.Put(r.Context(), nil, again))
	assert.JSONEq(r, `{"again":true}`, r.get("ann", "one"))
	assert.JSONEq(r, `{"again":true}`, r.find("ann", "another", always))
	assert.Empty(r, r.find("ann", "for one", always))
	page, err := r.List(r.Context(), "ann", shelf.Query{})
	require.NoError(r, err)
	require.Len(r, page.Paths, 2)
	assert.Equal(r, "two", page.Paths[0].ID, "it keeps its place")
	assert.Equal(r, "Another", page.Paths[1].Title)
	assert.False(r, page.Paths[1].UpdatedAt.Before(page.Paths[1].CreatedAt))
}

func aged(r *rig) {
	r.put("ann", "one")
	assert.NotEmpty(r, r.find("ann", "for one", time.Now().Add(-time.Hour)))
	assert.Empty(r, r.find("ann", "for one", time.Now().Add(time.Hour)), "it is older than that")
	assert.NotEmpty(r, r.get("ann", "one"), "which is nothing to who asks for it")
	ids, _ := r.page("ann", shelf.Query{})
	assert.Equal(r, []string{"one"}, ids)
}

func older(r *rig) {
	for _, id := range []string{"old", "new"} {
		p := named("ann", id)
		p.Request = "the same"
		require.NoError(r, r.Put(r.Context(), nil, p))
	}
	assert.JSONEq(r, `{"id":"new"}`, r.find("ann", "the same", always))
	ids, _ := r.page("ann", shelf.Query{})
	assert.Equal(r, []string{"new", "old"}, ids)
	require.NoError(r, r.Delete(r.Context(), "ann", "new"))
	assert.JSONEq(r, `{"id":"old"}`, r.find("ann", "the same", always))
}

func listed(r *rig) {
	r.put("ann", "1", "2", "3", "4", "5")
	ids, next := r.page("ann", shelf.Query{Limit: 2})
	assert.Equal(r, []string{"5", "4"}, ids)
	require.NotEmpty(r, next)
	r.put("ann", "6")
	require.NoError(r, r.Delete(r.Context(), "ann", "4"))
	ids, next = r.page("ann", shelf.Query{Limit: 2, Cursor: next})
	assert.Equal(r, []string{"3", "2"}, ids, "whatever came and went")
	ids, next = r.page("ann", shelf.Query{Limit: 2, Cursor: next})
	assert.Equal(r, []string{"1"}, ids)
	assert.Empty(r, next)
	ids, next = r.page("ann", shelf.Query{Limit: 5})
	assert.Len(r, ids, 5)
	assert.Empty(r, next, "a full page may be the last")
	for i := range shelf.DefaultPage {
		r.put("ann", "more "+strconv.Itoa(i))
	}
	ids, _ = r.page("ann", shelf.Query{})
	assert.Len(r, ids, shelf.DefaultPage)
}

func searched(r *rig) {
	for id, p := range map[string][2]string{
		"pt": {"Trilha: Autovalores e Álgebra", "álgebra linear"},
		"en": {"Learning path: Eigenvalues", "eigenvectors_50%"},
		"c":  {"Learning path: C++", "C++"},
	} {
		kept := named("ann", id)
		kept.Title, kept.Topic = p[0], p[1]
		require.NoError(r, r.Put(r.Context(), nil, kept))
	}
	for words, want := range map[string][]string{
		"algebra":               {"pt"},
		"ÁLGEBRA linear":        {"pt"},
		"linear, autovalores!":  {"pt"},
		"eigen":                 {"en"},
		"Eigen 50":              {"en"},
		"learning eigenvectors": {"en"},
		"learning algebra":      nil,
		"c++":                   {"c"},
		"%":                     {"c", "en", "pt"}, // no word at all
		"qqqq":                  nil,
		"":                      {"c", "en", "pt"},
	} {
		ids, next := r.page("ann", shelf.Query{Words: words})
		slices.Sort(ids)
		assert.Equal(r, want, ids, words)
		assert.Empty(r, next)
	}
	r.put("ann", "x1", "x2", "x3")
	ids, next := r.page("ann", shelf.Query{Words: "title", Limit: 2})
	assert.Equal(r, []string{"x3", "x2"}, ids)
	ids, next = r.page("ann", shelf.Query{Words: "title", Limit: 2, Cursor: next})
	assert.Equal(r, []string{"x1"}, ids)
	assert.Empty(r, next)
}

func refused(r *rig) {
	for field, q := range map[string]shelf.Query{
		"limit":  {Limit: shelf.MaxPage + 1},
		"cursor": {Cursor: "pß"},
	} {
		_, err := r.List(r.Context(), "ann", q)
		require.ErrorIs(r, err, fault.Invalid)
		f, _ := fault.Of(err)
		assert.Equal(r, field, f.Field)
	}
	for _, cursor := range []string{"x", "p", "p-1", "pzzzzzzzzzzzzzzzzzzzz"} {
		_, err := r.List(r.Context(), "ann", shelf.Query{Cursor: cursor})
		require.ErrorIs(r, err, fault.Invalid, cursor)
	}
	_, err := r.List(r.Context(), "ann", shelf.Query{Limit: -1})
	require.ErrorIs(r, err, fault.Invalid)
}

func deleted(r *rig) {
	r.put("ann", "one", "two")
	require.NoError(r, r.Delete(r.Context(), "ann", "one"))
	assert.Empty(r, r.get("ann", "one"))
	assert.Empty(r, r.find("ann", "for one", always), "it answers no request any more")
	ids, _ := r.page("ann", shelf.Query{})
	assert.Equal(r, []string{"two"}, ids)
	require.ErrorIs(r, r.Delete(r.Context(), "ann", "one"), fault.NotFound)
	require.ErrorIs(r, r.Delete(r.Context(), "nobody", "one"), fault.NotFound)
	r.put("ann", "one")
	ids, _ = r.page("ann", shelf.Query{})
	assert.Equal(r, []string{"one", "two"}, ids, "it is new again")
}

func bounded(r *rig) {
	r.put("bob", "his")
	for i := range 52 {
		r.put("ann", strconv.Itoa(i))
	}
	r.put("ann", "51") // is there
	assert.Empty(r, r.get("ann", "0"))
	assert.Empty(r, r.get("ann", "1"))
	assert.NotEmpty(r, r.get("ann", "2"))
	assert.Empty(r, r.find("ann", "for 1", always))
	assert.NotEmpty(r, r.get("bob", "his"), "it is each owner's own number")
}

func anyText(r *rig) {
	for _, odd := range []string{"", "a\x00b", "\xff\xfe", "%_'\"\\", "日本語", strings.Repeat("ß", 9000)} {
		p := named("ann"+odd, "id"+odd)
		p.Title, p.Topic = odd, odd
		require.NoError(r, r.Put(r.Context(), nil, p))
		assert.Equal(r, string(p.JSON), r.get("ann"+odd, "id"+odd))
		_, _ = r.page("ann"+odd, shelf.Query{Words: odd})
		assert.Empty(r, r.get("ann"+odd, "none"+odd))
		require.NoError(r, r.Delete(r.Context(), "ann"+odd, "id"+odd))
	}
}

func released(r *rig) {
	r.put("ann", "one", "two")
	r.put("bob", "one")
	n, err := r.Release(r.Context(), "ann", []string{"one", "none"})
	require.NoError(r, err)
	assert.Equal(r, 1, n)
	assert.Empty(r, r.find("ann", "for one", always))
	assert.NotEmpty(r, r.get("ann", "one"), "it can be read")
	assert.NotEmpty(r, r.find("ann", "for two", always))
	assert.NotEmpty(r, r.find("bob", "for one", always), "it is bob's")
	ids, _ := r.page("ann", shelf.Query{})
	assert.Equal(r, []string{"two", "one"}, ids)
	n, err = r.Release(r.Context(), "ann", []string{"one"})
	require.NoError(r, err)
	assert.Zero(r, n, "it is released already")
	r.put("ann", "one")
	assert.NotEmpty(r, r.find("ann", "for one", always), "made anew, it answers again")
	n, err = r.Release(r.Context(), "nobody", []string{"one"})
	require.NoError(r, err)
	assert.Zero(r, n)
	require.NoError(r, r.Delete(r.Context(), "ann", "one"))
}

func counted(r *rig) {
	stats := func(owner string, since time.Time) shelf.Stats {
		s, err := r.Stats(r.Context(), owner, since)
		require.NoError(r, err)
		assert.WithinRange(r, s.Since, time.Now().Add(-time.Hour), time.Now())
		s.Since = time.Time{}
		return s
	}
	assert.Equal(r, shelf.Stats{Max: 50}, stats("ann", always))
	r.put("ann", "one", "two", "three")
	r.find("ann", "for one", always)
	r.find("ann", "for nothing", always)
	r.find("ann", "for two", time.Now().Add(time.Hour))
	_, err := r.Release(r.Context(), "ann", []string{"three"})
	require.NoError(r, err)
	counts := shelf.Counts{Hits: 1, Misses: 2, Puts: 3}
	assert.Equal(r, shelf.Stats{Active: 2, Max: 50, Counts: counts}, stats("ann", always))
	assert.Equal(r, shelf.Stats{Expired: 2, Max: 50, Counts: counts}, stats("ann", time.Now().Add(time.Hour)))
	assert.Equal(r, shelf.Stats{Max: 50}, stats("bob", always), "owners are counted apart")
	for i := range 52 {
		r.put("ann", strconv.Itoa(i))
	}
	assert.Equal(r, 5, stats("ann", always).Evicted)
}

func crowded(r *rig) {
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			owner := strconv.Itoa(i % 3)
			for j := range 10 {
				id := strconv.Itoa(j % 4)
				assert.NoError(r, r.Put(r.Context(), nil, named(owner, id)))
				_, err := r.Find(r.Context(), owner, "for "+id, always)
				assert.NoError(r, err)
				_, err = r.List(r.Context(), owner, shelf.Query{Words: id})
				assert.NoError(r, err)
				if j%5 == 4 {
					_ = r.Delete(r.Context(), owner, id) // another may have
				}
			}
		})
	}
	wg.Wait()
}

// agrees compares a shelf that keeps four paths of an owner with a plain list.
func agrees(t *testing.T, s Shelf) {
	runs := 0
	rapid.Check(t, func(t *rapid.T) {
		runs++
		owner := func() string { // of this run
			return fmt.Sprintf("%s %d", rapid.SampledFrom([]string{"ann", "bob"}).Draw(t, "owner"), runs)
		}
		model := map[string][]shelf.Path{}
		for range rapid.IntRange(1, 25).Draw(t, "steps") {
			who, id := owner(), rapid.SampledFrom([]string{"a", "b", "c", "d", "e", "f"}).Draw(t, "id")
			at := slices.IndexFunc(model[who], func(p shelf.Path) bool { return p.ID == id })
			switch rapid.SampledFrom([]string{"put", "put", "delete", "get"}).Draw(t, "what") {
			case "put":
				p := named(who, id)
				p.Hours = rapid.IntRange(0, 9).Draw(t, "hours")
				require.NoError(t, s.Put(t.Context(), nil, p))
				if at >= 0 {
					model[who][at] = p
				} else if model[who] = append(model[who], p); len(model[who]) > 4 {
					model[who] = model[who][1:]
				}
			case "delete":
				err := s.Delete(t.Context(), who, id)
				if at < 0 {
					require.ErrorIs(t, err, fault.NotFound)
					continue
				}
				require.NoError(t, err)
				model[who] = slices.Delete(model[who], at, at+1)
			case "get":
				raw, err := s.Get(t.Context(), who, id)
				assert.Equal(t, at >= 0, err == nil)
				cached, err := s.Find(t.Context(), who, "for "+id, always)
				require.NoError(t, err)
				assert.Equal(t, raw, cached)
			}
			same(t, s, who, model[who])
		}
	})
}

func same(t *rapid.T, s Shelf, owner string, model []shelf.Path) {
	page, err := s.List(t.Context(), owner, shelf.Query{})
	require.NoError(t, err)
	got, want := []string{}, []string{}
	for _, p := range page.Paths {
		got = append(got, fmt.Sprint(p.ID, p.Hours))
	}
	for _, p := range slices.Backward(model) {
		want = append(want, fmt.Sprint(p.ID, p.Hours))
	}
	require.Equal(t, want, got)
}
