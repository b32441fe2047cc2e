// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 9293 3.10.7.4, its questions in its order, with the stricter answers of RFC 5961 to RST, SYN and ACK
// and PAWS of RFC 7323 in front. Each question answers false once the segment's fate is settled.
// Called by tcp/dispatch.
#include "tcp/input.h"

#include <errno.h>

#include "tcp/ack.h"
#include "tcp/challenge.h"
#include "tcp/connections.h"
#include "tcp/delayed_ack.h"
#include "tcp/ecn.h"
#include "tcp/keepalive.h"
#include "tcp/ordinary_ack.h"
#include "tcp/reassembly.h"
#include "tcp/receive.h"
#include "tcp/reset.h"
#include "tcp/retransmit.h"
#include "tcp/state.h"
#include "tcp/time_wait.h"
#include "tcp/timestamps.h"

// The four cases of RFC 9293 3.10.7.4, table 6.
static bool is_in_window(const struct tcp_conn *c, const struct segment *seg)
{
	uint32_t len = segment_len(seg);
	uint32_t wnd = conn_rcv_wnd(c);
	uint32_t first = seg->tcp.seq - c->rcv.nxt;

	if (wnd == 0)
		return len == 0 && first == 0;
	if (first < wnd)
		return true;
	return len > 0 && first + len - 1 < wnd;
}

// RFC 9293 3.10.7.4 first: what lies outside the window is trimmed off an acceptable segment.
static void trim_to_window(const struct tcp_conn *c, struct segment *seg)
{
	uint32_t old = c->rcv.nxt - seg->tcp.seq;
	uint32_t beyond;

	if (seq_is_before(seg->tcp.seq, c->rcv.nxt)) {
		if (segment_has(seg, TCP_SYN)) {
			seg->tcp.flags &= (uint8_t)~TCP_SYN;
			old--;
		}
		old = old < seg->len_bytes ? old : seg->len_bytes;
		seg->payload_offset += old;
		seg->len_bytes -= old;
		seg->tcp.seq = c->rcv.nxt;
	}
	beyond = seg->tcp.seq + seg->len_bytes - c->rcv.adv;
	if (seg->len_bytes > 0 && seq_is_after(seg->tcp.seq + seg->len_bytes, c->rcv.adv)) {
		seg->len_bytes -= beyond < seg->len_bytes ? beyond : seg->len_bytes;
		seg->tcp.flags &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	}
}

static bool is_paws_reject(const struct tcp *tcp, const struct tcp_conn *c,
			   const struct segment *seg)
{
	return conn_has(c, CONN_TIMESTAMPS) && seg->tcp.options.has_timestamps
		&& !segment_has(seg, TCP_RST)
		&& timestamp_is_old(tcp, seg->tcp.options.ts_val, c->ts_recent, c->ts_recent_age);
}

// RFC 9293 3.5 figure 8: the peer's SYN comes again with the acknowledgement of ours. Without its SYN the
// segment begins at RCV.NXT and ends the handshake.
static bool is_syn_ack_of_simultaneous_open(const struct tcp_conn *c, const struct segment *seg)
{
	uint8_t flags = seg->tcp.flags & (TCP_SYN | TCP_ACK | TCP_RST);

	return c->state == PLX_STATE_SYN_RECEIVED && flags == (TCP_SYN | TCP_ACK)
		&& seg->tcp.seq == c->irs;
}

// A window probe (RFC 9293 3.8.6.1) or a keep-alive (3.8.4): the peer wants to be answered.
static bool is_probe(const struct tcp_conn *c, const struct segment *seg)
{
	return segment_len(seg) > 0 ? conn_rcv_wnd(c) == 0 : seg->tcp.seq == c->rcv.nxt - 1;
}

// RFC 9293 3.10.7.4 first: ACK, URG and RST count at a window of zero (MUST-66). The peer may have counted the
// byte of a probe that we did not take.
static bool is_at_shut_window(const struct tcp_conn *c, const struct segment *seg)
{
	uint32_t first = seg->tcp.seq - c->rcv.nxt;

	return conn_rcv_wnd(c) == 0 && !segment_has(seg, TCP_SYN)
		&& (first == 0 ? segment_len(seg) > 0
			       : first == 1 && segment_len(seg) == 0 && !segment_has(seg, TCP_RST));
}

// Of such a segment nothing is taken but what its header says; a question is answered.
static void take_text_off(struct tcp *tcp, struct tcp_conn *c, struct segment *seg)
{
	if (segment_len(seg) > 0 && !segment_has(seg, TCP_RST))
		delayed_ack_owe(tcp, c);
	seg->had_text = segment_len(seg) > 0;
	seg->len_bytes = 0;
	seg->tcp.flags &= (uint8_t) ~(TCP_FIN | TCP_PSH);
	seg->tcp.urgent += (uint16_t)(seg->tcp.seq - c->rcv.nxt);
	seg->tcp.seq = c->rcv.nxt;
}

// A SYN outside the window: RFC 5961 4.2 challenges it all the same.
static void on_syn_outside(struct tcp *tcp, struct tcp_conn *c, struct segment *seg)
{
	if (c->state == PLX_STATE_SYN_RECEIVED && seg->tcp.seq == c->irs) {
		// DEVIATION RFC 9293 3.10.7.4 first: a repeated SYN gets the same SYN+ACK again.
		c->flags |= CONN_RETRANSMIT_HEAD | CONN_SYN_RESENT;
		conn_wants_output(tcp, c);
		return;
	}
	segment_drop(seg, PLX_DROP_TCP_SYN_SYNCHRONIZED);
	challenge_send(tcp, c);
}

// RFC 9293 3.10.7.4 first, RFC 7323 5.3 R1.
static bool check_sequence(struct tcp *tcp, struct tcp_conn *c, struct segment *seg)
{
	bool is_repeated;

	if (timestamp_is_missing(c, seg)) {
		segment_drop(seg, PLX_DROP_TCP_NO_TIMESTAMP);
		return false;
	}
	if (is_paws_reject(tcp, c, seg)) {
		delayed_ack_owe(tcp, c);
		segment_drop(seg, PLX_DROP_TCP_PAWS);
		return false;
	}
	if (is_at_shut_window(c, seg))
		take_text_off(tcp, c, seg);
	if (is_in_window(c, seg)) {
		timestamp_on_segment(tcp, c, seg);
		keepalive_on_heard(tcp, c);
		if (conn_has(c, CONN_ECN))
			ecn_on_segment(tcp, c, seg);
		return true;
	}
	is_repeated = segment_len(seg) > 0
		&& seq_is_at_or_before(seg->tcp.seq + segment_len(seg), c->rcv.nxt);
	if (is_syn_ack_of_simultaneous_open(c, seg)) {
		seg->tcp.flags &= (uint8_t)~TCP_SYN;
		seg->had_syn = true;
		seg->tcp.seq++;
		return true;
	}
	segment_drop(seg, is_repeated ? PLX_DROP_TCP_DUPLICATE : PLX_DROP_TCP_SEQUENCE);
	if (segment_has(seg, TCP_RST))
		return false;
	if (segment_has(seg, TCP_SYN)) {
		on_syn_outside(tcp, c, seg);
	} else if (is_repeated || is_probe(c, seg)) {
		// A retransmission whose acknowledgement was lost, or a question.
		if (c->state == PLX_STATE_TIME_WAIT && segment_has(seg, TCP_FIN))
			time_wait_restart_held(tcp, c);
		keepalive_on_heard(tcp, c);
		delayed_ack_owe(tcp, c);
	} else {
		challenge_send(tcp, c);
	}
	return false;
}

// RFC 9293 3.10.7.4 second, RFC 5961 3.2.
static bool check_reset(struct tcp *tcp, struct tcp_conn *c, struct segment *seg)
{
	if (!segment_has(seg, TCP_RST))
		return true;
	if (tcp->config.rfc5961 && seg->tcp.seq != c->rcv.nxt) {
		challenge_send(tcp, c);
		segment_drop(seg, PLX_DROP_TCP_RST_SEQUENCE);
		return false;
	}
	tcp_count(tcp, PLX_COUNTER_TCP_RSTS_RECEIVED);
	reset_obey(tcp, c);
	return false;
}

// RFC 9293 3.10.7.4 fourth, the way before RFC 5961: a SYN in the window is an error, and ends it.
static void on_syn_without_rfc5961(struct tcp *tcp, struct tcp_conn *c, struct segment *seg)
{
	(void)reset_answer(tcp, seg);
	segment_drop(seg, PLX_DROP_TCP_SYN_SYNCHRONIZED);
	conn_end(tcp, c, -ECONNRESET);
}

// RFC 9293 3.10.7.4 fourth, RFC 5961 4.2.
static bool check_syn(struct tcp *tcp, struct tcp_conn *c, struct segment *seg)
{
	if (!segment_has(seg, TCP_SYN))
		return true;
	if (!tcp->config.rfc5961) {
		on_syn_without_rfc5961(tcp, c, seg);
		return false;
	}
	challenge_send(tcp, c);
	segment_drop(seg, PLX_DROP_TCP_SYN_SYNCHRONIZED);
	return false;
}

// RFC 9293 3.10.7.4 fifth, SYN-RECEIVED: only a simultaneous open gets here with a control block.
static bool establish(struct tcp *tcp, struct tcp_conn *c, struct segment *seg)
{
	if (seq_is_at_or_before(seg->tcp.ack, c->snd.una)
	    || seq_is_after(seg->tcp.ack, c->snd.nxt)) {
		seg->drop = reset_answer(tcp, seg);
		if (seg->drop == PLX_DROP_NONE)
			seg->drop = PLX_DROP_TCP_ACK;
		return false;
	}
	state_set(c, PLX_STATE_ESTABLISHED);
	retransmit_on_syn_acked(tcp, c);
	ack_begin(tcp, c, seg);
	if (conn_has(c, CONN_RETRANSMIT_HEAD)) {
		// Both came in one burst: the acknowledgement goes without our SYN.
		c->flags &= ~CONN_RETRANSMIT_HEAD;
		delayed_ack_at_once(tcp, c);
	}
	if (conn_has(c, CONN_USER_CLOSED))
		state_set(c, PLX_STATE_FIN_WAIT_1); // RFC 9293 3.10.4: the CLOSE was queued
	else
		conn_raise(tcp, c, PLX_EVENT_CONNECTED);
	keepalive_begin(tcp, c);
	conn_wants_output(tcp, c);
	return true;
}

// Our FIN is acknowledged: RFC 9293 3.10.7.4 fifth, the closing states. False when the connection is gone.
static bool on_fin_acked(struct tcp *tcp, struct tcp_conn *c, const struct segment *seg)
{
	switch (c->state) {
	case PLX_STATE_FIN_WAIT_1:
		state_set(c, PLX_STATE_FIN_WAIT_2);
		return true;
	case PLX_STATE_CLOSING:
		if (conn_has(c, CONN_USER_CLOSED) && segment_has(seg, TCP_FIN))
			delayed_ack_owe(tcp, c); // the entry sends it
		time_wait_enter(tcp, c);
		return !conn_has(c, CONN_ENDED);
	case PLX_STATE_LAST_ACK:
		return !last_ack_end_if_done(tcp, c);
	default:
		return true;
	}
}

// RFC 5961 5.2; without it any old acknowledgement is a duplicate.
static bool is_acceptable_ack(const struct tcp *tcp, const struct tcp_conn *c, uint32_t ack)
{
	enum ack_answer answer = ack_check(c, ack);

	return answer == ACK_ACCEPTABLE || (answer == ACK_OLD && !tcp->config.rfc5961);
}

// RFC 9293 3.10.7.4 fifth.
static bool process_ack(struct tcp *tcp, struct tcp_conn *c, struct segment *seg)
{
	if (!segment_has(seg, TCP_ACK)) {
		segment_drop(seg, PLX_DROP_TCP_NO_ACK);
		return false;
	}
	if (c->state == PLX_STATE_SYN_RECEIVED)
		return establish(tcp, c, seg);
	if (!is_acceptable_ack(tcp, c, seg->tcp.ack)) {
		challenge_send(tcp, c);
		segment_drop(seg, PLX_DROP_TCP_ACK);
		return false;
	}
	if (seg->tcp.seq != c->rcv.nxt || !ordinary_ack(tcp, c, seg))
		ack_process(tcp, c, seg);
	if (conn_has(c, CONN_FIN_SENT) && c->snd.una == c->snd.nxt)
		return on_fin_acked(tcp, c, seg);
	return c->state != PLX_STATE_CLOSING; // "otherwise, ignore the segment"
}

// A mark that has been passed long ago may look ahead again after 2^31 bytes; none lies so far ahead.
static bool urgent_is_ahead(const struct tcp_conn *c)
{
	return c->urgent - c->rcv.nxt <= conn_rcv_wnd(c) + UINT16_MAX;
}

// RFC 9293 3.10.7.4 sixth, RFC 6093: in-line; only the mark moves.
static void process_urgent(struct tcp *tcp, struct tcp_conn *c, const struct segment *seg)
{
	uint32_t mark = seg->tcp.seq + seg->tcp.urgent;

	if (!segment_has(seg, TCP_URG) || conn_has(c, CONN_FIN_RECEIVED)
	    || !seq_is_after(mark, c->rcv.nxt)
	    || (urgent_is_ahead(c) && !seq_is_after(mark, c->urgent)))
		return;
	c->urgent = mark;
	if (!conn_has(c, CONN_USER_CLOSED))
		conn_raise(tcp, c, PLX_EVENT_URGENT);
}

// RFC 2525 2.17: nobody will read it, and the peer must learn of that.
static bool check_reader(struct tcp *tcp, struct tcp_conn *c, struct segment *seg)
{
	if (seg->len_bytes == 0 || !conn_has(c, CONN_USER_CLOSED) || conn_has(c, CONN_FIN_RECEIVED))
		return true;
	segment_drop(seg, PLX_DROP_TCP_CLOSED_DATA);
	reset_send(tcp, c, seg);
	conn_end(tcp, c, -ECONNABORTED);
	return false;
}

// RFC 9293 3.10.7.4 eighth, in order.
static void on_fin(struct tcp *tcp, struct tcp_conn *c)
{
	c->rcv.nxt++;
	c->rcv.adv = seq_max(c->rcv.adv, c->rcv.nxt);
	c->flags |= CONN_FIN_RECEIVED;
	delayed_ack_at_once(tcp, c);
	if (!conn_has(c, CONN_USER_CLOSED))
		conn_raise(tcp, c, PLX_EVENT_PEER_CLOSED);
	switch (c->state) {
	case PLX_STATE_ESTABLISHED:
		state_set(c, PLX_STATE_CLOSE_WAIT);
		break;
	case PLX_STATE_FIN_WAIT_1:
		// Had our FIN been acknowledged, this would be FIN_WAIT_2 by now.
		state_set(c, PLX_STATE_CLOSING);
		break;
	case PLX_STATE_FIN_WAIT_2:
		time_wait_enter(tcp, c);
		break;
	default:
		break;
	}
}

// RFC 9293 3.10.7.4 seventh and eighth, for text and FIN that lie in the window.
void input_text_and_fin(struct tcp *tcp, struct tcp_conn *c, struct segment *seg)
{
	bool fin = segment_has(seg, TCP_FIN);

	if (conn_has(c, CONN_FIN_RECEIVED) || (seg->len_bytes == 0 && !fin))
		return;
	if (seg->tcp.seq != c->rcv.nxt) {
		reassembly_insert(tcp, c, seg);
		delayed_ack_owe(tcp, c);
		return;
	}
	if (seg->len_bytes > 0) {
		uint32_t len = seg->len_bytes;

		receive_append(tcp, c, receive_detach(seg), len);
		delayed_ack_on_segment(tcp, c, conn_index(tcp, c));
	}
	if (!reassembly_is_empty(c)) {
		// RFC 5681 4.2: a segment that fills a gap is acknowledged at once.
		delayed_ack_at_once(tcp, c);
		if (fin)
			reassembly_clear(c); // behind a FIN there is nothing
		else
			fin = reassembly_deliver(tcp, c);
	}
	if (fin)
		on_fin(tcp, c);
}

static void process_text_and_fin(struct tcp *tcp, struct tcp_conn *c, struct segment *seg,
				 bool was_time_wait)
{
	// What was acknowledged before comes again: a FIN, in TIME-WAIT anything.
	bool is_repeated = conn_has(c, CONN_FIN_RECEIVED)
		&& (segment_has(seg, TCP_FIN) || (was_time_wait && seg->len_bytes > 0));

	if (is_repeated)
		delayed_ack_owe(tcp, c);
	input_text_and_fin(tcp, c, seg);
}

enum verdict tcp_input(struct tcp *tcp, struct tcp_conn *c, struct segment *seg)
{
	uint8_t before = c->state;
	bool is_open;

	conn_heard(tcp, c, seg->hash);
	is_open = check_sequence(tcp, c, seg) // first
		&& check_reset(tcp, c, seg)   // second
		&& check_syn(tcp, c, seg)     // fourth
		&& process_ack(tcp, c, seg);  // fifth

	if (is_open) {
		process_urgent(tcp, c, seg); // sixth
		trim_to_window(c, seg);
		if (check_reader(tcp, c, seg))
			process_text_and_fin(tcp, c, seg,
					     before == PLX_STATE_TIME_WAIT); // seventh, eighth
		// Not if the segment brought the FIN that is waited for.
		if (c->state == PLX_STATE_FIN_WAIT_2 && before != PLX_STATE_FIN_WAIT_2
		    && conn_has(c, CONN_USER_CLOSED))
			time_wait_limit_fin_wait_2(tcp, c);
	}
	return seg->drop == PLX_DROP_NONE ? SEGMENT_CONSUMED : SEGMENT_DROPPED;
}
