// SPDX-License-Identifier: BSD-3-Clause
//
// One connection's turn at sending: what its steps share, and what is sent again.
// Called by tcp/output.
#ifndef TCP_OUTPUT_TURN_H
#define TCP_OUTPUT_TURN_H

#include "tcp/segment_tx.h"

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
};

// Is there room for one more segment?
static inline enum step turn_room(const struct turn *t)
{
	return t->left > 0 && tx_burst_room(t->burst) > 0 ? STEP_DONE : STEP_FULL;
}

// What a sent segment means to the turn. A peer that cannot be reached fails an attempt to connect; an
// established connection is told and tries again by its timer (RFC 9293 3.9.2.2).
enum step turn_after_send(struct turn *t, enum tx_result result);

// A segment without text.
enum step turn_send_control(struct turn *t, uint32_t seq, uint8_t flags);

// The most text a segment may have.
uint32_t turn_payload_max(const struct turn *t);

// Makes the records from `idx` on end after `len_bytes`, splitting the one that goes beyond. Gives how much
// of it they hold: less when there is no memory to split, 0 when that leaves nothing.
uint32_t turn_cut(struct turn *t, uint32_t idx, uint32_t len_bytes);

// The records from `idx` on, `len_bytes` in all, were sent now.
void turn_mark_sent(struct turn *t, uint32_t idx, uint32_t len_bytes, uint8_t flags);

// SND.NXT goes over the next `len_bytes` of unsent records.
void turn_advance_unsent(struct turn *t, uint32_t len_bytes);

// One segment of what was sent before, from `seq` on, which may be the FIN alone; *sent is how far it goes.
enum step turn_resend(struct turn *t, uint32_t seq, uint32_t *sent);

#endif
