package task_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/trilha/trilha/internal/fault"
	"github.com/trilha/trilha/internal/task"
)

func TestWhatHasEndedStaysAsItIs(t *testing.T) {
	for _, s := range task.Statuses() {
		for _, next := range task.Statuses() {
			if s.Final() {
				assert.False(t, s.CanMove(next), "%s to %s", s, next)
			}
		}
	}
}

func TestThreeStatusesAreFinal(t *testing.T) {
	final := slices.DeleteFunc(task.Statuses(), func(s task.Status) bool { return !s.Final() })
	assert.Equal(t, []task.Status{task.Completed, task.Failed, task.Cancelled}, final)
	assert.False(t, task.Status("").Final(), "what is no status has not ended")
}

func TestEveryTaskCanReachEveryEndAndNoneStandsStill(t *testing.T) {
	for _, s := range task.Statuses() {
		assert.False(t, s.CanMove(s), "%s to itself", s)
		for _, end := range task.Statuses() {
			if !s.Final() && end.Final() {
				assert.True(t, s.CanMove(end), "%s to %s", s, end)
			}
		}
	}
	assert.True(t, task.Pending.CanMove(task.Running))
	assert.True(t, task.Running.CanMove(task.Pending), "when its worker was lost")
}

func TestOnlyListedStatusesTakePartInMoves(t *testing.T) {
	for _, s := range task.Statuses() {
		assert.False(t, s.CanMove("asleep"))
		assert.False(t, task.Status("asleep").CanMove(s))
	}
}

func TestTheEmptyPriorityRanksAsNormal(t *testing.T) {
	assert.Equal(t, []int{0, 1, 2, 1}, []int{task.High.Rank(), task.Normal.Rank(), task.Low.Rank(), task.Priority("").Rank()})
}

func TestZeroLimitsTakeTheirDefaultsAndOthersStay(t *testing.T) {
	assert.Equal(t, task.DefaultLimits(), task.Limits{}.OrDefaults())
	own := task.Limits{
		RunningPerOwner: 11, Running: 12, WaitingPerOwner: 13, Kept: 14, KeptBytes: 15, TTL: time.Second, MinTTL: time.Millisecond, Ageing: time.Hour,
		AnswerWithin: time.Minute,
	}
	assert.Equal(t, own, own.OrDefaults())
}

func TestNotFoundNamesTheTask(t *testing.T) {
	err := task.ErrNotFound("t7")
	assert.ErrorIs(t, err, fault.NotFound)
	assert.ErrorContains(t, err, `"t7"`)
}
