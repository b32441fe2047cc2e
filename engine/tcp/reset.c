// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 9293 3.5.2: how a RST is numbered, groups 1 and 2, and what it does to whoever gets it.
// Called by tcp/input_listen, tcp/input_syn_sent, tcp/input, tcp/half_open, tcp/syn_cookie.
#include "tcp/reset.h"

#include <errno.h>

#include "tcp/connections.h"
#include "tcp/segment_tx.h"
#include "tcp/timestamps.h"

enum { RESET_HOP_LIMIT = 64 };

enum plx_drop reset_answer(struct tcp *tcp, struct segment *seg)
{
	struct answer answer = {.key = &seg->key, .hop_limit = RESET_HOP_LIMIT};

	if (segment_has(seg, TCP_RST))
		return PLX_DROP_TCP_RST_NO_CONNECTION;
	if (!tcp->reset_unlimited && !rate_limit_try(&tcp->reset_limit, tcp->now))
		return PLX_DROP_TCP_NO_CONNECTION;
	if (segment_has(seg, TCP_ACK)) {
		// <SEQ=SEG.ACK><CTL=RST>
		answer.tcp.seq = seg->tcp.ack;
		answer.tcp.flags = TCP_RST;
	} else {
		// <SEQ=0><ACK=SEG.SEQ+SEG.LEN><CTL=RST,ACK>
		answer.tcp.ack = seg->tcp.seq + segment_len(seg);
		answer.tcp.flags = TCP_RST | TCP_ACK;
	}
	return segment_tx_answer(tcp, &answer, seg);
}

enum verdict reset_nobody(struct tcp *tcp, struct segment *seg, enum plx_drop unanswered)
{
	enum plx_drop reason = tcp->config.answer_nobody || segment_has(seg, TCP_RST)
		? reset_answer(tcp, seg)
		: PLX_DROP_TCP_NO_CONNECTION;

	if (reason == PLX_DROP_NONE)
		return SEGMENT_ANSWERED;
	return segment_drop(seg, reason == PLX_DROP_TCP_NO_CONNECTION ? unanswered : reason);
}

void reset_send(struct tcp *tcp, const struct tcp_conn *c, struct segment *seg)
{
	struct answer answer = {
		.key = &c->key,
		.tcp =
			{
				.seq = c->snd.nxt,
				.flags = TCP_RST,
				.options =
					{
						.has_timestamps = conn_has(c, CONN_TIMESTAMPS),
						.ts_val = timestamp_now(tcp, c->ts_offset),
					},
			},
		.hop_limit = (uint8_t)conn_option(tcp, c, PLX_OPTION_HOP_LIMIT),
		.dscp = (uint8_t)conn_option(tcp, c, PLX_OPTION_DSCP),
	};

	(void)segment_tx_answer(tcp, &answer, seg);
}

void reset_obey(struct tcp *tcp, struct tcp_conn *c)
{
	switch (c->state) {
	case PLX_STATE_SYN_SENT:
	case PLX_STATE_SYN_RECEIVED:
		conn_end(tcp, c, -ECONNREFUSED);
		break;
	case PLX_STATE_CLOSING:
	case PLX_STATE_LAST_ACK:
		conn_end(tcp, c, 0);
		break;
	default:
		conn_end(tcp, c, -ECONNRESET);
		break;
	}
}
