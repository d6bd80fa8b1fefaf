package main

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// pace is how load is put on a server.
type pace struct {
	every   time.Duration // between paced calls, whether answered or not
	paced   int           // calls
	closed  time.Duration // how long the closed loop goes on
	clients int           // in the closed loop, each with one call at a time
}

// figures is what a load gave.
type figures struct {
	p50, p99 time.Duration // paced
	rate     float64       // closed, calls a second
}

// supply gives the parameters of the nth call, or nil when there are no more.
type supply func(n int) []byte

// load calls tools, paced first and then as fast as answers come.
func load(ctx context.Context, t target, p pace, next supply) (figures, error) {
	took, err := paced(ctx, t, p, next)
	if err != nil {
		return figures{}, err
	}
	rate, err := closed(ctx, t, p, func(n int) []byte { return next(p.paced + n) })
	return figures{p50: quantile(took, 0.50), p99: quantile(took, 0.99), rate: rate}, err
}

func paced(ctx context.Context, t target, p pace, next supply) ([]time.Duration, error) {
	took, errs := make([]time.Duration, p.paced), make([]error, p.paced)
	tick := time.NewTicker(p.every)
	defer tick.Stop()
	var calls sync.WaitGroup
	for i := range p.paced {
		<-tick.C
		params := next(i)
		calls.Go(func() {
			began := time.Now()
			_, errs[i] = t.call(ctx, "tools/call", params)
			took[i] = time.Since(began)
		})
	}
	calls.Wait()
	return took, errors.Join(errs...)
}

func closed(ctx context.Context, t target, p pace, next supply) (float64, error) {
	var taken, answered atomic.Int64
	errs := make([]error, p.clients)
	began := time.Now()
	var clients sync.WaitGroup
	for c := range p.clients {
		clients.Go(func() {
			for errs[c] == nil && time.Since(began) < p.closed {
				params := next(int(taken.Add(1) - 1))
				if params == nil {
					return
				}
				_, errs[c] = t.call(ctx, "tools/call", params)
				answered.Add(1)
			}
		})
	}
	clients.Wait()
	return float64(answered.Load()) / time.Since(began).Seconds(), errors.Join(errs...)
}

// quantile is the smallest value that the given share of all does not exceed.
func quantile(list []time.Duration, share float64) time.Duration {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[max(0, int(math.Ceil(share*float64(len(sorted))))-1)]
}

func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
}
