package rest_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/task"
)

// Each wrong value is told in the words and the shape of FastAPI.
func TestWrongParametersAreToldInTheShapeOfFastAPI(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{})
	for query, want := range map[string]string{
		"num_nodes=15":          `[{"type":"missing","loc":["query","topic"],"msg":"Field required","input":null}]`,
		"topic=ab":              `[{"type":"string_too_short","loc":["query","topic"],"msg":"String should have at least 3 characters","input":"ab","ctx":{"min_length":3}}]`,
		"topic=a%20%20%20b":     "",
		"topic=%20%20a%20%20":   `[{"type":"string_too_short","loc":["query","topic"],"msg":"String should have at least 3 characters","input":"  a  ","ctx":{"min_length":3}}]`,
		"topic=":                `[{"type":"string_too_short","loc":["query","topic"],"msg":"String should have at least 3 characters","input":"","ctx":{"min_length":3}}]`,
		"topic=go!&num_nodes=3": `[{"type":"greater_than_equal","loc":["query","num_nodes"],"msg":"Input should be greater than or equal to 10","input":"3","ctx":{"ge":10}}]`,
		"topic=python&num_nodes=31&max_width=x": `[{"type":"less_than_equal","loc":["query","num_nodes"],"msg":"Input should be less than or equal to 30","input":"31","ctx":{"le":30}},` +
			`{"type":"int_parsing","loc":["query","max_width"],"msg":"Input should be a valid integer, unable to parse string as an integer","input":"x"}]`,
		"topic=python&num_nodes=":                     `[{"type":"int_parsing","loc":["query","num_nodes"],"msg":"Input should be a valid integer, unable to parse string as an integer","input":""}]`,
		"topic=python&num_nodes=10.5":                 `[{"type":"int_parsing","loc":["query","num_nodes"],"msg":"Input should be a valid integer, unable to parse string as an integer","input":"10.5"}]`,
		"topic=python&num_nodes=10.0":                 "",
		"topic=python&num_nodes=99999999999999999999": `[{"type":"less_than_equal","loc":["query","num_nodes"],"msg":"Input should be less than or equal to 30","input":"99999999999999999999","ctx":{"le":30}}]`,
		"topic=python&similarity_threshold=high":      `[{"type":"float_parsing","loc":["query","similarity_threshold"],"msg":"Input should be a valid number, unable to parse string as a number","input":"high"}]`,
		"topic=python&similarity_threshold=1.5":       `[{"type":"less_than_equal","loc":["query","similarity_threshold"],"msg":"Input should be less than or equal to 1","input":"1.5","ctx":{"le":1}}]`,
		"topic=python&similarity_threshold=NaN":       `[{"type":"float_parsing","loc":["query","similarity_threshold"],"msg":"Input should be a valid number, unable to parse string as a number","input":"NaN"}]`,
		"topic=python&language=fr":                    `[{"type":"literal_error","loc":["query","language"],"msg":"Input should be 'en', 'pt' or 'es'","input":"fr","ctx":{"expected":"'en', 'pt' or 'es'"}}]`,
		"topic=python&min_width=6&max_width=5":        `[{"type":"value_error","loc":["query","min_width"],"msg":"Value error, min_width must not be above max_width","input":"6","ctx":{"error":"min_width must not be above max_width"}}]`,
		"topic=python&min_height=8&max_height=3":      `[{"type":"value_error","loc":["query","min_height"],"msg":"Value error, min_height must not be above max_height","input":"8","ctx":{"error":"min_height must not be above max_height"}}]`,
		"topic=python&min_width=10":                   "", // the default above it yields
		"topic=python&unknown=1&category=anything":    "",
		"topic=python&num_nodes=11&num_nodes=12":      "",
	} {
		for _, method := range []string{http.MethodPost, http.MethodGet} {
			path := map[string]string{http.MethodPost: "/generate_mcp_async", http.MethodGet: "/generate_mcp"}[method]
			a := r.ask(method, path+"?"+query, "", "Content-Type", "application/json")
			assert.Equal(t, "application/json; charset=utf-8", a.Header.Get("Content-Type"))
			if want == "" {
				assert.NotEqual(t, http.StatusUnprocessableEntity, a.StatusCode, "%s: %s", query, a.body)
				continue
			}
			assert.Equal(t, http.StatusUnprocessableEntity, a.StatusCode, query)
			assert.JSONEq(t, `{"detail":`+want+`}`, a.body, query)
		}
	}
}

func TestABodyDoesWhatAQueryDoes(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{})
	post := func(query, body string) asked { return r.ask(http.MethodPost, "/generate_mcp_async"+query, body) }
	for _, c := range []struct{ query, body string }{
		{"?topic=python", ""},
		{"?topic=python", "  \n"},
		{"?topic=python", "{}"},
		{"", `{"topic":"python","num_nodes":12,"similarity_threshold":0.5}`},
		{"", `{"topic":"python","num_nodes":"12","category":null,"other":[1]}`},
		{"?topic=python&num_nodes=12", `{"num_nodes":1000}`}, // the query counts
	} {
		a := post(c.query, c.body)
		assert.Equal(t, http.StatusOK, a.StatusCode, "%v: %s", c, a.body)
	}
	for body, want := range map[string]string{
		`{"topic":"python","num_nodes":3}`:   `{"type":"greater_than_equal","loc":["body","num_nodes"],"msg":"Input should be greater than or equal to 10","input":3,"ctx":{"ge":10}}`,
		`{"topic":7}`:                        `{"type":"string_type","loc":["body","topic"],"msg":"Input should be a valid string","input":7}`,
		`{"topic":"python","num_nodes":[1]}`: `{"type":"int_parsing","loc":["body","num_nodes"],"msg":"Input should be a valid integer, unable to parse string as an integer","input":[1]}`,
		`{"topic":null}`:                     `{"type":"missing","loc":["query","topic"],"msg":"Field required","input":null}`,
		`["topic"]`:                          `{"type":"json_invalid","loc":["body"],"msg":"JSON decode error: want an object such as {\"topic\":\"python\"}","input":null,"ctx":{"error":"JSON decode error: want an object such as {\"topic\":\"python\"}"}}`,
	} {
		a := post("", body)
		assert.Equal(t, http.StatusUnprocessableEntity, a.StatusCode, body)
		assert.JSONEq(t, `{"detail":[`+want+`]}`, a.body, body)
	}
	assert.Equal(t, http.StatusRequestEntityTooLarge, post("?topic=python", strings.Repeat(" ", 65<<10)).StatusCode)
}

// Bounds in range are never refused together: what cannot be met is told.
func TestBoundsThatCannotHoldTogetherAreToldAsUnmet(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{})
	for query, unmet := range map[string][]string{
		"num_nodes=30&max_width=3&max_height=3":             {"num_nodes"},
		"num_nodes=10&min_width=10&min_height=8":            {"min_width"},
		"num_nodes=10&max_width=3&max_height=3&min_width=3": {"num_nodes"},
	} {
		a := r.ask(http.MethodGet, "/generate_mcp?topic=python&max_resources=30&"+query, "")
		require.Equal(t, http.StatusOK, a.StatusCode, "%s: %s", query, a.body)
		path := decode[struct {
			Nodes    map[string]any
			Metadata struct {
				Unmet []struct {
					Bound      string
					Asked, Got int
					Why        string
				}
			}
		}](t, a.body)
		var bounds []string
		for _, u := range path.Metadata.Unmet {
			bounds = append(bounds, u.Bound)
			assert.Greater(t, u.Asked, u.Got, query)
			assert.Contains(t, query, fmt.Sprintf("%s=%d", u.Bound, u.Asked), "what was asked is told as it was asked")
			assert.NotEmpty(t, u.Why)
		}
		assert.ElementsMatch(t, unmet, bounds, query)
		t.Log(query, len(path.Nodes), path.Metadata.Unmet)
	}
}

func TestWhatTheTopicMayMean(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{})
	for topic, wants := range map[string]string{
		"no such thing at all": "not in the concept graph",
		"function":             "python/function",
	} {
		failed := r.ended(r.create("topic=" + strings.ReplaceAll(topic, " ", "+")))
		assert.Equal(t, "failed", failed["status"], topic)
		assert.Contains(t, failed["error"], wants)
		assert.Nil(t, failed["result"])
		a := r.ask(http.MethodGet, "/generate_mcp?topic="+strings.ReplaceAll(topic, " ", "+"), "")
		assert.Equal(t, http.StatusNotFound, a.StatusCode)
		assert.Contains(t, field[string](t, a.body, "detail"), wants)
	}
	// A misspelling is taken for what is nearest, as near as was asked for.
	for threshold, status := range map[string]int{"": 200, "0": 200, "0.8": 200, "1": 404} {
		a := r.ask(http.MethodGet, "/generate_mcp?topic=pyhton&similarity_threshold="+threshold, "")
		if threshold == "" {
			a = r.ask(http.MethodGet, "/generate_mcp?topic=pyhton", "")
		}
		assert.Equal(t, status, a.StatusCode, "%s: %.200s", threshold, a.body)
	}
	a := r.ask(http.MethodGet, "/generate_mcp?topic=python&similarity_threshold=1", "")
	assert.Equal(t, http.StatusOK, a.StatusCode, "a name is as like as can be")
	a = r.ask(http.MethodGet, "/generate_mcp?topic=python&category=arts", "")
	assert.Equal(t, http.StatusUnprocessableEntity, a.StatusCode)
	assert.Contains(t, a.body, `"loc":["query","category"]`)
}

func TestTheSameRequestIsAnsweredFromTheCacheUntilItIsCleared(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{})
	start := func() string {
		return field[string](t, r.ask(http.MethodPost, "/generate_mcp_async?topic=python", "").body, "message")
	}
	assert.Equal(t, "Task created successfully", start())
	first := decode[[]map[string]any](t, r.ask(http.MethodGet, "/tasks", "").body)[0]["id"].(string)
	r.ended(first)
	assert.Equal(t, "Task completed immediately (cached result)", start())
	metrics := func(owner string) (keys float64, m map[string]any) {
		stats := decode[map[string]map[string]any](t, strings.Replace(r.askAs(owner, http.MethodGet, "/cache_stats", "").body, `"status":"success",`, "", 1))
		info := stats["cache"]["info"].(map[string]any)
		return stats["cache"]["total_keys"].(float64), info["metrics"].(map[string]any)
	}
	keys, m := metrics("ann")
	assert.InDelta(t, 1, keys, 0)
	assert.InDelta(t, 1, m["hit_count"], 0)
	assert.InDelta(t, 1, m["miss_count"], 0)
	assert.InDelta(t, 0.5, m["hit_rate"], 0)
	keys, m = metrics("bob")
	assert.Zero(t, keys, "it is ann's")
	assert.Zero(t, m["get_count"])
	wipe := func(owner, pattern string) asked {
		return r.askAs(owner, http.MethodPost, "/clear_cache"+pattern, "", "Content-Type", "application/json")
	}
	assert.JSONEq(t, `{"status":"success","message":"Cleared 0 items from cache","pattern":"mcp:*","count":0,"domain_cache_cleared":false}`, wipe("bob", "").body)
	assert.Zero(t, field[float64](t, wipe("ann", "?pattern=mcp:go*").body, "count"))
	assert.JSONEq(t, `{"status":"success","message":"Cleared 1 items from cache","pattern":"mcp:P?thon","count":1,"domain_cache_cleared":false}`,
		wipe("ann", "?pattern=mcp:P%3Fthon&clear_domain_cache=true").body)
	assert.Equal(t, "Task created successfully", start())
	assert.NotNil(t, r.ended(first)["result"], "what was finished stays")
}

func TestACancelledTaskShowsAsFailed(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{Running: 1})
	r.hold.Store(true)
	id := r.create("topic=python")
	cancelled := r.ask(http.MethodDelete, "/tasks/"+id, "")
	require.Equal(t, http.StatusOK, cancelled.StatusCode, cancelled.body)
	for _, a := range []asked{cancelled, r.ask(http.MethodDelete, "/tasks/"+id, ""), r.ask(http.MethodGet, "/status/"+id, "")} {
		assert.Equal(t, "failed", field[string](t, a.body, "status"))
		assert.Contains(t, field[string](t, a.body, "error"), "cancelled")
		assert.Positive(t, field[float64](t, a.body, "completed_at"))
	}
	for status, count := range map[string]int{"failed": 1, "cancelled": 1, "completed": 0, "running": 0} {
		assert.Len(t, decode[[]any](t, r.ask(http.MethodGet, "/tasks?status="+status, "").body), count, status)
	}
	r.hold.Store(false)
	done := r.create("topic=go+programming")
	r.ended(done)
	a := r.ask(http.MethodDelete, "/tasks/"+done, "")
	assert.Equal(t, http.StatusConflict, a.StatusCode)
	assert.Contains(t, field[string](t, a.body, "detail"), "completed")
}

func TestTasksComeInPages(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{})
	assert.Equal(t, "[]\n", r.ask(http.MethodGet, "/tasks", "").body)
	var made []string
	for _, topic := range []string{"python", "go+programming", "linear+algebra", "nothing+of+the+kind", "data+mining"} {
		id := r.create("topic=" + topic)
		r.ended(id)
		made = append([]string{id}, made...)
	}
	var seen []string
	next, pages := "/tasks?limit=2", 0
	for next != "" {
		a := r.ask(http.MethodGet, next, "")
		require.Equal(t, http.StatusOK, a.StatusCode, a.body)
		list := decode[[]map[string]any](t, a.body)
		assert.LessOrEqual(t, len(list), 2)
		for _, one := range list {
			seen = append(seen, one["id"].(string))
			assert.Equal(t, one["status"] == "completed", one["result"] != nil, "whole tasks, with their results")
		}
		next, _, _ = strings.Cut(strings.TrimPrefix(a.Header.Get("Link"), "<"), ">")
		pages++
	}
	assert.Equal(t, made, seen)
	assert.Equal(t, 3, pages)
	assert.Empty(t, r.ask(http.MethodGet, "/tasks", "").Header.Get("Link"), "all on one page")
	for _, wrong := range []string{"limit=0", "limit=101", "cursor=nonsense", "status=done"} {
		a := r.ask(http.MethodGet, "/tasks?"+wrong, "")
		assert.Equal(t, http.StatusUnprocessableEntity, a.StatusCode, wrong)
		assert.Contains(t, a.body, `"loc":["query","`+strings.Split(wrong, "=")[0]+`"]`)
	}
}

// Another's task and none are one and the same, on every route.
func TestOwnersDoNotSeeEachOther(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{})
	id := r.create("topic=python")
	r.ended(id)
	for _, c := range []struct{ method, path string }{
		{http.MethodGet, "/status/" + id},
		{http.MethodGet, "/status/" + id + "/events"},
		{http.MethodDelete, "/tasks/" + id},
	} {
		a := r.askAs("bob", c.method, c.path, "")
		assert.Equal(t, http.StatusNotFound, a.StatusCode, c.path)
		assert.JSONEq(t, `{"detail":"Task with ID `+id+` not found"}`, a.body)
	}
	assert.Equal(t, "[]\n", r.askAs("bob", http.MethodGet, "/tasks", "").body)
}

func TestLimitsSayWhenToTryAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{Running: 1, RunningPerOwner: 1, WaitingPerOwner: 1})
	r.hold.Store(true)
	r.create("topic=python")
	r.do(func(task.Run) {}) // it runs
	r.create("topic=go+programming")
	a := r.ask(http.MethodPost, "/generate_mcp_async?topic=data+mining", "")
	assert.Equal(t, http.StatusTooManyRequests, a.StatusCode)
	assert.NotEmpty(t, a.Header.Get("Retry-After"))
	assert.Contains(t, field[string](t, a.body, "detail"), "waiting")
}

func TestWaitingForAPathIsBounded(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{})
	r.hold.Store(true)
	id := r.create("topic=python")
	r.do(func(task.Run) {})
	r.face.CloseStreams() // stands for the time-out: both end the wait
	a := r.ask(http.MethodGet, "/generate_mcp?topic=python", "")
	assert.Equal(t, http.StatusGatewayTimeout, a.StatusCode)
	assert.Equal(t, "/status/"+id, a.Header.Get("Location"))
	assert.Contains(t, field[string](t, a.body, "detail"), id)
}

func TestWhatIsNotThereIsToldInJSON(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{})
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{http.MethodGet, "/", 404},
		{http.MethodGet, "/status/", 404},
		{http.MethodGet, "/status/abc", 404},
		{http.MethodGet, "/generate_mcp_async", 405},
		{http.MethodPost, "/tasks", 405},
	} {
		a := r.ask(c.method, c.path, "")
		assert.Equal(t, c.status, a.StatusCode, c.path)
		assert.Equal(t, "application/json; charset=utf-8", a.Header.Get("Content-Type"))
		assert.NotEmpty(t, field[string](t, a.body, "detail"))
		assert.Equal(t, c.status == 405, a.Header.Get("Allow") != "", c.path)
	}
	assert.JSONEq(t, `{"detail":"Task with ID abc not found"}`, r.ask(http.MethodGet, "/status/abc", "").body)
}

// A picture on another site's page would start work with the address alone.
func TestAnotherSitesPageStartsNoWork(t *testing.T) {
	t.Parallel()
	r := newRig(t, task.Limits{})
	for site, status := range map[string]int{"cross-site": 403, "same-site": 403, "same-origin": 200, "none": 200} {
		a := r.ask(http.MethodGet, "/generate_mcp?topic=python", "", "Sec-Fetch-Site", site)
		assert.Equal(t, status, a.StatusCode, site)
	}
	a := r.ask(http.MethodGet, "/generate_mcp?topic=python", "", "Sec-Fetch-Site", "cross-site", "Origin", "https://app.example")
	assert.Equal(t, http.StatusOK, a.StatusCode, "what names its origin was let in before")
}
