package fault_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/trilha/trilha/internal/fault"
)

func TestAFaultIsOfItsKindAndNoOther(t *testing.T) {
	t.Parallel()
	err := fmt.Errorf("outer: %w", fault.New(fault.NotFound, "no task %q", "t7"))
	assert.ErrorIs(t, err, fault.NotFound)
	for _, k := range []fault.Kind{fault.Invalid, fault.Conflict, fault.Limit, fault.Unavailable} {
		assert.NotErrorIs(t, err, k)
	}
}

func TestAFaultSaysFieldFaultAndRemedy(t *testing.T) {
	t.Parallel()
	e := fault.InField("topic", "longer than %d characters", 200)
	assert.EqualError(t, e, "topic: longer than 200 characters")
	assert.EqualError(t, e.With("Shorten it to %d", 200), "topic: longer than 200 characters. Shorten it to 200")
	assert.ErrorIs(t, e, fault.Invalid)
	assert.EqualError(t, fault.New(fault.Limit, "full"), "full")
}

func TestTheCauseIsForErrorsIsAndNotForTheText(t *testing.T) {
	t.Parallel()
	e := fault.New(fault.Unavailable, "no answer").Because(io.ErrUnexpectedEOF)
	assert.ErrorIs(t, e, io.ErrUnexpectedEOF)
	assert.ErrorIs(t, e, fault.Unavailable)
	assert.NotContains(t, e.Error(), io.ErrUnexpectedEOF.Error())
}

func TestAFaultIsFoundInAChainAndNothingElseIs(t *testing.T) {
	t.Parallel()
	e, ok := fault.Of(fmt.Errorf("outer: %w", fault.InField("topic", "empty")))
	require.True(t, ok)
	assert.Equal(t, "topic", e.Field)
	_, ok = fault.Of(errors.New("disk on fire"))
	assert.False(t, ok)
	_, ok = fault.Of(nil)
	assert.False(t, ok)
}
