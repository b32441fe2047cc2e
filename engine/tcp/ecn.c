// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 3168 6.1: the receiver echoes a mark in every acknowledgement until it hears CWR; the sender reduces at most
// once for the data of a window. RFC 8257 3.2: for DCTCP the echo tells each segment's own state, and a change
// of it does not wait for a delayed acknowledgement.
// Called by tcp/input, tcp/input_fast, tcp/ack and the handshake.
#include "tcp/ecn.h"

#include "tcp/congestion.h"
#include "tcp/reduction.h"
#include "tcp/segment_tx.h"

static const struct congestion_ops *congestion_in(const struct tcp *tcp, uint16_t profile)
{
	return congestion_by_index(
		(unsigned)option_profile_value(&tcp->profiles, profile, PLX_OPTION_CONGESTION));
}

bool ecn_asks(const struct tcp *tcp, uint16_t profile)
{
	return option_profile_value(&tcp->profiles, profile, PLX_OPTION_ECN) == PLX_ECN_ASK
		|| congestion_in(tcp, profile)->echoes_every_mark;
}

bool ecn_agrees(const struct tcp *tcp, uint16_t profile)
{
	return option_profile_value(&tcp->profiles, profile, PLX_OPTION_ECN) != PLX_ECN_OFF
		|| congestion_in(tcp, profile)->echoes_every_mark;
}

// DCTCP.CE is CONN_ECE_OWED. What came before the change is acknowledged with the state before it.
static void follow_mark(struct tcp *tcp, struct tcp_conn *c, bool is_marked)
{
	if (conn_has(c, CONN_ECE_OWED) == is_marked)
		return;
	if (c->ack_segs > 0)
		segment_tx_early_ack(tcp, c);
	c->flags ^= CONN_ECE_OWED;
}

void ecn_on_segment(struct tcp *tcp, struct tcp_conn *c, const struct segment *seg)
{
	bool is_marked = seg->ecn == ECN_CE;

	if (is_marked)
		tcp_count(tcp, PLX_COUNTER_TCP_ECN_MARKS);
	if (congestion_of(c)->echoes_every_mark) {
		if (seg->len_bytes > 0)
			follow_mark(tcp, c, is_marked);
		return;
	}
	if (segment_has(seg, TCP_CWR))
		c->flags &= ~CONN_ECE_OWED;
	if (is_marked && seg->len_bytes > 0)
		c->flags |= CONN_ECE_OWED;
}

void ecn_on_echo(struct tcp *tcp, struct tcp_conn *c)
{
	if (!conn_is_undisturbed(c) || conn_unacked(c) == 0 || congestion_of(c)->is_fixed)
		return;
	reduction_begin(c, congestion_ssthresh_on_mark(c));
	c->loss.pipe_prev = 0;
	c->recover = c->snd.nxt;
	c->flags |= CONN_CWR;
	reduction_on_delivered(c, 0); // what else it tells is counted where it is found
	tcp_count(tcp, PLX_COUNTER_TCP_ECN_REDUCTIONS);
}
