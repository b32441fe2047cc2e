// SPDX-License-Identifier: BSD-3-Clause
//
// Fast retransmit and fast recovery of RFC 6582 (NewReno), with limited transmit (RFC 3042), early retransmit
// (RFC 5827), a threshold of duplicates that follows the path's reordering, and the discovery that a
// retransmission was lost too. What may be sent meanwhile is tcp/reduction's.
// Called by tcp/ack and tcp/ordinary_ack for acknowledgements, by tcp/tail_probe.
#ifndef TCP_RECOVERY_H
#define TCP_RECOVERY_H

#include "tcp/ack.h"
#include "tcp/tcp.h"

enum {
	DUPACK_THRESHOLD = 3,	   // RFC 5681 3.2
	DUPACK_THRESHOLD_MAX = 31, // on a path that reorders
};

// RFC 5681 2: a duplicate acknowledgement arrived.
void recovery_on_duplicate(struct tcp *tcp, struct tcp_conn *c);

// New data was acknowledged during recovery.
void recovery_on_ack(struct tcp *tcp, struct tcp_conn *c, const struct ack_news *news);

// The first unacknowledged segment is lost; so much was in flight when that showed.
void recovery_enter(struct tcp *tcp, struct tcp_conn *c, uint32_t flight_bytes);

// The retransmission of the first unacknowledged segment is lost too: another indication of congestion
// (RFC 5681 4.3).
void recovery_enter_again(struct tcp *tcp, struct tcp_conn *c);

// When the answer to the last retransmission of the first segment should have come; PLX_TIME_NEVER when there was
// none. The estimate is that of RFC 6298 without its lower bound: what fills a gap is acknowledged without delay.
plx_time recovery_answer_at(const struct tcp *tcp, const struct tcp_conn *c);

// Is there anything new that the peer's window has room for, and that nothing but cwnd would hold back?
bool recovery_has_new_to_send(const struct tcp *tcp, const struct tcp_conn *c);

// Keeps `recover` behind SND.UNA from ever seeming to lie ahead of it: it follows when it is between 1 and 2
// GB behind.
static inline void recovery_follow(struct tcp_conn *c)
{
	if (unlikely((c->snd.una - c->recover) >> 30 == 1))
		c->recover = c->snd.una - 1;
}

#endif
