// SPDX-License-Identifier: BSD-3-Clause
//
// A token bucket as a value: so many per second, so many at once. The jittered variant keeps a part of
// the bucket back that is drawn anew every second, so that nobody can count what others used of a shared
// budget: the side channel of challenge ACKs (RFC 5961 10, CVE-2016-5696).
// Called by tcp/challenge, tcp/reset, net/icmp for answers an outsider can provoke.
#ifndef BASE_RATE_LIMIT_H
#define BASE_RATE_LIMIT_H

#include <pollux/types.h>

#include "base/random.h"

struct rate_limit {
	uint64_t credit; // in billionths of a token, so that a nanosecond earns per_second of them
	uint64_t credit_max;
	uint64_t reserve;	// jitter: credit below this is not spent in this epoch
	plx_duration fill_time; // from empty to full
	plx_time updated;
	plx_time epoch_end; // when the reserve is drawn anew
	uint32_t per_second;
};

// Starts full. `burst` tokens at most are saved up. 0 for either refuses everything.
void rate_limit_init(struct rate_limit *limit, uint32_t per_second, uint32_t burst);

// Takes a token if there is one. A `now` that steps back earns nothing.
bool rate_limit_try(struct rate_limit *limit, plx_time now);

// The same, with up to half of the burst held back at random; the mean rate stays what it was.
bool rate_limit_try_jittered(struct rate_limit *limit, plx_time now, struct random *random);

#endif
