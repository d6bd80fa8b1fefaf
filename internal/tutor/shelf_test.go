package tutor_test

import (
	"encoding/json"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"pgregory.net/rapid"

	"github.com/trilha/trilha/internal/tutor"
)

func sized(n int) json.RawMessage { return json.RawMessage(strings.Repeat("x", n)) }

func TestAShelfGivesAPathByItsIDAndByItsRequest(t *testing.T) {
	t.Parallel()
	s := tutor.NewShelf(time.Hour, 100)
	s.Put("ann", "request", "id", sized(10))
	assert.Equal(t, sized(10), s.Get("ann", "id"))
	assert.Equal(t, sized(10), s.Find("ann", "request"))
	assert.Nil(t, s.Get("ann", "request"), "a request is no id")
	assert.Nil(t, s.Find("ann", "id"))
}

func TestAShelfKnowsItsOwnersApart(t *testing.T) {
	t.Parallel()
	s := tutor.NewShelf(time.Hour, 100)
	s.Put("ann", "request", "id", sized(1))
	s.Put("bob", "request", "id", sized(2))
	assert.Equal(t, sized(1), s.Get("ann", "id"))
	assert.Equal(t, sized(2), s.Find("bob", "request"))
	assert.Nil(t, s.Get("eve", "id"))
	assert.Nil(t, s.Find("eve", "request"))
}

func TestAShelfKeepsAPathForItsTimeAndNoLonger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := tutor.NewShelf(tutor.ShelfTime, 100)
		s.Put("ann", "request", "id", sized(100))
		time.Sleep(tutor.ShelfTime - time.Nanosecond)
		assert.NotNil(t, s.Get("ann", "id"), "looking does not prolong it")
		time.Sleep(time.Nanosecond)
		assert.Nil(t, s.Get("ann", "id"))
		assert.Nil(t, s.Find("ann", "request"))
		s.Put("ann", "other", "id2", sized(100))
		assert.NotNil(t, s.Get("ann", "id2"), "the room is free again")
	})
}

func TestAFullShelfLosesWhatWasUsedLeastRecently(t *testing.T) {
	t.Parallel()
	s := tutor.NewShelf(time.Hour, 100)
	s.Put("ann", "1", "one", sized(40))
	s.Put("ann", "2", "two", sized(40))
	s.Put("bob", "3", "three", sized(20))
	s.Find("ann", "1")
	s.Put("bob", "4", "four", sized(10))
	assert.Nil(t, s.Get("ann", "two"), "it went, over all owners")
	assert.NotNil(t, s.Get("ann", "one"))
	assert.NotNil(t, s.Get("bob", "three"))
	s.Put("bob", "5", "five", sized(101))
	assert.Nil(t, s.Get("bob", "five"), "what is larger than the shelf is not kept")
}

func TestAPathForTheSameRequestTakesTheEarlierOnesPlace(t *testing.T) {
	t.Parallel()
	s := tutor.NewShelf(time.Hour, 100)
	s.Put("ann", "request", "old", sized(60))
	s.Put("ann", "request", "new", sized(70))
	assert.Nil(t, s.Get("ann", "old"))
	assert.Equal(t, sized(70), s.Find("ann", "request"))
	s.Put("ann", "another", "new", sized(80))
	assert.Nil(t, s.Find("ann", "request"))
	assert.Equal(t, sized(80), s.Get("ann", "new"))
}

// What the shelf holds is what a plain list of puts, by last use, would hold.
func TestAShelfAgreesWithAPlainList(t *testing.T) {
	t.Parallel()
	type item struct {
		owner, name string
		size        int
	}
	rapid.Check(t, func(t *rapid.T) {
		s := tutor.NewShelf(time.Hour, 50)
		var list []item // least recently used first
		take := func(owner, name string) (item, bool) {
			for i, it := range list {
				if it.owner == owner && it.name == name {
					list = append(list[:i:i], list[i+1:]...)
					return it, true
				}
			}
			return item{}, false
		}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			owner := rapid.SampledFrom([]string{"ann", "bob"}).Draw(t, "owner")
			name := rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "name")
			if rapid.Bool().Draw(t, "put") {
				size := rapid.IntRange(0, 60).Draw(t, "size")
				s.Put(owner, "for "+name, name, sized(size))
				take(owner, name)
				list = append(list, item{owner, name, size})
				for total(list, func(it item) int { return it.size }) > 50 {
					list = list[1:]
				}
				continue
			}
			got := s.Get(owner, name)
			it, ok := take(owner, name)
			assert.Equal(t, ok, got != nil)
			if ok {
				assert.Len(t, got, it.size)
				list = append(list, it)
			}
		}
	})
}

func total[T any](list []T, size func(T) int) (sum int) {
	for _, it := range list {
		sum += size(it)
	}
	return sum
}

func TestAShelfServesManyAtOnce(t *testing.T) {
	t.Parallel()
	s := tutor.NewShelf(time.Hour, 200)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			owner := strconv.Itoa(i % 3)
			for j := range 50 {
				id := strconv.Itoa(j % 7)
				s.Put(owner, "for "+id, id, sized(10))
				s.Get(owner, id)
				s.Find(owner, "for "+id)
			}
		})
	}
	wg.Wait()
}
