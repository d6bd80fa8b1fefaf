package mcpface

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/mark3labs/mcp-go/mcp"
	"github.com/mark3labs/mcp-go/server"

	"github.com/trilha/trilha/internal/mcpwire"
)

// pageSize is how many items a page of a list has. All tools fit on one: a client
// that asks for no second page still has them.
const pageSize = 50

// How long a client of 2026-07-28 may go without asking again, in milliseconds. What
// is the same for everybody changes with the program alone; a finished path stays as
// it is until it is deleted; tasks change by themselves.
const (
	programTTL = 3_600_000
	pathTTL    = 60_000
)

// cacheHints are those of results as a whole; readHints has those of what is read.
func cacheHints() []server.ServerOption {
	options := []server.ServerOption{server.WithCacheHints(0, mcp.CacheScopePrivate)}
	for _, m := range []mcp.MCPMethod{mcp.MethodServerDiscover, mcp.MethodToolsList, mcp.MethodPromptsList, mcp.MethodResourcesTemplatesList} {
		options = append(options, server.WithMethodCacheHints(m, programTTL, mcp.CacheScopePublic))
	}
	return options
}

// readHints sets how long what was read may be kept, and by whom. Earlier eras have
// no such hints.
func readHints(ctx context.Context, _ any, m *mcp.ReadResourceRequest, result *mcp.ReadResourceResult) {
	if !server.IsModernRequest(ctx) {
		return
	}
	switch {
	case strings.HasPrefix(m.Params.URI, "trilha://concepts/"):
		result.SetCacheHints(programTTL, mcp.CacheScopePublic)
	case strings.HasPrefix(m.Params.URI, "trilha://paths/"):
		result.SetCacheHints(pathTTL, mcp.CacheScopePrivate)
	}
}

// item is one of a list and its place in it: lists are in the order of their keys.
type item[T any] struct {
	key string
	it  T
}

// A cursor names its list and the key after which a page begins, so that it goes on
// from there whatever was added or removed since. mcp-go reads it as base64 before
// we do. Its first part is the version of this format.
const cursorVersion = "1"

// The names of the lists in cursors.
const (
	toolList     = "tools"
	promptList   = "prompts"
	resourceList = "resources"
	templateList = "templates"
)

func cursorAfter(list, key string) mcp.Cursor {
	return mcp.Cursor(base64.StdEncoding.EncodeToString([]byte(cursorVersion + "\n" + list + "\n" + key)))
}

// keyOf gives the key in a cursor of a list; an empty cursor lies before every item.
func keyOf(list string, c mcp.Cursor) (key string, ok bool) {
	if c == "" {
		return "", true
	}
	raw, err := base64.StdEncoding.DecodeString(string(c))
	key, ok = strings.CutPrefix(string(raw), cursorVersion+"\n"+list+"\n")
	return key, ok && err == nil && key != ""
}

// checkCursor refuses a cursor that its list did not give, before mcp-go says so in
// other words or takes it for one of its own.
func checkCursor(ctx context.Context, _ any, _ mcp.MCPMethod, message any) {
	var list string
	var cursor *mcp.Cursor
	switch m := message.(type) {
	case *mcp.ListToolsRequest:
		list, cursor = toolList, &m.Params.Cursor
	case *mcp.ListPromptsRequest:
		list, cursor = promptList, &m.Params.Cursor
	case *mcp.ListResourcesRequest:
		list, cursor = resourceList, &m.Params.Cursor
	case *mcp.ListResourceTemplatesRequest:
		list, cursor = templateList, &m.Params.Cursor
	default:
		return
	}
	if _, ok := keyOf(list, *cursor); !ok {
		*cursor = ""
		mcpwire.Refuse(ctx, &mcpwire.Error{
			Code:    mcp.INVALID_PARAMS,
			Message: "cursor: is not one that this list gave. Pass the nextCursor of the page before as it was, or leave it out for the first page",
		})
	}
}

// page gives the items after a cursor, and the cursor of the page after them.
func page[T any](list string, all []item[T], c mcp.Cursor, size int) ([]T, mcp.Cursor) {
	slices.SortFunc(all, func(a, b item[T]) int { return cmp.Compare(a.key, b.key) })
	key, _ := keyOf(list, c)
	from := sort.Search(len(all), func(i int) bool { return all[i].key > key })
	to := min(from+size, len(all))
	out := make([]T, 0, to-from)
	for _, i := range all[from:to] {
		out = append(out, i.it)
	}
	if to == len(all) {
		return out, ""
	}
	return out, cursorAfter(list, all[to-1].key)
}

// addLists makes mcp-go's four lists ours: in our order, by our pages, and in the
// list of resources with what is the caller's own.
func (f *Face) addLists(hooks *server.Hooks) {
	hooks.AddBeforeAny(checkCursor)
	rank := map[string]string{}
	for i, d := range f.tools.All() {
		rank[d.Tool.Name] = string(rune('a' + i))
	}
	hooks.AddAfterListTools(func(_ context.Context, _ any, m *mcp.ListToolsRequest, r *mcp.ListToolsResult) {
		var all []item[mcp.Tool]
		for name, t := range f.server.ListTools() {
			all = append(all, item[mcp.Tool]{cmp.Or(rank[name], "~") + name, t.Tool}) // in the order of their use
		}
		r.Tools, r.NextCursor = page(toolList, all, m.Params.Cursor, f.pageSize)
	})
	hooks.AddAfterListPrompts(func(_ context.Context, _ any, m *mcp.ListPromptsRequest, r *mcp.ListPromptsResult) {
		var all []item[mcp.Prompt]
		for name, p := range f.server.ListPrompts() {
			all = append(all, item[mcp.Prompt]{name, p.Prompt})
		}
		r.Prompts, r.NextCursor = page(promptList, all, m.Params.Cursor, f.pageSize)
	})
	hooks.AddAfterListResourceTemplates(func(_ context.Context, _ any, m *mcp.ListResourceTemplatesRequest, r *mcp.ListResourceTemplatesResult) {
		var all []item[mcp.ResourceTemplate]
		for _, t := range f.templates {
			all = append(all, item[mcp.ResourceTemplate]{t.Name, t})
		}
		r.ResourceTemplates, r.NextCursor = page(templateList, all, m.Params.Cursor, f.pageSize)
	})
	hooks.AddAfterListResources(func(ctx context.Context, _ any, m *mcp.ListResourcesRequest, r *mcp.ListResourcesResult) {
		all, err := f.recent(ctx, f.ownerOf(ctx))
		if err != nil {
			mcpwire.Refuse(ctx, f.refusal(ctx, err, "the list of resources"))
		}
		r.Resources, r.NextCursor = page(resourceList, all, m.Params.Cursor, f.pageSize)
	})
	hooks.AddAfterReadResource(readHints)
}

// newestFirst is a key that is smaller for what is later.
func newestFirst(at time.Time, id string) string {
	const last = 1 << 62 // microseconds since 1970
	return fmt.Sprintf("%019d %s", last-at.UnixMicro(), id)
}
