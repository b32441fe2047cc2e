// SPDX-License-Identifier: BSD-3-Clause
//
// Credit grows by per_second billionths of a token in a nanosecond: exact at every rate, no division at
// run time. No product overflows: what would fill the bucket anyway is cut off before it is multiplied.
// Called by tcp/challenge, tcp/reset, net/icmp.
#include "base/rate_limit.h"

#include "base/clock.h"

#define TOKEN_CREDIT UINT64_C(1000000000)
#define JITTER_EPOCH PLX_SECOND

void rate_limit_init(struct rate_limit *limit, uint32_t per_second, uint32_t burst)
{
	uint64_t credit_max = per_second == 0 ? 0 : burst * TOKEN_CREDIT;

	*limit = (struct rate_limit){
		.credit = credit_max,
		.credit_max = credit_max,
		.fill_time = per_second == 0 ? 0 : credit_max / per_second + 1,
		.per_second = per_second,
	};
}

static void refill(struct rate_limit *limit, plx_time now)
{
	plx_duration elapsed = time_since(now, limit->updated);

	limit->updated = time_max(limit->updated, now);
	if (elapsed >= limit->fill_time)
		limit->credit = limit->credit_max;
	else
		limit->credit += elapsed * limit->per_second;
	if (limit->credit > limit->credit_max)
		limit->credit = limit->credit_max;
}

static bool take(struct rate_limit *limit, uint64_t reserve)
{
	if (limit->credit < TOKEN_CREDIT + reserve)
		return false;
	limit->credit -= TOKEN_CREDIT;
	return true;
}

bool rate_limit_try(struct rate_limit *limit, plx_time now)
{
	refill(limit, now);
	return take(limit, 0);
}

// The reserve leaves room for one token at least, else a small bucket would refuse for a whole epoch.
static void draw_reserve(struct rate_limit *limit, plx_time now, struct random *random)
{
	uint64_t most = limit->credit_max < TOKEN_CREDIT ? 0
							 : (limit->credit_max - TOKEN_CREDIT) / 2;

	limit->reserve = (uint64_t)(((unsigned __int128)random_u64(random) * (most + 1)) >> 64);
	limit->epoch_end = time_add(now, JITTER_EPOCH);
}

bool rate_limit_try_jittered(struct rate_limit *limit, plx_time now, struct random *random)
{
	if (time_is_due(limit->epoch_end, now))
		draw_reserve(limit, now, random);
	refill(limit, now);
	return take(limit, limit->reserve);
}
