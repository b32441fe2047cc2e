// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 9293 3.7.4 and 3.8.6.2.1: Nagle and the sender's silly-window avoidance decide whether a segment
// goes; RFC 5681 and the peer's window decide how much. A connection sends at most a quota per turn and
// then goes to the end of the list.
// Called by stack/ from plx_output().
#include "tcp/output.h"

#include "tcp/congestion.h"
#include "tcp/connections.h"
#include "tcp/delayed_ack.h"
#include "tcp/ecn.h"
#include "tcp/ordinary_turn.h"
#include "tcp/output_cut.h"
#include "tcp/output_list.h"
#include "tcp/output_turn.h"
#include "tcp/pacing.h"
#include "tcp/persist.h"
#include "tcp/reduction.h"
#include "tcp/retransmit.h"
#include "tcp/send_queue.h"
#include "tcp/tail_probe.h"
#include "tcp/timers.h"

static enum step send_reset(struct turn *t)
{
	enum step step = turn_send_control(t, t->c->snd.nxt, TCP_RST | TCP_ACK);

	if (step == STEP_DONE)
		conn_end(t->tcp, t->c, -(int)t->c->error);
	return step == STEP_DONE ? STEP_ENDED : step;
}

// Each needs a segment of its own, or the peer's fast retransmit starves.
static enum step send_owed_acks(struct turn *t)
{
	while (t->c->acks_owed > 0) {
		enum step step = turn_send_control(t, t->c->snd.nxt, TCP_ACK);

		if (step != STEP_DONE)
			return step;
		t->c->acks_owed--;
	}
	return STEP_DONE;
}

// SYN, or the SYN+ACK of a simultaneous open: the first time, and again.
static enum step send_handshake(struct turn *t)
{
	struct tcp_conn *c = t->c;
	bool is_first = c->snd.nxt == c->iss;
	uint8_t flags = TCP_SYN | (c->state == PLX_STATE_SYN_SENT ? 0 : TCP_ACK);
	enum step step;

	if (!is_first && !conn_has(c, CONN_RETRANSMIT_HEAD))
		return send_owed_acks(t); // challenges, in SYN_RECEIVED
	// RFC 3168 6.1.1.1: only once; a SYN that was lost may have been lost for it.
	if (is_first && ecn_asks(t->tcp, c->profile)) {
		c->flags |= CONN_ECN;
		flags |= TCP_ECE | TCP_CWR;
	}
	step = turn_send_control(t, c->iss, flags);
	if (step != STEP_DONE)
		return step;
	c->flags &= ~CONN_RETRANSMIT_HEAD;
	if (is_first) {
		c->snd.nxt = c->iss + 1;
		c->rtx = c->snd.nxt;
	} else if (c->backoff > 0 || conn_has(c, CONN_SYN_RESENT)) {
		// Else it is the first SYN+ACK of a simultaneous open.
		c->flags |= CONN_SYN_RESENT;
		tcp_count(t->tcp, PLX_COUNTER_TCP_RETRANSMITS);
		c->retransmits++;
	}
	if (c->rto_deadline == PLX_TIME_NEVER)
		retransmit_start(t->tcp, c);
	return STEP_DONE;
}

// RFC 6582: the first unacknowledged segment, once, whatever cwnd says.
static enum step send_head_again(struct turn *t)
{
	struct tcp_conn *c = t->c;
	uint32_t sent;
	enum step step;

	if (!conn_has(c, CONN_RETRANSMIT_HEAD) || c->snd.una == c->snd.nxt)
		return STEP_DONE;
	step = turn_resend(t, c->snd.una, &sent);
	if (step == STEP_DONE)
		c->flags &= ~CONN_RETRANSMIT_HEAD;
	return step;
}

// After a timeout: from SND.UNA on as cwnd allows, until everything has been sent again.
static enum step send_lost(struct turn *t)
{
	struct tcp_conn *c = t->c;

	while (c->rtx != c->snd.nxt) {
		uint32_t sent;
		enum step step;

		// The first one goes in any case; the peer's window held it once.
		if (conn_flight(c) > 0 && reduction_pipe(c) + c->mss > c->cwnd) {
			c->is_cwnd_limited = true;
			return STEP_DONE;
		}
		step = turn_resend(t, c->rtx, &sent);
		if (step != STEP_DONE)
			return step;
		c->rtx = sent;
	}
	return STEP_DONE;
}

// How much of `unsent` bytes goes into the next segment now; 0: none, for the reason RFC 9293 3.8.6.2.1
// and 3.7.4 give.
static uint32_t next_segment_len(struct turn *t, uint32_t unsent)
{
	struct tcp_conn *c = t->c;
	uint32_t full = turn_payload_max(t);
	uint32_t len = unsent < full ? unsent : full;
	int64_t wnd = (int64_t)c->snd.wnd - conn_unacked(c);
	int64_t cwnd = (int64_t)c->cwnd - reduction_pipe(c);

	if (cwnd < len) {
		c->is_cwnd_limited = true;
		return 0; // a whole segment, or wait for the next acknowledgement
	}
	if (wnd < len) {
		// (3) a part of the window worth sending
		return wnd > 0 && wnd >= c->max_snd_wnd / 2 ? (uint32_t)wnd : 0;
	}
	if (len == full)
		return len; // (1)
	// (2) the last of what there is: at once when nothing is in flight, Nagle is off, or FIN follows
	if (c->snd.una == c->snd.nxt || conn_has(c, CONN_FIN_QUEUED)
	    || conn_option(t->tcp, c, PLX_OPTION_NAGLE) == 0)
		return len;
	return 0;
}

// New data of `len_bytes` from the first unsent record on.
static enum step send_new_segment(struct turn *t, uint32_t len_bytes, uint32_t unsent)
{
	struct tcp_conn *c = t->c;
	uint32_t idx = c->queue.unsent;
	uint32_t len = unlikely(t->is_cut) ? len_bytes : turn_cut(t, idx, len_bytes);
	uint8_t flags = TCP_ACK;
	enum step step;

	if (len == 0)
		return STEP_NO_MEMORY;
	if (len == unsent) {
		flags |= TCP_PSH;
		if (conn_has(c, CONN_FIN_QUEUED) && conn_unacked(c) + len < c->snd.wnd)
			flags |= TCP_FIN;
	}
	if (unlikely(t->is_cut))
		step = output_cut_send(t, idx, len, flags);
	else
		step = turn_after_send(t, segment_tx_data(t->tcp, c, t->burst, idx, len, flags));
	if (step != STEP_DONE)
		return step;
	turn_advance_unsent(t, len, turn_mark_sent(t, idx, len, 0));
	if ((flags & TCP_FIN) != 0) {
		c->flags |= CONN_FIN_SENT;
		c->snd.nxt++;
	}
	c->rtx = c->snd.nxt;
	return STEP_DONE;
}

static void restart_after_idle(struct turn *t)
{
	struct tcp_conn *c = t->c;

	if (c->snd.una != c->snd.nxt || !turn_is_idle(t->tcp, c))
		return;
	c->pace_until_us = 0; // a truncated clock may have come round
	congestion_on_idle(c, (uint32_t)conn_option(t->tcp, c, PLX_OPTION_INITIAL_WINDOW));
}

static enum step send_new(struct turn *t)
{
	bool cuts = (t->tcp->config.offloads & PLX_OFFLOAD_TX_TSO) != 0;
	struct tcp_conn *c = t->c;

	if (c->rtx != c->snd.nxt)
		return STEP_DONE; // what was lost goes first
	restart_after_idle(t);
	c->is_cwnd_limited = false;
	while (c->queue.unsent != INDEX_NONE) {
		uint32_t unsent = send_queue_unsent(t->tcp, c);
		uint32_t len = next_segment_len(t, unsent);
		enum step step;

		if (len == 0)
			return STEP_DONE;
		if (pacing_holds(t->tcp, c)) {
			c->is_cwnd_limited = true; // the rate is the window's
			return STEP_DONE;
		}
		if (turn_room(t) != STEP_DONE)
			return STEP_FULL;
		if (unlikely(unsent > len && cuts))
			len = output_cut_len(t, len, unsent);
		step = send_new_segment(t, len, unsent);
		if (unlikely(step != STEP_DONE)) {
			if (!t->is_cut || step != STEP_NO_MEMORY)
				return step;
			t->is_cut = false; // segment by segment, now that output_cut_len() knows
			continue;
		}
		pacing_on_sent(t->tcp, c, len);
	}
	return STEP_DONE;
}

// RFC 8985 7.3: one new segment, whatever cwnd says, or the first unacknowledged one.
static enum step send_tail_probe(struct turn *t)
{
	struct tcp_conn *c = t->c;
	uint32_t unsent, len, window, sent;
	enum step step;
	bool is_new;

	if (!conn_has(c, CONN_TAIL_PROBE))
		return STEP_DONE;
	if (c->snd.una == c->snd.nxt) {
		c->flags &= ~CONN_TAIL_PROBE; // what it would ask for has come
		return STEP_DONE;
	}
	if (turn_room(t) != STEP_DONE)
		return STEP_FULL;
	unsent = send_queue_unsent(t->tcp, c);
	len = unsent < turn_payload_max(t) ? unsent : turn_payload_max(t);
	window = c->snd.wnd > conn_unacked(c) ? c->snd.wnd - conn_unacked(c) : 0;
	is_new = len > 0 && len <= window;
	step = is_new ? send_new_segment(t, len, unsent) : turn_resend(t, c->snd.una, &sent);
	if (step == STEP_DONE)
		tail_probe_on_sent(t->tcp, c, !is_new);
	return step;
}

// A FIN without text.
static enum step put_fin(struct turn *t)
{
	struct tcp_conn *c = t->c;
	enum step step = turn_send_control(t, c->snd.nxt, TCP_ACK | TCP_FIN);

	if (step == STEP_DONE)
		turn_mark_fin_sent(c);
	return step;
}

// The FIN of a queue that is empty; on the last data segment it has gone already.
static enum step send_fin(struct turn *t)
{
	const struct tcp_conn *c = t->c;

	if (c->queue.unsent != INDEX_NONE || c->rtx != c->snd.nxt || conn_unacked(c) >= c->snd.wnd)
		return STEP_DONE;
	return put_fin(t);
}

// The persist timer fired: what fits the window, at least one byte, or a FIN that waits for it.
static enum step send_probe(struct turn *t)
{
	struct tcp_conn *c = t->c;
	uint32_t sent;
	enum step step;

	if (!conn_has(c, CONN_RETRANSMIT_HEAD))
		return STEP_DONE;
	if (c->snd.una != c->snd.nxt) {
		step = turn_resend(t, c->snd.una, &sent);
	} else if (c->queue.unsent != INDEX_NONE) {
		uint32_t unsent = send_queue_unsent(t->tcp, c);
		uint32_t len = c->snd.wnd == 0 ? 1 : c->snd.wnd;

		if (len > turn_payload_max(t))
			len = turn_payload_max(t);
		if (turn_room(t) != STEP_DONE)
			return STEP_FULL;
		step = send_new_segment(t, len < unsent ? len : unsent, unsent);
	} else {
		step = conn_has_fin_to_send(c) ? put_fin(t) : STEP_DONE;
	}
	if (step == STEP_DONE) {
		c->flags &= ~CONN_RETRANSMIT_HEAD;
		tcp_count(t->tcp, PLX_COUNTER_TCP_PROBES);
	}
	return step;
}

// RFC 9293 3.8.4: one before SND.NXT, so that whoever is there answers.
static enum step send_keepalive(struct turn *t)
{
	enum step step = turn_send_control(t, t->c->snd.nxt - 1, TCP_ACK);

	if (step == STEP_DONE) {
		t->c->flags &= ~CONN_KEEPALIVE_PROBE;
		tcp_count(t->tcp, PLX_COUNTER_TCP_KEEPALIVES);
	}
	return step;
}

// An acknowledgement that no segment has carried: now, or when its delay is over.
static enum step send_ack(struct turn *t)
{
	if (delayed_ack_is_due(t->tcp, t->c))
		return turn_send_control(t, t->c->snd.nxt, TCP_ACK);
	delayed_ack_wait(t->tcp, t->c);
	return STEP_DONE;
}

// RFC 6298 5.1, and the persist timer where nothing is in flight and the window holds something back.
static void start_timer(struct turn *t, bool is_interrupted)
{
	struct tcp_conn *c = t->c;
	bool is_waiting = c->queue.unsent != INDEX_NONE || conn_has_fin_to_send(c);

	if (conn_has(c, CONN_PERSIST))
		return;
	if (c->snd.una != c->snd.nxt) {
		if (c->rto_deadline == PLX_TIME_NEVER)
			retransmit_start(t->tcp, c);
	} else if (is_waiting && !is_interrupted && !pacing_holds(t->tcp, c)) {
		persist_begin(t->tcp, c);
	}
}

static enum step run_steps(struct turn *t, enum step (*const steps[])(struct turn *), unsigned n)
{
	enum step step = STEP_DONE;

	for (unsigned i = 0; i < n && step == STEP_DONE; i++)
		step = steps[i](t);
	return step;
}

// Most connections have none of this to send.
static inline bool has_something_first(const struct tcp_conn *c)
{
	return c->acks_owed > 0 || conn_has(c, CONN_TAIL_PROBE | CONN_RETRANSMIT_HEAD)
		|| c->rtx != c->snd.nxt;
}

static __rte_noinline enum step send_first(struct turn *t)
{
	static enum step (*const steps[])(struct turn *) = {send_owed_acks, send_tail_probe,
							    send_head_again, send_lost};

	return run_steps(t, steps, RTE_DIM(steps));
}

static __rte_noinline enum step run_shut(struct turn *t)
{
	static enum step (*const steps[])(struct turn *) = {send_owed_acks, send_probe, send_ack};

	return run_steps(t, steps, RTE_DIM(steps));
}

static inline enum step run_open(struct turn *t)
{
	struct tcp_conn *c = t->c;
	enum step step = STEP_DONE;

	if (unlikely(has_something_first(c)))
		step = send_first(t);
	if (step == STEP_DONE && c->queue.unsent != INDEX_NONE)
		step = send_new(t);
	if (step == STEP_DONE && conn_has_fin_to_send(c))
		step = send_fin(t);
	if (step == STEP_DONE)
		step = send_ack(t);
	if (step == STEP_DONE && unlikely(conn_has(c, CONN_KEEPALIVE_PROBE)))
		step = send_keepalive(t);
	return step;
}

static enum step run_synchronized(struct turn *t)
{
	enum step step = unlikely(conn_has(t->c, CONN_PERSIST)) ? run_shut(t) : run_open(t);

	if (step != STEP_ENDED)
		start_timer(t, step != STEP_DONE);
	return step;
}

static enum step run_turn(struct turn *t)
{
	enum step step;

	if (conn_has(t->c, CONN_RST_OWED))
		return send_reset(t);
	step = conn_is_synchronized(t->c) ? run_synchronized(t) : send_handshake(t);
	if (step != STEP_ENDED)
		timers_update(t->tcp, t->c);
	return step;
}

static __rte_noinline enum step run_any_turn(struct tcp *tcp, struct tcp_conn *c,
					     struct tx_burst *burst)
{
	struct turn t = {
		.tcp = tcp,
		.c = c,
		.burst = burst,
		.left = tcp->config.burst_segments,
		.resent_idx = INDEX_NONE,
	};

	return run_turn(&t);
}

// It has ended while it stood on the list.
static inline enum step let_go(struct tcp *tcp, struct tcp_conn *c)
{
	conn_release_if_done(tcp, c);
	return STEP_ENDED;
}

void output_run(struct tcp *tcp, struct tx_burst *burst)
{
	tcp->is_output_blocked = false;
	while (tx_burst_room(burst) > 0) {
		struct tcp_conn *c = output_list_pop(tcp);
		struct send_segment *record;
		enum step step;

		if (c == NULL)
			return;
		record = ordinary_record(tcp, c);
		if (likely(record != NULL))
			step = ordinary_turn(tcp, c, burst, record);
		else if (is_ordinary_fin(tcp, c))
			step = ordinary_fin_turn(tcp, c, burst);
		else if (likely(!conn_has(c, CONN_ENDED)))
			step = run_any_turn(tcp, c, burst);
		else
			step = let_go(tcp, c);
		if (likely(step == STEP_DONE))
			continue;
		if (step == STEP_FULL || step == STEP_NO_MEMORY)
			conn_wants_output(tcp, c);
		if (step == STEP_NO_MEMORY) {
			tcp->is_output_blocked = true;
			return;
		}
	}
}
