// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 6582 3.2, step by step: enter when duplicates cover more than `recover`, send the next hole again on a
// partial acknowledgement, leave on the full one. In place of inflating and deflating cwnd stands
// proportional rate reduction.
// Called by tcp/ack and tcp/tail_probe.
#include "tcp/recovery.h"

#include "tcp/congestion.h"
#include "tcp/connections.h"
#include "tcp/reduction.h"
#include "tcp/retransmit.h"
#include "tcp/send_queue.h"
#include "tcp/seq.h"
#include "tcp/spurious.h"

// RFC 5827 2 (a) and (b) look at this many segments.
enum { EARLY_SEGMENTS = 4 };

// The first two holes may lie further apart than all do on average.
enum { HOLES_APART_MAX = 4, HOLES_MANY = 8 };

plx_time recovery_answer_at(const struct tcp *tcp, const struct tcp_conn *c)
{
	const struct send_segment *head;
	uint32_t us = c->rtt.srtt_8th_us / 8;

	if (c->queue.head == INDEX_NONE || us == 0)
		return PLX_TIME_NEVER;
	head = send_segment_at(tcp, c->queue.head);
	if ((head->flags & SEND_RESENT) == 0)
		return PLX_TIME_NEVER;
	us += us / 2 > c->rtt.rttvar_4th_us ? us / 2 : c->rtt.rttvar_4th_us;
	return time_add(head->sent_at, duration_from_us(us));
}

// That is lost too.
static bool is_overdue(const struct tcp *tcp, const struct tcp_conn *c)
{
	return recovery_answer_at(tcp, c) < tcp->now;
}

// It is on its way: an acknowledgement of a part of that segment asks for no other.
static bool is_awaited(const struct tcp *tcp, const struct tcp_conn *c)
{
	plx_time at = recovery_answer_at(tcp, c);

	return at != PLX_TIME_NEVER && at >= tcp->now;
}

// All but the lost segment and what limited transmit has sent may be at the peer, however many duplicates there
// were.
static uint16_t believed_duplicates(const struct tcp_conn *c)
{
	bool has_limited = !conn_has(c, CONN_RECOVERY) && c->cwnd < conn_unacked(c);
	uint32_t flight = has_limited ? c->cwnd : conn_unacked(c);
	uint32_t most = flight > 0 ? (flight - 1) / c->mss : 0;

	return c->dupacks < most ? c->dupacks : (uint16_t)most;
}

void recovery_enter(struct tcp *tcp, struct tcp_conn *c, uint32_t flight_bytes)
{
	uint32_t ssthresh = c->ssthresh;

	// At most one reduction for the data of a window (RFC 3168 6.1.2): a mark's counts for the loss too.
	if (!conn_has(c, CONN_CWR))
		reduction_begin(c, reduction_for_loss(c, flight_bytes));
	spurious_begin(tcp, c, ssthresh);
	// The answer to what is sent again comes a round trip from now, not from the last new acknowledgement.
	if (!conn_has(c, CONN_RECOVERY))
		retransmit_put_off(tcp, c, duration_from_us(c->rtt.rto_us));
	c->dupacks = believed_duplicates(c);
	c->recover = c->snd.nxt;
	c->has_partial_ack = 0;
	c->flags &= ~(CONN_CWR | CONN_LOSS | CONN_FRTO | CONN_FRTO_NEW | CONN_TAIL_PROBE
		      | CONN_TAIL_PROBED | CONN_TAIL_RESENT);
	c->flags |= CONN_RECOVERY | CONN_RETRANSMIT_HEAD;
	reduction_on_delivered(c, c->mss);
	tcp_count(tcp, PLX_COUNTER_TCP_FAST_RETRANSMITS);
	conn_wants_output(tcp, c);
}

void recovery_enter_again(struct tcp *tcp, struct tcp_conn *c)
{
	recovery_enter(tcp, c, conn_unacked(c));
	c->loss.pipe_prev = 0;
	c->loss.unacked = conn_unacked(c);
	tcp_count(tcp, PLX_COUNTER_TCP_LOST_RETRANSMITS);
}

bool recovery_has_new_to_send(const struct tcp *tcp, const struct tcp_conn *c)
{
	uint32_t unsent = send_queue_unsent(tcp, c);
	uint32_t len = unsent < c->mss ? unsent : c->mss;
	bool is_held = unsent < c->mss && !conn_has(c, CONN_FIN_QUEUED)
		&& conn_option(tcp, c, PLX_OPTION_NAGLE) != 0;

	return unsent > 0 && !is_held && c->snd.wnd >= conn_unacked(c) + len;
}

// How many segments are out, as far as that is few: records count, which a segment may consist of several of.
static unsigned few_outstanding(const struct tcp *tcp, const struct tcp_conn *c)
{
	unsigned n = 0;

	if (conn_unacked(c) >= (uint32_t)EARLY_SEGMENTS * c->mss)
		return EARLY_SEGMENTS;
	for (uint32_t idx = c->queue.head; idx != c->queue.unsent && n < EARLY_SEGMENTS; n++)
		idx = send_segment_at(tcp, idx)->next;
	return n;
}

// RFC 5827 3.2: with so little in flight, and nothing new to call forth duplicates, fewer will do; nor can there be
// more than are out, however much a path is known to reorder (RFC 4653 3.2). A single segment calls forth none:
// whatever they are, they do not tell of it.
static unsigned threshold(const struct tcp *tcp, const struct tcp_conn *c)
{
	uint32_t whole = conn_unacked(c) / c->mss;
	uint32_t all = (conn_unacked(c) + c->mss - 1) / c->mss;
	unsigned few;

	if (recovery_has_new_to_send(tcp, c))
		return c->reordering;
	few = few_outstanding(tcp, c);
	if (few < all)
		few = all; // a FIN counts, which no record stands for
	if (few >= 2 && few < EARLY_SEGMENTS)
		return few - 1;
	if (c->reordering <= DUPACK_THRESHOLD || c->reordering < whole)
		return c->reordering;
	return whole > DUPACK_THRESHOLD ? whole - 1 : DUPACK_THRESHOLD;
}

// What a recovery sends again are holes: duplicates of the first new segment it sent, which begins at
// `recover`, tell of that one's loss. After a timeout they may be echoes of copies; then `recover` lies
// ahead.
static bool begins_at_recover(const struct tcp *tcp, const struct tcp_conn *c)
{
	return c->snd.una == c->recover && c->queue.head != INDEX_NONE
		&& (send_segment_at(tcp, c->queue.head)->flags & SEND_RESENT) == 0
		&& c->dupacks >= DUPACK_THRESHOLD;
}

// Step 2. What does not cover more than `recover` may be echoes of our own retransmissions (RFC 6582 4), unless
// `recover` is of a mark or a probe.
static bool is_loss(const struct tcp *tcp, const struct tcp_conn *c)
{
	if (conn_has(c, CONN_TAIL_PROBED) && !conn_has(c, CONN_TAIL_RESENT))
		return true; // an answer to new data after a silence: what came before is lost
	if (c->dupacks < threshold(tcp, c))
		return false;
	return seq_is_after(c->snd.una, c->recover) || conn_has(c, CONN_CWR | CONN_TAIL_PROBED)
		|| begins_at_recover(tcp, c);
}

// A duplicate counts as a segment delivered, as long as there can be one more at the peer: between two advances
// of SND.UNA no more than were out at the first, whatever a peer makes up (RFC 5681 3.2, note on step 4).
static void count_duplicate(struct tcp_conn *c)
{
	uint32_t most = c->loss.pipe_prev != 0 ? c->loss.flight : c->loss.unacked;

	if ((uint64_t)(c->dupacks + 1u) * c->mss >= most || c->dupacks == UINT16_MAX)
		return;
	c->dupacks++;
	reduction_on_delivered(c, c->mss);
}

void recovery_on_duplicate(struct tcp *tcp, struct tcp_conn *c)
{
	tcp_count(tcp, PLX_COUNTER_TCP_DUPLICATE_ACKS);
	if (spurious_on_duplicate(tcp, c))
		return;
	if (conn_has(c, CONN_RECOVERY)) {
		count_duplicate(c);
		if (is_overdue(tcp, c))
			recovery_enter_again(tcp, c);
	} else if (conn_has(c, CONN_LOSS)) {
		// Of copies, mostly; unless the first segment's is overdue. One reduction was enough for the
		// window.
		if (is_overdue(tcp, c))
			c->flags |= CONN_RETRANSMIT_HEAD;
	} else {
		if (c->dupacks < UINT16_MAX)
			c->dupacks++;
		if (is_loss(tcp, c))
			recovery_enter(tcp, c, conn_unacked(c));
	}
	conn_wants_output(tcp, c);
}

// What of the flight is lost, when the answer to the first retransmission comes: neither told of by duplicates, nor
// acknowledged together with what was sent again.
static uint32_t lost_bytes(const struct tcp_conn *c, uint32_t acked_bytes)
{
	uint32_t told = (uint32_t)c->dupacks * c->mss;
	uint32_t held = acked_bytes > c->mss ? acked_bytes - c->mss : 0;
	uint32_t arrived = told > held ? told : held;

	return c->loss.flight > arrived ? c->loss.flight - arrived : 0;
}

// One hole is repaired in a round trip. If the retransmission timer would expire over them, it need not be waited
// for. That it is segments that were lost, not duplicates, shows where the next hole is: not far.
static bool has_many_holes(const struct tcp_conn *c, uint32_t lost, uint32_t to_next_hole)
{
	uint64_t holes = lost / c->mss;
	uint64_t repair_us = holes * (c->rtt.srtt_8th_us / 8);
	bool has_duplicates = lost <= c->loss.flight / 3 * 2;

	return holes >= HOLES_MANY && repair_us > c->rtt.rto_us && has_duplicates
		&& !congestion_of(c)->is_fixed
		&& holes * to_next_hole <= (uint64_t)HOLES_APART_MAX * c->loss.flight;
}

// Sends everything again from SND.UNA on, in slow start (RFC 6582 4, without the wait): acknowledgements jump over
// what the peer has. What has arrived of the flight is what the path carries.
static void go_back(struct tcp *tcp, struct tcp_conn *c, uint32_t lost)
{
	uint32_t initial = congestion_initial_window(
		c, (uint32_t)conn_option(tcp, c, PLX_OPTION_INITIAL_WINDOW));
	uint64_t arrived = c->loss.flight - lost;

	c->recover = c->snd.nxt;
	c->rtx = c->snd.una;
	c->dupacks = 0;
	c->loss.pipe_prev = 0;
	c->flags &= ~(CONN_RECOVERY | CONN_RETRANSMIT_HEAD);
	c->flags |= CONN_LOSS;
	congestion_on_overshoot(c, (uint32_t)(arrived * c->ssthresh / c->loss.flight), initial);
	conn_wants_output(tcp, c);
}

// Of what duplicates have told so much is acknowledged now. Gives for how many segments that was; all but the
// last of them, which fills the gap.
static uint32_t forget_acked(struct tcp_conn *c, uint32_t acked_bytes)
{
	uint32_t told = (acked_bytes - 1) / c->mss;

	if (told > c->dupacks)
		told = c->dupacks;
	c->dupacks = (uint16_t)(c->dupacks - told);
	return told;
}

void recovery_on_ack(struct tcp *tcp, struct tcp_conn *c, const struct ack_news *news)
{
	uint32_t told;

	if (seq_is_at_or_after(c->snd.una, c->recover)) {
		reduction_end(c);
		return;
	}
	if (!c->has_partial_ack) {
		uint32_t lost = lost_bytes(c, news->acked_bytes);

		if (has_many_holes(c, lost, news->acked_bytes)) {
			go_back(tcp, c, lost);
			return;
		}
	}
	// Step 5, partial acknowledgement: the next hole, at once. Of what was acknowledged all but the
	// segment sent again had been told of by duplicates.
	told = forget_acked(c, news->acked_bytes);
	c->loss.unacked = conn_unacked(c);
	if (!is_awaited(tcp, c))
		c->flags |= CONN_RETRANSMIT_HEAD;
	reduction_on_delivered(c, news->acked_bytes - told * c->mss);
	conn_wants_output(tcp, c);
}
