// Package pgtest starts a PostgreSQL of the tests' own: a cluster in a temporary
// directory, from installed binaries, on a Unix socket, for one test binary. It is
// for tests only.
//
// Where no binaries are found the tests that want one are skipped, loudly; with
// TRILHA_REQUIRE_POSTGRES=1 they fail.
package pgtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	superuser = "trilha"
	template  = "trilha_template"
	startTime = 60 * time.Second
)

// cluster is that of this test binary.
var cluster struct {
	once    sync.Once
	server  *Server
	err     error
	prepare func(url string) error

	mu        sync.Mutex
	databases int
}

// Run runs the tests of a package, and removes the cluster if one was started. prepare
// fills the template that databases are copies of; it may be nil.
func Run(m *testing.M, prepare func(url string) error) int {
	cluster.prepare = prepare
	code := m.Run()
	if cluster.server != nil {
		if err := cluster.server.Remove(); err != nil {
			fmt.Fprintln(os.Stderr, "pgtest:", err)
			return max(code, 1)
		}
	}
	return code
}

// Database makes a fresh database, a copy of the template, and gives its URL. It is
// removed with the test.
func Database(t testing.TB) string {
	t.Helper()
	return fresh(t, template)
}

// Blank is Database without what the template holds.
func Blank(t testing.TB) string {
	t.Helper()
	return fresh(t, "template0")
}

func fresh(t testing.TB, from string) string {
	t.Helper()
	s := shared(t)
	cluster.mu.Lock()
	cluster.databases++
	name := fmt.Sprintf("test%d", cluster.databases)
	cluster.mu.Unlock()
	if err := s.create(name, from); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.exec("postgres", `DROP DATABASE `+name+` WITH (FORCE)`); err != nil {
			t.Error(err)
		}
	})
	return s.URL(name)
}

func shared(t testing.TB) *Server {
	t.Helper()
	cluster.once.Do(func() {
		cluster.server, cluster.err = Start()
		if cluster.err == nil {
			cluster.err = cluster.server.create(template, "template0")
		}
		if cluster.err == nil && cluster.prepare != nil {
			cluster.err = cluster.prepare(cluster.server.URL(template))
		}
	})
	Need(t, cluster.err)
	return cluster.server
}

// Need skips or fails a test that cannot have its server.
func Need(t testing.TB, err error) {
	t.Helper()
	switch {
	case err == nil:
	case errors.Is(err, errNoBinaries) && os.Getenv("TRILHA_REQUIRE_POSTGRES") != "1":
		fmt.Fprintf(os.Stderr, "\n*** SKIPPED for want of PostgreSQL: %s (%v)\n", t.Name(), err)
		t.Skip(err)
	default:
		t.Fatal(err)
	}
}

var errNoBinaries = errors.New("no PostgreSQL server is installed: install Debian's package postgresql, or put initdb and postgres on the PATH")

// Server is a running cluster.
type Server struct {
	dir     string // short: the path of a socket has some hundred characters
	bin     string
	as      *account // who runs it; nil: this user
	more    []string // settings
	process *exec.Cmd
	log     bytes.Buffer
}

// Start makes a cluster and starts it, quick rather than safe unless settings
// (name=value) say otherwise.
func Start(settings ...string) (*Server, error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, more: settings}
	if s.as, err = unprivileged(); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp("/tmp", "pg"); err != nil {
		return nil, err
	}
	if s.as != nil {
		if err := os.Chown(s.dir, s.as.uid, s.as.gid); err != nil {
			return nil, err
		}
	}
	initdb := s.command("initdb", "-D", s.data(), "-U", superuser, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	err = s.Up()
	return s, err
}

// binaries finds the newest installed server.
func binaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", errNoBinaries
	}
	newest := slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })
	return filepath.Dir(newest), nil
}

func version(path string) int {
	n, _ := strconv.Atoi(strings.Split(path, "/")[4])
	return n
}

// unprivileged is who runs the server instead of root, whom it refuses.
func unprivileged() (*account, error) {
	if os.Geteuid() != 0 {
		return nil, nil //nolint:nilnil // nobody else
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		return &account{uid, gid}, nil
	}
	return nil, errors.New("root may not run PostgreSQL, and there is no other user")
}

// account is a user of the system.
type account struct{ uid, gid int }

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

func (s *Server) command(name string, args ...string) *exec.Cmd {
	c := exec.CommandContext(context.Background(), filepath.Join(s.bin, name), args...)
	c.Dir = s.dir
	c.SysProcAttr = attributes(s.as)
	return c
}

// Up starts the server, and waits until it answers.
func (s *Server) Up() error {
	args := []string{"-D", s.data(), "-k", s.dir, "-h", ""}
	for _, setting := range slices.Concat([]string{"fsync=off", "max_connections=200", "shared_buffers=32MB", "log_min_messages=fatal"}, s.more) {
		args = append(args, "-c", setting)
	}
	s.process = s.command("postgres", args...)
	s.process.Stdout, s.process.Stderr = &s.log, &s.log
	if err := s.process.Start(); err != nil {
		return err
	}
	for deadline := time.Now().Add(startTime); ; time.Sleep(10 * time.Millisecond) {
		err := s.exec("postgres", `SELECT 1`)
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("PostgreSQL does not answer: %w\n%s", err, s.log.String())
		}
	}
}

// Down stops the server, at once and without a word to its clients.
func (s *Server) Down() error {
	if err := s.process.Process.Signal(immediately); err != nil {
		return err
	}
	_ = s.process.Wait() // says that it was killed
	return nil
}

// Remove stops the server and removes the cluster.
func (s *Server) Remove() error {
	if err := s.Down(); err != nil {
		return err
	}
	return os.RemoveAll(s.dir)
}

// URL is the address of a database.
func (s *Server) URL(database string) string {
	return fmt.Sprintf("postgres://%s@/%s?host=%s", superuser, database, s.dir)
}

// Create makes an empty database.
func (s *Server) Create(name string) error { return s.create(name, "template0") }

func (s *Server) create(name, from string) error {
	return s.exec("postgres", `CREATE DATABASE `+name+` TEMPLATE `+from)
}

func (s *Server) exec(database, query string) error {
	ctx, cancel := context.WithTimeout(context.Background(), startTime)
	defer cancel()
	conn, err := pgx.Connect(ctx, s.URL(database))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	_, err = conn.Exec(ctx, query)
	return err
}
