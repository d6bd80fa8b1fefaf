// Command knownurls tells how many of the catalogue's links stand in public lists:
// tab-separated files, plain or gzipped, whose first column is an address. That a
// list names a page says that somebody saw it, not that it is there today
// (package linkcheck asks the page itself).
package main

import (
	"bufio"
	"cmp"
	"compress/gzip"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/trilha/trilha/internal/catalog"
)

func main() {
	verbose := flag.Bool("v", false, "list the links that no list has, with what they are for")
	flag.Parse()
	if err := run(os.Stdout, flag.Args(), *verbose); err != nil {
		fmt.Fprintln(os.Stderr, "knownurls:", err)
		os.Exit(1)
	}
}

func run(out io.Writer, paths []string, verbose bool) error {
	subjects, err := catalog.Embedded().All()
	if err != nil {
		return err
	}
	known, err := readLists(paths)
	if err != nil {
		return err
	}
	r := compare(subjects, known)
	if err := r.write(out); err != nil {
		return err
	}
	if verbose {
		r.writeMissing(out)
	}
	return nil
}

// lists are the addresses of all lists: as they stand there, and plain.
type lists struct{ exact, plain map[string]bool }

func readLists(paths []string) (*lists, error) {
	known := &lists{exact: map[string]bool{}, plain: map[string]bool{}}
	for _, path := range paths {
		err := filepath.WalkDir(path, func(file string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			// A file that was named is read whatever its name.
			if ext := filepath.Ext(file); file != path && ext != ".tsv" && ext != ".gz" {
				return nil
			}
			return known.readFile(file)
		})
		if err != nil {
			return nil, err
		}
	}
	if len(known.exact) == 0 {
		return nil, fmt.Errorf("no address in %q: name files, or folders with *.tsv or *.gz, whose first column is one", paths)
	}
	return known, nil
}

func (k *lists) readFile(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(name, ".gz") {
		if in, err = gzip.NewReader(f); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		address, _, _ := strings.Cut(lines.Text(), "\t")
		if address = strings.TrimSpace(address); strings.HasPrefix(address, "http") {
			k.exact[address] = true
			k.plain[catalog.PlainURL(address)] = true
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// sum counts different links.
type sum struct{ links, exact, plain int }

type report struct {
	subjects, hosts map[string]*sum
	all             sum
	missing         map[string][]string // link -> what it is for
}

func compare(subjects []*catalog.Subject, known *lists) *report {
	r := &report{subjects: map[string]*sum{}, hosts: map[string]*sum{}, missing: map[string][]string{}}
	everywhere := map[string]bool{}
	for _, s := range subjects {
		r.subjects[s.ID] = new(sum)
		here := map[string]bool{}
		for id, link := range s.Links() {
			exact, plain := known.exact[link.URL], known.plain[catalog.PlainURL(link.URL)]
			if !plain {
				r.missing[link.URL] = append(r.missing[link.URL], id)
			}
			if !here[link.URL] {
				here[link.URL] = true
				r.subjects[s.ID].add(exact, plain)
			}
			if !everywhere[link.URL] {
				everywhere[link.URL] = true
				r.all.add(exact, plain)
				r.host(link.URL).add(exact, plain)
			}
		}
	}
	return r
}

func (r *report) host(address string) *sum {
	name := ""
	if u, err := url.Parse(address); err == nil {
		name = strings.TrimPrefix(u.Host, "www.")
	}
	if r.hosts[name] == nil {
		r.hosts[name] = new(sum)
	}
	return r.hosts[name]
}

func (s *sum) add(exact, plain bool) {
	s.links++
	if exact {
		s.exact++
	}
	if plain {
		s.plain++
	}
}

// write writes the table: in all, by subject, and by host, most links first.
func (r *report) write(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	row := func(name string, s *sum) {
		fmt.Fprintf(table, "%s\t%d\t%d\t%d\t%d %%\n", name, s.links, s.exact, s.plain, 100*s.plain/max(s.links, 1))
	}
	fmt.Fprintln(table, "\tlinks\tas they are\tbut for form\tfound")
	row("all", &r.all)
	for _, name := range slices.Sorted(maps.Keys(r.subjects)) {
		row(name, r.subjects[name])
	}
	byLinks := func(a, b string) int {
		return cmp.Or(cmp.Compare(r.hosts[b].links, r.hosts[a].links), cmp.Compare(a, b))
	}
	for _, name := range slices.SortedFunc(maps.Keys(r.hosts), byLinks) {
		row(name, r.hosts[name])
	}
	return table.Flush()
}

func (r *report) writeMissing(out io.Writer) {
	fmt.Fprintln(out)
	for _, link := range slices.Sorted(maps.Keys(r.missing)) {
		fmt.Fprintf(out, "%s\t%s\n", link, strings.Join(r.missing[link], " "))
	}
}
