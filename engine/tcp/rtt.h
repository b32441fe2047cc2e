// SPDX-License-Identifier: BSD-3-Clause
//
// The round-trip time estimator of RFC 6298 as a value: samples in, retransmission timeout out.
// SRTT and RTTVAR are kept as multiples of 1/8 and 1/4 microsecond, as Jacobson's integers are.
// Fed by tcp/ack with times of segments never retransmitted (Karn), read by tcp/retransmit.
#ifndef TCP_RTT_H
#define TCP_RTT_H

#include <pollux/types.h>

struct rtt {
	uint32_t srtt_8th_us; // 0: no sample yet; saturates at 536 s
	uint32_t rttvar_4th_us;
	uint32_t rto_us; // without backoff, within the bounds
};

struct rtt_bounds {
	uint32_t initial_us;
	uint32_t min_us;
	uint32_t max_us;
};

void rtt_init(struct rtt *rtt, const struct rtt_bounds *bounds);

// RFC 6298 2.2, 2.3.
void rtt_on_sample(struct rtt *rtt, plx_duration sample, const struct rtt_bounds *bounds);

// RFC 6298 5.7: a SYN was lost: three seconds, or what was configured if that is more.
void rtt_after_lost_syn(struct rtt *rtt, const struct rtt_bounds *bounds);

// RFC 4015 3 step 9: a timeout was spurious, the answer came after `sample` (0: unknown).
void rtt_after_spurious(struct rtt *rtt, plx_duration sample, const struct rtt_bounds *bounds);

// RFC 6298 5.5: doubles the timeout, until a sample (Karn: of something sent once) sets it anew.
void rtt_back_off(struct rtt *rtt, plx_duration max);

// The timeout after `backoff` retransmissions without an answer (RFC 6298 5.5).
plx_duration rtt_timeout(const struct rtt *rtt, unsigned backoff, plx_duration max);

#endif
