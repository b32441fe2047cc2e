// SPDX-License-Identifier: BSD-3-Clause
//
// One connection's turn at sending: what its steps share, and what is sent again.
// Called by tcp/output.
#ifndef TCP_OUTPUT_TURN_H
#define TCP_OUTPUT_TURN_H

#include "tcp/reduction.h"
#include "tcp/segment_tx.h"
#include "tcp/send_queue.h"

// How a step of a connection's turn came out.
enum step {
	STEP_DONE,	// go on with the next
	STEP_FULL,	// burst or quota is used up: again later
	STEP_NO_MEMORY, // nothing more can be sent by anybody
	STEP_ENDED,	// the connection is gone
};

struct turn {
	struct tcp *tcp;
	struct tcp_conn *c;
	struct tx_burst *burst;
	unsigned left; // segments
	uint32_t
		resent_idx; // the record that begins at `resent_seq`, when the last one was sent again
	uint32_t resent_seq;
	bool is_cut; // by the port: what is sent next is more than a segment, see output_cut
};

// Is there room for one more segment?
static inline enum step turn_room(const struct turn *t)
{
	return t->left > 0 && tx_burst_room(t->burst) > 0 ? STEP_DONE : STEP_FULL;
}

// What a sent segment means to the turn. A peer that cannot be reached fails an attempt to connect; an
// established connection is told and tries again by its timer (RFC 9293 3.9.2.2).
enum step turn_after_failure(struct turn *t, enum tx_result result);

static inline enum step turn_after_send(struct turn *t, enum tx_result result)
{
	if (unlikely(result != TX_SENT))
		return turn_after_failure(t, result);
	t->left--;
	return STEP_DONE;
}

// RFC 5681 4.1, of a connection with nothing in flight: has it sent no data for longer than the timeout?
static inline bool turn_is_idle(const struct tcp *tcp, const struct tcp_conn *c)
{
	return (uint64_t)(tcp->now_ms - c->last_sent_ms) * 1000 > c->rtt.rto_us;
}

// A segment without text.
enum step turn_send_control(struct turn *t, uint32_t seq, uint8_t flags);

// The most text a segment may have.
static inline uint32_t turn_payload_max(const struct turn *t)
{
	uint32_t limit = segment_tx_payload_max(t->tcp);

	return limit < t->c->mss ? limit : t->c->mss;
}

// For turn_cut() only.
uint32_t turn_cut_records(struct turn *t, uint32_t idx, uint32_t len_bytes);

// Makes the records from `idx` on end after `len_bytes`, splitting the one that goes beyond. Gives how much
// of it they hold: less when there is no memory to split, 0 when that leaves nothing.
static inline uint32_t turn_cut(struct turn *t, uint32_t idx, uint32_t len_bytes)
{
	if (likely(send_segment_at(t->tcp, idx)->len_bytes == len_bytes))
		return len_bytes;
	return turn_cut_records(t, idx, len_bytes);
}

// The records from `idx` on, `len_bytes` in all, were sent now, with `flags` added to theirs. Gives the one
// behind them.
static inline uint32_t turn_mark_sent(struct turn *t, uint32_t idx, uint32_t len_bytes,
				      uint8_t flags)
{
	uint32_t left = len_bytes;

	do {
		struct send_segment *seg = send_segment_at(t->tcp, idx);

		seg->sent_at = t->tcp->now;
		seg->flags |= flags;
		left -= seg->len_bytes;
		idx = seg->next;
	} while (unlikely(left > 0));
	reduction_on_sent(t->c, len_bytes);
	t->c->last_sent_ms = t->tcp->now_ms;
	return idx;
}

// So many bytes of unsent records went out: SND.NXT goes over them, `behind` is the first unsent one now.
static inline void turn_advance_unsent(struct turn *t, uint32_t len_bytes, uint32_t behind)
{
	t->c->queue.unsent = behind;
	t->c->snd.nxt += len_bytes;
	tcp_count_n(t->tcp, PLX_COUNTER_TCP_TX_BYTES, len_bytes);
}

static inline void turn_mark_fin_sent(struct tcp_conn *c)
{
	c->flags |= CONN_FIN_SENT;
	c->snd.nxt++;
	c->rtx = c->snd.nxt;
}

// One segment of what was sent before, from `seq` on, which may be the FIN alone; *sent is how far it goes.
enum step turn_resend(struct turn *t, uint32_t seq, uint32_t *sent);

#endif
