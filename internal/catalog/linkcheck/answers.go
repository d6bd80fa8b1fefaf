package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// answer is what came of asking one link.
type answer struct {
	URL    string    `json:"url"`
	Asked  time.Time `json:"asked"`
	Method string    `json:"method"`           // of the last request
	Status int       `json:"status,omitempty"` // 0: no answer came
	Final  string    `json:"final,omitempty"`  // where redirects led
	Error  string    `json:"error,omitempty"`
	NoHost bool      `json:"no_host,omitempty"` // there is no such host

	slow bool // no answer in time, so that asking again at once is of no use
}

// verdict is what an answer means.
type verdict string

const (
	good   verdict = "good"
	moved  verdict = "moved"  // good, elsewhere
	dead   verdict = "dead"   // the page or host says that it is not there
	unsure verdict = "unsure" // refused to a program, out of order, too slow: look for yourself
)

func (a *answer) verdict() verdict {
	switch {
	case a.NoHost || a.Status == 404 || a.Status == 410:
		return dead
	case a.Status < 200 || a.Status > 299:
		return unsure
	case a.Final != "":
		return moved
	}
	return good
}

// answers is the file of answers: a line each, the last one of a link counts. A file
// that only grows loses nothing when a run is stopped.
type answers struct {
	mu   sync.Mutex
	last map[string]*answer
	file *os.File
}

func openAnswers(name string) (*answers, error) {
	a := &answers{last: map[string]*answer{}}
	old, err := os.Open(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return nil, err
	default:
		defer old.Close()
		lines := bufio.NewScanner(old)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			one := new(answer)
			// The last line of a run that was killed may be half a line.
			if json.Unmarshal(lines.Bytes(), one) == nil && one.URL != "" {
				a.last[one.URL] = one
			}
		}
		if err := lines.Err(); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return nil, err
	}
	if a.file, err = os.OpenFile(name, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644); err != nil {
		return nil, err
	}
	if old != nil {
		_, err = a.file.WriteString("\n") // ends what may be half a line
	}
	return a, err
}

// since gives the answer for a link unless it is older, or nil.
func (a *answers) since(link string, when time.Time) *answer {
	a.mu.Lock()
	defer a.mu.Unlock()
	if one := a.last[link]; one != nil && one.Asked.After(when) {
		return one
	}
	return nil
}

func (a *answers) keep(one *answer) error {
	line, err := json.Marshal(one)
	if err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last[one.URL] = one
	_, err = a.file.Write(append(line, '\n'))
	return err
}

func (a *answers) close() error { return a.file.Close() }
