// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 9293 3.8.6.3 where the output list is long. The list is first in, first out, so who has waited too long are its
// first ones: as many as had come by a moment that is so long ago, less those whose turn it was since. They are gone
// through once, behind a cursor in each strand. A list that is served in time costs a comparison and no connection is
// looked at.
// Called by stack/ from plx_output().
#include "tcp/overdue_ack.h"

#include "net/answer_queue.h"
#include "tcp/connections.h"
#include "tcp/output_list.h"

// Together less than half of the 200 ms that hosts wait at least.
#define OVERDUE_ACK_TICK (20 * PLX_MILLISECOND)

// Connections that one call looks at; most of them owe nothing where the user sends first.
enum { LOOKED_AT_MAX = 256 };

// Notes how many have come by now, a tick after the last note at the earliest.
static void note_time(struct tcp *tcp)
{
	struct overdue_ack *overdue = &tcp->overdue;

	if (tcp->now < overdue->next_tick)
		return;
	overdue->next_tick = time_add(tcp->now, OVERDUE_ACK_TICK);
	overdue->oldest = (overdue->oldest + 1) % OVERDUE_ACK_TICKS;
	overdue->came_by[(overdue->oldest + OVERDUE_ACK_TICKS - 1) % OVERDUE_ACK_TICKS] =
		tcp->output.came;
}

static inline bool is_behind(uint32_t place, uint32_t other)
{
	return (int32_t)(place - other) >= 0;
}

// Who follows the last one that was looked at; the first one where that has had its turn. The one before it in its
// strand, which was looked at OUTPUT_STRANDS ago, tells; or the list's own head does, where that has gone. Void at the
// list's end, and beyond it.
static uint32_t next_to_look_at(struct tcp *tcp)
{
	struct overdue_ack *overdue = &tcp->overdue;
	uint32_t strand;

	if (!is_behind(overdue->looked_at, tcp->output.went))
		overdue->looked_at = tcp->output.went;
	strand = output_list_strand(overdue->looked_at);
	if (is_behind(overdue->looked_at, tcp->output.went + OUTPUT_STRANDS))
		return conn_at(tcp, overdue->cursor[strand])->output_next;
	return tcp->output.head[strand];
}

static bool owes_ack(const struct tcp_conn *c)
{
	return conn_is_synchronized(c) && !conn_has(c, CONN_RST_OWED | CONN_ENDED)
		&& (c->ack_segs > 0 || c->acks_owed > 0 || conn_has(c, CONN_ACK_NOW));
}

void overdue_ack_run(struct tcp *tcp, struct tx_burst *burst)
{
	struct overdue_ack *overdue = &tcp->overdue;
	// More than half: what is sent besides brings answers, and what has piled up must become less.
	unsigned frames = burst->n + (3 * tx_burst_room(burst) + 1) / 4;

	note_time(tcp);
	overdue->is_late = !is_behind(tcp->output.went, overdue->came_by[overdue->oldest]);
	for (unsigned i = 0; i < LOOKED_AT_MAX && burst->n < frames; i++) {
		uint32_t idx = next_to_look_at(tcp);
		struct tcp_conn *c;

		if (is_behind(overdue->looked_at, overdue->came_by[overdue->oldest]))
			return;
		c = conn_at(tcp, idx);
		if (owes_ack(c)) {
			if (segment_tx_control(tcp, c, burst, c->snd.nxt, TCP_ACK) == TX_NO_MEMORY)
				return; // it is the first one next time
			c->acks_owed -= c->acks_owed > 0;
		}
		overdue->cursor[output_list_strand(overdue->looked_at++)] = idx;
	}
}

bool overdue_ack_on_segment(struct tcp *tcp, struct tcp_conn *c)
{
	if (!output_list_holds(c) || owes_ack(c)
	    || answer_count(tcp->net) >= ANSWER_QUEUE_FRAMES / 2)
		return false;
	segment_tx_early_ack(tcp, c);
	return true;
}
