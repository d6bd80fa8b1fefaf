package main

import (
	"compress/gzip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/catalog"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	f, err := os.Create(name)
	require.NoError(t, err)
	defer f.Close()
	if strings.HasSuffix(name, ".gz") {
		zw := gzip.NewWriter(f)
		defer zw.Close()
		_, err = zw.Write([]byte(text))
	} else {
		_, err = f.WriteString(text)
	}
	require.NoError(t, err)
	return name
}

func links(urls ...string) (found []catalog.Resource) {
	for _, u := range urls {
		found = append(found, catalog.Resource{URL: u})
	}
	return found
}

func TestLinksAreFoundAsTheyAreAndButForTheirForm(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, filepath.Join(dir, "some.tsv"), "url\ttitle\nhttps://go.dev/doc\tDocs\nhttp://numpy.org/doc/\tNumPy\n")
	write(t, filepath.Join(dir, "more.tsv.gz"), "https://www.teoria.com\n")
	write(t, filepath.Join(dir, "notes.md"), "https://go.dev/unlisted\n")
	known, err := readLists([]string{dir})
	require.NoError(t, err)

	r := compare([]*catalog.Subject{
		{ID: "a", Resources: links("https://go.dev/doc", "https://go.dev/unlisted"), Concepts: []catalog.Concept{{
			Entry: catalog.Entry{ID: "a/x"}, Resources: links("https://go.dev/doc", "https://www.numpy.org/doc#x", "https://go.dev/unlisted"),
		}}},
		{ID: "b", Resources: links("https://go.dev/doc", "http://teoria.com/")},
	}, known)
	assert.Equal(t, sum{links: 4, exact: 1, plain: 3}, r.all)
	assert.Equal(t, map[string]*sum{"a": {3, 1, 2}, "b": {2, 1, 2}}, r.subjects)
	assert.Equal(t, map[string]*sum{"go.dev": {2, 1, 1}, "numpy.org": {1, 0, 1}, "teoria.com": {1, 0, 1}}, r.hosts)

	var out strings.Builder
	require.NoError(t, r.write(&out))
	r.writeMissing(&out)
	assert.Equal(t, `            links  as they are  but for form  found
all         4      1            3             75 %
a           3      1            2             66 %
b           2      1            2             100 %
go.dev      2      1            1             50 %
numpy.org   1      0            1             100 %
teoria.com  1      0            1             100 %

https://go.dev/unlisted	a a/x
`, out.String())
}

func TestListsAreRefusedWhenTheyAreNone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for want, paths := range map[string][]string{
		"no address in": {write(t, filepath.Join(dir, "empty"), "")},
		"no such file":  {filepath.Join(dir, "nowhere")},
		"gzip":          {write(t, filepath.Join(dir, "plain"), "https://go.dev/\n"), fakeGzip(t, dir)},
		"name files":    nil,
	} {
		_, err := readLists(paths)
		require.ErrorContains(t, err, want)
	}
}

func fakeGzip(t *testing.T, dir string) string {
	t.Helper()
	name := filepath.Join(dir, "fake.gz")
	require.NoError(t, os.WriteFile(name, []byte("plain text is no gzip"), 0o600))
	return name
}

func TestTheCatalogueIsCompared(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	require.NoError(t, run(&out, []string{write(t, filepath.Join(t.TempDir(), "a.tsv"), "https://docs.python.org/3/\n")}, true))
	assert.Contains(t, out.String(), "\nlinear-algebra ")
	assert.Contains(t, out.String(), "\nhttps://go.dev/")
}
