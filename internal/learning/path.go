// Package learning is the domain of learning paths: what is asked for
// (Request), what comes out (Path), how chosen concepts are arranged into levels
// (Arrange), and what every path satisfies (Validate). Plain data and pure
// functions: which concepts are chosen and where links come from is in package
// generate.
package learning

// Path is a finished learning path: a tree of nodes. Its JSON keeps the field
// names that clients of the original know; additions are allowed, renames not.
type Path struct {
	ID          string   `json:"id"`
	Title       string   `json:"title"`
	Description string   `json:"description"`
	Topic       string   `json:"topic"`
	Category    string   `json:"category"`
	Language    string   `json:"language"`
	RootNodeID  string   `json:"rootNodeId"`
	Nodes       Nodes    `json:"nodes"`
	TotalHours  int      `json:"totalHours"`
	Tags        []string `json:"tags"`
	Metadata    Metadata `json:"metadata"`
}

// Metadata says what kind of path it is and how far it meets what was asked.
type Metadata struct {
	Difficulty     string       `json:"difficulty"`
	EstimatedHours int          `json:"estimatedHours"`
	Tags           []string     `json:"tags"`
	Height         int          `json:"height"`            // levels, the root's included
	Width          int          `json:"width"`             // nodes on the fullest level
	Source         string       `json:"source"`            // "catalogue" or "outline"
	Weeks          int          `json:"weeks,omitempty"`   // at the hours a week that were given
	Assumes        []Assumption `json:"assumes,omitempty"` // needed, but not taught here
	Unmet          []Unmet      `json:"unmet,omitempty"`   // bounds that could not be met
	NotKnown       []string     `json:"unrecognizedKnown,omitempty"`
}

// Assumption is a prerequisite that the path does not teach.
type Assumption struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Where string `json:"where"` // a sentence on where to get it
	URL   string `json:"url"`   // the page that the sentence names

	Indirect bool `json:"indirect,omitempty"` // needed only by another assumption
}

// Unmet is a bound that the path does not meet, and why.
type Unmet struct {
	Bound string `json:"bound"`
	Asked int    `json:"asked"`
	Got   int    `json:"got"`
	Why   string `json:"why"`
}

// Node types used by paths.
const (
	Lesson    = "lesson"
	ProjectOf = "project"
	Reference = "reference"
	Practice  = "exercise_set"
)

// Node states.
const (
	Available = "available"
	Locked    = "locked"
)

// Node is one step of a path.
type Node struct {
	ID             string       `json:"id"`
	Title          string       `json:"title"`
	Description    string       `json:"description"`
	Type           string       `json:"type"`
	State          string       `json:"state"`
	Resources      []Resource   `json:"resources"`
	Prerequisites  []string     `json:"prerequisites"`
	Rewards        []string     `json:"rewards"`
	Hints          []string     `json:"hints"`
	VisualPosition Position     `json:"visualPosition"`
	Minutes        int          `json:"minutes"`
	Level          string       `json:"difficulty,omitempty"`
	Quiz           *Quiz        `json:"quiz"`
	ExerciseSet    *ExerciseSet `json:"exerciseSet"`
}

// Position is where a node stands in a drawing of the path; Level counts from 0,
// the root.
type Position struct {
	X     float64 `json:"x"`
	Y     float64 `json:"y"`
	Level int     `json:"level"`
}

// Resource is a link to learn from. Duration and ReadTime are minutes; at most
// one of them is set.
type Resource struct {
	ID          string            `json:"id"`
	Title       string            `json:"title"`
	URL         string            `json:"url"`
	Type        string            `json:"type"`
	Description *string           `json:"description"`
	Duration    *int              `json:"duration"`
	ReadTime    *int              `json:"readTime"`
	Difficulty  *string           `json:"difficulty"`
	Thumbnail   *string           `json:"thumbnail"`
	Metadata    map[string]string `json:"metadata,omitempty"`
}

// Quiz is passed with PassingScore per cent of the answers right.
type Quiz struct {
	Questions    []Question `json:"questions"`
	PassingScore int        `json:"passingScore"`
}

// Question has one right option.
type Question struct {
	ID                 string   `json:"id"`
	Text               string   `json:"text"`
	Options            []string `json:"options"`
	CorrectOptionIndex int      `json:"correctOptionIndex"`
	Explanation        string   `json:"explanation,omitempty"`
}

// ExerciseSet is passed with PassingScore per cent of the exercises done.
type ExerciseSet struct {
	Exercises    []Exercise `json:"exercises"`
	PassingScore int        `json:"passingScore"`
}

// Exercise is something to do. CorrectAnswer of a multiple-choice exercise is
// the option's index as a string.
type Exercise struct {
	ID                 string   `json:"id"`
	Title              string   `json:"title"`
	Description        string   `json:"description"`
	Difficulty         string   `json:"difficulty"`
	Instructions       string   `json:"instructions"`
	Hints              []string `json:"hints"`
	Solution           string   `json:"solution"`
	VerificationMethod string   `json:"verificationMethod"`
	Options            []string `json:"options"`
	CorrectAnswer      string   `json:"correctAnswer"`
}
