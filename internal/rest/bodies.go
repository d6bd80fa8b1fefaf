package rest

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/trilha/trilha/internal/learning"
	"github.com/trilha/trilha/internal/task"
)

// What is answered. Every field is always written, null where there is nothing:
// clients in strict languages read a missing one as an error.

type health struct {
	Status string `json:"status" enum:"ok"`
}

type accepted struct {
	TaskID  string `json:"task_id" format:"uuid"`
	Status  string `json:"status" enum:"accepted"`
	Message string `json:"message"`
}

// taskBody is a task as this face shows it; see shown.
type taskBody struct {
	ID          string        `json:"id" format:"uuid"`
	Description string        `json:"description"`
	Status      string        `json:"status" enum:"pending,running,completed,failed" doc:"A cancelled task shows as failed: clients poll until completed or failed."`
	Progress    int           `json:"progress" minimum:"0" maximum:"100"`
	Result      pathOrNull    `json:"result" doc:"The path of a completed task, unless it was deleted since."`
	Error       *string       `json:"error" doc:"Why it failed, or that it was cancelled."`
	CreatedAt   task.Seconds  `json:"created_at" doc:"Seconds since 1970, always with a fraction."`
	UpdatedAt   task.Seconds  `json:"updated_at"`
	CompletedAt *task.Seconds `json:"completed_at"`
	Messages    []messageBody `json:"messages" doc:"Oldest first, at most 100."`
}

type messageBody struct {
	Time    task.Seconds `json:"time"`
	Message string       `json:"message"`
}

// shown is a task in the words of the original, which knew no cancelling: its
// clients poll until a task is completed or failed.
func shown(t task.Task) taskBody {
	b := taskBody{
		ID: t.ID, Description: t.Description, Status: string(t.Status), Progress: t.Progress, Result: pathOrNull(t.Result),
		CreatedAt: task.Seconds(t.CreatedAt), UpdatedAt: task.Seconds(t.UpdatedAt), Messages: messages(t.Messages),
	}
	if t.Status == task.Cancelled {
		b.Status = string(task.Failed)
	}
	if t.Error != "" {
		b.Error = &t.Error
	}
	if !t.CompletedAt.IsZero() {
		b.CompletedAt = (*task.Seconds)(&t.CompletedAt)
	}
	return b
}

func messages(list []task.Message) []messageBody {
	out := make([]messageBody, len(list))
	for i, m := range list {
		out[i] = messageBody{task.Seconds(m.Time), m.Text}
	}
	return out
}

// pathOrNull is a path as the task keeps it: it is not read and written anew.
type pathOrNull json.RawMessage

// MarshalJSON writes the path, or null.
func (p pathOrNull) MarshalJSON() ([]byte, error) {
	if len(p) == 0 {
		return []byte("null"), nil
	}
	return p, nil
}

// Schema is for the OpenAPI document.
func (pathOrNull) Schema(r huma.Registry) *huma.Schema {
	return orNull(r.Schema(reflect.TypeFor[learning.Path](), true, ""))
}

func orNull(s *huma.Schema) *huma.Schema {
	return &huma.Schema{AnyOf: []*huma.Schema{s, {Type: "null"}}}
}

// fraction is a number that is always written with a fraction, for the same
// reason as task.Seconds.
type fraction float64

// MarshalJSON writes at most four decimals, and at least one.
func (f fraction) MarshalJSON() ([]byte, error) {
	text := strings.TrimRight(strconv.FormatFloat(float64(f), 'f', 4, 64), "0")
	if strings.HasSuffix(text, ".") {
		text += "0"
	}
	return []byte(text), nil
}

type cacheStats struct {
	Status  string      `json:"status" enum:"success"`
	Cache   cacheBody   `json:"cache"`
	Domains domainsBody `json:"domain_method_cache"`
}

type cacheBody struct {
	TotalKeys int      `json:"total_keys" minimum:"0" doc:"Your finished paths that can answer, or could have answered, the request that they were made for."`
	Info      infoBody `json:"info"`
}

type infoBody struct {
	Size            int         `json:"size" minimum:"0"`
	ActiveKeys      int         `json:"active_keys" minimum:"0" doc:"Those that answer now."`
	ExpiredKeys     int         `json:"expired_keys" minimum:"0" doc:"Those too old to answer; they can still be read."`
	MaxSize         int         `json:"max_size" minimum:"0"`
	UsagePercentage fraction    `json:"usage_percentage" minimum:"0"`
	Metrics         metricsBody `json:"metrics"`
}

type metricsBody struct {
	HitCount      int      `json:"hit_count" minimum:"0" doc:"Your requests that were answered at once. All counts are of this process, since uptime."`
	MissCount     int      `json:"miss_count" minimum:"0"`
	GetCount      int      `json:"get_count" minimum:"0"`
	SetCount      int      `json:"set_count" minimum:"0"`
	EvictionCount int      `json:"eviction_count" minimum:"0"`
	CurrentSize   int      `json:"current_size" minimum:"0"`
	HitRate       fraction `json:"hit_rate" minimum:"0" maximum:"1"`
	Uptime        fraction `json:"uptime" minimum:"0" doc:"Seconds for which has been counted."`
}

// domainsBody is of a cache that the original had and Trilha has no use for.
type domainsBody struct {
	TotalDomains         int      `json:"totalDomains" enum:"0"`
	SimpleMethodCount    int      `json:"simpleMethodCount" enum:"0"`
	PuppeteerMethodCount int      `json:"puppeteerMethodCount" enum:"0"`
	Domains              []string `json:"domains" maxItems:"0"`
}

type cleared struct {
	Status             string `json:"status" enum:"success"`
	Message            string `json:"message"`
	Pattern            string `json:"pattern"`
	Count              int    `json:"count" minimum:"0"`
	DomainCacheCleared bool   `json:"domain_cache_cleared" doc:"Always false: there is no such cache."`
}

// eventBody is the data of an event of a stream.
type eventBody struct {
	TaskID   string        `json:"task_id" format:"uuid"`
	Status   string        `json:"status" enum:"pending,running,completed,failed"`
	Progress int           `json:"progress" minimum:"0" maximum:"100"`
	Error    *string       `json:"error"`
	Messages []messageBody `json:"messages" doc:"What is new since the event before, or since the one named by Last-Event-ID."`
}

// wholePath is a path as the task keeps it.
type wholePath json.RawMessage

// MarshalJSON writes the path.
func (p wholePath) MarshalJSON() ([]byte, error) { return p, nil }

// Schema is for the OpenAPI document.
func (wholePath) Schema(r huma.Registry) *huma.Schema {
	return r.Schema(reflect.TypeFor[learning.Path](), true, "")
}
