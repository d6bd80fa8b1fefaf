package generate

import (
	"fmt"

	"github.com/trilha/trilha/internal/catalog"
	"github.com/trilha/trilha/internal/learning"
)

// quizzes sets a quiz on about a quarter of the steps, spread over the path: on
// every fourth lesson that has questions, counted from the second on.
func (b *builder) quizzes() error {
	want := (len(b.path.Nodes) + 2) / 4
	var lessons []*learning.Node
	for i := range b.path.Nodes {
		n := &b.path.Nodes[i]
		if b.ix.Entry(n.ID) != nil {
			lessons = append(lessons, n)
		}
	}
	set := 0
	for k := 0; k < want && len(lessons) > 0; k++ {
		n := lessons[(2*k+1)*len(lessons)/(2*want)]
		c, err := b.catalog.Concept(n.ID)
		if err != nil {
			return err
		}
		if n.Quiz == nil && len(c.Quiz) > 0 {
			n.Quiz = b.quiz(c)
			set++
		}
	}
	b.say(88, sayQuizzes, set)
	return nil
}

func (b *builder) quiz(c *catalog.Concept) *learning.Quiz {
	q := &learning.Quiz{PassingScore: passingScore}
	for i, question := range c.Quiz {
		q.Questions = append(q.Questions, learning.Question{
			ID:   fmt.Sprintf("%s#q%d", c.ID, i+1),
			Text: question.Question.In(b.language), Options: question.Options.In(b.language),
			CorrectOptionIndex: question.Answer, Explanation: question.Why.In(b.language),
		})
	}
	return q
}
