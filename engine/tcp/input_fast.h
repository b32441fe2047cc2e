// SPDX-License-Identifier: BSD-3-Clause
//
// Header prediction: the in-order segment and the pure ACK of an established connection, which are nearly all there
// are. The short way of RFC 9293 3.10.7.4: where every question of tcp/input is known to be answered "go on", only
// what changes is done. Reads the first two cache lines of a connection, and the send lines for a new ACK.
// Called by tcp/dispatch for connections in ESTABLISHED, by tcp/passive_open for what ends a handshake.
#ifndef TCP_INPUT_FAST_H
#define TCP_INPUT_FAST_H

#include "tcp/ack.h"
#include "tcp/delayed_ack.h"
#include "tcp/ecn.h"
#include "tcp/input.h"
#include "tcp/keepalive.h"
#include "tcp/ordinary_ack.h"
#include "tcp/receive.h"
#include "tcp/timestamps.h"

// A timestamp that says nothing against the segment (RFC 7323 5.3 R1), without asking how old TS.Recent is.
static inline bool has_good_timestamp(const struct tcp_conn *c, const struct segment *seg)
{
	return !conn_has(c, CONN_TIMESTAMPS)
		|| (seg->tcp.options.has_timestamps
		    && !seq_is_before(seg->tcp.options.ts_val, c->ts_recent));
}

// Each question names what would make this segment anything but the common case: other flags, out of order, a
// window that it does not fit into or that is shut, an acknowledgement of what was not sent, a gap, a probe.
static inline bool is_predicted(const struct tcp_conn *c, const struct segment *seg)
{
	uint32_t wnd = conn_rcv_wnd(c);

	return (seg->tcp.flags & ~TCP_PSH) == TCP_ACK && seg->tcp.seq == c->rcv.nxt
		&& seg->len_bytes <= wnd && wnd > 0
		&& seg->tcp.ack - c->snd.una <= c->snd.nxt - c->snd.una
		&& !conn_has(c, CONN_OUT_OF_ORDER | CONN_PERSIST | CONN_RST_OWED)
		&& has_good_timestamp(c, seg);
}

// `idx` is the connection's.
static __rte_always_inline enum verdict input_fast(struct tcp *tcp, struct tcp_conn *c,
						   uint32_t idx, struct segment *seg)
{
	uint32_t len = seg->len_bytes;

	if (unlikely(!is_predicted(c, seg)))
		return tcp_input(tcp, c, seg);
	timestamp_on_predicted(tcp, c, seg);
	keepalive_on_heard(tcp, c);
	if (unlikely(conn_has(c, CONN_ECN)))
		ecn_on_segment(tcp, c, seg);
	if (unlikely(!ordinary_ack(tcp, c, seg)))
		ack_process(tcp, c, seg);
	if (len > 0) {
		receive_segment(tcp, c, idx, seg);
		delayed_ack_on_segment(tcp, c, idx);
	}
	return SEGMENT_CONSUMED;
}

#endif
