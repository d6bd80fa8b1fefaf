package rest

import (
	"context"
	"fmt"
	"time"
)

func (f *Face) cacheStats(ctx context.Context, _ *nothing) (*answer[cacheStats], error) {
	s, err := f.tutor.CacheStats(ctx, f.owner(ctx))
	if err != nil {
		return nil, err
	}
	size := s.Active + s.Expired
	gets := s.Hits + s.Misses
	return &answer[cacheStats]{cacheStats{
		Status: "success",
		Cache: cacheBody{TotalKeys: size, Info: infoBody{
			Size: size, ActiveKeys: s.Active, ExpiredKeys: s.Expired, MaxSize: s.Max,
			UsagePercentage: fraction(100 * float64(size) / float64(max(s.Max, 1))),
			Metrics: metricsBody{
				HitCount: s.Hits, MissCount: s.Misses, GetCount: gets, SetCount: s.Puts, EvictionCount: s.Evicted, CurrentSize: size,
				HitRate: fraction(float64(s.Hits) / float64(max(gets, 1))), Uptime: fraction(time.Since(s.Since).Seconds()),
			},
		}},
		Domains: domainsBody{Domains: []string{}},
	}}, nil
}

func (f *Face) clearCache(ctx context.Context, in *clearInput) (*answer[cleared], error) {
	n, err := f.tutor.ClearCache(ctx, f.owner(ctx), in.Pattern)
	if err != nil {
		return nil, err
	}
	return &answer[cleared]{cleared{
		Status: "success", Message: fmt.Sprintf("Cleared %d items from cache", n), Pattern: in.Pattern, Count: n,
	}}, nil
}
