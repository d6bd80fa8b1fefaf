package tools

import (
	"context"
	"errors"

	"github.com/trilha/trilha/internal/fault"
)

type deleteInput struct {
	PathID string `json:"path_id"`
}

type deleteOutput struct {
	PathID  string `json:"path_id"`
	Deleted bool   `json:"deleted"`
	Next    string `json:"next"`
}

func (t *Tools) deleteLearningPath() Definition {
	return define(t, about{
		name:  "delete_learning_path",
		title: "Delete a finished learning path",
		description: "Delete one of your own finished learning paths, for good. " +
			"Use it only when the learner asks for it. An id that is not there, or no more, is an error. " +
			"Its task stays completed, without the path. Returns the id.",
		destructive: true, idempotent: true,
		params: params{
			{name: "path_id", kind: "string", required: true, min: 1, max: 100, about: "from list_learning_paths", example: "7f3c0d6e-2b1a-5c8e-9d57-0a1b2c3d4e5f"},
		},
		output: `{"type":"object","properties":{"path_id":{"type":"string"},"deleted":{"const":true},"next":{"type":"string"}},"required":["path_id","deleted","next"]}`,
	}, t.deletePath)
}

func (t *Tools) deletePath(ctx context.Context, c Caller, in deleteInput) (deleteOutput, error) {
	err := t.tutor.DeletePath(ctx, c.Owner, in.PathID)
	if errors.Is(err, fault.NotFound) {
		return deleteOutput{}, fault.New(fault.NotFound, "no path with id %q", cut(in.PathID, 40)).
			With("Call list_learning_paths for the path_ids there are")
	}
	return deleteOutput{PathID: in.PathID, Deleted: err == nil, Next: "the same request to generate_learning_path_async makes it anew"}, err
}
