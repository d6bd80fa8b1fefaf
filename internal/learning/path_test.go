package learning_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/trilha/trilha/internal/learning"
)

func node(id string, level int, needs ...string) learning.Node {
	return learning.Node{
		ID: id, Title: "T", Description: "D", Type: learning.Lesson, State: learning.Locked,
		Resources: []learning.Resource{}, Prerequisites: append([]string{}, needs...), Rewards: []string{}, Hints: []string{},
		VisualPosition: learning.Position{Level: level},
	}
}

// sound is a path without a fault.
func sound() *learning.Path {
	p := &learning.Path{
		ID: "p", Title: "T", Topic: "t", Language: "en", Category: "arts", RootNodeID: "root", Tags: []string{},
		Nodes: learning.Nodes{node("root", 0), node("a", 1, "root"), node("b", 1, "root"), node("c", 2, "a", "b")},
	}
	p.Nodes[1].Resources = []learning.Resource{{ID: "r", Title: "R", URL: "https://example.org", Type: "book"}}
	return p
}

func TestASoundPathIsValid(t *testing.T) {
	t.Parallel()
	require.NoError(t, sound().Validate())
}

func TestEveryBreachOfAPathIsFound(t *testing.T) {
	t.Parallel()
	type path = learning.Path
	for name, c := range map[string]struct {
		breach func(*path)
		want   string
	}{
		"no id":                   {func(p *path) { p.ID = "" }, "a required field is empty"},
		"no title":                {func(p *path) { p.Title = "" }, "a required field is empty"},
		"no topic":                {func(p *path) { p.Topic = "" }, "a required field is empty"},
		"no language":             {func(p *path) { p.Language = "" }, "a required field is empty"},
		"no category":             {func(p *path) { p.Category = "" }, "a required field is empty"},
		"no nodes":                {func(p *path) { p.Nodes = nil }, `root "root" is not the first node`},
		"another root":            {func(p *path) { p.RootNodeID = "a" }, `root "a" is not the first node`},
		"root on a level":         {func(p *path) { p.Nodes[0].VisualPosition.Level = 1 }, `root "root" is not the first node`},
		"root with prerequisites": {func(p *path) { p.Nodes[0].Prerequisites = []string{"c"} }, "only the root has no prerequisites"},
		"two roots":               {func(p *path) { p.Nodes[2].Prerequisites = nil }, "node b: only the root has no prerequisites"},
		"id twice":                {func(p *path) { p.Nodes[2].ID = "a" }, "node a stands twice"},
		"node without id":         {func(p *path) { p.Nodes[3].ID = "" }, "a required field is empty"},
		"node without title":      {func(p *path) { p.Nodes[3].Title = "" }, "node c: a required field is empty"},
		"node without text":       {func(p *path) { p.Nodes[3].Description = "" }, "node c: a required field is empty"},
		"node without type":       {func(p *path) { p.Nodes[3].Type = "" }, "node c: a required field is empty"},
		"node without state":      {func(p *path) { p.Nodes[3].State = "" }, "node c: a required field is empty"},
		"unknown prerequisite":    {func(p *path) { p.Nodes[3].Prerequisites = []string{"z"} }, "node c: prerequisite z is not in the path"},
		"prerequisite beside":     {func(p *path) { p.Nodes[2].Prerequisites = []string{"a"} }, "node b on level 1: prerequisite a is on level 1"},
		"prerequisite below":      {func(p *path) { p.Nodes[1].Prerequisites = []string{"c"} }, "node a on level 1: prerequisite c is on level 2"},
		"link without address":    {func(p *path) { p.Nodes[1].Resources[0].URL = "" }, "node a: resource"},
		"link without title":      {func(p *path) { p.Nodes[1].Resources[0].Title = "" }, "node a: resource"},
		"link without type":       {func(p *path) { p.Nodes[1].Resources[0].Type = "" }, "node a: resource"},
		"link twice":              {func(p *path) { p.Nodes[1].Resources = append(p.Nodes[1].Resources, p.Nodes[1].Resources[0]) }, "stands twice"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := sound()
			c.breach(p)
			require.ErrorContains(t, p.Validate(), c.want)
		})
	}
}

func TestAllBreachesAreToldAtOnce(t *testing.T) {
	t.Parallel()
	p := sound()
	p.Title, p.Nodes[3].Prerequisites = "", []string{"y", "z"}
	assert.Len(t, strings.Split(p.Validate().Error(), "\n"), 3)
}

func TestNodesKeepTheirOrderInJSONAndBack(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var nodes learning.Nodes
		for _, id := range rapid.SliceOfNDistinct(rapid.String(), 0, 8, rapid.ID).Draw(t, "ids") {
			nodes = append(nodes, node(strings.ToValidUTF8(id, ""), len(nodes)))
		}
		raw, err := json.Marshal(nodes)
		require.NoError(t, err)
		require.True(t, json.Valid(raw))
		var back learning.Nodes
		require.NoError(t, json.Unmarshal(raw, &back))
		require.Len(t, back, len(nodes))
		for i := range nodes {
			assert.Equal(t, nodes[i], back[i])
		}
		again, err := json.Marshal(back)
		require.NoError(t, err)
		assert.Equal(t, string(raw), string(again))
	})
}

func TestNodesThatAreNoObjectAreRefused(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{`[]`, `"x"`, `{"a":1}`, `{"a":{"id":7}}`, `{"a"`} {
		var nodes learning.Nodes
		assert.Error(t, json.Unmarshal([]byte(raw), &nodes), raw)
	}
}

func TestANodeIsFoundByItsID(t *testing.T) {
	t.Parallel()
	p := sound()
	assert.Same(t, &p.Nodes[3], p.Nodes.Get("c"))
	assert.Nil(t, p.Nodes.Get("z"))
}

// What clients of the original read: these names may be added to, not changed.
func TestTheJSONOfAPathKeepsTheOriginalsNamesAndNulls(t *testing.T) {
	t.Parallel()
	p := sound()
	p.Nodes = p.Nodes[:2]
	p.Nodes[1].Quiz = &learning.Quiz{PassingScore: 70, Questions: []learning.Question{{ID: "q", Text: "Q?", Options: []string{"x"}}}}
	p.Nodes[1].ExerciseSet = &learning.ExerciseSet{PassingScore: 70, Exercises: []learning.Exercise{{ID: "e", Hints: []string{}}}}
	raw, err := json.MarshalIndent(p, "", " ")
	require.NoError(t, err)
	assert.JSONEq(t, `{
		"id": "p", "title": "T", "description": "", "topic": "t", "category": "arts", "language": "en", "rootNodeId": "root",
		"nodes": {
			"root": {
				"id": "root", "title": "T", "description": "D", "type": "lesson", "state": "locked",
				"resources": [], "prerequisites": [], "rewards": [], "hints": [],
				"visualPosition": {"x": 0, "y": 0, "level": 0}, "minutes": 0, "quiz": null, "exerciseSet": null
			},
			"a": {
				"id": "a", "title": "T", "description": "D", "type": "lesson", "state": "locked",
				"resources": [{
					"id": "r", "title": "R", "url": "https://example.org", "type": "book",
					"description": null, "duration": null, "readTime": null, "difficulty": null, "thumbnail": null
				}],
				"prerequisites": ["root"], "rewards": [], "hints": [],
				"visualPosition": {"x": 0, "y": 0, "level": 1}, "minutes": 0,
				"quiz": {"questions": [{"id": "q", "text": "Q?", "options": ["x"], "correctOptionIndex": 0}], "passingScore": 70},
				"exerciseSet": {"exercises": [{
					"id": "e", "title": "", "description": "", "difficulty": "", "instructions": "", "hints": [], "solution": "",
					"verificationMethod": "", "options": null, "correctAnswer": ""
				}], "passingScore": 70}
			}
		},
		"totalHours": 0, "tags": [],
		"metadata": {"difficulty": "", "estimatedHours": 0, "tags": null, "height": 0, "width": 0, "source": ""}
	}`, string(raw))
}
