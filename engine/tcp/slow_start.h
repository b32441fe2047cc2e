// SPDX-License-Identifier: BSD-3-Clause
//
// Slow start for every congestion control: HyStart++ (RFC 9406) while no loss has told yet where it ends,
// afterwards RFC 5681 3.1 by bytes (RFC 3465).
// Called by the congestion controls while cwnd is below ssthresh.
#ifndef TCP_SLOW_START_H
#define TCP_SLOW_START_H

#include "tcp/congestion.h"

// ssthresh is unknown, again or for the first time.
void slow_start_begin(struct tcp_conn *c);

// New data was acknowledged while cwnd is below ssthresh: cwnd grows, or slow start ends here.
void slow_start_on_ack(struct tcp_conn *c, const struct ack_news *news);

static inline bool is_in_slow_start(const struct tcp_conn *c)
{
	return c->cwnd < c->ssthresh;
}

#endif
