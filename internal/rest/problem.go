package rest

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/trilha/trilha/internal/fault"
)

// problem is an answer that is an error: text in most cases, a list of complaints
// where parameters are wrong.
type problem struct {
	status     int
	text       string
	complaints []complaint
	retryAfter int    // seconds; 0: not said
	location   string // where to look instead; may be empty
}

// complaint is what is wrong with one parameter, in the shape of FastAPI.
type complaint struct {
	Type  string         `json:"type"`
	Loc   []string       `json:"loc" doc:"query, body or path, and the parameter."`
	Msg   string         `json:"msg"`
	Input any            `json:"input" doc:"What was sent; null where nothing was."`
	Ctx   map[string]any `json:"ctx,omitempty" doc:"The bound that was not kept, by its name."`
}

// problemBody and complaintsBody are the JSON of a problem.
type problemBody struct {
	Detail string `json:"detail"`
}

type complaintsBody struct {
	Detail []complaint `json:"detail" minItems:"1"`
}

func (p *problem) Error() string {
	if p.text == "" {
		return "parameters are wrong"
	}
	return p.text
}

// GetStatus is what huma asks for.
func (p *problem) GetStatus() int { return p.status }

// GetHeaders is what huma asks for.
func (p *problem) GetHeaders() http.Header {
	h := http.Header{}
	if p.retryAfter > 0 {
		h.Set("Retry-After", strconv.Itoa(p.retryAfter))
	}
	if p.location != "" {
		h.Set("Location", p.location)
	}
	return h
}

// MarshalJSON writes the body.
func (p *problem) MarshalJSON() ([]byte, error) {
	if p.complaints != nil {
		return json.Marshal(complaintsBody{p.complaints})
	}
	return json.Marshal(problemBody{p.text})
}

// write answers with the problem.
func (p *problem) write(w http.ResponseWriter) {
	for name, values := range p.GetHeaders() {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", jsonType)
	body, err := json.Marshal(p)
	if err != nil { // strings and numbers: cannot be
		p.status, body = http.StatusInternalServerError, []byte(`{"detail":"Internal Server Error"}`)
	}
	w.WriteHeader(p.status)
	_, _ = w.Write(append(body, '\n'))
}

// statuses says what kind of fault answers with what. A conflict is about a state:
// what could be cancelled no more.
var statuses = map[fault.Kind]int{
	fault.Invalid:     http.StatusUnprocessableEntity,
	fault.NotFound:    http.StatusNotFound,
	fault.Conflict:    http.StatusConflict,
	fault.Limit:       http.StatusTooManyRequests,
	fault.Unavailable: http.StatusServiceUnavailable,
}

// patience is when a caller may try again after a limit or while the store is
// away, in seconds. A path takes less.
const patience = 5

// asProblem turns an error into an answer. What is no fault stays in the log.
func (f *Face) asProblem(ctx context.Context, operation string, err error) *problem {
	if p, ok := err.(*problem); ok { //nolint:errorlint // ours, never wrapped
		return p
	}
	known, ok := fault.Of(err)
	if !ok {
		if ctx.Err() == nil { // else nobody reads the answer
			f.log.ErrorContext(ctx, "request failed", "operation", operation, "error", err)
		}
		return internal()
	}
	p := &problem{status: statuses[known.Kind], text: known.Error()}
	switch known.Kind {
	case fault.Invalid:
		p.complaints = []complaint{valueError(known)}
	case fault.Limit, fault.Unavailable:
		p.retryAfter = patience
	}
	return p
}

// valueError is a fault of a parameter that is found only where it is used.
func valueError(e *fault.Error) complaint {
	text := e.Msg
	if e.Remedy != "" {
		text += ". " + e.Remedy
	}
	c := complaint{Type: "value_error", Loc: []string{"query"}, Msg: "Value error, " + text, Ctx: map[string]any{"error": text}}
	if e.Field != "" {
		c.Loc = append(c.Loc, e.Field)
	}
	return c
}

func internal() *problem {
	return &problem{status: http.StatusInternalServerError, text: "Internal Server Error"}
}

func taskNotFound(id string) *problem {
	return &problem{status: http.StatusNotFound, text: "Task with ID " + id + " not found"}
}

// answering gives requests for what is not there an answer in the same shape: the
// mux writes its own as text.
func answering(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, pattern := mux.Handler(r); pattern != "" {
			mux.ServeHTTP(w, r)
			return
		}
		p := &problem{status: http.StatusNotFound, text: "Not Found"}
		probe := headers{header: http.Header{}}
		mux.ServeHTTP(&probe, r)
		if probe.status == http.StatusMethodNotAllowed {
			p = &problem{status: probe.status, text: "Method Not Allowed"}
			w.Header()["Allow"] = probe.header["Allow"]
		}
		p.write(w)
	})
}

// headers is a ResponseWriter that drops the body.
type headers struct {
	header http.Header
	status int
}

func (h *headers) Header() http.Header         { return h.header }
func (h *headers) Write(b []byte) (int, error) { return len(b), nil }
func (h *headers) WriteHeader(status int)      { h.status = status }
