// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 9293 3.10.7.3: first the ACK bit, second the RST bit, fourth the SYN bit. A SYN without an acceptable
// ACK is a simultaneous open (3.5 figure 8). Text and FIN that come with the SYN are ignored, not
// acknowledged, and come again (DEVIATION RFC 9293 3.10.7.3 fourth, which lets them be queued).
// Called by tcp/dispatch.
#include "tcp/input_syn_sent.h"

#include "tcp/ack.h"
#include "tcp/connections.h"
#include "tcp/delayed_ack.h"
#include "tcp/ecn.h"
#include "tcp/keepalive.h"
#include "tcp/reset.h"
#include "tcp/retransmit.h"
#include "tcp/state.h"
#include "tcp/time_wait.h"
#include "tcp/timestamps.h"

void input_syn_options(struct tcp *tcp, struct tcp_conn *c, const struct segment *seg)
{
	const struct tcp_options *options = &seg->tcp.options;

	c->peer_mss = conn_is_ipv6(c) ? TCP_MSS_DEFAULT_IPV6 : TCP_MSS_DEFAULT_IPV4;
	if (options->has_mss && options->mss > 0)
		c->peer_mss = options->mss;
	// RFC 7323 2.2: only when both sides have offered it.
	if (options->has_window_scale && conn_option(tcp, c, PLX_OPTION_WINDOW_SCALE) != 0) {
		c->flags |= CONN_WINDOW_SCALE;
		c->snd_wscale = options->window_scale;
	} else {
		c->rcv_wscale = 0;
	}
	if (options->has_timestamps && conn_option(tcp, c, PLX_OPTION_TIMESTAMPS) != 0) {
		c->flags |= CONN_TIMESTAMPS;
		c->ts_recent = options->ts_val;
		c->ts_recent_age = timestamp_age_clock(tcp);
	}
	c->irs = seg->tcp.seq;
	c->urgent = c->irs;
	c->rcv.nxt = c->irs + 1;
	c->rcv.adv = c->rcv.nxt;
}

// First: SND.UNA < SEG.ACK =< SND.NXT.
static bool check_ack(struct tcp *tcp, struct tcp_conn *c, struct segment *seg)
{
	bool is_acceptable = seq_is_after(seg->tcp.ack, c->snd.una)
		&& seq_is_at_or_before(seg->tcp.ack, c->snd.nxt);

	if (!segment_has(seg, TCP_ACK) || is_acceptable)
		return true;
	seg->drop = reset_answer(tcp, seg);
	if (seg->drop == PLX_DROP_NONE || seg->drop == PLX_DROP_TCP_RST_NO_CONNECTION)
		seg->drop = PLX_DROP_TCP_ACK;
	return false;
}

// Second: a RST is believed only with an acceptable ACK; one without any never gets here.
static bool check_reset(struct tcp *tcp, struct tcp_conn *c, struct segment *seg)
{
	if (!segment_has(seg, TCP_RST))
		return true;
	tcp_count(tcp, PLX_COUNTER_TCP_RSTS_RECEIVED);
	reset_obey(tcp, c);
	return false;
}

// What the SYN had sent: the window as far as the peer knows it begins where it was announced.
static void begin_receiving(struct tcp *tcp, struct tcp_conn *c, struct segment *seg)
{
	int64_t buffer = conn_option(tcp, c, PLX_OPTION_RECEIVE_BUFFER);

	input_syn_options(tcp, c, seg);
	c->rcv.adv = c->rcv.nxt + (uint32_t)(buffer < UINT16_MAX ? buffer : UINT16_MAX);
}

// Fourth.
static void process_syn(struct tcp *tcp, struct tcp_conn *c, struct segment *seg)
{
	time_wait_settle(tcp, c);
	begin_receiving(tcp, c, seg);
	if (!segment_has(seg, TCP_ACK) || !ecn_is_agreed(seg))
		c->flags &= ~CONN_ECN;
	if (!segment_has(seg, TCP_ACK)) {
		state_set(c, PLX_STATE_SYN_RECEIVED);
		c->flags |= CONN_RETRANSMIT_HEAD; // now with an ACK
		conn_wants_output(tcp, c);
		return;
	}
	state_set(c, PLX_STATE_ESTABLISHED);
	retransmit_on_syn_acked(tcp, c);
	ack_begin(tcp, c, seg);
	c->flags &= ~CONN_RETRANSMIT_HEAD;
	conn_raise(tcp, c, PLX_EVENT_CONNECTED);
	keepalive_begin(tcp, c);
	delayed_ack_at_once(tcp, c);
}

enum verdict input_syn_sent(struct tcp *tcp, struct tcp_conn *c, struct segment *seg)
{
	if (!check_ack(tcp, c, seg) || !check_reset(tcp, c, seg))
		return seg->drop == PLX_DROP_NONE ? SEGMENT_CONSUMED : SEGMENT_DROPPED;
	if (!segment_has(seg, TCP_SYN))
		return segment_drop(seg, PLX_DROP_TCP_FLAGS); // fifth
	process_syn(tcp, c, seg);
	return SEGMENT_CONSUMED;
}
