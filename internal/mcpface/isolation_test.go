package mcpface_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/task"
)

// To everyone but its owner a task, its path and its progress are as if they did
// not exist, whichever way one asks.
func TestOwnersAreKeptApart(t *testing.T) {
	t.Parallel()
	for _, era := range []string{legacyEra, modernEra} {
		t.Run(era, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			ana, bia := r.connect("ana", era, 1000), r.connect("bia", era, 1000)
			done := ana.create("linear algebra", nil)
			pathID, _ := ana.tool("get_task_status", map[string]any{"task_id": done, "wait_seconds": 45}, nil)["path_id"].(string)
			require.NotEmpty(t, pathID)
			r.hold.Store(true)
			running := ana.create("python", "ana's token")

			nobody := "00000000-0000-4000-8000-000000000000"
			same := func(method string, with func(id string) map[string]any, ids ...string) {
				t.Helper()
				for _, id := range ids {
					want := bia.refused(method, with(nobody))
					assert.Equal(t, want, strings.ReplaceAll(bia.refused(method, with(id)), id, nobody), "%s of %s", method, id)
				}
			}
			same("tools/call", func(id string) map[string]any {
				return call("get_task_status", map[string]any{"task_id": id, "wait_seconds": 45}, "bia's token")
			}, done, running)
			same("tools/call", func(id string) map[string]any {
				return call("cancel_task", map[string]any{"task_id": id}, nil)
			}, done, running)
			same("tools/call", func(id string) map[string]any {
				return call("get_learning_path", map[string]any{"id": id}, nil)
			}, done, running, pathID)
			for _, prefix := range []string{"trilha://tasks/", "trilha://paths/"} {
				same("resources/read", func(id string) map[string]any {
					return map[string]any{"uri": prefix + id}
				}, done, running, pathID)
			}
			same("resources/read", func(id string) map[string]any {
				return map[string]any{"uri": "trilha://paths/" + id + "/markdown"}
			}, done, running, pathID)
			assert.EqualValues(t, 0, bia.tool("list_tasks", map[string]any{}, nil)["total"])
			assert.EqualValues(t, 0, contents(bia, "trilha://tasks")["total"])
			assert.EqualValues(t, 2, contents(ana, "trilha://tasks")["total"])

			// The same request of another owner is another task.
			mine := bia.create("python", "bia's token")
			assert.NotEqual(t, running, mine)
			for range 2 {
				r.do(func(run task.Run) { run.Report(3, run.Task().Owner) })
			}
			r.finish()
			r.finish()
			for s, id := range map[*session]string{ana: running, bia: mine} {
				s.tool("get_task_status", map[string]any{"task_id": id, "wait_seconds": 45}, nil)
				for _, n := range s.handed() {
					assert.Equal(t, s.owner+"'s token", n.Params.AdditionalFields["progressToken"])
					assert.NotEqual(t, other(s.owner), n.Params.AdditionalFields["message"])
				}
			}
		})
	}
}

func other(owner string) string {
	if owner == "ana" {
		return "bia"
	}
	return "ana"
}
