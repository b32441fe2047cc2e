// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 6582 3.2, step by step: enter on the third duplicate if it covers more than `recover`, inflate per
// further duplicate, retransmit and deflate on partial acknowledgements, leave on the full one.
// Called by tcp/ack.
#include "tcp/recovery.h"

#include "tcp/congestion.h"
#include "tcp/connections.h"
#include "tcp/retransmit.h"
#include "tcp/seq.h"

// How far `recover` may stay behind SND.UNA.
#define RECOVER_BEHIND_MAX (UINT32_C(1) << 30)

// RFC 6582 3.2 steps 2 and 3.
static void enter(struct tcp *tcp, struct tcp_conn *c)
{
	c->ssthresh = congestion_of(c)->ssthresh(c, conn_unacked(c));
	c->recover = c->snd.nxt;
	c->partial_acks = 0;
	c->flags |= CONN_RECOVERY | CONN_RETRANSMIT_HEAD;
	if (!congestion_of(c)->is_fixed)
		c->cwnd = c->ssthresh + DUPACK_THRESHOLD * c->mss;
	tcp_count(tcp, PLX_COUNTER_TCP_FAST_RETRANSMITS);
}

void recovery_on_duplicate(struct tcp *tcp, struct tcp_conn *c)
{
	if (c->dupacks < UINT8_MAX)
		c->dupacks++;
	tcp_count(tcp, PLX_COUNTER_TCP_DUPLICATE_ACKS);
	if (conn_has(c, CONN_RECOVERY)) {
		// Step 4: a segment has left the network.
		if (!congestion_of(c)->is_fixed)
			c->cwnd += c->mss;
	} else if (c->dupacks == DUPACK_THRESHOLD && c->rtx == c->snd.nxt
		   && seq_is_after(c->snd.una, c->recover)) {
		// Step 2's check: SEG.ACK - 1 >= recover; else these are echoes of our own retransmissions.
		enter(tcp, c);
	}
	conn_wants_output(tcp, c);
}

static void leave(struct tcp_conn *c)
{
	uint32_t flight = conn_unacked(c);
	uint32_t target = (flight > c->mss ? flight : c->mss) + c->mss;

	// Step 5, full acknowledgement, option 1: no burst.
	if (!congestion_of(c)->is_fixed)
		c->cwnd = c->ssthresh < target ? c->ssthresh : target;
	c->flags &= ~CONN_RECOVERY;
	c->dupacks = 0;
}

bool recovery_on_ack(struct tcp *tcp, struct tcp_conn *c, const struct ack_news *news)
{
	if (!conn_has(c, CONN_RECOVERY)) {
		c->dupacks = 0;
		// Follows at a distance, or after 2^31 bytes it would seem to lie ahead.
		if (c->snd.una - c->recover > RECOVER_BEHIND_MAX)
			c->recover = c->snd.una - 1;
		return false;
	}
	if (seq_is_at_or_after(c->snd.una, c->recover)) {
		leave(c);
		return true;
	}
	// Step 5, partial acknowledgement: the next hole, at once; deflate by what left, plus a segment.
	c->flags |= CONN_RETRANSMIT_HEAD;
	if (c->partial_acks < UINT8_MAX)
		c->partial_acks++;
	if (!congestion_of(c)->is_fixed) {
		c->cwnd -= news->acked_bytes < c->cwnd ? news->acked_bytes : c->cwnd;
		if (news->acked_bytes >= c->mss)
			c->cwnd += c->mss;
		if (c->cwnd < c->mss)
			c->cwnd = c->mss;
	}
	conn_wants_output(tcp, c);
	return true;
}
