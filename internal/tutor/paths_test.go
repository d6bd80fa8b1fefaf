package tutor_test

import (
	"encoding/json"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/shelf"
	"github.com/trilha/trilha/internal/task"
	"github.com/trilha/trilha/internal/tutor"
)

func TestFinishedPathsAreListedWithWhatTheyAre(t *testing.T) {
	t.Parallel()
	s := opened(t)
	done := s.wait(t, "ann", s.order(t, "ann", python()).Task.ID)
	page, err := s.Paths(t.Context(), "ann", shelf.Query{Words: "PYTHON"})
	require.NoError(t, err)
	require.Len(t, page.Paths, 1)
	path, err := s.Path(t.Context(), "ann", done.ID)
	require.NoError(t, err)
	got := page.Paths[0]
	assert.Equal(t, path.ID, got.ID)
	assert.Equal(t, path.Title, got.Title)
	assert.Equal(t, "Python", got.Topic)
	assert.Equal(t, "en", got.Language)
	assert.Equal(t, path.Category, got.Category)
	assert.Equal(t, len(path.Nodes), got.Steps)
	assert.Equal(t, path.TotalHours, got.Hours)
	page, err = s.Paths(t.Context(), "eve", shelf.Query{})
	require.NoError(t, err)
	assert.Empty(t, page.Paths)
}

// A learner who deletes a path expects it gone, whichever way it is asked for.
func TestADeletedPathIsGoneFromItsTaskToo(t *testing.T) {
	t.Parallel()
	s := opened(t)
	ctx := t.Context()
	done := s.wait(t, "ann", s.order(t, "ann", python()).Task.ID)
	id := tutor.PathID(done)
	whole, err := s.Whole(ctx, "ann", done.ID)
	require.NoError(t, err)
	assert.Equal(t, done.Result, whole.Result)

	require.ErrorIs(t, s.DeletePath(ctx, "eve", id), fault.NotFound)
	require.ErrorIs(t, s.DeletePath(ctx, "ann", done.ID), fault.NotFound, "a task is no path")
	require.NoError(t, s.DeletePath(ctx, "ann", id))

	_, err = s.Path(ctx, "ann", id)
	require.ErrorIs(t, err, fault.NotFound)
	_, err = s.Path(ctx, "ann", done.ID)
	require.ErrorIs(t, err, fault.NotFound)
	assert.ErrorContains(t, err, "it was deleted")
	assert.ErrorContains(t, err, "generate_learning_path_async")
	whole, err = s.Whole(ctx, "ann", done.ID)
	require.NoError(t, err)
	assert.Equal(t, task.Completed, whole.Status)
	assert.Nil(t, whole.Result)
	require.ErrorIs(t, s.DeletePath(ctx, "ann", id), fault.NotFound)

	again := s.order(t, "ann", python())
	assert.NotEqual(t, task.Completed, again.Task.Status, "the request is worked on anew")
	s.wait(t, "ann", again.Task.ID)
	for _, made := range []string{id, done.ID, again.Task.ID} {
		p, err := s.Path(ctx, "ann", made)
		require.NoError(t, err)
		assert.Equal(t, id, p.ID, "the same request makes the same path")
	}
}

func TestAPathThatMadeRoomIsGoneWithItsTask(t *testing.T) {
	t.Parallel()
	s := opened(t)
	done := s.wait(t, "ann", s.order(t, "ann", python()).Task.ID)
	large := shelf.Path{Owner: "bob", ID: "large", JSON: json.RawMessage(strings.Repeat("x", 1<<20))}
	require.NoError(t, s.shelf.Put(t.Context(), nil, large))
	_, err := s.Path(t.Context(), "ann", done.ID)
	require.ErrorIs(t, err, fault.NotFound)
	assert.ErrorContains(t, err, "made room")
}

func TestAPathAnswersItsRequestForThirtyDaysAndStaysListed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := opened(t)
		done := s.wait(t, "ann", s.order(t, "ann", python()).Task.ID)
		time.Sleep(tutor.CacheTime - time.Nanosecond)
		assert.Equal(t, task.Completed, s.order(t, "ann", python()).Task.Status)
		time.Sleep(time.Nanosecond)
		_, err := s.Path(t.Context(), "ann", tutor.PathID(done))
		require.NoError(t, err, "it outlives its task and the cache")
		again := s.order(t, "ann", python())
		assert.NotEqual(t, task.Completed, again.Task.Status)
		s.wait(t, "ann", again.Task.ID)
		page, err := s.Paths(t.Context(), "ann", shelf.Query{})
		require.NoError(t, err)
		require.Len(t, page.Paths, 1, "its id is the same")
		assert.Equal(t, tutor.CacheTime, page.Paths[0].UpdatedAt.Sub(page.Paths[0].CreatedAt).Round(time.Hour))
	})
}
