// SPDX-License-Identifier: BSD-3-Clause
//
// The acknowledgement that nearly every one is: it says nothing, or it is of all that is in flight, one small
// record sent once, perhaps with FIN, or FIN alone, while nothing is being repaired and the window was not used
// up. The questions of tcp/ack are answered first, all at once; what is left is done straight. Any other is
// tcp/ack's, which comes to the same in more steps.
// Called by tcp/input_fast and tcp/input.
#ifndef TCP_ORDINARY_ACK_H
#define TCP_ORDINARY_ACK_H

#include "net/neighbor.h"
#include "tcp/congestion.h"
#include "tcp/recovery.h"
#include "tcp/retransmit.h"
#include "tcp/segment.h"
#include "tcp/send_queue.h"

// What makes an acknowledgement another one.
enum {
	CONN_NOT_ORDINARY_ACK = CONN_UNSETTLED | CONN_ECN | CONN_PERSIST | CONN_RETRANSMIT_HEAD
		| CONN_WANTS_WRITABLE,
};

// Does it, in a segment in order of `len_bytes`, say nothing new? What has neither text nor news may be a
// duplicate.
static inline bool ack_is_empty(const struct tcp_conn *c, const struct segment *seg, uint32_t wnd,
				uint32_t len_bytes)
{
	return seg->tcp.ack == c->snd.una && wnd == c->snd.wnd
		&& (len_bytes > 0 || c->snd.nxt == c->snd.una);
}

// The one record in flight if it goes the ordinary way, else NULL.
static inline struct send_segment *ordinary_in_flight(const struct tcp *tcp,
						      const struct tcp_conn *c)
{
	struct send_segment *record;

	if (c->queue.head == INDEX_NONE || c->queue.head != c->queue.tail
	    || c->queue.unsent != INDEX_NONE)
		return NULL;
	record = send_segment_at(tcp, c->queue.head);
	return record->kind == SEND_SLAB && (record->flags & SEND_RESENT) == 0 ? record : NULL;
}

static inline bool is_fin_alone_in_flight(const struct tcp_conn *c)
{
	return c->queue.head == INDEX_NONE && c->snd.nxt - c->snd.una == 1;
}

static inline void take_ordinary_record(struct tcp *tcp, struct tcp_conn *c,
					const struct send_segment *record)
{
	retransmit_on_sample(tcp, c, time_since(tcp->now, record->sent_at));
	pool_put_plain(&tcp->slabs, record->slab);
	// Last put, first got: the next payload is written there, in this turn as a rule, and most are of a size.
	send_slab_prefetch(tcp, record->slab, record->len_bytes);
	pool_put_plain(&tcp->send_segments, c->queue.head);
	c->queue.head = INDEX_NONE;
	c->queue.tail = INDEX_NONE;
	c->queue.bytes = 0;
}

// All that was in flight has arrived.
static inline void settle_ordinary_ack(struct tcp *tcp, struct tcp_conn *c)
{
	c->snd.una = c->snd.nxt;
	c->rtx = c->snd.nxt;
	c->backoff = 0;
	c->dupacks = 0;
	c->has_partial_ack = 0;
	c->rto_deadline = PLX_TIME_NEVER;
	recovery_follow(c);
	neighbor_confirm(tcp->net, c->neighbor, tcp->now);
}

// For a segment in order. False: it is not such a one, and nothing was done.
static inline bool ordinary_ack(struct tcp *tcp, struct tcp_conn *c, const struct segment *seg)
{
	uint32_t wnd = (uint32_t)seg->tcp.window << c->snd_wscale;
	const struct send_segment *record;

	if (unlikely(conn_has(c, CONN_NOT_ORDINARY_ACK) || conn_has_fin_to_send(c) || wnd == 0))
		return false;
	if (!ack_is_empty(c, seg, wnd, seg->len_bytes)) {
		if (seg->tcp.ack != c->snd.nxt || !congestion_is_indifferent(c))
			return false;
		record = ordinary_in_flight(tcp, c);
		if (likely(record != NULL))
			take_ordinary_record(tcp, c, record);
		else if (!is_fin_alone_in_flight(c))
			return false;
		settle_ordinary_ack(tcp, c);
		if (wnd > c->max_snd_wnd)
			c->max_snd_wnd = wnd;
		c->snd.wnd = wnd;
	}
	// An acknowledgement may have come from behind the gap that this segment fills.
	c->snd.wl1 = seq_max(c->snd.wl1, seg->tcp.seq);
	return true;
}

#endif
