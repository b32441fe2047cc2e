// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 6298: SRTT, RTTVAR and RTO. Alpha is 1/8, beta 1/4, K 4; the clock's granularity is one
// microsecond. DEVIATION RFC 6298 2.4: the least timeout is an option, 200 ms unless set, because a
// second is an age on today's paths. Where the round trip itself takes as long, half of that least stays above
// SRTT: on a steady path RTTVAR dies away, and a peer may still delay an acknowledgement.
#include "tcp/rtt.h"

#include "base/clock.h"

#define RTO_AFTER_LOST_SYN_US UINT32_C(3000000)
#define RTT_SAMPLE_MAX_US (UINT32_MAX / 8)

static uint32_t clamp_us(uint32_t timeout_us, const struct rtt_bounds *bounds)
{
	if (timeout_us < bounds->min_us)
		timeout_us = bounds->min_us;
	return timeout_us > bounds->max_us ? bounds->max_us : timeout_us;
}

void rtt_init(struct rtt *rtt, const struct rtt_bounds *bounds)
{
	rtt->srtt_8th_us = 0;
	rtt->rttvar_4th_us = 0;
	rtt->rto_us = clamp_us(bounds->initial_us, bounds);
}

// RTO = SRTT + max(G, 4 RTTVAR); rttvar_4th_us is 4 RTTVAR already, and hardly above 2^31, as no sample is above 2^29.
// In the place of G stands what a peer may delay.
static uint32_t timeout_of(const struct rtt *rtt, const struct rtt_bounds *bounds)
{
	uint32_t variance_us = rtt->rttvar_4th_us;

	if (variance_us < bounds->min_us / 2)
		variance_us = bounds->min_us / 2;
	return clamp_us(rtt->srtt_8th_us / 8 + variance_us, bounds);
}

void rtt_on_sample(struct rtt *rtt, plx_duration sample, const struct rtt_bounds *bounds)
{
	uint64_t us = duration_to_us(sample);
	uint32_t r = us == 0 ? 1 : us > RTT_SAMPLE_MAX_US ? RTT_SAMPLE_MAX_US : (uint32_t)us;

	if (__builtin_expect(rtt->srtt_8th_us == 0, 0)) {
		// RFC 6298 2.2: SRTT = R, RTTVAR = R/2
		rtt->srtt_8th_us = r * 8;
		rtt->rttvar_4th_us = r * 2;
	} else {
		// RFC 6298 2.3: RTTVAR first, with the old SRTT
		uint32_t srtt = rtt->srtt_8th_us / 8;
		uint32_t deviation = r > srtt ? r - srtt : srtt - r;

		rtt->rttvar_4th_us += deviation - rtt->rttvar_4th_us / 4;
		rtt->srtt_8th_us += r - srtt; // modulo 2^32, as the other
	}
	rtt->rto_us = timeout_of(rtt, bounds);
}

void rtt_after_spurious(struct rtt *rtt, plx_duration sample, const struct rtt_bounds *bounds)
{
	uint64_t us = duration_to_us(sample);
	uint32_t r = us > RTT_SAMPLE_MAX_US ? RTT_SAMPLE_MAX_US : (uint32_t)us;

	// SRTT = max(SRTT, R), RTTVAR = max(RTTVAR, SRTT / 2)
	if (r * 8 > rtt->srtt_8th_us)
		rtt->srtt_8th_us = r * 8;
	if (rtt->srtt_8th_us / 4 > rtt->rttvar_4th_us)
		rtt->rttvar_4th_us = rtt->srtt_8th_us / 4;
	rtt->rto_us = timeout_of(rtt, bounds);
}

void rtt_after_lost_syn(struct rtt *rtt, const struct rtt_bounds *bounds)
{
	rtt_init(rtt, bounds);
	if (rtt->rto_us < RTO_AFTER_LOST_SYN_US)
		rtt->rto_us = RTO_AFTER_LOST_SYN_US;
}

void rtt_back_off(struct rtt *rtt, plx_duration max)
{
	rtt->rto_us = (uint32_t)duration_to_us(rtt_timeout(rtt, 1, max));
}

plx_duration rtt_timeout(const struct rtt *rtt, unsigned backoff, plx_duration max)
{
	plx_duration timeout = duration_from_us(rtt->rto_us);

	for (; backoff > 0 && timeout < max; backoff--)
		timeout *= 2;
	return timeout > max ? max : timeout;
}
