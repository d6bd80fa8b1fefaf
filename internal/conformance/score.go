package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"
)

// score is what one run of the suite came to.
type score struct {
	scenarios int
	passed    int      // checks
	bad       []string // checks that failed or warned, and scenarios that showed nothing
}

// check is one entry of a scenario's checks.json.
type check struct {
	ID      string `json:"id"`
	Status  string `json:"status"` // SUCCESS, FAILURE, WARNING, SKIPPED or INFO
	Message string `json:"errorMessage"`
}

// folder is the name of a scenario's folder: its name, and when it ran.
var folder = regexp.MustCompile(`^server-(.+?)-\d{4}-\d{2}-\d{2}T.*$`)

// read reads the results of a run, a folder for each scenario with its checks, as far
// as they count.
func read(dir fs.FS, counts func(scenario string) bool) (score, error) {
	var s score
	entries, err := fs.ReadDir(dir, ".")
	if err != nil {
		return s, err
	}
	for _, e := range entries {
		name := folder.FindStringSubmatch(e.Name())
		if name == nil {
			return s, fmt.Errorf("%s is no scenario's folder: has the suite changed?", e.Name())
		}
		if !counts(name[1]) {
			continue
		}
		var checks []check
		raw, err := fs.ReadFile(dir, e.Name()+"/checks.json")
		if err == nil {
			err = json.Unmarshal(raw, &checks)
		}
		if err != nil {
			return s, fmt.Errorf("%s: %w", name[1], err)
		}
		s.add(name[1], checks)
	}
	return s, nil
}

func (s *score) add(scenario string, checks []check) {
	s.scenarios++
	passed := 0
	for _, c := range checks {
		switch c.Status {
		case "SUCCESS":
			passed++
		case "INFO":
		default:
			s.bad = append(s.bad, fmt.Sprintf("%s: %s: %s: %s", scenario, c.ID, c.Status, c.Message))
		}
	}
	if passed == 0 {
		s.bad = append(s.bad, scenario+": no check has passed")
	}
	s.passed += passed
}

// judge complains of all that is bad, and of fewer scenarios than there are.
func (s score) judge(scenarios int) error {
	switch {
	case s.scenarios < scenarios:
		return fmt.Errorf("%d scenarios ran, of at least %d", s.scenarios, scenarios)
	case len(s.bad) > 0:
		return errors.New(strings.Join(s.bad, "\n\t"))
	}
	return nil
}
