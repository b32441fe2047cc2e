// SPDX-License-Identifier: BSD-3-Clause
//
// Fast retransmit and fast recovery of RFC 6582 (NewReno) with limited transmit (RFC 3042).
// Called by tcp/ack for duplicate and new acknowledgements.
#ifndef TCP_RECOVERY_H
#define TCP_RECOVERY_H

#include "tcp/ack.h"
#include "tcp/tcp.h"

enum { DUPACK_THRESHOLD = 3 };

// RFC 5681 2: a duplicate acknowledgement arrived.
void recovery_on_duplicate(struct tcp *tcp, struct tcp_conn *c);

// New data was acknowledged. True when the acknowledgement was recovery's business, and congestion
// control must not grow the window for it.
bool recovery_on_ack(struct tcp *tcp, struct tcp_conn *c, const struct ack_news *news);

// RFC 3042: so much more than cwnd may be in flight after the first two duplicates.
static inline uint32_t recovery_limited_transmit(const struct tcp_conn *c)
{
	return !conn_has(c, CONN_RECOVERY) && c->dupacks < DUPACK_THRESHOLD ? c->dupacks * c->mss
									    : 0;
}

#endif
