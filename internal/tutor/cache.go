package tutor

import (
	"context"
	"regexp"
	"strings"
	"time"

	"github.com/trilha/trilha/internal/shelf"
)

// CacheStats says how owner's finished paths have answered requests.
func (t *Tutor) CacheStats(ctx context.Context, owner string) (shelf.Stats, error) {
	return t.shelf.Stats(ctx, owner, time.Now().Add(-CacheTime))
}

// keyPrefix stands before a path's topic in its key.
const keyPrefix = "mcp:"

// ClearCache makes owner's paths whose key matches a pattern answer no request any
// more, so that they are made anew, and gives how many did. They are not deleted.
// Keys are mcp: and the topic; in a pattern * stands for anything and ? for one
// character, and case does not count.
func (t *Tutor) ClearCache(ctx context.Context, owner, pattern string) (int, error) {
	matches := glob(pattern)
	var ids []string
	for q := (shelf.Query{Limit: shelf.MaxPage}); ; {
		page, err := t.shelf.List(ctx, owner, q)
		if err != nil {
			return 0, err
		}
		for i := range page.Paths {
			if p := &page.Paths[i]; matches.MatchString(keyPrefix + p.Topic) {
				ids = append(ids, p.ID)
			}
		}
		if q.Cursor = page.Next; q.Cursor == "" {
			break
		}
	}
	return t.shelf.Release(ctx, owner, ids)
}

func glob(pattern string) *regexp.Regexp {
	expression := strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(pattern))
	return regexp.MustCompile("(?is)^" + expression + "$") // nothing of the pattern but these two is left
}
