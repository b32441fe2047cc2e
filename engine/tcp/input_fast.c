// SPDX-License-Identifier: BSD-3-Clause
//
// The short way of RFC 9293 3.10.7.4: where every question of tcp/input is known to be answered "go on", only
// what changes is done. Reads the first two cache lines of a connection, and the send lines for a new ACK.
// Called by tcp/dispatch.
#include "tcp/input_fast.h"

#include "tcp/ack.h"
#include "tcp/delayed_ack.h"
#include "tcp/ecn.h"
#include "tcp/input.h"
#include "tcp/keepalive.h"
#include "tcp/receive.h"
#include "tcp/timestamps.h"

// A timestamp that says nothing against the segment (RFC 7323 5.3 R1).
static inline bool has_good_timestamp(const struct tcp *tcp, const struct tcp_conn *c,
				      const struct segment *seg)
{
	return !conn_has(c, CONN_TIMESTAMPS)
		|| (seg->tcp.options.has_timestamps
		    && !timestamp_is_old(tcp, seg->tcp.options.ts_val, c->ts_recent,
					 c->ts_recent_age));
}

// Each question names what would make this segment anything but the common case: other flags, out of order, a window
// that it does not fit into or that is shut, an acknowledgement of what was not sent, a gap, a probe.
static inline bool is_predicted(const struct tcp *tcp, const struct tcp_conn *c,
				const struct segment *seg)
{
	uint32_t wnd = conn_rcv_wnd(c);

	return (seg->tcp.flags & ~TCP_PSH) == TCP_ACK && seg->tcp.seq == c->rcv.nxt
		&& seg->len_bytes <= wnd && wnd > 0
		&& seg->tcp.ack - c->snd.una <= c->snd.nxt - c->snd.una
		&& !conn_has(c, CONN_OUT_OF_ORDER | CONN_PERSIST | CONN_RST_OWED)
		&& has_good_timestamp(tcp, c, seg);
}

enum verdict input_fast(struct tcp *tcp, struct tcp_conn *c, struct segment *seg)
{
	uint32_t len = seg->len_bytes;

	if (unlikely(!is_predicted(tcp, c, seg)))
		return tcp_input(tcp, c, seg);
	if (seg->tcp.options.has_timestamps)
		timestamp_on_predicted(tcp, c, seg);
	keepalive_on_heard(tcp, c);
	if (conn_has(c, CONN_ECN))
		ecn_on_segment(tcp, c, seg);
	ack_process(tcp, c, seg);
	if (len > 0) {
		receive_append(tcp, c, receive_detach(seg), len);
		delayed_ack_on_segment(tcp, c);
	}
	return SEGMENT_CONSUMED;
}
