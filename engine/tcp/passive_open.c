// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 9293 3.10.7.2 third and 3.10.7.4 fifth (SYN-RECEIVED), as far as they do not depend on where the half-open
// connection was kept.
// Called by tcp/half_open and tcp/syn_cookie.
#include "tcp/passive_open.h"

#include "tcp/ack.h"
#include "tcp/connections.h"
#include "tcp/ecn.h"
#include "tcp/input_fast.h"
#include "tcp/recv_tuning.h"
#include "tcp/recv_window.h"
#include "tcp/retransmit.h"
#include "tcp/segment_tx.h"
#include "tcp/state.h"
#include "tcp/timestamps.h"

static int64_t option_of(const struct tcp *tcp, const struct listener *listener,
			 enum plx_option option)
{
	return option_profile_value(&tcp->profiles, listener->profile, option);
}

static uint32_t buffer_of(const struct tcp *tcp, const struct listener *listener)
{
	return (uint32_t)option_of(tcp, listener, PLX_OPTION_RECEIVE_BUFFER);
}

uint8_t passive_open_wscale(const struct tcp *tcp, const struct listener *listener)
{
	return recv_window_scale_for(recv_tuning_most(tcp, listener->profile));
}

uint16_t passive_open_window(const struct tcp *tcp, const struct listener *listener)
{
	uint32_t buffer = buffer_of(tcp, listener);

	return (uint16_t)(buffer < UINT16_MAX ? buffer : UINT16_MAX);
}

void passive_open_of_syn(const struct tcp *tcp, const struct listener *listener,
			 const struct segment *seg, struct passive_open *open)
{
	const struct tcp_options *options = &seg->tcp.options;
	bool is_ipv4 = plx_addr_is_ipv4(&seg->key.remote);
	uint16_t default_mss = is_ipv4 ? TCP_MSS_DEFAULT_IPV4 : TCP_MSS_DEFAULT_IPV6;

	// As a whole: bit by bit each would wait for the one before.
	*open = (struct passive_open){
		.irs = seg->tcp.seq,
		.ts_recent = options->ts_val,
		.peer_mss = options->has_mss ? options->mss : default_mss,
		.peer_wscale = options->window_scale & 15,
		.has_window_scale = options->has_window_scale
			&& option_of(tcp, listener, PLX_OPTION_WINDOW_SCALE) != 0,
		.has_timestamps = options->has_timestamps
			&& option_of(tcp, listener, PLX_OPTION_TIMESTAMPS) != 0,
		.has_ecn = ecn_is_asked(seg) && ecn_agrees(tcp, listener->profile),
		.own_wscale = passive_open_wscale(tcp, listener),
	};
}

enum plx_drop passive_open_answer(struct tcp *tcp, const struct listener *listener,
				  const struct flow_key *key, const struct passive_open *open,
				  uint32_t ts_val, struct segment *seg)
{
	struct answer answer = {
		.key = key,
		.tcp =
			{
				.seq = open->iss,
				.ack = open->irs + 1,
				.flags = TCP_SYN | TCP_ACK | (open->has_ecn ? TCP_ECE : 0),
				.window = passive_open_window(tcp, listener),
				.options =
					{
						.has_mss = true,
						.mss = recv_window_mss(
							tcp, listener->profile,
							!plx_addr_is_ipv4(&key->remote)),
						.has_window_scale = open->has_window_scale,
						.window_scale = open->own_wscale,
						.has_timestamps = open->has_timestamps,
						.ts_val = ts_val,
						.ts_ecr = open->ts_recent,
					},
			},
		.hop_limit = (uint8_t)option_of(tcp, listener, PLX_OPTION_HOP_LIMIT),
		.dscp = (uint8_t)option_of(tcp, listener, PLX_OPTION_DSCP),
	};

	return segment_tx_answer(tcp, &answer, seg);
}

struct tcp_conn *passive_open_establish(struct tcp *tcp, struct listener *listener,
					const struct passive_open *open, const struct segment *seg,
					bool is_listed)
{
	struct tcp_conn *c = conn_create(tcp, &seg->key, seg->hash, listener->profile, is_listed);

	if (c == NULL)
		return NULL;
	state_set(c, PLX_STATE_ESTABLISHED);
	c->iss = open->iss;
	c->irs = open->irs;
	c->urgent = open->irs;
	c->rcv.nxt = open->irs + 1;
	c->rcv.adv = c->rcv.nxt + passive_open_window(tcp, listener);
	c->snd.nxt = open->iss + 1;
	c->ts_offset = open->ts_offset;
	c->ts_recent = open->ts_recent;
	c->ts_recent_age = timestamp_age_clock(tcp);
	c->peer_mss = open->peer_mss;
	if (open->has_timestamps)
		c->flags |= CONN_TIMESTAMPS;
	if (open->has_ecn)
		c->flags |= CONN_ECN;
	if (open->has_window_scale) {
		c->flags |= CONN_WINDOW_SCALE;
		c->snd_wscale = open->peer_wscale;
		c->rcv_wscale = open->own_wscale & 15;
	}
	rtt_init(&c->rtt, conn_rtt_bounds(tcp, c));
	c->user = listener->user;
	c->listener = listener_index(tcp, listener);
	c->listener_generation = listener->generation;
	c->flags |= CONN_UNFETCHED;
	listener->unfetched++;
	return c;
}

enum verdict passive_open_finish(struct tcp *tcp, struct tcp_conn *c, struct segment *seg)
{
	ack_begin(tcp, c, seg);
	tcp_count(tcp, PLX_COUNTER_CONN_OPENED_PASSIVE);
	conn_raise(tcp, c, PLX_EVENT_ACCEPTED);
	return input_fast(tcp, c, conn_index(tcp, c), seg);
}
