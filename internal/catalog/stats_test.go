package catalog_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/catalog"
)

func TestStatsCountBySubjectByCategoryAndInAll(t *testing.T) {
	t.Parallel()
	knots, ropes := sound(), sound()
	ropes.ID, ropes.Category = "ropes", "technology"
	ropes.Resources = nil
	ropes.Concepts = ropes.Concepts[:1]
	hemp := &ropes.Concepts[0]
	hemp.ID, hemp.PartOf, hemp.Level = "ropes/hemp", "ropes", "advanced"
	hemp.Requires, hemp.Helps = []string{"knots/reef"}, []string{"knots/bight"}
	hemp.Resources, hemp.Exercises, hemp.Wikipedia = hemp.Resources[:1], nil, same("Hemp")

	stats, err := catalog.Of(knots, ropes).Stats()
	require.NoError(t, err)
	require.Len(t, stats.Subjects, 2)
	require.Len(t, stats.Categories, 2)
	doc := func(c catalog.Counts) string {
		raw, err := json.Marshal(c)
		require.NoError(t, err)
		return string(raw)
	}
	assert.JSONEq(t, `{"name": "knots", "subjects": 1, "concepts": 2, "levels": {"beginner": 2}, "requires": 1, "helps": 0,
		"longest_chain": 2, "first_steps": 1, "minutes": 120, "resources": 9, "urls": 3,
		"languages": {"en": 3, "pt": 3, "es": 3}, "types": {"book": 3, "video": 6}, "served": {"en": 2, "pt": 2, "es": 2},
		"wikipedia": {"en": 2}, "questions": 4, "exercises": 2, "practised": 2}`, doc(stats.Subjects[0]))
	assert.JSONEq(t, `{"name": "technology", "subjects": 1, "concepts": 1, "levels": {"advanced": 1}, "requires": 1, "helps": 1,
		"longest_chain": 1, "first_steps": 0, "minutes": 90, "resources": 1, "urls": 1,
		"languages": {"en": 1}, "types": {"book": 1}, "served": {"en": 1},
		"wikipedia": {"en": 1, "pt": 1, "es": 1}, "questions": 2, "exercises": 0, "practised": 0}`, doc(stats.Categories[0]))
	assert.Equal(t, "arts", stats.Categories[1].Name)
	assert.Equal(t, []int{2, 3, 3, 10, 3}, []int{
		stats.All.Subjects, stats.All.Concepts, stats.All.LongestChain, stats.All.Resources, stats.All.URLs,
	}, "chains go through subjects, and a url counts once among the different ones")
}
