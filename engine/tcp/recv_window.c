// SPDX-License-Identifier: BSD-3-Clause
//
// RFC 9293 3.8.6: the receive window. rcv.adv, the right edge, is the largest ever announced: segments are
// accepted up to it even when scaling has rounded a later field down (RFC 7323 2.4).
// Called by tcp/segment_tx, tcp/receive, tcp/user.
#include "tcp/recv_window.h"

#include "net/ip_output.h"
#include "wire/tcp.h"

enum {
	MSS_BELIEVED_MIN = 64,
	FIELD_BITS = 16,
};

uint16_t recv_window_announce_syn(struct tcp *tcp, struct tcp_conn *c)
{
	uint32_t window = min_u32(recv_window_room(c, recv_tuning_buffer(tcp, c)), UINT16_MAX);

	c->rcv.adv = c->rcv.nxt + window;
	return (uint16_t)window;
}

uint8_t recv_window_scale_for(uint32_t buffer_bytes)
{
	unsigned bits = 32 - (unsigned)__builtin_clz(buffer_bytes | 1);
	unsigned scale = bits > FIELD_BITS ? bits - FIELD_BITS : 0;

	return (uint8_t)(scale < TCP_WINDOW_SCALE_MAX ? scale : TCP_WINDOW_SCALE_MAX);
}

uint16_t recv_window_mss(const struct tcp *tcp, uint16_t profile, bool is_ipv6)
{
	uint32_t mss = tcp->config.mtu_bytes - (uint32_t)ip_header_bytes(!is_ipv6)
		- TCP_HEADER_BYTES;
	int64_t limit = option_profile_value(&tcp->profiles, profile, PLX_OPTION_MAX_SEGMENT);

	return (uint16_t)(limit > 0 && limit < mss ? limit : mss);
}

uint16_t send_mss_of(const struct tcp *tcp, const struct tcp_conn *c)
{
	uint32_t ours = recv_window_mss(tcp, c->profile, conn_is_ipv6(c));
	uint32_t mss = min_u32(ours, c->peer_mss);
	uint32_t options = conn_has(c, CONN_TIMESTAMPS) ? TCP_TIMESTAMP_BYTES : 0;

	// DEVIATION MUST-16: a segment costs a record each, so a peer's MSS far below what every host must take
	// (RFC 1122 3.3.2) is not believed.
	if (mss < MSS_BELIEVED_MIN)
		mss = min_u32(ours, MSS_BELIEVED_MIN);
	return (uint16_t)(mss > options + 1 ? mss - options : 1);
}
