package config

import (
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/adrg/xdg"
)

// Place is where tasks are kept: in memory, unless one is set.
type Place struct {
	File string // of a SQLite database
	URL  string // of a Postgres database
}

// InMemory says that a restart forgets.
func (p Place) InMemory() bool { return p == Place{} }

// String is for people: it has no password.
func (p Place) String() string {
	switch u, err := url.Parse(p.URL); {
	case p.InMemory():
		return "memory"
	case p.URL == "":
		return "sqlite:" + p.File
	case err != nil:
		return "postgres"
	default:
		return u.Redacted()
	}
}

// Place reads --store.
func (c Config) Place() (Place, error) {
	kind, rest, more := strings.Cut(c.Store, ":")
	switch {
	case c.Store == "memory":
		return Place{}, nil
	case c.Store == "sqlite":
		return Place{File: filepath.Join(xdg.DataHome, "trilha", "trilha.db")}, nil
	case kind == "sqlite" && rest != "":
		return Place{File: rest}, nil
	case more && (kind == "postgres" || kind == "postgresql") && strings.HasPrefix(rest, "//"):
		return Place{URL: c.Store}, nil
	default:
		return Place{}, fmt.Errorf("--store %q is no store: use memory, sqlite, sqlite:PATH or postgres://user@host/database", Place{URL: c.Store})
	}
}
