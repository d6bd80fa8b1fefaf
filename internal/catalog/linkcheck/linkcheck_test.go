package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const week = 7 * 24 * time.Hour

// site is a server that answers by path, and counts what it is asked.
type site struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string // method and path
	agent string
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := new(site)
	s.Server = httptest.NewServer(http.HandlerFunc(s.answer))
	t.Cleanup(s.Close)
	return s
}

func (s *site) answer(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.asked = append(s.asked, r.Method+" "+r.URL.Path)
	s.agent = r.UserAgent()
	s.mu.Unlock()
	head := r.Method == http.MethodHead
	switch {
	case r.URL.Path == "/refuses-head" && head:
		w.WriteHeader(http.StatusMethodNotAllowed)
	case r.URL.Path == "/hides-from-head" && head:
		w.WriteHeader(http.StatusNotFound)
	case r.URL.Path == "/drops-head" && head:
		panic(http.ErrAbortHandler)
	case r.URL.Path == "/gone":
		w.WriteHeader(http.StatusGone)
	case r.URL.Path == "/missing":
		w.WriteHeader(http.StatusNotFound)
	case r.URL.Path == "/forbidden":
		w.WriteHeader(http.StatusForbidden)
	case r.URL.Path == "/broken":
		w.WriteHeader(http.StatusInternalServerError)
	case r.URL.Path == "/old":
		http.Redirect(w, r, "/new", http.StatusMovedPermanently)
	case r.URL.Path == "/round":
		http.Redirect(w, r, "/round", http.StatusFound)
	case r.URL.Path == "/to-nowhere":
		http.Redirect(w, r, "/missing", http.StatusFound)
	case r.URL.Path == "/slow":
		<-r.Context().Done()
	case r.URL.Path == "/too-often":
		w.WriteHeader(http.StatusTooManyRequests)
	case r.URL.Path == "/endless" && head:
		w.WriteHeader(http.StatusNotImplemented)
	case r.URL.Path == "/endless":
		for err := error(nil); err == nil; {
			_, err = w.Write(make([]byte, 1<<10))
		}
	}
}

func (s *site) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.asked...)
}

// links are those of paths at the site, each for the concept of its name.
func (s *site) links(paths ...string) map[string][]string {
	links := map[string][]string{}
	for _, p := range paths {
		links[s.URL+p] = []string{"concept" + p}
	}
	return links
}

func quick() *checker {
	c := newChecker()
	c.pause = 0
	return c
}

func TestEveryKindOfAnswerIsTold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		path, want string // the line of the report; empty: none
		dead       bool
		asked      []string
	}{
		{"/fine", "", false, []string{"HEAD /fine"}},
		{"/refuses-head", "", false, []string{"HEAD /refuses-head", "GET /refuses-head"}},
		{"/hides-from-head", "", false, []string{"HEAD /hides-from-head", "GET /hides-from-head"}},
		{"/drops-head", "", false, []string{"HEAD /drops-head", "GET /drops-head"}},
		{"/endless", "", false, []string{"HEAD /endless", "GET /endless"}},
		{"/old", "moved: SITE/old: 200 at SITE/new (concept/old)", false, []string{"HEAD /old", "HEAD /new"}},
		{"/gone", "dead: SITE/gone: 410 (concept/gone)", true, []string{"HEAD /gone", "GET /gone"}},
		{"/missing", "dead: SITE/missing: 404 (concept/missing)", true, []string{"HEAD /missing", "GET /missing"}},
		{"/to-nowhere", "dead: SITE/to-nowhere: 404 at SITE/missing (concept/to-nowhere)", true, nil},
		{"/forbidden", "unsure: SITE/forbidden: 403 (concept/forbidden)", false, []string{"HEAD /forbidden", "GET /forbidden"}},
		{"/broken", "unsure: SITE/broken: 500 (concept/broken)", false, nil},
		{"/round", "unsure: SITE/round: stopped after 10 redirects (concept/round)", false, nil},
	} {
		t.Run(c.path, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			var out strings.Builder
			err := run(t.Context(), quick(), s.links(c.path), filepath.Join(t.TempDir(), "state"), week, &out)
			if c.dead {
				require.ErrorIs(t, err, errDead)
			} else {
				require.NoError(t, err)
			}
			lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
			if want := strings.ReplaceAll(c.want, "SITE", s.URL); want != "" {
				assert.Equal(t, want, lines[len(lines)-1])
			} else {
				assert.Regexp(t, `^127\.0\.0\.1:\d+ +1 +1 +0 +0 +0 +0$`, lines[len(lines)-1], "all is good")
			}
			if c.asked != nil {
				assert.Equal(t, c.asked, s.requests())
			}
			assert.Contains(t, s.agent, "trilha")
		})
	}
}

func TestASlowServerIsGivenUpAndNotAskedAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	c := quick()
	c.client.Timeout = 50 * time.Millisecond
	var out strings.Builder
	require.NoError(t, run(t.Context(), c, s.links("/slow"), filepath.Join(t.TempDir(), "state"), week, &out))
	assert.Contains(t, out.String(), "\nunsure: "+s.URL+"/slow: ")
	assert.LessOrEqual(t, len(s.requests()), 1)
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestAHostThatIsNoneIsDead(t *testing.T) {
	t.Parallel()
	c := quick()
	var asked atomic.Int32
	c.client.Transport = roundTripper(func(*http.Request) (*http.Response, error) {
		asked.Add(1)
		return nil, &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "gone.example", IsNotFound: true}}
	})
	var out strings.Builder
	err := run(t.Context(), c, map[string][]string{"https://gone.example/": {"a/b"}}, filepath.Join(t.TempDir(), "state"), week, &out)
	require.ErrorIs(t, err, errDead)
	assert.Contains(t, out.String(), "\ndead: https://gone.example/: dial: lookup gone.example: no such host (a/b)\n")
	assert.EqualValues(t, 1, asked.Load())
}

func TestWhatWasAskedLatelyIsNotAskedAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	state := filepath.Join(t.TempDir(), "below", "state")
	require.ErrorIs(t, run(t.Context(), quick(), s.links("/a", "/missing"), state, week, io.Discard), errDead)
	before := len(s.requests())

	// A run that was killed leaves half a line.
	f, err := os.OpenFile(state, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	_, err = f.WriteString(`{"url":"http://half`)
	require.NoError(t, err)
	require.NoError(t, f.Close())

	var out strings.Builder
	require.ErrorIs(t, run(t.Context(), quick(), s.links("/a", "/b", "/missing"), state, week, &out), errDead, "it is dead still")
	assert.Contains(t, out.String(), "3 links, 1 to ask at 1 hosts\n")
	assert.Equal(t, []string{"HEAD /b"}, s.requests()[before:])
	require.NoError(t, run(t.Context(), quick(), s.links("/a", "/b"), state, week, io.Discard))
	assert.Len(t, s.requests(), before+1, "the half line took no answer with it")

	require.NoError(t, run(t.Context(), quick(), s.links("/a", "/b"), state, 0, io.Discard))
	assert.Len(t, s.requests(), before+3, "what is old is asked again")
}

func TestAHostThatIsAskedTooOftenIsLeftAlone(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	state := filepath.Join(t.TempDir(), "state")
	var out strings.Builder
	require.NoError(t, run(t.Context(), quick(), s.links("/a", "/too-often", "/z"), state, week, &out))
	assert.Equal(t, []string{"HEAD /a", "HEAD /too-often"}, s.requests())
	assert.Contains(t, out.String(), "asked too often")
	assert.Regexp(t, `\n127\.0\.0\.1:\d+ +3 +1 +0 +0 +0 +2\n$`, out.String(), "two are not asked")
}

func TestARunThatIsStoppedKeepsItsAnswers(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	state := filepath.Join(t.TempDir(), "state")
	ctx, cancel := context.WithCancel(t.Context())
	c := quick()
	c.client.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
		if r.URL.Path == "/b" {
			cancel()
		}
		return http.DefaultTransport.RoundTrip(r)
	})
	err := run(ctx, c, s.links("/a", "/b", "/c"), state, week, io.Discard)
	require.ErrorIs(t, err, context.Canceled)
	require.ErrorContains(t, err, "the next run goes on")
	var out strings.Builder
	require.NoError(t, run(t.Context(), quick(), s.links("/a", "/b", "/c"), state, week, &out))
	assert.Contains(t, out.String(), "3 links, 2 to ask")
}

// Ten hosts of three links each, with a pause of a minute and requests of a second:
// two hosts at once take five rounds.
func TestHostsAreAskedAtOnceButEachWithPauses(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		last, busy, most := map[string]time.Time{}, map[string]bool{}, 0
		c := newChecker()
		c.hosts, c.pause = 2, time.Minute
		c.client.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
			mu.Lock()
			before, asked := last[r.URL.Host]
			assert.False(t, busy[r.URL.Host], "one at a time")
			assert.False(t, asked && time.Since(before) < time.Minute, "a pause between two")
			last[r.URL.Host], busy[r.URL.Host] = time.Now(), true
			most = max(most, len(busy))
			mu.Unlock()
			<-time.After(time.Second)
			mu.Lock()
			delete(busy, r.URL.Host)
			mu.Unlock()
			return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody, Request: r}, nil
		})
		links := map[string][]string{}
		for host := range 10 {
			for page := range 3 {
				links[fmt.Sprintf("https://host%d.example/%d", host, page)] = []string{"a"}
			}
		}
		began := time.Now()
		require.NoError(t, run(t.Context(), c, links, filepath.Join(t.TempDir(), "state"), week, io.Discard))
		assert.Equal(t, 5*(2*time.Minute+time.Second), time.Since(began))
		assert.Equal(t, 2, most)
	})
}

func TestLinksAreThoseOfTheCatalogueWithItsArticles(t *testing.T) {
	t.Parallel()
	all, err := linksOf("", true)
	require.NoError(t, err)
	assert.Equal(t, []string{"linear-algebra"}, all["https://pt.wikipedia.org/wiki/%C3%81lgebra_linear"])
	assert.Greater(t, len(all), 500)
	one, err := linksOf("linear-algebra", false)
	require.NoError(t, err)
	assert.Less(t, len(one), len(all))
	for link := range one {
		assert.NotContains(t, link, "wikipedia.org")
	}
	_, err = linksOf("alchemy", true)
	require.ErrorContains(t, err, `"alchemy"`)
}

func TestVideosAreAskedForWhereTheirEndIsTold(t *testing.T) {
	t.Parallel()
	const oembed = "https://www.youtube.com/oembed?format=json&url="
	for link, want := range map[string]string{
		"https://www.youtube.com/watch?v=abc":     oembed + "https%3A%2F%2Fwww.youtube.com%2Fwatch%3Fv%3Dabc",
		"https://youtube.com/playlist?list=abc":   oembed + "https%3A%2F%2Fyoutube.com%2Fplaylist%3Flist%3Dabc",
		"https://www.youtube.com/channel/abc":     "https://www.youtube.com/channel/abc",
		"https://go.dev/watch":                    "https://go.dev/watch",
		"https://go.dev/%zz":                      "https://go.dev/%zz",
		"https://www.youtube.com.evil.test/watch": "https://www.youtube.com.evil.test/watch",
	} {
		assert.Equal(t, want, pageOf(link))
	}
}
