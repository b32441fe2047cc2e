// SPDX-License-Identifier: BSD-3-Clause
//
// The turn that nearly every one is: nothing is in flight, nothing is being repaired, and one small record, or FIN
// alone, goes out with the acknowledgement of what has come. The questions of tcp/output are answered first,
// all at once; what is left is done straight. Any other turn is tcp/output's, which comes to the same in more
// steps.
// Called by tcp/output.
#ifndef TCP_ORDINARY_TURN_H
#define TCP_ORDINARY_TURN_H

#include <errno.h>

#include "tcp/output_turn.h"
#include "tcp/retransmit.h"
#include "tcp/timers.h"

// What makes a turn another one: something is owed, repaired, probed, or timed by the coarse wheel.
enum {
	CONN_NOT_ORDINARY_TURN = CONN_UNSETTLED | CONN_RST_OWED | CONN_ENDED | CONN_OFF_WIRE
		| CONN_FIN_SENT | CONN_PERSIST | CONN_RETRANSMIT_HEAD | CONN_KEEPALIVE
		| CONN_KEEPALIVE_PROBE | CONN_ECN | CONN_ECE_OWED | CONN_CWR_OWED,
};

static inline bool has_nothing_unusual(const struct tcp *tcp, const struct tcp_conn *c)
{
	return !conn_has(c, CONN_NOT_ORDINARY_TURN) && conn_is_synchronized(c)
		&& c->snd.una == c->snd.nxt && c->acks_owed == 0 && !c->is_paced
		&& segment_tx_is_plain(tcp);
}

// The record that goes out if it is that turn, else NULL. With nothing in flight Nagle lets anything go.
static inline struct send_segment *ordinary_record(const struct tcp *tcp, const struct tcp_conn *c)
{
	struct send_segment *record;

	if (c->queue.unsent == INDEX_NONE || c->queue.unsent != c->queue.tail
	    || !has_nothing_unusual(tcp, c) || turn_is_idle(tcp, c))
		return NULL;
	record = send_segment_at(tcp, c->queue.unsent);
	return record->kind == SEND_SLAB && record->len_bytes <= c->mss
			&& record->len_bytes <= c->cwnd && record->len_bytes < c->snd.wnd
		? record
		: NULL;
}

// Is it that turn, and FIN all there is to send?
static inline bool is_ordinary_fin(const struct tcp *tcp, const struct tcp_conn *c)
{
	return c->queue.unsent == INDEX_NONE && conn_has(c, CONN_FIN_QUEUED) && c->snd.wnd > 0
		&& has_nothing_unusual(tcp, c);
}

// It was sent, with FIN or without: as turn_mark_sent(), turn_advance_unsent(), and the timer of RFC 6298 5.1.
static inline void ordinary_record_sent(struct tcp *tcp, struct tcp_conn *c,
					struct send_segment *record, bool has_fin)
{
	record->sent_at = tcp->now;
	c->last_sent_ms = tcp->now_ms;
	c->queue.unsent = INDEX_NONE;
	c->snd.nxt += record->len_bytes + has_fin;
	c->rtx = c->snd.nxt;
	c->is_cwnd_limited = false;
	tcp_count_n(tcp, PLX_COUNTER_TCP_TX_BYTES, record->len_bytes);
	if (has_fin)
		c->flags |= CONN_FIN_SENT;
	if (c->rto_deadline == PLX_TIME_NEVER)
		retransmit_start(tcp, c);
	// A full segment and its FIN are two, of which a tail probe is due.
	if (c->rto_deadline < c->fine_armed || has_fin)
		timers_update(tcp, c);
}

// The burst has room.
static inline enum step ordinary_turn(struct tcp *tcp, struct tcp_conn *c, struct tx_burst *burst,
				      struct send_segment *record)
{
	bool has_fin = conn_has(c, CONN_FIN_QUEUED);
	uint8_t flags = TCP_ACK | TCP_PSH | (has_fin ? TCP_FIN : 0);
	enum tx_result result = segment_tx_slab(tcp, c, burst, record, flags);

	if (unlikely(result == TX_NO_MEMORY))
		return STEP_NO_MEMORY;
	if (unlikely(result != TX_SENT))
		conn_soft_error(tcp, c, -EHOSTUNREACH);
	ordinary_record_sent(tcp, c, record, has_fin);
	return STEP_DONE;
}

// The same of FIN alone.
static inline enum step ordinary_fin_turn(struct tcp *tcp, struct tcp_conn *c,
					  struct tx_burst *burst)
{
	enum tx_result result = segment_tx_control(tcp, c, burst, c->snd.nxt, TCP_ACK | TCP_FIN);

	if (unlikely(result == TX_NO_MEMORY))
		return STEP_NO_MEMORY;
	if (unlikely(result != TX_SENT))
		conn_soft_error(tcp, c, -EHOSTUNREACH);
	turn_mark_fin_sent(c);
	if (c->rto_deadline == PLX_TIME_NEVER)
		retransmit_start(tcp, c);
	if (c->rto_deadline < c->fine_armed)
		timers_update(tcp, c);
	return STEP_DONE;
}

#endif
