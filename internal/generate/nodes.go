package generate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/learning"
)

// rootID is the id of every path's first node.
const rootID = "overview"

// overviewMinutes is the time to read an overview.
const overviewMinutes = 15

func outlineID(p Plan, item int) string {
	if id := p.Outline[item]; id != "" {
		return id
	}
	return fmt.Sprintf("outline/%d", item+1)
}

// texts makes the nodes, with all but links and quizzes, in levels from the
// root, the order of learning within a level.
func (b *builder) texts() error {
	title := b.topicTitle()
	p := &learning.Path{
		Title: pathTitle.in(b.language, title), Topic: b.plan.Request.Topic, Language: b.language,
		Category: b.category(), RootNodeID: rootID, ID: b.pathID(),
		Description: pathDescription.in(b.language, len(b.choice.ids)+1, title),
	}
	root, err := b.root(title)
	if err != nil {
		return err
	}
	p.Nodes = append(p.Nodes, root)
	for _, i := range b.byLevel() {
		n, err := b.node(i)
		if err != nil {
			return err
		}
		p.Nodes = append(p.Nodes, n)
	}
	b.path = p
	b.path.Tags = b.tags()
	b.place()
	b.say(55, sayTexts, strings.Join(b.subjectTitles(), ", "))
	return nil
}

// byLevel lists the chosen, by number, from the first level on.
func (b *builder) byLevel() []int {
	numbers := make([]int, len(b.levels))
	for i := range numbers {
		numbers[i] = i
	}
	slices.SortStableFunc(numbers, func(i, j int) int { return b.levels[i] - b.levels[j] })
	return numbers
}

func (b *builder) category() string {
	switch {
	case b.plan.Topic != "":
		return b.ix.Category(b.plan.Topic)
	case slices.Contains(catalog.Categories(), b.plan.Request.Category):
		return b.plan.Request.Category
	default:
		return "general"
	}
}

// root is the overview: the subject's own text, or the topic's, or for an
// outline that the graph does not know a text about the outline.
func (b *builder) root(title string) (learning.Node, error) {
	n := learning.Node{
		ID: rootID, Title: overviewTitle.in(b.language, title), Type: learning.Reference, State: learning.Available,
		Minutes: overviewMinutes, Prerequisites: []string{}, Rewards: []string{}, Hints: []string{}, Resources: []learning.Resource{},
	}
	if b.plan.Topic == "" {
		n.Description = ownOverview.in(b.language, title, len(b.choice.ids))
		return n, nil
	}
	if b.ix.Route(b.plan.Topic) != nil {
		r, err := b.catalog.Route(b.plan.Topic)
		if err != nil {
			return n, err
		}
		n.Description = r.Overview.In(b.language)
		return n, nil
	}
	s, err := b.catalog.Subject(catalog.SubjectOf(b.plan.Topic))
	if err != nil {
		return n, err
	}
	n.Description = s.Overview.In(b.language)
	if s.ID != b.plan.Topic {
		c, err := b.catalog.Concept(b.plan.Topic)
		if err != nil {
			return n, err
		}
		n.Description = c.Summary.In(b.language) + "\n\n" + n.Description
	}
	return n, nil
}

// node makes the node of chosen number i.
func (b *builder) node(i int) (learning.Node, error) {
	id := b.choice.ids[i]
	n := learning.Node{
		ID: id, Type: learning.Lesson, State: learning.Locked, Prerequisites: []string{},
		Rewards: []string{}, Hints: []string{}, Resources: []learning.Resource{},
		VisualPosition: learning.Position{Level: b.levels[i]},
	}
	for _, j := range b.choice.order[i] {
		n.Prerequisites = append(n.Prerequisites, b.choice.ids[j])
	}
	if len(n.Prerequisites) == 0 {
		n.Prerequisites = append(n.Prerequisites, rootID)
	}
	if subject, ok := strings.CutSuffix(id, projectSuffix); ok && b.ix.Subject(subject) != nil {
		return b.projectNode(n, subject)
	}
	if concepts, ok := b.choice.practice[id]; ok {
		return b.practiceNode(n, concepts)
	}
	if b.ix.Entry(id) == nil {
		n.Title, n.Description, n.Minutes = b.plan.Request.Outline[b.places[i]].Title, ownStep.in(b.language), 60
		return n, nil
	}
	c, err := b.catalog.Concept(id)
	if err != nil {
		return n, err
	}
	n.Title, n.Description = c.Title.In(b.language), c.Summary.In(b.language)
	n.Minutes, n.Level = c.Minutes, c.Level
	b.addExercises(&n, c)
	return n, nil
}

func (b *builder) projectNode(n learning.Node, subject string) (learning.Node, error) {
	s, err := b.catalog.Subject(subject)
	if err != nil {
		return n, err
	}
	p := s.Project
	var text strings.Builder
	text.WriteString(p.Summary.In(b.language) + "\n\n" + projectSteps.in(b.language) + ":\n")
	for i, step := range p.Steps.In(b.language) {
		fmt.Fprintf(&text, "%d. %s\n", i+1, step)
	}
	text.WriteString("\n" + projectDone.in(b.language) + ": " + p.DoneWhen.In(b.language))
	n.Type, n.Title, n.Description = learning.ProjectOf, projectTitle.in(b.language, p.Title.In(b.language)), text.String()
	n.Minutes, n.Hints = p.Minutes, slices.Clone(p.Hints.In(b.language))
	return n, nil
}

// practiceMinutes is the time that an exercise takes, by its difficulty.
var practiceMinutes = map[string]int{"beginner": 15, "intermediate": 25, "advanced": 40}

// practiceNode is a step that mixes the exercises of several concepts.
func (b *builder) practiceNode(n learning.Node, concepts []string) (learning.Node, error) {
	var titles []string
	for _, id := range concepts {
		c, err := b.catalog.Concept(id)
		if err != nil {
			return n, err
		}
		titles = append(titles, c.Title.In(b.language))
		b.addExercises(&n, c)
	}
	for _, e := range n.ExerciseSet.Exercises {
		n.Minutes += practiceMinutes[e.Difficulty]
	}
	list := strings.Join(titles, ", ")
	n.Type, n.Title, n.Description = learning.Practice, practiceTitle.in(b.language, list), practiceText.in(b.language, list)
	return n, nil
}

// passingScore is the share of answers, or exercises, to get right, in per cent.
const passingScore = 70

func (b *builder) addExercises(n *learning.Node, c *catalog.Concept) {
	if len(c.Exercises) == 0 {
		return
	}
	if n.ExerciseSet == nil {
		n.ExerciseSet = &learning.ExerciseSet{PassingScore: passingScore}
	}
	for _, e := range c.Exercises {
		n.ExerciseSet.Exercises = append(n.ExerciseSet.Exercises, learning.Exercise{
			ID: c.ID + "#" + e.ID, Title: e.Title.In(b.language), Description: e.Title.In(b.language),
			Difficulty: e.Difficulty, Instructions: e.Instructions.In(b.language),
			Hints: slices.Clone(e.Hints.In(b.language)), Solution: e.Solution.In(b.language),
			VerificationMethod: e.Verification, Options: e.Options.In(b.language), CorrectAnswer: e.Answer,
		})
		n.Hints = append(n.Hints, e.Hints.In(b.language)...)
	}
}

// place spreads each level's nodes evenly in a drawing, the root at the top; one
// unit is the room of one node.
func (b *builder) place() {
	count, seen := map[int]int{}, map[int]int{}
	for i := range b.path.Nodes {
		count[b.path.Nodes[i].VisualPosition.Level]++
	}
	for i := range b.path.Nodes {
		pos := &b.path.Nodes[i].VisualPosition
		pos.X = float64(seen[pos.Level]) - float64(count[pos.Level]-1)/2
		pos.Y = float64(pos.Level)
		seen[pos.Level]++
	}
}

// subjectIDs lists the subjects that the chosen concepts come from, in the
// catalogue's order.
func (b *builder) subjectIDs() []string {
	var out []string
	for _, s := range b.ix.Subjects() {
		if slices.ContainsFunc(b.choice.ids, func(id string) bool { return catalog.SubjectOf(id) == s.ID }) {
			out = append(out, s.ID)
		}
	}
	return out
}

func (b *builder) subjectTitles() []string {
	var out []string
	for _, id := range b.subjectIDs() {
		out = append(out, b.ix.Title(id, b.language))
	}
	if len(out) == 0 {
		out = append(out, b.plan.Request.Topic)
	}
	return out
}

func (b *builder) tags() []string {
	tags := append([]string{}, b.subjectIDs()...)
	if c := b.category(); !slices.Contains(tags, c) {
		tags = append(tags, c)
	}
	return tags
}
