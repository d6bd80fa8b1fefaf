package tools

import "context"

type cancelInput struct {
	TaskID string `json:"task_id"`
}

func (t *Tools) cancelTask() Definition {
	return define(t, about{
		name:  "cancel_task",
		title: "Cancel a task",
		description: "Stop one task that is waiting or running. " +
			"Use it only when its result is no longer wanted: what was done is lost. " +
			"Cancelling twice changes nothing; a task that has completed or failed stays so and is an error. " +
			"Returns the task as it stands.",
		destructive: true, idempotent: true,
		params: params{taskIDParam},
		output: statusSchema,
	}, t.cancel)
}

func (t *Tools) cancel(ctx context.Context, c Caller, in cancelInput) (statusOutput, error) {
	cancelled, err := t.tutor.Cancel(ctx, c.Owner, in.TaskID)
	if cancelled.Status.Final() { // too late to cancel is an error that shows the end as well
		c.Settle(ctx, cancelled.ID)
	}
	if err != nil {
		return statusOutput{}, withRemedy(err)
	}
	return describeTask(cancelled), nil
}
