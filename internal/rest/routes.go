package rest

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"github.com/trilha/trilha/internal/learning"
	"github.com/trilha/trilha/internal/task"
)

// What is sent. These tags are the table that requests are checked against and
// that the OpenAPI document shows.

type nothing struct{}

// generateInput has no default for the bounds of learning.Bounds: one that was not
// sent is open, and finish writes into the document what it comes to.
type generateInput struct {
	Topic        string  `query:"topic" required:"true" minLength:"3" maxLength:"200" example:"python" doc:"What to learn, in a few words of English, Portuguese or Spanish, or a concept's id."`
	MaxResources int     `query:"max_resources" default:"15" minimum:"5" maximum:"30" doc:"Links in the whole path."`
	NumNodes     int     `query:"num_nodes" minimum:"10" maximum:"30" doc:"Steps, the overview included."`
	MinWidth     int     `query:"min_width" minimum:"2" maximum:"10" doc:"First steps (level 1), at least."`
	MaxWidth     int     `query:"max_width" minimum:"3" maximum:"15" doc:"Steps on one level, at most."`
	MinHeight    int     `query:"min_height" minimum:"2" maximum:"8" doc:"Levels, at least."`
	MaxHeight    int     `query:"max_height" minimum:"3" maximum:"12" doc:"Levels, at most."`
	Language     string  `query:"language" default:"pt" enum:"en,pt,es" doc:"Of the path and of what is told on the way."`
	Category     string  `query:"category" maxLength:"100" doc:"One of Trilha's own: topics of another are refused. Any other word says nothing here; the path has the category of its topic."`
	Threshold    float64 `query:"similarity_threshold" default:"0.15" minimum:"0" maximum:"1" doc:"How like a name of what is taught the topic has to be, where it is not one: 1 takes no misspelling, the default whatever is sure."`
}

type taskInput struct {
	ID string `path:"task_id" doc:"From generate_mcp_async or tasks."`
}

type eventsInput struct {
	ID   string `path:"task_id" doc:"From generate_mcp_async or tasks."`
	Last string `header:"Last-Event-ID" doc:"Goes on after this event."`
}

type tasksInput struct {
	Status string `query:"status" enum:"pending,running,completed,failed,cancelled" doc:"Only these; failed has the cancelled ones too."`
	Limit  int    `query:"limit" default:"100" minimum:"1" maximum:"100" doc:"Tasks a page."`
	Cursor string `query:"cursor" maxLength:"500" doc:"From the Link header of the page before."`
}

type clearInput struct {
	Pattern string `query:"pattern" default:"mcp:*" maxLength:"200" doc:"Keys are mcp: and the path's topic; * stands for anything, ? for one character."`
	Domains bool   `query:"clear_domain_cache" default:"false" doc:"Taken and without effect: there is no such cache."`
}

// answer is an output with a body.
type answer[T any] struct {
	Body T
}

// page is an output whose body is written piece by piece.
type page struct {
	Link string `header:"Link" doc:"The next page, rel=next, where there is one."`
	Body func(huma.Context)
}

// stream is an output that is written for as long as there is something to tell.
type stream struct {
	Body func(huma.Context)
}

// route is one operation as the document tells of it.
type route struct {
	method, path, id, summary, description string
	errors                                 []int
	guards                                 huma.Middlewares
}

// Every operation may also be asked by who may not (401, 403: what stands before
// this face says so), be asked too often (429), fail for reasons of the machine
// (500) or meet a store that is away (503).
var always = []int{
	http.StatusUnauthorized, http.StatusForbidden,
	http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusServiceUnavailable,
}

// posted is what a body may be the reason of.
var posted = []int{http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType, http.StatusUnprocessableEntity}

func (f *Face) register(api huma.API) {
	add(f, api, route{
		method: http.MethodGet, path: "/health", id: "health",
		summary: "Is it there", description: "Answers while the server does.",
	}, func(context.Context, *nothing) (*answer[health], error) { return &answer[health]{health{"ok"}}, nil })
	add(f, api, route{
		method: http.MethodPost, path: "/generate_mcp_async", id: "generate_mcp_async",
		summary: "Start making a learning path",
		description: "Makes a task and answers at once with its id; ask /status/{task_id} until it is completed or failed. " +
			"Parameters may stand in the query or in a JSON object in the body. " +
			"A topic that is unknown or has several meanings makes a task that has failed, with the nearest in its error. " +
			"Bounds that cannot be met are told in the path's metadata.unmet.",
		errors: posted,
	}, f.generateAsync)
	add(f, api, route{
		method: http.MethodGet, path: "/status/{task_id}", id: "status",
		summary: "One task, whole", description: "With its path once it is completed.",
		errors: []int{http.StatusNotFound},
	}, f.status)
	add(f, api, route{
		method: http.MethodGet, path: "/status/{task_id}/events", id: "events",
		summary: "Follow a task",
		description: "A stream of server-sent events: progress for each change, end with the last one, after which the stream is closed; " +
			"comments keep it open meanwhile. Reconnecting with Last-Event-ID goes on where it stopped; after the end that is answered with 204.",
		errors: []int{http.StatusNotFound},
	}, f.events)
	add(f, api, route{
		method: http.MethodGet, path: "/tasks", id: "tasks",
		summary: "Your tasks, whole, the newest first", description: "The next page's address stands in the Link header.",
		errors: []int{http.StatusUnprocessableEntity},
	}, f.tasks)
	add(f, api, route{
		method: http.MethodDelete, path: "/tasks/{task_id}", id: "cancel",
		summary: "Cancel a task", description: "Answers with the task; one that was cancelled before stays so. One that has ended otherwise is a conflict.",
		errors: []int{http.StatusNotFound, http.StatusConflict},
	}, f.cancel)
	add(f, api, route{
		method: http.MethodGet, path: "/generate_mcp", id: "generate_mcp",
		summary: "Make a learning path and wait for it",
		description: "Answers with the path. When that takes too long the answer is 504, with the task's id and its address in Location: " +
			"the work goes on, and the same request waits for it again.",
		errors: []int{http.StatusNotFound, http.StatusConflict, http.StatusUnprocessableEntity, http.StatusGatewayTimeout},
		guards: huma.Middlewares{asked},
	}, f.generate)
	add(f, api, route{
		method: http.MethodGet, path: "/cache_stats", id: "cache_stats",
		summary: "What is kept to answer you at once", description: "Your finished paths answer the request that they were made for, for 30 days.",
	}, f.cacheStats)
	add(f, api, route{
		method: http.MethodPost, path: "/clear_cache", id: "clear_cache",
		summary:     "Have paths made anew",
		description: "Your finished paths whose key matches no longer answer requests. They are not deleted: tasks and MCP still show them.",
		errors:      posted,
	}, f.clearCache)
	finish(api.OpenAPI())
}

// add registers one operation. Whatever its handler gives as an error is answered
// as a problem.
func add[I, O any](f *Face, api huma.API, r route, handle func(context.Context, *I) (*O, error)) {
	op := huma.Operation{
		OperationID: r.id, Method: r.method, Path: r.path, Summary: r.summary, Description: r.description,
		Responses: map[string]*huma.Response{}, SkipValidateParams: true, SkipValidateBody: true,
		Middlewares: append(r.guards, checking),
	}
	registry := api.OpenAPI().Components.Schemas
	for _, status := range slices.Concat(r.errors, always) {
		body := reflect.TypeFor[problemBody]()
		if status == http.StatusUnprocessableEntity {
			body = reflect.TypeFor[complaintsBody]()
		}
		op.Responses[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status),
			Content:     map[string]*huma.MediaType{"application/json": {Schema: registry.Schema(body, true, "")}},
		}
	}
	huma.Register(api, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := handle(ctx, in)
		if err != nil {
			return nil, f.asProblem(ctx, r.id, err)
		}
		return out, nil
	})
}

// configuration is huma's, with nothing of its own served and no schema's address
// put into answers.
func configuration(version string) huma.Config {
	c := huma.DefaultConfig("Trilha", version)
	c.OpenAPIPath, c.DocsPath, c.SchemasPath, c.CreateHooks = "", "", "", nil
	c.Formats = map[string]huma.Format{jsonType: {Marshal: func(w io.Writer, v any) error {
		e := json.NewEncoder(w)
		e.SetEscapeHTML(false)
		return e.Encode(v)
	}}}
	c.DefaultFormat = jsonType
	c.Info.Description = "Learning paths in prerequisite order, made in the background."
	names := huma.NewMapRegistry("#/components/schemas/", nameOf)
	names.RegisterTypeAlias(reflect.TypeFor[learning.Nodes](), reflect.TypeFor[map[string]learning.Node]())
	names.RegisterTypeAlias(reflect.TypeFor[task.Seconds](), reflect.TypeFor[float64]())
	c.Components.Schemas = names
	return c
}
