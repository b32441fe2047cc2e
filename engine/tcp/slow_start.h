// SPDX-License-Identifier: BSD-3-Clause
//
// How cwnd grows. Slow start for every congestion control: HyStart++ (RFC 9406) while no loss has told
// yet where it ends, afterwards RFC 5681 3.1 by bytes (RFC 3465). Congestion avoidance for those that
// do it as Reno does.
// Called by the congestion controls.
#ifndef TCP_SLOW_START_H
#define TCP_SLOW_START_H

#include "tcp/congestion.h"

// ssthresh is unknown, again or for the first time.
void slow_start_begin(struct tcp_conn *c);

// New data was acknowledged while cwnd is below ssthresh: cwnd grows, or slow start ends here.
void slow_start_on_ack(struct tcp_conn *c, const struct ack_news *news);

// New data was acknowledged, whether in slow start or behind it: a segment more for every window
// acknowledged (RFC 5681 3.1). `acked_bytes` counts towards that, and is the control's own.
void reno_on_ack(struct tcp_conn *c, const struct ack_news *news, uint32_t *acked_bytes);

static inline bool is_in_slow_start(const struct tcp_conn *c)
{
	return c->cwnd < c->ssthresh;
}

#endif
